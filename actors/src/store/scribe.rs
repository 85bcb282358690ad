//! The scribe: a thread of its own for whoever holds the pen. A transaction is a dozen questions to the database; asked
//! from among everything else that goes on, each would wait until somebody's thinking is over, and all who want the pen
//! with it.

use std::io;
use std::panic::resume_unwind;

use sea_orm::DbErr;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::StoreError;

/// The thread. It ends when this is dropped.
pub(super) struct Scribe(Option<Runtime>);

/// Work in the scribe's hands: dropped, it is given up at its next question.
struct Given<T>(JoinHandle<T>);

impl Scribe {
    /// Starts the thread.
    pub(super) fn start() -> io::Result<Self> {
        let runtime = Builder::new_multi_thread().worker_threads(1).thread_name("hawker-pen").enable_time().build()?;
        Ok(Self(Some(runtime)))
    }

    /// Does the work there, and passes on what came of it, a panic included.
    pub(super) async fn does<T: Send + 'static>(
        &self,
        work: impl Future<Output = Result<T, StoreError>> + Send + 'static,
    ) -> Result<T, StoreError> {
        let runtime = self.0.as_ref().expect("it is taken away only by the drop");
        let mut given = Given(runtime.spawn(work.in_current_span()));
        match (&mut given.0).await {
            Ok(done) => done,
            Err(ended) => match ended.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Err(StoreError::Unavailable(DbErr::Custom("the database is being closed".to_owned()))),
            },
        }
    }

    /// Does something there that nobody waits for.
    pub(super) fn sets_about(&self, work: impl Future<Output = ()> + Send + 'static) {
        self.0.as_ref().expect("it is taken away only by the drop").spawn(work);
    }
}

impl<T> Drop for Given<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Drop for Scribe {
    fn drop(&mut self) {
        // Waiting for it is not allowed where this may happen.
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::sync::Mutex;

    use super::*;

    #[tokio::test]
    async fn what_a_scribe_does_is_done_on_another_thread() {
        let scribe = Scribe::start().unwrap();
        let there = scribe.does(async { Ok(std::thread::current().id()) }).await.unwrap();
        assert_ne!(there, std::thread::current().id());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_any_more_is_given_up() {
        let (scribe, pen) = (Scribe::start().unwrap(), Arc::new(Mutex::new(())));
        let theirs = Arc::clone(&pen);
        let holding = scribe.does(async move {
            let _pen = theirs.lock().await;
            std::future::pending::<Result<(), StoreError>>().await
        });
        tokio::select! {
            biased;
            _ = holding => unreachable!("it never ends"),
            () = async { while pen.try_lock().is_ok() { tokio::task::yield_now().await } } => {}
        }
        let _free = pen.lock().await;
    }

    #[tokio::test]
    #[should_panic(expected = "as told")]
    async fn a_panic_is_passed_on() {
        let scribe = Scribe::start().unwrap();
        let _ = scribe.does::<()>(async { panic!("as told") }).await;
    }
}
