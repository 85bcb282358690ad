//! Rows put in beforehand, past the service: shops with what they sell, and the inbox of years.

use actors::domain::money::Currency;
use actors::domain::seller::Settings;
use anyhow::Context;
use sea_orm::{ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, Value};

use crate::posts::{self, MID};
use crate::{catalog, meta};

/// What every shop sells, by the words customers use.
pub(crate) const PRODUCTS: [&str; 20] = [
    "linen shirt",
    "canvas apron",
    "wool scarf",
    "leather wallet",
    "silk blouse",
    "denim jacket",
    "straw hat",
    "rain coat",
    "cotton socks",
    "velvet dress",
    "rope belt",
    "beach towel",
    "pearl necklace",
    "silver ring",
    "cork sandals",
    "felt slippers",
    "bamboo tray",
    "clay mug",
    "glass vase",
    "oak bowl",
];

/// What was said and ordered in a shop, in a conversation with each of as many customers as there are orders; half of
/// what was said, in the first. Ids begin at 1 in every table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Past {
    /// Messages.
    pub(crate) messages: usize,
    /// Orders of two lines, one in a hundred still a draft.
    pub(crate) orders: usize,
}

/// What the first shop sells: products with all that Meta wants to know of them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Goods {
    /// How many.
    pub(crate) products: usize,
    /// In how many ways each comes; 0: it is sold as it is.
    pub(crate) variants: usize,
    /// Whether all of it is at Meta already, as far as we know.
    pub(crate) at_meta: bool,
}

impl Goods {
    /// The SKU of a product, by its number from 1.
    pub(crate) fn sku(number: usize) -> String {
        format!("T{}", SKU_BASE + number)
    }
}

/// So that SKUs have the same length, and the order of their numbers.
const SKU_BASE: usize = 10_000_000;
/// The seller's counter after all that was before.
const COUNTED: i64 = 1000;

const LONG_AGO_MS: usize = 1_700_000_000_000;

/// When a message was said.
pub(crate) fn said_at(message: usize) -> usize {
    LONG_AGO_MS + message
}

/// The numbers from 1 to `$1`, on either database.
const NUMBERS: &str =
    "WITH RECURSIVE n(i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < CAST($1 AS BIGINT))";

/// The database, while the service does not have it.
pub(crate) struct Rows(DatabaseConnection);

impl Rows {
    /// Opens it. It has its tables already.
    pub(crate) async fn open(url: &str) -> anyhow::Result<Self> {
        let mut options = ConnectOptions::new(url);
        // A million rows in one statement are slow, which is no news.
        options.sqlx_logging(false);
        Ok(Self(Database::connect(options).await.context("could not open the database")?))
    }

    /// Lets go of it.
    pub(crate) async fn close(self) -> anyhow::Result<()> {
        if self.0.get_database_backend() == DbBackend::Postgres {
            self.0.execute_unprepared("ANALYZE").await?;
        }
        Ok(self.0.close().await?)
    }

    /// So many shops, each with its account. Their ids are 1 and so on.
    pub(crate) async fn put_shops(&self, shops: usize) -> anyhow::Result<()> {
        let currency: Currency = "USD".parse().context("no currency")?;
        let settings = serde_json::to_string(&Settings::new("Shop", currency))?;
        let shops = i64::try_from(shops)?;
        let sellers = format!("INSERT INTO seller (settings) {NUMBERS} SELECT CAST($2 AS TEXT) FROM n");
        self.put(&sellers, vec![shops.into(), settings.into()]).await?;
        let connections = format!(
            "INSERT INTO connection (seller_id, account, username, state) {NUMBERS} \
             SELECT i, 'instagram:' || CAST(i + CAST($2 AS BIGINT) AS TEXT), 'shop', 'connected' FROM n"
        );
        self.put(&connections, vec![shops.into(), i64::try_from(posts::account(0))?.into()]).await
    }

