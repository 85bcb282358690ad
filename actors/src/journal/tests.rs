//! The journal on a real database.

use std::collections::VecDeque;

use super::*;
use crate::house::{House, hasty, said, until};
use crate::world::TreeSettings;

fn request(events: usize) -> (Request, oneshot::Receiver<Result<(), NotStored>>) {
    let (reply, answer) = oneshot::channel();
    (Request { arrivals: vec![said("1", "hello"); events], tells_of_app: false, reply, _permit: None }, answer)
}

fn sizes(batch: &[Request]) -> Vec<usize> {
    batch.iter().map(|request| request.arrivals.len()).collect()
}

#[test]
fn a_commit_takes_requests_until_it_is_full_and_a_huge_one_alone() {
    let (mut waiting, _answers): (VecDeque<_>, Vec<_>) = [20, 20, 20, 90, 11].into_iter().map(request).unzip();
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [20, 20]);
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [20]);
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [90]);
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [11]);
    assert!(next_batch(&mut waiting, 50).is_empty());
}

#[test]
fn small_requests_pass_a_flood_and_the_flood_goes_on_with_every_commit() {
    let (mut waiting, _answers): (VecDeque<_>, Vec<_>) = [50, 50, 1, 2, 50, 10, 40].into_iter().map(request).unzip();
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [50, 1, 2, 10]);
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [50]);
    let (mut small, _more): (VecDeque<_>, Vec<_>) = [10; 9].into_iter().map(request).unzip();
    waiting.append(&mut small);
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [50, 10, 10, 10, 10, 10]);
    assert_eq!(sizes(&next_batch(&mut waiting, 50)), [40, 10, 10, 10, 10]);
}

#[test]
fn requests_that_nobody_waits_for_are_left_out() {
    let (gone, answer) = request(3);
    drop(answer);
    let (here, _answer) = request(1);
    let mut waiting = VecDeque::from([gone, here]);
    assert_eq!(sizes(&next_batch(&mut waiting, 5)), [1]);
}

#[tokio::test]
async fn requests_that_wait_together_are_committed_together_and_all_are_answered() {
    let house = House::build(hasty()).await;
    let before = house.world.store.pen().flushes();
    let requests = (0..200).map(|n| house.tree.journal.append(vec![said(&n.to_string(), "hello")]));
    for stored in futures::future::join_all(requests).await {
        assert_eq!(stored, Ok(()));
    }
    assert!(house.world.store.pen().flushes() - before < 50);
    let equation = house.settle().await;
    assert_eq!((equation.received, equation.handled), (200, 200));
}

#[tokio::test]
async fn a_redelivery_is_stored_once_and_answered_like_the_first() {
    let house = House::build(hasty()).await;
    for _ in 0..2 {
        assert_eq!(house.tree.journal.append(vec![said("1", "hello"), said("2", "hello")]).await, Ok(()));
    }
    let equation = house.settle().await;
    assert_eq!((equation.received, equation.handled, equation.duplicate), (4, 2, 2));
}

#[tokio::test]
async fn a_request_that_the_database_refuses_fails_alone() {
    let house = House::build(hasty()).await;
    let trap = "CREATE TRIGGER trap BEFORE INSERT ON inbox_event WHEN NEW.key = 'message:bad' \
                BEGIN SELECT RAISE(ABORT, 'no'); END";
    house.behind_its_back(trap).await;
    let keys = ["1", "bad", "2", "3"];
    let requests = keys.map(|key| house.tree.journal.append(vec![said(key, "hello")]));
    let stored = futures::future::join_all(requests).await;
    assert_eq!(stored, [Ok(()), Err(NotStored::Refused), Ok(()), Ok(())]);
    assert_eq!(house.settle().await.handled, 3);
}

#[tokio::test]
async fn a_database_that_cannot_be_used_is_said_at_once() {
    let house = House::build(hasty()).await;
    house.world.store.clone().close(house.now()).await.unwrap();
    assert_eq!(house.tree.journal.append(vec![said("1", "hello")]).await, Err(NotStored::Unavailable));
}

#[tokio::test]
async fn too_many_requests_are_turned_away_and_room_comes_back() {
    let house = House::build(TreeSettings { append_waiting: 1, ..hasty() }).await;
    let journal = &house.tree.journal;
    let (first, second) = futures::join!(journal.append(vec![said("1", "a")]), journal.append(vec![said("2", "b")]));
    assert_eq!((first, second), (Ok(()), Err(NotStored::Busy)));
    assert_eq!(journal.append(vec![said("2", "b")]).await, Ok(()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_journal_that_is_killed_leaves_nobody_waiting_and_comes_back() {
    let house = House::build(hasty()).await;
    let journal = house.tree.journal.clone();
    let requests = (0..50).map(|n| journal.append(vec![said(&n.to_string(), "hello")]));
    let killer = async { house.world.posts.journal.holder().unwrap().kill() };
    let (answers, ()) = futures::join!(futures::future::join_all(requests), killer);
    assert!(answers.iter().all(|answer| matches!(answer, Ok(()) | Err(NotStored::Down))), "{answers:?}");
    until(async || journal.append((0..50).map(|n| said(&n.to_string(), "hello")).collect()).await.is_ok()).await;
    assert_eq!(house.settle().await.handled, 50);
}

#[tokio::test]
async fn a_journal_that_is_told_to_end_stores_what_waits_for_a_flush() {
    let house = House::build(hasty()).await;
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    // Flushes wait until the sender is gone.
    house.world.store.pen().log().on_flush(move |_| {
        let _ = held.lock().unwrap().recv();
        Ok(())
    });
    let append = |key: &'static str| {
        let journal = house.tree.journal.clone();
        tokio::spawn(async move { journal.append(vec![said(key, "hello")]).await })
    };
    let stored = async |events: i64| until(async || house.equation().await.received == events).await;
    let mut answers = vec![append("1")];
    stored(1).await;
    answers.push(append("2"));
    stored(2).await;
    answers.push(append("3"));
    until(async || house.world.append_permits.available_permits() == house.world.settings.append_waiting - 1).await;
    let journal = house.world.posts.journal.holder().unwrap();
    let ending = tokio::spawn(async move { journal.drain_and_wait(None).await });
    stored(3).await;
    drop(release);
    for answer in answers {
        assert_eq!(answer.await.unwrap(), Ok(()));
    }
    ending.await.unwrap().unwrap();
}

#[tokio::test]
async fn what_belongs_to_nobody_is_kept_with_its_reason() {
    let house = House::build(hasty()).await;
    house.tree.journal.append(vec![crate::house::said_to("2", "1", "hello")]).await.unwrap();
    assert_eq!(house.settle().await.ledgered, 1);
    assert_eq!(house.reasons().await, [("unknown_account".to_owned(), 1)]);
}

#[tokio::test]
async fn of_two_who_read_the_directory_the_later_has_the_newer_view() {
    let house = House::build(hasty()).await;
    let reading = house.world.reading.lock().await;
    let is_stored = async || crate::store::office::connected(house.world.store.reads()).await.unwrap().len() == 2;
    let append = |key| house.tree.journal.append(vec![crate::house::said_to("2", key, "hello")]);
    let meanwhile = async {
        until(is_stored).await;
        append("1").await.unwrap();
        // It is stored, and its directory is read once the other's is: an older one cannot come after it.
        assert_eq!(house.reasons().await, [("unknown_account".to_owned(), 1)]);
        drop(reading);
    };
    futures::join!(house.another_seller("2"), meanwhile);
    append("2").await.unwrap();
    until(async || house.equation().await.handled == 2).await;
}
