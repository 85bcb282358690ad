//! The catalog's edges as a client sees them.

mod batches;
mod items;
mod shops;

use super::*;
use crate::sandbox::samples::{key_paths, sample};

const CATALOG: &str = "800680000000001";
const BUSINESS: &str = "901000000000001";

impl Scene {
    /// A catalog of the shop, whose batches take three seconds.
    fn catalog(&self) -> Catalog {
        self.shop.add_catalog(CATALOG, "Linen Shop catalog", BUSINESS)
    }

    async fn call(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.request(method, path).json(body).send().await.unwrap();
        (answer.status().as_u16(), answer.json().await.unwrap())
    }

    async fn batch(&self, requests: &[Value]) -> Value {
        let body = json!({"item_type": "PRODUCT_ITEM", "allow_upsert": true, "requests": requests});
        self.call("POST", &format!("/v26.0/{CATALOG}/items_batch"), &body).await.1
    }

    /// Sends a batch, lets its time pass, and asks how it went.
    async fn batch_to_the_end(&self, requests: &[Value]) -> Value {
        let answer = self.batch(requests).await;
        self.pass(3_000);
        self.status(answer["handles"][0].as_str().unwrap()).await
    }

    async fn status(&self, handle: &str) -> Value {
        let path = format!(
            "/v26.0/{CATALOG}/check_batch_request_status?handle={handle}&load_ids_of_invalid_requests=true\
             &fields=handle,status,errors,errors_total_count,warnings,warnings_total_count,ids_of_invalid_requests"
        );
        self.get(&path).await
    }

    fn pass(&self, ms: i64) {
        self.clock.fetch_add(ms, Ordering::SeqCst);
    }

    /// The list of items, as a query asks for it.
    async fn list(&self, query: &[(&str, &str)]) -> Value {
        let request = self.request("GET", &format!("/v26.0/{CATALOG}/products")).query(query);
        request.send().await.unwrap().json().await.unwrap()
    }
}

/// The documented item, under another SKU, with what is changed of it.
fn shirt(sku: &str, change: Value) -> Value {
    let mut request = sample("graph/items_batch_request_create.json")["requests"][0].clone();
    request["method"] = "UPDATE".into();
    request["data"]["id"] = sku.into();
    for (name, value) in change.as_object().unwrap() {
        request["data"][name] = value.clone();
    }
    request
}

fn removal(sku: &str) -> Value {
    json!({"method": "DELETE", "data": {"id": sku}})
}
