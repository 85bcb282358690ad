//! `hawker sellers`: the shops, and their settings.

use actors::domain::seller::Language;
use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::{Desk, Does, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, number, sheet, text, text_of};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker sellers list --q linen                   finds shops by name
  hawker sellers create \"Linen Shop\" --currency USD
  hawker sellers show mine                        the shop of the key
  hawker sellers settings 1                       all that a shop decides for itself
  hawker sellers set 1 auto_reply=false language=fr";

const ALL: &str = "/api/v1/sellers";
const ONE: &str = "/api/v1/sellers/{seller}";
const SETTINGS: &str = "/api/v1/sellers/{seller}/settings";
const COLUMNS: &[Column] =
    &[number("SELLER", "/id"), text("NAME", "/name"), text("CURRENCY", "/currency"), text("LANGUAGE", "/language")];
const FIRST: [&str; 5] = ["id", "name", "status", "currency", "language"];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists shops.
    List {
        /// Only those with this in their name.
        #[arg(long, value_name = "TEXT")]
        q: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Makes a shop.
    Create {
        /// Its name.
        name: String,
        /// What its prices are in: USD, EUR, ...
        #[arg(long)]
        currency: String,
        /// The language of automatic answers.
        #[arg(long, value_parser = one_of(Language::ALL.map(Language::code)))]
        language: Option<String>,
        /// What must be known before an order is confirmed [default: phone,address].
        #[arg(long, value_delimiter = ',', value_parser = one_of(["phone", "email", "address"]))]
        require: Option<Vec<String>>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Shows a shop.
    Show { seller: Shop },
    /// Shows a shop's settings.
    Settings { seller: Shop },
    /// Changes settings of a shop.
    Set {
        seller: Shop,
        /// What is to be otherwise; the value as JSON, or as it is.
        #[arg(required = true, value_name = "NAME=VALUE", value_parser = member)]
        members: Vec<(String, Value)>,
        /// The version of the settings that was seen [default: what it is now].
        #[arg(long)]
        version: Option<i64>,
        #[command(flatten)]
        how: HowArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { q, page } => desk.lists(Call::get(ALL).asking("q", q), &page, COLUMNS).await,
            Verb::Create { name, currency, language, require, how } => {
                let needs = |what: &str| require.iter().flatten().any(|named| named == what);
                let required = json!({ "phone": needs("phone"), "email": needs("email"), "address": needs("address") });
                let call = Call::post(ALL).saying("name", &name).saying("currency", currency);
                let call = call.saying_some("language", language);
                let call = call.saying_some("required", require.is_some().then_some(required));
                desk.does(call, &how, |_, made| format!("Seller {} was made.\n", text_of(&made["id"]))).await
            }
            Verb::Show { seller } => {
                desk.shows(Call::get(ONE).of(seller), |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Settings { seller } => {
                desk.shows(Call::get(SETTINGS).of(seller), |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Set { seller, members, version, how } => {
                let version = match version {
                    Some(version) => version,
                    None => version_of(desk, Call::get(SETTINGS).of(seller)).await?,
                };
                let call = Call::patch(SETTINGS).of(seller).saying("version", version);
                let call = members.into_iter().fold(call, |call, (name, value)| call.saying(&name, value));
                desk.does(call, &how, |screen, it| sheet(screen, it, &FIRST)).await
            }
        }
    }
}

/// The version that something has now.
pub(super) async fn version_of(desk: &Desk, call: Call) -> anyhow::Result<i64> {
    let now = desk.service.read(&call).await?;
    now["version"].as_i64().context("what is there has no version: give it with --version")
}

fn member(text: &str) -> anyhow::Result<(String, Value)> {
    let Some((name, value)) = text.split_once('=').filter(|(name, _)| !name.is_empty() && *name != "version") else {
        bail!("write it as NAME=VALUE, with a name that `hawker sellers settings` shows");
    };
    let value = serde_json::from_str(value).unwrap_or_else(|_| Value::String(value.to_owned()));
    Ok((name.to_owned(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_json_or_as_it_is_written() {
        for (text, name, value) in [
            ("auto_reply=false", "auto_reply", json!(false)),
            ("name=Linen = more", "name", json!("Linen = more")),
            ("confirm_from=0.8", "confirm_from", json!(0.8)),
            ("required={\"phone\":true}", "required", json!({ "phone": true })),
        ] {
            assert_eq!(member(text).unwrap(), (name.to_owned(), value));
        }
        assert!(member("version=7").is_err() && member("name").is_err() && member("=x").is_err());
    }
}
