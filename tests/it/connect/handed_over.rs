//! Accounts that go from one shop to another: what was said to each stays with each.

use ::actors::domain::ids::SellerId;
use http::Method;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::{Value, json};

use super::browser::{self, PageOf, Person};
use super::doctor::times;
use super::{IG, MINUTE, PAGE};
use crate::erase::{calls_back, customer_of, request_of};
use crate::support::{Database, Shop, TestApp, both, until};

both![
    what_is_said_to_the_next_shop_is_neither_shown_nor_erased_by_the_one_before,
    whoever_wants_their_data_deleted_is_found_in_the_shop_that_had_the_account_before,
    a_shop_is_told_that_another_has_taken_what_it_let_go_of_also_by_a_token_of_hand,
];

/// A shop with an account, and another that is to have it next.
struct Two {
    app: TestApp,
    person: Person,
    before: Shop,
    next: Shop,
}

async fn two(database: Database) -> Two {
    let app = browser::start(database).await;
    let (before, next, mut person) = (browser::shop(&app).await, browser::shop(&app).await, Person::at_facebook(&app));
    let account = person.runs(PageOf { page: PAGE, account: Some((IG, "linen.shop")) }).unwrap();
    assert_eq!(person.connects(before, "").await.code(), "connected");
    let of = |seller| Shop { seller: SellerId(seller), account: account.clone() };
    Two { before: of(before), next: of(next), app, person }
}

impl Two {
    async fn lets_go(&self) {
        let connection = browser::connection(&self.app, self.before.seller.0).await["id"].clone();
        let path = format!("/api/v1/sellers/{}/connections/{connection}/release", self.before.seller);
        let (status, told) = self.app.call(Method::POST, &path, &json!({ "to": self.next.seller })).await;
        assert_eq!(status, 200, "{told}");
    }

    async fn hands_over(&mut self) {
        self.lets_go().await;
        assert_eq!(self.person.connects(self.next.seller.0, "").await.code(), "connected");
        self.app.settle().await;
    }

    async fn over(&self) -> Value {
        let path = format!("/api/v1/sellers/{}/erasures", self.before.seller);
        until("the erasure is over", async || {
            self.app.clock.advance(MINUTE);
            let all = self.app.read(&path).await["data"].as_array().unwrap().clone();
            all.first().filter(|it| it["phase"] == "done").cloned()
        })
        .await
    }

    /// What Meta sent that says this.
    async fn events_with(&self, words: &str) -> usize {
        let rows = self.app.store().reads();
        let ask = Statement::from_string(rows.get_database_backend(), "SELECT raw FROM inbox_event");
        let found = rows.query_all_raw(ask).await.unwrap();
        let all = found.iter().map(|row| String::from_utf8(row.try_get("", "raw").unwrap()).unwrap());
        all.filter(|raw| raw.contains(words)).count()
    }
}

async fn what_is_said_to_the_next_shop_is_neither_shown_nor_erased_by_the_one_before(database: Database) {
    let mut two = two(database).await;
    let ada = two.before.account.customer("Ada");
    two.app.deliver(&ada.writes("one apron for the first shop")).await;
    two.app.settle().await;
    two.hands_over().await;
    two.app.deliver(&ada.writes("two aprons for the second shop")).await;
    two.app.settle().await;
    let late = ada.writes("and one more for the second shop");
    let customer = customer_of(&two.app, &two.before, ada.id()).await;
    let path = format!("/api/v1/sellers/{}/customers/{customer}", two.before.seller);
    let handed = two.app.read(&format!("{path}/export")).await.to_string();
    assert!(handed.contains("the first shop") && !handed.contains("the second shop"), "{handed}");
    two.app.clock.advance(MINUTE);
    let (status, told) = two.app.call(Method::POST, &format!("{path}/forget"), &json!({})).await;
    assert!(status.is_success(), "{told}");
    // It was said before that, and is on its way still.
    two.app.deliver(&late).await;
    let over = two.over().await;
    two.app.settle().await;
    assert_eq!(over["erased"]["events"], 1, "{over}");
    assert_eq!(two.events_with("the first shop").await, 0);
    assert_eq!(two.events_with("the second shop").await, 2, "it is the other's to keep");
    let said = two.app.messages(&two.next).await;
    assert!(said.iter().any(|it| it["text"] == "and one more for the second shop"), "{said:?}");
    two.app.stop().await;
}

async fn whoever_wants_their_data_deleted_is_found_in_the_shop_that_had_the_account_before(database: Database) {
    let mut two = two(database).await;
    let ada = two.before.account.customer("Ada");
    two.app.deliver(&ada.writes("one apron for the first shop")).await;
    two.app.settle().await;
    two.hands_over().await;
    two.app.clock.advance(MINUTE);
    let (status, told) = calls_back(&two.app, "/meta/data-deletion", &request_of(&two.app, ada.id())).await;
    assert_eq!(status, 200, "{told}");
    let over = two.over().await;
    two.app.settle().await;
    assert!(over["erased"]["messages"].as_u64() >= Some(1) && over["asked_by"] == "Meta", "{over}");
    assert_eq!(two.app.database().columns_with(&[ada.id(), "the first shop"]).await, []);
    two.app.stop().await;
}

async fn a_shop_is_told_that_another_has_taken_what_it_let_go_of_also_by_a_token_of_hand(database: Database) {
    let two = two(database).await;
    two.lets_go().await;
    let given = json!({ "channel": "instagram", "account_id": IG, "username": "linen.shop", "page_id": PAGE,
                        "token": "of-hand" });
    two.app.made(&format!("/api/v1/sellers/{}/connections", two.next.seller), &given).await;
    two.app.settle().await;
    assert!(browser::connections(&two.app, two.before.seller.0).await.is_empty());
    assert_eq!(times(&two.app, two.before.seller.0, "connection.disconnected").await, 1);
    let audit = two.app.read(&format!("/api/v1/sellers/{}/audit", two.before.seller)).await.to_string();
    assert!(audit.contains("connection.handed_over"), "{audit}");
    two.app.stop().await;
}
