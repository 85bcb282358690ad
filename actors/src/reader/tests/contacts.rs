//! Messages with contact details.

use super::{read, shop, summary};

#[test]
fn details_are_found_beside_an_order_and_disturb_it_not() {
    let text = "2 wool caps please, deliver to 14 Mill Road, Hove. My number is 07700 900 123 or Ada@Example.org";
    let reading = read(&shop(), text);
    assert_eq!(summary(&reading), "2 CAP");
    assert_eq!(reading.contact.phone.as_deref(), Some("07700900123"));
    assert_eq!(reading.contact.email.as_deref(), Some("ada@example.org"));
    assert_eq!(reading.contact.address.as_deref(), Some("14 Mill Road, Hove"));
}

#[test]
fn details_alone_order_nothing() {
    for text in ["07700900123", "my address is 3 Hill Lane, Accra", "ada@example.org", "calle Luna 8, piso 2"] {
        let reading = read(&shop(), text);
        assert!(reading.lines.is_empty() && reading.loose_quantity.is_none(), "{text}");
        assert!(!reading.contact.is_empty(), "{text}");
    }
}
