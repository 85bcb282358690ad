//! What the reader made of a message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a message says, with the words that say it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Reading {
    /// What the customer is after.
    pub intent: Intent,
    /// Products named, in the order of the text.
    pub lines: Vec<ReadLine>,
    /// Options said without a product (`in M`, `blue please`): they complete lines of earlier messages.
    pub loose_options: Vec<LooseOption>,
    /// A quantity said without a product (`make it 3`): it corrects the line before.
    pub loose_quantity: Option<u32>,
    /// True when what is counted comes on top of what was said before: `one more apron`, `another one`.
    pub more: bool,
    /// The words that want the same as last time.
    pub again: Option<Evidence>,
    /// A yes or a no and nothing else.
    pub answer: Option<YesNo>,
    /// How to reach the customer.
    pub contact: Contact,
    /// From 0 (a guess) to 1 (sure), over everything read.
    pub confidence: f32,
}

/// What a customer is after.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Intent {
    /// To buy.
    Order,
    /// To know something.
    Question,
    /// To have an order otherwise.
    Change,
    /// To have no order after all.
    Cancel,
    /// To say hello.
    Greeting,
    /// To complain.
    Complaint,
    /// Anything else.
    #[default]
    Other,
}

/// An answer to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum YesNo {
    /// Yes.
    Yes,
    /// No.
    No,
}

/// One product named in a message.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadLine {
    /// The product's SKU.
    pub product: String,
    /// The variant's SKU, once the words pin it down.
    pub variant: Option<String>,
    /// Option values said so far, as (name, value); fewer than the product has when the variant is open.
    pub options: Vec<(String, String)>,
    /// Modifier ids, with `NOT `, `EXTRA `, `NOT EXTRA ` or `LIGHT ` in front where said; several that fit equally well
    /// are joined by `|`.
    pub modifiers: Vec<String>,
    /// How many; 1 when nothing was said.
    pub quantity: u32,
    /// What is to be done with it.
    pub change: LineChange,
    /// Which words led here, as they stand in the message.
    pub evidence: Vec<Evidence>,
    /// From 0 to 1.
    pub confidence: f32,
}

/// What a line asks for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LineChange {
    /// So many of it are wanted; said again, it is the same wish.
    #[default]
    Add,
    /// Exactly so many are wanted, whatever was said before.
    Set,
    /// None is wanted.
    Remove,
}

/// An option value said without its product.
#[derive(Clone, Debug, PartialEq)]
pub struct LooseOption {
    /// `Size`
    pub name: String,
    /// `M`
    pub value: String,
    /// The words.
    pub evidence: Evidence,
}

/// Words of the message, and what they were taken for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// As they stand in the message.
    pub words: String,
    /// `product`, `quantity`, `option Size`, ...
    #[serde(rename = "for")]
    pub of: String,
}

/// How to reach a customer.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Contact {
    /// Digits, with a leading `+` where it was said.
    pub phone: Option<String>,
    /// An e-mail address, in lower case.
    pub email: Option<String>,
    /// A postal address, as written.
    pub address: Option<String>,
}

impl Contact {
    /// True when nothing is known.
    pub fn is_empty(&self) -> bool {
        self.phone.is_none() && self.email.is_none() && self.address.is_none()
    }

    /// Takes over what `newer` knows.
    pub fn learn(&mut self, newer: &Contact) {
        for (mine, theirs) in
            [(&mut self.phone, &newer.phone), (&mut self.email, &newer.email), (&mut self.address, &newer.address)]
        {
            if theirs.is_some() {
                mine.clone_from(theirs);
            }
        }
    }
}
