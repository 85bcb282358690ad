//! The sandbox as a person with a command line uses it.

use super::*;

async fn post(scene: &Scene, path: &str, body: Value) -> (u16, Value) {
    let answer = scene.http.post(format!("{}{path}", scene.sandbox.url())).json(&body).send().await.unwrap();
    (answer.status().as_u16(), answer.json().await.unwrap())
}

#[tokio::test]
async fn a_direct_message_is_delivered_and_its_webhook_status_told() {
    let scene = Scene::start().await;
    let (status, answer) = post(&scene, "/sandbox/dm", json!({"text": "2 blue shirts"})).await;
    assert_eq!((status, &answer["webhook_status"]), (200, &json!(200)));
    assert_eq!(scene.hook.mids(), [answer["mid"].as_str().unwrap()]);
    let ada = scene.shop.customer("Ada");
    assert_eq!(answer["customer"], json!({"id": ada.id(), "name": "Ada"}));
    assert_eq!(scene.send(&ada, "Yes!").await.unwrap().status(), 200, "the window is open");
    assert_eq!(scene.get("/sandbox/sent").await["sent"][0]["text"], "Yes!");
    let said = &scene.get("/sandbox/conversations").await["conversations"][0]["messages"];
    assert_eq!((&said[0]["from"], &said[1]["from"]), (&json!("Ada"), &json!("linen.shop")));
}

#[tokio::test]
async fn a_button_that_was_sent_can_be_tapped_by_its_words() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    let button = json!({"content_type": "text", "title": "Yes", "payload": "p:1"});
    let body = json!({"recipient": {"id": ada.id()}, "message": {"text": "Right?", "quick_replies": [button]}});
    assert_eq!(scene.request("POST", "/v25.0/me/messages").json(&body).send().await.unwrap().status(), 200);
    assert_eq!(
        scene.get("/sandbox/sent").await["sent"][0]["quick_replies"],
        json!([{"title": "Yes", "payload": "p:1"}])
    );
    for tap in ["Yes", "p:1"] {
        assert_eq!(post(&scene, "/sandbox/dm", json!({ "tap": tap })).await.0, 200, "{tap}");
    }
    assert_eq!(post(&scene, "/sandbox/dm", json!({"tap": "No"})).await.0, 400);
}

#[tokio::test]
async fn a_direct_message_that_is_not_taken_is_tried_again() {
    let scene = Scene::start().await;
    scene.hook.next_answers(&[503]);
    let (_, answer) = post(&scene, "/sandbox/dm", json!({"text": "hi", "from": "Bob", "account": PAGE})).await;
    assert_eq!(answer["webhook_status"], 503);
    scene.sandbox.settle().await;
    assert_eq!(scene.hook.mids().len(), 2);
}

#[tokio::test]
async fn faults_are_ordered_and_mended() {
    let scene = Scene::start().await;
    let (ada, bob) = (scene.customer("Ada"), scene.customer("Bob"));
    let order = json!({"fault": "fail_with", "error": "10/2534022", "times": 5, "to": "Ada"});
    assert_eq!(post(&scene, "/sandbox/faults", order).await, (200, json!({"ordered": 5})));
    assert_eq!(scene.send(&bob, "hi").await.unwrap().status(), 200);
    assert_eq!(scene.send(&ada, "hi").await.unwrap().status(), 403);
    assert_eq!(post(&scene, "/sandbox/faults", json!({"fault": "mend"})).await.0, 200);
    assert_eq!(scene.send(&ada, "hi").await.unwrap().status(), 200);
    for unit in ["no_echo", "echo_first", "non_json_429", "done_but_500"] {
        assert_eq!(post(&scene, "/sandbox/faults", json!({"fault": unit})).await.0, 200, "{unit}");
    }
}

#[tokio::test]
async fn any_body_is_delivered_in_pieces_doubled_mixed_and_again_until_it_is_taken() {
    let scene = Scene::start().await;
    scene.hook.next_answers(&[503]);
    let ada = scene.shop.customer("Ada");
    let events = [ada.writes("one"), ada.writes("two"), ada.writes("three")];
    let body: Value = serde_json::from_slice(&scene.sandbox.body_of(&events.each_ref())).unwrap();
    let order = json!({"bodies": [body], "copies": 2, "most_per_post": 1, "within_ms": 5, "seed": 9});
    assert_eq!(post(&scene, "/sandbox/deliver", order).await, (200, json!({"pieces": 6, "posts": 6, "taken": 6})));
    assert_eq!(scene.hook.mids().len(), 7, "once in vain");
    assert!(events.iter().all(|event| scene.hook.mids().iter().filter(|mid| *mid == event.mid()).count() >= 2));
}

#[tokio::test]
async fn bad_input_is_a_problem_with_a_sentence() {
    let scene = Scene::start().await;
    for (path, body, detail) in [
        ("/sandbox/dm", json!({"txt": "hi"}), "unknown field `txt`"),
        ("/sandbox/dm", json!({"text": ""}), "the text is empty"),
        ("/sandbox/dm", json!({"text": "hi", "tap": "Yes"}), "either a text or a tap"),
        ("/sandbox/dm", json!({"tap": "Yes"}), "no message to Ada has the button"),
        ("/sandbox/dm", json!({"text": "hi", "account": "9"}), "there is no account 9"),
        ("/sandbox/deliver", json!({"bodies": [{}]}), "no body of Meta's"),
        ("/sandbox/deliver", json!({"bodies": [], "copies": 0}), "1 to 100 copies"),
        ("/sandbox/faults", json!({"fault": "fail_with", "error": "77"}), "no error 77"),
        ("/sandbox/faults", json!({"fault": "fail_with", "error": "2", "tims": 3}), "tims"),
    ] {
        let (status, problem) = post(&scene, path, body).await;
        assert_eq!(status, 400);
        assert!(problem["detail"].as_str().unwrap().contains(detail), "{problem}");
    }
    assert_eq!(post(&scene, "/sandbox/nothing", json!({})).await.0, 404);
    assert!(scene.sandbox.wrong_calls().is_empty(), "what people type is no call of the client's");
}
