//! The lines for which Meta is asked about the Page and the account: their link, what they send us, whether messages and
//! catalogs may be read. What was switched off is switched on again, and that is said.

use actors::domain::channel::Channel;
use actors::domain::credential::{Use, cause_in_words};
use actors::domain::ids::SellerId;
use actors::store::office::checkups;
use actors::store::office::subscriptions::lacks_core;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Patient, token};
use crate::connect::OfApp;
use crate::doctor::finding::{Finding, Light};
use crate::doctor::{Doctor, NotDone};
use crate::graph::{Asset, LoginError, Way};

/// That something was restored is news for so long.
const NEWS: TimeDelta = TimeDelta::days(7);
const LATER: &str = "Try again later; until then nothing is known of it.";

/// Questions to Meta: none is asked once it does not answer, and none of the seller's where the budget is spent.
pub(super) struct Asked {
    /// Whether Meta has answered anything yet.
    pub(super) is_answered: bool,
    away: Option<String>,
    short: Option<String>,
}

impl Asked {
    /// With the reason why the seller's own calls cannot be made, if there is one.
    pub(super) fn new(short: Option<String>) -> Self {
        Self { is_answered: false, away: None, short }
    }

    /// An answer to a question that the app asks in its own name, or what to say in its place.
    pub(super) async fn of_app<T>(
        &mut self,
        name: &str,
        question: impl Future<Output = Result<T, LoginError>>,
    ) -> Result<T, Finding> {
        if let Some(why) = &self.away {
            return Err(Finding::amber(name, format!("Not looked at: {why}."), LATER));
        }
        let answer = question.await;
        self.is_answered |= !matches!(answer, Err(LoginError::Later(_) | LoginError::NoApp(_)));
        answer.map_err(|error| self.not_answered(name, error))
    }

    /// An answer to a question in the seller's name, or what to say in its place.
    pub(super) async fn of_seller<T>(
        &mut self,
        name: &str,
        question: impl Future<Output = Result<T, LoginError>>,
    ) -> Result<T, Finding> {
        if let Some(why) = &self.short {
            return Err(Finding::amber(name, format!("Not looked at: {why}."), "It is looked at again by itself."));
        }
        self.of_app(name, question).await
    }

    fn not_answered(&mut self, name: &str, error: LoginError) -> Finding {
        match error {
            LoginError::Later(why) => {
                let why = format!("Meta could not be asked ({why})");
                let finding = Finding::amber(name, format!("{why}."), LATER);
                self.away = Some(why);
                finding
            }
            LoginError::NoApp(way) => {
                let setting = match way {
                    Way::Facebook => "meta.meta_app_id and meta.meta_app_secret",
                    Way::Instagram => "meta.instagram_app_id and meta.instagram_app_secret",
                };
                let sentence = "Not looked at: Meta tells this only to an app that names itself.";
                Finding::amber(name, sentence, format!("Set {setting}."))
            }
            LoginError::Refused { code } | LoginError::Token { code } => refused(name, &code),
        }
    }
}

/// Meta says no, and why.
fn refused(name: &str, code: &str) -> Finding {
    match code {
        "200/2534041" => Finding::red(
            name,
            "The owner of the account has switched off access to messages.",
            "In Instagram: Settings, Messages, Message controls, Connected tools: allow access to messages.",
        ),
        _ if is_about_the_token(code) => {
            let (what, fix) = token::cause_and_fix(cause_in_words(code));
            Finding::red(name, format!("Meta refuses it ({code}): {what}."), fix)
        }
        _ => {
            let fix = "Look the code up in Meta's list of errors; if it means nothing to you, report it.";
            Finding::red(name, format!("Meta refuses to answer, with the code {code}."), fix)
        }
    }
}

fn is_about_the_token(code: &str) -> bool {
    let number = code.split('/').next().and_then(|number| number.parse::<u32>().ok());
    matches!(number, Some(10 | 102 | 190 | 200..=299 | 36_103)) || code == "100/2534013"
}

impl Doctor {
    /// The lines of the Page and the account; without a good token only of the app.
    pub(super) async fn of_assets(
        &self,
        seller: SellerId,
        (patient, is_good): (&Patient, bool),
        asked: &mut Asked,
    ) -> Result<Vec<Finding>, NotDone> {
        let mut lines = Vec::new();
        if is_good {
            lines.push(self.page_link(patient, asked).await);
            lines.push(self.subscription(seller, patient, asked).await?);
        }
        lines.push(self.app_subscription(patient, asked).await);
        if is_good {
            lines.push(self.message_access(patient, asked).await);
            lines.push(self.catalog(seller, patient, asked).await);
        }
        Ok(lines)
    }

