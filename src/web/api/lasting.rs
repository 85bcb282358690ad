//! Requests that last for as long as whoever makes them likes: a shop that is followed, files that go in and out. The
//! service holds so many connections and no more, and no seller's systems may take them all.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actors::domain::ids::SellerId;
use http::StatusCode;

use crate::keys::Caller;
use crate::web::problem::Problem;

/// Of one seller's at the same time.
const MOST: usize = 50;
/// When to try again: nobody knows when one of them ends.
const LATER: Duration = Duration::from_secs(10);

/// Counts them, by seller. The operator's are not counted.
#[derive(Clone, Default)]
pub struct Lasting(Arc<Mutex<HashMap<SellerId, usize>>>);

/// One of them, for as long as this is held.
pub(super) struct Place {
    of: Lasting,
    seller: Option<SellerId>,
}

impl Lasting {
    /// A place for one more, if there is one.
    pub(super) fn enter(&self, caller: &Caller) -> Result<Place, Problem> {
        let seller = caller.holder.only();
        if let Some(seller) = seller {
            let mut all = self.all();
            let count = all.entry(seller).or_default();
            if *count >= MOST {
                let title = "Too many requests of this seller go on at the same time";
                let problem = Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_at_once", title);
                let detail =
                    format!("a seller's keys follow events and send or take files {MOST} times at once, at most");
                return Err(problem.detail(detail).retry_after(LATER));
            }
            *count += 1;
        }
        Ok(Place { of: self.clone(), seller })
    }

    fn all(&self) -> MutexGuard<'_, HashMap<SellerId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let Some(seller) = self.seller else { return };
        let mut all = self.of.all();
        let left = all.get(&seller).map_or(0, |count| count - 1);
        match left {
            0 => all.remove(&seller),
            left => all.insert(seller, left),
        };
    }
}

#[cfg(test)]
mod tests {
    use actors::domain::access::Holder;

    use super::*;

    #[test]
    fn one_sellers_requests_leave_room_for_all_others_and_are_forgotten() {
        let (lasting, of) =
            (Lasting::default(), |id| Caller { holder: Holder::Seller(SellerId(id)), ..Caller::operator() });
        let mut held: Vec<Place> = (0..MOST).map(|_| lasting.enter(&of(1)).unwrap()).collect();
        assert_eq!(lasting.enter(&of(1)).err().unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
        assert!(lasting.enter(&of(2)).is_ok() && lasting.enter(&Caller::operator()).is_ok());
        held.pop();
        held.push(lasting.enter(&of(1)).unwrap());
        drop(held);
        assert!(lasting.all().is_empty());
    }
}
