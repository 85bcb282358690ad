//! The shops of the history: their accounts at Meta and what they sell.

use actors::domain::catalog::{Product, Variant};
use actors::domain::channel::{Account, Channel};
use actors::domain::money::{Currency, Money};
use actors::domain::seller::Settings;

/// So many totes each shop has at the start: more than are ever wanted, so that nobody is told there are too few.
pub(super) const TOTES: i64 = 1_000_000;
/// The product that is counted.
pub(super) const TOTE: &str = "TOTE";

/// One shop.
#[derive(Clone, Debug)]
pub(super) struct ShopPlan {
    /// From 0.
    pub(super) n: u32,
}

impl ShopPlan {
    pub(super) fn ig_user_id(&self) -> String {
        format!("178414{:011}", self.n + 1)
    }

    pub(super) fn page_id(&self) -> String {
        format!("1020{:011}", self.n + 1)
    }

    pub(super) fn username(&self) -> String {
        format!("shop.{}", self.n + 1)
    }

    pub(super) fn token(&self) -> String {
        format!("token-of-shop-{}", self.n + 1)
    }

    pub(super) fn account(&self) -> Account {
        Account::new(Channel::Instagram, &self.ig_user_id())
    }

    /// The Page it is linked to: only through a Page is a catalog reached.
    pub(super) fn page(&self) -> Account {
        Account::new(Channel::Messenger, &self.page_id())
    }

    pub(super) fn settings(&self, currency: Currency) -> Settings {
        Settings::new(&format!("Shop {}", self.n + 1), currency)
    }
}

/// All shops.
pub(super) fn shops(count: u32) -> impl Iterator<Item = ShopPlan> {
    (0..count).map(|n| ShopPlan { n })
}

/// What every shop sells.
pub(super) fn catalog(currency: Currency) -> Vec<Product> {
    let product = |sku: &str, title: &str, minor: i64| Product::new(sku, title, Money { minor, currency });
    vec![
        Product { variants: shirts(), ..product("SHIRT", "Linen Shirt", 2990) },
        product("APRON", "Canvas Apron", 1900),
        Product { stock: Some(TOTES), ..product(TOTE, "Market Tote Bag", 1250) },
        product("MUG", "Enamel Mug", 1400),
    ]
}

fn shirts() -> Vec<Variant> {
    let variant = |color: &str, size: &str| Variant {
        retailer_id: format!("SHIRT-{}-{size}", &color[..3].to_uppercase()),
        options: vec![("Color".to_owned(), color.to_owned()), ("Size".to_owned(), size.to_owned())],
        ..Variant::default()
    };
    ["Blue", "White", "Olive"].iter().flat_map(|color| ["S", "M", "L"].map(|size| variant(color, size))).collect()
}
