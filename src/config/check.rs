//! What must hold before the server may be shown to the world, and what merely deserves a look.

use std::collections::BTreeMap;

use super::{Config, Meta, Problem, Secrets, Server, Webhooks, demo};
use crate::vault::{EncryptionKey, KeyError, KeyRing, Secret};

const LEAST_CHARACTERS: usize = 16;
const WELL_KNOWN: &str = "is the demo's, which everybody knows: set one of your own";

impl Config {
    /// Everything that keeps these settings from being served to the world.
    pub fn check_serve(&self) -> Vec<Problem> {
        let all = [self.server.problems(), self.meta.problems(), self.secrets.problems(), self.webhooks.problems()];
        all.into_iter().flatten().map(|(key, text)| Problem { key: key.to_owned(), text }).collect()
    }
}

type Said = (&'static str, String);

impl Server {
    fn problems(&self) -> Vec<Said> {
        let text = match &self.public_url {
            None => "is missing: set HAWKER__SERVER__PUBLIC_URL to the https address Meta reaches this server at",
            Some(url) if url.scheme() != "https" => "is not https: Meta sends webhooks over https only",
            Some(_) => return Vec::new(),
        };
        vec![("server.public_url", text.to_owned())]
    }
}

impl Webhooks {
    fn problems(&self) -> Vec<Said> {
        let inside = "is true: a seller's webhooks would reach into this machine";
        self.allow_loopback.then(|| ("webhooks.allow_loopback", inside.to_owned())).into_iter().collect()
    }
}

impl Meta {
    /// The secrets that webhooks may be signed with, and which setting each is.
    pub fn app_secrets(&self) -> impl Iterator<Item = (&'static str, &Secret)> {
        let all = [
            ("meta.instagram_app_secret", &self.instagram_app_secret),
            ("meta.meta_app_secret", &self.meta_app_secret),
            ("meta.whatsapp_app_secret", &self.whatsapp_app_secret),
        ];
        all.into_iter().filter_map(|(key, secret)| Some((key, secret.as_ref()?)))
    }

    fn problems(&self) -> Vec<Said> {
        let known = self.app_secrets().filter(|(_, secret)| is_well_known(secret));
        let mut problems: Vec<Said> = known.map(|(key, _)| (key, WELL_KNOWN.to_owned())).collect();
        if self.app_secrets().next().is_none() {
            let text = "is missing, as are the other app secrets: set META_APP_SECRET, INSTAGRAM_APP_SECRET or \
                        WHATSAPP_APP_SECRET, else no webhook can be verified";
            problems.push(("meta.meta_app_secret", text.to_owned()));
        }
        match &self.verify_token {
            None => {
                problems.push(("meta.verify_token", missing("INSTAGRAM_VERIFY_TOKEN", "16 random characters or more")))
            }
            Some(token) => problems.extend(guessable("meta.verify_token", token)),
        }
        problems
    }
}

impl Secrets {
    /// The keys that seal and open tokens; none where no encryption key is set.
    pub fn keys(&self) -> Result<Option<KeyRing>, KeyError> {
        let Some(current) = &self.encryption_key else { return Ok(None) };
        let ring = KeyRing::new(current.expose().parse()?);
        let Some(previous) = &self.previous_encryption_key else { return Ok(Some(ring)) };
        Ok(Some(ring.with_previous(previous.expose().parse()?)))
    }

    fn problems(&self) -> Vec<Said> {
        let mut problems = Vec::new();
        if self.encryption_key.is_none() {
            let text = missing("ENCRYPTION_KEY", "what `hawker secret` prints");
            problems.push(("secrets.encryption_key", text));
        }
        let keys = [
            ("secrets.encryption_key", &self.encryption_key),
            ("secrets.previous_encryption_key", &self.previous_encryption_key),
        ];
        for (name, key) in keys {
            match key.as_ref().map(|key| key.expose().parse::<EncryptionKey>()) {
                Some(Err(error)) => problems.push((name, error.to_string())),
                Some(Ok(key)) if is_demo_key(&key) => problems.push((name, WELL_KNOWN.to_owned())),
                _ => {}
            }
        }
        problems.extend(self.operator_api_key.as_ref().and_then(|key| guessable("secrets.operator_api_key", key)));
        problems
    }
}

fn missing(name: &str, value: &str) -> String {
    format!("is missing: set {name} to {value}")
}

fn guessable(key: &'static str, secret: &Secret) -> Option<Said> {
    if is_well_known(secret) {
        return Some((key, WELL_KNOWN.to_owned()));
    }
    let length = secret.expose().chars().count();
    (length < LEAST_CHARACTERS).then(|| (key, format!("has {length} characters: make it {LEAST_CHARACTERS} or more")))
}

fn is_well_known(secret: &Secret) -> bool {
    demo::ALL.iter().any(|known| secret.matches(known.as_bytes()))
}

/// The demo's key is the demo's in whichever way it is written.
fn is_demo_key(key: &EncryptionKey) -> bool {
    demo::ENCRYPTION_KEY.parse::<EncryptionKey>().is_ok_and(|demo| demo.id() == key.id())
}

/// What the environment holds that is not used, or not where it should be.
pub(super) fn warnings(env: &BTreeMap<String, String>) -> Vec<String> {
    let ignored = ["INSTAGRAM_ACCESS_TOKEN", "INSTAGRAM_PAGE_ID"].into_iter().filter(|name| env.contains_key(*name));
    let ignored =
        ignored.map(|name| format!("{name} is ignored when serving: connect the account to a seller instead"));
    let shown = env.keys().filter(|name| is_shown_to_browsers(name));
    let shown = shown.map(|name| {
        format!(
            "{name} looks like a secret under a name that web builds copy into pages: rename it and replace its value"
        )
    });
    ignored.chain(shown).collect()
}

fn is_shown_to_browsers(name: &str) -> bool {
    let secret = ["SECRET", "TOKEN", "KEY", "PASSWORD"].iter().any(|word| name.contains(word));
    name.starts_with("NEXT_PUBLIC_") && secret
}
