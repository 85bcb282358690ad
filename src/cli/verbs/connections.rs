//! `hawker connections`: a shop's accounts at Meta.

use std::io::{IsTerminal, Read};

use anyhow::{Context, bail};
use clap::Subcommand;

use super::{Desk, Does, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, exact, number, text, text_of};
use crate::vault::Secret;

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker connections list 1
  hawker connections connect 1 instagram 17841400000000001 --name linen.shop --page-id 102030405060708 <token.txt
  hawker connections disconnect 1 7

The token is read from standard input, or from META_TOKEN; an argument would be seen by everybody on this machine.";

const ALL: &str = "/api/v1/sellers/{seller}/connections";
const COLUMNS: &[Column] = &[
    number("CONNECTION", "/id"),
    exact("CHANNEL", "/channel"),
    exact("ACCOUNT", "/account_id"),
    text("NAME", "/name"),
    text("LINKED", "/linked"),
    exact("STATE", "/state"),
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
    /// Connects an account, with a token from standard input or META_TOKEN.
    Connect {
        seller: Shop,
        #[arg(value_parser = one_of(["instagram", "messenger", "whatsapp"]))]
        channel: String,
        /// The number that Meta gave the account.
        #[arg(value_name = "ACCOUNT_ID")]
        account: String,
        /// What people call it; on WhatsApp, the number as customers see it.
        #[arg(long)]
        name: String,
        /// The Page that an Instagram account is linked to.
        #[arg(long, value_name = "ID")]
        page_id: Option<String>,
        /// The Instagram account that is linked to a Page.
        #[arg(long, value_name = "ID")]
        instagram_id: Option<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Disconnects an account.
    Disconnect { seller: Shop, connection: i64 },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(Call::get(ALL).of(seller), &page, COLUMNS).await,
            Verb::Connect { seller, channel, account, name, page_id, instagram_id, how } => {
                let named = if channel == "whatsapp" { "display_number" } else { "username" };
                let call = Call::post(ALL).of(seller).saying("channel", channel).saying("account_id", account);
                let call = call.saying(named, name).saying_some("page_id", page_id);
                let call = call.saying_some("instagram_id", instagram_id).saying("token", token()?.expose());
                desk.does(call, &how, |_, made| format!("Connection {} was made.\n", text_of(&made["id"]))).await
            }
            Verb::Disconnect { seller, connection } => {
                let call = Call::delete("/api/v1/sellers/{seller}/connections/{connection}").of(seller);
                let said = format!("Connection {connection} is disconnected.\n");
                desk.does(call.at("connection", connection), &HowArgs::default(), |_, _| said).await
            }
        }
    }
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
