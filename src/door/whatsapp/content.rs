//! What a WhatsApp message holds, by its type: words, pictures, places, cards, a cart, a button.

use actors::domain::event::Wish;
use actors::domain::outcome::Reason;

use super::super::attachments::place_words;
use super::super::json::{Fields, bounded};

/// The longest type word that is kept.
const WORD_LIMIT: usize = 100;

/// The longest answer of a form that is kept beside the raw bytes.
const ANSWER_LIMIT: usize = 4096;

/// What a message holds.
#[derive(Default)]
pub(super) struct Content {
    pub(super) text: Option<String>,
    pub(super) payload: Option<String>,
    pub(super) attachments: Vec<String>,
    pub(super) wishes: Vec<Wish>,
}

impl Content {
    /// What this message holds.
    pub(super) fn of(message: &Fields<'_>) -> Result<Self, Reason> {
        let word = message.text("type").map_or_else(|| "unknown".to_owned(), |word| bounded(word, WORD_LIMIT));
        let body = message.object(&word).unwrap_or(Fields(Vec::new()));
        Ok(match word.as_str() {
            "text" => {
                body.get("body").ok_or(Reason::Unreadable)?;
                Self { text: body.words("body")?, ..Self::default() }
            }
            "button" => Self { text: body.words("text")?, payload: body.text("payload"), ..Self::default() },
            "interactive" => Self::answer(&body)?,
            "order" => Self::cart(&body)?,
            "location" => Self { text: place(&body), ..Self::attached(word) },
            "contacts" => {
                let cards: Vec<String> = message.objects("contacts").iter().map(card).collect();
                Self { text: (!cards.is_empty()).then(|| cards.join("\n")), ..Self::attached(word) }
            }
            "unknown" | "unsupported" => Self::attached("unsupported".to_owned()),
            // Pictures and the like, and whatever Meta thinks of next.
            _ => Self { text: body.words("caption")?, ..Self::attached(word) },
        })
    }

    fn attached(word: String) -> Self {
        Self { attachments: vec![word], ..Self::default() }
    }

    /// A button, a row of a list, or a form that was filled in.
    fn answer(interactive: &Fields<'_>) -> Result<Self, Reason> {
        let choice = ["button_reply", "list_reply"].into_iter().find_map(|name| interactive.object(name));
        if let Some(choice) = choice {
            return Ok(Self { text: choice.words("title")?, payload: choice.text("id"), ..Self::default() });
        }
        if let Some(form) = interactive.object("nfm_reply") {
            let answer = form.text("response_json").map(|answer| bounded(answer, ANSWER_LIMIT));
            return Ok(Self { text: form.words("body")?, payload: answer, ..Self::default() });
        }
        let word = interactive.text("type").map_or_else(|| "interactive".to_owned(), |word| bounded(word, WORD_LIMIT));
        Ok(Self::attached(word))
    }

    /// The prices in a cart are those that the customer's device saw; ours count.
    fn cart(order: &Fields<'_>) -> Result<Self, Reason> {
        let items = order.list("product_items");
        let wishes: Vec<Wish> = items.iter().filter_map(|item| wish(&Fields::read(item.get())?)).collect();
        // A cart that was not understood whole is for a person to look at.
        let attachments =
            if wishes.is_empty() || wishes.len() < items.len() { vec!["order".to_owned()] } else { Vec::new() };
        Ok(Self { text: order.words("text")?, wishes, attachments, payload: None })
    }
}

fn wish(item: &Fields<'_>) -> Option<Wish> {
    let product = item.id("product_retailer_id")?;
    // It comes as a number and as text.
    let quantity = item.text("quantity").map(|quantity| quantity.trim().parse().ok().filter(|quantity| *quantity > 0));
    match quantity {
        Some(None) => None,
        quantity => Some(Wish { product, quantity: quantity.flatten() }),
    }
}

/// A place in words, such that an address is found in them.
fn place(location: &Fields<'_>) -> Option<String> {
    let (name, address) = (location.text("name"), location.text("address"));
    let named = match (name, address) {
        (Some(name), Some(address)) if !address.contains(&name) => Some(format!("{name}, {address}")),
        (name, address) => address.or(name),
    };
    let at = location.text("latitude").and_then(|north| Some(place_words(&north, &location.text("longitude")?)));
    let lines: Vec<String> = named.map(|named| format!("Address: {named}")).into_iter().chain(at).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

/// A contact's card in words, such that phone, e-mail and address are found in them.
fn card(card: &Fields<'_>) -> String {
    let name = card.object("name").and_then(|name| name.text("formatted_name").or_else(|| name.text("first_name")));
    let phones =
        card.objects("phones").into_iter().filter_map(|phone| phone.text("phone").or_else(|| phone.text("wa_id")));
    let emails = card.objects("emails").into_iter().filter_map(|email| email.text("email"));
    let details = phones.map(|phone| format!("phone {phone}")).chain(emails.map(|email| format!("email {email}")));
    let line: Vec<String> = name.into_iter().chain(details).collect();
    let addresses = card.objects("addresses").iter().filter_map(address).collect::<Vec<_>>();
    let lines = std::iter::once(format!("Contact: {}", line.join(", "))).chain(addresses);
    lines.collect::<Vec<_>>().join("\n")
}

fn address(address: &Fields<'_>) -> Option<String> {
    let parts: Vec<String> =
        ["street", "city", "state", "zip", "country"].iter().filter_map(|name| address.text(name)).collect();
    (!parts.is_empty()).then(|| format!("Address: {}", parts.join(", ")))
}
