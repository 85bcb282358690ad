//! Drafts whose lines a person has written: what a line may be, and what messages still mean for it.

use super::{Draft, Heard, print};
use crate::domain::button::Button;
use crate::domain::catalog::{Catalog, Product, Variant};
use crate::domain::command::{LineWanted, Refused};
use crate::domain::money::Currency;
use crate::domain::order::{Look, Order, OrderLine};
use crate::domain::reading::Contact;

/// An order has at most so many lines.
pub const MOST_LINES: usize = 100;
/// A line is about at most so many pieces.
pub const MOST_PIECES: u32 = 10_000;
/// A line has at most so many modifiers.
pub const MOST_MODIFIERS: usize = 20;
/// Contact details have at most so many characters.
pub const LONGEST_DETAIL: usize = 1000;

/// What a modifier may be said with; the longer ones first.
const SAID_WITH: [&str; 4] = ["NOT EXTRA ", "NOT ", "EXTRA ", "LIGHT "];

/// What the messages of an episode mean for a draft that is written by hand: a yes to just its lines is one, and
/// whatever else would have a say in a draft is for a person to see.
pub fn heed(order: &Order, heard: &[Heard]) -> Draft {
    let mut draft = Draft { lines: order.lines.clone(), ..Draft::default() };
    let summed_up = print(&order.lines);
    for said in heard {
        match &said.button {
            Some(button) if button.order().is_some_and(|of| of != order.id) => {
                draft.looks.push((said.message, Look::StaleButton));
            }
            Some(Button::Confirm { print, .. }) => draft.agreed |= *print == summed_up,
            // It names no lines, and these are not the customer's own words: only a summary can be agreed to.
            Some(Button::Agree) => {}
            _ if said.counts() => draft.looks.push((said.message, Look::SaidAfterEdit)),
            _ => {}
        }
    }
    draft
}

/// Makes lines of what a person wants, at today's titles and prices. What led to the same lines `before` is kept.
pub fn lines_by_hand(
    wanted: &[LineWanted],
    catalog: &Catalog,
    currency: Currency,
    before: &[OrderLine],
) -> Result<Vec<OrderLine>, Refused> {
    if wanted.is_empty() {
        return Err(Refused::invalid("no_lines", "an order has at least one line: cancel it if nothing is wanted"));
    }
    if wanted.len() > MOST_LINES {
        let detail = format!("an order has at most {MOST_LINES} lines, and this would have {}", wanted.len());
        return Err(Refused::invalid("too_many_lines", detail));
    }
    wanted.iter().map(|wanted| line_by_hand(wanted, catalog, currency, before)).collect()
}

fn line_by_hand(
    wanted: &LineWanted,
    catalog: &Catalog,
    currency: Currency,
    before: &[OrderLine],
) -> Result<OrderLine, Refused> {
    let texts = wanted.modifiers.iter().chain(&wanted.variant).chain([&wanted.product]);
    no_nul("a line", texts)?;
    if !(1..=MOST_PIECES).contains(&wanted.quantity) {
        let detail = format!("of {} from 1 to {MOST_PIECES} can be wanted", shown(&wanted.product));
        return Err(Refused::invalid("wrong_quantity", detail));
    }
    let product = catalog.product(&wanted.product).ok_or_else(|| {
        let detail = format!("the catalog has no product {}: add it first, or name another", shown(&wanted.product));
        Refused::invalid("unknown_product", detail)
    })?;
    let variant = variant_by_hand(wanted, product)?;
    let unit_price = catalog.unit_price(product, variant, &wanted.modifiers);
    if unit_price.currency != currency {
        let detail =
            format!("{} is priced in {}, and the shop sells in {currency}", wanted.product, unit_price.currency);
        return Err(Refused::invalid("foreign_currency", detail));
    }
    modifiers_known(wanted, catalog, before)?;
    let is_same = |line: &&OrderLine| {
        line.product == wanted.product && line.variant == wanted.variant && line.modifiers == wanted.modifiers
    };
    let evidence = before.iter().find(is_same).map(|line| line.evidence.clone()).unwrap_or_default();
    Ok(OrderLine {
        product: wanted.product.clone(),
        variant: wanted.variant.clone(),
        title: product.title.clone(),
        options: variant.map(|variant| variant.options.clone()).unwrap_or_default(),
        modifiers: wanted.modifiers.clone(),
        quantity: wanted.quantity,
        unit_price,
        evidence,
        confidence: 1.0,
        stock_taken: false,
    })
}

