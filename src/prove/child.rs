//! What the prover starts and kills: the whole service, on the prover's clock, with the prover's shops.

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use actors::domain::command::Command;
use actors::domain::ids::SellerId;
use actors::failpoint;
use actors::sellers::Sellers;
use actors::status::Slot;
use anyhow::{Context, bail};
use futures::future::try_join_all;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use super::actor_kills;
use super::brief::{self, Brief, LastWords};
use super::catalog::kills;
use super::poison;
use super::shops::{self, ShopPlan};
use super::staff;
use crate::app::App;
use crate::config::Config;
use crate::keys::Caller;
use crate::office::{NewAccount, Request};
use crate::telemetry;
use crate::vault::Secret;

/// Under this key the command that fills a shop is known, so that it fills it once.
const STOCKED: &str = "prover-stocks-the-shop";

/// One of so many readings of the inbox lags behind, where they do.
const LAGS: u64 = 4;

/// How long the second tree may take to end what it has in hand.
const RIVAL_STOP: Duration = Duration::from_secs(5);

/// Serves until the prover closes our standard input, or kills us.
pub fn run() -> anyhow::Result<ExitCode> {
    let brief = Brief::received()?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.context("could not start the runtime")?.block_on(serve(brief))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(brief: Brief) -> anyhow::Result<()> {
    let config = Config::load(None, std::env::vars())?;
    telemetry::start(&config.log)?;
    if let Some(point) = &brief.point {
        failpoint::arm(Some(point.parse()?));
    }
    if brief.stale {
        failpoint::lag(LAGS);
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.context("no port is free")?;
    let app = App::build_reading(&config, listener, Arc::new(brief.clock), poison::decode).await?;
    let sellers = open_shops(&app, &brief).await?;
    let rival = if brief.rival { Some(app.rival(&config).await?) } else { None };
    let stop = stop_with_input();
    let (address, way) = (app.address(), app.sellers().clone());
    let killing = match brief.catalog {
        true => tokio::spawn(kills::go_on(way.clone(), sellers.clone(), brief.clone())),
        false => tokio::spawn(actor_kills::go_on(way.clone(), sellers.clone(), brief.clone())),
    };
    let noting = tokio::spawn(staff::go_on(way.clone(), sellers.clone(), app.store().clone()));
    let serving = CancellationToken::new();
    let service = tokio::spawn(app.run_until_stopped(serving.clone()));
    brief::write_whole(&brief::address(&brief.dir), &address.to_string())?;
    stop.cancelled().await;
    killing.abort();
    noting.abort();
    let words = serde_json::to_string(&last_words(&way, &sellers).await)?;
    brief::write_whole(&brief::last_words(&brief.dir), &words)?;
    if let Some(rival) = rival {
        rival.stop(RIVAL_STOP).await;
    }
    serving.cancel();
    service.await.context("the service panicked")?
}

/// Cancelled when the standard input ends, which it also does when the prover is gone.
fn stop_with_input() -> CancellationToken {
    let stop = CancellationToken::new();
    let ended = stop.clone();
    std::thread::spawn(move || {
        // Whatever comes, or does not come: it is the end that counts.
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        ended.cancel();
    });
    stop
}

/// Makes, connects and stocks the shops that are not there yet: an earlier life may have died over it.
async fn open_shops(app: &App, brief: &Brief) -> anyhow::Result<Vec<SellerId>> {
    let known = actors::store::office::directory(app.store().reads()).await?;
    let mut sellers = Vec::new();
    for shop in shops::shops(brief.sellers) {
        let known = known.iter().find(|(account, _)| *account == shop.account()).map(|(_, seller)| *seller);
        sellers.push(match known {
            Some(seller) => seller,
            None => open_shop(app, &shop).await?,
        });
    }
    if brief.catalog {
        // What they sell is the prover's business.
        return Ok(sellers);
    }
    try_join_all(sellers.iter().map(|seller| stock(app.sellers(), *seller))).await?;
    Ok(sellers)
}

async fn open_shop(app: &App, shop: &ShopPlan) -> anyhow::Result<SellerId> {
    let caller = Caller::service();
    let request = Request::new(&caller, app.now());
    let seller = app.office().create_seller(&request, &shop.settings("USD".parse()?)).await?.value;
    let token = Secret::from(shop.token());
    let new =
        NewAccount { seller, account: shop.account(), linked: Some(shop.page()), username: shop.username(), token };
    app.office().connect(&request, new).await?;
    Ok(seller)
}

async fn stock(sellers: &Sellers, seller: SellerId) -> anyhow::Result<()> {
    let command = Command::PutProducts { products: shops::catalog("USD".parse()?) };
    // It is decided in its own time: many shops are stocked at once, and a life may end in the midst of it.
    for _ in 0..6 {
        if sellers.answer(seller, STOCKED).await?.is_some() {
            return Ok(());
        }
        sellers.command(seller, Some(STOCKED), command.clone()).await.context("could not stock a shop")?;
    }
    bail!("shop {seller} was not stocked in time")
}

async fn last_words(sellers: &Sellers, all: &[SellerId]) -> LastWords {
    let mut words = LastWords::default();
    for seller in all {
        match sellers.status(*seller).await {
            Ok(status) if status.slot == Slot::Resting => {
                words.resting.push(format!("seller {seller} after {} falls", status.falls));
            }
            Ok(_) => {}
            Err(error) => words.resting.push(format!("seller {seller} cannot be asked: {error}")),
        }
    }
    words
}
