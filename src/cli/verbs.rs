//! The verbs about shops, grouped by what they are about: the API over HTTP, as lists and sheets or as its own JSON.

mod actor;
mod audit;
mod budget;
mod commands;
mod comments;
mod connections;
mod conversations;
mod customers;
mod doctor;
mod erasures;
mod events;
mod keys;
mod leads;
mod me;
mod modifiers;
mod notes;
mod orders;
mod outbox;
mod products;
mod retention;
mod secrets;
mod sellers;
mod sync;
mod taken;
mod webhook_test;
mod webhooks;

use std::path::Path;

use actors::clock::SystemClock;
use actors::ports::Clock;
use anyhow::{Context, bail};
use chrono::{SecondsFormat, TimeDelta};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use serde_json::Value;

use super::desk::{Desk, Does, Noun, Stage};
use super::ledger::LedgerArgs;

/// Where a command's result is.
pub(super) const COMMAND: &str = "/api/v1/sellers/{seller}/commands/{command}";

#[derive(Debug, Subcommand)]
pub(super) enum Verbs {
    /// Whose the key is, and what it may do.
    #[command(after_help = me::EXAMPLES)]
    Me(me::MeArgs),
    /// The shops, and their settings.
    #[command(after_help = sellers::EXAMPLES)]
    Sellers(Noun<sellers::Verb>),
    /// Who may use the API, and for what.
    #[command(after_help = keys::EXAMPLES)]
    Keys(Noun<keys::Verb>),
    /// What is kept sealed, and a change of the encryption key.
    #[command(after_help = secrets::EXAMPLES)]
    Secrets(Noun<secrets::Verb>),
    /// A shop's accounts at Meta.
    #[command(after_help = connections::EXAMPLES)]
    Connections(Noun<connections::Verb>),
    /// What is for sale; in and out by file.
    #[command(after_help = products::EXAMPLES)]
    Products(Noun<products::Verb>),
    /// The catalog at Meta, and going up there.
    #[command(after_help = sync::EXAMPLES)]
    Sync(Noun<sync::Verb>),
    /// What products are wanted with.
    #[command(after_help = modifiers::EXAMPLES)]
    Modifiers(Noun<modifiers::Verb>),
    /// What customers want, from draft to hand-over.
    #[command(after_help = orders::EXAMPLES)]
    Orders(Noun<orders::Verb>),
    /// What was said, and answering.
    #[command(after_help = conversations::EXAMPLES)]
    Conversations(Noun<conversations::Verb>),
    /// Who writes, and how to reach them.
    #[command(after_help = customers::EXAMPLES)]
    Customers(Noun<customers::Verb>),
    /// Who was erased, with receipts.
    #[command(after_help = erasures::EXAMPLES)]
    Erasures(Noun<erasures::Verb>),
    /// What is too old to be kept, and is erased.
    #[command(after_help = retention::EXAMPLES)]
    Retention(Noun<retention::Verb>),
    /// Who showed interest, and how far it went.
    #[command(after_help = leads::EXAMPLES)]
    Leads(Noun<leads::Verb>),
    /// What was said in public: comments and mentions.
    #[command(after_help = comments::EXAMPLES)]
    Comments(Noun<comments::Verb>),
    /// What the staff wrote; customers never see it.
    #[command(after_help = notes::EXAMPLES)]
    Notes(Noun<notes::Verb>),
    /// What happens in a shop, also as it happens.
    #[command(after_help = events::EXAMPLES)]
    Events(Noun<events::Verb>),
    /// Which other systems are told of events.
    #[command(after_help = webhooks::EXAMPLES)]
    Webhooks(Noun<webhooks::Verb>),
    /// What became of a change that took its time.
    #[command(after_help = commands::EXAMPLES)]
    Commands(Noun<commands::Verb>),
    /// What became of everything that came in.
    Ledger(LedgerArgs),
    /// Calls that are owed to Meta.
    #[command(after_help = outbox::EXAMPLES)]
    Outbox(Noun<outbox::Verb>),
    /// What a shop may spend at Meta, and what waits.
    #[command(after_help = budget::EXAMPLES)]
    Budget(Noun<budget::Verb>),
    /// Where a shop's worker stands; pausing it.
    #[command(after_help = actor::EXAMPLES)]
    Actor(Noun<actor::Verb>),
    /// Whether a shop's connections work.
    #[command(after_help = doctor::EXAMPLES)]
    Doctor(doctor::DoctorArgs),
    /// Tries a webhook address as Meta does.
    #[command(after_help = webhook_test::EXAMPLES)]
    WebhookTest(webhook_test::WebhookTestArgs),
    /// Who did what over the API, and when.
    #[command(after_help = audit::EXAMPLES)]
    Audit(audit::AuditArgs),
}

