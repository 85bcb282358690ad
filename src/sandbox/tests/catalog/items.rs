//! Items one by one, lists of them, and what the review says.

use super::*;

fn cap(change: Value) -> Value {
    let mut body = sample("graph/product_create_request.json");
    for (name, value) in change.as_object().unwrap() {
        body[name] = value.clone();
    }
    body
}

fn products() -> String {
    format!("/v26.0/{CATALOG}/products")
}

#[tokio::test]
async fn an_item_is_made_changed_read_and_removed_by_itself() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let (status, answer) = scene.call("POST", &products(), &cap(json!({}))).await;
    assert_eq!((status, key_paths(&answer)), (200, key_paths(&sample("graph/product_create_response.json"))));
    let id = answer["id"].as_str().unwrap().to_owned();
    assert_eq!(catalog.item("LIN-BLU-M").unwrap().fields["price"], "29.90 USD", "written in hundredths");
    let again = scene.call("POST", &products(), &cap(json!({"price": 2750, "sale_price": 2500}))).await.1;
    assert_eq!(again["id"], id, "the same SKU is the same item");
    let path = format!("/v26.0/{id}");
    assert_eq!(scene.call("POST", &path, &json!({"availability": "out of stock", "sale_price": 0})).await.0, 200);
    let read = scene.get(&format!("{path}?fields=retailer_id,price,sale_price,availability,currency")).await;
    let expected = json!({"id": id, "retailer_id": "LIN-BLU-M", "price": "$27.50", "availability": "out of stock", "currency": "USD"});
    assert_eq!(read, expected);
    let by_sku = scene.get(&format!("/v26.0/catalog:{CATALOG}:TElOLUJMVS1N")).await;
    assert_eq!(by_sku["id"], id);
    assert_eq!(scene.call("DELETE", &path, &Value::Null).await, (200, json!({"success": true})));
    let gone = scene.call("DELETE", &path, &Value::Null).await.1;
    assert_eq!(gone["error"]["error_subcode"], 33);
    assert_eq!(catalog.written_to("LIN-BLU-M").len(), 4);
    assert_eq!(catalog.written_to("LIN-BLU-M").last().unwrap(), "", "removed");
}

#[tokio::test]
async fn a_wrong_item_is_refused_by_itself_and_a_wrong_call_is_noted() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    for (change, wrong_calls) in [
        (json!({"name": ""}), 0),
        (json!({"url": "http://shop.example"}), 0),
        (json!({"price": 0}), 0),
        (json!({"price": "29.90 USD"}), 1),
        (json!({"retailer_id": ""}), 2),
        (json!({"title": "Blue linen shirt"}), 3),
    ] {
        let (status, answer) = scene.call("POST", &products(), &cap(change.clone())).await;
        assert_eq!((status, &answer["error"]["code"]), (400, &json!(100)), "{change}");
        assert_eq!(scene.sandbox.wrong_calls().len(), wrong_calls, "{change}");
    }
    scene.call("POST", &products(), &cap(json!({}))).await;
    let twice = scene.call("POST", &products(), &cap(json!({"allow_upsert": false}))).await.1;
    assert_eq!(twice["error"]["code"], 10_800);
    assert_eq!((catalog.len(), catalog.writes().len()), (1, 4));
}

#[tokio::test]
async fn items_come_in_pages_that_join() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.seed(7);
    let (mut seen, mut after) = (Vec::new(), None::<String>);
    loop {
        let mut query = vec![("limit", "3"), ("fields", "retailer_id,name"), ("summary", "true")];
        query.extend(after.as_deref().map(|after| ("after", after)));
        let page = scene.list(&query).await;
        seen.extend(
            page["data"].as_array().unwrap().iter().map(|item| item["retailer_id"].as_str().unwrap().to_owned()),
        );
        assert_eq!(page["paging"]["next"].is_string(), seen.len() < 7);
        assert_eq!(page["summary"]["total_count"], catalog.len());
        if !page["paging"]["next"].is_string() {
            break;
        }
        after = page["paging"]["cursors"]["after"].as_str().map(str::to_owned);
        // What comes and goes while one reads changes no place of another.
        catalog.remove("SEED-000001");
    }
    assert_eq!(seen.len(), 7);
    assert_eq!(scene.list(&[("limit", "1001")]).await["error"]["code"], 1);
    assert_eq!(scene.list(&[("after", "nonsense")]).await["error"]["code"], 100);
}

