//! Calls about a catalog against a scripted Meta: what goes over the wire, and what is made of bodies as Meta sends them.

use actors::domain::catalog::{Availability, Condition};
use actors::domain::money::Money;
use actors::domain::sync::call::{CatalogAnswer, CatalogAsk, Denied, ItemFault, Standing};
use actors::domain::sync::item::{CatalogItem, ItemChange, Review};

use super::*;

const CATALOG: &str = "800680000000001";
const HANDLE: &str = "Acy_ExampleHandle0001jdxiRegHfiyhleq26r_CNVRc1wFGnSj1YpFC8azbIc";

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!("../../../tests/samples/graph/", $name))
    };
}

fn item(retailer_id: &str) -> CatalogItem {
    CatalogItem {
        retailer_id: retailer_id.to_owned(),
        title: "Blue linen shirt".into(),
        description: "Regular fit linen shirt.".into(),
        availability: Availability::InStock,
        condition: Condition::New,
        price: Money { minor: 2990, currency: "USD".parse().unwrap() },
        sale_price: None,
        link: "https://shop.example/p/1".into(),
        images: vec!["https://cdn.shop.example/p/1.jpg".into()],
        brand: "Linen Shop".into(),
        quantity: None,
        group: None,
        options: vec![],
        category: None,
        product_type: None,
    }
}

fn batch() -> CatalogAsk {
    CatalogAsk::Batch { changes: vec![ItemChange::Put(Box::new(item("A"))), ItemChange::Remove("B".into())] }
}

fn put() -> CatalogAsk {
    CatalogAsk::Put { item: Box::new(item("A")), item_id: None }
}

fn remove(item_id: Option<&str>) -> CatalogAsk {
    CatalogAsk::Remove { retailer_id: "A".into(), item_id: item_id.map(str::to_owned) }
}

fn page(after: Option<&str>) -> CatalogAsk {
    CatalogAsk::Page { after: after.map(str::to_owned), limit: 500 }
}

fn appeal() -> CatalogAsk {
    CatalogAsk::Appeal { item_id: "6012345678900024".into(), reason: "It is a butter knife.".into() }
}

fn every() -> [CatalogAsk; 8] {
    let items = CatalogAsk::Items { retailer_ids: vec!["A".into()] };
    let status = CatalogAsk::Status { handle: "Acy_1".into() };
    [batch(), status, put(), remove(Some("7")), page(None), items, CatalogAsk::Look, appeal()]
}

fn is_write(ask: &CatalogAsk) -> bool {
    matches!(ask.word(), "batch" | "put" | "remove" | "appeal")
}

/// A client whose Instagram account was connected through its Page.
fn through_page(meta: &Meta) -> GraphClient {
    GraphClient { tokens: through(Some("1020"), Ok(Secret::from(TOKEN))), ..client(meta) }
}

fn about(ask: CatalogAsk) -> GraphCall {
    call(Channel::Instagram, GraphRequest::Catalog { catalog: CATALOG.to_owned(), ask })
}

async fn result(replies: impl IntoIterator<Item = Reply>, ask: CatalogAsk) -> (CallResult, Vec<meta::Request>) {
    let meta = Meta::replying(replies);
    let result = through_page(&meta).call(&about(ask)).await;
    (result, meta.requests())
}

async fn answer(replies: impl IntoIterator<Item = Reply>, ask: CatalogAsk) -> (CatalogAnswer, Vec<meta::Request>) {
    match result(replies, ask).await {
        (CallResult::Catalog { told }, requests) => (*told, requests),
        (result, _) => panic!("no answer: {result:?}"),
    }
}

fn fault(retailer_id: &str, message: &str) -> ItemFault {
    ItemFault { retailer_id: retailer_id.to_owned(), message: message.to_owned() }
}

fn ok(body: &str) -> [Reply; 1] {
    [json(200, body)]
}

