//! Loading a seller: its rows, and what became of the calls an earlier incarnation claimed.

use std::collections::BTreeSet;

use tracing::info;

use crate::calls;
use crate::domain::event::Source;
use crate::domain::ids::EventSeq;
use crate::shop::Shop;
use crate::store::{inbox, sellers};
use crate::trouble::within;

use super::{Desk, Fall, Seat};

/// A seller's shop as its rows tell it, and the number to write under.
pub(super) async fn desk(seat: Seat) -> Result<Desk, Fall> {
    let (world, seller) = (seat.world.clone(), seat.seller);
    let _place = world.place_at_work().await;
    let (now, limit) = (world.clock.now(), world.settings.store_timeout);
    let loaded = within(limit, sellers::load(&world.store, seller, now)).await?;
    let Some(loaded) = loaded else { return Err(Fall::NoSuchSeller(seller)) };
    let (incarnation, last_id, stored_turns) = (loaded.incarnation, loaded.last_id, loaded.turns);

    // The order matters: a call that is not with the courier any more has its result in the inbox already.
    let running = world.calls.take_over(seller, incarnation);
    let keys = within(limit, inbox::pending_keys(world.store.reads(), seller, Source::Result)).await?;
    let ended: Vec<_> = keys.iter().filter_map(|key| calls::named_by(key)).collect();

    let mut shop = Shop::new(loaded, world.rules);
    let is_running = |outbox, attempt| running.contains(&(outbox, attempt));
    shop.recover(&is_running, &ended, now);
    shop.recover_errands(&is_running, &ended, now);
    seat.hand.show_incarnation(incarnation);
    seat.hand.show_in_flight(shop.in_flight());
    info!(seller.id = seller.0, incarnation, "loaded seller {seller}, incarnation {incarnation}");
    let (turns, next_alarm, claims, wants_files) = (0, None, true, BTreeSet::new());
    let suspects = world.careful_through > EventSeq(0);
    Ok(Desk {
        seat,
        shop,
        incarnation,
        last_id,
        loaded_at: now,
        turns,
        stored_turns,
        next_alarm,
        suspects,
        claims,
        wants_files,
    })
}
