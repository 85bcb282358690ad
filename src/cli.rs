//! The verbs of the `hawker` program, a file each, and what they share.

mod check;
mod demo;
mod desk;
mod dm;
mod help;
mod key;
mod ledger;
mod secret;
mod serve;
mod service;
mod shown;
mod story;
mod verbs;

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use anyhow::Context;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use url::Url;

use crate::vault::Secret;
use desk::{NobodyReads, Stage};

pub use shown::Screen;

/// Runs shops on Instagram, Messenger and WhatsApp: messages in, orders out.
///
/// Without a verb it runs the demo: an embedded database, a stand-in for Meta, a shop with a small catalog and a
/// customer who orders. Nothing leaves this machine, and nothing needs to be set up.
#[derive(Debug, Parser)]
#[command(version, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    verb: Option<Verb>,
    #[command(flatten)]
    demo: demo::DemoArgs,
}

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
    /// Proves on this machine that kills lose nothing and double nothing.
    Prove(crate::prove::ProveArgs),
    /// What the prover starts and kills.
    #[command(hide = true)]
    ProveChild,
    #[command(flatten)]
    Asked(verbs::Verbs),
    /// Writes what makes a shell complete these words.
    #[command(after_help = "Examples:\n  hawker completions bash >~/.local/share/bash-completion/completions/hawker")]
    Completions(help::CompletionsArgs),
    /// Writes the manual: one page, or one for each verb.
    #[command(after_help = "Examples:\n  hawker man | man -l -\n  hawker man --dir ~/.local/share/man/man1")]
    Man(help::ManArgs),
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
    /// What was typed. Where that is no command line, or asks for help, it ends the program with what is to be said.
    pub fn read() -> Self {
        let words = Self::described().get_matches();
        Self::from_arg_matches(&words).unwrap_or_else(|error| error.exit())
    }

    /// The command line with all there is to say of it.
    fn described() -> clap::Command {
        help::whole(Self::command())
    }

    /// Does what was asked for. When nobody reads what it prints any more, it is done.
    pub fn run(self) -> anyhow::Result<ExitCode> {
        match self.done() {
            Err(error) if error.is::<NobodyReads>() => Ok(ExitCode::SUCCESS),
            done => done,
        }
    }

    fn done(self) -> anyhow::Result<ExitCode> {
        match self.verb {
            None => demo::run(&self.demo),
            Some(Verb::Serve(args)) => serve::run(&args),
            Some(Verb::Check(args)) => check::run(&args),
            Some(Verb::Secret) => secret::run(),
            Some(Verb::Dm(args)) => dm::run(&args),
            Some(Verb::Prove(args)) => crate::prove::run(&args),
            Some(Verb::ProveChild) => crate::prove::child::run(),
            Some(Verb::Asked(verb)) => ask(verb),
            Some(Verb::Completions(args)) => help::completions(&args, Self::described()),
            Some(Verb::Man(args)) => help::man(&args, Self::described()),
        }
    }
}

fn ask(verb: verbs::Verbs) -> anyhow::Result<ExitCode> {
    let stage = Stage { key: None, screen: Screen::of_stdout(), out: Box::new(std::io::stdout()) };
    let is_well = runtime()?.block_on(verb.run(stage))?;
    Ok(if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// What a verb about a running service prints with this key, on this screen.
pub async fn told(words: &[&str], key: Secret, screen: Screen) -> anyhow::Result<String> {
    let words = Cli::described().try_get_matches_from(["hawker"].iter().chain(words))?;
    let Cli { verb: Some(Verb::Asked(verb)), .. } = Cli::from_arg_matches(&words)? else {
        anyhow::bail!("that is no verb about a running service");
    };
    let printed = Printed::default();
    let stage = Stage { key: Some(key), screen, out: Box::new(printed.clone()) };
    verb.run(stage).await?;
    Ok(printed.text())
}

/// What was printed, kept.
#[derive(Clone, Default)]
struct Printed(Arc<Mutex<Vec<u8>>>);

impl Printed {
    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().expect("nothing panics while it prints")).into_owned()
    }
}

impl Write for Printed {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nothing panics while it prints").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
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