#[tokio::test]
async fn a_batch_is_taken_whole_in_part_or_not_at_all() {
    let (taken, requests) = answer(ok(sample!("items_batch_response_ok.json")), batch()).await;
    let handle = Some(HANDLE.to_owned());
    assert_eq!(taken, CatalogAnswer::Batched { handle: handle.clone(), errors: vec![], warnings: vec![] });
    assert_eq!(requests[0].line, "POST /v25.0/800680000000001/items_batch HTTP/1.1");
    assert_eq!(requests[0].header("authorization"), Some("Bearer EAAB-token"));
    assert_eq!(requests[0].header("content-type"), Some("application/json"));
    let body: Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!((&body["requests"][0]["data"]["id"], &body["requests"][1]["method"]), (&value!("A"), &value!("DELETE")));

    let (warned, _) = answer(ok(sample!("items_batch_response_warning.json")), batch()).await;
    let warnings = vec![fault("LIN-BLU-M", "Unrecognised field 'colour' on item LIN-BLU-M (sample wording)")];
    assert_eq!(warned, CatalogAnswer::Batched { handle, errors: vec![], warnings });

    let (refused, _) = answer(ok(sample!("items_batch_response_errors.json")), batch()).await;
    let errors = vec![fault("LIN-BLU-M", "Duplicate retailer_id in batch: LIN-BLU-M (sample wording)")];
    assert_eq!(refused, CatalogAnswer::Batched { handle: None, errors, warnings: vec![] });
}

