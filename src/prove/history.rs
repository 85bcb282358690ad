//! Who writes what to whom: seeded, in phases. A phase begins when the one before it has come to rest, so that the
//! history's end does not hang on how fast anything was.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

/// How many phases a round has.
pub(super) const PHASES: usize = 3;

/// One customer of one shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// The shop, from 0.
    pub(super) shop: u32,
    /// The customer's name; nobody else of the shop has it.
    pub(super) name: String,
    /// What happens in each phase, in Meta's order.
    pub(super) phases: [Vec<Say>; PHASES],
    /// How many orders there are to be in the end: confirmed, cancelled.
    pub(super) orders: (usize, usize),
}

/// One thing that happens in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// The customer writes.
    Text(String),
    /// The customer sends a picture.
    Picture,
    /// The seller writes in Meta's own app.
    InTheApp(String),
}

impl Script {
    /// All that the conversation is to hold, but for what the service says by itself.
    pub(super) fn said(&self) -> Vec<String> {
        self.phases.iter().flatten().map(Say::as_told).collect()
    }
}

impl Say {
    /// As an end state tells it.
    pub(super) fn as_told(&self) -> String {
        match self {
            Say::Text(text) => text.clone(),
            Say::Picture => "[image]".to_owned(),
            Say::InTheApp(text) => format!("shop: {text}"),
        }
    }
}

/// The customers of one round.
pub(super) fn round(seed: u64, round: u32, shops: u32, customers: u32) -> Vec<Script> {
    let mut rng = StdRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(u64::from(round)));
    let each = (0..shops).flat_map(|shop| (0..customers).map(move |n| (shop, n)));
    each.map(|(shop, n)| script(&mut rng, shop, format!("Customer {}.{}", round + 1, n + 1))).collect()
}

fn script(rng: &mut StdRng, shop: u32, name: String) -> Script {
    let phone = format!("My phone is +1 555 010 {:04}", rng.random_range(0..10_000));
    let address = format!("please deliver to {} Harbour Street, Springfield 94110", rng.random_range(1..200));
    let [first, second] = [wish(rng), wish(rng)];
    let kind = rng.random_range(0..10);
    let (phases, orders) = match kind {
        0 => ([vec![text("Hello!"), text("Do you ship to Canada?")], vec![text("ok, thanks")], vec![]], (0, 0)),
        1 => ([first, vec![text("Sorry, please cancel my order")], vec![]], (0, 1)),
        2 => {
            let seen = Say::InTheApp("Thank you for writing, we pack on Fridays".to_owned());
            ([first, vec![seen, text(&phone), text(&address)], vec![]], (1, 0))
        }
        3 => {
            let mut first = first;
            first.insert(1, Say::Picture);
            ([first, vec![text(&format!("{phone}, {address}"))], vec![text("Thank you so much")]], (1, 0))
        }
        4 | 5 => ([first, vec![text(&phone), text(&address)], vec![text(&one_line(&second))]], (2, 0)),
        _ => ([first, vec![text(&phone), text(&address), text("Have a nice day")], vec![]], (1, 0)),
    };
    Script { shop, name, phases, orders }
}

fn text(text: &str) -> Say {
    Say::Text(text.to_owned())
}

/// An order in one to three messages that name every option.
fn wish(rng: &mut StdRng) -> Vec<Say> {
    let many = ["one", "two", "three", "four"][rng.random_range(0..4)];
    let color = ["blue", "white", "olive"][rng.random_range(0..3)];
    let size = ["S", "M", "L"][rng.random_range(0..3)];
    let parts = match rng.random_range(0..5) {
        0 => vec!["Hi there".to_owned(), format!("I would like {many} {color} linen shirts"), format!("in {size}")],
        1 => vec![format!("{many} {color} linen shirts in {size}"), format!("and {many} enamel mugs")],
        2 => vec![format!("{many} market tote bags please")],
        3 => vec!["Good morning!".to_owned(), format!("{many} canvas aprons"), "and one market tote bag".to_owned()],
        _ => vec![format!("Hello, I want {many} canvas aprons")],
    };
    parts.iter().map(|part| text(part)).collect()
}

/// The same wish in a single message: with contact details known it is confirmed at once, whatever is still to come.
fn one_line(wish: &[Say]) -> String {
    wish.iter().map(Say::as_told).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_makes_the_same_history_and_another_another() {
        assert_eq!(round(7, 0, 3, 5), round(7, 0, 3, 5));
        assert_ne!(round(7, 0, 3, 5), round(8, 0, 3, 5));
        assert_ne!(round(7, 0, 3, 5), round(7, 1, 3, 5));
    }

    #[test]
    fn customers_of_a_shop_have_names_of_their_own() {
        let mut names: Vec<_> = round(1, 0, 4, 9).into_iter().map(|script| (script.shop, script.name)).collect();
        names.extend(round(1, 1, 4, 9).into_iter().map(|script| (script.shop, script.name)));
        let all = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), all);
    }
}
