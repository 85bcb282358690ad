//! One request as a verb says it: its route as the API's own list writes it, and what goes into that.

use std::fmt::Display;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Map, Value, json};

/// What a segment of a path is written with as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// What stands where ids do and means something else: a product that is called so is written letter by letter.
const WORDS: [&str; 2] = ["export", "import"];

/// The seller whose shop it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cli) enum Shop {
    /// The one with this id.
    Of(i64),
    /// The one that the key belongs to.
    Mine,
}

impl FromStr for Shop {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match (text, text.parse()) {
            ("mine", _) => Ok(Shop::Mine),
            (_, Ok(id @ 1..)) => Ok(Shop::Of(id)),
            _ => Err("a seller is a number from 1, or `mine`: the one that the key belongs to".to_owned()),
        }
    }
}

/// Reads a name that goes into a path. One of dots alone would make another path of it, however it is written.
pub(in crate::cli) fn name(text: &str) -> Result<String, String> {
    match text {
        "" | "." | ".." => Err("that is no name of anything".to_owned()),
        _ => Ok(text.to_owned()),
    }
}

/// One request.
#[derive(Clone, Debug)]
pub(in crate::cli) struct Call {
    pub(super) method: Method,
    pub(super) route: &'static str,
    pub(super) shop: Option<Shop>,
    places: Vec<(&'static str, String)>,
    pub(super) query: Vec<(&'static str, String)>,
    pub(super) body: Option<Value>,
    pub(super) key: Option<String>,
    pub(super) headers: Vec<(&'static str, String)>,
}

impl Call {
    pub(in crate::cli) fn get(route: &'static str) -> Self {
        Self::new(Method::GET, route)
    }

    /// A change that is made once, however often it is asked for with the same key.
    pub(in crate::cli) fn post(route: &'static str) -> Self {
        Self::new(Method::POST, route).saying_all(json!({}))
    }

    pub(in crate::cli) fn put(route: &'static str) -> Self {
        Self::new(Method::PUT, route)
    }

    pub(in crate::cli) fn patch(route: &'static str) -> Self {
        Self::new(Method::PATCH, route).saying_all(json!({}))
    }

    pub(in crate::cli) fn delete(route: &'static str) -> Self {
        Self::new(Method::DELETE, route)
    }

    fn new(method: Method, route: &'static str) -> Self {
        let (places, query, headers) = (Vec::new(), Vec::new(), Vec::new());
        Self { method, route, shop: None, places, query, body: None, key: None, headers }
    }

    /// In this shop.
    pub(in crate::cli) fn of(self, shop: Shop) -> Self {
        Self { shop: Some(shop), ..self }
    }

    /// With this in a named segment of the path.
    pub(in crate::cli) fn at(mut self, name: &'static str, value: impl Display) -> Self {
        self.places.push((name, value.to_string()));
        self
    }

    /// With this in the query, if it is there.
    pub(in crate::cli) fn asking(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.query.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// With this in the query where it is true.
    pub(in crate::cli) fn asking_if(self, name: &'static str, is_so: bool) -> Self {
        self.asking(name, is_so.then_some("true"))
    }

    /// With a member of the body.
    pub(in crate::cli) fn saying(mut self, name: &str, value: impl Serialize) -> Self {
        let body = self.body.get_or_insert_with(|| Value::Object(Map::new()));
        body[name] = json!(value);
        self
    }

    /// With a member of the body, if it is there.
    pub(in crate::cli) fn saying_some(self, name: &str, value: Option<impl Serialize>) -> Self {
        match value {
            Some(value) => self.saying(name, value),
            None => self,
        }
    }

    /// With this body.
    pub(in crate::cli) fn saying_all(self, body: Value) -> Self {
        Self { body: Some(body), ..self }
    }

    /// With no body of its own: another is sent with it.
    pub(in crate::cli) fn without_body(self) -> Self {
        Self { body: None, ..self }
    }

    /// True when its body has nothing in it.
    pub(in crate::cli) fn says_nothing(&self) -> bool {
        self.body.as_ref().and_then(Value::as_object).is_none_or(Map::is_empty)
    }

    /// What is there before it is changed.
    pub(in crate::cli) fn as_get(&self) -> Self {
        Self { method: Method::GET, body: None, key: None, ..self.clone() }
    }

    /// With a header.
    pub(in crate::cli) fn with_header(mut self, name: &'static str, value: Option<impl Display>) -> Self {
        self.headers.extend(value.map(|value| (name, value.to_string())));
        self
    }

    /// With what makes it the same request when it is made again.
    pub(in crate::cli) fn once(self, key: &str) -> Self {
        Self { key: Some(key.to_owned()), ..self }
    }

    /// True for what makes or does something.
    pub(in crate::cli) fn is_post(&self) -> bool {
        self.method == Method::POST
    }

    /// True when to make it twice does no more than to make it once.
    pub(super) fn may_be_repeated(&self) -> bool {
        self.method == Method::GET || self.key.is_some()
    }

    /// Where it goes, for this seller.
    pub(super) fn path(&self, seller: Option<i64>) -> String {
        let filled = |segment: &str| {
            let Some(name) = segment.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
                return segment.to_owned();
            };
            let seller = seller.filter(|_| name == "seller").map(|seller| seller.to_string());
            let place = self.places.iter().find(|(known, _)| *known == name).map(|(_, value)| value.clone());
            let value = seller.or(place).unwrap_or_default();
            match WORDS.contains(&value.as_str()) {
                true => value.bytes().map(|byte| format!("%{byte:02X}")).collect(),
                false => utf8_percent_encode(&value, SEGMENT).to_string(),
            }
        };
        self.route.split('/').map(filled).collect::<Vec<_>>().join("/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_filled_with_what_it_is_about() {
        let call = Call::get("/api/v1/sellers/{seller}/products/{product}").at("product", "a/b ü?");
        assert_eq!(call.path(Some(7)), "/api/v1/sellers/7/products/a%2Fb%20%C3%BC%3F");
        let call = Call::get("/products/{product}").at("product", "export");
        assert_eq!(call.path(None), "/products/%65%78%70%6F%72%74", "it is a product, and not the export of all");
    }

    #[test]
    fn a_seller_is_a_number_or_the_one_of_the_key() {
        assert_eq!("7".parse(), Ok(Shop::Of(7)));
        assert_eq!("mine".parse(), Ok(Shop::Mine));
        for wrong in ["0", "-1", "linen", ""] {
            assert!(wrong.parse::<Shop>().unwrap_err().contains("`mine`"), "{wrong}");
        }
    }
}
