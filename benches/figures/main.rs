//! How fast: each figure is measured on the whole service, over loopback, and printed as a table. Nothing here asserts
//! a time, because machines differ; what is compared is compared within one run.

mod busy;
mod catalog;
mod client;
mod clock;
mod flood;
mod goods;
mod house;
mod lists;
mod measure;
mod memory;
mod meta;
mod orders;
mod plans;
mod posts;
mod rows;
mod sync;
mod uploads;
mod webhooks;

use std::process::Command;

use anyhow::{Context, ensure};
use clap::{Parser, Subcommand};
use mimalloc::MiMalloc;

/// The same as the program's.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

/// Measures how fast the service is.
#[derive(Parser)]
struct Figures {
    #[command(subcommand)]
    figure: Option<Figure>,
    /// What is logged, to the standard error.
    #[arg(long, global = true, default_value = "warn")]
    log: String,
    /// Cargo says so; without it, somebody runs all targets as tests, and nothing is measured.
    #[arg(long, global = true, hide = true)]
    bench: bool,
}

#[derive(Subcommand)]
enum Figure {
    /// Signed webhooks stored a second, beside what a bare route answers.
    Webhooks(webhooks::Args),
    /// Messages a second on their way to orders, in a large inbox.
    Orders(orders::Args),
    /// How long a webhook waits while many sellers have work.
    Busy(busy::Args),
    /// How long other sellers' messages take while one seller is flooded.
    Flood(flood::Args),
    /// A catalog of a hundred thousand products in and out.
    Goods(goods::Args),
    /// Pages of the lists of a shop that is years old.
    Lists(lists::Args),
    /// A catalog of a hundred thousand items through the client to the stand-in for Meta, and back.
    Uploads(uploads::Args),
    /// The same from the shop to the stand-in for Meta, by runs of the sync.
    Sync(sync::Args),
    /// How long a run takes to find what has changed, among more and more that has not.
    Plans(plans::Args),
    /// Memory for each seller at work, and for each that was let go.
    Memory(memory::Args),
    /// Stands in for Meta, for another figure.
    #[command(hide = true)]
    Meta(meta::Args),
}

fn main() -> anyhow::Result<()> {
    let figures = Figures::parse();
    if !figures.bench {
        println!("figures are measured by `cargo bench`");
        return Ok(());
    }
    match figures.figure {
        None => all(&figures.log),
        Some(figure) => measure(figure, figures.log),
    }
}

/// Each in a process of its own, so that none finds the memory of the one before.
fn all(log: &str) -> anyhow::Result<()> {
    let figures = ["webhooks", "orders", "busy", "flood", "goods", "lists", "uploads", "sync", "plans", "memory"];
    figures.iter().try_for_each(|figure| another(&[figure, "--log", log]))
}

/// Measures in a process of its own.
fn another(args: &[&str]) -> anyhow::Result<()> {
    let me = std::env::current_exe().context("could not find out who we are")?;
    let ended = Command::new(&me).args(args).arg("--bench").status();
    ensure!(ended.context("could not start the next figure")?.success(), "{} was not measured", args.join(" "));
    Ok(())
}

fn measure(figure: Figure, log: String) -> anyhow::Result<()> {
    let format = hawker::config::LogFormat::Text;
    hawker::telemetry::start(&hawker::config::Log { format, filter: log })?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match figure {
            Figure::Webhooks(args) => webhooks::measure(&args).await,
            Figure::Orders(args) => orders::measure(&args).await,
            Figure::Busy(args) => busy::measure(&args).await,
            Figure::Flood(args) => flood::measure(&args).await,
            Figure::Goods(args) => goods::measure(&args).await,
            Figure::Lists(args) => lists::measure(&args).await,
            Figure::Uploads(args) => uploads::measure(&args).await,
            Figure::Sync(args) => sync::measure(&args).await,
            Figure::Plans(args) => plans::measure(&args).await,
            Figure::Memory(args) => memory::measure(&args).await,
            Figure::Meta(args) => meta::stand_in(&args).await,
        }
    })
}