impl Verbs {
    /// Does it; false: it was done, and something is wrong all the same.
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<bool> {
        match self {
            Verbs::Me(args) => args.run(stage).await,
            Verbs::Sellers(noun) => noun.run(stage).await,
            Verbs::Keys(noun) => noun.run(stage).await,
            Verbs::Secrets(noun) => noun.run(stage).await,
            Verbs::Connections(noun) => noun.run(stage).await,
            Verbs::Products(noun) => noun.run(stage).await,
            Verbs::Sync(noun) => noun.run(stage).await,
            Verbs::Modifiers(noun) => noun.run(stage).await,
            Verbs::Orders(noun) => noun.run(stage).await,
            Verbs::Conversations(noun) => noun.run(stage).await,
            Verbs::Customers(noun) => noun.run(stage).await,
            Verbs::Erasures(noun) => noun.run(stage).await,
            Verbs::Retention(noun) => noun.run(stage).await,
            Verbs::Leads(noun) => noun.run(stage).await,
            Verbs::Comments(noun) => noun.run(stage).await,
            Verbs::Notes(noun) => noun.run(stage).await,
            Verbs::Events(noun) => noun.run(stage).await,
            Verbs::Webhooks(noun) => noun.run(stage).await,
            Verbs::Commands(noun) => noun.run(stage).await,
            Verbs::Ledger(args) => return args.run(stage).await,
            Verbs::Outbox(noun) => noun.run(stage).await,
            Verbs::Budget(noun) => noun.run(stage).await,
            Verbs::Actor(noun) => noun.run(stage).await,
            Verbs::Doctor(args) => return args.run(stage).await,
            Verbs::WebhookTest(args) => return args.run(stage).await,
            Verbs::Audit(args) => args.run(stage).await,
        }
        .map(|()| true)
    }
}

/// One of these words.
fn one_of<const N: usize>(words: [&'static str; N]) -> PossibleValuesParser {
    PossibleValuesParser::new(words)
}

/// What a JSON file says; `-` is standard input.
fn json_of(file: &Path) -> anyhow::Result<Value> {
    let text = match file.as_os_str() == "-" {
        true => std::io::read_to_string(std::io::stdin()).context("could not read standard input")?,
        false => std::fs::read_to_string(file).with_context(|| format!("could not read {}", file.display()))?,
    };
    serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))
}

/// A list as a body has it under its name, whether the file has that name or the bare list.
fn named_list(name: &str, value: Value) -> Value {
    if value.is_array() { serde_json::json!({ name: value }) } else { value }
}

/// A time as the service takes it. `2h` was two hours ago.
pub(super) fn moment_ago(text: &str) -> anyhow::Result<String> {
    moment(text, -1)
}

/// A time as the service takes it. `90d` will be in 90 days.
pub(super) fn moment_ahead(text: &str) -> anyhow::Result<String> {
    moment(text, 1)
}

fn moment(text: &str, direction: i32) -> anyhow::Result<String> {
    if text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-') {
        return Ok(format!("{text}T00:00:00Z"));
    }
    let Some(unit) = text.chars().last().filter(|unit| "smhd".contains(*unit)) else { return Ok(text.to_owned()) };
    let Ok(count) = text[..text.len() - 1].parse::<u32>() else {
        bail!(
            "\"{text}\" is no time: write 2h or 3d for so long from now, a day as 2026-10-01, or 2026-10-01T12:00:00Z"
        )
    };
    let length = match unit {
        's' => TimeDelta::seconds(count.into()),
        'm' => TimeDelta::minutes(count.into()),
        'h' => TimeDelta::hours(count.into()),
        _ => TimeDelta::days(count.into()),
    };
    let then = SystemClock.now().checked_add_signed(length * direction).filter(|then| then.timestamp() > 0);
    let then = then.ok_or_else(|| anyhow::anyhow!("\"{text}\" from now is outside of all times"))?;
    Ok(then.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests;
