//! `hawker ledger replay`: part by part, telling how far it is. Interrupted, the same command does the rest.

use std::collections::BTreeMap;

use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Map, Value, json};

use super::{ReplayArgs, Told, shown};
use crate::cli::desk::{HowArgs, keyed};
use crate::cli::service::{Call, Service};

const ALL: &str = "/api/v1/ledger/replay";

pub(super) async fn run(service: &Service, args: ReplayArgs) -> anyhow::Result<Told> {
    if let Some(event) = args.event {
        let answer =
            service.read(&asked(Call::post("/api/v1/ledger/events/{event}/replay").at("event", event))?).await?;
        let text = format!("Event {event} was put back: seller {} takes it up.\n", answer["seller"]);
        return Ok((answer, text));
    }
    let selected = body(&args)?;
    let preview = part_of(service, with(&selected, "dry_run", json!(true))).await?;
    if args.dry_run {
        let text = shown::replayed(&preview);
        return Ok((preview, text));
    }
    let all = preview["replayed"].as_u64().unwrap_or(0);
    let mut sum = Sum::default();
    let mut next = Value::Null;
    let bar = ProgressBar::new(all);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {human_pos} of {human_len} put back") {
        bar.set_style(style);
    }
    loop {
        let asked = if next.is_null() { selected.clone() } else { with(&selected, "after", next) };
        let mut part = part_of(service, asked).await.with_context(|| {
            format!("{} events were put back before this; the same command does the rest", sum.replayed)
        })?;
        sum.add(&part);
        next = part["next"].take();
        if next.is_null() {
            break;
        }
        bar.set_position(sum.replayed);
    }
    bar.finish_and_clear();
    let answer = sum.answer();
    let text = shown::replayed(&answer);
    Ok((answer, text))
}

async fn part_of(service: &Service, body: Value) -> anyhow::Result<Value> {
    service.read(&asked(Call::post(ALL).saying_all(body))?).await
}

/// What was put back is not in the ledger any more: to ask twice does no more than to ask once.
fn asked(call: Call) -> anyhow::Result<Call> {
    keyed(call, &HowArgs::default())
}

fn body(args: &ReplayArgs) -> anyhow::Result<Value> {
    let mut body = Map::new();
    for (name, value) in args.selection.query()? {
        body.insert(name.to_owned(), if name == "seller" { json!(args.selection.seller) } else { json!(value) });
    }
    Ok(Value::Object(body))
}

fn with(body: &Value, name: &str, value: Value) -> Value {
    let mut body = body.clone();
    body[name] = value;
    body
}

/// What the parts did together.
#[derive(Default)]
struct Sum {
    replayed: u64,
    duplicate: u64,
    sellers: BTreeMap<i64, u64>,
    reasons: BTreeMap<String, u64>,
    refused: BTreeMap<String, (u64, Value)>,
}

impl Sum {
    fn add(&mut self, part: &Value) {
        let count = |value: &Value| value.as_u64().unwrap_or(0);
        self.replayed += count(&part["replayed"]);
        self.duplicate += count(&part["duplicate"]);
        for seller in part["by_seller"].as_array().into_iter().flatten() {
            *self.sellers.entry(seller["seller"].as_i64().unwrap_or(0)).or_default() += count(&seller["events"]);
        }
        for reason in part["by_reason"].as_array().into_iter().flatten() {
            let code = reason["reason"].as_str().unwrap_or_default().to_owned();
            *self.reasons.entry(code).or_default() += count(&reason["events"]);
        }
        for refused in part["refused"].as_array().into_iter().flatten() {
            let code = refused["code"].as_str().unwrap_or_default().to_owned();
            let (events, sentence) = self.refused.entry(code).or_default();
            (*events, *sentence) = (*events + count(&refused["events"]), refused["sentence"].clone());
        }
    }

    fn answer(&self) -> Value {
        let sellers = self.sellers.iter().map(|(seller, events)| json!({ "seller": seller, "events": events }));
        let reasons = self.reasons.iter().map(|(reason, events)| json!({ "reason": reason, "events": events }));
        let refused = self.refused.iter();
        let refused = refused.map(|(code, (events, why))| json!({ "code": code, "events": events, "sentence": why }));
        json!({
            "dry_run": false,
            "replayed": self.replayed,
            "sellers": self.sellers.len(),
            "by_seller": sellers.collect::<Vec<_>>(),
            "by_reason": reasons.collect::<Vec<_>>(),
            "refused": refused.collect::<Vec<_>>(),
            "duplicate": self.duplicate,
        })
    }
}
