//! What a webhook gets: shapes, signatures, batches, and everything again until it says 200.

use super::*;
use crate::sandbox::samples::{key_paths, sample};

#[tokio::test]
async fn what_a_customer_does_has_the_shape_of_its_sample() {
    let scene = Scene::start().await;
    let ada = scene.shop.customer("Ada");
    for (event, file) in [
        (ada.writes("hi"), "message_text"),
        (ada.sends_image(), "message_image"),
        (ada.taps_quick_reply("Yes, confirm", "ORDER_CONFIRM:1"), "message_quick_reply"),
        (ada.presses_button("What are your prices?", "ICE_PRICES"), "postback_icebreaker"),
        (ada.is_answered_in_the_app("typed by hand"), "message_echo_app"),
    ] {
        let body: Value = serde_json::from_slice(&scene.sandbox.body_of(&[&event])).unwrap();
        assert_eq!(key_paths(&body), key_paths(&sample(&format!("instagram/{file}.json"))), "{file}");
    }
}

#[tokio::test]
async fn a_delivery_is_signed_over_the_bytes_on_the_wire() {
    let scene = Scene::start().await;
    let event = scene.shop.customer("Ada").writes("dos camisas ¡por favor! 👕 a/b");
    assert!(scene.sandbox.deliver(&event).await.is_taken());
    let (signature, body) = scene.hook.seen.lock().unwrap()[0].clone();
    assert_eq!(signature, signature::sign("secret", &body));
    assert!(body.is_ascii() && body.windows(4).any(|part| part == b"a\\/b"));
}

#[tokio::test]
async fn a_webhook_proves_itself_with_the_verify_token() {
    let right = Scene::start().await;
    assert!(right.sandbox.verify_webhook().await);
    let wrong = Scene::with(|settings| settings.verify_token = "other".to_owned()).await;
    assert!(!wrong.sandbox.verify_webhook().await);
}

#[tokio::test]
async fn one_post_holds_a_thousand_events_at_most() {
    let scene = Scene::start().await;
    let ada = scene.shop.customer("Ada");
    let events: Vec<_> = (0..1001).map(|number| ada.writes(&number.to_string())).collect();
    assert_eq!(scene.sandbox.deliver_all(&events, Batching::OnePost).await, [Answer::Status(200); 2]);
    assert_eq!(scene.hook.mids(), events.iter().map(|event| event.mid().to_owned()).collect::<Vec<_>>());
}

#[tokio::test]
async fn orders_of_delivery_are_newest_first_or_by_seed() {
    let orders = |batching| async move {
        let scene = Scene::start().await;
        let ada = scene.shop.customer("Ada");
        let events: Vec<_> = (0..20).map(|number| ada.writes_at("x", START_MS + number)).collect();
        scene.sandbox.deliver_all(&events, batching).await;
        let mids = scene.hook.mids();
        mids.iter().map(|mid| events.iter().position(|event| event.mid() == mid).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(orders(Batching::NewestFirst).await, (0..20).rev().collect::<Vec<_>>());
    let shuffled = orders(Batching::Shuffled(3)).await;
    assert_eq!(shuffled, orders(Batching::Shuffled(3)).await);
    assert_ne!(shuffled, (0..20).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_not_answered_with_200_is_delivered_again() {
    let scene = Scene::start().await;
    scene.hook.next_answers(&[503, 500]);
    let event = scene.shop.customer("Ada").writes("hi");
    scene.sandbox.deliver_later(&event);
    assert_eq!(scene.sandbox.pending_deliveries(), 1);
    scene.sandbox.settle().await;
    assert_eq!(scene.hook.mids(), [event.mid(); 3]);
    let delivery = &scene.sandbox.deliveries()[0];
    assert_eq!(delivery.answers, [503, 500, 200].map(Answer::Status));
    assert_eq!((delivery.progress, scene.sandbox.pending_deliveries()), (Progress::Taken, 0));
}

#[tokio::test]
async fn a_webhook_that_never_says_200_is_given_up() {
    let scene = Scene::start().await;
    scene.hook.next_answers(&[202, 403, 503, 503]);
    scene.sandbox.deliver_later(&scene.shop.customer("Ada").writes("hi"));
    scene.sandbox.settle().await;
    assert_eq!(scene.sandbox.deliveries()[0].progress, Progress::GivenUp);
    assert_eq!(scene.hook.bodies().len(), 4);
}

#[tokio::test]
async fn deliveries_wait_until_there_is_a_webhook() {
    let scene = Scene::with(|settings| settings.webhook = None).await;
    let event = scene.shop.customer("Ada").writes("hi");
    assert_eq!(scene.sandbox.deliver(&event).await, Answer::Nothing);
    scene.sandbox.deliver_later(&event);
    scene.sandbox.deliver_to(scene.hook.serve().await);
    scene.sandbox.settle().await;
    assert_eq!(scene.hook.mids(), [event.mid()]);
}

#[tokio::test]
async fn fifty_deliveries_at_once_all_arrive() {
    let scene = Scene::start().await;
    let events: Vec<_> =
        (0..50).map(|number| scene.shop.customer(&format!("Customer {number}")).writes("hi")).collect();
    let answers = futures::future::join_all(events.iter().map(|event| scene.sandbox.deliver(event))).await;
    assert!(answers.into_iter().all(Answer::is_taken));
    let (mut seen, mut sent) =
        (scene.hook.mids(), events.iter().map(|event| event.mid().to_owned()).collect::<Vec<_>>());
    seen.sort();
    sent.sort();
    assert_eq!(seen, sent);
}

#[tokio::test]
async fn held_echoes_come_when_released() {
    let scene = Scene::with(|settings| settings.echoes = Echoes::Held).await;
    let ada = scene.customer("Ada");
    scene.send(&ada, "hi").await.unwrap();
    scene.sandbox.settle().await;
    assert!(scene.hook.bodies().is_empty());
    assert_eq!(scene.sandbox.release_echoes(), 1);
    scene.sandbox.settle().await;
    assert_eq!(scene.hook.mids(), [ada.received()[0].mid.clone()]);
}
