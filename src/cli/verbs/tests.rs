//! What each verb asks of a service: method, path, query, body and headers, as a stand-in for it gets them.

mod standin;
mod trouble;

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::cli::{Cli, Screen};
use standin::Standin;

/// Words, with a ~ for each blank within one; what the last request is, with S for the shop's path; and its body.
const VERBS: &[(&str, &str, &str)] = &[
    ("me", "GET /api/v1/me", ""),
    ("sellers list --q linen --limit 5", "GET /api/v1/sellers?q=linen&limit=5", ""),
    (
        "sellers create Linen~Shop --currency USD --language fr --require phone",
        "POST /api/v1/sellers",
        r#"{"name":"Linen Shop","currency":"USD","language":"fr",
            "required":{"phone":true,"email":false,"address":false}}"#,
    ),
    ("sellers show mine", "GET S", ""),
    ("sellers settings 7", "GET S/settings", ""),
    ("sellers set 7 auto_reply=false name=New", "PATCH S/settings", r#"{"version":4,"auto_reply":false,"name":"New"}"#),
    ("sellers set 7 --version 3 a=1", "PATCH S/settings", r#"{"version":3,"a":1}"#),
    ("keys list", "GET /api/v1/keys", ""),
    ("keys list --seller 7", "GET S/keys", ""),
    (
        "keys make The~till --seller 7 --scope orders:read,orders:write --expires 2027-01-01",
        "POST S/keys",
        r#"{"name":"The till","scopes":["orders:read","orders:write"],"expires_at":"2027-01-01T00:00:00Z"}"#,
    ),
    ("keys make Ops --scope sellers:read", "POST /api/v1/keys", r#"{"name":"Ops","scopes":["sellers:read"]}"#),
    ("keys revoke 3", "DELETE /api/v1/keys/3", ""),
    ("keys revoke 3 --seller 7", "DELETE S/keys/3", ""),
    ("secrets show", "GET /api/v1/secrets", ""),
    ("secrets rotate", "POST /api/v1/secrets/rotate", "{}"),
    ("keys rotate", "POST /api/v1/secrets/rotate", "{}"),
    ("connections list 7", "GET S/connections", ""),
    ("webhook-test https://a.example/hook", "POST /api/v1/webhook-test", r#"{"url":"https://a.example/hook"}"#),
    (
        "webhook-test https://a.example/hook --limit 300 --app-secret a --verify-token b",
        "POST /api/v1/webhook-test",
        r#"{"url":"https://a.example/hook","app_secret":"a","verify_token":"b","limit_ms":300}"#,
    ),
    ("connections disconnect 7 3", "DELETE S/connections/3", ""),
    ("connections connect 7", "POST S/connecting", "{}"),
    ("connections reconnect 7 3 --way instagram", "POST S/connections/3/reconnect", r#"{"way":"instagram"}"#),
    ("connections progress 7 5", "GET S/connecting/5", ""),
    ("connections choose 7 5 178", "POST S/connecting/5/choose", r#"{"account_id":"178"}"#),
    ("connections release 7 3 --to 2", "POST S/connections/3/release", r#"{"to":2}"#),
    ("connections verify-token 7 3", "POST S/connections/3/verify-token", "{}"),
    ("connections verify-token 7 3 --remove", "DELETE S/connections/3/verify-token", ""),
    ("products list 7 --after a~b", "GET S/products?after=a+b", ""),
    ("products show 7 a/b", "GET S/products/a%2Fb", ""),
    ("products remove 7 APRON", "DELETE S/products/APRON", ""),
    ("modifiers list 7", "GET S/modifiers", ""),
    ("modifiers remove 7 gift", "DELETE S/modifiers/gift", ""),
    ("orders list 7 --state draft --customer 3", "GET S/orders?state=draft&customer=3", ""),
    ("orders list mine --conversation 5 --after 9", "GET S/orders?conversation=5&after=9", ""),
    ("orders show 7 12", "GET S/orders/12", ""),
    (
        "orders open 7 --conversation 5 --line 2~SHIRT~S-M --line APRON",
        "POST S/orders",
        r#"{"conversation":5,"lines":[{"product":"SHIRT","variant":"S-M","modifiers":[],"quantity":2},
            {"product":"APRON","modifiers":[],"quantity":1}]}"#,
    ),
    (
        "orders edit 7 12 --line APRON --phone +1 --version 2",
        "PATCH S/orders/12",
        r#"{"version":2,"lines":[{"product":"APRON","modifiers":[],"quantity":1}],"contact":{"phone":"+1"}}"#,
    ),
    ("orders edit 7 12 --address Here", "PATCH S/orders/12", r#"{"version":4,"contact":{"address":"Here"}}"#),
    ("orders confirm 7 12 --version 4", "POST S/orders/12/confirm", r#"{"version":4}"#),
    ("orders cancel 7 12", "POST S/orders/12/cancel", "{}"),
    ("orders fulfil 7 12", "POST S/orders/12/fulfil", "{}"),
    ("orders history 7 12", "GET S/orders/12/history", ""),
    ("orders note 7 12 At~the~gate", "POST S/orders/12/notes", r#"{"text":"At the gate"}"#),
    (
        "conversations list 7 --archived --unread --needs-look --label vip --assignee mia",
        "GET S/conversations?archived=true&unread=true&needs_look=true&label=vip&assignee=mia",
        "",
    ),
    ("conversations show 7 5 --limit 9", "GET S/conversations/5/messages?limit=9", ""),
    ("conversations send 7 5 On~its~way", "POST S/conversations/5/messages", r#"{"text":"On its way"}"#),
    (
        "conversations send 7 5 --image https://a.example/b.jpg",
        "POST S/conversations/5/messages",
        r#"{"attachment":{"kind":"image","url":"https://a.example/b.jpg"}}"#,
    ),
    (
        "conversations label 7 5 --add vip --add new --remove old",
        "POST S/conversations/5/labels",
        r#"{"add":["vip","new"],"remove":["old"]}"#,
    ),
    ("conversations assign 7 5 --to mia", "POST S/conversations/5/assign", r#"{"to":"mia"}"#),
    ("conversations assign 7 5 --to-nobody", "POST S/conversations/5/assign", r#"{"to":null}"#),
    ("conversations archive 7 5", "POST S/conversations/5/archive", r#"{"archived":true}"#),
    ("conversations archive 7 5 --undo", "POST S/conversations/5/archive", r#"{"archived":false}"#),
    ("conversations read 7 5 --through 9", "POST S/conversations/5/read", r#"{"through":9}"#),
    (
        "conversations looks 7 5 unsure attachment",
        "POST S/conversations/5/looks",
        r#"{"settled":["unsure","attachment"]}"#,
    ),
    ("conversations hand-over 7 5 --to-people", "POST S/conversations/5/hand-over", r#"{"people_only":true}"#),
    ("conversations hand-over 7 5 --back", "POST S/conversations/5/hand-over", r#"{"people_only":false}"#),
    ("conversations note 7 5 Hm", "POST S/conversations/5/notes", r#"{"text":"Hm"}"#),
    ("customers list 7 --limit 9", "GET S/customers?limit=9", ""),
    ("customers show 7 3", "GET S/customers/3", ""),
    (
        "customers edit 7 3 --name Ada --email a@b.example",
        "PATCH S/customers/3",
        r#"{"name":"Ada","email":"a@b.example"}"#,
    ),
    ("customers note 7 3 Hm", "POST S/customers/3/notes", r#"{"text":"Hm"}"#),
    ("customers forget 7 3 --for-good", "POST S/customers/3/forget", "{}"),
    ("customers export 7 3", "GET S/customers/3/export", ""),
    ("retention show 7", "GET S/retention", ""),
    ("retention run 7 --dry-run", "GET S/retention", ""),
    ("retention run 7 --dry-run --days 90", "GET S/retention?days=90", ""),
    ("retention run 7 --for-good", "POST S/retention/run", "{}"),
    ("erasures list 7", "GET S/erasures", ""),
    ("erasures show 7 3", "GET S/erasures/3", ""),
    ("leads list 7 --stage new", "GET S/leads?stage=new", ""),
    ("leads show 7 4", "GET S/leads/4", ""),
    ("leads move 7 4 ordered", "PATCH S/leads/4", r#"{"stage":"ordered"}"#),
    ("comments list 7", "GET S/comments", ""),
    ("notes list 7 --order 12", "GET S/orders/12/notes", ""),
    ("notes list 7 --customer 3", "GET S/customers/3/notes", ""),
    ("notes list 7 --conversation 5", "GET S/conversations/5/notes", ""),
    ("notes remove 7 33", "DELETE S/notes/33", ""),
    ("events list 7 --kind order.confirmed --after 9", "GET S/events?kinds=order.confirmed&after=9", ""),
    ("webhooks list 7", "GET S/webhooks", ""),
    ("webhooks show 7 3", "GET S/webhooks/3", ""),
    (
        "webhooks add 7 https://a.example --kind order.confirmed",
        "POST S/webhooks",
        r#"{"url":"https://a.example","kinds":["order.confirmed"]}"#,
    ),
    ("webhooks change 7 3 --pause --every-kind", "PATCH S/webhooks/3", r#"{"kinds":[],"paused":true}"#),
    ("webhooks rotate 7 3", "POST S/webhooks/3/rotate", "{}"),
    ("webhooks ping 7 3", "POST S/webhooks/3/ping", "{}"),
    ("webhooks remove 7 3", "DELETE S/webhooks/3", ""),
    ("webhooks deliveries 7 3", "GET S/webhooks/3/deliveries", ""),
    ("webhooks redeliver 7 3 9", "POST S/webhooks/3/deliveries/9/redeliver", "{}"),
    ("webhooks redeliver 7 3 --since 2026-10-01", "POST S/webhooks/3/redeliver", r#"{"since":"2026-10-01T00:00:00Z"}"#),
    ("commands show 7 a/b", "GET S/commands/a%2Fb", ""),
    ("outbox list 7", "GET S/outbox", ""),
    ("sync catalog 7", "GET S/catalog", ""),
    (
        "sync connect 7 --meta-id 80 --connection 2 --condition used --reviews false --drift true --mode one_by_one",
        "PUT S/catalog",
        r#"{"condition":"used","connection":2,"drift":true,"meta_id":"80","mode":"one_by_one","reviews":false}"#,
    ),
    ("sync disconnect 7", "DELETE S/catalog", ""),
    ("sync check 7", "POST S/catalog/check", "{}"),
    ("sync status 7 5", "GET S/sync/runs/5", ""),
    ("sync runs 7", "GET S/sync/runs", ""),
    ("sync pause 7 5", "POST S/sync/runs/5/pause", "{}"),
    ("sync resume 7 5", "POST S/sync/runs/5/resume", "{}"),
    ("sync cancel 7 5", "POST S/sync/runs/5/cancel", "{}"),
    ("sync items 7 --state rejected", "GET S/catalog/items?state=rejected", ""),
    ("sync item 7 a/b", "GET S/catalog/items/a%2Fb", ""),
    ("sync appeal 7 APRON --reason why~not", "POST S/catalog/items/APRON/appeal", r#"{"reason":"why not"}"#),
    ("budget show 7", "GET S/budget", ""),
    (
        "budget set 7 --messages-per-hour 9 --graph-reserve default",
        "PUT S/budget",
        r#"{"graph_per_hour":5,"graph_reserve":null,"messages_per_hour":9}"#,
    ),
    ("budget app-hold", "GET /api/v1/app-hold", ""),
    ("actor show 7", "GET S/actor", ""),
    ("actor pause 7", "POST S/actor/pause", "{}"),
    ("actor resume 7", "POST S/actor/resume", "{}"),
    ("actor unload 7", "POST S/actor/unload", "{}"),
    ("audit --limit 1", "GET /api/v1/audit?limit=1", ""),
    ("audit --seller mine", "GET S/audit", ""),
];

/// Those that read or write files, or ask for more than one thing.
const OTHERS: [&str; 9] = [
    "connections connect",
    "products put",
    "products import",
    "products export",
    "modifiers put",
    "events follow",
    "sync start",
    "sync plan",
    "sync follow",
];

fn split(words: &str) -> Vec<String> {
    words.split(' ').map(|word| word.replace('~', " ")).collect()
}

#[tokio::test]
async fn every_verb_asks_for_what_it_says() {
    let standin = Standin::of_everything().await;
    for (words, line, body) in VERBS {
        let split = split(words);
        let words: Vec<&str> = split.iter().map(String::as_str).collect();
        standin.prints(Screen::terminal(100), &words).await;
        let asked = standin.asked().pop().unwrap();
        let (method, path) = line.split_once(' ').unwrap();
        let path = path.strip_prefix('S').map_or(path.to_owned(), |rest| format!("/api/v1/sellers/7{rest}"));
        let body = if body.is_empty() { Value::Null } else { serde_json::from_str(body).unwrap() };
        assert_eq!((asked.line.as_str(), asked.json()), (&*format!("{method} {path}"), body), "{words:?}");
        assert_eq!(asked.header("authorization"), Some("Bearer the key"));
        // What changes nothing may be asked for as often as one likes.
        let is_keyed = method == "POST" && words[0] != "webhook-test";
        assert_eq!(asked.header("idempotency-key").is_some(), is_keyed, "{words:?}");
    }
}

#[test]
fn no_verb_is_left_out() {
    let command = Cli::described();
    let mut known: BTreeSet<String> = OTHERS.iter().map(|&other| other.to_owned()).collect();
    known.extend(VERBS.iter().map(|(words, ..)| words.split(' ').take(2).collect::<Vec<_>>().join(" ")));
    let nouns = command.get_subcommands().filter(|noun| noun.get_name() != "ledger");
    let verbs = nouns
        .flat_map(|noun| noun.get_subcommands().map(move |verb| format!("{} {}", noun.get_name(), verb.get_name())));
    let unknown: Vec<String> = verbs.filter(|verb| !known.contains(verb)).collect();
    assert_eq!(unknown, Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_is_all_that_is_printed_of_what_is_made() {
    let standin = Standin::of_everything().await;
    let made = standin.prints(Screen::pipe(), &["keys", "make", "Till", "--scope", "orders:read"]).await;
    assert_eq!(made, "hwk_1_secret\n");
    assert_eq!(standin.prints(Screen::pipe(), &["webhooks", "rotate", "7", "3"]).await, "whsec_secret\n");
}

#[tokio::test]
async fn files_of_products_go_up_and_come_down_whole() {
    let standin = Standin::start(|asked, _| match asked.line.starts_with("GET") {
        true => http::Response::new("retailer_id,title\nA,Apron\n".into()),
        false => warp::Reply::into_response(warp::reply::json(&json!({
            "dry_run": true, "rows": 2, "problems": { "lines": [{ "row": 2, "code": "bad_price", "detail": "no price" }], "more": 0 },
        }))),
    })
    .await;
    let folder = tempfile::tempdir().unwrap();
    let (source, target) = (folder.path().join("a.csv"), folder.path().join("b.ndjson"));
    let content = "retailer_id,price\nA,1\n".repeat(20_000);
    std::fs::write(&source, &content).unwrap();
    let words = ["products", "import", "7", source.to_str().unwrap(), "--dry-run", "--idempotency-key", "k"];
    let report = standin.prints(Screen::terminal(100), &words).await;
    assert!(report.contains("bad_price") && report.contains("Nothing was changed."), "{report}");
    let asked = standin.asked().pop().unwrap();
    assert_eq!(asked.line, "POST /api/v1/sellers/7/products/import?mode=upsert&dry_run=true&format=csv");
    assert_eq!((asked.header("content-type"), asked.header("idempotency-key")), (Some("text/csv"), Some("k")));
    assert!(asked.body == content.as_bytes(), "all of it came");
    let told = standin.prints(Screen::pipe(), &["products", "export", "7", target.to_str().unwrap()]).await;
    assert!(told.starts_with("26 bytes written to "), "{told}");
    assert_eq!(standin.asked().pop().unwrap().line, "GET /api/v1/sellers/7/products/export?format=ndjson");
    assert_eq!(std::fs::read_to_string(&target).unwrap(), "retailer_id,title\nA,Apron\n");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2, "no part is left");
    assert_eq!(standin.prints(Screen::pipe(), &["products", "export", "7"]).await, "retailer_id,title\nA,Apron\n");
}

#[tokio::test]
async fn lists_are_put_from_a_file() {
    let standin = Standin::of_everything().await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.json");
    for (noun, content, sent) in [
        ("products", r#"[{"retailer_id":"A"}]"#, json!({ "products": [{ "retailer_id": "A" }] })),
        ("modifiers", r#"{"modifiers":[{"id":"gift"}]}"#, json!({ "modifiers": [{ "id": "gift" }] })),
    ] {
        std::fs::write(&file, content).unwrap();
        standin.prints(Screen::pipe(), &[noun, "put", "7", file.to_str().unwrap()]).await;
        let asked = standin.asked().pop().unwrap();
        assert_eq!((asked.json(), asked.line), (sent, format!("PUT /api/v1/sellers/7/{noun}")));
    }
    std::fs::write(&file, "{").unwrap();
    let refused = standin.refuses(&["products", "put", "7", file.to_str().unwrap()]).await;
    assert!(refused.contains("is not JSON"), "{refused}");
}

#[test]
fn a_time_is_so_long_ago_or_as_it_is_written() {
    assert_eq!(moment_ago("2026-10-01").unwrap(), "2026-10-01T00:00:00Z");
    assert_eq!(moment_ago("2026-10-01T12:00:00Z").unwrap(), "2026-10-01T12:00:00Z");
    for (moment, hours) in [(moment_ago("2h"), -2), (moment_ahead("3d"), 72)] {
        let then = moment.unwrap().parse::<chrono::DateTime<chrono::Utc>>().unwrap();
        let minutes = (then - SystemClock.now()).num_minutes();
        assert!((hours * 60 - 1..=hours * 60 + 1).contains(&minutes), "{minutes}");
    }
    assert!(moment_ago("last friday").is_ok(), "the service says what is wrong with it");
    for wrong in ["2 weeks", "-2h", "9999999d", "h"] {
        assert!(moment_ago(wrong).is_err(), "{wrong}");
    }
}
