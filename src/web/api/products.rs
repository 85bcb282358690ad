//! A seller's products and modifiers over HTTP, one by one and as files.

use std::collections::HashSet;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use actors::domain::access::Scope;
use actors::domain::catalog::Modifier;
use actors::domain::command::Command;
use actors::domain::ids::SellerId;
use actors::domain::money::{Currency, Money};
use actors::store::goods::{self, With};
use actors::store::office;
use bytes::Bytes;
use futures::stream::unfold;
use futures::{Stream, StreamExt};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::Api;
use super::answers::{Json, Obeyed, Page, Pieces};
use super::ask::{Ask, Flag, Incoming, JsonBody, Limit, NoQuery, Upload, queries};
use super::commands::command;
use super::endpoint::{delete, get, post, put};
use super::gate::{self, invalid};
use crate::goods::{Format, ImportError, Imported, Mode, Options, ProductJson};
use crate::web::problem::Problem;
use crate::web::route::Route;

const TEXT_BYTES: usize = 200;

/// What is wrong, as a sentence.
pub(super) type Checked<T> = Result<T, String>;

pub(super) fn routes(api: &Arc<Api>) -> Vec<Route> {
    let (all, one) = ("/api/v1/sellers/{seller}/products", "/api/v1/sellers/{seller}/products/{product}");
    let (modifiers, modifier) = ("/api/v1/sellers/{seller}/modifiers", "/api/v1/sellers/{seller}/modifiers/{modifier}");
    let (read, write) = (Scope::ProductsRead, Scope::ProductsWrite);
    vec![
        get("/api/v1/sellers/{seller}/products/export", "export_products", "Sends all products as a file")
            .scope(read)
            .by(api, export),
        post("/api/v1/sellers/{seller}/products/import", "import_products", "Takes a file of products in")
            .scope(write)
            .fails(&[415])
            .by(api, import),
        get(all, "list_products", "Lists products, by SKU").scope(read).by(api, list),
        put(all, "put_products", "Adds or replaces products").scope(write).fails(&[409]).by(api, put_products),
        get(one, "show_product", "Shows a product").scope(read).by(api, show),
        delete(one, "remove_product", "Takes a product out of the catalog").scope(write).by(api, remove),
        get(modifiers, "list_modifiers", "Lists what can be put on products").scope(read).by(api, list_modifiers),
        put(modifiers, "put_modifiers", "Adds or replaces modifiers").scope(write).by(api, put_modifiers),
        delete(modifier, "remove_modifier", "Takes a modifier out of the catalog")
            .scope(write)
            .by(api, remove_modifier),
    ]
}

/// Products, a page at a time.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ProductsQuery {
    /// Where the page begins: the SKU that `next` of the page before gave.
    after: Option<String>,
    /// How many rows at most.
    limit: Option<Limit>,
}

/// The form of a file to send.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ExportQuery {
    /// JSON unless said.
    format: Option<Format>,
}

/// How a file is to be taken in.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct ImportQuery {
    /// Its form; as `Content-Type` says unless said.
    format: Option<Format>,
    /// What becomes of products that the file does not name; they stay unless said.
    mode: Option<Mode>,
    /// Nothing is written: what would be done is said.
    dry_run: Option<Flag>,
    /// Products are removed even if rows were bad, or if the file names none.
    force: Option<Flag>,
}

queries!(ProductsQuery, ExportQuery, ImportQuery);

async fn list(api: Arc<Api>, ask: Ask<ProductsQuery>) -> Result<Json<Page<ProductJson>>, Problem> {
    let ProductsQuery { after, limit } = &ask.query;
    let limit = limit.unwrap_or_default().0;
    let found =
        goods::page(api.store.reads(), ask.seller()?, after.as_deref().unwrap_or_default(), limit, With::Details).await;
    let found = found.map_err(gate::failed)?;
    let is_full = found.len() as u64 == limit;
    let next = found.last().filter(|_| is_full).map(|last| last.retailer_id.clone());
    Ok(Json(Page { data: found.into_iter().map(ProductJson::from).collect(), next }))
}

