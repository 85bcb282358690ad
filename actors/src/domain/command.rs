//! Changes of a shop that staff or another system ask for. They go through the seller's inbox like everything else.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::budget::OwnCaps;
use super::catalog::{Modifier, Product};
use super::conversation::LeadStage;
use super::erasure::{KeepDays, Person};
use super::ids::{ConnectionId, ConversationId, CustomerId, LeadId, MessageId, NoteId, OrderId, RunId};
use super::order::Look;
use super::outgoing::Outgoing;
use super::reading::Contact;
use super::sync::catalog::CatalogSettings;
use super::sync::run::RunKind;

/// A command with who gave it, as the inbox keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Commanded {
    /// Who gave it, as histories name them; none: the service itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<String>,
    /// What is to be done.
    #[serde(flatten)]
    pub command: Command,
}

impl From<Command> for Commanded {
    fn from(command: Command) -> Self {
        Self { by: None, command }
    }
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Adds these products, or puts them in the place of those with the same `retailer_id`.
    PutProducts {
        /// The products as they are to be.
        products: Vec<Product>,
    },
    /// Adds or replaces products of a file, one by one: one that cannot be taken stops no other.
    ImportProducts(Block),
    /// Takes products out of the catalog. Orders keep what they say of them.
    RemoveProducts {
        /// Their `retailer_id`s.
        products: Vec<String>,
    },
    /// Adds these modifiers, or puts them in the place of those with the same id.
    PutModifiers {
        /// The modifiers as they are to be.
        modifiers: Vec<Modifier>,
    },
    /// Takes modifiers out of the catalog.
    RemoveModifiers {
        /// Their ids.
        modifiers: Vec<String>,
    },
    /// Makes a draft in a conversation, by hand.
    OpenOrder {
        /// Where.
        conversation: ConversationId,
        /// What is wanted.
        lines: Vec<LineWanted>,
    },
    /// Makes a draft be as given. Once its lines are given, no message changes them.
    EditOrder {
        /// Which.
        order: OrderId,
        /// The version it was edited from.
        version: i64,
        /// All lines it is to have; none: as they are, and as what is said makes them.
        lines: Option<Vec<LineWanted>>,
        /// Contact details to put in the place of what is known; none: as they are. An empty text: as the customer said.
        contact: Option<Contact>,
    },
    /// Confirms a draft.
    ConfirmOrder(OrderAt),
    /// Ends an order that is not wanted any more.
    CancelOrder(OrderAt),
    /// Hands a confirmed order over.
    FulfilOrder(OrderAt),
    /// Says something to a customer, in the seller's name.
    Send {
        /// To whom.
        to: Recipient,
        /// The words.
        text: Option<String>,
        /// A picture or the like.
        attachment: Option<Outgoing>,
    },
    /// Writes a note for staff; customers never see it.
    Note {
        /// What about.
        on: NoteOn,
        /// The words.
        text: String,
    },
    /// Takes a note away.
    RemoveNote {
        /// Which.
        note: NoteId,
    },
    /// Puts labels on a conversation, and takes others off.
    Label {
        /// Which.
        conversation: ConversationId,
        /// To put on.
        add: Vec<String>,
        /// To take off.
        remove: Vec<String>,
    },
    /// Gives a conversation to somebody of the staff, or to nobody.
    Assign {
        /// Which.
        conversation: ConversationId,
        /// To whom, by the name the shop uses.
        to: Option<String>,
    },
    /// Puts a conversation away, or takes it out again. A customer's next word takes it out as well.
    Archive {
        /// Which.
        conversation: ConversationId,
        /// True: away.
        archived: bool,
    },
    /// Says that somebody has read a conversation.
    MarkRead {
        /// Which.
        conversation: ConversationId,
        /// Up to this message; none: all of it.
        through: Option<MessageId>,
    },
    /// Says that somebody has looked into what a conversation was marked for.
    SettleLooks {
        /// Which.
        conversation: ConversationId,
        /// What was looked into.
        looks: Vec<Look>,
    },
    /// Lets the customer be answered by people only, or by us again.
    HandOver {
        /// Which conversation.
        conversation: ConversationId,
        /// True: by people only.
        people_only: bool,
    },
    /// Puts contact details and a name in the place of what is known of a customer.
    EditCustomer {
        /// Who.
        customer: CustomerId,
        /// Details to put; none: as it is. An empty text: not known any more.
        contact: Contact,
        /// The name; none: as it is.
        name: Option<String>,
    },
    /// Erases a person: everything of them but what was agreed.
    Forget {
        /// Whom.
        person: Person,
        /// The confirmation code of Meta's request, where it is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request: Option<String>,
    },
    /// From now on, customers who say nothing more are remembered for so long.
    KeepFor {
        /// How many days; none: for ever.
        days: Option<KeepDays>,
    },
    /// Erases whoever has said nothing for longer than that, without waiting for the day's time.
    EraseAged,
    /// Says how far a lead is.
    MoveLead {
        /// Which.
        lead: LeadId,
        /// How far.
        stage: LeadStage,
    },
    /// Spends calls that somebody else makes in the seller's name, before they are made.
    SpendCalls {
        /// How many: all of them, or none.
        calls: u32,
        /// Whether a person waits for them.
        urgent: bool,
    },
    /// Lets the shop go up to a catalog at Meta, and says how it is kept up.
    PutCatalog(CatalogWanted),
    /// Lets the shop go up to none. What is at Meta stays there.
    RemoveCatalog,
    /// Asks Meta about the catalog.
    CheckCatalog,
    /// Starts a run of the catalog sync, or joins the one that is open.
    StartSync(RunWanted),
    /// Lets a run wait until somebody resumes it.
    PauseSync {
        /// Which; none: the one that is open.
        run: Option<RunId>,
    },
    /// Goes on with a run that waits.
    ResumeSync {
        /// Which; none: the one that is open.
        run: Option<RunId>,
    },
    /// Ends a run.
    CancelSync {
        /// Which; none: the one that is open.
        run: Option<RunId>,
    },
    /// Asks Meta for another review of a rejected item.
    Appeal {
        /// Its SKU.
        retailer_id: String,
        /// Why it should be shown.
        reason: String,
    },
    /// Gives a seller caps of its own.
    PutBudget {
        /// The caps.
        caps: OwnCaps,
    },
}

