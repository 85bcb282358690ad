//! Messages that refuse, correct and change.

use super::{check, read, shop};
use crate::domain::reading::Intent::{Cancel, Change, Order};

#[test]
fn the_last_word_counts() {
    check(&[
        ("2, no wait, 3 wool caps please", Order, "3 CAP"),
        ("2 wool caps\n2 plum jam\nsorry 3 wool caps", Order, "2 JAM-Plum, 3 CAP"),
        ("dos wool cap, no perdón, tres wool cap", Order, "3 CAP"),
        ("deux wool cap, non pardon, trois wool cap", Order, "3 CAP"),
        ("blue waxed apron in M, i mean L", Order, "1 AP-Blue-L"),
    ]);
}

#[test]
fn what_is_ruled_out_is_not_ordered() {
    check(&[
        ("the waxed apron size M, not the red one, the blue", Order, "1 AP-Blue-M"),
        ("waxed apron in M, red instead of blue", Order, "1 AP-Red-M"),
        ("waxed apron M, rojo no, azul", Order, "1 AP-Blue-M"),
        ("2 plum jam but no wool cap", Order, "2 JAM-Plum, -1 CAP"),
    ]);
}

#[test]
fn taking_away_is_a_change() {
    check(&[
        ("please remove the wool cap", Change, "-1 CAP"),
        ("no wool cap", Change, "-1 CAP"),
        ("quita la mermelada fig", Change, "-1 JAM-Fig"),
        ("change the waxed apron from M to L", Change, "=1 AP"),
    ]);
    let reading = read(&shop(), "change the waxed apron from M to L");
    assert_eq!(reading.lines[0].options, [("Size".to_owned(), "L".to_owned())]);
}

#[test]
fn one_thing_can_be_wanted_in_place_of_another() {
    check(&[
        ("please swap the wool cap for a herb teapot", Change, "-1 CAP, =1 TE"),
        ("can you change the wool cap to 2 plum jam", Change, "-1 CAP, =2 JAM-Plum"),
        ("cambia la wool cap por una mermelada fig", Change, "-1 CAP, =1 JAM-Fig"),
        ("changer le wool cap pour 3 herb teapot", Change, "-1 CAP, =3 TE"),
        ("change it: 2 wool caps and a herb teapot", Change, "=2 CAP, =1 TE"),
    ]);
}

#[test]
fn a_quantity_alone_corrects_the_line_before() {
    let shop = shop();
    for (text, expected) in [("make it 3", 3), ("mejor 4", 4), ("x2", 2)] {
        let reading = read(&shop, text);
        assert_eq!((reading.loose_quantity, reading.lines.len()), (Some(expected), 0), "{text}");
    }
    assert_eq!(read(&shop, "make it 3").intent, Change);
}

#[test]
fn whole_orders_are_cancelled_in_four_languages() {
    check(&[
        ("please cancel my order", Cancel, ""),
        ("cancela mi pedido por favor", Cancel, ""),
        ("annulez ma commande", Cancel, ""),
        ("quero cancelar o pedido", Cancel, ""),
    ]);
}
