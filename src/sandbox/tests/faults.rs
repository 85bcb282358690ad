//! What goes wrong on request, as the caller and the webhook see it.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::*;

/// How a send went: the status heard, how many messages were really sent, how many echoes came.
async fn outcome_of(fault: Fault) -> (Option<u16>, usize, usize) {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    scene.sandbox.next_sends(1, fault);
    let status = scene.send(&ada, "hi").await.ok().map(|answer| answer.status().as_u16());
    scene.sandbox.settle().await;
    let echoes = scene.hook.bodies().len();
    let sent = ada.received().len();
    assert_eq!(scene.send(&ada, "again").await.unwrap().status(), 200, "the fault is used up");
    (status, sent, echoes)
}

#[tokio::test]
async fn each_fault_does_what_its_name_says() {
    for (fault, expected) in [
        (Fault::fail(Refusal::TokenExpired), (Some(401), 0, 0)),
        (Fault::FailWithBody { status: 503, body: json!({}) }, (Some(503), 0, 0)),
        (Fault::DoneButNoAnswer { silence: Silence::Cut }, (None, 1, 1)),
        (Fault::NotDoneNoAnswer { silence: Silence::Cut }, (None, 0, 0)),
        (Fault::SlowAnswer { ms: 1 }, (Some(200), 1, 1)),
        (Fault::EchoFirst, (Some(200), 1, 1)),
        (Fault::EchoTwice, (Some(200), 1, 2)),
        (Fault::NoEcho, (Some(200), 1, 0)),
        (Fault::NonJson429, (Some(429), 0, 0)),
        (Fault::DoneBut500, (Some(500), 1, 1)),
    ] {
        assert_eq!(outcome_of(fault.clone()).await, expected, "{fault:?}");
    }
}

#[tokio::test]
async fn an_early_echo_is_acknowledged_before_the_call_is_answered() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    scene.sandbox.next_sends_to(&ada, 1, Fault::EchoFirst);
    scene.hook.next_answers(&[503]);
    scene.send(&ada, "hi").await.unwrap();
    assert_eq!(scene.sandbox.deliveries()[0].answers, [503, 200].map(Answer::Status));
}

#[tokio::test]
async fn a_caller_that_gives_up_waiting_has_its_message_sent_all_the_same() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    scene.sandbox.next_sends(1, Fault::DoneButNoAnswer { silence: Silence::Hang });
    // The echo is how one knows that the call has got as far as hanging.
    let echo = async {
        while scene.hook.bodies().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        answer = scene.send(&ada, "hi") => panic!("answered: {answer:?}"),
        () = echo => {}
    }
    assert_eq!(ada.received().len(), 1);
    assert_eq!(scene.send(&ada, "again").await.unwrap().status(), 200);
}

#[tokio::test]
async fn callers_that_die_in_mid_call_hurt_nobody() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    let address = scene.sandbox.url().trim_start_matches("http://").to_owned();
    for _ in 0..20 {
        let mut stream = TcpStream::connect(&address).await.unwrap();
        stream.write_all(b"POST /v25.0/me/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 50\r\n\r\n{").await.unwrap();
        // Without lingering, the connection is reset as that of a killed process may be.
        stream.set_zero_linger().unwrap();
    }
    assert_eq!(scene.send(&ada, "hi").await.unwrap().status(), 200);
    assert_eq!(ada.received().len(), 1);
}

#[tokio::test]
async fn reads_fail_on_request_too() {
    let scene = Scene::start().await;
    scene.customer("Ada");
    scene.sandbox.next_reads(1, Fault::fail(Refusal::Transient));
    let path = "/v25.0/me/conversations?platform=instagram";
    assert_eq!(scene.get(path).await["error"]["code"], 2);
    assert!(scene.get(path).await["data"].is_array());
}

#[tokio::test]
async fn under_chaos_the_record_still_says_what_was_really_sent() {
    let scene = Scene::start().await;
    let ada = scene.customer("Ada");
    let chaos = Chaos { seed: 5, lost: 0.2, unanswered: 0.2, done_but_500: 0.1, refused: 0.1, ..Chaos::default() };
    scene.sandbox.start_chaos(chaos);
    let mut accepted = Vec::new();
    for number in 0..100 {
        if let Ok(answer) = scene.send(&ada, &number.to_string()).await
            && answer.status() == 200
        {
            accepted.push(answer.json::<Value>().await.unwrap()["message_id"].as_str().unwrap().to_owned());
        }
    }
    assert_eq!(scene.sandbox.calls(), 100, "a call that is cut off is not made again behind the client's back");
    scene.sandbox.mend();
    scene.sandbox.settle().await;
    let sent: Vec<_> = ada.received().into_iter().map(|sent| sent.mid).collect();
    assert!(accepted.iter().all(|mid| sent.contains(mid)));
    assert!((20..60).contains(&accepted.len()) && sent.len() > accepted.len() && sent.len() < 90);
    assert_eq!(scene.hook.mids().len(), sent.len());
}
