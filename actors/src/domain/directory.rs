//! Whose each account is, and which account is meant by what a webhook names.
//!
//! A Page and its Instagram account are linked, and Meta is known to tell of Instagram messages under the Page's name,
//! too. Events must not depend on the way they came, or a message told twice would count twice. So:
//!
//! - An Instagram id is the Instagram account, under whatever object it stands.
//! - A Page's id is the Page, if the Page is connected. If only its Instagram account is, it is that: whatever comes
//!   can be answered, as Meta takes the Page's token for both.

use std::collections::HashMap;

use super::channel::{Account, Channel};
use super::ids::SellerId;

/// One connected account, as far as the directory goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connected {
    /// Whose.
    pub seller: SellerId,
    /// The account.
    pub account: Account,
    /// The account linked to it.
    pub linked: Option<Account>,
}

/// Where an event belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The account it is about, the same by whatever name it was called.
    pub account: Account,
    /// Whose that is.
    pub seller: SellerId,
}

/// Every name of every connected account.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Directory {
    places: HashMap<Account, Place>,
}

impl Directory {
    /// The directory of these connections and of these sellers' catalogs; where two lay claim to a name, the earlier has
    /// it.
    pub fn of(connections: &[Connected], catalogs: &[(Account, SellerId)]) -> Self {
        let mut directory = Self::default();
        for (account, seller) in catalogs {
            directory.places.entry(account.clone()).or_insert(Place { account: account.clone(), seller: *seller });
        }
        let own = connections.iter().map(|known| (known.account.clone(), known.account.clone(), known.seller));
        let linked = connections.iter().flat_map(names_by_link);
        for (name, account, seller) in own.chain(linked) {
            directory.places.entry(name).or_insert(Place { account, seller });
        }
        directory
    }

    /// Where an event belongs that names this account.
    pub fn find(&self, named: &Account) -> Option<&Place> {
        self.places.get(named)
    }

    /// The names an account goes by in webhooks, its own first.
    pub fn names_of<'a>(&'a self, account: &'a Account) -> impl Iterator<Item = &'a Account> {
        let others = self.places.iter().filter(move |(name, place)| place.account == *account && *name != account);
        std::iter::once(account).chain(others.map(|(name, _)| name))
    }
}

/// What else may stand for an account: name, account, whose.
fn names_by_link(known: &Connected) -> Vec<(Account, Account, SellerId)> {
    let of = |channel| [Some(&known.account), known.linked.as_ref()].into_iter().flatten().find(on(channel));
    let Some(instagram) = of(Channel::Instagram) else { return Vec::new() };
    let mut names = vec![instagram.clone(), Account::new(Channel::Messenger, instagram.id())];
    if let Some(page) = of(Channel::Messenger) {
        names.extend([page.clone(), Account::new(Channel::Instagram, page.id())]);
    }
    names.into_iter().map(|name| (name, instagram.clone(), known.seller)).collect()
}

fn on(channel: Channel) -> impl Fn(&&Account) -> bool {
    move |account| account.channel() == Some(channel)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(name: &str) -> Account {
        Account::stored(name.to_owned())
    }

    fn connected(seller: i64, own: &str, linked: Option<&str>) -> Connected {
        Connected { seller: SellerId(seller), account: account(own), linked: linked.map(account) }
    }

    fn found(connections: &[Connected], name: &str) -> Option<String> {
        let place = Directory::of(connections, &[]).find(&account(name)).cloned()?;
        Some(format!("{} of {}", place.account, place.seller))
    }

    #[test]
    fn an_instagram_account_is_one_by_whatever_name_it_is_called() {
        let through_page = [connected(1, "instagram:7", Some("messenger:9"))];
        for name in ["instagram:7", "messenger:7", "messenger:9", "instagram:9"] {
            assert_eq!(found(&through_page, name).as_deref(), Some("instagram:7 of 1"), "{name}");
        }
        let alone = [connected(1, "instagram:7", None)];
        assert_eq!(found(&alone, "messenger:7").as_deref(), Some("instagram:7 of 1"));
        assert_eq!(found(&alone, "messenger:9"), None);
    }

    #[test]
    fn a_page_that_is_connected_is_itself_and_still_knows_its_instagram_account() {
        let page = connected(1, "messenger:9", Some("instagram:7"));
        let both = [connected(1, "instagram:7", Some("messenger:9")), page.clone()];
        for connections in [&both[..], &[page]] {
            for (name, wanted) in [
                ("messenger:9", "messenger:9 of 1"),
                ("instagram:7", "instagram:7 of 1"),
                ("messenger:7", "instagram:7 of 1"),
                ("instagram:9", "instagram:7 of 1"),
            ] {
                assert_eq!(found(connections, name).as_deref(), Some(wanted), "{name}");
            }
        }
    }

    #[test]
    fn what_nobody_connected_is_nobodys() {
        let connections = [connected(1, "whatsapp:5", None), connected(2, "messenger:9", None)];
        assert_eq!(found(&connections, "whatsapp:5").as_deref(), Some("whatsapp:5 of 1"));
        for name in ["instagram:5", "messenger:5", "instagram:9", "whatsapp:9", "unreadable:0"] {
            assert_eq!(found(&connections, name), None, "{name}");
        }
    }

    #[test]
    fn an_account_can_say_all_its_names() {
        let directory = Directory::of(&[connected(1, "instagram:7", Some("messenger:9"))], &[]);
        let account = account("instagram:7");
        let mut names: Vec<&str> = directory.names_of(&account).map(Account::as_str).collect();
        assert_eq!(names[0], "instagram:7");
        names.sort_unstable();
        assert_eq!(names, ["instagram:7", "instagram:9", "messenger:7", "messenger:9"]);
    }

    #[test]
    fn what_is_told_of_a_catalog_is_for_whoever_has_had_it_the_longest() {
        let catalogs = [(Account::of_catalog("7"), SellerId(2)), (Account::of_catalog("7"), SellerId(3))];
        let directory = Directory::of(&[connected(1, "instagram:7", None)], &catalogs);
        assert_eq!(directory.find(&Account::of_catalog("7")).map(|place| place.seller), Some(SellerId(2)));
        assert_eq!(directory.find(&Account::of_catalog("8")), None);
    }
}
