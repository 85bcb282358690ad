//! Where a shop is: its country and its time zone, looked at for their shape alone.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An ISO 3166 country code: `FR`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Country(String);

/// A time zone's name in the IANA database: `Europe/Paris`. Whether there is such a zone is not known here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct TimeZone(String);

const ZONE_BYTES: usize = 64;

impl TryFrom<String> for Country {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            true => Ok(Self(text.to_ascii_uppercase())),
            false => Err("a country is two letters, as in FR".to_owned()),
        }
    }
}

impl TryFrom<String> for TimeZone {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let letters = |part: &str| {
            part.starts_with(|first: char| first.is_ascii_alphabetic())
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-+".contains(&byte))
        };
        match text.len() <= ZONE_BYTES && text.split('/').count() <= 3 && text.split('/').all(letters) {
            true => Ok(Self(text)),
            false => Err("a time zone is named as in Europe/Paris".to_owned()),
        }
    }
}

macro_rules! texts {
    ($($name:ident)*) => {$(
        impl From<$name> for String {
            fn from(value: $name) -> Self {
                value.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    )*};
}

texts! { Country TimeZone }

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_country_is_two_letters_in_capitals() {
        assert_eq!(Country::try_from("fr".to_owned()).unwrap().to_string(), "FR");
        for wrong in ["", "F", "FRA", "F1", "é", "\0\0"] {
            assert!(Country::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_time_zone_is_a_name_of_one_to_three_parts() {
        for good in ["UTC", "Europe/Paris", "America/Argentina/Buenos_Aires", "Etc/GMT+3", "America/Port-au-Prince"] {
            assert_eq!(TimeZone::try_from(good.to_owned()).unwrap().to_string(), good);
        }
        for wrong in ["", "/", "Europe/", "+02:00", "../etc/passwd", "a/b/c/d", "Europe/Par is", &"a".repeat(65)] {
            assert!(TimeZone::try_from(wrong.to_owned()).is_err(), "{wrong:?}");
        }
    }
}
