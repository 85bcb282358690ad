//! Sends webhooks: signed, at least once, again with growing gaps until somebody answers 200.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use tokio::runtime::Handle;
use tokio::sync::{Semaphore, oneshot, watch};
use tokio_util::sync::CancellationToken;
use url::Url;

use super::settings::{Retries, SandboxSettings};
use super::signature::sign;

/// How many webhooks are on their way at a time, at most.
const MOST_AT_ONCE: usize = 64;

/// What came back for one POST to the webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// An HTTP status.
    Status(u16),
    /// Nothing: no connection, no answer in time, or nobody to deliver to.
    Nothing,
}

impl Answer {
    /// Whether the events count as delivered, which only 200 means.
    pub fn is_taken(self) -> bool {
        self == Self::Status(200)
    }
}

/// Why something is delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// A test or a customer wants it.
    Event,
    /// A message was sent.
    Echo,
}

/// How far a delivery has got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It will be tried, or tried again.
    Waiting,
    /// It was answered with 200.
    Taken,
    /// It was not, and is not tried again.
    GivenUp,
}

/// One body on its way to the webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Why it is delivered.
    pub purpose: Purpose,
    /// The messages in it.
    pub mids: Vec<String>,
    /// What each try brought.
    pub answers: Vec<Answer>,
    /// How far it has got.
    pub progress: Progress,
}

/// What is to be delivered.
pub(super) struct Parcel {
    pub(super) purpose: Purpose,
    pub(super) mids: Vec<String>,
    pub(super) body: Bytes,
}

/// Lets a sender of a parcel hear of it.
pub(super) struct Tracking {
    /// What the first try brought.
    pub(super) first: oneshot::Receiver<Answer>,
    /// How it ended.
    pub(super) end: oneshot::Receiver<Progress>,
}

pub(super) struct Deliverer {
    client: reqwest::Client,
    app_secret: String,
    verify_token: String,
    webhook: watch::Sender<Option<Url>>,
    log: Mutex<Vec<Delivery>>,
    pending: watch::Sender<usize>,
    slots: Semaphore,
    retries: Retries,
    runtime: Handle,
    stop: CancellationToken,
}

impl Deliverer {
    pub(super) fn new(settings: &SandboxSettings, stop: CancellationToken) -> Result<Self, reqwest::Error> {
        // The client wants a provider even where it speaks plain HTTP; somebody else may have installed one.
        _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .tls_certs_only([])
            .no_proxy()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(settings.answer_limit)
            .build()?;
        Ok(Self {
            client,
            app_secret: settings.app_secret.clone(),
            verify_token: settings.verify_token.clone(),
            webhook: watch::Sender::new(settings.webhook.clone()),
            log: Mutex::default(),
            pending: watch::Sender::new(0),
            slots: Semaphore::new(MOST_AT_ONCE),
            retries: settings.retries,
            runtime: Handle::current(),
            stop,
        })
    }

    pub(super) fn deliver_to(&self, webhook: Url) {
        self.webhook.send_replace(Some(webhook));
    }

    pub(super) fn webhook(&self) -> Option<Url> {
        self.webhook.borrow().clone()
    }

    pub(super) fn sign(&self, body: &[u8]) -> String {
        sign(&self.app_secret, body)
    }

    pub(super) fn log(&self) -> Vec<Delivery> {
        self.lock_log().clone()
    }

    pub(super) fn pending(&self) -> usize {
        *self.pending.borrow()
    }

    pub(super) async fn until_none_is_pending(&self) {
        // Fails only when the sender is gone, and the sender is a field of `self`.
        _ = self.pending.subscribe().wait_for(|pending| *pending == 0).await;
    }

    /// Asks the webhook's owner for proof, as Meta does when a webhook is set up.
    pub(super) async fn verify(&self, challenge: &str) -> bool {
        let Some(url) = self.webhook.borrow().clone() else { return false };
        self.ask_for_proof(url, &self.verify_token, challenge).await
    }

    /// The same of whoever is to be the owner, at the address that it names. A name that only tests know leads to where
    /// webhooks go.
    pub(super) async fn verify_at(&self, url: &str, token: &str, challenge: &str) -> bool {
        let Ok(mut url) = Url::parse(url) else { return false };
        let webhook = self.webhook.borrow().clone();
        if let Some(webhook) = webhook.filter(|_| url.host_str().is_some_and(|host| host.ends_with(".test"))) {
            let path = url.path().to_owned();
            url = webhook;
            url.set_path(&path);
        }
        self.ask_for_proof(url, token, challenge).await
    }

