//! What is told of a route to those who build on it: enough to make the OpenAPI document from the list of routes.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// What a route does, as it is documented.
#[derive(Clone)]
pub struct Operation {
    /// Its name in generated clients; no two routes share it.
    pub name: &'static str,
    /// What for, as a sentence.
    pub summary: &'static str,
    /// The part of the API it belongs to.
    pub tag: &'static str,
    /// Describes what it takes and answers.
    describe: Arc<dyn Fn(&mut Schemas) -> Described + Send + Sync>,
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Operation").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What a route takes and answers.
#[derive(Clone, Debug, Default)]
pub struct Described {
    /// Members of the query and headers.
    pub parameters: Vec<Parameter>,
    /// What it takes, by media type; none: no body.
    pub takes: Vec<(&'static str, Value)>,
    /// Whether a body may be left out.
    pub may_be_empty: bool,
    /// What it answers when all is well.
    pub answers: Vec<Documented>,
    /// The statuses of its problems.
    pub fails: Vec<u16>,
}

/// A member of the query, or a header.
#[derive(Clone, Debug)]
pub struct Parameter {
    /// Its name.
    pub name: String,
    /// `query` or `header`.
    pub place: &'static str,
    /// Whether it must be there.
    pub required: bool,
    /// What it may be, with its description.
    pub schema: Value,
}

/// One answer of a route.
#[derive(Clone, Debug)]
pub struct Documented {
    /// With which status.
    pub status: u16,
    /// What it means.
    pub sentence: &'static str,
    /// In which media types, and of what shape; empty: no body.
    pub content: Vec<(&'static str, Value)>,
}

impl Operation {
    /// An operation that `describe` tells the details of.
    pub fn new(
        name: &'static str,
        summary: &'static str,
        tag: &'static str,
        describe: impl Fn(&mut Schemas) -> Described + Send + Sync + 'static,
    ) -> Self {
        Self { name, summary, tag, describe: Arc::new(describe) }
    }

    /// What it takes and answers.
    pub fn described(&self, schemas: &mut Schemas) -> Described {
        (self.describe)(schemas)
    }
}

/// Collects the shapes that all operations share. What is read and what is written have generators of their own: a
/// member with a default may be left out by who asks, and never is by us.
pub struct Schemas {
    read: SchemaGenerator,
    written: SchemaGenerator,
}

impl Default for Schemas {
    fn default() -> Self {
        let settings = || SchemaSettings::draft2020_12().with(|it| it.definitions_path = "/components/schemas".into());
        Self {
            read: settings().for_deserialize().into_generator(),
            written: settings().for_serialize().into_generator(),
        }
    }
}

impl Schemas {
    /// The shape of what is taken.
    pub fn taken<T: JsonSchema>(&mut self) -> Value {
        self.read.subschema_for::<T>().to_value()
    }

    /// The shape of what is answered.
    pub fn answered<T: JsonSchema>(&mut self) -> Value {
        self.written.subschema_for::<T>().to_value()
    }

    /// The members of a query, from the type it is read as.
    pub fn query<T: JsonSchema>(&mut self) -> Vec<Parameter> {
        let schema: Schema = self.read.root_schema_for::<T>();
        let required: Vec<&str> =
            schema.get("required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
        let members = schema.get("properties").and_then(Value::as_object).into_iter().flatten();
        let member = |(name, shape): (&String, &Value)| Parameter {
            name: name.clone(),
            place: "query",
            required: required.contains(&name.as_str()),
            schema: shape.clone(),
        };
        members.map(member).collect()
    }

    /// All shapes by name.
    pub fn into_shapes(mut self) -> Shapes {
        let written = self.written.take_definitions(true);
        let read = self.read.take_definitions(true);
        let differs = |(name, shape): &(&String, &Value)| written.get(*name).is_some_and(|other| other != *shape);
        let mut apart: BTreeSet<String> = read.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        // What names a shape that is set apart is another one itself.
        loop {
            let names_one = |(name, shape): &(&String, &Value)| {
                written.contains_key(*name) && !apart.contains(*name) && renamed((*shape).clone(), &apart) != **shape
            };
            let more: Vec<String> = read.iter().filter(names_one).map(|(name, _)| name.clone()).collect();
            if more.is_empty() {
                break;
            }
            apart.extend(more);
        }
        let mut all = written;
        for (name, shape) in read {
            let name = if apart.contains(&name) { format!("{name}In") } else { name };
            all.insert(name, renamed(shape, &apart));
        }
        Shapes { all, apart }
    }
}

/// The shapes of a document by name. One that is another when it is read than when it is written is there twice.
#[derive(Debug)]
pub struct Shapes {
    /// By name.
    pub all: Map<String, Value>,
    apart: BTreeSet<String>,
}

impl Shapes {
    /// What is taken, by the names its shapes have in the document.
    pub fn taken(&self, shape: Value) -> Value {
        renamed(shape, &self.apart)
    }
}

/// The same shape, with other names for those that are set apart.
fn renamed(shape: Value, apart: &BTreeSet<String>) -> Value {
    match shape {
        Value::Object(members) => {
            let member = |(name, value): (String, Value)| match (name.as_str(), &value) {
                ("$ref", Value::String(to)) if to.rsplit('/').next().is_some_and(|of| apart.contains(of)) => {
                    let to = format!("{to}In");
                    (name, to.into())
                }
                _ => (name, renamed(value, apart)),
            };
            members.into_iter().map(member).collect::<Map<_, _>>().into()
        }
        Value::Array(all) => all.into_iter().map(|one| renamed(one, apart)).collect(),
        other => other,
    }
}

/// A header that may be sent.
pub fn header(name: &str, sentence: &str) -> Parameter {
    let schema = json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": sentence });
    Parameter { name: name.to_owned(), place: "header", required: false, schema }
}
