//! The operator's API: who may use it, and what it says to what it cannot take.

use http::Method;
use serde_json::{Value, json};

use crate::support::{Database, OPERATOR_KEY, TestApp, apron, both};

both![
    nobody_gets_in_without_the_operators_key,
    a_bad_body_is_refused_with_what_is_wrong,
    a_product_in_another_currency_is_refused,
    the_same_command_twice_is_one_command,
    orders_come_in_pages,
    what_is_not_there_is_not_found,
    nothing_is_done_for_a_seller_that_is_not_there,
    a_seller_is_made_once_for_each_request,
    an_account_is_connected_to_one_seller_only,
    a_page_that_cannot_be_read_is_refused,
    what_no_database_would_take_is_refused,
    tokens_are_never_shown,
];

async fn nobody_gets_in_without_the_operators_key(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let orders = format!("/api/v1/sellers/{}/orders", shop.seller);
    for (method, path) in
        [(Method::GET, orders.as_str()), (Method::POST, "/api/v1/sellers"), (Method::GET, "/api/v1/ledger")]
    {
        for key in [None, Some(""), Some("operator-key"), Some("operator-key-of-the-testS")] {
            let (status, problem) = app.call_as(key, method.clone(), path, "{}".to_owned()).await;
            assert_eq!((status.as_u16(), &problem["code"]), (401, &json!("unauthorized")), "{key:?} {path}");
        }
    }
    let (status, _) = app.call_as(Some(OPERATOR_KEY), Method::GET, &orders, String::new()).await;
    assert_eq!(status, 200);
    app.stop().await;
}

async fn a_bad_body_is_refused_with_what_is_wrong(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let products = format!("/api/v1/sellers/{}/products", shop.seller);
    for (method, path, body, code, word) in [
        (Method::POST, "/api/v1/sellers", "{", "invalid_body", "EOF"),
        (Method::POST, "/api/v1/sellers", r#"{"name":"X"}"#, "invalid_body", "currency"),
        (Method::POST, "/api/v1/sellers", r#"{"name":"X","currency":"dollars"}"#, "invalid_body", "dollars"),
        (Method::POST, "/api/v1/sellers", r#"{"name":"X","currency":"USD","colour":1}"#, "invalid_body", "colour"),
        (Method::PUT, &products, r#"{"products":[{"retailer_id":"A"}]}"#, "invalid_body", "title"),
        (
            Method::PUT,
            &products,
            r#"{"products":[{"retailer_id":"A","title":"A","price":"1,50","currency":"USD"}]}"#,
            "invalid_product",
            "price",
        ),
    ] {
        let (status, problem) = app.call_as(Some(OPERATOR_KEY), method, path, body.to_owned()).await;
        assert!(status.is_client_error(), "{body}: {status}");
        assert_eq!(problem["code"], code, "{body}: {problem}");
        assert!(problem["detail"].as_str().unwrap().contains(word), "{body}: {problem}");
    }
    app.stop().await;
}

async fn a_product_in_another_currency_is_refused(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({ "currency": "EUR" })).await;
    let path = format!("/api/v1/sellers/{}/products", shop.seller);
    let (status, problem) = app.call(Method::PUT, &path, &json!({ "products": [apron("19.00", None)] })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("invalid_product")));
    assert!(problem["detail"].as_str().unwrap().contains("EUR"), "{problem}");
    app.stop().await;
}

async fn the_same_command_twice_is_one_command(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, json!({})).await;
    let url = format!("http://{}/api/v1/sellers/{}/products", app.address(), shop.seller);
    let put = |price: &str| {
        let body = json!({ "products": [apron(price, None)] }).to_string();
        app.http().put(&url).bearer_auth(OPERATOR_KEY).header("Idempotency-Key", "monday").body(body)
    };
    for price in ["19.00", "19.00"] {
        let answer: Value = serde_json::from_slice(&put(price).send().await.unwrap().bytes().await.unwrap()).unwrap();
        assert_eq!(answer, json!({ "products": 1 }));
    }
    let another: Value = serde_json::from_slice(&put("99.00").send().await.unwrap().bytes().await.unwrap()).unwrap();
    assert_eq!(another["code"], "idempotency_key_reused");
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    assert_eq!(app.order(&shop).await["total"]["amount"], "19.00");
    app.stop().await;
}

async fn orders_come_in_pages(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for name in ["Ada", "Ben", "Chloé"] {
        app.deliver(&shop.customer(name).writes("one canvas apron please")).await;
    }
    app.settle().await;
    let path = format!("/api/v1/sellers/{}/orders?limit=2", shop.seller);
    let first = app.read(&path).await;
    let rest = app.read(&format!("{path}&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!((first["data"].as_array().unwrap().len(), rest["data"].as_array().unwrap().len()), (2, 1));
    assert_eq!(rest["next"], Value::Null);
    app.stop().await;
}

async fn what_is_not_there_is_not_found(database: Database) {
    let app = TestApp::start(database).await;
    for path in ["/api/v1/sellers/x/orders", "/api/v1/nothing", "/api/v2/ledger"] {
        let (status, problem) = app.call(Method::GET, path, &Value::Null).await;
        assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("not_found")), "{path}");
    }
    app.stop().await;
}

async fn nothing_is_done_for_a_seller_that_is_not_there(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for seller in ["999", "0", "-1", "9223372036854775807"] {
        for (method, what) in [
            (Method::GET, "orders"),
            (Method::GET, "conversations"),
            (Method::GET, "conversations/1/messages"),
            (Method::GET, "leads"),
            (Method::GET, "outbox"),
            (Method::GET, "actor"),
            (Method::POST, "actor/pause"),
            (Method::POST, "connections"),
            (Method::PUT, "products"),
        ] {
            let body = match what {
                "connections" => connection("178414", "token"),
                _ => json!({ "products": [apron("19.00", None)] }),
            };
            let (status, problem) = app.call(method, &format!("/api/v1/sellers/{seller}/{what}"), &body).await;
            assert_eq!((status.as_u16(), &problem["code"]), (404, &json!("not_found")), "{seller} {what}");
            assert!(problem["detail"].as_str().unwrap().contains("seller"), "{problem}");
        }
    }
    let path = format!("/api/v1/sellers/{}/conversations/999/messages", shop.seller);
    let (status, problem) = app.call(Method::GET, &path, &Value::Null).await;
    assert_eq!(status, 404, "{problem}");
    app.stop().await;
}

async fn a_seller_is_made_once_for_each_request(database: Database) {
    let app = TestApp::start(database).await;
    let make = |key: &str| {
        let body = json!({ "name": "Wool", "currency": "EUR" }).to_string();
        let url = format!("http://{}/api/v1/sellers", app.address());
        app.http().post(url).bearer_auth(OPERATOR_KEY).header("Idempotency-Key", key).body(body).send()
    };
    let mut made = Vec::new();
    for key in ["monday", "monday", "tuesday"] {
        let answer = make(key).await.unwrap();
        assert_eq!(answer.status(), 201);
        made.push(answer.text().await.unwrap());
    }
    assert!(made[0] == made[1] && made[1] != made[2], "{made:?}");
    for key in ["caf\u{e9}", "", &"x".repeat(201)] {
        let answer = make(key).await.unwrap();
        assert_eq!(answer.status(), 400, "{key}");
        assert!(answer.text().await.unwrap().contains("invalid_idempotency_key"), "{key}");
    }
    app.stop().await;
}

fn connection(account: &str, token: &str) -> Value {
    json!({ "channel": "instagram", "account_id": account, "username": "wool", "token": token })
}

async fn an_account_is_connected_to_one_seller_only(database: Database) {
    let app = TestApp::start(database).await;
    let (ours, theirs) = (app.empty_shop(1, json!({})).await, app.empty_shop(2, json!({})).await);
    let path = |seller| format!("/api/v1/sellers/{seller}/connections");
    let taken = connection(ours.account.id(), "stolen");
    let (status, problem) = app.call(Method::POST, &path(theirs.seller), &taken).await;
    assert_eq!((status.as_u16(), &problem["code"]), (409, &json!("account_taken")), "{problem}");
    // Its own seller may connect it again, with a new token; what is wrong with one is said without showing it.
    let (status, first) = app.call(Method::POST, &path(ours.seller), &taken).await;
    assert_eq!(status, 201, "{first}");
    assert_eq!(app.call(Method::POST, &path(ours.seller), &taken).await.1, first);
    let secret = "a secret\n";
    for wrong in [connection("", "t"), connection("linen.shop", "t"), connection("9", ""), connection("9", secret)] {
        let (status, problem) = app.call(Method::POST, &path(ours.seller), &wrong).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("invalid_connection")), "{wrong}");
        assert!(!problem.to_string().contains("a secret"), "{problem}");
    }
    app.stop().await;
}

