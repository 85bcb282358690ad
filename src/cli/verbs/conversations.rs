//! `hawker conversations`: what was said, and answering.

mod transcript;

use actors::domain::order::Look;
use clap::{Args, Subcommand};
use serde_json::Value;

use super::notes::{self, On};
use super::{Desk, Does, one_of};
use crate::cli::desk::HowArgs;
use crate::cli::service::{Call, PageArgs, Shop};
use crate::cli::shown::{Column, account, brief, by, exact, number, rows, text, text_of, time};

pub(super) const EXAMPLES: &str = "\
Examples:
  hawker conversations list 1 --needs-look              what a person should look at
  hawker conversations list 1 --unread --label vip
  hawker conversations show 1 5                         who it is, and what was said
  hawker conversations send 1 5 \"It is on its way\"
  hawker conversations send 1 5 --image https://shop.example/apron.jpg
  hawker conversations label 1 5 --add vip --remove new
  hawker conversations assign 1 5 --to mia              or --to-nobody
  hawker conversations archive 1 5                      --undo takes it out again
  hawker conversations read 1 5
  hawker conversations looks 1 5 unsure attachment      somebody has looked into these
  hawker conversations hand-over 1 5 --to-people        or --back
  hawker conversations note 1 5 \"Asked for a discount\"";

const ALL: &str = "/api/v1/sellers/{seller}/conversations";
const COLUMNS: &[Column] = &[
    number("CONV.", "/id"),
    by("WITH", with),
    account("ON", "/account"),
    time("LAST (UTC)", "/last_message_at"),
    number("UNREAD", "/unread"),
    by("LOOK AT", look),
    text("LABELS", "/labels"),
    exact("GIVEN TO", "/assignee"),
    brief("LAST WORDS", "/preview"),
];

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum Verb {
    /// Lists conversations.
    List(ListArgs),
    /// Shows a conversation with its messages, the newest below.
    Show {
        seller: Shop,
        conversation: i64,
        #[command(flatten)]
        page: PageArgs,
    },
    /// Says something to the customer, in the shop's name.
    Send(SendArgs),
    /// Puts labels on, and takes others off.
    Label {
        #[command(flatten)]
        which: Which,
        /// A label to put on.
        #[arg(long, value_name = "LABEL", required_unless_present = "remove")]
        add: Vec<String>,
        /// A label to take off.
        #[arg(long, value_name = "LABEL")]
        remove: Vec<String>,
    },
    /// Gives a conversation to somebody of the staff.
    Assign {
        #[command(flatten)]
        which: Which,
        /// To whom, by the name the shop uses.
        #[arg(long, value_name = "NAME", required_unless_present = "to_nobody")]
        to: Option<String>,
        /// To nobody.
        #[arg(long, conflicts_with = "to")]
        to_nobody: bool,
    },
    /// Puts a conversation away; the customer's next word takes it out again.
    Archive {
        #[command(flatten)]
        which: Which,
        /// Takes it out again.
        #[arg(long)]
        undo: bool,
    },
    /// Says that somebody has read it.
    Read {
        #[command(flatten)]
        which: Which,
        /// Up to this message [default: all of it].
        #[arg(long, value_name = "MESSAGE")]
        through: Option<i64>,
    },
    /// Says that somebody has looked into what it was marked for.
    Looks {
        #[command(flatten)]
        which: Which,
        /// What was looked into.
        #[arg(required = true, value_name = "LOOK", value_parser = one_of(Look::ALL.map(Look::name)))]
        settled: Vec<String>,
    },
    /// Lets people alone answer, or the shop by itself again.
    HandOver {
        #[command(flatten)]
        which: Which,
        /// People alone answer from now on.
        #[arg(long, required_unless_present = "back")]
        to_people: bool,
        /// The shop answers by itself again.
        #[arg(long, conflicts_with = "to_people")]
        back: bool,
    },
    /// Writes a note about a conversation, for the staff.
    Note {
        #[command(flatten)]
        which: Which,
        text: String,
    },
}

