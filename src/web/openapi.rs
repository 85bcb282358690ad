//! The OpenAPI 3.1 document, made from the list of routes: what is served and what is told are one.

use serde_json::{Map, Value, json};

use super::operation::{Described, Documented, Parameter, Schemas, Shapes};
use super::problem::ProblemOut;
use super::route::Route;

/// Where the document is served.
pub const PATH: &str = "/api/openapi.json";

const ABOUT: &str = "Runs shops on Instagram, Messenger and WhatsApp: messages in, orders out.\n\n\
    A change of a shop is a command: it is stored, done in its turn, and answered within five seconds; else the answer is \
    202, and the same request with the same Idempotency-Key reads its result later. Lists come in pages: give `next` as \
    `after`. Whatever is not done is answered with a problem that has a stable `code`.";

/// The document of these routes.
pub fn document(routes: &[Route]) -> Value {
    let mut schemas = Schemas::default();
    let problem = schemas.answered::<ProblemOut>();
    let described: Vec<Described> = routes.iter().map(|route| route.operation.described(&mut schemas)).collect();
    let shapes = schemas.into_shapes();
    let mut paths: Map<String, Value> = Map::new();
    for (route, described) in routes.iter().zip(described) {
        let at = paths.entry(route.path).or_insert_with(|| json!({}));
        at[route.method.as_str().to_lowercase()] = operation(route, described, (&shapes, &problem));
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Hawker",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": { "name": "MIT", "identifier": "MIT" },
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": shapes.all,
            "securitySchemes": { "key": { "type": "http", "scheme": "bearer", "description": "An API key of Hawker" } },
        },
    });
    list_words(&mut document);
    document
}

/// Words that are alternatives with a sentence each become one list: generators of clients make an enum of it.
fn list_words(value: &mut Value) {
    match value {
        Value::Object(members) => {
            if let Some(words) = members.get("oneOf").and_then(Value::as_array).and_then(|of| words(of)) {
                members.remove("oneOf");
                members.insert("type".to_owned(), "string".into());
                members.insert("enum".to_owned(), words);
            }
            members.values_mut().for_each(list_words);
        }
        Value::Array(all) => all.iter_mut().for_each(list_words),
        _ => {}
    }
}

fn words(alternatives: &[Value]) -> Option<Value> {
    let of = |one: &Value| match (one["const"].as_str(), one["enum"].as_array()) {
        (Some(word), None) => Some(vec![Value::from(word)]),
        (None, Some(words)) if words.iter().all(Value::is_string) => Some(words.clone()),
        _ => None,
    };
    let words: Option<Vec<Vec<Value>>> = alternatives.iter().map(of).collect();
    words.map(|words| words.concat().into())
}

fn operation(route: &Route, described: Described, (shapes, problem): (&Shapes, &Value)) -> Value {
    let told = &route.operation;
    let in_path =
        names(route.path).map(|name| json!({ "name": name, "in": "path", "required": true, "schema": segment(name) }));
    let parameters: Vec<Value> = in_path.chain(described.parameters.iter().map(parameter)).collect();
    let mut responses: Map<String, Value> = described.answers.iter().map(answer).collect();
    for status in &described.fails {
        let content = json!({ "application/problem+json": { "schema": problem } });
        responses.insert(status.to_string(), json!({ "description": meaning(*status), "content": content }));
    }
    let mut shown = json!({
        "operationId": told.name,
        "summary": told.summary,
        "tags": [told.tag],
        "parameters": parameters,
        "responses": responses,
        "security": route.key.map_or(json!([]), |_| json!([{ "key": [] }])),
    });
    if let Some(Some(scope)) = route.key {
        shown["description"] = format!("Needs a key with `{scope}`. {}", scope.sentence()).into();
        shown["x-scope"] = scope.name().into();
    }
    if !described.takes.is_empty() {
        let taken = |(media, shape): (&str, Value)| (media.to_owned(), json!({ "schema": shapes.taken(shape) }));
        let content: Map<String, Value> = described.takes.into_iter().map(taken).collect();
        shown["requestBody"] = json!({ "required": !described.may_be_empty, "content": content });
    }
    shown
}

fn parameter(told: &Parameter) -> Value {
    json!({ "name": told.name, "in": told.place, "required": told.required, "schema": told.schema })
}

fn answer(documented: &Documented) -> (String, Value) {
    let mut shown = json!({ "description": documented.sentence });
    if !documented.content.is_empty() {
        let content = documented.content.iter().map(|(media, shape)| ((*media).to_owned(), json!({ "schema": shape })));
        shown["content"] = content.collect::<Map<_, _>>().into();
    }
    (documented.status.to_string(), shown)
}

/// The names of a path's open segments.
fn names(path: &'static str) -> impl Iterator<Item = &'static str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// Segments of the path that are texts; all others are ids.
const TEXTS: [&str; 4] = ["command", "modifier", "product", "verb"];

fn segment(name: &str) -> Value {
    match name {
        "verb" => json!({ "type": "string", "enum": ["pause", "resume", "unload"] }),
        name if TEXTS.contains(&name) => json!({ "type": "string", "minLength": 1, "maxLength": 200 }),
        _ => json!({ "type": "integer", "format": "int64", "minimum": 1 }),
    }
}

fn meaning(status: u16) -> &'static str {
    match status {
        400 => "The request cannot be read.",
        401 => "No key that is known.",
        403 => "The key may not do this.",
        404 => "There is nothing like this.",
        408 => "The body did not come in time.",
        409 => "It is not as whoever asks believes: read it again.",
        410 => "It was there and is gone.",
        413 => "The body is too large.",
        415 => "The body has a type that is not taken here.",
        422 => "It was understood and cannot be done like this.",
        429 => "Too many requests with this key.",
        _ => "It cannot be done now; nothing was changed.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use http::Method;
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use warp::Filter;

    use super::super::operation::Operation;
    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Inner {
        #[serde(default)]
        colour: String,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        inner: Inner,
    }

    #[test]
    fn what_is_read_otherwise_than_written_is_there_twice() {
        let operation = Operation::new("turn", "Turns it", "x", |schemas| {
            let answer = ("application/json", schemas.answered::<Outer>());
            Described {
                takes: vec![("application/json", schemas.taken::<Outer>())],
                answers: vec![Documented { status: 200, sentence: "Done.", content: vec![answer] }],
                ..Described::default()
            }
        });
        let answer = warp::path("x").map(warp::reply);
        let route = Route::open(Method::POST, "/x/{order}", operation, answer);
        let document = document(&[route]);
        let shapes = &document["components"]["schemas"];
        assert_eq!(shapes["Inner"]["required"], json!(["colour"]));
        assert_eq!(shapes["InnerIn"]["required"], Value::Null);
        let post = &document["paths"]["/x/{order}"]["post"];
        let shape = |at: &Value| at["content"]["application/json"]["schema"]["$ref"].clone();
        assert_eq!(shape(&post["requestBody"]), "#/components/schemas/OuterIn");
        assert_eq!(shape(&post["responses"]["200"]), "#/components/schemas/Outer");
        assert_eq!(shapes["OuterIn"]["properties"]["inner"]["$ref"], "#/components/schemas/InnerIn");
        let names: BTreeSet<&str> = names("/x/{order}/{product}").collect();
        assert_eq!(names, BTreeSet::from(["order", "product"]));
    }
}
