//! `hawker products import`: a file goes up as it is read, and a report comes back.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::task::{Context as Polled, Poll};

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::{Args, ValueEnum};
use hyper::body::{Body, Frame};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use tokio::sync::mpsc;

use super::Format;
use crate::cli::desk::{Desk, HowArgs, keyed, spinner};
use crate::cli::service::{Call, Shop};
use crate::cli::shown::{Screen, sheet};

const PIECE_BYTES: usize = 64 * 1024;
const FIRST: [&str; 10] =
    ["dry_run", "rows", "products", "created", "changed", "unchanged", "removed", "refused", "problems", "changes"];

#[derive(Debug, Args)]
pub(in crate::cli) struct ImportArgs {
    seller: Shop,
    /// The file; `-` is standard input.
    file: PathBuf,
    /// How it is written [default: as its name ends].
    #[arg(long)]
    format: Option<Format>,
    /// Removes what the file does not have, beside adding and replacing.
    #[arg(long)]
    replace: bool,
    /// Says what would change, and changes nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    how: HowArgs,
}

pub(super) async fn run(desk: &Desk, args: ImportArgs) -> anyhow::Result<()> {
    let ImportArgs { seller, file, format, replace, dry_run, how } = args;
    let format = format_of(format, &file)?;
    let call = Call::post("/api/v1/sellers/{seller}/products/import").of(seller).without_body();
    let call = call.asking("mode", Some(if replace { "replace" } else { "upsert" }));
    let call = call.asking_if("dry_run", dry_run).asking("format", Some(format.word()));
    let (body, bar) = open(&file)?;
    let sent = desk.service.upload(&keyed(call, &how)?, format.media_type(), reqwest::Body::wrap(body)).await;
    bar.finish_and_clear();
    desk.tell_done(sent?, &how, report).await
}

fn report(screen: Screen, report: &Value) -> String {
    let end = match report["dry_run"] == true {
        true => "\nNothing was changed. Without --dry-run it is done.\n",
        false => "",
    };
    format!("{}{end}", sheet(screen, report, &FIRST))
}

/// How a file is written, from its name unless that is said.
pub(super) fn format_of(said: Option<Format>, file: &Path) -> anyhow::Result<Format> {
    let ending = file.extension().and_then(|ending| ending.to_str()).unwrap_or_default().to_lowercase();
    match (said, ending.as_str()) {
        (Some(format), _) => Ok(format),
        (None, "csv") => Ok(Format::Csv),
        (None, "json") => Ok(Format::Json),
        (None, "ndjson" | "jsonl") => Ok(Format::Ndjson),
        (None, _) => bail!("how is {} written? Say --format csv, json or ndjson", file.display()),
    }
}

impl Format {
    pub(super) fn word(self) -> String {
        self.to_possible_value().map(|value| value.get_name().to_owned()).unwrap_or_default()
    }

    fn media_type(self) -> &'static str {
        match self {
            Format::Csv => "text/csv",
            Format::Json => "application/json",
            Format::Ndjson => "application/x-ndjson",
        }
    }
}

/// The file as a body, and the bar that moves as it is read.
fn open(file: &Path) -> anyhow::Result<(Pieces, ProgressBar)> {
    let opened = (file.as_os_str() != "-").then(|| File::open(file)).transpose();
    let opened = opened.with_context(|| format!("could not read {}", file.display()))?;
    // A pipe or the like has no size that means anything.
    let size = opened.as_ref().and_then(|file| file.metadata().ok()).filter(|file| file.is_file());
    let size = size.map(|file| file.len());
    let bar = size.map_or_else(|| spinner("sending"), ProgressBar::new);
    if let (Some(_), Ok(style)) = (size, ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes} {eta}")) {
        bar.set_style(style);
    }
    let source: Box<dyn Read + Send> = match opened {
        Some(file) => Box::new(file),
        None => Box::new(std::io::stdin()),
    };
    Ok((Pieces { pieces: read(source), bar: bar.clone() }, bar))
}

/// Reads on a thread of its own: what is read may be a terminal or a slow disk, and waits for whoever takes it.
fn read(mut source: Box<dyn Read + Send>) -> mpsc::Receiver<std::io::Result<Bytes>> {
    let (sender, pieces) = mpsc::channel(4);
    tokio::task::spawn_blocking(move || {
        loop {
            let mut piece = vec![0; PIECE_BYTES];
            let read = match source.read(&mut piece) {
                Ok(0) => return,
                Ok(length) => {
                    piece.truncate(length);
                    Ok(piece.into())
                }
                Err(error) => Err(error),
            };
            let is_over = read.is_err();
            if sender.blocking_send(read).is_err() || is_over {
                return;
            }
        }
    });
    pieces
}

/// A body in pieces. When all of it is sent, the bar says that the service works on it.
struct Pieces {
    pieces: mpsc::Receiver<std::io::Result<Bytes>>,
    bar: ProgressBar,
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        polled: &mut Polled<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        self.pieces.poll_recv(polled).map(|piece| {
            match &piece {
                Some(Ok(piece)) => self.bar.inc(piece.len() as u64),
                _ => self.bar.set_message("the service works on it"),
            }
            piece.map(|piece| piece.map(Frame::data))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_written_as_its_name_ends_unless_it_is_said() {
        for (said, file, wanted) in [
            (None, "a.csv", Format::Csv),
            (None, "a.JSONL", Format::Ndjson),
            (Some(Format::Json), "a.csv", Format::Json),
            (Some(Format::Csv), "-", Format::Csv),
        ] {
            assert_eq!(format_of(said, Path::new(file)).unwrap(), wanted, "{file}");
        }
        assert!(format_of(None, Path::new("-")).unwrap_err().to_string().contains("--format"));
    }
}
