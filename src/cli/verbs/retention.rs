//! `hawker retention`: customers who have said nothing for as long as a shop remembers anybody.

use std::fmt::Write;

use clap::Subcommand;
use serde_json::Value;

use super::{Desk, Does};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, Shop};
use crate::cli::shown::{Column, Screen, exact, number, table, text_of, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker retention run 1 --dry-run --days 365     what would be erased if a year were kept?
  hawker sellers set 1 keep_days=365              each day from tomorrow on, whoever was silent for a year is erased
  hawker retention show 1                         what is too old now
  hawker retention run 1 --for-good               erases it now
  hawker sellers set 1 keep_days=null             everybody is remembered for ever

Orders stay, without the person. What is open stays too: drafts, messages that wait to be sent, whoever wrote since.
`hawker erasures list` shows what was done.";

const KINDS: &[Column] = &[exact("WHAT", "/kind"), number("HOW MANY", "/count"), time("OLDEST (UTC)", "/oldest")];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Says what is too old now; erases nothing.
    Show {
        seller: Shop,
        /// As if so many days were kept [default: as the shop's settings say].
        #[arg(long)]
        days: Option<u16>,
    },
    /// Erases what is too old, without waiting for the day's time.
    Run {
        seller: Shop,
        /// That it cannot be taken back is understood.
        #[arg(long, required_unless_present = "dry_run", conflicts_with = "dry_run")]
        for_good: bool,
        /// Only says what would be erased.
        #[arg(long)]
        dry_run: bool,
        /// As if so many days were kept [default: as the shop's settings say].
        #[arg(long, requires = "dry_run")]
        days: Option<u16>,
        #[command(flatten)]
        how: HowArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::Show { seller, days } | Verb::Run { seller, days, dry_run: true, .. } => {
                let call = Call::get("/api/v1/sellers/{seller}/retention").of(seller);
                desk.shows(call.asking("days", days), would_erase).await
            }
            Verb::Run { seller, how, .. } => {
                let call = Call::post("/api/v1/sellers/{seller}/retention/run").of(seller);
                desk.does(call, &how, |_, begun| begun_run(begun)).await
            }
        }
    }
}

fn would_erase(screen: Screen, it: &Value) -> String {
    let aged = &it["aged"];
    if aged.is_null() {
        return "Everybody is remembered for ever: nothing is too old.\n".to_owned();
    }
    let mut told = format!("Of customers silent for {} days there would be erased:\n\n", text_of(&aged["days"]));
    let kinds = it["would_erase"].as_object().into_iter().flatten();
    let kinds: Vec<Value> = kinds
        .map(|(kind, found)| {
            let mut found = found.clone();
            found["kind"] = kind.as_str().into();
            found
        })
        .collect();
    told.push_str(&table(screen, KINDS, &kinds));
    if it["keep_days"].is_null() {
        let _ = write!(told, "\nNothing will be erased: without keep_days the shop remembers everybody for ever.\n");
    }
    told
}

fn begun_run(begun: &Value) -> String {
    let (erasure, how) =
        (text_of(&begun["erasure"]), if begun["already"] == true { "is under way" } else { "has begun" });
    format!("It {how}: `hawker erasures show SELLER {erasure}` says how far it is.\n")
}
