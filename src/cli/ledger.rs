//! `hawker ledger`: what came in against what became of it, asked of a running service.

mod replay;
mod service;
mod shown;

use std::path::PathBuf;
use std::process::ExitCode;

use actors::clock::SystemClock;
use actors::ports::Clock;
use anyhow::bail;
use chrono::{SecondsFormat, TimeDelta};
use clap::{Args, Parser, Subcommand, ValueEnum};
use serde_json::{Value, json};
use url::Url;

use super::runtime;
use crate::vault::Secret;
use service::Service;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    what: Option<What>,
    /// The running service.
    #[arg(long, global = true, value_name = "URL", env = "HAWKER_SERVER", default_value = "http://127.0.0.1:8080")]
    server: Url,
    /// The settings file of the service: beside its database lies the key, where HAWKER_API_KEY does not say it.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Prints JSON, for programs.
    #[arg(long, global = true)]
    json: bool,
}

const EXAMPLES: &str = "\
Examples:
  hawker ledger                                     does the equation hold, and what is in the ledger?
  hawker ledger by hour --since 1d                  the equation for each hour of the last day
  hawker ledger list --reason poison                the newest events that made the program fall
  hawker ledger show 4711                           one event, with its bytes
  hawker ledger replay --reason unreadable --dry-run  how many would be put back, and for whom
  hawker ledger replay --reason unreadable          puts them back to work

The key is taken from HAWKER_API_KEY, else from the file beside the service's database. The demo's key is
hawker-demo-operator-key.";

#[derive(Debug, Subcommand)]
enum What {
    /// Splits the equation, which is counted by the hour: each part holds on its own.
    By(ByArgs),
    /// Lists why events are in the ledger, and what to do.
    Reasons,
    /// Lists accounts that events came for and nobody has connected.
    Accounts,
    /// Searches events; those in the ledger, unless --state says otherwise.
    List(ListArgs),
    /// Shows one event with the bytes it came in.
    Show(ShowArgs),
    /// Puts ledgered events back to work, in Meta's order.
    Replay(ReplayArgs),
}

