//! `hawker products export`: a shop's products as a file.

use std::path::PathBuf;

use clap::Args;

use super::Format;
use super::import::format_of;
use crate::cli::desk::Desk;
use crate::cli::service::{Call, Shop};
use crate::cli::verbs::taken;

#[derive(Debug, Args)]
pub(in crate::cli) struct ExportArgs {
    seller: Shop,
    /// Where to; what is there is replaced once all has come [default: standard output].
    file: Option<PathBuf>,
    /// How it is written [default: as the file's name ends, else csv].
    #[arg(long)]
    format: Option<Format>,
}

pub(super) async fn run(desk: &Desk, args: ExportArgs) -> anyhow::Result<()> {
    let ExportArgs { seller, file, format } = args;
    let file = file.filter(|file| file.as_os_str() != "-");
    let format = match &file {
        Some(file) => format_of(format, file)?,
        None => format.unwrap_or(Format::Csv),
    };
    let call = Call::get("/api/v1/sellers/{seller}/products/export").of(seller).asking("format", Some(format.word()));
    taken::save(desk, call, file).await
}
