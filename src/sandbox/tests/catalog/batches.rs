//! Many items in one call.

use super::*;

#[tokio::test]
async fn a_batch_is_taken_at_once_and_done_after_a_while() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let answer = scene.batch(&[shirt("A", json!({})), shirt("B", json!({}))]).await;
    assert_eq!(key_paths(&answer), key_paths(&sample("graph/items_batch_response_ok.json")));
    let handle = answer["handles"][0].as_str().unwrap();
    let status = scene.status(handle).await;
    assert_eq!(status["data"][0]["status"], "in_progress");
    assert_eq!(key_paths(&status), key_paths(&sample("graph/check_batch_in_progress.json")));
    assert_eq!((catalog.len(), catalog.writes().len()), (0, 0));
    scene.pass(3_000);
    assert_eq!(scene.status(handle).await["data"][0]["status"], "finished");
    assert_eq!(catalog.item("A").unwrap().fields["price"], "29.90 USD");
    let batches = catalog.batches();
    assert_eq!((batches[0].requests, batches[0].ended_at, batches[0].asked), (2, Some(START_MS + 3_000), 2));
}

#[tokio::test]
async fn the_documented_bodies_are_taken_as_json_and_as_a_form() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let path = format!("/v26.0/{CATALOG}/items_batch");
    let create = sample("graph/items_batch_request_create.json");
    assert_eq!(scene.call("POST", &path, &create).await.0, 200);
    scene.pass(3_000);
    catalog.change("CAP-RED", &catalog.item("LIN-BLU-M").unwrap().fields.into()).unwrap();
    catalog.change("OLD-SKU-9", &catalog.item("LIN-BLU-M").unwrap().fields.into()).unwrap();
    let mixed = sample("graph/items_batch_request_mixed.json");
    let requests = mixed["requests"].to_string();
    let form = form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("item_type", "PRODUCT_ITEM"), ("allow_upsert", "true"), ("requests", &requests)])
        .finish();
    let kind = "application/x-www-form-urlencoded";
    let answer = scene.request("POST", &path).header("content-type", kind).body(form).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    scene.pass(3_000);
    let shirt = catalog.item("LIN-BLU-M").unwrap().fields;
    assert_eq!((&shirt["price"], &shirt["sale_price"]), (&json!("27.50 USD"), &json!("24.00 USD")));
    assert_eq!(shirt["title"], "Blue linen shirt", "what is not written stays");
    assert_eq!(catalog.item("CAP-RED").unwrap().fields["availability"], "out of stock");
    assert_eq!((catalog.item("OLD-SKU-9"), catalog.len()), (None, 2));
    assert!(scene.sandbox.wrong_calls().is_empty());
}

#[tokio::test]
async fn one_item_twice_in_a_batch_means_that_nothing_is_taken() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let answer = scene.batch(&[shirt("A", json!({})), shirt("B", json!({})), removal("A")]).await;
    assert_eq!(key_paths(&answer), key_paths(&sample("graph/items_batch_response_errors.json")));
    assert_eq!((&answer["handles"], &answer["validation_status"][0]["retailer_id"]), (&json!([]), &json!("A")));
    scene.pass(3_000);
    assert_eq!((catalog.len(), catalog.batches().len()), (0, 0));
    assert_eq!(scene.sandbox.wrong_calls().len(), 1);
}

#[tokio::test]
async fn each_item_succeeds_or_fails_by_itself_and_the_ids_say_which() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let colour = scene.batch(&[shirt("C", json!({"colour": "blue"}))]).await;
    assert_eq!(key_paths(&colour), key_paths(&sample("graph/items_batch_response_warning.json")));
    let requests = [
        shirt("A", json!({})),
        shirt("B", json!({"price": ""})),
        removal("GONE"),
        shirt("D", json!({"title": "LOUD"})),
    ];
    let status = scene.batch_to_the_end(&requests).await;
    assert_eq!(key_paths(&status), key_paths(&sample("graph/check_batch_finished_partial.json")));
    let told = &status["data"][0];
    assert_eq!(told["errors"][0], json!({"line": 2, "id": "B", "message": "Required field missing: price"}));
    assert_eq!((&told["ids_of_invalid_requests"], &told["errors_total_count"]), (&json!(["B", "D"]), &json!(2)));
    assert_eq!(told["warnings"][0]["id"], "GONE");
    assert_eq!(catalog.items().iter().map(|item| item.sku.as_str()).collect::<Vec<_>>(), ["C", "A"]);
    let writes = catalog.writes();
    let refused: Vec<_> = writes.iter().filter(|write| write.refused.is_some()).map(|write| &*write.sku).collect();
    assert_eq!((writes.len(), refused), (5, vec!["B", "D"]));

    catalog.rules(|rules| (rules.disguises_missing_fields, rules.removing_none_fails) = (true, true));
    let status = scene.batch_to_the_end(&[shirt("B", json!({"price": ""})), removal("GONE")]).await;
    let told = &status["data"][0];
    assert_eq!((&told["errors_total_count"], told["errors"].as_array().unwrap().len()), (&json!(2), 1));
    assert_eq!(told["ids_of_invalid_requests"], json!(["B", "GONE"]));
    let path = format!("/v26.0/{CATALOG}/check_batch_request_status?handle={}", told["handle"].as_str().unwrap());
    assert_eq!(scene.get(&path).await["data"][0]["ids_of_invalid_requests"], json!([]), "they were not asked for");
}

