//! Money as whole minor units with a currency: no floats anywhere.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// An ISO 4217 currency code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Currency([u8; 3]);

/// What makes a text no amount or no currency.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum MoneyError {
    /// Not three ASCII letters.
    #[error("\"{0}\" is no currency: three letters such as USD are expected")]
    Currency(String),
    /// Not a decimal number with as many places as the currency has.
    #[error("\"{0}\" is no amount in {1}")]
    Amount(String, Currency),
}

impl Currency {
    /// The code, in capitals.
    pub fn code(&self) -> &str {
        std::str::from_utf8(&self.0).expect("built from ASCII letters")
    }

    /// How many digits stand behind the decimal point (ISO 4217).
    pub fn decimals(self) -> usize {
        match &self.0 {
            b"BIF" | b"CLP" | b"DJF" | b"GNF" | b"ISK" | b"JPY" | b"KMF" | b"KRW" | b"PYG" | b"RWF" | b"UGX"
            | b"VND" | b"VUV" | b"XAF" | b"XOF" | b"XPF" => 0,
            b"BHD" | b"IQD" | b"JOD" | b"KWD" | b"LYD" | b"OMR" | b"TND" => 3,
            _ => 2,
        }
    }
}

impl JsonSchema for Currency {
    fn schema_name() -> Cow<'static, str> {
        "Currency".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^[A-Za-z]{3}$", "description": "An ISO 4217 currency code." })
    }
}

impl FromStr for Currency {
    type Err = MoneyError;

    fn from_str(text: &str) -> Result<Self, MoneyError> {
        let upper = text.trim().to_ascii_uppercase();
        match <[u8; 3]>::try_from(upper.as_bytes()) {
            Ok(code) if code.iter().all(u8::is_ascii_uppercase) => Ok(Self(code)),
            _ => Err(MoneyError::Currency(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Currency {
    type Error = MoneyError;

    fn try_from(text: String) -> Result<Self, MoneyError> {
        text.parse()
    }
}

impl From<Currency> for String {
    fn from(currency: Currency) -> Self {
        currency.code().to_owned()
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// An amount in a currency's minor units (cents for USD, yen for JPY).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units.
    pub minor: i64,
    /// What they are units of.
    pub currency: Currency,
}

impl Money {
    /// Reads a decimal such as `29.90`, exactly.
    pub fn parse(decimal: &str, currency: Currency) -> Result<Self, MoneyError> {
        let wrong = || MoneyError::Amount(decimal.to_owned(), currency);
        let (whole, fraction) = decimal.trim().split_once('.').unwrap_or((decimal.trim(), ""));
        let places = currency.decimals();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if whole.is_empty() || fraction.len() > places || !digits(whole) || !digits(fraction) {
            return Err(wrong());
        }
        let minor = format!("{whole}{fraction:0<places$}").parse().map_err(|_| wrong())?;
        Ok(Self { minor, currency })
    }

    /// This amount `quantity` times; the largest amount there is when it would be more.
    pub fn times(self, quantity: u32) -> Self {
        Self { minor: self.minor.saturating_mul(i64::from(quantity)), ..self }
    }
}

/// `59.80 USD`
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = self.currency.decimals();
        let unit = 10_u64.pow(u32::try_from(places).unwrap_or(0));
        let sign = if self.minor < 0 { "-" } else { "" };
        let (whole, fraction) = (self.minor.unsigned_abs() / unit, self.minor.unsigned_abs() % unit);
        match places {
            0 => write!(f, "{sign}{whole} {}", self.currency),
            _ => write!(f, "{sign}{whole}.{fraction:0places$} {}", self.currency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_and_written_back_in_its_currency() {
        for (text, code, minor) in
            [("29.90", "USD", 2990), ("29.9", "usd", 2990), ("1200", "JPY", 1200), ("1.5", "KWD", 1500)]
        {
            let money = Money::parse(text, code.parse().unwrap()).unwrap();
            assert_eq!(money.minor, minor);
            assert_eq!(Money::parse(money.to_string().split(' ').next().unwrap(), money.currency), Ok(money));
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        let usd = "USD".parse().unwrap();
        for text in ["", "abc", "1.234", "-1", "1,50", "99999999999999999999"] {
            assert!(Money::parse(text, usd).is_err(), "{text}");
        }
        assert!("US".parse::<Currency>().is_err());
    }
}
