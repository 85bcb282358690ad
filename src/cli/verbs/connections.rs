//! `hawker connections`: a shop's accounts at Meta.

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use clap::Subcommand;
use serde_json::json;

use super::{Desk, Does, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, exact, number, sheet, text, text_of};
use crate::vault::Secret;

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker connections list 1
  hawker connections connect 1
  hawker connections connect 1 --way instagram
  hawker connections connect 1 --for catalog
  hawker connections connect 1 instagram 17841400000000001 --name linen.shop --page-id 102030405060708 <token.txt
  hawker connections reconnect 1 7
  hawker connections progress 1 5
  hawker connections choose 1 5 17841400000000001
  hawker connections release 1 7 --to 2
  hawker connections verify-token 1 7
  hawker connections disconnect 1 7

Without an account, an address is printed: open it in a browser and sign in at Meta. With one, the token is read from standard input, or from META_TOKEN; an argument would be seen by everybody on this machine.";

const ALL: &str = "/api/v1/sellers/{seller}/connections";
const BEGIN: &str = "/api/v1/sellers/{seller}/connecting";
const VERIFY_TOKEN: &str = "/api/v1/sellers/{seller}/connections/{connection}/verify-token";
/// What is shown first of somebody on the way.
const FIRST: [&str; 3] = ["stage", "result", "detail"];
const COLUMNS: &[Column] = &[
    number("CONNECTION", "/id"),
    exact("CHANNEL", "/channel"),
    exact("ACCOUNT", "/account_id"),
    text("NAME", "/name"),
    text("LINKED", "/linked"),
    exact("STATE", "/state"),
    text("CAUSE", "/cause"),
];
/// No token of Meta's is longer.
const MOST_BYTES: u64 = 16 * 1024;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists the accounts that are or were connected.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Prints an address at which an account is connected; or connects one by hand, with a token.
    Connect {
        seller: Shop,
        /// By hand: where the account is.
        #[arg(value_parser = one_of(["instagram", "messenger", "whatsapp"]), requires = "account")]
        channel: Option<String>,
        /// By hand: the number that Meta gave the account.
        #[arg(value_name = "ACCOUNT_ID", requires = "name")]
        account: Option<String>,
        /// By hand: what people call it; on WhatsApp, the number as customers see it.
        #[arg(long, requires = "channel")]
        name: Option<String>,
        /// By hand: the Page that an Instagram account is linked to.
        #[arg(long, value_name = "ID", requires = "channel")]
        page_id: Option<String>,
        /// By hand: the Instagram account that is linked to a Page.
        #[arg(long, value_name = "ID", requires = "channel")]
        instagram_id: Option<String>,
        #[command(flatten)]
        by: ByArgs,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Prints an address at which an account is connected again.
    Reconnect {
        seller: Shop,
        connection: i64,
        #[command(flatten)]
        by: ByArgs,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Shows how far somebody is who was given such an address.
    Progress {
        seller: Shop,
        /// The number that was printed with the address.
        connecting: i64,
    },
    /// Chooses one of several accounts that were granted.
    Choose {
        seller: Shop,
        /// The number that was printed with the address.
        connecting: i64,
        /// Meta's number of the account.
        #[arg(value_name = "ACCOUNT_ID")]
        account: String,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Lets another seller connect an account, or nobody any more.
    Release {
        seller: Shop,
        connection: i64,
        /// The other seller's number; without it, nobody.
        #[arg(long, value_name = "SELLER")]
        to: Option<i64>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Makes a connection a verify token of its own, and prints it once.
    VerifyToken {
        seller: Shop,
        connection: i64,
        /// Takes it away instead.
        #[arg(long)]
        remove: bool,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Disconnects an account.
    Disconnect { seller: Shop, connection: i64 },
}

/// How to sign in, and what for.
#[derive(Debug, clap::Args)]
pub(in crate::cli) struct ByArgs {
    /// Which login.
    #[arg(long, value_parser = one_of(["facebook", "instagram"]))]
    way: Option<String>,
    /// What for.
    #[arg(long = "for", value_name = "USE", value_parser = one_of(["messages", "catalog", "both"]))]
    purpose: Option<String>,
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(Call::get(ALL).of(seller), &page, COLUMNS).await,
            Verb::Connect { seller, channel: None, by, how, .. } => {
                invite(desk, Call::post(BEGIN).of(seller), by, &how).await
            }
            Verb::Connect { seller, channel: Some(channel), account, name, page_id, instagram_id, how, .. } => {
                let named = if channel == "whatsapp" { "display_number" } else { "username" };
                let call = Call::post(ALL).of(seller).saying("channel", channel).saying_some("account_id", account);
                let call = call.saying_some(named, name).saying_some("page_id", page_id);
                let call = call.saying_some("instagram_id", instagram_id).saying("token", token()?.expose());
                desk.does(call, &how, |_, made| format!("Connection {} was made.\n", text_of(&made["id"]))).await
            }
            Verb::Reconnect { seller, connection, by, how } => {
                let call = Call::post("/api/v1/sellers/{seller}/connections/{connection}/reconnect").of(seller);
                invite(desk, call.at("connection", connection), by, &how).await
            }
            Verb::Progress { seller, connecting } => {
                let call = Call::get("/api/v1/sellers/{seller}/connecting/{connecting}").of(seller);
                desk.shows(call.at("connecting", connecting), |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Choose { seller, connecting, account, how } => {
                let call = Call::post("/api/v1/sellers/{seller}/connecting/{connecting}/choose").of(seller);
                let call = call.at("connecting", connecting).saying("account_id", account);
                desk.does(call, &how, |_, it| format!("Connection {} was made.\n", text_of(&it["connection"]))).await
            }
            Verb::Release { seller, connection, to, how } => {
                let call = Call::post("/api/v1/sellers/{seller}/connections/{connection}/release").of(seller);
                let said = match to {
                    Some(to) => format!("Seller {to} may connect the account of connection {connection} now.\n"),
                    None => format!("The account of connection {connection} stays where it is.\n"),
                };
                desk.does(call.at("connection", connection).saying("to", to), &how, |_, _| said).await
            }
            Verb::VerifyToken { seller, connection, remove: true, .. } => {
                let call = Call::delete(VERIFY_TOKEN).of(seller).at("connection", connection);
                let said = format!("Connection {connection} has no verify token of its own any more.\n");
                desk.does(call, &HowArgs::default(), |_, _| said).await
            }
            Verb::VerifyToken { seller, connection, how, .. } => {
                let call = Call::post(VERIFY_TOKEN).of(seller).at("connection", connection);
                desk.does(call, &how, |_, made| format!("{}\n", text_of(&made["verify_token"]))).await
            }
            Verb::Disconnect { seller, connection } => {
                let call = Call::delete("/api/v1/sellers/{seller}/connections/{connection}").of(seller);
                let said = format!("Connection {connection} is disconnected.\n");
                desk.does(call.at("connection", connection), &HowArgs::default(), |_, _| said).await
            }
        }
    }
}

async fn invite(desk: &Desk, call: Call, by: ByArgs, how: &HowArgs) -> anyhow::Result<()> {
    let call = call.saying_all(json!({})).saying_some("way", by.way).saying_some("for", by.purpose);
    let said = |_, made: &serde_json::Value| {
        let (open, id) = (text_of(&made["open"]), text_of(&made["id"]));
        format!("Open within ten minutes, in the browser that is to sign in:\n  {open}\nIts number is {id}.\n")
    };
    desk.does(call, how, said).await
}

/// Meta's token: from the environment, from whoever types it unseen, or from what is piped in.
fn token() -> anyhow::Result<Secret> {
    if let Some(token) = std::env::var("META_TOKEN").ok().filter(|token| !token.is_empty()) {
        return Ok(Secret::from(token));
    }
    let mut token = String::new();
    if std::io::stdin().is_terminal() {
        eprint!("The token, which is not shown: ");
        token = console::Term::stderr().read_secure_line().context("could not read the token")?;
    } else {
        std::io::stdin().take(MOST_BYTES).read_to_string(&mut token).context("could not read the token")?;
    }
    match token.trim() {
        "" => bail!("no token: pipe it in, as in `... <token.txt`, or set META_TOKEN"),
        token => Ok(Secret::from(token)),
    }
}