#[derive(Debug, Args)]
struct ByArgs {
    /// What to split it by.
    by: Part,
    #[command(flatten)]
    span: SpanArgs,
    /// Only this account: channel:ID.
    #[arg(long)]
    account: Option<String>,
    /// Only the accounts of this seller.
    #[arg(long, value_name = "ID")]
    seller: Option<i64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Part {
    Account,
    Seller,
    Hour,
    Day,
}

#[derive(Debug, Args)]
struct SpanArgs {
    /// What came at this time or later: 2h, 3d, 2026-10-01 or 2026-10-01T12:00:00Z.
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// What came before this time.
    #[arg(long, value_name = "TIME")]
    until: Option<String>,
}

/// Which events.
#[derive(Debug, Args)]
struct SelectionArgs {
    /// Ledgered for this reason; `hawker ledger reasons` lists them.
    #[arg(long)]
    reason: Option<String>,
    /// Of this kind: message, echo, postback, ...
    #[arg(long)]
    kind: Option<String>,
    /// Of this account: channel:ID.
    #[arg(long)]
    account: Option<String>,
    /// Of this seller.
    #[arg(long, value_name = "ID")]
    seller: Option<i64>,
    /// From this customer, by Meta's id.
    #[arg(long, value_name = "ID")]
    customer: Option<String>,
    /// With this text in the key, as a message id is.
    #[arg(long, value_name = "TEXT")]
    key: Option<String>,
    #[command(flatten)]
    span: SpanArgs,
}

#[derive(Debug, Args)]
struct ListArgs {
    #[command(flatten)]
    selection: SelectionArgs,
    /// In this state.
    #[arg(long, default_value = "ledgered", value_parser = ["ledgered", "pending", "handled", "duplicate", "any"])]
    state: String,
    /// Begins with what came first.
    #[arg(long)]
    oldest: bool,
    /// At most so many.
    #[arg(long, default_value_t = 20, value_name = "EVENTS")]
    limit: usize,
}

#[derive(Debug, Args)]
struct ShowArgs {
    /// The event's number.
    event: i64,
    /// All bytes, however many.
    #[arg(long)]
    whole: bool,
}

#[derive(Debug, Args)]
struct ReplayArgs {
    /// One event, by its number.
    #[arg(conflicts_with_all = ["reason", "kind", "account", "seller", "customer", "key", "since", "until", "dry_run"])]
    event: Option<i64>,
    #[command(flatten)]
    selection: SelectionArgs,
    /// Says what would be done, and does nothing.
    #[arg(long)]
    dry_run: bool,
}

pub(super) fn run(args: LedgerArgs) -> anyhow::Result<ExitCode> {
    let key = service::operator_key(args.config.as_deref())?;
    let (printed, holds) = runtime()?.block_on(tell(args, key))?;
    print!("{printed}");
    // A program that watches this needs no eyes.
    Ok(if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What `hawker ledger` prints when it is asked with these words and this key.
pub async fn ask(words: &[&str], key: Secret) -> anyhow::Result<String> {
    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        args: LedgerArgs,
    }
    let Alone { args } = Alone::try_parse_from(["ledger"].iter().chain(words))?;
    Ok(tell(args, key).await?.0)
}

/// What to print, and whether the equation holds as far as it was asked for.
async fn tell(args: LedgerArgs, key: Secret) -> anyhow::Result<(String, bool)> {
    let service = Service::new(args.server, key)?;
    let (answer, text) = match args.what {
        None => overview(&service).await?,
        Some(What::By(by)) => parts(&service, by).await?,
        Some(What::Reasons) => with(service.get("reasons", &[]).await?, shown::reasons),
        Some(What::Accounts) => with(service.all("accounts", Vec::new(), usize::MAX).await?, shown::accounts),
        Some(What::List(list)) => list_events(&service, list).await?,
        Some(What::Show(ShowArgs { event, whole })) => {
            let query: &[(&str, String)] = if whole { &[("raw", "whole".to_owned())] } else { &[] };
            with(service.get(&format!("events/{event}"), query).await?, shown::event)
        }
        Some(What::Replay(replay)) => replay::run(&service, replay).await?,
    };
    let printed = if args.json { format!("{}\n", serde_json::to_string_pretty(&answer)?) } else { text };
    Ok((printed, answer["holds"] != false))
}

/// What is said to programs, and what to people.
type Told = (Value, String);

fn with(answer: Value, show: impl Fn(&Value) -> String) -> Told {
    let text = show(&answer);
    (answer, text)
}

async fn overview(service: &Service) -> anyhow::Result<Told> {
    Ok(with(service.get("", &[]).await?, |answer| shown::overview(service.address(), answer)))
}

async fn parts(service: &Service, args: ByArgs) -> anyhow::Result<Told> {
    let by = args.by.to_possible_value().map(|by| by.get_name().to_owned()).unwrap_or_default();
    let mut query = vec![("by", by.clone())];
    query.extend(args.span.query()?);
    query.extend(args.account.map(|account| ("account", account)));
    query.extend(args.seller.map(|seller| ("seller", seller.to_string())));
    let mut answer = service.all("equation", query, usize::MAX).await?;
    let holds = answer["data"].as_array().is_some_and(|parts| parts.iter().all(|part| part["holds"] == true));
    answer["holds"] = json!(holds);
    Ok(with(answer, |answer| shown::parts(&by, answer)))
}

async fn list_events(service: &Service, args: ListArgs) -> anyhow::Result<Told> {
    let mut query = args.selection.query()?;
    query.push(("state", args.state));
    query.push(("order", if args.oldest { "oldest" } else { "newest" }.to_owned()));
    Ok(with(service.all("events", query, args.limit).await?, shown::events))
}

impl SelectionArgs {
    fn query(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let texts = [
            ("reason", &self.reason),
            ("kind", &self.kind),
            ("account", &self.account),
            ("customer", &self.customer),
            ("key", &self.key),
        ];
        let mut query: Vec<_> = texts.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect();
        query.extend(self.seller.map(|seller| ("seller", seller.to_string())));
        query.extend(self.span.query()?);
        Ok(query)
    }
}

impl SpanArgs {
    fn query(&self) -> anyhow::Result<Vec<(&'static str, String)>> {
        let times = [("since", &self.since), ("until", &self.until)];
        let given = times.into_iter().filter_map(|(name, time)| Some((name, time.as_deref()?)));
        given.map(|(name, time)| Ok((name, moment(time)?))).collect()
    }
}

/// A time as the service takes it. `2h` was two hours ago.
fn moment(text: &str) -> anyhow::Result<String> {
    let Some(unit) = text.chars().last().filter(|unit| "smhd".contains(*unit)) else { return Ok(text.to_owned()) };
    let Ok(count) = text[..text.len() - 1].parse::<u32>() else {
        bail!("\"{text}\" is no time: write 2h or 3d for so long ago, a day as 2026-10-01, or 2026-10-01T12:00:00Z")
    };
    let ago = match unit {
        's' => TimeDelta::seconds(count.into()),
        'm' => TimeDelta::minutes(count.into()),
        'h' => TimeDelta::hours(count.into()),
        _ => TimeDelta::days(count.into()),
    };
    let then = SystemClock.now().checked_sub_signed(ago).filter(|then| then.timestamp() > 0);
    let then = then.ok_or_else(|| anyhow::anyhow!("\"{text}\" ago is before all times"))?;
    Ok(then.to_rfc3339_opts(SecondsFormat::Millis, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_so_long_ago_or_as_it_is_written() {
        assert_eq!(moment("2026-10-01").unwrap(), "2026-10-01");
        assert_eq!(moment("2026-10-01T12:00:00Z").unwrap(), "2026-10-01T12:00:00Z");
        let ago = moment("2h").unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let hours = (SystemClock.now() - ago).num_minutes();
        assert!((119..=121).contains(&hours), "{hours}");
        assert!(moment("last friday").is_ok(), "the service says what is wrong with it");
        for wrong in ["2 weeks", "-2h", "9999999d", "h"] {
            assert!(moment(wrong).is_err(), "{wrong}");
        }
    }
}