#[tokio::test]
async fn without_upsert_an_unknown_item_is_not_made() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let body = json!({"item_type": "PRODUCT_ITEM", "allow_upsert": false, "requests": [shirt("A", json!({}))]});
    let (_, answer) = scene.call("POST", &format!("/v26.0/{CATALOG}/items_batch"), &body).await;
    scene.pass(3_000);
    let status = scene.status(answer["handles"][0].as_str().unwrap()).await;
    assert_eq!((&status["data"][0]["ids_of_invalid_requests"], catalog.len()), (&json!(["A"]), 0));
}

#[tokio::test]
async fn a_name_is_that_of_an_item_or_of_a_group() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let group = |group: &str| json!({ "item_group_id": group });
    let requests = [shirt("A", group("")), shirt("B", group("A")), shirt("C", group("G")), shirt("G", group(""))];
    let status = scene.batch_to_the_end(&requests).await;
    assert_eq!(status["data"][0]["ids_of_invalid_requests"], json!(["B", "G"]));
    assert!(status["data"][0]["errors"][0]["message"].as_str().unwrap().contains("RETAILER_ID_USED_BY_GROUP"));
    assert!(catalog.remove("C"));
    let status = scene.batch_to_the_end(&[shirt("G", group(""))]).await;
    assert_eq!(status["data"][0]["errors_total_count"], 0, "the group is gone with its last item");
}

#[tokio::test]
async fn too_much_is_to_be_reduced() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let reduce = "reduce the amount of data";
    catalog.rules(|rules| rules.most_items = 2);
    let requests: Vec<Value> = (0..3).map(|number| shirt(&number.to_string(), json!({}))).collect();
    let answer = scene.batch(&requests).await;
    assert_eq!(key_paths(&answer), key_paths(&sample("graph/error_1_reduce_data.json")));
    assert!(answer["error"]["message"].as_str().unwrap().contains(reduce));
    assert!(scene.batch(&requests[..2]).await["handles"][0].is_string());
    catalog.rules(|rules| rules.most_bytes = 100);
    assert_eq!(scene.batch(&requests[..1]).await["error"]["code"], 1);
    assert!(scene.sandbox.wrong_calls().is_empty());
    let many: Vec<Value> = (0..5001).map(|number| removal(&number.to_string())).collect();
    catalog.rules(|rules| *rules = CatalogRules::default());
    assert_eq!(scene.batch(&many).await["error"]["code"], 100);
    assert_eq!(scene.sandbox.wrong_calls().len(), 1);
}

#[tokio::test]
async fn batches_beyond_the_minutes_share_are_refused_until_there_is_room() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.rules(|rules| rules.batches_per_minute = Some(2));
    scene.batch(&[removal("A")]).await;
    scene.pass(30_000);
    scene.batch(&[removal("B")]).await;
    let body = json!({"item_type": "PRODUCT_ITEM", "requests": [removal("C")]});
    let refused = scene.request("POST", &format!("/v26.0/{CATALOG}/items_batch")).json(&body).send().await.unwrap();
    let usage: Value = serde_json::from_str(refused.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    let case = &usage[CATALOG][0];
    assert_eq!((&case["type"], &case["call_count"]), (&json!("catalog_batch"), &json!(100)));
    assert_eq!(case["estimated_time_to_regain_access"], 1);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], 80_014);
    scene.pass(30_000);
    assert!(scene.batch(&[removal("C")]).await["handles"][0].is_string());
    assert_eq!(catalog.calls().iter().filter(|call| !call.let_through).count(), 1);
}

