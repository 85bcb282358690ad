//! The operator's key: from the settings, else one that is made once, shown once, and kept beside the database.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use anyhow::Context;

use super::secret;
use crate::config::Config;
use crate::vault::Secret;

/// Puts the operator's key into the settings. Says it when it is new.
pub(super) fn provide(config: &mut Config) -> anyhow::Result<()> {
    if config.secrets.operator_api_key.is_some() {
        return Ok(());
    }
    let file = beside(config.database.url.expose());
    let key = match std::fs::read_to_string(&file) {
        Ok(kept) => Secret::from(kept.trim().to_owned()),
        Err(error) if error.kind() == ErrorKind::NotFound => make(&file)?,
        Err(error) => return Err(error).with_context(|| format!("could not read {}", file.display())),
    };
    config.secrets.operator_api_key = Some(key);
    Ok(())
}

fn make(file: &PathBuf) -> anyhow::Result<Secret> {
    let key = format!("hwk_{}", secret::random()?);
    let write = || -> std::io::Result<()> {
        let mut kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        kept.write_all(key.as_bytes())?;
        kept.sync_all()
    };
    write().with_context(|| format!("could not keep the operator's key in {}", file.display()))?;
    eprintln!("The operator's key, shown this once and kept in {}:\n\n    {key}\n", file.display());
    Ok(Secret::from(key))
}

/// `hawker.db.operator-key`, or a file in the working folder where the database is no file.
fn beside(database: &str) -> PathBuf {
    let path = database.strip_prefix("sqlite://").map(|path| path.split('?').next().unwrap_or(path));
    PathBuf::from(format!("{}.operator-key", path.unwrap_or("hawker")))
}
