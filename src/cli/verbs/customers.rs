//! `hawker customers`: who writes to a shop, and how to reach them.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::Value;

use super::notes::{self, On};
use super::{Desk, Does, taken};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, by, number, sheet, text, text_of};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker customers list 1
  hawker customers show 1 3
  hawker customers edit 1 3 --phone +15550100199 --address \"12 Harbour Street\"
  hawker customers export 1 3 ada.json            all that is held of them, for them
  hawker customers forget 1 3 --for-good
  hawker customers note 1 3 \"Prefers to be called in the evening\"";

const ALL: &str = "/api/v1/sellers/{seller}/customers";
const ONE: &str = "/api/v1/sellers/{seller}/customers/{customer}";
const COLUMNS: &[Column] = &[
    number("CUSTOMER", "/id"),
    by("NAME", super::conversations::name_of),
    text("PHONE", "/contact/phone"),
    text("E-MAIL", "/contact/email"),
    text("ADDRESS", "/contact/address"),
];
const FIRST: [&str; 5] = ["id", "name", "username", "meta_id", "contact"];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists customers.
    List {
        seller: Shop,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Shows a customer.
    Show { seller: Shop, customer: i64 },
    /// Writes a name and contact details in the place of what is known; "" takes a detail away.
    Edit {
        seller: Shop,
        customer: i64,
        #[arg(long)]
        name: Option<String>,
        #[arg(long)]
        phone: Option<String>,
        #[arg(long)]
        email: Option<String>,
        #[arg(long)]
        address: Option<String>,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Hands over all that is held of a customer, as JSON.
    Export {
        seller: Shop,
        customer: i64,
        /// Where to; what is there is replaced once all has come [default: standard output].
        file: Option<PathBuf>,
    },
    /// Erases a customer: all they said and all that is known of them. Orders stay, without the person.
    Forget {
        seller: Shop,
        customer: i64,
        /// That it cannot be taken back is understood.
        #[arg(long, required = true)]
        for_good: bool,
        #[command(flatten)]
        how: HowArgs,
    },
    /// Writes a note about a customer, for the staff.
    Note {
        seller: Shop,
        customer: i64,
        text: String,
        #[command(flatten)]
        how: HowArgs,
    },
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List { seller, page } => desk.lists(Call::get(ALL).of(seller), &page, COLUMNS).await,
            Verb::Show { seller, customer } => {
                let call = Call::get(ONE).of(seller).at("customer", customer);
                desk.shows(call, |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Edit { seller, customer, name, phone, email, address, how } => {
                let call = Call::patch(ONE).of(seller).at("customer", customer).saying_some("name", name);
                let call = call.saying_some("phone", phone).saying_some("email", email);
                let call = call.saying_some("address", address);
                desk.does(call, &how, |screen, it| sheet(screen, it, &FIRST)).await
            }
            Verb::Export { seller, customer, file } => {
                let call = Call::get("/api/v1/sellers/{seller}/customers/{customer}/export").of(seller);
                taken::save(desk, call.at("customer", customer), file).await
            }
            Verb::Forget { seller, customer, for_good: _, how } => {
                let call = Call::post("/api/v1/sellers/{seller}/customers/{customer}/forget").of(seller);
                desk.does(call.at("customer", customer), &how, |_, begun| begun_erasure(begun)).await
            }
            Verb::Note { seller, customer, text, how } => {
                notes::write(desk, seller, On::Customer(customer), &text, &how).await
            }
        }
    }
}

fn begun_erasure(begun: &Value) -> String {
    match begun["already"] == true {
        true => "The customer was erased before.\n".to_owned(),
        false => {
            let erasure = text_of(&begun["erasure"]);
            format!("It has begun: `hawker erasures show SELLER {erasure}` says how far it is, and has the receipt.\n")
        }
    }
}
