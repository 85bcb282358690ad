//! From a code to the accounts it stands for, each with its tokens and without what is missing.

use actors::domain::channel::{Account, Channel};
use actors::domain::credential::{CredentialKind, Use};
use actors::store::office;
use actors::store::office::connecting::Connecting;

use super::ended::NotConnected;
use super::{CALLBACK, Connect, uses_of};
use crate::graph::{Found, FoundPage, Grant, Inspected, LoginError, Way};
use crate::office::{Granted, GrantedToken};
use crate::vault::Secret;

/// Rights over a business and its catalogs: those are not the Page's nor the account's.
const OF_BUSINESS: [&str; 3] = ["business_management", "catalog_management", "instagram_shopping_tag_products"];

/// What a person may do on a Page that sends and is told of messages.
const TASK: &str = "MESSAGING";

impl Connect {
    /// The accounts that a code stands for.
    pub(super) async fn fetch(&self, way: &Connecting, code: &Secret) -> Result<Vec<Granted>, NotConnected> {
        let (login, uses) = (Way::named(&way.way).ok_or(NotConnected::StateUnknown)?, uses_of(&way.uses));
        let redirect = self.address(CALLBACK).map_err(|_| NotConnected::Unavailable)?;
        let exchanged = self.shared.parts.login.exchange(login, code, &redirect, self.now()).await;
        let grant = exchanged.map_err(|error| match error {
            LoginError::Refused { .. } | LoginError::Token { .. } => NotConnected::CodeRefused,
            other => away(other),
        })?;
        let wanted = self.wanted_account(way).await?;
        let all = match login {
            Way::Facebook => self.through_facebook(&grant, &uses, wanted.as_ref()).await?,
            Way::Instagram => vec![self.of_instagram(&grant).await?],
        };
        let fitting: Vec<_> =
            all.into_iter().filter(|granted| wanted.as_ref().is_none_or(|it| *it == granted.account)).collect();
        if fitting.is_empty() { Err(NotConnected::OtherAccount) } else { Ok(fitting) }
    }

    /// The account that is to work again, where it is a certain one.
    async fn wanted_account(&self, way: &Connecting) -> Result<Option<Account>, NotConnected> {
        let Some(wanted) = way.connection else { return Ok(None) };
        let known = office::connections(self.reads(), way.seller).await.map_err(|_| NotConnected::Unavailable)?;
        let account = known.into_iter().find(|known| known.id == wanted).map(|known| known.account);
        account.map(Some).ok_or(NotConnected::OtherAccount)
    }

    async fn through_facebook(
        &self,
        grant: &Grant,
        uses: &[Use],
        wanted: Option<&Account>,
    ) -> Result<Vec<Granted>, NotConnected> {
        let login = &self.shared.parts.login;
        let inspected = login.inspect(Way::Facebook, &grant.token).await.map_err(away)?;
        if !inspected.is_valid || login.app_id(Way::Facebook).ok() != Some(inspected.app.as_str()) {
            return Err(NotConnected::TokenUnusable);
        }
        let missing = missing(uses, &inspected, None);
        if !missing.is_empty() {
            return Err(NotConnected::ScopesMissing(missing));
        }
        let pages = login.pages(&grant.token).await.map_err(away)?;
        let with_instagram: Vec<&FoundPage> = pages.iter().filter(|page| page.instagram.is_some()).collect();
        if with_instagram.is_empty() {
            return Err(match pages.is_empty() {
                true => NotConnected::NoPage,
                false => NotConnected::PageWithoutInstagram(pages.into_iter().map(|page| page.name).collect()),
            });
        }
        let meant = |page: &&&FoundPage| wanted.is_none_or(|it| account_of(page).as_ref() == Some(it));
        let meant: Vec<_> = with_instagram.iter().filter(meant).collect();
        let all = meant.into_iter().map(|page| granted_by(page, grant, (uses, &inspected)));
        let (good, bad): (Vec<_>, Vec<_>) = all.partition(Result::is_ok);
        let good: Vec<Granted> = good.into_iter().flatten().collect();
        // Of several, those that lack something are not offered; where all do, the first says what.
        match bad.into_iter().find_map(Result::err).filter(|_| good.is_empty()) {
            Some(why) => Err(why),
            None => Ok(good),
        }
    }

