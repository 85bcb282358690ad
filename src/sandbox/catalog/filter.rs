//! Which items a list is to show: `{"retailer_id":{"eq":"LIN-BLU-M"}}`, with and, or, not.

use serde_json::Value;

use super::shown::Shown;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::sends::No;

/// What an item must be like.
#[derive(Debug, PartialEq)]
pub(super) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    Not(Box<Filter>),
    Field { name: String, is: Is },
}

/// What a field must be like.
#[derive(Debug, PartialEq)]
pub(super) enum Is {
    OneOf(Vec<String>),
    NoneOf(Vec<String>),
    Like(String),
    Unlike(String),
}

impl Filter {
    /// Reads a filter as it stands in a query.
    pub(super) fn of(text: &str) -> Result<Self, No> {
        let wrong = || No::wrong(Refusal::InvalidParameter, format!("this is no filter: {text}"));
        serde_json::from_str(text).ok().and_then(|value| read(&value)).ok_or_else(wrong)
    }

    pub(super) fn fits(&self, item: &Shown<'_>) -> Result<bool, No> {
        match self {
            Filter::All(all) => {
                for filter in all {
                    if !filter.fits(item)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Any(any) => {
                for filter in any {
                    if filter.fits(item)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::Not(filter) => Ok(!filter.fits(item)?),
            Filter::Field { name, is } => Ok(is.fits(&text(&item.field(name)?))),
        }
    }

    /// The only SKUs that can fit, where the filter names them.
    pub(super) fn skus(&self) -> Option<&[String]> {
        match self {
            Filter::Field { name, is: Is::OneOf(skus) } if name == "retailer_id" => Some(skus),
            Filter::All(all) => all.iter().find_map(Filter::skus),
            _ => None,
        }
    }
}

impl Is {
    fn fits(&self, value: &str) -> bool {
        match self {
            Is::OneOf(values) => values.iter().any(|wanted| wanted == value),
            Is::NoneOf(values) => !values.iter().any(|unwanted| unwanted == value),
            Is::Like(part) => value.to_lowercase().contains(part),
            Is::Unlike(part) => !value.to_lowercase().contains(part),
        }
    }
}

fn read(value: &Value) -> Option<Filter> {
    let parts = value.as_object().filter(|members| !members.is_empty())?.iter().map(|(name, inner)| {
        Some(match name.as_str() {
            "and" => Filter::All(inner.as_array()?.iter().map(read).collect::<Option<_>>()?),
            "or" => Filter::Any(inner.as_array()?.iter().map(read).collect::<Option<_>>()?),
            "not" => Filter::Not(Box::new(read(inner)?)),
            name => field(name, inner)?,
        })
    });
    let mut parts = parts.collect::<Option<Vec<_>>>()?;
    Some(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
}

fn field(name: &str, conditions: &Value) -> Option<Filter> {
    let parts = conditions.as_object().filter(|members| !members.is_empty())?.iter().map(|(operator, value)| {
        let list = || Some(value.as_array()?.iter().map(text).collect());
        let is = match operator.as_str() {
            "eq" => Is::OneOf(vec![text(value)]),
            "neq" => Is::NoneOf(vec![text(value)]),
            "is_any" => Is::OneOf(list()?),
            "is_not_any" => Is::NoneOf(list()?),
            "i_contains" => Is::Like(value.as_str()?.to_lowercase()),
            "i_not_contains" => Is::Unlike(value.as_str()?.to_lowercase()),
            _ => return None,
        };
        Some(Filter::Field { name: name.to_owned(), is })
    });
    let mut parts = parts.collect::<Option<Vec<_>>>()?;
    Some(if parts.len() == 1 { parts.remove(0) } else { Filter::All(parts) })
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_read_and_name_their_skus() {
        let filter = Filter::of(r#"{"retailer_id":{"is_any":["A","B"]},"review_status":{"neq":"approved"}}"#).unwrap();
        assert_eq!(filter.skus(), Some(["A".to_owned(), "B".to_owned()].as_slice()));
        let filter = Filter::of(r#"{"or":[{"name":{"i_contains":"Linen"}},{"retailer_id":{"eq":"A"}}]}"#).unwrap();
        assert_eq!(filter.skus(), None, "an item of another SKU may fit");
    }

    #[test]
    fn what_is_no_filter_is_refused() {
        for text in ["", "{}", "[]", r#"{"retailer_id":"A"}"#, r#"{"retailer_id":{"like":"A"}}"#, r#"{"and":{}}"#] {
            assert!(Filter::of(text).unwrap_err().is_wrong_call, "{text}");
        }
    }
}
