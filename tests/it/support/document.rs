//! Holds every answer the tests see against the OpenAPI document that the service gives of itself.

use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use http::{Method, StatusCode};
use jsonschema::Validator;
use serde_json::{Value, json};

/// The document of a running service, with what was made of it so far.
pub(crate) struct Document {
    paths: Vec<(String, Value)>,
    components: Value,
}

/// Making a validator takes longer than many a test, and all services of a run have one document.
static VALIDATORS: LazyLock<Mutex<HashMap<String, Validator>>> = LazyLock::new(Mutex::default);

impl Document {
    /// Reads the document.
    pub(crate) fn new(mut document: Value) -> Self {
        let paths = document["paths"].as_object().expect("a document has paths");
        let paths = paths.iter().map(|(path, item)| (path.clone(), item.clone())).collect();
        Self { paths, components: document["components"].take() }
    }

    /// An answer must be one that the document tells of: its status, its type and its shape.
    pub(crate) fn expect(&self, method: &Method, path: &str, status: StatusCode, answer: &Value) {
        let bare = path.split('?').next().unwrap_or_default();
        let Some((pattern, item)) = self.paths.iter().find(|(pattern, _)| fits(pattern, bare)) else {
            return assert_eq!(status, 404, "{path} is answered, and in no document");
        };
        let operation = &item[method.as_str().to_lowercase()];
        if operation.is_null() {
            return assert_eq!(status, 405, "{method} {path} is answered, and in no document");
        }
        let told = &operation["responses"][status.as_str()];
        assert!(told.is_object(), "{method} {pattern} answers {status}, which is in no document: {answer}");
        let media = if status.is_success() { "application/json" } else { "application/problem+json" };
        let schema = &told["content"][media]["schema"];
        if schema.is_null() {
            return;
        }
        let name = format!("{method} {pattern} {status}");
        let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = validators.entry(name.clone()).or_insert_with(|| self.validator(schema));
        let wrong: Vec<String> =
            validator.iter_errors(answer).map(|error| format!("{}: {error}", error.instance_path())).collect();
        assert!(wrong.is_empty(), "{name} is not as documented: {wrong:#?}\n{answer:#}");
    }

    fn validator(&self, schema: &Value) -> Validator {
        let whole = json!({ "allOf": [schema], "components": self.components });
        jsonschema::draft202012::options().should_validate_formats(true).build(&whole).expect("shapes are JSON Schemas")
    }
}

/// Names stand for one segment each. A path without names comes first, as the service looks for routes.
fn fits(pattern: &str, path: &str) -> bool {
    let (pattern, path): (Vec<&str>, Vec<&str>) = (pattern.split('/').collect(), path.split('/').collect());
    let alike = |(pattern, told): (&&str, &&str)| pattern == told || (pattern.starts_with('{') && !told.is_empty());
    pattern.len() == path.len() && pattern.iter().zip(&path).all(alike)
}