    async fn of_instagram(&self, grant: &Grant) -> Result<Granted, NotConnected> {
        let needed = Way::Instagram.scopes(&[Use::Messages]).into_iter().filter(|(_, needed)| *needed);
        let missing: Vec<String> = needed
            .map(|(scope, _)| scope.to_owned())
            // Where Meta does not tell what was granted, it is found out by the first call.
            .filter(|scope| !grant.scopes.is_empty() && !grant.scopes.contains(scope))
            .collect();
        if !missing.is_empty() {
            return Err(NotConnected::ScopesMissing(missing));
        }
        let found = self.shared.parts.login.instagram_account(&grant.token).await.map_err(away)?;
        let token = GrantedToken {
            purpose: Use::Messages,
            kind: CredentialKind::Instagram,
            token: grant.token.clone(),
            person: found.scoped,
            scopes: grant.scopes.clone(),
            expires_at: grant.expires_at,
            data_access_expires_at: None,
        };
        let account = Account::new(Channel::Instagram, &found.id);
        Ok(Granted { account, linked: None, username: found.username, tokens: vec![token] })
    }
}

fn away(error: LoginError) -> NotConnected {
    match error {
        LoginError::Later(why) => NotConnected::MetaAway(why),
        LoginError::Refused { code } | LoginError::Token { code } => NotConnected::MetaError(code),
        LoginError::NoApp(_) => NotConnected::Unavailable,
    }
}

fn account_of(page: &FoundPage) -> Option<Account> {
    page.instagram.as_ref().map(|found| Account::new(Channel::Instagram, &found.id))
}

/// The rights that are needed and were not granted, for a Page and its account or at all.
fn missing(uses: &[Use], inspected: &Inspected, of: Option<&[&str]>) -> Vec<String> {
    let needed = Way::Facebook.scopes(uses).into_iter().filter(|(_, needed)| *needed).map(|(scope, _)| scope);
    let has = |scope: &str| match of.filter(|_| !OF_BUSINESS.contains(&scope)) {
        Some(assets) => inspected.has(scope, assets),
        None => inspected.scopes.iter().any(|known| known == scope),
    };
    needed.filter(|scope| !has(scope)).map(str::to_owned).collect()
}

fn granted_by(
    page: &FoundPage,
    grant: &Grant,
    (uses, inspected): (&[Use], &Inspected),
) -> Result<Granted, NotConnected> {
    let Some(Found { id, username, .. }) = &page.instagram else { return Err(NotConnected::NoPage) };
    let missing = missing(uses, inspected, Some(&[page.id.as_str(), id.as_str()]));
    if !missing.is_empty() {
        return Err(NotConnected::ScopesMissing(missing));
    }
    let may = page.tasks.as_ref().is_none_or(|tasks| tasks.iter().any(|task| task == TASK));
    let of = |purpose: Use| match purpose {
        Use::Messages => page.token.clone().filter(|_| may).map(|token| (CredentialKind::Page, token, None)),
        Use::Catalog => Some((CredentialKind::FacebookUser, grant.token.clone(), grant.expires_at)),
    };
    let token = |purpose: &Use| {
        let (kind, token, expires_at) = of(*purpose).ok_or_else(|| NotConnected::RoleMissing(page.name.clone()))?;
        Ok(GrantedToken {
            purpose: *purpose,
            kind,
            token,
            person: inspected.person.clone(),
            scopes: inspected.scopes.clone(),
            expires_at,
            data_access_expires_at: inspected.data_access_expires_at,
        })
    };
    Ok(Granted {
        account: Account::new(Channel::Instagram, id),
        linked: Some(Account::new(Channel::Messenger, &page.id)),
        username: username.clone(),
        tokens: uses.iter().map(token).collect::<Result<_, NotConnected>>()?,
    })
}
