//! Who has which catalog, who may call it, and what may be tagged.

use super::*;

#[tokio::test]
async fn catalogs_are_found_by_their_owner_and_by_the_instagram_account() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.seed(2);
    let owned =
        scene.get(&format!("/v26.0/{BUSINESS}/owned_product_catalogs?fields=id,name,vertical,product_count")).await;
    assert_eq!(owned, sample("graph/owned_product_catalogs.json"));
    let available = scene.get(&format!("/v26.0/{SHOP}/available_catalogs")).await;
    assert_eq!(key_paths(&available), key_paths(&sample("graph/ig_available_catalogs.json")));
    let eligible = scene.get(&format!("/v26.0/{SHOP}?fields=shopping_product_tag_eligibility")).await;
    assert_eq!(eligible, sample("graph/ig_shopping_eligibility.json"));
    let whole = scene.get(&format!("/v26.0/{CATALOG}?fields=name,product_count")).await;
    assert_eq!(whole, json!({"id": CATALOG, "name": "Linen Shop catalog", "product_count": 2}));
    let path = format!("/v26.0/{PAGE}/commerce_merchant_settings");
    assert_eq!(scene.get(&path).await["data"][0]["merchant_status"], "ENABLED");
    catalog.rules(|rules| (rules.shop_is_open, rules.may_tag) = (false, false));
    assert_eq!(scene.get(&path).await["data"][0]["merchant_status"], "EXTERNALLY_DISABLED");
    let eligible = scene.get(&format!("/v26.0/{SHOP}?fields=shopping_product_tag_eligibility")).await;
    assert_eq!(eligible["shopping_product_tag_eligibility"], false);
    let clients = scene.get(&format!("/v26.0/{BUSINESS}/client_product_catalogs")).await;
    assert_eq!(clients, json!({"data": []}));
}

#[tokio::test]
async fn an_item_is_searched_and_its_rejection_appealed_for() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.rules(|rules| {
        rules.review =
            ReviewRules { takes_ms: 1_000, rejects: vec![Rejects::new("KNIFE", "COMMERCE_POLICY")], appeals_win: true };
    });
    scene.batch_to_the_end(&[shirt("LIN-BLU-M", json!({})), shirt("KNIFE-1", json!({"title": "Knife"}))]).await;
    scene.pass(1_000);
    let search = |word: &'static str| {
        let path = format!("/v26.0/{SHOP}/catalog_product_search?catalog_id={CATALOG}&q={word}");
        let scene = &scene;
        async move { scene.get(&path).await }
    };
    let found = search("linen").await;
    assert_eq!(key_paths(&found), key_paths(&sample("graph/ig_catalog_product_search.json")));
    let knife = search("knife").await["data"][0]["product_id"].to_string();
    let appeals = format!("/v26.0/{SHOP}/product_appeal");
    let status = scene.get(&format!("{appeals}?product_id={knife}")).await;
    assert_eq!(
        status["data"][0],
        json!({"product_id": knife, "review_status": "rejected", "eligible_for_appeal": true})
    );
    let appeal = json!({"product_id": knife, "appeal_reason": "It is a butter knife."});
    assert_eq!(scene.call("POST", &appeals, &appeal).await, (200, json!({"success": true})));
    assert_eq!(catalog.item("KNIFE-1").unwrap().review, "pending");
    scene.pass(1_000);
    assert_eq!(catalog.item("KNIFE-1").unwrap().review, "approved");
    assert_eq!(scene.call("POST", &appeals, &appeal).await.0, 400, "there is nothing to appeal for any more");
}

