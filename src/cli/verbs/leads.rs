//! `hawker leads`: who showed interest, and how far it went.

use actors::domain::conversation::LeadStage;
use clap::Subcommand;

use super::{Desk, Does, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, brief, exact, number, sheet, text, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker leads list 1 --stage new
  hawker leads show 1 4
  hawker leads move 1 4 ordered";

const ALL: &str = "/api/v1/sellers/{seller}/leads";
const ONE: &str = "/api/v1/sellers/{seller}/leads/{lead}";
const COLUMNS: &[Column] = &[
    number("LEAD", "/id"),
    exact("STAGE", "/stage"),
    number("CUSTOMER", "/customer"),
    number("CONV.", "/conversation"),
    time("SINCE (UTC)", "/at"),
    text("CAME THROUGH", "/source/referral/source"),
    brief("FIRST WORDS", "/first_words"),
];
const FIRST: [&str; 6] = ["id", "stage", "customer", "conversation", "at", "first_words"];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists leads.
    List {
        seller: Shop,
        /// Only those that are so far.
        #[arg(long, value_parser = one_of(LeadStage::ALL.map(LeadStage::name)))]
        stage: Option<String>,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows a lead.
    Show { seller: Shop, lead: i64 },
    /// Says how far a lead is.
    Move {
        seller: Shop,
        lead: i64,
        #[arg(value_parser = one_of(LeadStage::ALL.map(LeadStage::name)))]
        stage: String,
        #[command(flatten)]
        how: HowArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, stage, page } => {
                desk.lists(Call::get(ALL).of(seller).asking("stage", stage), &page, COLUMNS).await
            }
            Verb::Show { seller, lead } => {
                desk.shows(Call::get(ONE).of(seller).at("lead", lead), |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Move { seller, lead, stage, how } => {
                let said = format!("Lead {lead} is {stage}.\n");
                let call = Call::patch(ONE).of(seller).at("lead", lead).saying("stage", stage);
                desk.does(call, &how, |_, _| said).await
            }
        }
    }
}
