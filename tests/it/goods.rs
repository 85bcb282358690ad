//! Products in and out as files, through kills and power cuts: what is taken once is not taken twice, and what was
//! written is read as nothing to change.

use std::collections::BTreeMap;
use std::convert::Infallible;

use ::actors::domain::catalog::{Availability, Condition, Details, Product, Variant};
use ::actors::domain::command::Command;
use ::actors::domain::ids::SellerId;
use ::actors::domain::money::Money;
use ::actors::sellers::Asked;
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use hawker::goods::{Format, ImportError, Imported, Mode, Options, Progress, What};
use serde_json::{Value, json};
use tokio::sync::Notify;

use crate::support::{Database, Shop, TestApp, both, free, until};

both![
    bad_rows_are_told_of_and_stop_no_others_whatever_falls_meanwhile,
    an_import_cut_off_by_a_power_cut_goes_on_where_it_was_and_does_nothing_twice,
    a_file_replaces_all_there_is_only_when_all_of_it_is_understood,
    a_dry_run_foretells_what_the_import_does_and_writes_nothing,
    what_is_exported_is_imported_as_nothing_to_change,
    twenty_thousand_products_come_in_and_are_understood,
];

const COLUMNS: &str = "id,item_group_id,title,price,stock,size\n";

/// A file of so many products, every tenth with two variants; the ids of bad rows are told.
fn file(products: usize, is_bad: impl Fn(usize) -> bool) -> String {
    let mut file = COLUMNS.to_owned();
    for n in 0..products {
        let price = if is_bad(n) { "cheap" } else { "12.50" };
        match n % 10 {
            0 => ["S", "M"].iter().for_each(|size| {
                file.push_str(&format!("P{n:05}-{size},P{n:05},Shirt {n},{price},3,{size}\n"));
            }),
            _ => file.push_str(&format!("P{n:05},,Thing {n},{price},5,\n")),
        }
    }
    file
}

fn csv() -> Options {
    Options::new(Format::Csv)
}

fn keyed(key: &str) -> Options {
    Options { key: Some(key.to_owned()), ..csv() }
}

/// In pieces of odd sizes, as a network has them.
async fn import(app: &TestApp, seller: SellerId, file: &[u8], options: &Options) -> Result<Imported, ImportError> {
    import_telling(app, seller, file, options, |_| {}).await
}

async fn import_telling(
    app: &TestApp,
    seller: SellerId,
    file: &[u8],
    options: &Options,
    told: impl FnMut(Progress),
) -> Result<Imported, ImportError> {
    let pieces: Vec<_> = file.chunks(7_001).map(|piece| Ok::<_, Infallible>(Bytes::copy_from_slice(piece))).collect();
    app.goods().import(seller, stream::iter(pieces), options, told).await
}

async fn export(app: &TestApp, seller: SellerId, format: Format) -> Vec<u8> {
    let pieces: Vec<Bytes> = app.goods().export(seller, format).try_collect().await.unwrap();
    pieces.concat()
}

/// What is for sale, by SKU, with as many variants.
async fn sold(app: &TestApp, seller: SellerId) -> BTreeMap<String, usize> {
    let file = export(app, seller, Format::Ndjson).await;
    let products = file.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let product = |line| {
        let product: Value = serde_json::from_slice(line).unwrap();
        let variants = product["variants"].as_array().map_or(0, Vec::len);
        (product["retailer_id"].as_str().unwrap().to_owned(), variants)
    };
    products.map(product).collect()
}

/// New, changed, unchanged, refused, removed.
fn counts(done: &Imported) -> [u64; 5] {
    [done.created, done.changed, done.unchanged, done.refused, done.removed]
}