    async fn page_link(&self, patient: &Patient, asked: &mut Asked) -> Finding {
        const NAME: &str = "page_link";
        if patient.way == Way::Instagram {
            return Finding::green(NAME, "It was connected by Instagram's own login, which needs no Page.");
        }
        let Some((held, page)) = patient.token.as_ref().ok().and_then(|held| Some((held, held.page.as_deref()?)))
        else {
            return no_page(NAME);
        };
        let login = &self.parts.login;
        let linked = match asked.of_seller(NAME, login.linked_account(page, &held.token)).await {
            Ok(linked) => linked,
            Err(finding) => return finding,
        };
        let fix =
            "In the Page's settings, under Linked accounts, link it to this Instagram account, and connect again.";
        match (linked.as_deref(), patient.id_on(Channel::Instagram)) {
            (_, None) => Finding::green(NAME, "It is a Page of its own, for Messenger."),
            (Some(linked), Some(own)) if linked == own => {
                Finding::green(NAME, "Page and Instagram account are linked.")
            }
            (Some(_), Some(_)) => Finding::red(NAME, "The Page is linked to another Instagram account.", fix),
            (None, Some(_)) => Finding::red(NAME, "The Page is not linked to the Instagram account any more.", fix),
        }
    }

    async fn subscription(&self, seller: SellerId, patient: &Patient, asked: &mut Asked) -> Result<Finding, NotDone> {
        const NAME: &str = "subscription";
        let Some((asset, wanted)) = self.asset(patient) else {
            return Ok(no_page(NAME));
        };
        let login = &self.parts.login;
        let sent = match asked.of_seller(NAME, login.subscribed(asset)).await {
            Ok(sent) => sent.unwrap_or_default(),
            Err(finding) => return Ok(finding),
        };
        let whose = patient.whose(seller);
        let missing = lacking(wanted, &sent);
        if missing.is_empty() || !patient.is_ours() {
            // Who has just restored it may not have noted it yet.
            self.parts.connect.until_nobody_looks_at(whose.1).await;
            let at = checkups::restored_at(self.parts.store.reads(), whose).await?;
            return Ok(sends(&sent, &missing, at.filter(|at| self.now() - *at < NEWS)));
        }
        Ok(match self.parts.connect.subscribe(whose.0, whose.1).await {
            Ok(now_sent) if lacks_core(&now_sent).is_some() => sends(&sent, &missing, None),
            Ok(_) if lacks_core(&sent).is_some() => restored(&missing, self.now()),
            Ok(now_sent) => sends(&now_sent, &lacking(wanted, &now_sent), None),
            Err(why) => Finding::red(
                NAME,
                format!("Meta does not send {}, and it could not be switched on again: {why}.", missing.join(", ")),
                "Connect the account again.",
            ),
        })
    }