#[tokio::test]
async fn a_batch_may_hang_fail_overtake_or_be_forgotten() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let fates = [BatchFate::NeverFinishes, BatchFate::Fails, BatchFate::IsForgotten, BatchFate::Takes(9_000)];
    catalog.next_batches(fates);
    let mut handles = Vec::new();
    for sku in ["A", "B", "C", "D", "D"] {
        let change = json!({"title": format!("Shirt number {}", handles.len())});
        let answer = scene.batch(&[shirt(sku, change)]).await;
        handles.push(answer["handles"][0].as_str().unwrap().to_owned());
    }
    scene.pass(10_000);
    let mut words = Vec::new();
    for handle in &handles {
        words.push(scene.status(handle).await["data"][0]["status"].as_str().unwrap_or_default().to_owned());
    }
    assert_eq!(words, ["in_progress", "error", "", "finished", "finished"]);
    assert_eq!(catalog.items().iter().map(|item| item.sku.as_str()).collect::<Vec<_>>(), ["C", "D"]);
    assert_eq!(catalog.item("D").unwrap().fields["title"], "Shirt number 3", "the slow one came last");
    scene.pass(25 * 3_600_000);
    assert_eq!(scene.status(&handles[4]).await, json!({"data": []}), "nobody keeps a handle for ever");
    assert_eq!(scene.status("Acy_made_up").await["error"]["code"], 100);
}

#[tokio::test]
async fn a_batch_without_an_answer_is_done_all_the_same() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let send = || async {
        let body = json!({"item_type": "PRODUCT_ITEM", "requests": [shirt("A", json!({}))]});
        scene.request("POST", &format!("/v26.0/{CATALOG}/items_batch")).json(&body).send().await
    };
    let cut = Silence::Cut;
    catalog.next_calls(1, Calls::CatalogBatches, Fault::NotDoneNoAnswer { silence: cut });
    catalog.next_calls(1, Calls::CatalogBatches, Fault::DoneButNoAnswer { silence: cut });
    catalog.next_calls(1, Calls::CatalogBatches, Fault::DoneBut500);
    catalog.next_calls(1, Calls::CatalogBatches, Fault::fail(Refusal::TokenExpired));
    assert!(send().await.is_err());
    assert_eq!(catalog.batches().len(), 0);
    assert!(send().await.is_err());
    assert_eq!(send().await.unwrap().status(), 500);
    assert_eq!(send().await.unwrap().status(), 401);
    assert_eq!(send().await.unwrap().status(), 200);
    assert_eq!(catalog.batches().len(), 3);
    scene.pass(3_000);
    let contents = catalog.written_to("A");
    assert!(contents.len() == 3 && contents.iter().all(|content| *content == contents[0]));
}

#[tokio::test]
async fn headers_tell_of_the_catalogs_share() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let limits = Limits { percent: Some(100), minutes: Some(3), app_percent: Some(40), ..Limits::default() };
    catalog.next_calls(1, Calls::CatalogBatches, Fault::WithLimits(limits));
    let body = json!({"item_type": "PRODUCT_ITEM", "requests": [removal("C")]});
    let answer = scene.request("POST", &format!("/v26.0/{CATALOG}/items_batch")).json(&body).send().await.unwrap();
    let usage: Value = serde_json::from_str(answer.headers()["x-business-use-case-usage"].to_str().unwrap()).unwrap();
    let sample = sample("graph/header_x_business_use_case_usage_blocked.json");
    assert_eq!(usage[CATALOG][0], sample[CATALOG][0]);
    assert!(answer.headers().contains_key("x-app-usage"));
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_end_of_a_batch_is_told_by_webhook_where_it_is_wanted() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.rules(|rules| rules.tells_batches = true);
    let answer = scene.batch(&[shirt("A", json!({}))]).await;
    scene.sandbox.advance_catalogs();
    scene.pass(3_000);
    scene.sandbox.advance_catalogs();
    scene.sandbox.settle().await;
    let bodies = scene.hook.bodies();
    assert_eq!(bodies.len(), 1);
    assert_eq!(key_paths(&bodies[0]), key_paths(&sample("graph/webhook_catalog_items_batch.json")));
    assert_eq!(bodies[0]["entry"][0]["changes"][0]["value"]["handle"], answer["handles"][0]);
}

#[tokio::test]
async fn five_thousand_items_are_no_burden() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let requests: Vec<Value> = (0..5_000).map(|number| shirt(&format!("SKU-{number}"), json!({}))).collect();
    let status = scene.batch_to_the_end(&requests).await;
    assert_eq!((&status["data"][0]["errors_total_count"], catalog.len()), (&json!(0), 5_000));
    assert_eq!(catalog.writes().len(), 5_000);
}