async fn a_page_that_cannot_be_read_is_refused(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for query in [
        "limit=x",
        "limit=0",
        "limit=-1",
        "limit=501",
        "limit=",
        "after=-1",
        "after=x",
        "after=9223372036854775808",
        "offset=5",
    ] {
        let path = format!("/api/v1/sellers/{}/orders?{query}", shop.seller);
        let (status, problem) = app.call(Method::GET, &path, &Value::Null).await;
        assert_eq!((status.as_u16(), &problem["code"]), (400, &json!("invalid_query")), "{query}");
    }
    app.read(&format!("/api/v1/sellers/{}/orders?limit=500&after=9223372036854775807", shop.seller)).await;
    app.stop().await;
}

async fn what_no_database_would_take_is_refused(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    for name in ["", "  ", "nu\0l", &"x".repeat(201)] {
        let new = json!({ "name": name, "currency": "USD" });
        let (status, problem) = app.call(Method::POST, "/api/v1/sellers", &new).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("invalid_seller")), "{name:?}");
    }
    let products = format!("/api/v1/sellers/{}/products", shop.seller);
    let variant =
        |sku: &str, value: &str| json!({ "retailer_id": sku, "options": [{ "name": "Size", "value": value }] });
    let with = |name: &str, value: Value| {
        let mut product = apron("19.00", None);
        product[name] = value;
        json!([product])
    };
    for wrong in [
        with("title", json!("nu\0l")),
        with("keywords", json!(["nu\0l"])),
        with("keywords", json!([""])),
        with("stock", json!(-1)),
        with("variants", json!([variant("", "M")])),
        with("variants", json!([variant("A-M", "nu\0l")])),
        with("variants", json!([variant(&"x".repeat(201), "M")])),
        json!([apron("19.00", None), apron("20.00", None)]),
    ] {
        let (status, problem) = app.call(Method::PUT, &products, &json!({ "products": wrong })).await;
        assert_eq!((status.as_u16(), &problem["code"]), (422, &json!("invalid_product")), "{wrong}");
        assert!(problem["detail"].as_str().unwrap().len() > 10, "{problem}");
    }
    app.stop().await;
}

async fn tokens_are_never_shown(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.fall_silent().await;
    for what in ["orders", "conversations", "leads", "outbox", "actor"] {
        let shown = app.read(&format!("/api/v1/sellers/{}/{what}", shop.seller)).await.to_string();
        assert!(!shown.contains("token-1"), "{what}: {shown}");
    }
    app.stop().await;
}
