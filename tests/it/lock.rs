//! Two services on one database would each believe that they alone decide.

use crate::support::{Database, TestApp, both};

both![a_second_service_on_the_same_database_is_refused, after_the_first_has_ended_another_may_start];

async fn a_second_service_on_the_same_database_is_refused(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.shop().await;
    let refusal = app.second().await.expect("a second service is refused");
    assert!(refusal.contains("another process"), "it says why: {refusal}");
    app.deliver(&shop.customer("Ada").writes("one canvas apron please")).await;
    app.settle().await;
    assert_eq!(app.order(&shop).await["state"], "draft", "the first goes on undisturbed");
    app.stop().await;
}

async fn after_the_first_has_ended_another_may_start(database: Database) {
    let mut app = TestApp::start(database).await;
    app.stop_service().await;
    assert_eq!(app.second().await, None);
    app.start_again().await;
    app.stop().await;
}
