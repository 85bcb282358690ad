//! One errand: works for one endpoint on one lane until there is nothing to be told there. The endpoint is read anew
//! before every try, so that whatever somebody has changed about it counts at once.

use std::error::Error;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use ractor::ActorRef;
use thiserror::Error;
use tokio::time::timeout;
use tracing::{Instrument, info, info_span, warn};

use crate::domain::ids::{EndpointId, ShopEventId};
use crate::domain::shop_event::ShopEvent;
use crate::domain::webhook::{Delivery, DeliveryState, Endpoint, Tried};
use crate::ports::Letter;
use crate::post::HeraldMsg;
use crate::store::deliveries::{self, Lane, Rendered};
use crate::store::{endpoints, shop_events};
use crate::trouble::{Trouble, within};
use crate::world::World;

use super::{AFTER_TROUBLE, render};

/// Why an errand ended before its time.
#[derive(Debug, Error)]
enum Stopped {
    /// The store.
    #[error(transparent)]
    Store(#[from] Trouble),
    /// What happened could not be shown.
    #[error("what happened could not be shown: {0}")]
    Render(String),
}

/// Tells the herald of the end, whichever way it comes.
struct Ending(ActorRef<HeraldMsg>, EndpointId, Lane);

impl Drop for Ending {
    fn drop(&mut self) {
        // A herald that is gone counts no more.
        let _ = self.0.cast(HeraldMsg::Over(self.1, self.2));
    }
}

pub(super) async fn run(world: Arc<World>, herald: ActorRef<HeraldMsg>, endpoint: EndpointId, lane: Lane) {
    let _ending = Ending(herald.clone(), endpoint, lane);
    let errand = Errand { world, herald, endpoint, lane };
    async {
        if let Err(error) = errand.work().await {
            warn!(error = &error as &dyn Error, "could not go on telling endpoint {endpoint}; it is tried again");
            errand.look_again(errand.world.clock.now() + AFTER_TROUBLE);
        }
    }
    .instrument(info_span!("errand", endpoint.id = endpoint.0))
    .await;
}

struct Errand {
    world: Arc<World>,
    herald: ActorRef<HeraldMsg>,
    endpoint: EndpointId,
    lane: Lane,
}

impl Errand {
    async fn work(&self) -> Result<(), Stopped> {
        while !self.world.is_stopping() && self.step().await? {}
        Ok(())
    }

    /// Makes one try, or takes up what happened; false when there is neither.
    async fn step(&self) -> Result<bool, Stopped> {
        let (reads, limit, now) = (self.world.store.reads(), self.limit(), self.world.clock.now());
        let found = within(limit, endpoints::with_secrets(reads, self.endpoint, now)).await?;
        let Some((endpoint, secrets)) = found.filter(|(endpoint, _)| endpoint.may_be_called(now)) else {
            return Ok(false);
        };
        match within(limit, deliveries::next(reads, self.endpoint, self.lane, now)).await? {
            Some(delivery) => self.attempt(&endpoint, secrets, &delivery).await.map(|()| true),
            None if self.lane == Lane::First => self.take_up(&endpoint).await,
            None => Ok(false),
        }
    }

    /// Makes deliveries of what happened since.
    async fn take_up(&self, endpoint: &Endpoint) -> Result<bool, Stopped> {
        let (store, most) = (&self.world.store, self.world.settings.webhook_events);
        let page = shop_events::after(store.reads(), endpoint.seller, endpoint.told_through, &[], most);
        let page = within(self.limit(), page).await?;
        // Asked after the page was read: what was let go of by then may be missing on it.
        let gone = within(self.limit(), shop_events::gone(store.reads(), endpoint.seller)).await?;
        if let Some(gone) = gone.filter(|gone| endpoint.told_through < *gone) {
            return self.take_up_missed(endpoint, gone).await;
        }
        let is_full = page.len() as u64 >= most;
        let Some(last) = page.last().map(|event| event.id) else { return Ok(false) };
        let wanted: Vec<_> = page.into_iter().filter(|event| endpoint.wants(event.what.kind)).collect();
        // Where nothing is wanted nothing is written, as long as it is not much to be looked at again.
        if wanted.is_empty() && !is_full {
            return Ok(false);
        }
        let rendered = self.rendered(endpoint, &wanted).await?;
        Ok(within(self.limit(), deliveries::take_up(store, endpoint, last, rendered, self.world.clock.now())).await?)
    }