#[tokio::test]
async fn a_status_is_finished_by_one_word_only_and_names_what_was_not_taken() {
    let ask = || CatalogAsk::Status { handle: HANDLE.into() };
    let (told, requests) = answer(ok(sample!("check_batch_finished_partial.json")), ask()).await;
    let expected = CatalogAnswer::Status {
        is_finished: true,
        word: "finished".into(),
        invalid: vec!["CAP-RED".into()],
        errors: vec![fault("CAP-RED", "Required field missing: price (sample wording)")],
        errors_total: 1,
        warnings: vec![fault("LIN-BLU-M", "Image could not be fetched yet")],
    };
    assert_eq!(told, expected);
    let start =
        format!("GET /v25.0/{CATALOG}/check_batch_request_status?handle={HANDLE}&load_ids_of_invalid_requests=true");
    assert!(requests[0].line.starts_with(&start), "{}", requests[0].line);
    let words = [
        (sample!("check_batch_finished_ok.json"), "finished", true),
        (sample!("check_batch_in_progress.json"), "in_progress", false),
        (r#"{"data":[{"status":"Finished"}]}"#, "Finished", true),
        (r#"{"data":[{"status":"error"}]}"#, "error", false),
        (r#"{"data":[{"status":"something_new"}]}"#, "something_new", false),
        (r#"{"data":[]}"#, "unknown", false),
        (r#"{"data":[{"handle":"Acy_of_another","status":"finished"}]}"#, "unknown", false),
        (r#"{"data":[{"handle":"Acy_1","status":"error"},{"status":"finished"}]}"#, "finished", true),
        (r#"{"data":[{"status":"finished","errors_total_count":"NaN"}]}"#, "finished", true),
    ];
    for (body, wanted, ends) in words {
        let (told, _) = answer(ok(body), ask()).await;
        assert!(
            matches!(&told, CatalogAnswer::Status { word, is_finished, .. } if word == wanted && *is_finished == ends),
            "{told:?}"
        );
    }
}

#[tokio::test]
async fn one_item_is_put_by_its_sku_and_removed_by_its_id_or_after_a_look() {
    let (made, requests) = answer(ok(sample!("product_create_response.json")), put()).await;
    assert_eq!(made, CatalogAnswer::Put { item_id: Some("6012345678900024".into()) });
    assert_eq!(requests[0].line, "POST /v25.0/800680000000001/products HTTP/1.1");

    let gone = CatalogAnswer::Removed { was_there: true };
    let (removed, requests) = answer(ok(r#"{"success":true}"#), remove(Some("77"))).await;
    assert_eq!((removed, requests[0].line.as_str()), (gone.clone(), "DELETE /v25.0/77 HTTP/1.1"));
    let found = json(200, r#"{"data":[{"id":"88","retailer_id":"A"}]}"#);
    let (removed, requests) = answer([found, json(200, r#"{"success":true}"#)], remove(None)).await;
    assert_eq!((removed, requests[1].line.as_str()), (gone, "DELETE /v25.0/88 HTTP/1.1"));
    assert!(requests[0].line.contains("filter=%7B%22retailer_id%22%3A%7B%22is_any%22%3A%5B%22A%22%5D%7D%7D"));

    let never = CatalogAnswer::Removed { was_there: false };
    let missing = json(400, sample!("error_100_33_object_not_found.json"));
    assert_eq!(answer([missing], remove(Some("77"))).await.0, never);
    let (removed, requests) = answer(ok(sample!("catalog_products_by_retailer_id_empty.json")), remove(None)).await;
    assert_eq!((removed, requests.len()), (never.clone(), 1));
    let other = r#"{"data":[{"id":"99","retailer_id":"AB"}]}"#;
    assert_eq!(answer(ok(other), remove(None)).await.0, never, "another item is not ours to remove");
}

#[tokio::test]
async fn a_page_tells_what_is_seen_and_whether_more_follows() {
    let (told, requests) = answer(ok(sample!("catalog_products_page.json")), page(Some("A=1&x"))).await;
    let CatalogAnswer::Page { items, next } = told else { panic!("{told:?}") };
    assert_eq!(next.as_deref(), Some("QVFIUafter"));
    assert_eq!((items[0].item_id.as_str(), items[0].price.as_str()), ("6012345678900024", "$29.90"));
    assert_eq!((items[0].review, items[1].review), (Some(Review::Approved), Some(Review::Pending)));
    assert_eq!((items[1].availability.as_str(), items[1].can_be_tagged), ("out of stock", None));
    assert!(requests[0].line.ends_with("&limit=500&after=A%3D1%26x HTTP/1.1"), "{}", requests[0].line);

    let rejected = format!(r#"{{"data":[{}]}}"#, sample!("catalog_product_rejected.json"));
    let (told, _) = answer(ok(&rejected), page(None)).await;
    let CatalogAnswer::Page { items, next } = told else { panic!("{told:?}") };
    assert_eq!((next, items[0].review, items[0].can_be_tagged), (None, Some(Review::Rejected), Some(false)));
    assert_eq!(items[0].reasons, ["COMMERCE_POLICY"]);
    assert_eq!(items[0].errors, ["Image could not be downloaded: Check the image link"]);
}

#[tokio::test]
async fn what_stands_in_the_way_of_an_item_counts_wherever_it_is_told() {
    let surfaces = r#""capability_to_review_status":[{"key":"shops","value":"NO_REVIEW"},{"key":"ig_product_tagging","value":"PENDING"}]"#;
    for (more, may_tag, is_in_shop, errors) in [
        ("", Some(false), Some(true), 0),
        (r#","visibility":"staging""#, Some(false), Some(false), 0),
        (r#","image_fetch_status":"FETCH_FAILED""#, Some(false), Some(false), 1),
    ] {
        let body = format!(r#"{{"data":[{{"id":7,"retailer_id":"A",{surfaces}{more}}}]}}"#);
        let (told, _) = answer(ok(&body), page(None)).await;
        let CatalogAnswer::Page { items, .. } = told else { panic!("{told:?}") };
        assert_eq!((items[0].can_be_tagged, items[0].is_in_shop, items[0].errors.len()), (may_tag, is_in_shop, errors));
        assert_eq!(items[0].item_id, "7");
    }
}

#[tokio::test]
async fn items_are_asked_for_in_addresses_of_bearable_length() {
    let retailer_ids: Vec<String> = (0..100).map(|number| format!("{number:0>100}")).collect();
    let pages = (0..3).map(|_| json(200, r#"{"data":[]}"#));
    let (told, requests) = answer(pages, CatalogAsk::Items { retailer_ids }).await;
    assert_eq!(told, CatalogAnswer::Page { items: vec![], next: None });
    assert_eq!(requests.len(), 3);
    assert!(requests.iter().all(|request| request.line.len() < 8_000));
    let (told, requests) = answer([], CatalogAsk::Items { retailer_ids: vec![] }).await;
    assert_eq!((told, requests.len()), (CatalogAnswer::Page { items: vec![], next: None }, 0));
}

#[tokio::test]
async fn a_catalog_stands_where_its_account_and_its_shop_do() {
    let catalog = r#"{"id":"800680000000001","name":"Linen Shop catalog","product_count":2}"#;
    let not_yet = r#"{"shopping_product_tag_eligibility":false,"id":"17841400000000001"}"#;
    let shop = |status: &str, review: &str| {
        format!(r#"{{"data":[{{"merchant_status":"{status}","review_status":"{review}"}}]}}"#)
    };
    let withheld = || json(400, sample!("error_100_33_object_not_found.json"));
    for (replies, expected) in [
        (vec![json(200, sample!("ig_shopping_eligibility.json"))], Standing::Active),
        (vec![json(200, not_yet), json(200, &shop("ENABLED", "pending"))], Standing::Pending),
        (vec![json(200, not_yet), json(200, &shop("ENABLED", "REJECTED"))], Standing::Refused),
        (vec![json(200, not_yet), json(200, &shop("EXTERNALLY_DISABLED", ""))], Standing::Disabled),
        (vec![json(200, not_yet), json(200, r#"{"data":[]}"#)], Standing::Pending),
        (vec![withheld(), withheld()], Standing::Pending),
    ] {
        let (told, _) = answer([json(200, catalog)].into_iter().chain(replies), CatalogAsk::Look).await;
        let name = "Linen Shop catalog".to_owned();
        assert_eq!(told, CatalogAnswer::Looked { name, products: Some(2), standing: expected });
    }
    let busy = [json(200, catalog), json(500, "")];
    assert!(is_again(&result(busy, CatalogAsk::Look).await.0), "half an answer is none");
}

#[tokio::test]
async fn an_appeal_is_made_by_an_instagram_account() {
    let (told, requests) = answer(ok(r#"{"success":true}"#), appeal()).await;
    assert_eq!(told, CatalogAnswer::Appealed);
    assert_eq!(requests[0].line, "POST /v25.0/17841400000000001/product_appeal HTTP/1.1");
    let body: Value = serde_json::from_str(&requests[0].body).unwrap();
    assert_eq!(body, value!({"product_id": "6012345678900024", "appeal_reason": "It is a butter knife."}));
    let request = GraphRequest::Catalog { catalog: CATALOG.to_owned(), ask: appeal() };
    let told = client(&Meta::replying([])).call(&call(Channel::Messenger, request)).await;
    assert!(matches!(&told, CallResult::Catalog { told } if !told.is_done()), "{told:?}");
}

#[tokio::test]
async fn a_refusal_says_what_is_to_be_done_about_it() {
    use Denied::{Item, NoBatches, NoCatalog, Other, Policy, Reconnect};
    let missing = sample!("error_100_33_object_not_found.json");
    let parameter = sample!("error_100_invalid_parameter.json");
    let capability = r#"{"error":{"message":"capability","code":3}}"#;
    let status = || CatalogAsk::Status { handle: "Acy_1".into() };
    for (body, ask, why, code) in [
        (sample!("error_368_blocked.json"), batch(), Policy, "368"),
        (missing, batch(), NoCatalog, "100/33"),
        (missing, put(), NoCatalog, "100/33"),
        (missing, status(), NoCatalog, "100/33"),
        (missing, appeal(), Item, "100/33"),
        (parameter, batch(), NoBatches, "100"),
        (capability, batch(), NoBatches, "3"),
        (capability, put(), Reconnect, "3"),
        (parameter, put(), Item, "100"),
        (sample!("error_10800_duplicate_retailer_id.json"), put(), Item, "10800"),
        (parameter, status(), Other, "100"),
        (r#"{"error":{"message":"new","code":987654}}"#, put(), Other, "987654"),
    ] {
        let word = ask.word();
        let (told, _) = answer([json(400, body)], ask).await;
        let CatalogAnswer::Denied { why: found, code: told, .. } = told else { panic!("{word}: {told:?}") };
        assert_eq!((found, told.as_str()), (why, code), "{word}: {body}");
    }
}

#[tokio::test]
async fn a_token_that_is_refused_is_told_apart_from_what_was_asked() {
    for (body, ask, code) in [
        (sample!("error_190_463_expired.json"), batch(), "190/463"),
        (sample!("error_190_460_password_changed.json"), put(), "190/460"),
        (sample!("error_10_permission.json"), page(None), "10"),
        (sample!("error_200_permission.json"), CatalogAsk::Look, "200"),
    ] {
        let (told, _) = result([json(400, body)], ask).await;
        assert!(matches!(&told, CallResult::TokenRefused { code: found, .. } if found == code), "{told:?}");
    }
}

#[tokio::test]
async fn what_meta_says_of_an_item_is_shown_unless_it_repeats_the_token() {
    let body = |words: &str| value!({"error": {"message": "(#100)", "error_user_msg": words, "code": 100}}).to_string();
    let (told, _) = answer([json(400, &body("The picture is too small"))], put()).await;
    assert!(matches!(&told, CatalogAnswer::Denied { error, .. } if error == "The picture is too small"), "{told:?}");
    let (told, _) = answer([json(400, &body(&format!("bad {TOKEN}")))], put()).await;
    assert!(matches!(&told, CatalogAnswer::Denied { error, .. } if !error.contains(TOKEN)), "{told:?}");
    let (told, _) = answer([json(400, &body(&"x".repeat(5000)))], put()).await;
    assert!(matches!(&told, CatalogAnswer::Denied { error, .. } if error.len() == 300), "{told:?}");
}

#[tokio::test]
async fn too_much_in_one_call_is_not_trouble() {
    let reduce = || json(500, r#"{"error":{"message":"Please reduce the amount of data you're asking for","code":1}}"#);
    for reply in [reduce(), json(500, sample!("error_1_reduce_data.json")), json(413, "<html>")] {
        let (told, _) = answer([reply], batch()).await;
        assert!(matches!(told, CatalogAnswer::TooMuch { .. }), "{told:?}");
    }
    let (told, requests) = answer([reduce()], page(None)).await;
    assert!(matches!(told, CatalogAnswer::TooMuch { .. }) && requests.len() == 1, "{told:?}");
    let (told, _) = result([reduce()], CatalogAsk::Page { after: None, limit: 25 }).await;
    assert!(is_again(&told), "so few are not what is too much: {told:?}");
    let changes = (0..5_001).map(|number| ItemChange::Remove(number.to_string())).collect();
    let (told, requests) = answer([], CatalogAsk::Batch { changes }).await;
    assert!(matches!(told, CatalogAnswer::TooMuch { .. }) && requests.is_empty());
    let long = CatalogItem { description: "x".repeat(29_000_000), ..item("A") };
    let changes = vec![ItemChange::Put(Box::new(long))];
    let (told, requests) = answer([], CatalogAsk::Batch { changes }).await;
    assert!(matches!(told, CatalogAnswer::TooMuch { .. }) && requests.is_empty());
}

#[tokio::test]
async fn a_limit_is_told_with_its_time_and_reaches_no_further_than_the_catalog() {
    let usage = serde_json::from_str::<Value>(sample!("header_x_business_use_case_usage_blocked.json")).unwrap();
    let usage = value!({ CATALOG: usage[CATALOG] }).to_string();
    let error = sample!("error_80014_catalog_batch_rate.json");
    let meta = Meta::replying([with_headers(403, &[("x-business-use-case-usage", &usage)], error)]);
    let answered = through_page(&meta).answer(&about(batch())).await;
    assert!(matches!(answered.result, CallResult::Again { after_ms: Some(180_000), .. }), "{answered:?}");
    let reaches: Vec<_> = answered.limits.iter().map(|limit| limit.reach).collect();
    assert_eq!(reaches, [actors::domain::budget::hold::Reach::Budget; 2]);
    for error in [
        sample!("error_80009_catalog_management_rate.json"),
        sample!("error_4_app_rate.json"),
        sample!("error_17_user_rate.json"),
        sample!("error_32_page_rate.json"),
        sample!("error_613_2534040_rate.json"),
    ] {
        for ask in every() {
            assert!(is_again(&result([json(400, error)], ask).await.0), "{error}");
        }
    }
}

#[tokio::test]
async fn a_write_without_a_clear_answer_is_unknown_and_a_read_is_made_again() {
    for ask in every() {
        for reply in [
            json(500, sample!("error_1_unknown.json")),
            json(500, sample!("error_2_transient.json")),
            json(502, "<html>"),
            json(200, "<html>"),
            json(200, r#"{"success":false,"data":5,"handles":5}"#),
            Reply::HangUp,
        ] {
            let (word, is_write) = (ask.word(), is_write(&ask));
            let result = match reply {
                Reply::Bytes(bytes) => result([Reply::Bytes(bytes)], ask.clone()).await.0,
                silent => result([silent], ask.clone()).await.0,
            };
            // An item that was put there is not named by every answer.
            let is_named = matches!(&result, CallResult::Catalog { told } if matches!(**told, CatalogAnswer::Put { item_id: None }));
            assert!(is_named || if is_write { is_unknown(&result) } else { is_again(&result) }, "{word}: {result:?}");
        }
    }
}

#[tokio::test]
async fn no_call_waits_for_ever_and_none_is_made_without_a_token() {
    let meta = Meta::replying([]);
    let graph = GraphClient { deadline: Duration::from_millis(200), ..through_page(&meta) };
    assert!(is_unknown(&graph.call(&about(batch())).await));
    assert!(is_again(&graph.call(&about(page(None))).await));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let tokens = through(Some("1020"), Ok(Secret::from(TOKEN)));
    let nobody = GraphClient { tokens, ..client_at(&format!("http://{closed}")) };
    assert!(is_again(&nobody.call(&about(batch())).await), "nothing was sent");
    let bare = GraphClient { tokens: through(Some("1020"), Err(NoToken::Missing)), ..client(&meta) };
    for ask in every() {
        let told = bare.call(&about(ask)).await;
        assert!(matches!(&told, CallResult::TokenRefused { code, .. } if code == "no_token"), "{told:?}");
    }
    for ask in every() {
        let CallResult::Catalog { told } = client(&meta).call(&about(ask)).await else { panic!("no answer") };
        let is_right =
            matches!(&*told, CatalogAnswer::Denied { why: Denied::Reconnect, code, .. } if code == "no_catalog_access");
        assert!(is_right, "{told:?}");
    }
}

#[tokio::test]
async fn long_answers_are_read_and_endless_ones_are_not() {
    let message = "x".repeat(3_000);
    let remark = |number: usize| value!({"retailer_id": number.to_string(), "errors": [{ "message": message }]});
    let body = |many: usize| value!({"handles": [], "validation_status": (0..many).map(remark).collect::<Vec<_>>()});
    let (told, _) = answer(ok(&body(1_000).to_string()), batch()).await;
    let CatalogAnswer::Batched { errors, .. } = told else { panic!("{told:?}") };
    assert_eq!((errors.len(), errors[0].message.len()), (1_000, 300));
    assert!(is_unknown(&result(ok(&body(6_000).to_string()), batch()).await.0));
}
