//! What is for sale, as rows: all of it comes back, page by page and by name; what is over is gone, and known to be.

use crate::domain::catalog::{Condition, Details, Modifier, Product, Variant};
use crate::domain::changes::{Changes, DetailsOf, ItemOver};
use crate::domain::ids::SellerId;
use crate::store::Store;
use crate::store::goods::{self, With};

use super::example::usd;
use super::support::{account, at, databases, load, seller};
use super::turns::save;

fn details(n: i64) -> Option<Box<Details>> {
    let all = Details {
        description: Some(format!("two\nlines, {n} é")),
        link: Some(format!("https://a.example/{n}")),
        images: vec!["https://a.example/1.jpg".into(), "https://a.example/2.jpg".into()],
        brand: Some("Ada".into()),
        condition: Some(Condition::Refurbished),
        category: Some("Apparel > Shirts".into()),
        product_type: Some("Home > Linen".into()),
    };
    all.kept()
}

fn shirt(n: i64) -> Product {
    let variant = |size: &str, details| Variant {
        retailer_id: format!("LIN-{n:03}-{size}"),
        item_id: Some(format!("9{n:03}{size}")),
        options: vec![("Size".into(), size.into())],
        sale_price: (size == "S").then_some(usd(5)),
        details,
        ..Variant::default()
    };
    Product {
        item_id: Some(format!("8{n:03}")),
        variants: vec![variant("S", None), variant("M", details(n))],
        details: details(n + 1),
        version: 1,
        ..Product::new(&format!("LIN-{n:03}"), "Linen", usd(3000 + n))
    }
}

fn put(products: &[Product]) -> Changes {
    Changes {
        products: products.iter().map(Product::without_details).collect(),
        details: products.iter().map(DetailsOf::product).collect(),
        ..Changes::default()
    }
}

async fn all(store: &Store, seller: SellerId) -> Vec<Product> {
    goods::page(store.reads(), seller, "", 1000, With::Details).await.unwrap()
}

#[tokio::test]
async fn products_come_back_whole_page_by_page_and_by_name() {
    for database in databases().await {
        let store = database.open().await;
        let (mine, other) = (seller(&store, &account()).await, SellerId(4711));
        let shirts: Vec<Product> = (0..25).map(shirt).collect();
        save(&store, mine, &put(&shirts)).await;
        let (mut pages, mut after) = (Vec::new(), String::new());
        loop {
            let page = goods::page(store.reads(), mine, &after, 10, With::Details).await.unwrap();
            let names = goods::skus(store.reads(), mine, &after, 10).await.unwrap();
            assert_eq!(page.iter().map(|product| product.retailer_id.clone()).collect::<Vec<_>>(), names);
            let Some(last) = page.last() else { break };
            after.clone_from(&last.retailer_id);
            pages.extend(page);
        }
        assert_eq!(pages, shirts);
        let found = goods::with_skus(store.reads(), mine, &["LIN-003", "LIN-999"]).await.unwrap();
        assert_eq!((found.len(), &found["LIN-003"]), (1, &shirts[3]));
        assert_eq!(goods::product(store.reads(), mine, "LIN-004").await.unwrap().as_ref(), Some(&shirts[4]));
        assert_eq!(goods::product(store.reads(), other, "LIN-004").await.unwrap(), None);
        let bare: Vec<Product> = shirts.iter().map(Product::without_details).collect();
        assert_eq!(load(&store, mine).await.catalog.products().cloned().collect::<Vec<_>>(), bare);
        let owners = goods::owners(store.reads(), mine, &["LIN-003-S", "x"], &["8004", "9005M"]).await.unwrap();
        assert_eq!(owners.variants, [("LIN-003-S".to_owned(), "LIN-003".to_owned())].into());
        let items = [("8004", "LIN-004"), ("9005M", "LIN-005")].map(|(item, sku)| (item.to_owned(), sku.to_owned()));
        assert_eq!(owners.items, items.into());
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_sale_leaves_what_is_shown_as_it_is_and_a_put_replaces_all_of_it() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        save(&store, seller, &put(&[shirt(1)])).await;
        let sold = Product { stock: Some(1), version: 2, ..shirt(1) };
        save(&store, seller, &Changes { details: vec![], ..put(std::slice::from_ref(&sold)) }).await;
        assert_eq!(all(&store, seller).await, [sold]);
        let mut plain = Product { details: None, version: 3, ..shirt(1) };
        plain.variants.remove(1);
        save(&store, seller, &put(std::slice::from_ref(&plain))).await;
        assert_eq!(all(&store, seller).await, [plain]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn a_variant_may_go_from_one_product_to_another_in_one_turn() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let (mut one, mut other) = (shirt(1), shirt(2));
        save(&store, seller, &put(&[one.clone(), other.clone()])).await;
        other.variants.push(one.variants.remove(0));
        save(&store, seller, &put(&[one.clone(), other.clone()])).await;
        assert_eq!(all(&store, seller).await, [one, other]);
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn what_is_over_is_gone_and_known_until_it_is_for_sale_again() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        save(&store, seller, &put(&[shirt(1), shirt(2)])).await;
        let over = |sku: &str| ItemOver { retailer_id: sku.into(), item_id: Some("9".into()), at: at(5) };
        let items_over = vec![over("LIN-001"), over("LIN-001-M"), over("LIN-001-S")];
        let products_over = vec!["LIN-001".to_owned()];
        let changes = Changes { products_over, items_over: items_over.clone(), ..Changes::default() };
        save(&store, seller, &changes).await;
        assert_eq!(all(&store, seller).await, [shirt(2)]);
        assert_eq!(goods::over(store.reads(), seller, "", 9).await.unwrap(), items_over);
        assert_eq!(goods::over(store.reads(), seller, "LIN-001", 1).await.unwrap(), items_over[1..2]);
        let mut back = shirt(1);
        back.variants.remove(1);
        save(&store, seller, &put(&[back])).await;
        assert_eq!(goods::over(store.reads(), seller, "", 9).await.unwrap(), items_over[1..2], "but for that variant");
        store.close(at(1)).await.unwrap();
    }
}

#[tokio::test]
async fn modifiers_are_loaded_with_what_they_cost() {
    for database in databases().await {
        let store = database.open().await;
        let seller = seller(&store, &account()).await;
        let modifier =
            |id: &str, price| Modifier { id: id.into(), title: "Gift é".into(), price, keywords: vec!["box".into()] };
        let modifiers = vec![modifier("card", None), modifier("gift", Some(usd(300)))];
        save(&store, seller, &Changes { modifiers: modifiers.clone(), ..Changes::default() }).await;
        assert_eq!(load(&store, seller).await.catalog.modifiers().cloned().collect::<Vec<_>>(), modifiers);
        save(&store, seller, &Changes { modifiers_over: vec!["card".into()], ..Changes::default() }).await;
        assert_eq!(goods::modifiers(store.reads(), seller).await.unwrap(), modifiers[1..]);
        store.close(at(1)).await.unwrap();
    }
}