async fn show(api: Arc<Api>, ask: Ask) -> Result<Json<ProductJson>, Problem> {
    let sku = ask.text("product")?;
    let found = goods::product(api.store.reads(), ask.seller()?, &sku).await.map_err(gate::failed)?;
    let found = found.ok_or_else(|| Problem::not_found().detail(format!("the shop has no product {sku:?}")))?;
    Ok(Json(found.into()))
}

/// Products as they are to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PutProducts {
    products: Vec<ProductJson>,
}

/// How many products were put.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ProductsPut")]
pub(super) struct PutOut {
    products: usize,
}

/// How many were taken out.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Removed")]
pub(super) struct RemovedOut {
    removed: usize,
}

async fn put_products(api: Arc<Api>, mut ask: Ask<NoQuery, JsonBody<PutProducts>>) -> Result<Obeyed<PutOut>, Problem> {
    let currency = currency(&api, ask.seller()?).await?;
    let mut seen = HashSet::new();
    let one = |product: ProductJson| match seen.insert(product.retailer_id.clone()) {
        true => product.checked(currency),
        false => Err(format!("the product {:?} is there twice", product.retailer_id)),
    };
    let products: Checked<Vec<_>> = std::mem::take(&mut ask.body.0.products).into_iter().map(one).collect();
    let products = products.map_err(|detail| invalid("invalid_product", "A product cannot be taken", detail))?;
    command(&api, &ask, Command::PutProducts { products }).await
}

async fn currency(api: &Api, seller: SellerId) -> Result<Currency, Problem> {
    let settings = office::settings_of(api.store.reads(), seller).await.map_err(gate::failed)?;
    settings.map(|found| found.settings.currency).ok_or_else(Problem::not_found)
}

async fn remove(api: Arc<Api>, ask: Ask) -> Result<Obeyed<RemovedOut>, Problem> {
    let products = vec![ask.text("product")?];
    command(&api, &ask, Command::RemoveProducts { products }).await
}

async fn export(api: Arc<Api>, ask: Ask<ExportQuery>) -> Result<Pieces, Problem> {
    let format = ask.query.format.unwrap_or(Format::Json);
    let place = api.lasting.enter(&ask.caller)?;
    let pieces = api.goods.export(ask.seller()?, format).map(move |piece| {
        let _held = &place;
        piece.map_err(io::Error::other)
    });
    let pieces = pieces.boxed();
    Ok(Pieces { media: media_of(format), pieces })
}

fn media_of(format: Format) -> &'static str {
    let [csv, json, lines] = Pieces::MEDIA;
    match format {
        Format::Csv => csv,
        Format::Json => json,
        Format::Ndjson => lines,
    }
}

async fn import(api: Arc<Api>, ask: Ask<ImportQuery, Upload>) -> Result<Json<Imported>, Problem> {
    let seller = ask.seller()?;
    let told = ask.parts.headers.get(CONTENT_TYPE).and_then(|told| told.to_str().ok());
    let told = told.and_then(|told| told.split(';').next()).map(|told| told.trim().to_ascii_lowercase());
    let by_type =
        [Format::Csv, Format::Json, Format::Ndjson].into_iter().find(|it| told.as_deref() == Some(media_of(*it)));
    let unknown = || {
        let title = "The file has a form that is not taken here";
        let detail = "send it as text/csv, application/json or application/x-ndjson, or say ?format=";
        Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", title).detail(detail)
    };
    let options = Options {
        mode: ask.query.mode.unwrap_or_default(),
        dry_run: ask.query.dry_run.unwrap_or_default().0,
        force: ask.query.force.unwrap_or_default().0,
        key: ask.idempotency_key()?.map(str::to_owned),
        by: Some(ask.caller.named()),
        ..Options::new(ask.query.format.or(by_type).ok_or_else(unknown)?)
    };
    let _place = api.lasting.enter(&ask.caller)?;
    let patient = patiently(ask.body.0, api.limits.deadline);
    let imported = api.goods.import(seller, patient, &options, |_| ()).await.map_err(not_imported)?;
    Ok(Json(imported))
}

