//! `hawker ledger`: what came in against what became of it, asked of a running service.

mod replay;
mod shown;

use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Value, json};

use super::desk::{Desk, Stage};
use super::service::{Call, PageArgs, Service, ServiceArgs};
use super::verbs::moment_ago;

#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(super) struct LedgerArgs {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    service: ServiceArgs,
}

const EXAMPLES: &str = "\
Examples:
  hawker ledger                                     does the equation hold, and what is in the ledger?
  hawker ledger by hour --since 1d                  the equation for each hour of the last day
  hawker ledger reasons                             why events are in it, and what to do
  hawker ledger accounts                            what came for accounts that nobody has connected
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

impl LedgerArgs {
    /// Prints what is asked for; false: the equation does not hold, as far as it was asked for.
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<bool> {
        let desk = Desk::new(&self.service, stage)?;
        let (answer, text) = told(&desk.service, self.what).await?;
        match desk.json {
            true => desk.print_line(&serde_json::to_string_pretty(&answer)?)?,
            false => desk.print(&text)?,
        }
        // A program that watches this needs no eyes.
        Ok(answer["holds"] != false)
    }
}

/// What is said to programs, and what to people.
type Told = (Value, String);

async fn told(service: &Service, what: Option<What>) -> anyhow::Result<Told> {
    match what {
        None => overview(service).await,
        Some(What::By(by)) => parts(service, by).await,
        Some(What::Reasons) => with(service.read(&Call::get("/api/v1/ledger/reasons")).await?, shown::reasons),
        Some(What::Accounts) => {
            with(all(service, Call::get("/api/v1/ledger/accounts"), usize::MAX).await?, shown::accounts)
        }
        Some(What::List(list)) => list_events(service, list).await,
        Some(What::Show(ShowArgs { event, whole })) => {
            let call = Call::get("/api/v1/ledger/events/{event}").at("event", event);
            with(service.read(&call.asking("raw", whole.then_some("whole"))).await?, shown::event)
        }
        Some(What::Replay(replay)) => replay::run(service, replay).await,
    }
}

fn with(answer: Value, show: impl Fn(&Value) -> String) -> anyhow::Result<Told> {
    let text = show(&answer);
    Ok((answer, text))
}

/// A list, of as many pages as it takes.
async fn all(service: &Service, call: Call, most: usize) -> anyhow::Result<Value> {
    let found = service.rows(&call, &PageArgs { limit: Some(most), after: None }).await?;
    Ok(json!({ "data": found.rows, "next": found.next }))
}

fn asking(call: Call, query: Vec<(&'static str, String)>) -> Call {
    query.into_iter().fold(call, |call, (name, value)| call.asking(name, Some(value)))
}

async fn overview(service: &Service) -> anyhow::Result<Told> {
    let answer = service.read(&Call::get("/api/v1/ledger")).await?;
    with(answer, |answer| shown::overview(service.address(), answer))
}

async fn parts(service: &Service, args: ByArgs) -> anyhow::Result<Told> {
    let by = args.by.to_possible_value().map(|by| by.get_name().to_owned()).unwrap_or_default();
    let call = asking(Call::get("/api/v1/ledger/equation").asking("by", Some(&by)), args.span.query()?);
    let call = call.asking("account", args.account).asking("seller", args.seller);
    let mut answer = all(service, call, usize::MAX).await?;
    let holds = answer["data"].as_array().is_some_and(|parts| parts.iter().all(|part| part["holds"] == true));
    answer["holds"] = json!(holds);
    with(answer, |answer| shown::parts(&by, answer))
}

async fn list_events(service: &Service, args: ListArgs) -> anyhow::Result<Told> {
    let call = asking(Call::get("/api/v1/ledger/events"), args.selection.query()?);
    let call = call.asking("state", Some(args.state));
    let call = call.asking("order", Some(if args.oldest { "oldest" } else { "newest" }));
    with(all(service, call, args.limit).await?, shown::events)
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
        given.map(|(name, time)| Ok((name, moment_ago(time)?))).collect()
    }
}