#[tokio::test]
async fn a_list_is_filtered_by_any_field() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.seed(5);
    catalog.change("SEED-000002", &json!({"availability": "out of stock", "title": "Linen cap"})).unwrap();
    catalog.rules(|rules| {
        rules.review.rejects = vec![Rejects::new("SEED-000003", "COMMERCE_POLICY")];
        rules.broken_images = vec!["SEED-000004".to_owned()];
    });
    for (name, value, skus) in [
        ("filter", r#"{"retailer_id":{"eq":"SEED-000005"}}"#, vec![5]),
        ("filter", r#"{"retailer_id":{"eq":"NONE"}}"#, vec![]),
        ("filter", r#"{"retailer_id":{"is_any":["SEED-000004","SEED-000001","NONE"]}}"#, vec![1, 4]),
        ("filter", r#"{"availability":{"eq":"out of stock"}}"#, vec![2]),
        ("filter", r#"{"or":[{"name":{"i_contains":"LINEN"}},{"review_status":{"neq":"approved"}}]}"#, vec![2, 3]),
        ("filter", r#"{"not":{"review_status":{"eq":"approved"}}}"#, vec![3]),
        ("return_only_approved_products", "true", vec![1, 2, 4, 5]),
        ("error_type", "IMAGE_FETCH_FAILED_LINK_BROKEN", vec![4]),
        ("error_priority", "LOW", vec![]),
    ] {
        let answer = scene.list(&[(name, value), ("fields", "retailer_id")]).await;
        let found: Vec<_> = answer["data"].as_array().unwrap().iter().map(|item| item["retailer_id"].clone()).collect();
        let expected: Vec<Value> = skus.iter().map(|number| format!("SEED-{number:06}").into()).collect();
        assert_eq!(found, expected, "{name}={value}");
        if expected.is_empty() {
            assert_eq!(answer, sample("graph/catalog_products_by_retailer_id_empty.json"));
        }
    }
}

#[tokio::test]
async fn items_have_the_shape_of_their_samples() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    scene
        .batch_to_the_end(&[
            shirt("LIN-BLU-M", json!({})),
            shirt("KNIFE-1", json!({"image_link": "https://cdn/broken"})),
        ])
        .await;
    catalog.rules(|rules| {
        rules.review.rejects = vec![Rejects::new("KNIFE", "COMMERCE_POLICY")];
        rules.broken_images = vec!["broken".to_owned()];
    });
    let fields = "id,retailer_id,name,price,currency,availability,url,image_url,retailer_product_group_id,visibility,\
                  review_status,image_fetch_status";
    let page = scene.list(&[("limit", "1"), ("fields", fields)]).await;
    let documented = sample("graph/catalog_products_page.json");
    assert_eq!(key_paths(&page), key_paths(&documented));
    let mut first = page["data"][0].clone();
    first["id"] = documented["data"][0]["id"].clone();
    assert_eq!(first, documented["data"][0]);

    let rejected = sample("graph/catalog_product_rejected.json");
    let fields = rejected.as_object().unwrap().keys().cloned().collect::<Vec<_>>().join(",");
    let filter = r#"{"retailer_id":{"eq":"KNIFE-1"}}"#;
    let mut knife = scene.list(&[("filter", filter), ("fields", &fields)]).await["data"][0].clone();
    let [policy, image] = [knife["errors"][1].clone(), knife["errors"][0].clone()];
    assert_eq!((&policy["error_type"], &image["error_priority"]), (&json!("PRODUCT_NOT_APPROVED"), &json!("HIGH")));
    (knife["errors"], knife["id"]) = (json!([image]), rejected["id"].clone());
    assert_eq!(knife, rejected);
    let groups = scene.get(&format!("/v26.0/{CATALOG}/diagnostics")).await;
    assert_eq!(groups["data"].as_array().unwrap().len(), 2);
}

#[tokio::test]
async fn a_review_takes_its_time_and_starts_again_with_what_is_shown() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.rules(|rules| {
        rules.review.takes_ms = 60_000;
        rules.review.rejects = vec![Rejects::new("knife", "COMMERCE_POLICY")];
    });
    catalog.seed(1);
    let review = || catalog.item("SEED-000001").unwrap().review;
    assert_eq!(review(), "pending");
    scene.pass(60_000);
    assert_eq!(review(), "approved");
    catalog.change("SEED-000001", &json!({"price": "9.00 USD"})).unwrap();
    assert_eq!(review(), "approved", "a price is not reviewed");
    catalog.change("SEED-000001", &json!({"title": "A knife"})).unwrap();
    assert_eq!(review(), "pending");
    scene.pass(60_000);
    assert_eq!(catalog.item("SEED-000001").unwrap().rejected_for.as_deref(), Some("COMMERCE_POLICY"));
    catalog.change("SEED-000001", &json!({"title": "A spoon"})).unwrap();
    scene.pass(60_000);
    assert_eq!(review(), "approved");
}

#[tokio::test]
async fn calls_beyond_the_hours_share_are_refused_as_the_rules_say() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.rules(|rules| rules.calls_per_hour = Some(2));
    let create = || scene.call("POST", "/v26.0/800680000000001/products", &Value::Null);
    scene.call("POST", &products(), &cap(json!({}))).await;
    scene.list(&[]).await;
    assert_eq!(create().await.1["error"]["code"], 80_009);
    for refusal in [Refusal::AppRate, Refusal::UserRate, Refusal::PageRate, Refusal::MessagingRate] {
        catalog.rules(|rules| rules.beyond_the_hour = refusal);
        assert_eq!(create().await.1, refusal_body(&scene, refusal));
    }
    scene.pass(3_600_000);
    assert_eq!(scene.call("POST", &products(), &cap(json!({}))).await.0, 200);
    assert_eq!(catalog.writes().len(), 2);
}

/// What a refusal says, with the trace of the latest call.
fn refusal_body(scene: &Scene, refusal: Refusal) -> Value {
    refusal.body(None, &scene.sandbox.world().trace())
}
