//! What whole bodies tell, as Meta may deliver it at its worst: taken apart, doubled, in any order, some together in a
//! POST, and late. Texts stay as they are, byte for byte, whatever they hold.

use std::time::Duration;

use bytes::Bytes;
use rand::rngs::StdRng;
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::delivery::Progress;
use super::wire::json_text;

/// The lists of an entry in which events stand.
const LISTS: [&str; 3] = ["messaging", "standby", "changes"];

/// How things are mixed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mixing {
    /// Decides the order, what comes together, and how late.
    pub seed: u64,
    /// How often each event is delivered, though it was taken.
    pub copies: usize,
    /// A POST holds so many events at most.
    pub most_per_post: usize,
    /// Each POST comes at some moment within this time.
    pub within: Duration,
}

/// What came of a mixed delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mixed {
    /// How many pieces were delivered, copies included.
    pub pieces: usize,
    /// How each POST ended.
    pub posts: Vec<Progress>,
}

/// One POST to be.
pub(super) struct Post {
    pub(super) body: Bytes,
    pub(super) delay: Duration,
}

/// The smallest thing that can be delivered by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// An entry of a body about such an object, with one event at most in its lists.
    Entry { object: String, entry: String },
    /// A body that has no entries.
    Body(String),
}

#[derive(Deserialize)]
struct Body<'a> {
    object: String,
    #[serde(borrow, default)]
    entry: Vec<&'a RawValue>,
}

/// The members of an object in their order, as text.
struct Members<'a>(Vec<(String, &'a RawValue)>);

/// The POSTs that bring what the bodies tell, and how many pieces that is with all copies.
pub(super) fn posts(bodies: &[&str], mixing: &Mixing) -> Result<(Vec<Post>, usize), serde_json::Error> {
    let mut rng = StdRng::seed_from_u64(mixing.seed);
    let mut pieces = Vec::new();
    for body in bodies {
        take_apart(body, &mut pieces)?;
    }
    let mut pieces: Vec<&Piece> = std::iter::repeat_n(&pieces, mixing.copies).flatten().collect();
    pieces.shuffle(&mut rng);
    let (mut posts, mut rest) = (Vec::new(), pieces.as_slice());
    while !rest.is_empty() {
        let few = rng.random_range(1..=mixing.most_per_post.max(1)).min(rest.len());
        let (together, others) = rest.split_at(few);
        let delays = std::iter::repeat_with(|| mixing.within.mul_f64(rng.random()));
        posts.extend(put_together(together).into_iter().zip(delays).map(|(body, delay)| Post { body, delay }));
        rest = others;
    }
    Ok((posts, pieces.len()))
}

/// Documentation shows bodies in an array, so that is taken apart, too.
fn take_apart(body: &str, pieces: &mut Vec<Piece>) -> Result<(), serde_json::Error> {
    if body.trim_start().starts_with('[') {
        let bodies: Vec<&RawValue> = serde_json::from_str(body)?;
        return bodies.into_iter().try_for_each(|body| take_apart(body.get(), pieces));
    }
    let Body { object, entry: entries } = serde_json::from_str(body)?;
    if entries.is_empty() {
        pieces.push(Piece::Body(body.to_owned()));
    }
    for entry in entries {
        let each = split(entry)?.into_iter();
        pieces.extend(each.map(|entry| Piece::Entry { object: object.clone(), entry }));
    }
    Ok(())
}

/// An entry for each of its events; as it is when it has no more than one.
fn split(entry: &RawValue) -> Result<Vec<String>, serde_json::Error> {
    let Members(members) = serde_json::from_str(entry.get())?;
    let (lists, others): (Vec<_>, Vec<_>) = members.into_iter().partition(|(name, _)| LISTS.contains(&name.as_str()));
    let mut events = Vec::new();
    for (name, list) in lists {
        let items: Vec<&RawValue> = serde_json::from_str(list.get())?;
        events.extend(items.into_iter().map(|item| format!("{}:[{}]", json_text(&name), item.get())));
    }
    if events.len() < 2 {
        return Ok(vec![entry.get().to_owned()]);
    }
    let others: String = others.iter().map(|(name, value)| format!("{}:{},", json_text(name), value.get())).collect();
    Ok(events.into_iter().map(|event| format!("{{{others}{event}}}")).collect())
}

/// As few bodies as can hold these pieces: each is about one object.
fn put_together(pieces: &[&Piece]) -> Vec<Bytes> {
    let (mut bodies, mut objects) = (Vec::new(), Vec::<(&str, Vec<&str>)>::new());
    for piece in pieces {
        match piece {
            Piece::Body(body) => bodies.push(Bytes::from(body.clone())),
            Piece::Entry { object, entry } => match objects.iter_mut().find(|(known, _)| known == object) {
                Some((_, entries)) => entries.push(entry),
                None => objects.push((object, vec![entry])),
            },
        }
    }
    let body = |(object, entries): (&str, Vec<&str>)| {
        Bytes::from(format!(r#"{{"object":{},"entry":[{}]}}"#, json_text(object), entries.join(",")))
    };
    bodies.extend(objects.into_iter().map(body));
    bodies
}

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(InOrder).map(Members)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    const MIXING: Mixing = Mixing { seed: 3, copies: 2, most_per_post: 4, within: Duration::from_secs(1) };
    const PAGE: &str = r#"{"object":"page","entry":[{"id":"1","time":5,"messaging":[{"n":1.50},{"n":"\ud83d"}]},
                          {"id":"2","changes":[{"n":3}],"time":6},{"id":"3","field":"feed","value":{"n":4}}]}"#;
    const BARE: &str = r#"[{"object":"instagram","entry":[]}]"#;

    fn bodies(mixing: &Mixing) -> Vec<String> {
        let (posts, pieces) = posts(&[PAGE, BARE], mixing).unwrap();
        assert_eq!(pieces, 5 * mixing.copies);
        assert!(posts.iter().all(|post| post.delay <= mixing.within));
        posts.iter().map(|post| String::from_utf8(post.body.to_vec()).unwrap()).collect()
    }

    #[test]
    fn each_event_comes_as_often_as_wanted_and_in_its_own_bytes() {
        let all = bodies(&MIXING).join("\n");
        for text in [
            r#"{"id":"1","time":5,"messaging":[{"n":1.50}]}"#,
            r#"{"id":"1","time":5,"messaging":[{"n":"\ud83d"}]}"#,
            r#"{"id":"2","changes":[{"n":3}],"time":6}"#,
            r#"{"id":"3","field":"feed","value":{"n":4}}"#,
            r#"{"object":"instagram","entry":[]}"#,
        ] {
            assert_eq!(all.matches(text).count(), 2, "{text}\n{all}");
        }
    }

    #[test]
    fn a_seed_is_an_order() {
        assert_eq!(bodies(&MIXING), bodies(&MIXING));
        assert_ne!(bodies(&MIXING), bodies(&Mixing { seed: 4, ..MIXING }));
        assert_eq!(bodies(&Mixing { copies: 1, most_per_post: 1, ..MIXING }).len(), 5);
    }

    #[test]
    fn a_post_is_about_one_object_and_a_body_in_it() {
        for body in bodies(&Mixing { most_per_post: 10, ..MIXING }) {
            let Ok(body) = serde_json::from_str::<Value>(&body) else { continue };
            assert!(body["object"].is_string() && body["entry"].is_array(), "{body}");
        }
    }

    #[test]
    fn what_is_no_body_is_refused() {
        for body in ["", "{}", "no json", r#"{"object":"page","entry":[5]}"#] {
            assert!(posts(&[body], &MIXING).is_err(), "{body}");
        }
    }
}
