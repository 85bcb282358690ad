//! `hawker webhook-test`: tries a webhook address as Meta does, from where the service runs or from here.

use std::time::Duration;

use actors::clock::SystemClock;
use actors::ports::Clock;
use anyhow::Context;
use clap::Args;
use serde_json::Value;

use super::Stage;
use crate::cli::desk::Desk;
use crate::cli::service::{Call, ServiceArgs};
use crate::cli::shown::{Screen, clean, findings, rows, text_of};
use crate::config::Config;
use crate::doctor::webhook_test::{self, LIMIT, Own, Tested};
use crate::vault::Secret;

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker webhook-test https://shop.example/webhooks/meta         from where the service runs, with its secrets
  hawker webhook-test https://shop.example/webhooks/meta --here  from this machine, with the secrets of the settings here
  hawker webhook-test http://127.0.0.1:8080/webhooks/meta        the demo's

It makes the handshake with the right and with a wrong token, and sends a signed message, a wrongly signed one, one
without a signature, an echo, and the first one again. They are for the account 0, as the messages of the \"Test\" button
in Meta's dashboard are: they are kept as tests, and reach no shop. It ends with 1 where something is red.";

#[derive(Debug, Args)]
pub(in crate::cli) struct WebhookTestArgs {
    /// The address, as it is typed in at Meta.
    url: String,
    /// What the app signs with, in place of what the settings have. Best said by the environment, which nobody else sees.
    #[arg(long, value_name = "SECRET", env = "HAWKER_TEST_APP_SECRET", hide_env_values = true)]
    app_secret: Option<Secret>,
    /// What was typed in beside the address, in place of what the settings have.
    #[arg(long, value_name = "TOKEN", env = "HAWKER_TEST_VERIFY_TOKEN", hide_env_values = true)]
    verify_token: Option<Secret>,
    /// How long an answer may take [default: 5000, as Meta waits].
    #[arg(long, value_name = "MILLISECONDS", value_parser = clap::value_parser!(u64).range(100..=20_000))]
    limit: Option<u64>,
    /// From this machine, without a running service: what came in cannot be counted then.
    #[arg(long)]
    here: bool,
    #[command(flatten)]
    service: ServiceArgs,
}

impl WebhookTestArgs {
    /// False: something is red.
    pub(super) async fn run(self, stage: Stage) -> anyhow::Result<bool> {
        if self.here {
            let report = self.tested_here().await?;
            let desk = Desk::new(&self.service, Stage { key: Some(Secret::from("")), ..stage })?;
            desk.tell(&serde_json::to_string(&report)?, || shown(desk.screen, &report))?;
            return Ok(report["light"] != "red");
        }
        let desk = Desk::new(&self.service, stage)?;
        let call = Call::post("/api/v1/webhook-test").saying("url", &self.url);
        let exposed = |secret: &Option<Secret>| secret.as_ref().map(|secret| secret.expose().to_owned());
        let call = call
            .saying_some("app_secret", exposed(&self.app_secret))
            .saying_some("verify_token", exposed(&self.verify_token))
            .saying_some("limit_ms", self.limit);
        let answer = desk.service.send(&call).await?;
        desk.tell(&answer.text, || shown(desk.screen, &answer.value))?;
        Ok(answer.value["light"] != "red")
    }

    async fn tested_here(&self) -> anyhow::Result<Value> {
        let own = Own::of(&Config::load(self.service.config(), std::env::vars())?);
        let tested = Tested {
            url: &self.url,
            secret: self.app_secret.as_ref().or(own.secret.as_ref()),
            verify_token: self.verify_token.as_ref().or(own.verify_token.as_ref()),
            limit: self.limit.map_or(LIMIT, Duration::from_millis),
            allow_loopback: own.allow_loopback,
        };
        let report = webhook_test::test(tested, SystemClock.now(), None).await.context("could not try it")?;
        Ok(serde_json::to_value(report)?)
    }
}

fn shown(screen: Screen, report: &Value) -> String {
    let table = findings(screen, &rows(&report["checks"]));
    if !screen.is_terminal() {
        return table;
    }
    let (url, light, note) = (clean(&text_of(&report["url"])), text_of(&report["light"]), text_of(&report["note"]));
    format!("{url}: {}\n\n{table}\n{note}\n", screen.bold(&light))
}
