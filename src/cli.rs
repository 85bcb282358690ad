//! The verbs of the `hawker` program, a file each, and what they share.

mod check;
mod demo;
mod dm;
mod key;
pub mod ledger;
mod secret;
mod serve;
mod story;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use url::Url;

/// Runs shops on Instagram, Messenger and WhatsApp: messages in, orders out.
///
/// Without a verb it runs the demo: an embedded database, a stand-in for Meta, a shop with a small catalog and a
/// customer who orders. Nothing leaves this machine, and nothing needs to be set up.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100, after_help = EXAMPLES)]
pub struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    demo: demo::DemoArgs,
}

const EXAMPLES: &str = "\
Examples:
  hawker                                      the demo, on http://127.0.0.1:8080
  hawker dm \"two blue linen shirts in M\"      a customer writes to the demo
  hawker ledger                               says what became of everything that came in
  hawker secret                               makes a secret, for ENCRYPTION_KEY and the like
  hawker check                                says what is still missing to serve
  hawker serve --listen 0.0.0.0:8080          serves Meta's webhooks

Settings: `config.toml` lists all of them; HAWKER__SECTION__KEY in the environment overrides any.";

#[derive(Debug, Subcommand)]
enum Verb {
    /// Serves: Meta's webhooks, the API, the sellers' actors.
    Serve(ServeArgs),
    /// Says what is missing or wrong in the settings, without starting.
    Check(ServeArgs),
    /// Makes a secret: 32 random bytes as hexadecimal digits.
    Secret,
    /// Writes to the running demo as a customer.
    Dm(DmArgs),
    /// Shows what became of everything that came in, and puts ledgered events back to work.
    Ledger(ledger::LedgerArgs),
    /// Proves on this machine that kills lose nothing and double nothing.
    Prove(crate::prove::ProveArgs),
    /// What the prover starts and kills.
    #[command(hide = true)]
    ProveChild,
}

#[derive(Debug, Args)]
struct ServeArgs {
    /// Where to listen, in place of `server.listen`.
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// A settings file; it needs to hold only what differs from the defaults.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Args)]
struct DmArgs {
    /// What the customer writes.
    #[arg(required_unless_present = "tap")]
    text: Option<String>,
    /// A button beneath the last answer that the customer taps instead, by its words.
    #[arg(long, value_name = "BUTTON", conflicts_with = "text")]
    tap: Option<String>,
    /// Who writes.
    #[arg(long, default_value = "Ada")]
    from: String,
    /// Which of the shop's channels they write on.
    #[arg(long, default_value = "instagram", value_parser = ["instagram", "messenger", "whatsapp"])]
    channel: String,
    /// Where the demo's stand-in for Meta listens.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:8081")]
    sandbox: Url,
}

impl Cli {
    /// Does what was asked for.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            None => demo::run(&self.demo),
            Some(Verb::Serve(args)) => serve::run(&args),
            Some(Verb::Check(args)) => check::run(&args),
            Some(Verb::Secret) => secret::run(),
            Some(Verb::Dm(args)) => dm::run(&args),
            Some(Verb::Ledger(args)) => ledger::run(args),
            Some(Verb::Prove(args)) => crate::prove::run(&args),
            Some(Verb::ProveChild) => crate::prove::child::run(),
        }
    }
}

impl ServeArgs {
    fn load(&self) -> Result<crate::config::Config, crate::config::Problems> {
        let mut config = crate::config::Config::load_to_serve(self.config.as_deref(), std::env::vars())?;
        if let Some(listen) = self.listen {
            config.server.listen = listen;
        }
        Ok(config)
    }
}

/// A runtime for the whole program.
fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().context("could not start the runtime")
}

/// Cancelled by Ctrl-C or by what stops a service.
fn stop_signal() -> anyhow::Result<CancellationToken> {
    let mut terminate = signal(SignalKind::terminate()).context("could not listen for SIGTERM")?;
    let stop = CancellationToken::new();
    let told = stop.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = tokio::signal::ctrl_c() => {}
        }
        told.cancel();
    });
    Ok(stop)
}
