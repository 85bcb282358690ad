//! Sellers: made, and their settings changed by one person at a time.

use actors::domain::access::Scope;
use actors::domain::command::{Command, Commanded};
use actors::domain::ids::SellerId;
use actors::domain::seller::{Settings, SettingsPatch};
use actors::store::office::{self, SettingsTaken, VersionedSettings};
use actors::store::{OfficeTx, inbox};
use serde_json::{Value, json};

use super::deeds::note;
use super::persons::code;
use super::{Office, OfficeError, Once, Request};

impl Office {
    /// Makes a seller.
    pub async fn create_seller(
        &self,
        request: &Request<'_>,
        settings: &Settings,
    ) -> Result<Once<SellerId>, OfficeError> {
        request.allows(Scope::SellersWrite, None)?;
        let settings = settings.clone().checked().map_err(OfficeError::Invalid)?;
        let make = async |tx: &OfficeTx| {
            let seller = office::create_seller(tx, &settings).await?;
            note(tx, request, (Some(seller), "seller.made"), json!({ "name": settings.name })).await?;
            Ok::<_, OfficeError>(seller)
        };
        self.once(request, make).await
    }

    /// Changes a seller's settings, if they are of this version still; the answers and drafts of its shop go by the new
    /// ones from here on.
    pub async fn change_settings(
        &self,
        request: &Request<'_>,
        seller: SellerId,
        (patch, version): (SettingsPatch, i64),
    ) -> Result<VersionedSettings, OfficeError> {
        request.allows(Scope::SettingsWrite, Some(seller))?;
        let tx = self.begin().await?;
        let before = match office::take_settings(&tx, seller, version).await? {
            SettingsTaken::Taken(before) => before,
            SettingsTaken::ChangedSince(now) => return Err(OfficeError::VersionConflict { now }),
            SettingsTaken::NoSeller => return Err(OfficeError::NoSeller(seller)),
        };
        let settings = before.clone().patched(patch).map_err(OfficeError::Invalid)?;
        let version = office::put_settings(&tx, seller, &settings).await?;
        if settings.keep_days != before.keep_days {
            // Its actor sets the alarm for it.
            let command = Command::KeepFor { days: settings.keep_days };
            let commanded = Commanded { by: Some(request.caller.named()), command };
            inbox::command(&tx, seller, (&format!("keep_for:{}", code()?), &commanded), request.at).await?;
        }
        note(&tx, request, (Some(seller), "settings.changed"), changed(&before, &settings)).await?;
        let news = self.news_for(seller);
        tx.commit("office").await?;
        news.tell().await;
        Ok(VersionedSettings { settings, version })
    }
}

/// What is other than before, by name: as it was, and as it is.
fn changed(before: &Settings, after: &Settings) -> Value {
    let (before, after) = (json!(before), json!(after));
    let names = [&before, &after].into_iter().filter_map(Value::as_object).flat_map(serde_json::Map::keys);
    let other = names.filter(|name| before.get(name) != after.get(name));
    let other = other.map(|name| (name.clone(), json!({ "from": before.get(name), "to": after.get(name) })));
    Value::Object(other.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_noted_of_a_change_is_what_changed() {
        let before = Settings::new("Linen", "USD".parse().unwrap());
        let country = Some("FR".to_owned().try_into().unwrap());
        let after = Settings { name: "Wool".to_owned(), country, ..before.clone() };
        let wanted = json!({ "name": { "from": "Linen", "to": "Wool" }, "country": { "from": null, "to": "FR" } });
        assert_eq!(changed(&before, &after), wanted);
        assert_eq!(changed(&before, &before), json!({}));
    }
}