fn variant_by_hand<'a>(wanted: &LineWanted, product: &'a Product) -> Result<Option<&'a Variant>, Refused> {
    match &wanted.variant {
        None if product.variants.is_empty() => Ok(None),
        None => {
            let detail = format!("{} comes in {} variants: name one", wanted.product, product.variants.len());
            Err(Refused::invalid("variant_needed", detail))
        }
        Some(id) => product.variant(id).map(Some).ok_or_else(|| {
            Refused::invalid("unknown_variant", format!("{} has no variant {}", wanted.product, shown(id)))
        }),
    }
}

/// A modifier is known when all that it names are, however it is said; or when the draft has it already, so that what
/// the catalog has lost since is no reason to refuse an edit of something else.
fn modifiers_known(wanted: &LineWanted, catalog: &Catalog, before: &[OrderLine]) -> Result<(), Refused> {
    if wanted.modifiers.len() > MOST_MODIFIERS {
        let detail = format!("a line has at most {MOST_MODIFIERS} modifiers");
        return Err(Refused::invalid("too_many_modifiers", detail));
    }
    let sold = |id: &str| catalog.modifier(id).is_some();
    let said = |text: &str| {
        let bare = SAID_WITH.iter().find_map(|with| text.strip_prefix(with)).unwrap_or(text);
        sold(text) || bare.split('|').all(sold)
    };
    let kept =
        |text: &String| before.iter().any(|line| line.product == wanted.product && line.modifiers.contains(text));
    match wanted.modifiers.iter().find(|text| !said(text) && !kept(text)) {
        None => Ok(()),
        Some(unknown) => {
            let detail = format!("the catalog has no modifier {}: add it first, or leave it out", shown(unknown));
            Err(Refused::invalid("unknown_modifier", detail))
        }
    }
}

/// Contact details with what a person puts in their place, and which of them are others now. An empty text lets the
/// customer's own words count again.
pub fn contact_by_hand(before: &Contact, put: &Contact) -> Result<(Contact, Vec<&'static str>), Refused> {
    let mut contact = before.clone();
    let mut changed = Vec::new();
    let pairs = [
        ("phone", &mut contact.phone, &put.phone),
        ("email", &mut contact.email, &put.email),
        ("address", &mut contact.address, &put.address),
    ];
    for (name, known, put) in pairs {
        let Some(put) = put.as_deref().map(str::trim) else { continue };
        no_nul(name, [put])?;
        if put.chars().count() > LONGEST_DETAIL {
            let detail = format!("the {name} has more than {LONGEST_DETAIL} characters");
            return Err(Refused::invalid("too_long", detail));
        }
        let put = (!put.is_empty()).then(|| put.to_owned());
        if *known != put {
            *known = put;
            changed.push(name);
        }
    }
    Ok((contact, changed))
}

/// PostgreSQL refuses NUL in a text: stored as it is, it would make the seller fall.
fn no_nul(of: &str, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Result<(), Refused> {
    match texts.into_iter().any(|text| text.as_ref().contains('\0')) {
        true => Err(Refused::invalid("wrong_text", format!("there is a NUL in {of}"))),
        false => Ok(()),
    }
}

/// A text of somebody else's as it may stand in an answer.
fn shown(text: &str) -> String {
    format!("{:?}", text.chars().take(60).collect::<String>())
}
