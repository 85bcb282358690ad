//! The question Meta asks before it sends to an address: do you know the token that was typed beside it?

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

/// The verify tokens we answer to. Only their hashes are kept, so that comparing shows not even their length.
#[derive(Clone, Default)]
pub struct VerifyTokens {
    fallback: Vec<[u8; 32]>,
    /// Those that connections have of their own. Clones share them.
    own: Arc<RwLock<Vec<[u8; 32]>>>,
}

impl fmt::Debug for VerifyTokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyTokens({} hidden)", self.fallback.len())
    }
}

impl VerifyTokens {
    /// These tokens; empty ones are left out, since anybody knows them.
    pub fn new<'a>(tokens: impl IntoIterator<Item = &'a str>) -> Self {
        let tokens = tokens.into_iter().filter(|token| !token.is_empty());
        let fallback = tokens.map(|token| Sha256::digest(token.as_bytes()).into()).collect();
        Self { fallback, own: Arc::default() }
    }

    /// From here on connections have these tokens of their own, by their SHA-256 in hexadecimal digits.
    pub fn replace_own(&self, hashes: &[String]) {
        let hash = |hash: &String| hex::decode(hash).ok()?.try_into().ok();
        let known = hashes.iter().filter_map(hash).collect();
        *self.own.write().unwrap_or_else(PoisonError::into_inner) = known;
    }

    /// The challenge to send back, exactly as it came, if the query is a handshake with a token of ours.
    pub fn answer(&self, query: &str) -> Option<String> {
        let ask = |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == name);
        let (_, mode) = ask("hub.mode")?;
        let (_, token) = ask("hub.verify_token")?;
        let (_, challenge) = ask("hub.challenge")?;
        (mode == "subscribe" && self.holds(&token)).then(|| Cow::into_owned(challenge))
    }

    fn holds(&self, token: &str) -> bool {
        let asked: [u8; 32] = Sha256::digest(token.as_bytes()).into();
        let own = self.own.read().unwrap_or_else(PoisonError::into_inner);
        let all = self.fallback.iter().chain(own.iter());
        all.fold(Choice::from(0), |found, known| found | known.ct_eq(&asked)).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_comes_back_as_it_came_or_not_at_all() {
        let tokens = VerifyTokens::new(["", "of the shop", "fallback"]);
        for (query, answer) in [
            ("hub.mode=subscribe&hub.challenge=1158201444&hub.verify_token=fallback", Some("1158201444")),
            ("hub.verify_token=of+the%20shop&hub.challenge=0001%20x&hub.mode=subscribe", Some("0001 x")),
            ("hub.mode=subscribe&hub.challenge=&hub.verify_token=fallback", Some("")),
            ("hub.mode=unsubscribe&hub.challenge=1&hub.verify_token=fallback", None),
            ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=fallbac", None),
            ("hub.mode=subscribe&hub.challenge=1&hub.verify_token=", None),
            ("hub.mode=subscribe&hub.challenge=1", None),
            ("hub.mode=subscribe&hub.verify_token=fallback", None),
            ("", None),
        ] {
            assert_eq!(tokens.answer(query).as_deref(), answer, "{query}");
        }
        assert!(!format!("{tokens:?}").contains("fallback"));
        let asks = |token: &str| format!("hub.mode=subscribe&hub.challenge=7&hub.verify_token={token}");
        assert_eq!(tokens.answer(&asks("its-own")), None);
        tokens.clone().replace_own(&[hex::encode(Sha256::digest("its-own")), "no hash".to_owned()]);
        assert_eq!(tokens.answer(&asks("its-own")).as_deref(), Some("7"));
        assert_eq!(tokens.answer(&asks("fallback")).as_deref(), Some("7"));
        tokens.replace_own(&[]);
        assert_eq!(tokens.answer(&asks("its-own")), None);
    }
}