/// The pieces of a file, each of which must come in time: a file may take as long as it likes, silence may not.
fn patiently(pieces: Incoming, patience: Duration) -> impl Stream<Item = Result<Bytes, io::Error>> {
    unfold(pieces, move |mut pieces| async move {
        let piece = match timeout(patience, pieces.next()).await {
            Ok(piece) => piece?.map_err(io::Error::other),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        };
        Some((piece, pieces))
    })
}

fn not_imported(error: ImportError) -> Problem {
    match error {
        ImportError::NoSuchSeller => Problem::not_found(),
        ImportError::File(_) => Problem::new(StatusCode::BAD_REQUEST, "body_broken_off", "The file broke off")
            .detail("what came before is in; send the same file with the same Idempotency-Key to go on"),
        ImportError::Unreadable(problem) => invalid("unreadable_file", "The file cannot be read", problem.detail),
        ImportError::KeyOfAnother(key) => gate::key_of_another(&key),
        error @ (ImportError::Store(_) | ImportError::NotStored(_)) => gate::failed(error),
    }
}

/// Something that can be put on any product.
#[derive(Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Modifier")]
#[serde(deny_unknown_fields)]
struct ModifierJson {
    /// The seller's name for it.
    id: String,
    /// As shown to customers.
    title: String,
    /// What it adds to the price of one, such as `2.50`.
    #[serde(default)]
    price: Option<String>,
    /// Other words customers use for it.
    #[serde(default)]
    keywords: Vec<String>,
}

impl From<Modifier> for ModifierJson {
    fn from(modifier: Modifier) -> Self {
        let Modifier { id, title, price, keywords } = modifier;
        let amount = |price: Money| price.to_string().split(' ').next().unwrap_or_default().to_owned();
        Self { id, title, price: price.map(amount), keywords }
    }
}

/// Modifiers as they are to be.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct PutModifiers {
    modifiers: Vec<ModifierJson>,
}

/// How many modifiers were put.
#[derive(Serialize, JsonSchema)]
pub(super) struct ModifiersPut {
    modifiers: usize,
}

async fn list_modifiers(api: Arc<Api>, ask: Ask) -> Result<Json<Page<ModifierJson>>, Problem> {
    let found = goods::modifiers(api.store.reads(), ask.seller()?).await.map_err(gate::failed)?;
    Ok(Json(Page { data: found.into_iter().map(ModifierJson::from).collect(), next: None }))
}

async fn put_modifiers(
    api: Arc<Api>,
    mut ask: Ask<NoQuery, JsonBody<PutModifiers>>,
) -> Result<Obeyed<ModifiersPut>, Problem> {
    let currency = currency(&api, ask.seller()?).await?;
    let one = |ModifierJson { id, title, price, keywords }| {
        let price = price.map(|price| Money::parse(&price, currency)).transpose();
        let price =
            price.map_err(|error| invalid("invalid_modifier", "A modifier cannot be taken", error.to_string()))?;
        Ok(Modifier { id, title, price, keywords })
    };
    let modifiers = std::mem::take(&mut ask.body.0.modifiers).into_iter().map(one).collect::<Result<_, Problem>>()?;
    command(&api, &ask, Command::PutModifiers { modifiers }).await
}

async fn remove_modifier(api: Arc<Api>, ask: Ask) -> Result<Obeyed<RemovedOut>, Problem> {
    let modifiers = vec![ask.text("modifier")?];
    command(&api, &ask, Command::RemoveModifiers { modifiers }).await
}

/// Looks at a text that people will read. A control character, NUL above all, is refused by some databases.
pub(super) fn text(name: &str, text: &str) -> Checked<()> {
    let fits = !text.trim().is_empty() && text.len() <= TEXT_BYTES && !text.contains(char::is_control);
    if fits { Ok(()) } else { Err(format!("{name} has 1 to {TEXT_BYTES} bytes, and no control characters")) }
}