    /// An endpoint that was paused for longer than events are kept is told so, and goes on behind them.
    async fn take_up_missed(&self, endpoint: &Endpoint, through: ShopEventId) -> Result<bool, Stopped> {
        let (id, seller, now) = (endpoint.id, endpoint.seller, self.world.clock.now());
        warn!(seller.id = seller.0, "endpoint {id} of seller {seller} has missed events up to {through}");
        let body = render::missed(endpoint, through, now);
        Ok(within(self.limit(), deliveries::take_up_missed(&self.world.store, endpoint, through, body, now)).await?)
    }

    /// Shown once: what is sent is the same at every try.
    async fn rendered(&self, endpoint: &Endpoint, events: &[ShopEvent]) -> Result<Vec<Rendered>, Stopped> {
        let bodies = self.world.outside.render.render(endpoint.seller, events).await.map_err(Stopped::Render)?;
        if bodies.len() != events.len() {
            return Err(Stopped::Render(format!("{} of {} are there", bodies.len(), events.len())));
        }
        let rendered = |(event, body): (&ShopEvent, _)| Rendered { event: event.id, kind: event.what.kind, body };
        Ok(events.iter().zip(bodies).map(rendered).collect())
    }

    async fn attempt(&self, endpoint: &Endpoint, secrets: Vec<String>, delivery: &Delivery) -> Result<(), Stopped> {
        let World { store, clock, outside, settings, .. } = &*self.world;
        // It may have been read before the one who made it has waited for the disk.
        within(self.limit(), store.pen().flush_seen()).await?;
        let _place = self.world.place_on_the_road(endpoint.failing_since.is_some()).await;
        let letter = Letter {
            seller: endpoint.seller,
            endpoint: endpoint.id,
            url: endpoint.url.clone(),
            secrets,
            name: delivery.name(),
            at: clock.now(),
            body: delivery.body.clone(),
        };
        let no_answer = |_| Tried { error: Some("no answer in time".to_owned()), ..Tried::default() };
        let tried = timeout(settings.call_timeout, outside.post.post(&letter)).await.unwrap_or_else(no_answer);
        self.note(endpoint, delivery, &tried).await
    }

    async fn note(&self, endpoint: &Endpoint, delivery: &Delivery, tried: &Tried) -> Result<(), Stopped> {
        let World { store, clock, outside, .. } = &*self.world;
        let now = clock.now();
        let verdict = outside.schedule.verdict(endpoint, delivery, tried, now);
        within(self.limit(), deliveries::note(store, delivery, (tried, &verdict), now)).await?;
        let (id, kind, attempt) = (delivery.id, &delivery.kind, delivery.attempts + 1);
        info!(delivery.id = id.0, kind, tried.status, attempt, "delivery {id} is {}", verdict.state.name());
        if verdict.state == DeliveryState::Retrying {
            self.look_again(verdict.next_at);
        }
        if let Some(not_before) = verdict.not_before {
            self.look_again(not_before);
        }
        if let Some(why) = verdict.disable {
            let seller = endpoint.seller;
            warn!(seller.id = seller.0, "endpoint {} of seller {seller} is disabled: {why}", endpoint.id);
            self.world.wake(vec![seller]);
        }
        Ok(())
    }

    fn look_again(&self, due: DateTime<Utc>) {
        let _ = self.herald.cast(HeraldMsg::Due(due));
    }

    fn limit(&self) -> Duration {
        self.world.settings.store_timeout
    }
}
