//! `hawker dm`: writes to the running demo as a customer.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use serde_json::{Value, json};

use super::{DmArgs, runtime};

pub(super) fn run(args: &DmArgs) -> anyhow::Result<ExitCode> {
    runtime()?.block_on(write(args))
}

async fn write(args: &DmArgs) -> anyhow::Result<ExitCode> {
    let address = args.sandbox.join("/sandbox/dm").context("--sandbox is no usable address")?;
    let client = crate::graph::loopback_client(Duration::from_secs(10))?;
    let body = json!({ "text": args.text, "tap": args.tap, "from": args.from, "channel": args.channel });
    let answer = client.post(address).json(&body).send().await.with_context(|| {
        format!("nobody listens on {}: start the demo in another terminal with `cargo run`", args.sandbox)
    })?;
    let status = answer.status();
    let answer: Value = answer.json().await.context("the demo's answer is no JSON")?;
    if !status.is_success() {
        bail!("the demo refused it: {answer}");
    }
    match answer["webhook_status"].as_u64() {
        Some(200) => {
            println!("{} wrote it; the webhook was answered 200. The demo's terminal tells the rest.", args.from)
        }
        Some(other) => println!("{} wrote it; the webhook was answered {other} and will be sent again.", args.from),
        None => println!("{} wrote it; the webhook was not answered and will be sent again.", args.from),
    }
    Ok(ExitCode::SUCCESS)
}
