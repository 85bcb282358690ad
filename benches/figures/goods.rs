//! A large catalog in and out: how long it takes, and the most memory the process ever had.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};

use actors::domain::command::Command;
use actors::domain::ids::SellerId;
use anyhow::{Context, ensure};
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream};
use hawker::goods::{Format, Goods, Imported, Options};

use crate::house::{Before, House, now_ms};
use crate::measure::{most_resident, resident};
use crate::posts::{self, Dm};

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Products, every fourth with three variants.
    #[arg(long, default_value_t = 100_000)]
    products: usize,
}

const HEADING: &str = "id,item_group_id,title,description,price,stock,size,link,image_link,brand,condition\n";

const WORDS: &str = "Two linen shirts and a clay mug please";

/// Measures and prints.
pub(crate) async fn measure(args: &Args) -> anyhow::Result<()> {
    let house = House::open(Before { shops: 1, old_events: 0, past: None }).await?;
    let (goods, seller) = (Goods::new(house.store.clone(), house.sellers.clone()), SellerId(1));
    let mut table = Table::default();
    table.add("started", Duration::ZERO)?;
    let began = Instant::now();
    let done = goods.import(seller, file(args.products), &Options::new(Format::Csv), |_| {}).await?;
    ensure!(done.created == args.products as u64, "{:?}", done.problems.lines.first());
    table.add("imported", began.elapsed())?;
    let began = Instant::now();
    let bytes: u64 = goods
        .export(seller, Format::Csv)
        .try_fold(0, |bytes, piece| std::future::ready(Ok(bytes + piece.len() as u64)))
        .await?;
    table.add(&format!("exported, {} MiB", bytes >> 20), began.elapsed())?;
    for format in [Format::Csv, Format::Ndjson] {
        let began = Instant::now();
        let options = Options { dry_run: true, ..Options::new(format) };
        let done = goods.import(seller, goods.export(seller, format), &options, |_| {}).await?;
        ensure!(nothing_to_change(&done), "{:?}", done.changes.lines.first());
        table.add("exported into a dry run", began.elapsed())?;
    }
    house.sellers.unload(seller).await?;
    let began = Instant::now();
    let nothing = Command::PutProducts { products: Vec::new() };
    house.sellers.command(seller, None, nothing).await?;
    table.add("let go, loaded anew", began.elapsed())?;
    for what in ["first message, its words read with a new index", "second message"] {
        let began = Instant::now();
        let dm = Dm { shop: 1, customer: 1, number: table.0.len(), at_ms: now_ms(), text: WORDS.to_owned() };
        house.send(Arc::new(vec![posts::request(&[dm])]), 1).await?;
        house.settle().await?;
        table.add(what, began.elapsed())?;
    }
    println!("\n{} products, {}\n", args.products, house.database());
    println!("| | took | resident | most so far |\n| --- | --- | --- | --- |");
    println!("{}", table.0.join("\n"));
    drop(goods);
    house.close().await
}

fn nothing_to_change(done: &Imported) -> bool {
    done.unchanged == done.products && done.products > 0
}

#[derive(Default)]
struct Table(Vec<String>);

impl Table {
    fn add(&mut self, what: &str, took: Duration) -> anyhow::Result<()> {
        let (now, most) = (resident().context("memory")? >> 20, most_resident()? >> 20);
        self.0.push(format!("| {what} | {:.1} s | {now} MiB | {most} MiB |", took.as_secs_f64()));
        Ok(())
    }
}

/// As a feed of Meta's has it, made while it is read.
fn file(products: usize) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let rows = (0..products).map(|n| {
        let rest = |stock: usize, size: &str| {
            let description = "Woven from long-staple fibre; washed soft and sewn close to home. ".repeat(4);
            format!(
                "Woven Thing Number {n},{description},{}.50,{stock},{size},https://shop.example/{n},\
                 https://cdn.example/{n}.jpg,Ada,new\n",
                5 + n % 90
            )
        };
        match n % 4 {
            0 => ["S", "M", "L"].iter().map(|size| format!("T{n}-{size},T{n},{}", rest(n % 9, size))).collect(),
            _ => format!("T{n},,{}", rest(n % 9, "")),
        }
    });
    stream::iter(std::iter::once(HEADING.to_owned()).chain(rows)).chunks(40).map(|rows| Ok(rows.concat().into()))
}
