//! Reads the sources and says where they break the rules of the house: who may import whom, how long things may be.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const LONGEST_FILE: usize = 450;
const LONGEST_FUNCTION: usize = 60;

/// Files under these paths never name these words, outside of comments.
const NEVER_NAMES: [(&str, &[&str]); 8] = [
    (
        "actors/src/domain",
        &["sea_orm", "ractor", "tokio", "tracing", "async fn", "crate::store", "crate::ports", "crate::reader"],
    ),
    ("actors/src/reader", &["sea_orm", "ractor", "tokio", "async fn", "crate::store", "crate::ports", "crate::shop"]),
    ("actors/src/store", &["ractor", "warp", "reqwest", "crate::shop", "crate::seller"]),
    ("actors/src/shop", &["ractor", "sea_orm", "tokio", "entity::", "async fn"]),
    ("actors/src", &["reqwest", "warp::", "hawker::"]),
    ("src/graph", &["actors::store", "actors::sellers", "warp", "crate::door", "crate::sandbox"]),
    ("src/door", &["actors::store", "ractor", "reqwest", "warp", "crate::graph", "crate::sandbox"]),
    ("src/sandbox", &["actors::", "crate::graph", "crate::door", "crate::web", "crate::office"]),
];

/// A source file of ours, with its path from the root of the repository.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The lines that are no comments, numbered from 1.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = self.text.lines().enumerate().map(|(number, line)| (number + 1, line));
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources() -> Vec<Source> {
    let folders = ["src", "actors", "entity", "migration", "tests", "benches"];
    let mut paths: Vec<PathBuf> = folders.iter().flat_map(|folder| rust_files(&root().join(folder))).collect();
    paths.sort();
    assert!(paths.len() > 50, "the sources were not found");
    let read = |path: PathBuf| Source {
        text: fs::read_to_string(&path).unwrap(),
        path: path.strip_prefix(root()).unwrap().to_str().unwrap().to_owned(),
    };
    paths.into_iter().map(read).collect()
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "rs"));
    files.chain(folders.iter().flat_map(|folder| rust_files(folder))).collect()
}

fn is_test(path: &str) -> bool {
    path.starts_with("tests/") || path.contains("/tests")
}

/// Modules that are there for tests only.
fn test_modules(all: &[Source]) -> BTreeSet<String> {
    let after = all.iter().flat_map(|source| source.text.split("#[cfg(test)]\n").skip(1));
    let declared = after.filter_map(|text| text.lines().next()?.trim_start_matches("pub(crate) ").strip_prefix("mod "));
    declared.filter_map(|rest| rest.strip_suffix(';')).map(str::to_owned).collect()
}

/// Fails with all that is wrong, a line each.
fn none(wrong: Vec<String>) {
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn nobody_imports_what_is_none_of_their_business() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| !is_test(&source.path)) {
        let rules = NEVER_NAMES.iter().filter(|(place, _)| is_in(&source.path, place));
        for word in rules.flat_map(|(_, words)| *words) {
            let hit = until_its_tests(source).find(|(_, line)| names(line, word));
            wrong.extend(hit.map(|(number, _)| format!("{}:{number} names {word}", source.path)));
        }
    }
    none(wrong);
}

fn is_in(path: &str, place: &str) -> bool {
    path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/') || rest == ".rs")
}

fn until_its_tests(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    source.code().take_while(|(_, line)| *line != "mod tests {")
}

/// Whether a word stands in a line on its own: `warp` is not in `warped`.
fn names(line: &str, word: &str) -> bool {
    let is_letter = |letter: Option<char>| letter.is_some_and(|letter| letter.is_alphanumeric() || letter == '_');
    line.match_indices(word).any(|(place, _)| {
        let ends_open = word.ends_with(|letter: char| letter.is_alphanumeric());
        let after = line[place + word.len()..].chars().next();
        let is_longer = is_letter(line[..place].chars().next_back()) || (ends_open && is_letter(after));
        !is_longer
    })
}

#[test]
fn every_file_says_what_it_is_for() {
    let silent = sources().into_iter().filter(|source| !source.text.starts_with("//! "));
    none(silent.map(|source| format!("{} does not begin with //!", source.path)).collect());
}