    /// The Page or account that sends, and what it should.
    fn asset<'a>(&'a self, patient: &'a Patient) -> Option<(Asset<'a>, &'a [String])> {
        let held = patient.token.as_ref().ok()?;
        let id = match patient.way {
            Way::Facebook => held.page.as_deref(),
            Way::Instagram => patient.id_on(Channel::Instagram),
        };
        let asset = Asset { way: patient.way, id: id?, token: &held.token };
        Some((asset, self.parts.connect.wanted_fields(patient.way)))
    }

    async fn app_subscription(&self, patient: &Patient, asked: &mut Asked) -> Finding {
        const NAME: &str = "app_subscription";
        let connect = &self.parts.connect;
        if connect.webhook_address().is_none() {
            let sentence = "The service does not know its own address, so Meta's cannot be compared with it.";
            return Finding::amber(NAME, sentence, "Set server.public_url.");
        }
        let wrong = match asked.of_app(NAME, connect.look_at_app(patient.way)).await {
            Ok(OfApp::Right) => {
                return Finding::green(NAME, "The app sends Instagram's webhooks to this service, with all fields.");
            }
            Ok(OfApp::Wrong(wrong)) => wrong,
            Err(Finding { light: Light::Red, .. }) if patient.way == Way::Instagram => {
                let sentence =
                    "Meta tells nobody what the app of Instagram's own login sends; only its dashboard shows it.";
                let fix = "Look there, under Webhooks, whether this service's address and all fields are set.";
                return Finding::amber(NAME, sentence, fix);
            }
            Err(finding) => return finding,
        };
        let fix = "In the App Dashboard, under Webhooks: set this service's address, and the fields.";
        if !patient.is_ours() {
            return Finding::amber(NAME, wrong, fix);
        }
        match connect.restore_app(patient.way).await {
            Ok(()) => {
                let told = "It was set right again by itself; look whether another system of yours changes it.";
                Finding::amber(NAME, wrong, told)
            }
            Err(why) => Finding::red(NAME, format!("{wrong} It could not be set right: {why}."), fix),
        }
    }

    async fn message_access(&self, patient: &Patient, asked: &mut Asked) -> Finding {
        const NAME: &str = "message_access";
        let Some((asset, _)) = self.asset(patient) else {
            return no_page(NAME);
        };
        let is_messenger = patient.row.account.channel() == Some(Channel::Messenger);
        let platform = if is_messenger { "messenger" } else { "instagram" };
        match asked.of_seller(NAME, self.parts.login.try_messages(asset, platform)).await {
            Ok(()) => Finding::green(NAME, "Conversations can be read."),
            Err(finding) => finding,
        }
    }

    async fn catalog(&self, seller: SellerId, patient: &Patient, asked: &mut Asked) -> Finding {
        const NAME: &str = "catalog";
        if patient.catalog.is_none() {
            return Finding::green(NAME, "No catalog is connected with this account, and none is asked for.");
        }
        let Some(account) = patient.id_on(Channel::Instagram) else {
            return Finding::amber(
                NAME,
                "Not looked at: it is no Instagram account.",
                "Connect the Instagram account.",
            );
        };
        let held = match (self.parts.tokens)(seller, patient.row.id, Use::Catalog).await {
            Ok(held) => held,
            Err(_) => {
                let fix = "Connect the catalog again, through Facebook.";
                return Finding::red(NAME, "Meta takes the token for the catalog no more.", fix);
            }
        };
        match asked.of_seller(NAME, self.parts.login.catalogs(account, &held.token)).await {
            Ok(all) if all.is_empty() => Finding::red(
                NAME,
                "No catalog is approved for this account.",
                "In Commerce Manager, connect a catalog with the account, and have the shop approved.",
            ),
            Ok(all) => Finding::green(NAME, format!("{} may be shown on this account.", counted(all.len()))),
            Err(finding) => finding,
        }
    }
}

fn no_page(name: &str) -> Finding {
    Finding::amber(name, "Not looked at: no Page is known.", "Connect the account at Meta itself.")
}

fn counted(catalogs: usize) -> String {
    if catalogs == 1 { "One catalog".to_owned() } else { format!("{catalogs} catalogs") }
}

fn lacking(wanted: &[String], sent: &[String]) -> Vec<String> {
    wanted.iter().filter(|field| !sent.contains(field)).cloned().collect()
}

fn sends(sent: &[String], missing: &[String], restored_at: Option<DateTime<Utc>>) -> Finding {
    const NAME: &str = "subscription";
    let named = missing.join(", ");
    match (lacks_core(sent).is_some(), restored_at) {
        (true, _) => {
            let fix = "Connect the account at Meta itself, so that it is switched on by itself.";
            Finding::red(NAME, format!("Meta does not send us {named}."), fix)
        }
        (false, Some(at)) => restored(&[], at),
        (false, None) if missing.is_empty() => Finding::green(NAME, "Meta sends us all that is asked for."),
        (false, None) => {
            let sentence = format!("Meta sends what is needed most, but not {named}; it may not know these names.");
            Finding::amber(
                NAME,
                sentence,
                "Compare the names in connect.page_fields and connect.instagram_fields with Meta's.",
            )
        }
    }
}

fn restored(missing: &[String], at: DateTime<Utc>) -> Finding {
    let what = if missing.is_empty() { "the messages".to_owned() } else { missing.join(", ") };
    let at = at.format("%Y-%m-%d at %H:%M UTC");
    Finding::amber(
        "subscription",
        format!("Meta had stopped sending {what}; it was switched on again by itself on {at}."),
        "Look whether the service was away for an hour before: then Meta stops sending, and what it had held back is lost.",
    )
}