#[derive(Debug, Args)]
pub(in crate::cli) struct Which {
    seller: Shop,
    conversation: i64,
    #[command(flatten)]
    how: HowArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct ListArgs {
    seller: Shop,
    /// Those that were put away.
    #[arg(long)]
    archived: bool,
    /// Only those with unread messages.
    #[arg(long)]
    unread: bool,
    /// Only those that a person should look at.
    #[arg(long)]
    needs_look: bool,
    /// Only those with this label.
    #[arg(long)]
    label: Option<String>,
    /// Only those that were given to this person.
    #[arg(long, value_name = "NAME")]
    assignee: Option<String>,
    #[command(flatten)]
    page: PageArgs,
}

#[derive(Debug, Args)]
pub(in crate::cli) struct SendArgs {
    #[command(flatten)]
    which: Which,
    /// The words.
    #[arg(required_unless_present_any = ["image", "video", "audio", "file"])]
    text: Option<String>,
    /// A picture, by its https address.
    #[arg(long, value_name = "URL", group = "attachment")]
    image: Option<String>,
    /// A video.
    #[arg(long, value_name = "URL", group = "attachment")]
    video: Option<String>,
    /// Sound.
    #[arg(long, value_name = "URL", group = "attachment")]
    audio: Option<String>,
    /// Any other file.
    #[arg(long, value_name = "URL", group = "attachment")]
    file: Option<String>,
}

impl ListArgs {
    fn call(&self) -> Call {
        let call = Call::get(ALL).of(self.seller).asking_if("archived", self.archived).asking_if("unread", self.unread);
        let call = call.asking_if("needs_look", self.needs_look).asking("label", self.label.as_ref());
        call.asking("assignee", self.assignee.as_ref())
    }
}

impl SendArgs {
    fn attachment(&mut self) -> Option<Value> {
        let kinds = [
            ("image", self.image.take()),
            ("video", self.video.take()),
            ("audio", self.audio.take()),
            ("file", self.file.take()),
        ];
        kinds.into_iter().find_map(|(kind, url)| Some(serde_json::json!({ "kind": kind, "url": url? })))
    }
}

impl Which {
    fn call(&self, route: &'static str) -> Call {
        Call::post(route).of(self.seller).at("conversation", self.conversation)
    }

    async fn does(&self, desk: &Desk, call: Call, said: &str) -> anyhow::Result<()> {
        desk.does(call, &self.how, |_, _| format!("{said}\n")).await
    }
}

/// A route under a conversation.
macro_rules! under {
    ($rest:literal) => {
        concat!("/api/v1/sellers/{seller}/conversations/{conversation}", $rest)
    };
}

impl Does for Verb {
    async fn run(self, desk: &Desk) -> anyhow::Result<()> {
        match self {
            Verb::List(args) => desk.lists(args.call(), &args.page, COLUMNS).await,
            Verb::Show { seller, conversation, page } => show(desk, seller, conversation, &page).await,
            Verb::Send(mut args) => {
                let call = args.which.call(under!("/messages")).saying_some("text", args.text.take());
                let call = call.saying_some("attachment", args.attachment());
                desk.does(call, &args.which.how, sent).await
            }
            Verb::Label { which, add, remove } => {
                let call = which.call(under!("/labels")).saying("add", add).saying("remove", remove);
                which.does(desk, call, "The labels are as you said.").await
            }
            Verb::Assign { which, to, .. } => {
                let said = if to.is_some() { "It is given to them." } else { "It is given to nobody." };
                which.does(desk, which.call(under!("/assign")).saying("to", to), said).await
            }
            Verb::Archive { which, undo } => {
                let said = if undo { "It is out again." } else { "It is put away." };
                which.does(desk, which.call(under!("/archive")).saying("archived", !undo), said).await
            }
            Verb::Read { which, through } => {
                let call = which.call(under!("/read")).saying_some("through", through);
                which.does(desk, call, "It is read.").await
            }
            Verb::Looks { which, settled } => {
                let call = which.call(under!("/looks")).saying("settled", settled);
                which.does(desk, call, "It is marked as looked into.").await
            }
            Verb::HandOver { which, to_people, .. } => {
                let said = if to_people { "People alone answer now." } else { "The shop answers by itself again." };
                which.does(desk, which.call(under!("/hand-over")).saying("people_only", to_people), said).await
            }
            Verb::Note { which, text } => {
                let Which { seller, conversation, how } = which;
                notes::write(desk, seller, On::Conversation(conversation), &text, &how).await
            }
        }
    }
}

async fn show(desk: &Desk, seller: Shop, conversation: i64, page: &PageArgs) -> anyhow::Result<()> {
    let about = Call::get(under!("")).of(seller).at("conversation", conversation);
    let about = desk.service.send(&about).await?;
    let said = Call::get(under!("/messages")).of(seller).at("conversation", conversation);
    let said = desk.service.rows(&said, page).await?;
    let both = || format!("{{\"conversation\":{},\"messages\":{}}}", about.text, said.text);
    match desk.json {
        true => desk.print_line(&both()),
        false => desk.print(&transcript::transcript(desk.screen, &about.value, &said)),
    }
}

fn sent(_: crate::cli::shown::Screen, message: &Value) -> String {
    let id = if message["message"].is_null() { &message["id"] } else { &message["message"] };
    let id = if id.is_object() { &id["id"] } else { id };
    format!("Message {} is on its way.\n", text_of(id))
}

/// The customer of a conversation.
fn with(conversation: &Value) -> String {
    name_of(&conversation["customer"])
}

/// What people call a customer.
pub(super) fn name_of(customer: &Value) -> String {
    let names = ["name", "username", "meta_id"];
    let named = names.iter().find_map(|name| customer[*name].as_str().filter(|name| !name.is_empty()));
    named.map_or_else(|| text_of(customer), crate::cli::shown::clean_line)
}

fn look(conversation: &Value) -> String {
    let causes = rows(&conversation["needs_look"]).into_iter();
    causes
        .map(|look| if look.is_object() { text_of(&look["cause"]) } else { text_of(look) })
        .collect::<Vec<_>>()
        .join(", ")
}
