//! The service in a thread and a runtime of its own, so that it can be stopped in order, or vanish between two awaits.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use ::actors::sellers::Sellers;
use ::actors::store::Store;
use anyhow::Context;
use hawker::app::App;
use hawker::config::Config;
use hawker::goods::Goods;
use hawker::keys::Gate;
use hawker::office::Office;
use hawker::webhooks_out::Endpoints;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use super::ManualClock;
use super::troubles::Troubles;

/// A service that runs.
pub(super) struct Host {
    pub(super) address: SocketAddr,
    pub(super) ways: Ways,
    stop: CancellationToken,
    vanish: CancellationToken,
    ended: oneshot::Receiver<anyhow::Result<()>>,
    thread: JoinHandle<()>,
}

/// The ways into it, past HTTP.
#[derive(Clone)]
pub(super) struct Ways {
    pub(super) sellers: Sellers,
    pub(super) office: Office,
    pub(super) gate: Arc<Gate>,
    pub(super) store: Store,
    pub(super) endpoints: Endpoints,
    pub(super) goods: Goods,
}

/// What the thread is given.
struct Guest {
    config: Config,
    clock: ManualClock,
    troubles: Troubles,
    stop: CancellationToken,
    vanish: CancellationToken,
}

impl Host {
    pub(super) async fn start(config: &Config, clock: &ManualClock, troubles: &Troubles) -> anyhow::Result<Self> {
        let (stop, vanish) = (CancellationToken::new(), CancellationToken::new());
        let guest = Guest {
            config: config.clone(),
            clock: clock.clone(),
            troubles: troubles.clone(),
            stop: stop.clone(),
            vanish: vanish.clone(),
        };
        let ((up, is_up), (end, ended)) = (oneshot::channel(), oneshot::channel());
        let thread = std::thread::spawn(move || guest.live(up, end));
        let (address, ways) = is_up.await.context("the service panicked while it was built")??;
        Ok(Self { address, ways, stop, vanish, ended, thread })
    }

    /// Ends it as a signal does.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        let Self { ways, stop, ended, thread, .. } = self;
        drop(ways);
        stop.cancel();
        let ended = ended.await.context("the service panicked");
        thread.join().map_err(|_| anyhow::anyhow!("the service panicked"))?;
        ended?
    }

    /// Ends it as a power cut does: whatever was awaiting never goes on.
    pub(super) async fn vanish(self) {
        let Self { ways, vanish, ended, thread, .. } = self;
        drop(ways);
        vanish.cancel();
        _ = ended.await;
        thread.join().unwrap();
    }
}

impl Guest {
    fn live(self, up: oneshot::Sender<anyhow::Result<(SocketAddr, Ways)>>, end: oneshot::Sender<anyhow::Result<()>>) {
        // Only this thread's log is this test's.
        let _log = tracing::subscriber::set_default(self.troubles.subscriber());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let app = match self.build().await {
                Ok(app) => app,
                Err(error) => return drop(up.send(Err(error))),
            };
            let ways = Ways {
                sellers: app.sellers().clone(),
                office: app.office().clone(),
                gate: app.gate().clone(),
                store: app.store().clone(),
                endpoints: app.endpoints().clone(),
                goods: app.goods(),
            };
            if up.send(Ok((app.address(), ways))).is_err() {
                return;
            }
            tokio::select! {
                () = self.vanish.cancelled() => {}
                // Nobody may be listening: a failed test has gone.
                ended = app.run_until_stopped(self.stop.clone()) => drop(end.send(ended)),
            }
        });
    }

    async fn build(&self) -> anyhow::Result<App> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        App::build(&self.config, listener, Arc::new(self.clock.clone())).await
    }
}
