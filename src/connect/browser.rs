//! The browser that somebody connects an account with: known by a cookie, so that nobody comes back in another's place.

use crate::keys::NoRandomness;
use crate::office::random;
use crate::vault::Secret;

/// Over https the name keeps other hosts and plain http from setting it.
const SECURE_NAME: &str = "__Host-hawker-connect";
const NAME: &str = "hawker-connect";
const LETTERS: usize = 43;
/// Somewhat longer than a person may take.
const SECONDS: u32 = 1800;

/// One browser.
#[derive(Clone, Debug)]
pub struct Browser(Secret);

impl Browser {
    /// The browser that sends these cookies; none: it was never here.
    pub fn known(cookies: &[&str], is_https: bool) -> Option<Self> {
        let pairs =
            cookies.iter().flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.trim().split_once('='));
        let mut values = pairs.filter(|(name, _)| *name == name_of(is_https)).map(|(_, value)| value);
        let value = values.next().filter(|value| is_ours(value))?;
        Some(Self(Secret::from(value)))
    }

    /// The same, or a new one.
    pub fn known_or_new(cookies: &[&str], is_https: bool) -> Result<Self, NoRandomness> {
        match Self::known(cookies, is_https) {
            Some(known) => Ok(known),
            None => Ok(Self(random()?)),
        }
    }

    /// What to tell it to keep. It comes back with links from Meta, and with nothing that another site posts.
    pub fn cookie(&self, is_https: bool) -> String {
        let secure = if is_https { "; Secure" } else { "" };
        let (name, value) = (name_of(is_https), self.0.expose());
        format!("{name}={value}; Path=/; Max-Age={SECONDS}; HttpOnly; SameSite=Lax{secure}")
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.0
    }
}

fn name_of(is_https: bool) -> &'static str {
    if is_https { SECURE_NAME } else { NAME }
}

fn is_ours(value: &str) -> bool {
    value.len() == LETTERS && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_browser_is_known_by_what_it_was_told_to_keep() {
        for is_https in [false, true] {
            let browser = Browser::known_or_new(&[], is_https).unwrap();
            let cookie = browser.cookie(is_https);
            let pair = cookie.split(';').next().unwrap();
            let sent = format!("other=1; {pair}; last=2");
            assert_eq!(Browser::known(&[&sent], is_https).unwrap().0, browser.0);
            assert!(Browser::known(&[&sent], !is_https).is_none(), "the name is another");
            assert!(!format!("{browser:?}").contains(browser.0.expose()));
            assert_eq!(cookie.contains("; Secure"), is_https);
            assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
        }
        let wrong = ["", "hawker-connect", "hawker-connect=", "hawker-connect=<b>", "hawker-connect=aaa"];
        assert!(wrong.iter().all(|wrong| Browser::known(&[wrong], false).is_none()));
    }
}
