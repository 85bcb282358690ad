//! Somebody else's system, that wants to be told what happens in a shop: takes webhooks, or does not, as a test says.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What came.
#[derive(Clone, Debug)]
pub(crate) struct Letter {
    pub(crate) name: String,
    pub(crate) time: String,
    pub(crate) signatures: String,
    pub(crate) body: String,
}

impl Letter {
    /// What happened, as a word.
    pub(crate) fn kind(&self) -> String {
        serde_json::from_str::<Value>(&self.body).unwrap()["type"].as_str().unwrap().to_owned()
    }

    /// How many of its signatures this secret made.
    pub(crate) fn signed_by(&self, secret: &str) -> usize {
        let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
        let signed = format!("{}.{}.{}", self.name, self.time, self.body);
        let made = Hmac::<sha2::Sha256>::new_from_slice(&key).unwrap().chain_update(signed).finalize().into_bytes();
        let made = format!("v1,{}", STANDARD.encode(made));
        self.signatures.split(' ').filter(|signature| *signature == made).count()
    }
}

#[derive(Debug)]
struct Mood {
    /// The head of the answer; none: it hangs up.
    answer: Option<String>,
    letters: Vec<Letter>,
    refused: usize,
}

/// Clones are the same receiver.
#[derive(Clone)]
pub(crate) struct Receiver {
    port: u16,
    mood: Arc<Mutex<Mood>>,
}

impl Receiver {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let mood = Mood { answer: Some("204 No Content".to_owned()), letters: Vec::new(), refused: 0 };
        let receiver = Self { port, mood: Arc::new(Mutex::new(mood)) };
        let taking = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(taking.clone().serve(stream));
            }
        });
        receiver
    }

    pub(crate) fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// From now on it takes nothing: it answers this (status line without the version, headers behind it), or hangs up.
    pub(crate) fn refuse(&self, answer: Option<&str>) {
        self.mood.lock().unwrap().answer = answer.map(str::to_owned);
    }

    /// From now on it takes everything.
    pub(crate) fn mend(&self) {
        self.refuse(Some("204 No Content"));
    }

    /// What it took.
    pub(crate) fn taken(&self) -> Vec<Letter> {
        self.mood.lock().unwrap().letters.clone()
    }

    /// How often it refused.
    pub(crate) fn refused(&self) -> usize {
        self.mood.lock().unwrap().refused
    }

    /// One request a connection.
    async fn serve(self, mut stream: TcpStream) {
        let Some(letter) = read(&mut stream).await else { return };
        let answer = {
            let mut mood = self.mood.lock().unwrap();
            match &mood.answer {
                Some(answer) if answer.starts_with('2') => {
                    let answer = Some(answer.clone());
                    mood.letters.push(letter);
                    answer
                }
                refusal => {
                    let refusal = refusal.clone();
                    mood.refused += 1;
                    refusal
                }
            }
        };
        if let Some(answer) = answer {
            let answer = format!("HTTP/1.1 {answer}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    }
}

async fn read(stream: &mut TcpStream) -> Option<Letter> {
    let (mut bytes, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let header = |name: &str| {
                let line = head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}:")))?;
                Some(line.split_once(':')?.1.trim().to_owned())
            };
            let length: usize = header("content-length")?.parse().ok()?;
            if body.len() >= length {
                let [name, time, signatures] =
                    ["webhook-id", "webhook-timestamp", "webhook-signature"].map(|name| header(name).unwrap());
                return Some(Letter { name, time, signatures, body: body.to_owned() });
            }
        }
        match stream.read(&mut piece).await.ok()? {
            0 => return None,
            count => bytes.extend_from_slice(&piece[..count]),
        }
    }
}
