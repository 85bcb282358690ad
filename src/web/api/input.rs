//! What the API takes: bodies as they are written in a request, and the values they are once they were looked at.
//!
//! Nothing that a database or a later step would refuse gets past here, so that whoever sent it learns what is wrong.

use std::collections::HashSet;

use actors::domain::budget::OwnCaps;
use actors::domain::catalog::{Product, Variant};
use actors::domain::channel::{Account, Channel};
use actors::domain::ids::SellerId;
use actors::domain::money::{Currency, Money};
use actors::domain::seller::{Language, Required, Settings};
use http::StatusCode;
use serde::Deserialize;

use crate::office::NewAccount;
use crate::vault::Secret;
use crate::web::problem::Problem;

const TEXT_BYTES: usize = 200;
const TOKEN_BYTES: usize = 4096;
/// More digits than Meta has ever given an account.
const ACCOUNT_ID_BYTES: usize = 64;

/// What is wrong, as a sentence.
type Checked<T> = Result<T, String>;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SellerIn {
    name: String,
    currency: Currency,
    language: Option<Language>,
    required: Option<Required>,
    caps: Option<OwnCaps>,
}

impl SellerIn {
    /// The seller's settings, or what is wrong with them.
    pub(super) fn checked(self) -> Result<Settings, Problem> {
        text("name", &self.name).map_err(|detail| invalid("invalid_seller", "The seller cannot be made", detail))?;
        let mut settings = Settings::new(&self.name, self.currency);
        settings.language = self.language.unwrap_or(settings.language);
        settings.required = self.required.unwrap_or(settings.required);
        settings.caps = checked_caps(self.caps.unwrap_or_default())?;
        Ok(settings)
    }
}