    /// All products for each of so many shops.
    pub(crate) async fn put_products(&self, shops: usize) -> anyhow::Result<()> {
        let titles: Vec<String> = PRODUCTS.iter().enumerate().map(|(n, title)| format!("({n}, '{title}')")).collect();
        let products = format!(
            "INSERT INTO product (seller_id, retailer_id, title, price_minor, currency, keywords) {NUMBERS}, \
             t(k, title) AS (VALUES {}) \
             SELECT i, 'SKU-' || CAST(k AS TEXT), title, 1900, 'USD', '[]' FROM n CROSS JOIN t",
            titles.join(", ")
        );
        self.put(&products, vec![i64::try_from(shops)?.into()]).await
    }

    /// What the first shop sells in the place of that.
    pub(crate) async fn put_goods(&self, goods: Goods) -> anyhow::Result<()> {
        let (products, sku) = (i64::try_from(goods.products)?, format!("'T' || CAST({SKU_BASE} + i AS TEXT)"));
        let sold = format!(
            "INSERT INTO product (seller_id, retailer_id, title, price_minor, currency, keywords, stock) {NUMBERS} \
             SELECT 1, {sku}, 'Woven Thing Number ' || CAST(i AS TEXT), 500 + i % 90, 'USD', '[]', 7 FROM n"
        );
        let words = "Woven from long-staple fibre; washed soft and sewn close to home. ".repeat(4);
        let shown = format!(
            "INSERT INTO product_details (seller_id, product, variant, description, link, images, brand) {NUMBERS} \
             SELECT 1, {sku}, '', '{words}', 'https://shop.example/' || CAST(i AS TEXT), \
             '[\"https://cdn.example/' || CAST(i AS TEXT) || '.jpg\"]', 'Ada' FROM n"
        );
        for rows in [sold, shown] {
            self.put(&rows, vec![products.into()]).await?;
        }
        if goods.variants > 0 {
            let ways = format!(
                "INSERT INTO variant (seller_id, retailer_id, product, n, options, keywords) {NUMBERS}, \
                 v(k) AS (SELECT i FROM n LIMIT {}) \
                 SELECT 1, {sku} || '-' || CAST(k AS TEXT), {sku}, k, \
                 '[[\"Size\",\"' || CAST(36 + k AS TEXT) || '\"]]', '[]' FROM n CROSS JOIN v",
                goods.variants
            );
            self.put(&ways, vec![products.into()]).await?;
        }
        if goods.at_meta { self.put_at_meta().await } else { Ok(()) }
    }

    /// A catalog at Meta in which all that the first shop sells is shown.
    async fn put_at_meta(&self) -> anyhow::Result<()> {
        let catalog = "INSERT INTO catalog (seller_id, id, meta_id, connection_id, settings, standing, looked_through, \
                       review_wait, is_current) SELECT 1, 1, CAST($1 AS TEXT), id, CAST($2 AS TEXT), 'active', \
                       CAST($3 AS BIGINT), 0, TRUE FROM connection WHERE seller_id = 1";
        let settings = serde_json::to_string(&catalog::settings())?;
        self.put(catalog, vec![meta::CATALOG.into(), settings.into(), COUNTED.into()]).await?;
        let items = format!(
            "INSERT INTO catalog_product (seller_id, catalog, retailer_id, product, item_id, state, rank, wants, \
             accepted, offered, sent, offers, seen_at, mended, changed_at) \
             SELECT 1, 1, retailer_id, product, '9' || retailer_id, 'live', 1, 'put', 1, 1, 1, 1, {LONG_AGO_MS}, 0, \
             {LONG_AGO_MS} FROM variant WHERE seller_id = 1"
        );
        self.put(&items, Vec::new()).await?;
        self.put("UPDATE seller SET last_id = $1 WHERE id = 1", vec![COUNTED.into()]).await
    }

