//! Messages that order.

use super::{check, read, shop};
use crate::domain::reading::Intent::{Order, Other};

#[test]
fn one_product_with_its_options_pins_the_variant() {
    check(&[
        ("two blue waxed aprons in M", Order, "2 AP-Blue-M"),
        ("I'd like a waxed apron, red, size L please", Order, "1 AP-Red-L"),
        ("quiero dos waxed apron azules talla S", Order, "2 AP-Blue-S"),
        ("je voudrais un waxed apron vert taille M svp", Order, "1 AP-Green-M"),
        ("quero três waxed apron vermelho tamanho L", Order, "3 AP-Red-L"),
        ("waxed apron medium blue x3", Order, "3 AP-Blue-M"),
        ("rubber boots 42", Order, "1 BO-42"),
        ("2 rubber boots size 38", Order, "2 BO-38"),
        ("heather honey 500g x 2", Order, "2 HO-500"),
        ("4 plum jam", Order, "4 JAM-Plum"),
    ]);
}

#[test]
fn what_is_left_open_stays_open() {
    check(&[
        ("a blue waxed apron please", Order, "1 AP"),
        ("3 farm jam please", Order, "3 JAM"),
        ("waxed apron M or L", Order, "1 AP"),
    ]);
}

#[test]
fn several_lines_keep_their_own_quantities_and_options() {
    check(&[
        ("2 blue waxed aprons in M and one wool cap", Order, "2 AP-Blue-M, 1 CAP"),
        ("wool cap x2\nrubber boots 40\n3 x fig jam", Order, "2 CAP, 1 BO-40, 3 JAM-Fig"),
        ("herb teapot, seed tray, 2 wool caps", Order, "1 TE, 1 TR, 2 CAP"),
        ("deux wool cap et une confiture plum", Order, "2 CAP, 1 JAM-Plum"),
        ("una mermelada fig y tres wool cap", Order, "1 JAM-Fig, 3 CAP"),
        ("uma geleia plum e duas wool cap", Order, "1 JAM-Plum, 2 CAP"),
        ("Red apron S + green apron L", Order, "1 AP-Red-S, 1 AP-Green-L"),
    ]);
}

#[test]
fn a_total_is_shared_out_over_options() {
    check(&[
        ("3 waxed aprons in M, 2 blue and 1 red", Order, "2 AP-Blue-M, 1 AP-Red-M"),
        ("farm jam: 2 plum, 4 fig", Order, "2 JAM-Plum, 4 JAM-Fig"),
        ("two waxed aprons size S, blue and red", Order, "1 AP-Blue-S, 1 AP-Red-S"),
        ("one of each farm jam", Order, "1 JAM-Plum, 1 JAM-Fig"),
        ("rubber boots 38 and 40, one each", Order, "1 BO-38, 1 BO-40"),
        ("2 blue and 1 red waxed apron in M", Order, "2 AP-Blue-M, 1 AP-Red-M"),
    ]);
}

#[test]
fn quantities_are_told_from_other_numbers() {
    check(&[
        ("a couple of wool caps", Order, "2 CAP"),
        ("half a dozen plum jam please", Order, "6 JAM-Plum"),
        ("a pair of rubber boots 40", Order, "1 BO-40"),
        ("un par de wool cap por favor", Order, "2 CAP"),
        ("i want the wool cap by 5pm, my budget is 20 euros", Order, "1 CAP"),
        ("wool cap please, i saw it in 2019 for $15", Order, "1 CAP"),
        ("herb teapot please, house 14 gate 3", Order, "1 TE"),
    ]);
}

#[test]
fn slips_of_the_finger_are_forgiven_but_lower_the_confidence() {
    check(&[("2 wool caps and a herb teepot", Order, "2 CAP, 1 TE"), ("i want ruber boots 42", Order, "1 BO-42")]);
    let shop = shop();
    let (right, wrong) = (read(&shop, "i want 2 herb teapots"), read(&shop, "i want 2 hreb teepots"));
    assert!(right.confidence > 0.95, "{}", right.confidence);
    assert!(wrong.confidence < 0.9, "{}", wrong.confidence);
}

#[test]
fn modifiers_go_with_their_product() {
    let shop = shop();
    let reading = read(&shop, "a garden toast with extra goat cheese and no pesto, and a wool cap");
    assert_eq!(super::summary(&reading), "1 TO, 1 CAP");
    assert_eq!(reading.lines[0].modifiers, ["EXTRA goat", "NOT pesto"]);
}

#[test]
fn options_without_a_product_are_loose() {
    let shop = shop();
    for (text, expected) in
        [("in M please", ("Size", "M")), ("the blue one", ("Color", "Blue")), ("talla 40", ("Size", "40"))]
    {
        let reading = read(&shop, text);
        assert!(reading.lines.is_empty(), "{text}");
        let options: Vec<_> =
            reading.loose_options.iter().map(|option| (option.name.as_str(), option.value.as_str())).collect();
        assert_eq!(options, [expected], "{text}");
    }
}

#[test]
fn a_number_of_unknown_things_is_no_loose_quantity() {
    let reading = read(&shop(), "3 flamingos please");
    assert_eq!((reading.loose_quantity, reading.lines.len()), (None, 0));
}

#[test]
fn evidence_names_the_words_of_each_part() {
    let reading = read(&shop(), "Bonjour 😍 deux Waxed Aprons bleus, taille M");
    let evidence: Vec<_> =
        reading.lines[0].evidence.iter().map(|part| (part.of.as_str(), part.words.as_str())).collect();
    assert_eq!(
        evidence,
        [("product", "Waxed Aprons"), ("quantity", "deux"), ("option Color", "bleus"), ("option Size", "M")]
    );
}

#[test]
fn small_talk_around_products_is_no_order() {
    check(&[("my grandmother always wore some heather perfume while gardening", Other, "")]);
}

#[test]
fn a_small_catalog_takes_a_few_kilobytes() {
    let index = shop();
    let words: usize = (0..).take(index.vocabulary.len()).map(|word| index.vocabulary.root(word).len() + 20).sum();
    let entries: usize = index.entries.iter().map(|entry| 56 + 8 * entry.parts.len()).sum();
    let postings: usize = index.postings.iter().map(|list| 16 + 8 * list.len()).sum();
    assert!(words + entries + postings < 6_000, "{}", words + entries + postings);
}