#[test]
fn no_file_without_its_tests_and_no_function_is_too_long() {
    let mut wrong = Vec::new();
    for source in sources() {
        let lines = source.text.lines().take_while(|line| *line != "mod tests {").count();
        if lines > LONGEST_FILE && !is_list_of_words(&source.path) {
            wrong.push(format!("{} has {lines} lines", source.path));
        }
        for (number, length) in functions(&source.text) {
            if length > LONGEST_FUNCTION {
                wrong.push(format!("{}:{number} has a function of {length} lines", source.path));
            }
        }
    }
    none(wrong);
}

/// Vocabulary is data, whatever its length.
fn is_list_of_words(path: &str) -> bool {
    path.starts_with("actors/src/reader/words/")
}

/// Where functions begin and how many lines they have: rustfmt closes each at the depth where it began.
fn functions(text: &str) -> Vec<(usize, usize)> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (begin, line) in lines.iter().enumerate() {
        let bare = line.trim_start();
        let depth = line.len() - bare.len();
        let is_function = ["fn ", "pub fn ", "async fn ", "const fn "].iter().any(|start| bare.starts_with(start))
            || (bare.starts_with("pub") && !bare.starts_with("pub use") && bare.contains(" fn "));
        let close = format!("{}}}", " ".repeat(depth));
        if is_function && !line.ends_with('}') && !line.ends_with(';') {
            let end = lines[begin..].iter().position(|line| *line == close);
            found.extend(end.map(|length| (begin + 1, length + 1)));
        }
    }
    found
}

#[test]
fn what_is_to_be_done_has_an_issue() {
    let mut wrong = Vec::new();
    for source in sources().iter().filter(|source| source.path != "tests/it/tidy.rs") {
        for (number, line) in source.text.lines().enumerate() {
            let open = ["TODO", "FIXME"].iter().any(|word| names(line, word));
            if open && !line.contains('#') {
                wrong.push(format!("{}:{} has no issue number", source.path, number + 1));
            }
        }
    }
    none(wrong);
}

#[test]
fn the_map_in_the_readme_names_every_part() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let map = readme.split("## The map").nth(1).expect("the README has a map");
    let skipped = ["src/lib.rs", "src/main.rs", "actors/src/lib.rs"];
    let all = sources();
    let only_for_tests = test_modules(&all);
    let places = all.into_iter().map(|source| source.path).filter(|path| {
        let depth = if path.starts_with("actors/") { 2 } else { 1 };
        let top = path.starts_with("src/") || path.starts_with("actors/src/");
        top && path.matches('/').count() == depth && !skipped.contains(&path.as_str())
    });
    let stem = |path: &str| path.rsplit('/').next().unwrap_or_default().trim_end_matches(".rs").to_owned();
    let places = places.filter(|path| !only_for_tests.contains(&stem(path)));
    none(places.filter(|path| !names(map, &stem(path))).map(|path| format!("{path} is not in the map")).collect());
}

#[test]
fn modules_of_a_crate_do_not_import_each_other_in_rings() {
    let all = sources();
    let mut wrong = Vec::new();
    let only_for_tests = test_modules(&all);
    for home in ["src", "actors/src"] {
        let mut imports = imports(&all, home);
        imports.retain(|module, _| !only_for_tests.contains(module));
        wrong.extend(imports.keys().filter_map(|module| ring_through(module, &imports)));
    }
    none(wrong);
}

/// Which top-level modules each top-level module names.
fn imports(all: &[Source], home: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut imports: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let here = |source: &&Source| source.path.starts_with(&format!("{home}/")) && !is_test(&source.path);
    for source in all.iter().filter(here) {
        let rest = source.path[home.len() + 1..].trim_end_matches(".rs");
        let module = rest.split('/').next().unwrap_or_default().to_owned();
        let named =
            until_its_tests(source).flat_map(|(_, line)| line.match_indices("crate::").map(|(at, _)| &line[at + 7..]));
        let named = named.map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next());
        let others = named.flatten().filter(|named| *named != module && !named.is_empty()).map(str::to_owned);
        let others: Vec<String> = others.collect();
        imports.entry(module).or_default().extend(others);
    }
    imports
}

/// A way from a module back to itself.
fn ring_through(module: &str, imports: &BTreeMap<String, BTreeSet<String>>) -> Option<String> {
    let mut ways: Vec<Vec<&str>> = vec![vec![module]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in imports.get(*way.last()?).into_iter().flatten() {
            if next == module {
                return Some(format!("{} -> {module}", way.join(" -> ")));
            }
            if seen.insert(next) {
                ways.push([&way[..], &[next]].concat());
            }
        }
    }
    None
}