async fn bad_rows_are_told_of_and_stop_no_others_whatever_falls_meanwhile(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    let is_bad = |n: usize| n.is_multiple_of(37);
    let file = file(3_000, is_bad);
    let (sellers, seller) = (app.sellers().clone(), shop.seller);
    let mut kills = 0;
    let kill = |_| {
        kills += 1;
        if kills % 2 == 0 {
            let sellers = sellers.clone();
            tokio::spawn(async move { sellers.kill(seller).await });
        }
    };
    let options = Options { lines: 50, ..csv() };
    let done = import_telling(&app, seller, file.as_bytes(), &options, kill).await.unwrap();
    let bad = (0..3_000).filter(|n| is_bad(*n)).count() as u64;
    assert_eq!((done.rows, done.products, counts(&done)), (3_300, 3_000, [3_000 - bad, 0, 0, bad, 0]));
    assert_eq!((done.problems.lines.len(), done.problems.count() >= bad), (50, true), "the rest is counted");
    let first = &done.problems.lines[0];
    assert_eq!((first.row, first.line, first.column.as_deref()), (2, 2, Some("price")));
    assert_eq!((first.code.as_str(), first.value.as_deref()), ("wrong_price", Some("cheap")));
    let sold = sold(&app, seller).await;
    assert_eq!(sold.len() as u64, 3_000 - bad);
    assert_eq!((sold.get("P00010"), sold.get("P00011"), sold.get("P00037")), (Some(&2), Some(&0), None));
    let again = import(&app, seller, file.as_bytes(), &csv()).await.unwrap();
    assert_eq!(counts(&again), [0, 0, 3_000 - bad, bad, 0]);
    app.stop().await;
}

async fn an_import_cut_off_by_a_power_cut_goes_on_where_it_was_and_does_nothing_twice(database: Database) {
    let mut app = TestApp::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    let (file, options) =
        (file(4_000, |n| n == 3_333), Options { mode: Mode::Replace, force: true, ..keyed("spring") });
    let other = Product::new("OTHER", "Other", usd(1));
    put(&app, &shop, vec![other.clone()]).await;
    let in_the_midst = Notify::new();
    let told = |progress: Progress| {
        if progress.products >= 1_500 {
            in_the_midst.notify_one();
        }
    };
    tokio::select! {
        done = import_telling(&app, shop.seller, file.as_bytes(), &options, told) => panic!("not cut off: {done:?}"),
        () = in_the_midst.notified() => {}
    }
    app.vanish().await;
    app.start_again().await;
    let done = import(&app, shop.seller, file.as_bytes(), &options).await.unwrap();
    assert_eq!(counts(&done), [3_999, 0, 0, 1, 1], "as if nothing had happened");
    assert_eq!(sold(&app, shop.seller).await.len(), 3_999);

    // Somebody sells and somebody adds; then the same request comes once more, as a tired network sends them.
    let sale = Product { stock: Some(1), ..Product::new("P00001", "Thing 1", usd(1250)) };
    put(&app, &shop, vec![sale, other]).await;
    let again = import(&app, shop.seller, file.as_bytes(), &options).await.unwrap();
    assert_eq!(counts(&again), counts(&done), "it says the same");
    let now = export(&app, shop.seller, Format::Csv).await;
    let now = String::from_utf8(now).unwrap();
    assert!(now.contains("P00001,,,Thing 1,,12.50 USD,,1,"), "and changes nothing");
    assert!(now.contains("\nOTHER,"));
    let another = import(&app, shop.seller, file.replace("12.50", "13").as_bytes(), &options).await;
    assert!(matches!(another, Err(ImportError::KeyOfAnother(_))), "{another:?}");
    app.stop().await;
}