    /// So many events that were handled long ago, spread over the shops, and counted as received.
    pub(crate) async fn put_old_events(&self, events: usize, shops: usize) -> anyhow::Result<()> {
        if events == 0 {
            return Ok(());
        }
        let (events, shops) = (i64::try_from(events)?, i64::try_from(shops)?);
        let raw = vec![b'x'; 250];
        let account = "'instagram:' || CAST(1 + i % CAST($2 AS BIGINT) + CAST($3 AS BIGINT) AS TEXT)";
        let inbox = format!(
            "INSERT INTO inbox_event (account, key, seller_id, source, kind, customer, happened_at, received_at, raw, \
             state, decided_at) {NUMBERS} \
             SELECT {account}, 'message:{MID}' || CAST(i AS TEXT), 1 + i % CAST($2 AS BIGINT), 'meta', 'message', \
             CAST(5600000000000000 + i / 5 AS TEXT), 1700000000000 + i, 1700000000000 + i, $4, 'handled', \
             1700000000000 + i FROM n"
        );
        let base: Value = i64::try_from(posts::account(0))?.into();
        self.put(&inbox, vec![events.into(), shops.into(), base, raw.into()]).await?;
        let counted = "INSERT INTO intake (account, hour, received) VALUES ('instagram:0', 0, $1)";
        self.put(counted, vec![events.into()]).await
    }

    /// The past of the first shop.
    pub(crate) async fn put_past(&self, past: Past) -> anyhow::Result<()> {
        let (messages, orders) = (i64::try_from(past.messages)?, i64::try_from(past.orders)?);
        let people = format!(
            "INSERT INTO customer (seller_id, id, account, meta_id, shown_name) {NUMBERS} \
             SELECT 1, i, 'instagram:1', CAST(5600000000000000 + i AS TEXT), 'Somebody' FROM n"
        );
        let conversations = format!(
            "INSERT INTO conversation (seller_id, id, customer_id, last_inbound_at, last_message_at, preview, unread, \
             episode) {NUMBERS} SELECT 1, i, i, {LONG_AGO_MS} + i, {LONG_AGO_MS} + i, 'Two linen shirts please', \
             CASE WHEN i % 1000 = 0 THEN 1 ELSE 0 END, 1 FROM n"
        );
        let leads = format!(
            "INSERT INTO lead (seller_id, id, customer_id, conversation_id, stage, first_words, at) {NUMBERS} \
             SELECT 1, i, i, i, CASE WHEN i % 100 = 0 THEN 'lost' ELSE 'ordered' END, 'Hello', {LONG_AGO_MS} + i FROM n"
        );
        let taken = format!(
            "INSERT INTO shop_order (seller_id, id, conversation_id, customer_id, channel, source_key, state, \
             confidence, opened_at, version) {NUMBERS} SELECT 1, i, i, i, 'instagram', 'message:' || CAST(i AS TEXT), \
             CASE WHEN i % 100 = 0 THEN 'draft' ELSE 'fulfilled' END, 0.9, {LONG_AGO_MS} + i, 3 FROM n"
        );
        let lines = format!(
            "INSERT INTO order_line (seller_id, order_id, n, product, title, options, modifiers, quantity, unit_minor, \
             currency, evidence, confidence, stock_taken) {NUMBERS} SELECT 1, 1 + i / 2, 1 + i % 2, 'SKU-1', \
             'canvas apron', '[]', '[]', 2, 1900, 'USD', '[]', 0.9, FALSE FROM n"
        );
        let said = format!(
            "INSERT INTO message (seller_id, id, conversation_id, episode, counts, author, source_key, text, \
             attachments, at, mid, state) {NUMBERS} SELECT 1, i, \
             CASE WHEN i <= CAST($1 AS BIGINT) / 2 THEN 1 ELSE 1 + i % CAST($2 AS BIGINT) END, 1, FALSE, 'customer', \
             'message:{MID}' || CAST(i AS TEXT), 'Two linen shirts in size M please, and the clay mug', '[]', \
             {LONG_AGO_MS} + i, '{MID}' || CAST(i AS TEXT), 'received' FROM n"
        );
        for rows in [people, conversations, leads, taken] {
            self.put(&rows, vec![orders.into()]).await?;
        }
        self.put(&lines, vec![(2 * orders).into()]).await?;
        self.put(&said, vec![messages.into(), orders.into()]).await
    }

    async fn put(&self, sql: &str, values: Vec<Value>) -> anyhow::Result<()> {
        let statement = Statement::from_sql_and_values(self.0.get_database_backend(), sql, values);
        self.0.execute_raw(statement).await.with_context(|| format!("could not put rows: {sql}"))?;
        Ok(())
    }
}
