//! Small questions that tell whether a connection works, and what Meta's clock said meanwhile.

use std::sync::atomic::Ordering;

use chrono::{DateTime, Utc};
use reqwest::header::{DATE, HeaderMap};
use serde_json::Value;

use super::told::text;
use super::{Asset, Login, LoginError, Way, under};
use crate::vault::Secret;

impl Login {
    /// The Instagram account that a Page is linked to; none: it is linked to none.
    pub async fn linked_account(&self, page: &str, token: &Secret) -> Result<Option<String>, LoginError> {
        let request = self.http.get(self.graph(&[page])).query(&[("fields", "instagram_business_account{id}")]);
        let body = self.ask(self.bearing(request, Way::Facebook, token)).await?;
        Ok(body.pointer("/instagram_business_account/id").and_then(text))
    }

    /// Asks for one conversation on `instagram` or `messenger`, only to find out whether it may be asked for.
    pub async fn try_messages(&self, asset: Asset<'_>, platform: &str) -> Result<(), LoginError> {
        let url = match asset.way {
            Way::Facebook => self.graph(&[asset.id, "conversations"]),
            Way::Instagram => {
                let base = &self.settings.addresses.instagram;
                under(base, &[&self.settings.version, asset.id, "conversations"])
            }
        };
        let request = self.http.get(url).query(&[("platform", platform), ("limit", "1")]);
        self.ask(self.bearing(request, asset.way, asset.token)).await.map(|_| ())
    }

    /// The names of the catalogs that an Instagram account may show products of.
    pub async fn catalogs(&self, account: &str, token: &Secret) -> Result<Vec<String>, LoginError> {
        let url = self.graph(&[account, "available_catalogs"]);
        let request = self.http.get(url).query(&[("fields", "catalog_id,catalog_name")]);
        let body = self.ask(self.bearing(request, Way::Facebook, token)).await?;
        let all = body.get("data").and_then(Value::as_array).into_iter().flatten();
        Ok(all.filter_map(|catalog| catalog.get("catalog_name").or(catalog.get("catalog_id")).and_then(text)).collect())
    }

    /// What time it was by Meta's clock when it answered last.
    pub fn metas_time(&self) -> Option<DateTime<Utc>> {
        DateTime::from_timestamp(self.heard.load(Ordering::Relaxed), 0).filter(|at| at.timestamp() > 0)
    }

    pub(super) fn hear(&self, headers: &HeaderMap) {
        let said = headers.get(DATE).and_then(|date| date.to_str().ok());
        if let Some(at) = said.and_then(|date| DateTime::parse_from_rfc2822(date).ok()) {
            self.heard.store(at.timestamp(), Ordering::Relaxed);
        }
    }
}
