//! What every verb about a running service works with: the service, and where its answers are printed.

use std::io::{ErrorKind, Write};
use std::sync::Mutex;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::secret;
use super::service::{Answer, Call, PageArgs, Service, ServiceArgs};
use super::shown::{Column, Screen, clean, table};
use crate::vault::Secret;

/// Between two looks at what became of a command: at first, and at most.
const LOOKS: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(5));

/// Whoever read what is printed has gone, as `head` does. It ends the program, and is no failure.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads this any more")]
pub(super) struct NobodyReads;

/// Where and with what key a verb is run.
pub(super) struct Stage {
    /// None: the one that is known here.
    pub(super) key: Option<Secret>,
    pub(super) screen: Screen,
    pub(super) out: Box<dyn Write + Send>,
}

/// The service, and where its answers are printed.
pub(super) struct Desk {
    pub(super) service: Service,
    pub(super) screen: Screen,
    pub(super) json: bool,
    out: Mutex<Box<dyn Write + Send>>,
}

/// A group of verbs about one kind of thing.
#[derive(Debug, Args)]
pub(super) struct Noun<V: Subcommand> {
    #[command(subcommand)]
    pub(super) verb: V,
    #[command(flatten)]
    pub(super) service: ServiceArgs,
}

/// What verbs do.
pub(super) trait Does {
    /// Does it.
    async fn run(self, desk: &Desk) -> anyhow::Result<()>;
}

impl<V: Subcommand + Does> Noun<V> {
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<()> {
        self.verb.run(&Desk::new(&self.service, stage)?).await
    }
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct HowArgs {
    /// Waits until the shop has done it, where that takes longer than a moment.
    #[arg(long, help_heading = "The change")]
    pub(super) wait: bool,
    /// Makes the same words said twice one change: by itself, each is another.
    #[arg(long, value_name = "KEY", help_heading = "The change")]
    pub(super) idempotency_key: Option<String>,
}

impl Desk {
    pub(super) fn new(service: &ServiceArgs, stage: Stage) -> anyhow::Result<Self> {
        let Stage { key, screen, out } = stage;
        Ok(Self { service: service.open(key)?, screen, json: service.json, out: Mutex::new(out) })
    }

    /// Prints a list.
    pub(super) async fn lists(&self, call: Call, page: &PageArgs, columns: &[Column]) -> anyhow::Result<()> {
        let found = self.service.rows(&call, page).await?;
        if self.json {
            return self.print_line(&found.text);
        }
        if found.rows.is_empty() && self.screen.is_terminal() {
            return self.print_line("There is nothing to list.");
        }
        self.print(&table(self.screen, columns, &found.rows))?;
        match found.next.filter(|_| self.screen.is_terminal()) {
            Some(next) => self.print_line(&format!(
                "\nThere is more: --after {} goes on here, --limit gives more at once.",
                clean(&next)
            )),
            None => Ok(()),
        }
    }

    /// Prints one thing.
    pub(super) async fn shows(&self, call: Call, show: impl FnOnce(Screen, &Value) -> String) -> anyhow::Result<()> {
        let answer = self.service.send(&call).await?;
        self.tell(&answer.text, || show(self.screen, &answer.value))
    }

    /// Has something changed, and prints what was changed.
    pub(super) async fn does(
        &self,
        call: Call,
        how: &HowArgs,
        say: impl FnOnce(Screen, &Value) -> String,
    ) -> anyhow::Result<()> {
        let answer = self.service.send(&keyed(call, how)?).await?;
        self.tell_done(answer, how, say).await
    }

    /// Prints what a change was answered, now or, where it was only accepted, once it is done and that is waited for.
    pub(super) async fn tell_done(
        &self,
        answer: Answer,
        how: &HowArgs,
        say: impl FnOnce(Screen, &Value) -> String,
    ) -> anyhow::Result<()> {
        if answer.status.as_u16() != 202 {
            return self.tell(&answer.text, || say(self.screen, &answer.value));
        }
        let result = answer.value["result"].as_str().unwrap_or_default();
        if !how.wait {
            return self.tell(&answer.text, || accepted(result, &answer.value));
        }
        let (text, done) = self.wait_for(result).await?;
        if let Some(code) = done["error"].as_str() {
            let detail = done["detail"].as_str().unwrap_or("the shop refused it");
            bail!("The command was not done: {} ({})", clean(detail), clean(code));
        }
        self.tell(&text, || say(self.screen, &done))
    }

