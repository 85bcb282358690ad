//! How a test arranges who is there, what they have, and what goes wrong when they sign in.

use super::{AppSubscription, Consent, FACEBOOK_APP, LoginFault, LoginStep, Page, Person};
use crate::sandbox::Sandbox;
use crate::sandbox::people::Account;
use crate::sandbox::refusal::Refusal;

impl Sandbox {
    /// A person at Facebook, with an app-scoped id, who is at the browser from here on.
    pub fn add_person(&self, person: &str) {
        let mut world = self.world();
        world.logins.people.entry(person.to_owned()).or_insert(Person { pages: Vec::new(), instagram: None });
        world.logins.signed_in = Some(person.to_owned());
    }

    /// Gives a person a role on a Page, which may have an Instagram account linked to it.
    pub fn add_page_of(&self, person: &str, (page, name): (&str, &str), instagram: Option<(&str, &str)>) {
        let mut world = self.world();
        if let Some((id, username)) = instagram.filter(|(id, _)| world.account(id).is_none()) {
            world.add_account(id, username, page, &format!("unused-{id}"));
        }
        let linked = instagram.map(|(id, _)| id.to_owned());
        world.logins.pages.insert(page.to_owned(), Page { name: name.to_owned(), instagram: linked });
        let tasks = ["MESSAGING", "MODERATE", "MANAGE"].map(str::to_owned).to_vec();
        if let Some(person) = world.logins.people.get_mut(person) {
            person.pages.push((page.to_owned(), tasks));
        }
    }

    /// A person may do only this on a Page from here on.
    pub fn let_do(&self, person: &str, page: &str, tasks: &[&str]) {
        let mut world = self.world();
        let pages = world.logins.people.get_mut(person).into_iter().flat_map(|person| &mut person.pages);
        for (_, may) in pages.filter(|(id, _)| id == page) {
            *may = tasks.iter().map(|task| (*task).to_owned()).collect();
        }
    }

    /// An Instagram account that signs in by itself, with its app-scoped id; it is at the browser from here on.
    pub fn add_instagram_person(&self, person: &str, (id, username): (&str, &str)) {
        let mut world = self.world();
        if world.account(id).is_none() {
            world.add_account(id, username, "", &format!("unused-{id}"));
        }
        let instagram = Some(id.to_owned());
        world.logins.people.insert(person.to_owned(), Person { pages: Vec::new(), instagram });
        world.logins.signed_in = Some(person.to_owned());
    }

    /// Who is at the browser from here on.
    pub fn sign_in(&self, person: &str) {
        self.world().logins.signed_in = Some(person.to_owned());
    }

    /// How whoever is at the browser answers from here on.
    pub fn consent(&self, consent: Consent) {
        self.world().logins.consent = consent;
    }

    /// The next such step goes wrong.
    pub fn next_login(&self, step: LoginStep, fault: LoginFault) {
        self.world().logins.faults.push((step, fault));
    }

    /// The steps of signing in that were begun, in their order.
    pub fn login_steps(&self) -> Vec<LoginStep> {
        self.world().logins.steps.clone()
    }

    /// From here on calls with a token of Facebook's must prove that they know the app's secret.
    pub fn require_proof(&self) {
        self.world().logins.require_proof = true;
    }

    /// So many Pages in an answer that lists them.
    pub fn list_pages_by(&self, size: usize) {
        self.world().logins.page_size = Some(size);
    }

    /// All tokens that were made of what a person granted are refused so from here on.
    pub fn kill_tokens(&self, person: &str, refusal: Refusal) {
        let mut world = self.world();
        let theirs = world.logins.tokens.values_mut().filter(|token| token.person == person);
        theirs.for_each(|token| token.dead = Some(refusal));
    }

    /// After so many messages, all tokens there are by then are refused so.
    pub fn kill_tokens_after(&self, messages: u32, refusal: Refusal) {
        self.world().logins.dies_after = Some((messages, refusal));
    }

    /// An account that is known already.
    pub fn account(&self, id: &str) -> Account {
        Account { sandbox: self.clone(), id: id.to_owned() }
    }

    /// Nobody has ever subscribed the app to anything.
    pub fn forget_app_subscriptions(&self) {
        self.world().logins.app_subscriptions.clear();
    }

    /// Meta finds no subscriptions by this app's id.
    pub fn hide_app(&self, app: &str) {
        self.world().logins.hidden_apps.insert(app.to_owned());
    }

    /// All of them are found again.
    pub fn show_apps(&self) {
        self.world().logins.hidden_apps.clear();
    }

    /// Every token that was ever made by signing in.
    pub fn all_tokens(&self) -> Vec<String> {
        self.world().logins.tokens.keys().cloned().collect()
    }

    /// The fields that an account or a Page sends to the app, as its subscription stands.
    pub fn subscribed(&self, asset: &str) -> Vec<String> {
        let world = self.world();
        let theirs = world.logins.subscribed.iter().filter(|((of, _), _)| of == asset);
        theirs.flat_map(|(_, fields)| fields.clone()).collect()
    }

    /// An account or a Page sends these fields to the Facebook app, as somebody has set it by hand.
    pub fn subscribe(&self, asset: &str, fields: &[String]) {
        let key = (asset.to_owned(), FACEBOOK_APP.to_owned());
        self.world().logins.subscribed.insert(key, fields.to_vec());
    }

    /// The Facebook app sends these fields of an object to an address, as somebody has set it in the App Dashboard.
    pub fn subscribe_app(&self, object: &str, callback_url: &str, fields: &[String]) {
        let (key, callback_url) = ((FACEBOOK_APP.to_owned(), object.to_owned()), callback_url.to_owned());
        let subscription = AppSubscription { callback_url, fields: fields.to_vec() };
        self.world().logins.app_subscriptions.insert(key, subscription);
    }

    /// Meta switches the subscription of an account or a Page off.
    pub fn unsubscribe(&self, asset: &str) {
        self.world().logins.subscribed.retain(|(of, _), _| of != asset);
    }

    /// The address and fields that an app has for an object.
    pub fn app_subscription(&self, app: &str, object: &str) -> Option<(String, Vec<String>)> {
        let world = self.world();
        let found = world.logins.app_subscriptions.iter().find(|((by, of), _)| by == app && of == object);
        found.map(|(_, subscription)| (subscription.callback_url.clone(), subscription.fields.clone()))
    }
}
