//! Takes settings one by one and collects what is wrong with them, so that all of it can be said at once.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use config::{Config, Environment, File, FileFormat, FileSourceString, Map, Source, Value, ValueKind};

use super::{DEFAULTS, Problem};

/// All settings as they were written, by key: `server.listen`.
pub(super) struct Reader {
    defaults: BTreeMap<String, Value>,
    given: BTreeMap<String, Value>,
    taken: BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl Reader {
    /// Reads the file and the environment. A file that cannot be read is a problem like the others.
    pub(super) fn new(file: Option<&Path>, env: BTreeMap<String, String>) -> Self {
        let mut problems = Vec::new();
        let mut sources = Config::builder().add_source(toml(DEFAULTS));
        match file.map(|file| (file, read_file(file))) {
            Some((_, Ok(text))) => sources = sources.add_source(toml(&text)),
            Some((file, Err(text))) => problems.push(Problem { key: file.display().to_string(), text }),
            None => {}
        }
        let env = Environment::default().source(Some(env.into_iter().collect()));
        let sources = sources.add_source(env.prefix("HAWKER").prefix_separator("__").separator("__"));
        let given = sources.build().expect("each source was read before, and texts merge without conditions");
        Self { defaults: leaves(&toml(DEFAULTS)), given: leaves(&given), taken: BTreeSet::new(), problems }
    }

    /// One setting. Where what was written is wrong, that is remembered and the default stands in for it.
    pub(super) fn take<T>(&mut self, key: &'static str, parse: impl Fn(&str) -> Result<T, String>) -> T {
        self.taken.insert(key);
        if let Some(value) = self.given.get(key) {
            match written(value).and_then(|text| parse(&text)) {
                Ok(value) => return value,
                Err(text) => {
                    // Only the environment has a name of its own in a value; a file is the other place to look.
                    let place = value.origin().map(|origin| format!("(from {origin}) ")).unwrap_or_default();
                    self.problem(key, &format!("{place}{text}"));
                }
            }
        }
        let default = self.defaults.get(key).and_then(|value| written(value).ok());
        default.and_then(|text| parse(&text).ok()).expect("config.toml has a valid default for every setting")
    }

    /// Remembers what is wrong with one setting.
    fn problem(&mut self, key: &str, text: &str) {
        self.problems.push(Problem { key: key.to_owned(), text: text.to_owned() });
    }

    /// Everything that is wrong, settings that nobody took among it.
    pub(super) fn problems(mut self) -> Vec<Problem> {
        let unknown: Vec<_> = self.given.keys().filter(|key| !self.taken.contains(key.as_str())).cloned().collect();
        for key in unknown {
            let text = format!("is no setting: {}", self.known_beside(&key));
            self.problem(&key, &text);
        }
        self.problems
    }

    fn known_beside(&self, key: &str) -> String {
        let section = |key: &str| key.split_once('.').map_or_else(String::new, |(section, _)| section.to_owned());
        let wanted = section(key);
        let beside: Vec<_> = self.taken.iter().copied().filter(|known| section(known) == wanted).collect();
        if !beside.is_empty() {
            return format!("there are {}", beside.join(", "));
        }
        let sections: BTreeSet<_> = self.taken.iter().map(|known| section(known)).collect();
        format!("the sections are {}", sections.into_iter().collect::<Vec<_>>().join(", "))
    }
}

fn toml(text: &str) -> File<FileSourceString, FileFormat> {
    File::from_str(text, FileFormat::Toml)
}

fn read_file(file: &Path) -> Result<String, String> {
    let text = fs::read_to_string(file).map_err(|error| format!("cannot be read: {error}"))?;
    match toml(&text).collect() {
        Ok(_) => Ok(text),
        Err(error) => Err(format!("is no TOML: {}", without_quotes(&error.to_string()))),
    }
}

/// The parser shows the line it stumbled over behind bars; that line may hold a secret.
fn without_quotes(error: &str) -> String {
    error.lines().filter(|line| !line.contains('|')).map(str::trim).collect::<Vec<_>>().join(" ")
}

fn leaves(source: &dyn Source) -> BTreeMap<String, Value> {
    let mut found = BTreeMap::new();
    gather(String::new(), source.collect().unwrap_or_default(), &mut found);
    found
}

fn gather(prefix: String, table: Map<String, Value>, found: &mut BTreeMap<String, Value>) {
    for (name, value) in table {
        match value.kind {
            ValueKind::Table(inner) => gather(format!("{prefix}{name}."), inner, found),
            _ => {
                found.insert(format!("{prefix}{name}"), value);
            }
        }
    }
}

fn written(value: &Value) -> Result<String, String> {
    value.clone().into_string().map_err(|_| "is a list or empty: write one value".to_owned())
}
