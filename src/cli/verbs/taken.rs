//! A file that comes from the service: what comes is written as it comes, and takes its name when all of it is there.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};

use crate::cli::desk::Desk;
use crate::cli::service::{Call, SILENCE};
use crate::cli::shown::counted;

/// Saves what is answered, or prints it where no file is named.
pub(super) async fn save(desk: &Desk, call: Call, file: Option<PathBuf>) -> anyhow::Result<()> {
    let Some(file) = file.filter(|file| file.as_os_str() != "-") else {
        take(desk, call, |piece| desk.print_bytes(piece)).await?;
        return Ok(());
    };
    let part = Part::beside(&file)?;
    let bytes = take(desk, call, |piece| (&part.file).write_all(piece).context("could not write")).await?;
    part.becomes(&file)?;
    desk.print_line(&format!("{} written to {}.", counted(bytes, "byte"), file.display()))
}

/// Passes on what comes, and counts it. What breaks off is an error, never a short file.
async fn take(desk: &Desk, call: Call, mut pass: impl FnMut(&[u8]) -> anyhow::Result<()>) -> anyhow::Result<u64> {
    let mut answer = desk.service.stream(&call).await?;
    let bar = answer.content_length().map_or_else(ProgressBar::new_spinner, ProgressBar::new);
    let template = if bar.length().is_some() { "{wide_bar} {bytes}/{total_bytes} {eta}" } else { "{spinner} {bytes}" };
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
    let mut bytes = 0;
    loop {
        let piece = tokio::time::timeout(SILENCE, answer.chunk()).await;
        let piece = piece.context("nothing has come for a while")?.context("what came broke off")?;
        let Some(piece) = piece else { break };
        pass(&piece)?;
        bytes += piece.len() as u64;
        bar.set_position(bytes);
    }
    bar.finish_and_clear();
    Ok(bytes)
}

/// A file that is not whole yet, and goes where it came from if it never is.
struct Part {
    path: PathBuf,
    file: File,
}

impl Part {
    fn beside(file: &Path) -> anyhow::Result<Self> {
        let Some(name) = file.file_name() else { bail!("{} is no file", file.display()) };
        let mut part = name.to_owned();
        part.push(".part");
        let path = file.with_file_name(part);
        let file = File::create(&path).with_context(|| format!("could not write {}", path.display()))?;
        Ok(Self { path, file })
    }

    fn becomes(self, file: &Path) -> anyhow::Result<()> {
        self.file
            .sync_all()
            .and_then(|()| std::fs::rename(&self.path, file))
            .with_context(|| format!("could not write {}", file.display()))
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        // Once it has its name, nothing of this one is there.
        let _ = std::fs::remove_file(&self.path);
    }
}
