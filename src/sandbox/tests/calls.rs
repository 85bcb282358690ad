//! The Graph API's edges as a client sees them.

use super::*;

#[tokio::test]
async fn a_message_is_accepted_recorded_and_echoed() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    let answer: Value = scene.send(&ada, "Yes!").await.unwrap().json().await.unwrap();
    let sent = scene.sandbox.sent_to(&ada);
    let expected = SentMessage {
        attachment: None,
        mid: answer["message_id"].as_str().unwrap().to_owned(),
        account: SHOP.into(),
        to: ada.id().into(),
        name: "Ada".into(),
        text: "Yes!".into(),
        quick_replies: vec![],
        at: START_MS,
    };
    assert_eq!((sent.as_slice(), &answer["recipient_id"]), ([expected].as_slice(), &json!(ada.id())));
    scene.sandbox.settle().await;
    let echo = &scene.hook.bodies()[0]["entry"][0]["messaging"][0];
    assert_eq!((&echo["message"]["mid"], &echo["message"]["is_echo"]), (&answer["message_id"], &json!(true)));
    assert_eq!(scene.sandbox.deliveries()[0].purpose, Purpose::Echo);
}

#[tokio::test]
async fn an_account_goes_by_three_names_and_two_ways_to_bear_a_token() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    let body = json!({"recipient": {"id": ada.id()}, "message": {"text": "hi"}});
    for path in [format!("/v25.0/{PAGE}/messages"), format!("/{SHOP}/messages"), "/v24.0/me/messages".to_owned()] {
        assert_eq!(scene.request("POST", &path).json(&body).send().await.unwrap().status(), 200, "{path}");
    }
    let url = format!("{}/v25.0/me/messages?access_token={TOKEN}", scene.sandbox.url());
    assert_eq!(scene.http.post(url).json(&body).send().await.unwrap().status(), 200);
    assert_eq!((scene.sandbox.calls(), scene.sandbox.wrong_calls().len()), (4, 0));
}

#[tokio::test]
async fn a_token_is_missing_unknown_or_expired() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    let url = format!("{}/v25.0/me/messages", scene.sandbox.url());
    for request in [scene.http.post(&url), scene.http.post(&url).bearer_auth("unknown")] {
        let answer = request.body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 401);
        assert_eq!(answer.json::<Value>().await.unwrap()["error"]["code"], 190);
    }
    assert_eq!(scene.sandbox.wrong_calls().len(), 1, "only the call without any token is the client's mistake");
    scene.shop.expire_token();
    let answer: Value = scene.send(&ada, "hi").await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["error_subcode"], 463);
    scene.shop.renew_token(TOKEN);
    assert_eq!(scene.send(&ada, "hi").await.unwrap().status(), 200);
}

#[tokio::test]
async fn a_closed_window_refuses_until_the_customer_writes_again() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    scene.clock.fetch_add(24 * 3_600_000, Ordering::SeqCst);
    let answer: Value = scene.send(&ada, "hi").await.unwrap().json().await.unwrap();
    assert_eq!(answer["error"]["error_subcode"], 2_534_022);
    ada.writes("still there?");
    assert_eq!(scene.send(&ada, "hi").await.unwrap().status(), 200);
    assert_eq!(ada.received().len(), 1);
}

#[tokio::test]
async fn a_full_hour_refuses_and_says_when_there_is_room() {
    let scene = Scene::with(|settings| settings.messages_per_hour = Some(1)).await;
    let ada = scene.customer("Ada");
    assert_eq!(scene.send(&ada, "one").await.unwrap().status(), 200);
    scene.clock.fetch_add(50 * 60_000, Ordering::SeqCst);
    let refused = scene.send(&ada, "two").await.unwrap();
    let usage = refused.headers()["x-business-use-case-usage"].to_str().unwrap().to_owned();
    let usage: Value = serde_json::from_str(&usage).unwrap();
    assert_eq!(usage[SHOP][0]["estimated_time_to_regain_access"], 10);
    assert_eq!(refused.json::<Value>().await.unwrap()["error"]["code"], 613);
    scene.clock.fetch_add(10 * 60_000, Ordering::SeqCst);
    assert_eq!(scene.send(&ada, "two").await.unwrap().status(), 200);
    assert_eq!(scene.shop.send_calls().len(), 3);
}

#[tokio::test]
async fn a_message_is_found_again_by_its_words() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    scene.customer("Bob");
    scene.clock.fetch_add(1000, Ordering::SeqCst);
    scene.send(&ada, "Yes!").await.unwrap();
    let path = format!("/v25.0/{PAGE}/conversations?platform=instagram&user_id={}", ada.id());
    let conversations = scene.get(&path).await;
    assert_eq!(conversations["data"].as_array().unwrap().len(), 1);
    let id = conversations["data"][0]["id"].as_str().unwrap();
    let messages = scene.get(&format!("/v25.0/{id}/messages?fields=id,created_time,from,to,message&limit=5")).await;
    let newest = &messages["data"][0];
    assert_eq!(newest["id"], ada.received()[0].mid);
    assert_eq!((&newest["message"], &newest["from"]["username"]), (&json!("Yes!"), &json!("linen.shop")));
    assert_eq!(newest["created_time"], "2026-10-01T12:00:01+0000");
    assert_eq!(messages["data"][1]["from"]["id"], ada.id());
}

#[tokio::test]
async fn calls_no_correct_client_makes_are_noted() {
    let scene = Scene::start().await;
    for (method, path) in [("POST", "/v25.0/999/messages"), ("DELETE", "/v25.0/me/messages"), ("GET", "/v25.0/a/b/c")] {
        let answer = scene.request(method, path).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{method} {path}");
    }
    let calls: Vec<_> = scene.sandbox.wrong_calls().into_iter().map(|wrong| wrong.call).collect();
    assert_eq!(calls, ["POST /v25.0/999/messages", "DELETE /v25.0/me/messages", "GET /v25.0/a/b/c"]);
}

#[tokio::test]
async fn a_stopped_sandbox_frees_its_port() {
    let scene = Scene::start().await;
    let address = scene.sandbox.url().trim_start_matches("http://").to_owned();
    scene.sandbox.stop().await;
    TcpListener::bind(&address).await.unwrap();
}
