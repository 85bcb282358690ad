//! `hawker keys`: who may use the API, and for what.

use clap::Subcommand;

use super::{Desk, Does, moment_ahead};
use crate::cli::desk::{HowArgs, keyed};
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, exact, number, text, text_of, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker keys list --seller 1
  hawker keys make \"The till\" --seller 1 --scope orders:read,orders:write --expires 90d
  hawker keys revoke 7 --seller 1
  hawker keys rotate                                    another encryption key: the same as `hawker secrets rotate`

Without --seller they are the operator's keys. The new key alone goes to standard output, this once.";

const COLUMNS: &[Column] = &[
    number("KEY", "/id"),
    exact("BEGINS", "/begins"),
    text("NAME", "/name"),
    text("SCOPES", "/scopes"),
    time("LAST USED (UTC)", "/last_used_at"),
    time("EXPIRES (UTC)", "/expires_at"),
    time("REVOKED (UTC)", "/revoked_at"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists keys, without their secrets.
    List {
        /// Those of this shop, in the place of the operator's.
        #[arg(long, value_name = "SELLER")]
        seller: Option<Shop>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Makes a key, and shows it this once.
    Make {
        /// What people call it.
        name: String,
        /// For this shop only.
        #[arg(long, value_name = "SELLER")]
        seller: Option<Shop>,
        /// What it may do: orders:read, orders:write, ...
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true)]
        scopes: Vec<String>,
        /// Until when: 90d, 2027-01-01 or 2027-01-01T12:00:00Z.
        #[arg(long, value_name = "TIME")]
        expires: Option<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Revokes a key: from then on it opens nothing.
    Revoke {
        /// Its number.
        key: i64,
        /// The shop that it is for.
        #[arg(long, value_name = "SELLER")]
        seller: Option<Shop>,
    },
    /// Seals everything with a new encryption key, as `hawker secrets rotate` does. Keys of the API stay as they are.
    Rotate,
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(all(seller, Call::get), &page, COLUMNS).await,
            Verb::Make { name, seller, scopes, expires, how } => {
                let expires = expires.as_deref().map(moment_ahead).transpose()?;
                let call = all(seller, Call::post).saying("name", name).saying("scopes", scopes);
                let made = desk.service.send(&keyed(call.saying_some("expires_at", expires), &how)?).await?;
                let sentence = format!("Key {} was made. It is shown this once:", text_of(&made.value["id"]));
                desk.tell_secret(&made, "key", &sentence)
            }
            Verb::Revoke { key, seller } => {
                let call = match seller {
                    Some(seller) => Call::delete("/api/v1/sellers/{seller}/keys/{key}").of(seller),
                    None => Call::delete("/api/v1/keys/{key}"),
                };
                let said = format!("Key {key} is revoked.\n");
                desk.does(call.at("key", key), &HowArgs::default(), |_, _| said).await
            }
            Verb::Rotate => super::secrets::rotate(desk).await,
        }
    }
}

fn all(seller: Option<Shop>, call: fn(&'static str) -> Call) -> Call {
    match seller {
        Some(seller) => call("/api/v1/sellers/{seller}/keys").of(seller),
        None => call("/api/v1/keys"),
    }
}