async fn a_file_replaces_all_there_is_only_when_all_of_it_is_understood(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    import(&app, shop.seller, file(1_200, |_| false).as_bytes(), &csv()).await.unwrap();
    let replace = Options { mode: Mode::Replace, ..csv() };
    let bad = import(&app, shop.seller, file(5, |n| n == 1).as_bytes(), &replace).await.unwrap();
    assert_eq!((bad.removed, bad.not_removed.is_some()), (0, true));
    let empty = import(&app, shop.seller, COLUMNS.as_bytes(), &replace).await.unwrap();
    assert_eq!((empty.removed, empty.not_removed.is_some()), (0, true));
    let dry = Options { dry_run: true, ..replace.clone() };
    let foretold = import(&app, shop.seller, file(5, |_| false).as_bytes(), &dry).await.unwrap();
    assert_eq!(counts(&foretold), [0, 0, 5, 0, 1_195]);
    assert_eq!(sold(&app, shop.seller).await.len(), 1_200);
    let done = import(&app, shop.seller, file(5, |_| false).as_bytes(), &replace).await.unwrap();
    assert_eq!(counts(&done), [0, 0, 5, 0, 1_195]);
    assert_eq!(
        sold(&app, shop.seller).await.into_keys().collect::<Vec<_>>(),
        ["P00000", "P00001", "P00002", "P00003", "P00004"]
    );
    let forced = Options { force: true, ..replace };
    let done = import(&app, shop.seller, file(5, |n| n == 1).as_bytes(), &forced).await.unwrap();
    assert_eq!(counts(&done), [0, 0, 4, 1, 0], "what a bad row names is not removed");
    app.stop().await;
}

async fn a_dry_run_foretells_what_the_import_does_and_writes_nothing(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    let before =
        "id,item_group_id,title,price,stock,item_id,size\nA,,Apron,1,2,901,\nS-M,S,Shirt,9,,,M\nT,,Tote,3,,,\n";
    import(&app, shop.seller, before.as_bytes(), &csv()).await.unwrap();
    let there = export(&app, shop.seller, Format::Json).await;
    let file = "id;item_group_id;title;price;stock;item_id;size;nonsense\n\
        A;;Apron;1.50;;902;;x\n\
        B;;Belt;1;;901;;x\n\
        T;;Tote;3;;;;\n\
        S-M;S;Shirt;9;;;M;\n\
        S-L;S;Shirt;9;;;L;\n\
        S-L;Q;Queen Shirt;9;;;L;\n\
        A;;Apron;2;;;;\n\
        X;;Ex;1;;902;;\n";
    let dry = import(&app, shop.seller, file.as_bytes(), &Options { dry_run: true, ..csv() }).await.unwrap();
    assert_eq!(export(&app, shop.seller, Format::Json).await, there, "nothing was written");
    let done = import(&app, shop.seller, file.as_bytes(), &csv()).await.unwrap();
    assert_eq!(counts(&done), [1, 2, 1, 3, 0]);
    assert_eq!(counts(&dry), counts(&done));
    assert_eq!(dry.changes, done.changes);
    let change = |sku: &str| dry.changes.lines.iter().find(|change| change.product == sku).cloned().unwrap();
    assert_eq!(change("A").fields, ["item_id", "price", "stock"]);
    assert_eq!((change("B").what, change("S").fields), (What::Created, vec!["variants[S-L]".to_owned()]));
    let codes = |done: &Imported| {
        let mut codes: Vec<_> = done.problems.lines.iter().map(|it| (it.row, it.code.clone())).collect();
        codes.sort();
        codes
    };
    let expected = [(7, "taken_sku"), (8, "twice"), (9, "taken_item")].map(|(row, code)| (row, code.to_owned()));
    assert_eq!((codes(&dry), codes(&done)), (expected.to_vec(), expected.to_vec()));
    assert_eq!(done.ignored_columns, ["nonsense"]);
    app.stop().await;
}

fn usd(minor: i64) -> Money {
    Money { minor, currency: "USD".parse().unwrap() }
}

async fn put(app: &TestApp, shop: &Shop, products: Vec<Product>) {
    let count = products.len();
    let asked = app.sellers().command(shop.seller, None, Command::PutProducts { products }).await.unwrap();
    assert_eq!(asked, Asked::Answered(json!({ "products": count })));
}

