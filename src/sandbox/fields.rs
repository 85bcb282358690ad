//! The Graph API's way to ask for fields: `id,messages.limit(5){id,message}`.

/// A field asked for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) limit: Option<usize>,
    pub(super) inner: Vec<Field>,
}

/// Reads a list of fields; none if it is no such list.
pub(super) fn parse(text: &str) -> Option<Vec<Field>> {
    let mut rest = text;
    let fields = list(&mut rest)?;
    rest.is_empty().then_some(fields)
}

fn list(rest: &mut &str) -> Option<Vec<Field>> {
    let mut fields = vec![field(rest)?];
    while let Some(after) = rest.strip_prefix(',') {
        *rest = after;
        fields.push(field(rest)?);
    }
    Some(fields)
}

fn field(rest: &mut &str) -> Option<Field> {
    let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric() && letter != '_').unwrap_or(rest.len());
    let (name, after) = rest.split_at(end);
    *rest = after;
    let limit = match rest.strip_prefix(".limit(") {
        None => None,
        Some(after) => {
            let (number, after) = after.split_once(')')?;
            *rest = after;
            Some(number.parse().ok()?)
        }
    };
    let inner = match rest.strip_prefix('{') {
        None => Vec::new(),
        Some(after) => {
            *rest = after;
            let inner = list(rest)?;
            *rest = rest.strip_prefix('}')?;
            inner
        }
    };
    (!name.is_empty()).then(|| Field { name: name.to_owned(), limit, inner })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(name: &str) -> Field {
        Field { name: name.into(), limit: None, inner: Vec::new() }
    }

    #[test]
    fn reads_names_limits_and_inner_fields() {
        let messages =
            Field { name: "messages".into(), limit: Some(5), inner: vec![plain("id"), plain("created_time")] };
        assert_eq!(parse("id,messages.limit(5){id,created_time}"), Some(vec![plain("id"), messages]));
    }

    #[test]
    fn refuses_what_is_no_list_of_fields() {
        for text in ["", "id,", "a{b", "a}", "a.limit(x)", "a b"] {
            assert_eq!(parse(text), None, "{text}");
        }
    }
}