    async fn ask_for_proof(&self, mut url: Url, token: &str, challenge: &str) -> bool {
        url.query_pairs_mut()
            .append_pair("hub.mode", "subscribe")
            .append_pair("hub.challenge", challenge)
            .append_pair("hub.verify_token", token);
        let Ok(answer) = self.client.get(url).send().await else { return false };
        answer.status() == 200 && answer.text().await.is_ok_and(|text| text == challenge)
    }

    /// Delivers once, now.
    pub(super) async fn deliver_once(&self, parcel: Parcel) -> Answer {
        let signature = self.sign(&parcel.body);
        let (number, body) = self.note(parcel);
        let answer = self.post(body, &signature).await;
        let progress = if answer.is_taken() { Progress::Taken } else { Progress::GivenUp };
        self.note_answer(number, answer, progress);
        answer
    }

    /// Delivers in the background, again and again until it is taken or given up.
    pub(super) fn deliver_later(self: &Arc<Self>, parcel: Parcel, delay: Duration) -> Tracking {
        let ((first_to, first), (end_to, end)) = (oneshot::channel(), oneshot::channel());
        let (number, body) = self.note(parcel);
        let this = Arc::clone(self);
        self.count_as_pending(async move {
            tokio::time::sleep(delay).await;
            // Nobody may be listening, which is no concern of the delivery.
            _ = end_to.send(this.try_until_taken(number, body, first_to).await);
        });
        Tracking { first, end }
    }

    /// Runs work in the background until it ends or the sandbox is stopped; until then it is pending.
    fn count_as_pending(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.pending.send_modify(|pending| *pending += 1);
        let this = Arc::clone(self);
        self.runtime.spawn(async move {
            _ = this.stop.run_until_cancelled(work).await;
            this.pending.send_modify(|pending| *pending -= 1);
        });
    }

    async fn try_until_taken(&self, number: usize, body: Bytes, first: oneshot::Sender<Answer>) -> Progress {
        let signature = self.sign(&body);
        let mut first = Some(first);
        // Fails only when the sender is gone, and the sender is a field of `self`.
        _ = self.webhook.subscribe().wait_for(Option::is_some).await;
        for failed in 1.. {
            let slot = self.slots.acquire().await;
            let answer = self.post(body.clone(), &signature).await;
            drop(slot);
            let gap = self.retries.gap_after(failed);
            let progress = match (answer.is_taken(), gap) {
                (true, _) => Progress::Taken,
                (false, Some(_)) => Progress::Waiting,
                (false, None) => Progress::GivenUp,
            };
            self.note_answer(number, answer, progress);
            if let Some(first) = first.take() {
                _ = first.send(answer);
            }
            match (progress, gap) {
                (Progress::Waiting, Some(gap)) => tokio::time::sleep(gap).await,
                _ => return progress,
            }
        }
        Progress::GivenUp
    }

    pub(super) async fn post(&self, body: Bytes, signature: &str) -> Answer {
        let Some(url) = self.webhook.borrow().clone() else { return Answer::Nothing };
        let request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, "application/json")
            .header("X-Hub-Signature-256", signature)
            .body(body);
        let Ok(answer) = request.send().await else { return Answer::Nothing };
        let status = answer.status().as_u16();
        // Read to the end, so that the connection can be used again; what it says is ignored.
        _ = answer.bytes().await;
        Answer::Status(status)
    }

    fn note(&self, parcel: Parcel) -> (usize, Bytes) {
        let mut log = self.lock_log();
        log.push(Delivery {
            purpose: parcel.purpose,
            mids: parcel.mids,
            answers: Vec::new(),
            progress: Progress::Waiting,
        });
        (log.len() - 1, parcel.body)
    }

    fn note_answer(&self, number: usize, answer: Answer, progress: Progress) {
        if let Some(delivery) = self.lock_log().get_mut(number) {
            delivery.answers.push(answer);
            delivery.progress = progress;
        }
    }

    fn lock_log(&self) -> MutexGuard<'_, Vec<Delivery>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