/// What spreadsheets, shops and people put into products.
fn odd() -> Vec<Product> {
    let details = Details {
        description: Some("one, \"two\"\n\tthree;\r\nfour 🧵".into()),
        link: Some("https://a.example/?a=1,2".into()),
        images: vec!["https://a.example/1.jpg".into(), "https://a.example/2.jpg".into()],
        brand: Some("'Ada & Söhne'".into()),
        condition: Some(Condition::Used),
        category: Some("Apparel > Shirts".into()),
        product_type: Some("@home".into()),
    };
    let variant = |sku: &str, value: &str| Variant {
        retailer_id: sku.into(),
        item_id: Some(format!("9-{sku}")),
        options: vec![("Size: of, it".into(), value.into()), ("\\".into(), ";".into())],
        price: Some(usd(0)),
        sale_price: Some(usd(12_345)),
        stock: Some(-2),
        availability: Some(Availability::AvailableForOrder),
        keywords: vec!["a;b".into(), "=1+1".into(), " c ".into()],
        details: Details { link: Some("http://b.example/é".into()), ..Details::default() }.kept(),
    };
    let formula = Product { details: details.clone().kept(), ..Product::new("=1+1", "=HYPERLINK(\"x\")", usd(1)) };
    let shirt = Product {
        item_id: Some("-7".into()),
        sale_price: Some(usd(5)),
        stock: Some(0),
        availability: Some(Availability::InStock),
        hidden: true,
        keywords: vec!["camisa, de lino".into()],
        variants: vec![variant("S", "+S"), variant("SHIRT", "日本"), variant("s,\"", " ")]
            .into_iter()
            .map(tidy)
            .collect(),
        details: details.kept(),
        ..Product::new("SHIRT", " Linen\u{2028}Shirt, \"new\" ", usd(2990))
    };
    vec![formula, shirt, Product::new("zz", "'", usd(0)), Product::new("Ä", "\u{feff}x", usd(1))]
}

/// An option's value is never blank.
fn tidy(mut variant: Variant) -> Variant {
    for (_, value) in variant.options.iter_mut().filter(|(_, value)| value.trim().is_empty()) {
        "x ".clone_into(value);
    }
    variant
}

async fn what_is_exported_is_imported_as_nothing_to_change(database: Database) {
    let app = TestApp::start(database).await;
    let (shop, copy) = (app.empty_shop(1, free()).await, app.empty_shop(2, free()).await);
    put(&app, &shop, odd()).await;
    for format in [Format::Csv, Format::Json, Format::Ndjson] {
        let file = export(&app, shop.seller, format).await;
        let options = Options { dry_run: true, mode: Mode::Replace, ..Options::new(format) };
        let done = import(&app, shop.seller, &file, &options).await.unwrap();
        assert_eq!(counts(&done), [0, 0, 4, 0, 0], "{format:?} {done:#?}");
        assert_eq!((done.notes.count(), done.ignored_columns.len()), (0, 0));
        let done =
            import(&app, copy.seller, &file, &Options { mode: Mode::Replace, ..Options::new(format) }).await.unwrap();
        assert_eq!(done.refused, 0, "{done:#?}");
        assert_eq!(export(&app, copy.seller, format).await, file, "another shop is the same by it");
    }
    let pieces = app.goods().export(shop.seller, Format::Csv).count().await;
    assert_eq!(pieces, 2, "a page, and the end");
    app.stop().await;
}

async fn twenty_thousand_products_come_in_and_are_understood(database: Database) {
    let app = TestApp::start(database).await;
    let shop = app.empty_shop(1, free()).await;
    let thing = |n: usize| format!("P{n:05},,Thing number {n},12.50,5,\n");
    let file: String = std::iter::once(COLUMNS.to_owned()).chain((0..20_000).map(thing)).collect();
    let done = import(&app, shop.seller, format!("{file}APRON,,Canvas Apron,19,,\n").as_bytes(), &csv()).await.unwrap();
    assert_eq!(counts(&done), [20_001, 0, 0, 0, 0]);
    let ordered = shop.customer("Ada").writes("two canvas aprons please");
    app.deliver(&ordered).await;
    app.settle().await;
    until("the order is there", || async { app.orders(&shop).await.into_iter().next() }).await;
    assert_eq!(app.order(&shop).await["lines"][0]["product"], "APRON");
    app.stop().await;
}