/// Caps that a seller can have, or what is wrong with them.
pub(super) fn checked_caps(caps: OwnCaps) -> Result<OwnCaps, Problem> {
    caps.checked().map_err(|detail| invalid("invalid_caps", "The caps cannot be kept", detail))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectionIn {
    channel: Channel,
    account_id: String,
    username: Option<String>,
    /// On WhatsApp, in place of a username: the number as customers see it.
    display_number: Option<String>,
    /// The Page that an Instagram account is linked to, whose token it is.
    page_id: Option<String>,
    /// The Instagram account that is linked to a Page.
    instagram_id: Option<String>,
    token: Secret,
}

impl ConnectionIn {
    /// The account of this seller, or what is wrong with it.
    pub(super) fn checked(self, seller: SellerId) -> Result<NewAccount, Problem> {
        let refused = |detail| invalid("invalid_connection", "The account cannot be connected", detail);
        let looked_at = || -> Checked<(Option<Account>, String)> {
            meta_id("account_id", &self.account_id)?;
            let token = self.token.expose().as_bytes();
            if token.is_empty() || token.len() > TOKEN_BYTES || !token.iter().all(u8::is_ascii_graphic) {
                return Err(format!("token is 1 to {TOKEN_BYTES} visible ASCII characters, as Meta gave it"));
            }
            Ok((self.linked()?, self.name()?))
        };
        let (linked, username) = looked_at().map_err(refused)?;
        let account = Account::new(self.channel, &self.account_id);
        Ok(NewAccount { seller, account, linked, username, token: self.token })
    }

    /// The account linked to it. A link between other channels is a mistake.
    fn linked(&self) -> Checked<Option<Account>> {
        let (page, instagram) = (self.page_id.as_deref(), self.instagram_id.as_deref());
        let (name, id, channel) = match (self.channel, page, instagram) {
            (_, None, None) => return Ok(None),
            (Channel::Instagram, Some(page), None) => ("page_id", page, Channel::Messenger),
            (Channel::Messenger, None, Some(instagram)) => ("instagram_id", instagram, Channel::Instagram),
            _ => return Err("page_id goes with the channel instagram, instagram_id with messenger".to_owned()),
        };
        meta_id(name, id)?;
        match id == self.account_id {
            true => Err(format!("{name} is the id of the account itself")),
            false => Ok(Some(Account::new(channel, id))),
        }
    }

    /// What people call it.
    fn name(&self) -> Checked<String> {
        let (name, wanted, other) = match self.channel {
            Channel::Whatsapp => ("display_number", &self.display_number, &self.username),
            Channel::Instagram | Channel::Messenger => ("username", &self.username, &self.display_number),
        };
        let wanted = wanted.clone().filter(|_| other.is_none());
        let wanted = wanted.ok_or_else(|| format!("on {} an account is named by {name}", self.channel.name()))?;
        text(name, &wanted)?;
        Ok(wanted)
    }
}

fn meta_id(name: &str, id: &str) -> Checked<()> {
    match !id.is_empty() && id.len() <= ACCOUNT_ID_BYTES && id.bytes().all(|byte| byte.is_ascii_digit()) {
        true => Ok(()),
        false => Err(format!("{name} is the number that Meta gave the account, not its name")),
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProductsIn {
    products: Vec<ProductIn>,
}

impl ProductsIn {
    /// The products, or what is wrong with the first that cannot be taken.
    pub(super) fn checked(self) -> Result<Vec<Product>, Problem> {
        let mut seen = HashSet::new();
        let one = |product: ProductIn| match seen.insert(product.retailer_id.clone()) {
            true => product.checked(),
            false => Err(format!("the product {:?} is there twice", product.retailer_id)),
        };
        let products: Checked<Vec<Product>> = self.products.into_iter().map(one).collect();
        products.map_err(|detail| invalid("invalid_product", "A product cannot be taken", detail))
    }
}

/// A product as it is written in a request: prices as decimals.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProductIn {
    retailer_id: String,
    item_id: Option<String>,
    title: String,
    price: String,
    currency: Currency,
    stock: Option<i64>,
    #[serde(default)]
    keywords: Vec<String>,
    #[serde(default)]
    variants: Vec<VariantIn>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct VariantIn {
    retailer_id: String,
    item_id: Option<String>,
    options: Vec<OptionIn>,
    price: Option<String>,
    stock: Option<i64>,
    #[serde(default)]
    keywords: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OptionIn {
    name: String,
    value: String,
}

impl ProductIn {
    fn checked(self) -> Checked<Product> {
        text("retailer_id", &self.retailer_id)?;
        let of_this = |wrong: String| format!("product {:?}: {wrong}", self.retailer_id);
        let looked_at = || {
            text("title", &self.title)?;
            item_id(self.item_id.as_deref())?;
            stock_and_words(self.stock, &self.keywords)
        };
        looked_at().map_err(of_this)?;
        let price = Money::parse(&self.price, self.currency).map_err(|error| of_this(error.to_string()))?;
        let variants = self.variants.into_iter().map(|variant| variant.checked(self.currency));
        let variants = variants.collect::<Checked<_>>().map_err(of_this)?;
        let ProductIn { retailer_id, item_id, title, stock, keywords, .. } = self;
        Ok(Product { item_id, stock, keywords, variants, ..Product::new(&retailer_id, &title, price) })
    }
}

impl VariantIn {
    fn checked(self, currency: Currency) -> Checked<Variant> {
        text("retailer_id of a variant", &self.retailer_id)?;
        let of_this = |wrong: String| format!("variant {:?}: {wrong}", self.retailer_id);
        item_id(self.item_id.as_deref()).map_err(of_this)?;
        stock_and_words(self.stock, &self.keywords).map_err(of_this)?;
        for option in &self.options {
            text("name of an option", &option.name).map_err(of_this)?;
            text("value of an option", &option.value).map_err(of_this)?;
        }
        let price = self.price.as_deref().map(|price| Money::parse(price, currency)).transpose();
        let price = price.map_err(|error| of_this(error.to_string()))?;
        let options = self.options.into_iter().map(|option| (option.name, option.value)).collect();
        let VariantIn { retailer_id, item_id, stock, keywords, .. } = self;
        Ok(Variant { retailer_id, item_id, options, price, stock, keywords, ..Variant::default() })
    }
}

fn stock_and_words(stock: Option<i64>, keywords: &[String]) -> Checked<()> {
    if stock.is_some_and(|stock| stock < 0) {
        return Err("stock is 0 or more, or left out where it is not counted".to_owned());
    }
    keywords.iter().try_for_each(|keyword| text("keyword", keyword))
}

fn item_id(id: Option<&str>) -> Checked<()> {
    id.map_or(Ok(()), |id| text("item_id", id))
}

/// Looks at a text that people will read. A control character, NUL above all, is refused by some databases.
fn text(name: &str, text: &str) -> Checked<()> {
    let fits = !text.trim().is_empty() && text.len() <= TEXT_BYTES && !text.contains(char::is_control);
    if fits { Ok(()) } else { Err(format!("{name} has 1 to {TEXT_BYTES} bytes, and no control characters")) }
}

fn invalid(code: &'static str, title: &'static str, detail: String) -> Problem {
    Problem::new(StatusCode::UNPROCESSABLE_ENTITY, code, title).detail(detail)
}
