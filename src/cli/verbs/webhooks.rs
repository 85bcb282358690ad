//! `hawker webhooks`: which other systems are told of what happens.

use anyhow::bail;
use clap::{Args, Subcommand};

use super::{Desk, Does, moment_ago};
use crate::cli::desk::{HowArgs, keyed};
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, exact, number, sheet, text, text_of, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker webhooks list 1
  hawker webhooks show 1 3
  hawker webhooks add 1 https://shop.example/hook --kind order.confirmed --kind order.cancelled
  hawker webhooks change 1 3 --pause                or --resume, --url, --kind, --every-kind
  hawker webhooks rotate 1 3                        a new secret; it alone goes to standard output
  hawker webhooks ping 1 3                          a test
  hawker webhooks deliveries 1 3                    what was told, and what failed
  hawker webhooks redeliver 1 3 4711                one of them once more
  hawker webhooks redeliver 1 3 --since 2h          all that failed since then
  hawker webhooks remove 1 3";

const ALL: &str = "/api/v1/sellers/{seller}/webhooks";
const ONE: &str = "/api/v1/sellers/{seller}/webhooks/{webhook}";
const COLUMNS: &[Column] = &[
    number("WEBHOOK", "/id"),
    exact("STATE", "/state"),
    text("URL", "/url"),
    text("KINDS", "/kinds"),
    time("FAILING SINCE (UTC)", "/failing_since"),
    text("WHY", "/why"),
];
const DELIVERIES: &[Column] = &[
    number("DELIVERY", "/id"),
    exact("STATE", "/state"),
    text("KIND", "/kind"),
    number("EVENT", "/event"),
    number("TRIES", "/attempts"),
    number("ANSWER", "/last_status"),
    time("TRIED (UTC)", "/tried_at"),
    time("NEXT (UTC)", "/next_at"),
    text("WENT WRONG", "/error"),
];
const FIRST: [&str; 4] = ["id", "state", "url", "kinds"];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists webhooks.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows a webhook.
    Show(Which),
    /// Has another system told of what happens, and shows the secret that it knows us by.
    Add {
        seller: Shop,
        /// Where to: https.
        url: String,
        /// What of: order.confirmed, message.received, ... [default: everything].
        #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
        kinds: Vec<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Changes where to and what of, or pauses it.
    Change(ChangeArgs),
    /// Gives it a new secret, and shows that.
    Rotate(Which),
    /// Has it told a test.
    Ping(Which),
    /// Takes it away.
    Remove(Which),
    /// Lists what it was told, and what became of that.
    Deliveries {
        seller: Shop,
        webhook: i64,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Tells it once more: one delivery, or all that failed since a time.
    Redeliver {
        #[command(flatten)]
        which: Which,
        /// One delivery.
        #[arg(required_unless_present = "since")]
        delivery: Option<i64>,
        /// All that failed since then: 2h, 3d, 2026-10-01 or 2026-10-01T12:00:00Z.
        #[arg(long, value_name = "TIME", conflicts_with = "delivery")]
        since: Option<String>,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    seller: Shop,
    webhook: i64,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ChangeArgs {
    #[command(flatten)]
    which: Which,
    /// Where to.
    #[arg(long)]
    url: Option<String>,
    /// What of, in the place of what it was.
    #[arg(long = "kind", value_name = "KIND", value_delimiter = ',')]
    kinds: Vec<String>,
    /// Of everything.
    #[arg(long, conflicts_with = "kinds")]
    every_kind: bool,
    /// It is told nothing until it is resumed.
    #[arg(long)]
    pause: bool,
    /// It is told again, also of what happened meanwhile.
    #[arg(long, conflicts_with = "pause")]
    resume: bool,
}

impl Which {
    fn call(&self, call: fn(&'static str) -> Call, route: &'static str) -> Call {
        call(route).of(self.seller).at("webhook", self.webhook)
    }
}

impl ChangeArgs {
    fn call(&self) -> anyhow::Result<Call> {
        let paused = (self.pause || self.resume).then_some(self.pause);
        let kinds = Some(&self.kinds).filter(|kinds| !kinds.is_empty() || self.every_kind);
        let call = self.which.call(Call::patch, ONE).saying_some("url", self.url.as_ref());
        let call = call.saying_some("kinds", kinds).saying_some("paused", paused);
        if call.says_nothing() {
            bail!("say what is to be otherwise: --url, --kind, --every-kind, --pause or --resume");
        }
        Ok(call)
    }
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(Call::get(ALL).of(seller), &page, COLUMNS).await,
            Verb::Show(which) => desk.shows(which.call(Call::get, ONE), |screen, it| sheet(screen, it, &FIRST)).await,
            Verb::Add { seller, url, kinds, how } => {
                let call = Call::post(ALL).of(seller).saying("url", url).saying("kinds", kinds);
                secret_of(desk, call, &how, "was made").await
            }
            Verb::Change(args) => {
                desk.does(args.call()?, &args.which.how, |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Rotate(which) => {
                let call = which.call(Call::post, "/api/v1/sellers/{seller}/webhooks/{webhook}/rotate");
                secret_of(desk, call, &which.how, "has a new secret").await
            }
            Verb::Ping(which) => {
                let call = which.call(Call::post, "/api/v1/sellers/{seller}/webhooks/{webhook}/ping");
                let said = "A test is on its way: `hawker webhooks deliveries` says what became of it.\n";
                desk.does(call, &which.how, |_, _| said.to_owned()).await
            }
            Verb::Remove(which) => {
                let said = format!("Webhook {} was removed.\n", which.webhook);
                desk.does(which.call(Call::delete, ONE), &which.how, |_, _| said).await
            }
            Verb::Deliveries { seller, webhook, page } => {
                let call = Call::get("/api/v1/sellers/{seller}/webhooks/{webhook}/deliveries").of(seller);
                desk.lists(call.at("webhook", webhook), &page, DELIVERIES).await
            }
            Verb::Redeliver { which, delivery, since } => {
                let call = match (delivery, since) {
                    (Some(delivery), _) => which
                        .call(Call::post, "/api/v1/sellers/{seller}/webhooks/{webhook}/deliveries/{delivery}/redeliver")
                        .at("delivery", delivery),
                    (None, since) => which
                        .call(Call::post, "/api/v1/sellers/{seller}/webhooks/{webhook}/redeliver")
                        .saying("since", moment_ago(&since.unwrap_or_default())?),
                };
                desk.does(call, &which.how, |_, _| "It is told once more.\n".to_owned()).await
            }
        }
    }
}

async fn secret_of(desk: &Desk, call: Call, how: &HowArgs, what: &str) -> anyhow::Result<()> {
    let answer = desk.service.send(&keyed(call, how)?).await?;
    let sentence = format!("Webhook {} {what}. Its secret is shown this once:", text_of(&answer.value["id"]));
    desk.tell_secret(&answer, "secret", &sentence)
}
