//! A seller with an account at Meta and things to sell, made and looked at as an operator does: over HTTP.

use ::actors::domain::ids::{OrderId, SellerId};
use ::actors::domain::order::{Order, OrderChange};
use ::actors::store::orders;
use ::actors::store::views::Page;
use hawker::sandbox::{Account, Customer};
use http::Method;
use serde_json::{Value, json};

use super::TestApp;

/// A seller with one connected account.
pub(crate) struct Shop {
    pub(crate) seller: SellerId,
    pub(crate) account: Account,
}

impl Shop {
    pub(crate) fn customer(&self, name: &str) -> Customer {
        self.account.customer(name)
    }
}

impl TestApp {
    /// A shop that sells linen shirts (colour and size), aprons, and five tote bags.
    pub(crate) async fn shop(&self) -> Shop {
        self.shop_number(1, json!({})).await
    }

    /// One of several shops, with settings of its own.
    pub(crate) async fn shop_number(&self, number: u32, settings: Value) -> Shop {
        let shop = self.empty_shop(number, settings).await;
        let products = json!([shirt(), apron("19.00", None), tote()]);
        self.sell(&shop, products).await;
        shop
    }

    /// A shop with nothing to sell yet.
    pub(crate) async fn empty_shop(&self, number: u32, settings: Value) -> Shop {
        let mut new = json!({ "name": format!("Shop {number}"), "currency": "USD" });
        new.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        let seller = self.made("/api/v1/sellers", &new).await;
        let (id, token) = (format!("1784140000{number:07}"), format!("token-{number}"));
        self.guard(&token);
        let account = self.meta.add_account(&id, &format!("shop.{number}"), &format!("1020{number:07}"), &token);
        let username = format!("shop.{number}");
        let connection = json!({ "channel": "instagram", "account_id": id, "username": username, "token": token });
        self.made(&format!("/api/v1/sellers/{seller}/connections"), &connection).await;
        Shop { seller: SellerId(seller), account }
    }

    /// The id of what is made by posting this.
    pub(crate) async fn made(&self, path: &str, new: &Value) -> i64 {
        let (status, answer) = self.call(Method::POST, path, new).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
        answer["id"].as_i64().unwrap()
    }

    /// Puts products into a shop.
    pub(crate) async fn sell(&self, shop: &Shop, products: Value) {
        let path = format!("/api/v1/sellers/{}/products", shop.seller);
        let (status, answer) = self.call(Method::PUT, &path, &json!({ "products": products })).await;
        assert!(status.is_success(), "{path}: {status} {answer}");
    }

    pub(crate) async fn orders(&self, shop: &Shop) -> Vec<Value> {
        self.list(shop, "orders").await
    }

    /// The shop's order, which must be its only one.
    pub(crate) async fn order(&self, shop: &Shop) -> Value {
        only(self.orders(shop).await)
    }

    /// An order as it is stored, with its history.
    pub(crate) async fn stored_order(&self, shop: &Shop, order: OrderId) -> (Order, Vec<OrderChange>) {
        let reads = self.database.look().await;
        let found = orders::order(&reads, shop.seller, order).await.unwrap().unwrap();
        let history = orders::history(&reads, shop.seller, order, Page { after: 0, limit: 100 }).await.unwrap();
        reads.close().await.unwrap();
        (found, history.into_iter().map(|recorded| recorded.change).collect())
    }

    pub(crate) async fn conversations(&self, shop: &Shop) -> Vec<Value> {
        self.list(shop, "conversations").await
    }

    /// The shop's conversation, which must be its only one.
    pub(crate) async fn conversation(&self, shop: &Shop) -> Value {
        only(self.conversations(shop).await)
    }

    /// Why a person should look at the shop's only conversation.
    pub(crate) async fn looks(&self, shop: &Shop) -> Vec<String> {
        let conversation = self.conversation(shop).await;
        let looks = conversation["needs_look"].as_array().unwrap();
        assert!(looks.iter().all(|look| look["sentence"].as_str().is_some_and(|sentence| sentence.len() > 20)));
        looks.iter().map(|look| text(&look["cause"])).collect()
    }

    pub(crate) async fn leads(&self, shop: &Shop) -> Vec<Value> {
        self.list(shop, "leads").await
    }

    pub(crate) async fn outbox(&self, shop: &Shop) -> Vec<Value> {
        self.list(shop, "outbox").await
    }

    /// The messages of the shop's only conversation.
    pub(crate) async fn messages(&self, shop: &Shop) -> Vec<Value> {
        let conversation = self.conversation(shop).await["id"].as_i64().unwrap();
        self.list(shop, &format!("conversations/{conversation}/messages")).await
    }

    /// What the shop has said in its only conversation, with how far each message is.
    pub(crate) async fn said(&self, shop: &Shop) -> Vec<(String, String)> {
        let messages = self.messages(shop).await;
        let ours = messages.iter().filter(|message| message["author"] != "customer" && message["author"] != "meta");
        ours.map(|message| (text(&message["text"]), text(&message["state"]))).collect()
    }

    async fn list(&self, shop: &Shop, what: &str) -> Vec<Value> {
        let answer = self.read(&format!("/api/v1/sellers/{}/{what}", shop.seller)).await;
        answer["data"].as_array().unwrap().clone()
    }
}

fn only(mut found: Vec<Value>) -> Value {
    assert_eq!(found.len(), 1, "one was expected: {found:#?}");
    found.remove(0)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// The settings of a shop that needs no details of its customers.
pub(crate) fn free() -> Value {
    json!({ "required": { "phone": false, "email": false, "address": false } })
}

/// What an order is for: the variant, or the product that has none, and how many.
pub(crate) fn wanted(order: &Value) -> Vec<(String, u64)> {
    let sku = |line: &Value| line["variant"].as_str().or(line["product"].as_str()).unwrap().to_owned();
    let lines = order["lines"].as_array().unwrap();
    lines.iter().map(|line| (sku(line), line["quantity"].as_u64().unwrap())).collect()
}

/// An apron at some price, of which so many are left.
pub(crate) fn apron(price: &str, stock: Option<i64>) -> Value {
    json!({ "retailer_id": "APRON", "title": "Canvas Apron", "price": price, "currency": "USD", "stock": stock })
}

fn tote() -> Value {
    json!({ "retailer_id": "TOTE", "title": "Market Tote Bag", "price": "12.50", "currency": "USD", "stock": 5 })
}

fn shirt() -> Value {
    let variant = |color: &str, size: &str| {
        let options = json!([{ "name": "Color", "value": color }, { "name": "Size", "value": size }]);
        json!({ "retailer_id": format!("SHIRT-{color}-{size}"), "options": options })
    };
    let colors = ["Blue", "White"].into_iter();
    let variants: Vec<Value> = colors.flat_map(|color| ["S", "M", "L"].map(|size| variant(color, size))).collect();
    json!({
        "retailer_id": "SHIRT", "title": "Linen Shirt", "price": "29.90", "currency": "USD", "variants": variants,
    })
}
