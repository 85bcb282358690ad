//! The link or ad that a customer came through, and the products it names.

use actors::domain::event::{Referral, Wish};

use super::json::Fields;

/// What a referral says.
#[derive(Default)]
pub(super) struct Came {
    /// Through what; none where only a product is named.
    pub(super) through: Option<Referral>,
    /// The products it names.
    pub(super) wishes: Vec<Wish>,
}

impl Came {
    /// What Instagram and Messenger say.
    pub(super) fn of(referral: &Fields<'_>) -> Self {
        let ad = referral.object("ads_context_data");
        let product = referral.object("product").and_then(|product| product.id("id"));
        let advertised = ad.as_ref().and_then(|ad| ad.id("product_id"));
        let through = Referral {
            source: referral.text("source"),
            reference: referral.text("ref"),
            ad: referral.id("ad_id"),
            title: ad.and_then(|ad| ad.text("ad_title")),
        };
        let wishes = product.or(advertised).map(|product| Wish { product, quantity: None });
        Self { through: some(through), wishes: wishes.into_iter().collect() }
    }

    /// What WhatsApp says.
    pub(super) fn of_whatsapp(referral: &Fields<'_>) -> Self {
        let source = referral.text("source_type");
        let is_ad = source.as_deref() == Some("ad");
        let through = Referral {
            ad: referral.id("source_id").filter(|_| is_ad),
            source,
            // The click's id, by which Meta knows the ad's success.
            reference: referral.text("ctwa_clid").or_else(|| referral.text("source_url")),
            title: referral.text("headline"),
        };
        Self { through: some(through), wishes: Vec::new() }
    }

    /// As an event of its own, without a word: a product it names is all that it carries.
    pub(super) fn alone(self) -> Referral {
        let product = self.wishes.into_iter().next().map(|wish| wish.product);
        let through = self.through.unwrap_or_default();
        Referral { reference: through.reference.or(product), ..through }
    }
}

fn some(referral: Referral) -> Option<Referral> {
    (referral != Referral::default()).then_some(referral)
}