#[tokio::test]
async fn a_token_that_reaches_no_catalog_is_told_so() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let other = scene.sandbox.add_account("17841400000000002", "other", "1", "other-token");
    let path = format!("/v26.0/{CATALOG}/products");
    let as_other = || async {
        let url = format!("{}{path}", scene.sandbox.url());
        scene.http.get(url).bearer_auth("other-token").send().await.unwrap().json::<Value>().await.unwrap()
    };
    assert_eq!(as_other().await["error"]["error_subcode"], 33);
    catalog.open_to(&other);
    assert!(as_other().await["data"].is_array());
    for refusal in [Refusal::MissingPermission, Refusal::Permission] {
        catalog.rules(|rules| rules.refused_with = Some(refusal));
        assert_eq!(as_other().await["error"]["code"].to_string(), String::from(refusal));
    }
    catalog.rules(|rules| rules.refused_with = None);
    other.expire_token();
    assert_eq!(as_other().await["error"]["error_subcode"], 463);
    other.renew_token("other-token");
    assert!(as_other().await["data"].is_array());
    catalog.close();
    assert_eq!(as_other().await["error"]["error_subcode"], 33);
}

#[tokio::test]
async fn a_catalog_may_refuse_batches_and_a_business_make_another() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    catalog.rules(|rules| rules.takes_batches = false);
    assert_eq!(scene.batch(&[removal("A")]).await["error"]["code"], 100);
    let path = format!("/v26.0/{BUSINESS}/owned_product_catalogs");
    let (_, made) = scene.call("POST", &path, &json!({"name": "Second", "vertical": "commerce"})).await;
    let made = scene.sandbox.catalog(made["id"].as_str().unwrap()).unwrap();
    assert!(made.is_empty());
    assert_eq!(scene.get(&path).await["data"].as_array().unwrap().len(), 2);
    assert!(scene.sandbox.wrong_calls().is_empty());
}

#[tokio::test]
async fn a_catalog_is_handled_over_http() {
    let scene = Scene::start().await;
    let catalog = scene.catalog();
    let url = format!("{}/sandbox/catalog", scene.sandbox.url());
    let order = |body: Value| {
        let request = scene.http.post(&url).json(&body);
        async move {
            let answer = request.send().await.unwrap();
            (answer.status().as_u16(), answer.json::<Value>().await.unwrap())
        }
    };
    let body =
        json!({"seed": 3, "rules": {"batch_ms": 7, "beyond_the_hour": "17"}, "batches": ["fails", {"takes": 5}]});
    let (status, answer) = order(body).await;
    assert_eq!((status, &answer["items"]), (200, &json!(3)));
    let rules = catalog.present_rules();
    assert_eq!((rules.batch_ms, rules.beyond_the_hour), (7, Refusal::UserRate));
    let body = json!({"catalog": CATALOG, "change": {"SEED-000001": {"price": "1.00 USD"}}, "remove": ["SEED-000002"]});
    assert_eq!(order(body).await.1["items"], 2);
    assert_eq!(catalog.present_rules().batch_ms, 7, "what is not named stays");
    assert_eq!(catalog.item("SEED-000001").unwrap().fields["price"], "1.00 USD");
    scene.batch_to_the_end(&[removal("A")]).await;
    scene.batch_to_the_end(&[removal("SEED-000003")]).await;
    let told: Value = scene.http.get(&url).send().await.unwrap().json().await.unwrap();
    assert_eq!(
        (&told["items"], &told["writes"][0]["sku"], told["batches"][0]["requests"].as_i64()),
        (&json!(1), &json!("SEED-000003"), Some(1))
    );
    for (body, detail) in [
        (json!({"rules": {"batch": 1}}), "unknown field `batch`"),
        (json!({"change": {"X": {"price": "1"}}}), "price: write 29.90 USD"),
        (json!({"catalog": "9"}), "there is no catalog 9"),
    ] {
        let (status, problem) = order(body).await;
        assert!(status == 400 && problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    let fault = json!({"fault": "fail_with", "error": "80009", "calls": "catalog_reads", "catalog": CATALOG});
    let path = format!("{}/sandbox/faults", scene.sandbox.url());
    assert_eq!(scene.http.post(path).json(&fault).send().await.unwrap().status(), 200);
    assert_eq!(scene.list(&[]).await["error"]["code"], 80_009);
}
