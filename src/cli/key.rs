//! The operator's key: from the settings, else one that is made once, shown once, and kept beside the database.

use std::fs::OpenOptions;
use std::io::{ErrorKind, IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

use super::secret;
use crate::config::Config;
use crate::vault::Secret;

const LEAST_BYTES: usize = 16;

/// Puts the operator's key into the settings. Says it when it is new.
pub(super) fn provide(config: &mut Config) -> anyhow::Result<()> {
    if config.secrets.operator_api_key.is_some() {
        return Ok(());
    }
    let file = beside(config.database.url.expose());
    let key = match std::fs::read_to_string(&file) {
        Ok(kept) => kept_in(&file, kept.trim())?,
        Err(error) if error.kind() == ErrorKind::NotFound => make(&file)?,
        Err(error) => return Err(error).with_context(|| format!("could not read {}", file.display())),
    };
    config.secrets.operator_api_key = Some(key);
    Ok(())
}

/// The operator's key of a service with these settings, which has made one if none is set.
pub(super) fn kept(config: &Config) -> anyhow::Result<Secret> {
    if let Some(key) = &config.secrets.operator_api_key {
        return Ok(key.clone());
    }
    let file = beside(config.database.url.expose());
    let kept = std::fs::read_to_string(&file).with_context(|| {
        let file = file.display();
        format!("no operator's key: set HAWKER_API_KEY, as {file}, where `hawker serve` keeps it, cannot be read")
    })?;
    kept_in(&file, kept.trim())
}

/// A file cut short, by a full disk perhaps, must not leave the door open or shut for good.
fn kept_in(file: &Path, kept: &str) -> anyhow::Result<Secret> {
    if kept.len() < LEAST_BYTES {
        let file = file.display();
        bail!("{file} holds no operator's key of {LEAST_BYTES} bytes or more: remove it, and a new key is made");
    }
    Ok(Secret::from(kept))
}

fn make(file: &Path) -> anyhow::Result<Secret> {
    let key = format!("hwk_{}", secret::random()?);
    let write = || -> std::io::Result<()> {
        let mut kept = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
        kept.write_all(key.as_bytes())?;
        kept.sync_all()
    };
    write().with_context(|| format!("could not keep the operator's key in {}", file.display()))?;
    // What is no terminal is a log, and others read it.
    match std::io::stderr().is_terminal() {
        true => eprintln!("The operator's key, shown this once and kept in {}:\n\n    {key}\n", file.display()),
        false => eprintln!("The operator's key was made and is kept in {}, for its owner to read.", file.display()),
    }
    Ok(Secret::from(key))
}

/// `hawker.db.operator-key`, or a file in the working folder where the database is no file.
fn beside(database: &str) -> PathBuf {
    let path = database.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let path = path.map(|path| path.split('?').next().unwrap_or(path));
    PathBuf::from(format!("{}.operator-key", path.unwrap_or("hawker")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_lies_beside_the_database() {
        for (database, file) in [
            ("sqlite://data/hawker.db", "data/hawker.db.operator-key"),
            ("sqlite:data/hawker.db?mode=rwc", "data/hawker.db.operator-key"),
            ("postgres://me:hunter2@db/shop", "hawker.operator-key"),
        ] {
            assert_eq!(beside(database), Path::new(file), "{database}");
        }
    }

    #[test]
    fn a_key_is_made_once_and_a_file_without_one_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let mut config = Config::default();
        config.database.url = Secret::from(format!("sqlite://{}/hawker.db", folder.path().display()));
        let mut again = config.clone();
        provide(&mut config).unwrap();
        provide(&mut again).unwrap();
        assert!(config.secrets.operator_api_key.is_some());
        assert_eq!(config.secrets.operator_api_key, again.secrets.operator_api_key);
        std::fs::write(folder.path().join("hawker.db.operator-key"), "\n").unwrap();
        again.secrets.operator_api_key = None;
        assert!(provide(&mut again).unwrap_err().to_string().contains("remove it"));
    }
}