    /// The answer of a command, as it came and as a value.
    async fn wait_for(&self, result: &str) -> anyhow::Result<(String, Value)> {
        #[derive(Deserialize)]
        struct Result<'a> {
            done: bool,
            #[serde(borrow)]
            answer: Option<&'a RawValue>,
        }
        let bar = spinner("waiting until the shop has done it");
        let (seller, command) = result
            .strip_prefix("/api/v1/sellers/")
            .and_then(|rest| rest.split_once("/commands/"))
            .context("the answer does not say where the result will be")?;
        let command = percent_encoding::percent_decode_str(command).decode_utf8_lossy();
        let call = Call::get(super::verbs::COMMAND).at("seller", seller).at("command", command);
        let mut pause = LOOKS.0;
        loop {
            let answer = self.service.send(&call).await?;
            let Result { done, answer } = serde_json::from_str(&answer.text).context("the result cannot be read")?;
            if let Some(answer) = answer.filter(|_| done) {
                bar.finish_and_clear();
                return Ok((answer.get().to_owned(), serde_json::from_str(answer.get())?));
            }
            tokio::time::sleep(pause).await;
            pause = (pause * 3 / 2).min(LOOKS.1);
        }
    }

    /// Prints it as it came, or as people read it.
    pub(super) fn tell(&self, came: &str, text: impl FnOnce() -> String) -> anyhow::Result<()> {
        if self.json { self.print_line(came) } else { self.print(&text()) }
    }

    /// Prints a secret by itself, so that `KEY=$(hawker keys make ...)` has it, and what is to be said of it beside it.
    pub(super) fn tell_secret(&self, answer: &Answer, member: &str, sentence: &str) -> anyhow::Result<()> {
        if self.json {
            return self.print_line(&answer.text);
        }
        let secret = answer.value[member].as_str().context("the answer holds no secret")?;
        eprintln!("{sentence}");
        self.print_line(&clean(secret))
    }

    pub(super) fn print_line(&self, line: &str) -> anyhow::Result<()> {
        self.print(&format!("{}\n", line.trim_end_matches('\n')))
    }

    pub(super) fn print(&self, text: &str) -> anyhow::Result<()> {
        self.print_bytes(text.as_bytes())
    }

    pub(super) fn print_bytes(&self, bytes: &[u8]) -> anyhow::Result<()> {
        let mut out = self.out.lock().expect("nothing panics while it prints");
        write(&mut **out, bytes)
    }
}

/// Writes all of it at once. That nobody reads it is told apart from other failures.
pub(super) fn write(out: &mut dyn Write, bytes: &[u8]) -> anyhow::Result<()> {
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(NobodyReads.into()),
        written => written.context("could not print"),
    }
}

/// The call with a key of its own: asked again where no answer came, it is done once.
pub(super) fn keyed(call: Call, how: &HowArgs) -> anyhow::Result<Call> {
    match &how.idempotency_key {
        Some(key) => Ok(call.once(key)),
        None if call.is_post() => Ok(call.once(&format!("cli-{}", &secret::random()?[..32]))),
        None => Ok(call),
    }
}

fn accepted(result: &str, answer: &Value) -> String {
    let key = clean(answer["command"].as_str().unwrap_or_default());
    let seller = result.split('/').nth(4).map(clean).unwrap_or_default();
    format!(
        "Accepted: it is stored and will be done. `hawker commands show {seller} {key}` says what became of it; with \
         --wait that is waited for.\n"
    )
}

/// Says on standard error, to people only, that something takes its time.
pub(super) fn spinner(message: &'static str) -> ProgressBar {
    let bar = ProgressBar::new_spinner().with_message(message);
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg} {elapsed}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(120));
    bar
}
