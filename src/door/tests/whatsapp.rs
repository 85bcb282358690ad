//! What WhatsApp sends beyond the samples: customers with two ids, carts that are odd, cards and places in words.

use actors::domain::event::Wish;
use actors::domain::outcome::Reason;
use actors::reader::{self, CatalogIndex};

use super::summary::summary;
use super::*;

/// What a message with these members means, without its account.
fn told(members: &str) -> String {
    summary(&decoded(&whatsapp_message(members)).0).replace("whatsapp:1065 ", "")
}

/// What a value with these members means, without its account.
fn valued(members: &str) -> String {
    summary(&decoded(&whatsapp(members)).0).replace("whatsapp:1065 ", "")
}

#[test]
fn messages_of_every_type_say_something() {
    for (members, meaning) in [
        (r#""type":"hologram","hologram":{"caption":"look"}"#, r#"said "wamid.1" "look" with hologram"#),
        (r#""type":"hologram""#, r#"said "wamid.1" with hologram"#),
        (r#""text":{"body":"x"}"#, r#"said "wamid.1" with unsupported"#),
        (r#""type":"interactive","interactive":{"type":"new_reply"}"#, r#"said "wamid.1" with new_reply"#),
        (
            r#""type":"interactive","interactive":{"nfm_reply":{"response_json":"{}"}}"#,
            r#"said "wamid.1" payload="{}""#,
        ),
        (r#""type":"image","image":{"caption":null}"#, r#"said "wamid.1" with image"#),
        (r#""type":"text","text":{"body":"x"},"context":{"referred_product":{}}"#, r#"said "wamid.1" "x""#),
        (
            r#""type":"text","text":{"body":"x"},"referral":{"source_type":"post","source_id":"9","source_url":"u"}"#,
            r#"said "wamid.1" "x" through "post" ref="u""#,
        ),
        (r#""type":"location","location":{"name":"The Mill"}"#, r#"said "wamid.1" "Address: The Mill" with location"#),
        (r#""type":"location","location":{}"#, r#"said "wamid.1" with location"#),
    ] {
        let (found, from) = (told(members), r#" by phone="155""#);
        assert_eq!(found, format!("message 155: {meaning}{from}"), "{members}");
    }
    for (members, meaning) in [
        (r#""type":"text","text":{}"#, "message 155: ! unreadable"),
        (r#""type":"text","text":{"body":[]}"#, "message 155: ! unreadable"),
        (r#""type":"edit","edit":{}"#, "edit 155: ! unreadable"),
        (r#""type":"revoke""#, "deleted 155: ! unreadable"),
        (r#""type":"text","text":{"body":"x"},"group_id":"1@g.us""#, "message 155: ! group_message"),
        (
            r#""type":"edit","edit":{"original_message_id":"w0","message":{"type":"image","image":{}}}"#,
            r#"edit 155: edit 1790856000000 of w0: """#,
        ),
        (
            r#""type":"request_welcome""#,
            r#"message 155: noted "The customer opened the conversation for the first time.""#,
        ),
        (
            r#""type":"system","system":{"type":"customer_identity_changed","body":"New code."}"#,
            r#"system 155: noted "WhatsApp: New code.""#,
        ),
        (r#""type":"system","system":{"type":"telepathy"}"#, "system 155: ! unknown_kind"),
        (r#""type":"system""#, "system 155: ! unreadable"),
    ] {
        assert_eq!(told(members), meaning, "{members}");
    }
}

#[test]
fn a_cart_that_is_not_understood_whole_is_for_a_person() {
    let cart = |items: &str| said(&whatsapp_message(&format!(r#""type":"order","order":{{"product_items":{items}}}"#)));
    let wish = |product: &str, quantity| Wish { product: product.to_owned(), quantity };
    let found = cart(r#"[{"product_retailer_id":"A","quantity":" 3 "},{"product_retailer_id":7}]"#);
    assert_eq!((found.wishes, found.attachments.len()), (vec![wish("A", Some(3)), wish("7", None)], 0));
    for odd in [
        r#"{"quantity":1}"#,
        r#"{"product_retailer_id":"B","quantity":0}"#,
        r#"{"product_retailer_id":"B","quantity":-1}"#,
        r#"{"product_retailer_id":"B","quantity":1.5}"#,
        r#"{"product_retailer_id":"B","quantity":99999999999}"#,
        r#"{"product_retailer_id":"B","quantity":"many"}"#,
        "7",
    ] {
        let found = cart(&format!(r#"[{{"product_retailer_id":"A","quantity":1}},{odd}]"#));
        assert_eq!((found.wishes, found.attachments), (vec![wish("A", Some(1))], vec!["order".to_owned()]), "{odd}");
    }
    assert_eq!(cart("[]").attachments, ["order"]);
    assert_eq!(cart("7").attachments, ["order"]);
}

#[test]
fn the_reader_finds_what_cards_and_places_say() {
    let read = |text: &str| reader::read(&CatalogIndex::default(), text).contact;
    let card = r#""type":"contacts","contacts":[{"name":{"formatted_name":"Leo Friend"},"phones":[{"phone":"+1 555-010-0002"}],
        "emails":[{"email":"leo@example.com"}],"addresses":[{"street":"12 Harbour Street","city":"Springfield","zip":"94110"}]}]"#;
    let contact = read(&said(&whatsapp_message(card)).text.unwrap());
    assert_eq!((contact.phone.as_deref(), contact.email.as_deref()), (Some("+15550100002"), Some("leo@example.com")));
    assert_eq!(contact.address.as_deref(), Some("12 Harbour Street, Springfield, 94110"));
    let place = said(&String::from_utf8(body("whatsapp/message_location")).unwrap()).text.unwrap();
    let contact = read(&place);
    assert_eq!((contact.address.as_deref(), contact.phone), (Some("KN 5 Rd, Kigali"), None));
    let pin = said(&String::from_utf8(body("page/message_location")).unwrap()).text.unwrap();
    assert!(read(&pin).is_empty(), "{pin}");
}

#[test]
fn a_customer_is_known_by_the_id_that_lasts() {
    let contact = |ids: &str| format!(r#""contacts":[{{"profile":{{"name":"Ana"}},{ids}}}]"#);
    let text = r#""id":"w","type":"text","text":{"body":"x"}"#;
    let both = r#""wa_id":"155","user_id":"US.1""#;
    for (contacts, from, customer) in [
        (
            contact(both),
            r#""from":"155","from_user_id":"US.1""#,
            r#"US.1: said "w" "x" by name="Ana" phone="155" also="155""#,
        ),
        // Only the contact tells the id that lasts.
        (contact(both), r#""from":"155""#, r#"US.1: said "w" "x" by name="Ana" phone="155" also="155""#),
        // One number, written in two ways.
        (
            contact(r#""wa_id":"5411""#),
            r#""from":"54911""#,
            r#"54911: said "w" "x" by name="Ana" phone="5411" also="5411""#,
        ),
        (contact(both), r#""x":1"#, r#"US.1: said "w" "x" by name="Ana" phone="155" also="155""#),
        (r#""contacts":7"#.to_owned(), r#""from":"155""#, r#"155: said "w" "x" by phone="155""#),
        (r#""contacts":[]"#.to_owned(), r#""x":1"#, "nobody: ! unreadable"),
    ] {
        assert_eq!(
            valued(&format!(r#"{contacts},"messages":[{{{from},{text}}}]"#)),
            format!("message {customer}"),
            "{from}"
        );
    }
}

#[test]
fn nobody_gets_a_neighbours_name() {
    let message = |from: &str| format!(r#"{{"id":"w{from}","from":"{from}","type":"text","text":{{"body":"x"}}}}"#);
    let body = whatsapp(&format!(
        r#""contacts":[{{"profile":{{"name":"Ana"}},"wa_id":"155"}}],"messages":[{},{}]"#,
        message("155"),
        message("166")
    ));
    let events: Vec<_> = cut(body.as_bytes(), now()).into_iter().map(stored).collect();
    let told: Vec<_> = events.iter().map(summary).collect();
    assert!(told[0].ends_with(r#"155: said "w155" "x" by name="Ana" phone="155""#), "{told:#?}");
    assert!(told[1].ends_with(r#"166: said "w166" "x" by phone="166""#), "{told:#?}");
}

#[test]
fn statuses_of_every_word_are_sorted() {
    for (members, meaning) in [
        (r#""status":"played""#, "read w"),
        (r#""status":"deleted""#, "! not_used"),
        (r#""status":"teleported""#, "! unknown_kind"),
        (r#""status":7"#, "! unknown_kind"),
        (r#""x":1"#, "! unreadable"),
        (r#""status":"read","recipient_type":"group""#, "! group_message"),
        (r#""status":"failed""#, r#"failed w: unknown "it was not delivered: WhatsApp did not say why""#),
        (
            r#""status":"failed","errors":[{"code":"131999","title":"New trouble"}]"#,
            r#"failed w: 131999 "it was not delivered: New trouble""#,
        ),
        (
            r#""status":"warning","errors":[{"code":131,"title":"Gone"}]"#,
            r#"noted "WhatsApp warns about a message of the shop: Gone (131).""#,
        ),
    ] {
        let status = format!(r#""statuses":[{{"id":"w","recipient_id":"155",{members}}}]"#);
        assert_eq!(valued(&status), format!("status 155: {meaning}"), "{members}");
    }
}

#[test]
fn a_customer_moves_from_one_id_to_another_of_the_same_sort() {
    for (from, system, meaning) in [
        (r#""from":"155""#, r#""type":"user_changed_number","new_wa_id":"177""#, r#"155: renamed to 177 phone="177""#),
        (
            r#""x":1"#,
            r#""type":"customer_changed_number","customer":"155","wa_id":"177""#,
            r#"155: renamed to 177 phone="177""#,
        ),
        (
            r#""from":"155","from_user_id":"US.1""#,
            r#""type":"user_changed_number","wa_id":"177""#,
            r#"155: renamed to 177 phone="177""#,
        ),
        (
            r#""from":"155","from_user_id":"US.1""#,
            r#""type":"user_changed_number","wa_id":"177","user_id":"US.2""#,
            r#"US.1: renamed to US.2 phone="177""#,
        ),
        (
            r#""x":1"#,
            r#""type":"user_changed_user_id","user_id":"US.ENT.2","body":"User A. B changed from US.ENT.1 to US.ENT.2.""#,
            "US.ENT.1: renamed to US.ENT.2",
        ),
        (
            r#""x":1"#,
            r#""type":"user_changed_user_id","user_id":"US.2","body":"Who? us.1 USA.1 U.1""#,
            "nobody: ! unreadable",
        ),
    ] {
        let message = format!(r#""messages":[{{"id":"w",{from},"type":"system","system":{{{system}}}}}]"#);
        assert_eq!(valued(&message), format!("system {meaning}"), "{system}");
    }
}

#[test]
fn what_was_done_in_the_business_app_is_the_sellers_doing() {
    for (members, meaning) in [
        (r#""type":"image","image":{"caption":"here"}"#, r#"echo 155: echo w "here" with image"#),
        (
            r#""type":"edit","edit":{"original_message_id":"w0","message":{"type":"text","text":{"body":"y"}}}"#,
            r#"edit 155: edit 1790856100000 of w0: "y""#,
        ),
        (r#""type":"revoke","revoke":{"original_message_id":"w0"}"#, "deleted 155: unsent w0"),
        (r#""type":"reaction","reaction":{"message_id":"w0","emoji":"x"}"#, "reaction 155: ! not_used"),
    ] {
        let echo = format!(r#""message_echoes":[{{"id":"w","from":"100","to":"155",{members}}}]"#);
        assert_eq!(valued(&echo), meaning, "{members}");
    }
}

#[test]
fn what_is_no_message_is_kept_for_a_reason() {
    for (field, members, reason) in [
        ("messages", r#""errors":[{"code":131000}]"#, Reason::AccountNotice),
        ("messages", r#""messages":[]"#, Reason::NotUsed),
        ("messages", r#""messages":{}"#, Reason::Unreadable),
        ("messages", r#""telepathy":[{}]"#, Reason::UnknownKind),
        ("phone_number_quality_update", r#""event":"FLAGGED""#, Reason::AccountNotice),
        ("history", r#""history":[]"#, Reason::NotUsed),
        ("telepathy", r#""x":[]"#, Reason::UnknownKind),
    ] {
        let body = whatsapp(members).replace(r#""field":"messages""#, &format!(r#""field":"{field}""#));
        assert_eq!(decoded(&body).1, Err(reason), "{field} {members}");
    }
    let errors_beside_many = whatsapp(r#""messages":[{"id":"a"},{"id":"b"}],"errors":[{"code":1}]"#);
    let events = cut(errors_beside_many.as_bytes(), now());
    let reasons: Vec<_> = events.iter().map(|event| event.ledgered).collect();
    assert_eq!(reasons, [Some(Reason::Unreadable), Some(Reason::Unreadable), Some(Reason::AccountNotice)]);
}