/// A catalog at Meta as somebody wants it to be used.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CatalogWanted {
    /// Meta's id of it.
    pub meta_id: String,
    /// With whose token it is changed.
    pub connection: ConnectionId,
    /// How it is kept up.
    pub settings: CatalogSettings,
}

/// A run as somebody wants it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunWanted {
    /// What kind of run.
    pub kind: RunKind,
    /// True when items that Meta rejected are sent again as they are.
    #[serde(default)]
    pub rejected_again: bool,
}

/// A part of a file of products.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Block {
    /// A print of all that this part of the file says, so that another file under the same key is told apart.
    pub print: String,
    /// The products of it that are to be put.
    pub products: Vec<Product>,
    /// True when the file does not say how many are left of anything: what is known of that stays.
    #[serde(default)]
    pub keeps_stock: bool,
}

/// An order as somebody saw it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderAt {
    /// Which.
    pub order: OrderId,
    /// The version that was seen; none: whatever it is by now.
    pub version: Option<i64>,
}

/// A line of an order as somebody wants it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LineWanted {
    /// The product's SKU.
    pub product: String,
    /// The variant's SKU.
    pub variant: Option<String>,
    /// Modifier ids.
    #[serde(default)]
    pub modifiers: Vec<String>,
    /// How many; at least 1.
    pub quantity: u32,
}

/// To whom something is said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recipient {
    /// The customer of this conversation.
    Conversation(ConversationId),
    /// The customer with this id at Meta, on whichever account wrote from it.
    MetaId(String),
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteOn {
    /// A conversation.
    Conversation(ConversationId),
    /// An order.
    Order(OrderId),
    /// A customer.
    Customer(CustomerId),
}

/// Why a command was not done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// What kind of refusal it is.
    pub kind: RefusedKind,
    /// A stable code.
    pub code: &'static str,
    /// A sentence that says what to do.
    pub detail: String,
}

/// Kinds of refusals, as HTTP tells them apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusedKind {
    /// What it is about is not there.
    NotFound,
    /// It is not as whoever asked believes.
    Conflict,
    /// It cannot be done to any shop like this.
    Invalid,
}

impl Refused {
    /// What it is about is not there.
    pub fn not_found(code: &'static str, detail: impl Into<String>) -> Self {
        Self { kind: RefusedKind::NotFound, code, detail: detail.into() }
    }

    /// It is not as whoever asked believes.
    pub fn conflict(code: &'static str, detail: impl Into<String>) -> Self {
        Self { kind: RefusedKind::Conflict, code, detail: detail.into() }
    }

    /// It cannot be done like this.
    pub fn invalid(code: &'static str, detail: impl Into<String>) -> Self {
        Self { kind: RefusedKind::Invalid, code, detail: detail.into() }
    }

    /// As it is kept for who asked.
    pub fn to_answer(&self) -> Value {
        let status = match self.kind {
            RefusedKind::NotFound => 404,
            RefusedKind::Conflict => 409,
            RefusedKind::Invalid => 422,
        };
        json!({ "error": self.code, "detail": self.detail, "status": status })
    }
}

/// What a command is answered: what was done, or why not.
pub type Answered = Result<Value, Refused>;
