//! `hawker modifiers`: what products are wanted with.

use std::path::PathBuf;

use clap::Subcommand;

use super::{Desk, Does, json_of, named_list};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop, name};
use crate::cli::shown::{Column, exact, sheet, text};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker modifiers list 1
  hawker modifiers put 1 modifiers.json       [{\"id\": \"gift\", \"title\": \"Gift wrapping\"}]
  hawker modifiers remove 1 gift";

const ALL: &str = "/api/v1/sellers/{seller}/modifiers";
const COLUMNS: &[Column] =
    &[exact("MODIFIER", "/id"), text("TITLE", "/title"), exact("PRICE", "/price"), text("KEYWORDS", "/keywords")];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists modifiers.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Adds modifiers, or puts them in the place of those with the same id.
    Put {
        seller: Shop,
        /// A JSON file with a list of them; `-` is standard input.
        file: PathBuf,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Takes a modifier out of the catalog.
    Remove {
        seller: Shop,
        #[arg(value_parser = name)]
        modifier: String,
        #[command(flatten)]
        how: HowArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(Call::get(ALL).of(seller), &page, COLUMNS).await,
            Verb::Put { seller, file, how } => {
                let call = Call::put(ALL).of(seller).saying_all(named_list("modifiers", json_of(&file)?));
                desk.does(call, &how, |screen, done| sheet(screen, done, &[])).await
            }
            Verb::Remove { seller, modifier, how } => {
                let call = Call::delete("/api/v1/sellers/{seller}/modifiers/{modifier}").of(seller);
                let call = call.at("modifier", &modifier);
                desk.does(call, &how, |_, _| "The modifier was removed.\n".to_owned()).await
            }
        }
    }
}
