//! `hawker serve`: production.

use std::process::ExitCode;
use std::sync::Arc;

use actors::clock::SystemClock;
use anyhow::Context;
use tokio::net::TcpListener;
use tracing::warn;

use super::{ServeArgs, check, key, runtime, stop_signal};
use crate::app::App;
use crate::config::Config;
use crate::telemetry;

pub(super) fn run(args: &ServeArgs) -> anyhow::Result<ExitCode> {
    let mut config = match args.load() {
        Ok(config) => config,
        Err(problems) => {
            check::print(&problems);
            return Ok(ExitCode::FAILURE);
        }
    };
    telemetry::start(&config.log)?;
    for warning in &config.warnings {
        warn!("{warning}");
    }
    key::provide(&mut config)?;
    runtime()?.block_on(serve(config))?;
    Ok(ExitCode::SUCCESS)
}

async fn serve(config: Config) -> anyhow::Result<()> {
    let stop = stop_signal()?;
    let listen = config.server.listen;
    let listener = TcpListener::bind(listen).await.with_context(|| {
        format!("could not listen on {listen}: is another program there? Choose another with --listen")
    })?;
    let app = App::build(&config, listener, Arc::new(SystemClock)).await?;
    app.run_until_stopped(stop).await
}
