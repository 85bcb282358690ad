//! Sorts everything that can come of a request, once: was it surely not done, may it have been done, can it help to
//! try again. Meta's own words are left out, as they may repeat a token or a customer's; its codes and trace ids stay.

use std::error::Error;
use std::fmt::Write;
use std::time::Duration;

use actors::domain::budget::hold::Limit;
use actors::domain::event::CallResult;
use actors::failpoint::Injected;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::limits;

const LONGEST_TEXT: usize = 200;
const LONGEST_TRACE: usize = 64;
/// Of what Meta says of an item, which a person is to read.
const LONGEST_WORDS: usize = 300;

/// Whether doing a thing twice does harm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// It does: Meta has no way to tell a repeated message from a second one.
    Send,
    /// It does not.
    Read,
}

/// What Meta answered.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    /// How long the headers ask us to wait.
    pub(super) after: Option<Duration>,
    pub(super) body: Vec<u8>,
}

/// Why a request did not do what it was to do.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Nothing reached Meta.
    NotSent(String),
    /// Meta wants us to slow down, and did nothing.
    Throttled { error: String, after: Option<Duration>, limit: Limit },
    /// It may have been done.
    Uncertain { error: String, after: Option<Duration> },
    /// It was not done, and the same again will not be.
    Refused { class: Class, code: String, error: String, words: String },
    /// It was not done, and may be if less is asked for in one call.
    TooMuch { error: String, after: Option<Duration> },
    /// It was not done, as the token is not taken; with another one it will be.
    Token { code: String, generation: Option<i64> },
    /// It was done, and the answer to the question is that it cannot be answered.
    Unanswerable(String),
}

impl Answer {
    /// The answer as `T`, or what is wrong with it: an `error` is one whatever the status says.
    pub(super) fn read<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let body: Option<Value> = serde_json::from_slice(&self.body).ok();
        if let Some(told) = body.as_ref().and_then(Told::by) {
            return Err(told.fault(self));
        }
        if !self.status.is_success() {
            return Err(Told::default().fault(self));
        }
        body.and_then(|body| T::deserialize(body).ok()).ok_or_else(|| {
            Fault::uncertain(&format!("answered {} with something else than was asked for", self.status.as_u16()))
        })
    }
}

impl Fault {
    pub(super) fn refused(code: &str, error: &str) -> Self {
        Fault::refused_as(Class::Unknown, code, error)
    }

    pub(super) fn refused_as(class: Class, code: &str, error: &str) -> Self {
        Fault::Refused { class, code: code.to_owned(), error: error.to_owned(), words: String::new() }
    }

    pub(super) fn too_much(error: String) -> Self {
        Fault::TooMuch { error, after: None }
    }

    pub(super) fn uncertain(error: &str) -> Self {
        Fault::Uncertain { error: error.to_owned(), after: None }
    }

    /// The limit that it is about, if it is about one.
    pub(super) fn limit(&self) -> Option<&Limit> {
        match self {
            Fault::Throttled { limit, .. } => Some(limit),
            Fault::NotSent(_) | Fault::Uncertain { .. } | Fault::Refused { .. } => None,
            Fault::TooMuch { .. } | Fault::Token { .. } | Fault::Unanswerable(_) => None,
        }
    }

    /// What it means to those who asked with a token of this generation.
    pub(super) fn result(self, kind: Kind, asked_with: Option<i64>) -> CallResult {
        let after_ms =
            |after: Option<Duration>| after.map(|after| u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
        match (self, kind) {
            (Fault::NotSent(error), _) => CallResult::Again { error, after_ms: None },
            (Fault::Throttled { error, after, .. }, _) => CallResult::Again { error, after_ms: after_ms(after) },
            (Fault::Uncertain { error, after }, Kind::Read) => CallResult::Again { error, after_ms: after_ms(after) },
            (Fault::Uncertain { error, .. }, Kind::Send) => CallResult::Unknown { error },
            (Fault::Refused { code, error, .. }, _) => CallResult::Refused { code, error },
            // Of what is small already it says nothing.
            (Fault::TooMuch { error, after }, Kind::Read) => CallResult::Again { error, after_ms: after_ms(after) },
            (Fault::TooMuch { error, .. }, Kind::Send) => CallResult::Unknown { error },
            (Fault::Token { code, generation }, _) => {
                CallResult::TokenRefused { code, generation: generation.or(asked_with) }
            }
            (Fault::Unanswerable(error), _) => CallResult::Unknown { error },
        }
    }
}

impl From<Injected> for Fault {
    /// Wherever it was made to fail: what the caller is told must hold for all of them.
    fn from(_: Injected) -> Self {
        Fault::uncertain("a fail point made the call fail")
    }
}

impl From<reqwest::Error> for Fault {
    fn from(error: reqwest::Error) -> Self {
        // The error's own text holds the address, and so a customer's id; its causes do not.
        let mut cause: &dyn Error = &error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        let cause = if error.source().is_some() { bounded(&cause.to_string(), LONGEST_TEXT) } else { String::new() };
        if error.is_builder() {
            Fault::refused("no_request", &format!("the request could not be made: {cause}"))
        } else if error.is_connect() {
            Fault::NotSent(format!("could not connect to the Graph API: {cause}"))
        } else if error.is_timeout() {
            Fault::uncertain("the Graph API did not answer in time")
        } else {
            Fault::uncertain(&format!("the connection broke before the whole answer was there: {cause}"))
        }
    }
}

/// What Meta told of an error.
#[derive(Default)]
struct Told {
    code: Option<i64>,
    subcode: Option<i64>,
    is_transient: bool,
    trace: String,
    /// Meta's own words, which may repeat anything that was sent.
    words: String,
}

impl Told {
    /// The `error` of the Graph API, or the flat shape that signing in to Instagram answers with.
    fn by(body: &Value) -> Option<Self> {
        let Some(error) = body.get("error") else {
            body.get("error_message")?;
            return Some(Self { code: number(body.get("code")), ..Self::default() });
        };
        let trace = error.get("fbtrace_id").and_then(Value::as_str).unwrap_or_default();
        let words = ["error_user_msg", "message"].iter().find_map(|name| error.get(name)?.as_str());
        Some(Self {
            code: number(error.get("code")),
            subcode: number(error.get("error_subcode")),
            is_transient: error.get("is_transient").and_then(Value::as_bool).unwrap_or_default(),
            trace: trace
                .chars()
                .filter(|c| c.is_ascii_alphanumeric() || "-_".contains(*c))
                .take(LONGEST_TRACE)
                .collect(),
            words: bounded(words.unwrap_or_default(), LONGEST_WORDS),
        })
    }

    fn fault(&self, answer: &Answer) -> Fault {
        let class = self.class(answer.status);
        let (error, after) = (self.text(class, answer.status), answer.after);
        match class {
            Class::Limit => {
                let limit = limits::told(self.code, self.subcode, self.code_text(answer.status), after);
                Fault::Throttled { error, after, limit }
            }
            Class::TooMuch => Fault::TooMuch { error, after },
            Class::Transient => Fault::Uncertain { error, after },
            _ if self.is_about_the_token() => Fault::Token { code: self.code_text(answer.status), generation: None },
            _ => {
                let (code, words) = (self.code_text(answer.status), self.words.clone());
                Fault::Refused { class, code, error, words }
            }
        }
    }

    /// The code decides where it is clear; the status only where it is not.
    fn class(&self, status: StatusCode) -> Class {
        let known = self.code.and_then(|code| Class::of(code, self.subcode));
        match known {
            Some(Class::Limit) => Class::Limit,
            // Code 1 says nothing else; only the words do.
            _ if self.code == Some(1) && self.words.contains("reduce the amount of data") => Class::TooMuch,
            _ if self.is_transient => Class::Transient,
            Some(class) => class,
            None if status == StatusCode::TOO_MANY_REQUESTS => Class::Limit,
            None if status == StatusCode::PAYLOAD_TOO_LARGE => Class::TooMuch,
            None if status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT => Class::Transient,
            None => Class::Unknown,
        }
    }

    /// Whether another token would help. A permission that is missing is meant only where no subcode tells of a
    /// customer, or of what this one call asked for.
    fn is_about_the_token(&self) -> bool {
        let Some(code) = self.code else { return false };
        match (code, self.subcode) {
            (0 | 102 | 190 | 36103, _) => true,
            (10, Some(2534077)) | (100, Some(2534013)) | (200, Some(2534041)) => true,
            (10 | 200..=299 | 131005, None) => Class::of(code, None) == Some(Class::Permission),
            _ => false,
        }
    }

    fn code_text(&self, status: StatusCode) -> String {
        match (self.code, self.subcode) {
            (Some(code), Some(subcode)) => format!("{code}/{subcode}"),
            (Some(code), None) => code.to_string(),
            (None, _) => format!("http/{}", status.as_u16()),
        }
    }

    fn text(&self, class: Class, status: StatusCode) -> String {
        let mut text = format!("{} ({}", class.sentence(), self.code_text(status));
        if !self.trace.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, ", trace {}", self.trace);
        }
        text + ")"
    }
}

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    Limit,
    TooMuch,
    Transient,
    Window,
    Policy,
    Reconnect,
    Permission,
    Recipient,
    Thread,
    Missing,
    Parameter,
    Unknown,
}

impl Class {
    /// The class of a code that is clear, of the Graph API, Instagram, Messenger and WhatsApp alike.
    fn of(code: i64, subcode: Option<i64>) -> Option<Self> {
        let class = match (code, subcode) {
            (4 | 17 | 32 | 341 | 613 | 80000..=80099 | 130429 | 131048 | 131056, _) => Class::Limit,
            // 1 and 2 come for messages that did arrive, too.
            (1 | 2 | 131000 | 131016 | 131057 | 133004, _) => Class::Transient,
            (10, Some(2018065 | 2018278 | 2534022)) | (131047, _) => Class::Window,
            (10, Some(1893063)) | (100, Some(2534029)) => Class::Policy,
            (368 | 2022 | 130497 | 131031 | 131064 | 133016, _) => Class::Policy,
            (10, Some(2534077)) | (100, Some(2534013)) | (200, Some(2534041)) => Class::Reconnect,
            (0 | 102 | 190 | 36103 | 131037 | 131042 | 131045, _) => Class::Reconnect,
            (10, Some(2018108)) | (100, Some(2018001 | 2534014)) | (200, Some(1545041)) => Class::Recipient,
            (230 | 551 | 9010 | 130403 | 130472 | 131026 | 131030 | 131049 | 131050 | 131062, _) => Class::Recipient,
            (100, Some(2018300 | 2018321 | 2534037)) | (27, _) => Class::Thread,
            (100, Some(33)) | (33 | 9000001, _) => Class::Missing,
            (3 | 10 | 200..=299 | 131005, _) => Class::Permission,
            (100 | 506 | 2500 | 10800 | 10801 | 131008 | 131009 | 131021 | 131051..=131053, _) => Class::Parameter,
            (132000..=132016 | 132068 | 132069, _) => Class::Parameter,
            _ => return None,
        };
        Some(class)
    }

    fn sentence(self) -> &'static str {
        match self {
            Class::Limit => "Meta asks to slow down",
            Class::TooMuch => "Meta asks for less in one call",
            Class::Transient => "Meta had trouble of its own",
            Class::Window => {
                "the customer has not written for too long: only a person may answer, in Meta's inbox or by a template"
            }
            Class::Policy => "Meta has restricted the account: look at its support inbox",
            Class::Reconnect => {
                "Meta no longer accepts the connection: reconnect the account and allow access to messages"
            }
            Class::Permission => "a permission is missing: reconnect the account and grant it",
            Class::Recipient => "the customer cannot be written to",
            Class::Thread => "another app has the conversation: answer there",
            Class::Missing => "Meta does not have it, or does not show it to this account",
            Class::Parameter => "Meta did not understand the request",
            Class::Unknown => "Meta answered with an error unknown to this version",
        }
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    let value = value?;
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

pub(super) fn bounded(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;
    use proptest::prelude::*;

    const PAUSE: Duration = Duration::from_secs(180);

    #[derive(Clone, Copy, Debug)]
    enum Wanted {
        /// Again, after what the header says, for sends and reads.
        Limit,
        /// Unknown for sends, again for reads.
        Ambiguous,
        /// Refused with this code.
        No(&'static str),
        /// The same, for the token it was asked with.
        Token(&'static str),
    }
    use Wanted::{Ambiguous, Limit, No, Token};

    const SAMPLES: [(&str, Wanted); 49] = [
        ("error_100_2018001_no_matching_user", No("100/2018001")),
        ("error_100_2018320_bad_product_id", No("100/2018320")),
        ("error_100_2534014_no_matching_user", No("100/2534014")),
        ("error_100_2534025_bad_private_reply", No("100/2534025")),
        ("error_100_2534037_not_thread_owner", No("100/2534037")),
        ("error_100_33_object_not_found", No("100/33")),
        ("error_100_invalid_parameter", No("100")),
        ("error_100_message_tag_removed", No("100")),
        ("error_10800_duplicate_retailer_id", No("10800")),
        ("error_10_1893063_restricted", No("10/1893063")),
        ("error_10_2018278_outside_window", No("10/2018278")),
        ("error_10_2534022_outside_window", No("10/2534022")),
        ("error_10_permission", Token("10")),
        ("error_17_user_rate", Limit),
        ("error_190_458_app_removed", Token("190/458")),
        ("error_190_460_password_changed", Token("190/460")),
        ("error_190_463_expired", Token("190/463")),
        ("error_190_467_invalid", Token("190/467")),
        ("error_190_ig_api_exception", Token("190")),
        ("error_190_no_subcode", Token("190")),
        ("error_1_reduce_data", Ambiguous),
        ("error_1_unknown", Ambiguous),
        ("error_200_2534041_messages_access_disabled", Token("200/2534041")),
        ("error_200_permission", Token("200")),
        ("error_230_profile_consent", No("230")),
        ("error_27_take_control_not_enabled", No("27")),
        ("error_2_transient", Ambiguous),
        ("error_32_page_rate", Limit),
        ("error_368_blocked", No("368")),
        ("error_4_app_rate", Limit),
        ("error_551_user_unavailable", No("551/1545041")),
        ("error_613_2534040_rate", Limit),
        ("error_80001_page_rate", Limit),
        ("error_80002_instagram_rate", Limit),
        ("error_80006_messenger_rate", Limit),
        ("error_80009_catalog_management_rate", Limit),
        ("error_80014_catalog_batch_rate", Limit),
        ("error_9000001_message_deleted", No("9000001")),
        ("error_9010_no_matching_user", No("9010")),
        ("whatsapp_error_130429_throughput", Limit),
        ("whatsapp_error_131000_unknown", Ambiguous),
        ("whatsapp_error_131030_not_in_allowed_list", No("131030")),
        ("whatsapp_error_131047_reengagement", No("131047")),
        ("whatsapp_error_131056_pair_rate", Limit),
        ("whatsapp_error_80007_waba_rate", Limit),
        // The same error under other statuses: the code is what counts.
        ("error_190_463_expired@200", Token("190/463")),
        ("error_190_463_expired@500", Token("190/463")),
        ("error_1_unknown@200", Ambiguous),
        ("error_80002_instagram_rate@429", Limit),
    ];

    fn samples() -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/samples/graph")
    }

    fn results(status: u16, body: &[u8]) -> [CallResult; 2] {
        [Kind::Send, Kind::Read].map(|kind| {
            let status = StatusCode::from_u16(status).unwrap();
            let answer = Answer { status, after: Some(PAUSE), body: body.to_vec() };
            match answer.read::<super::super::wire::Sent>() {
                Ok(sent) => CallResult::Accepted { mid: sent.message_id },
                Err(fault) => fault.result(kind, Some(7)),
            }
        })
    }

    fn check(name: &str, results: [CallResult; 2], wanted: Wanted) {
        use CallResult::{Again, Refused, TokenRefused, Unknown};
        let pause = Some(180_000);
        let right = match (&results, wanted) {
            ([Again { after_ms: one, .. }, Again { after_ms: two, .. }], Limit) => *one == pause && *two == pause,
            ([Unknown { .. }, Again { after_ms, .. }], Ambiguous) => *after_ms == pause,
            ([Refused { code: one, .. }, Refused { code: two, .. }], No(code)) => one == code && two == code,
            ([TokenRefused { code, generation: Some(7) }, other], Token(wanted)) => {
                code == wanted && results[0] == *other
            }
            _ => false,
        };
        assert!(right, "{name} became {results:?}, not {wanted:?}");
    }

    #[test]
    fn every_sample_is_sorted_as_meta_means_it() {
        for (name, wanted) in SAMPLES {
            let (file, status) = name.split_once('@').unwrap_or((name, "400"));
            let body = fs::read(samples().join(format!("{file}.json"))).unwrap();
            check(name, results(status.parse().unwrap(), &body), wanted);
        }
        for file in fs::read_dir(samples()).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let listed = SAMPLES.iter().any(|(listed, _)| name == format!("{listed}.json"));
            assert!(listed || !name.contains("error_"), "{name} has no row in the table");
        }
    }

    #[test]
    fn an_answer_without_a_clear_code_is_judged_by_its_status() {
        let cases = [
            (429, "<html>slow down</html>", Limit),
            (500, "", Ambiguous),
            (502, "<html>bad gateway</html>", Ambiguous),
            (503, r#"{"oops":true}"#, Ambiguous),
            (408, "", Ambiguous),
            (404, "not found", No("http/404")),
            (401, r#"{"error":{"message":"who?"}}"#, No("http/401")),
            (400, r#"{"error":"bad"}"#, No("http/400")),
            (302, "", No("http/302")),
            (400, r#"{"error":{"code":777}}"#, No("777")),
            (429, r#"{"error":{"code":777}}"#, Limit),
            (500, r#"{"error":{"code":777}}"#, Ambiguous),
            (400, r#"{"error":{"code":777,"is_transient":true}}"#, Ambiguous),
            (400, r#"{"error":{"code":"190","error_subcode":"463"}}"#, Token("190/463")),
            (400, r#"{"error":{"code":613,"error_subcode":2018338}}"#, Limit),
            (400, r#"{"error":{"code":131048}}"#, Limit),
            (400, r#"{"error_type":"OAuthException","code":400,"error_message":"no"}"#, No("400")),
        ];
        for (status, body, wanted) in cases {
            check(&format!("{status} {body}"), results(status, body.as_bytes()), wanted);
        }
    }

    #[test]
    fn every_error_that_whatsapp_documents_is_sorted() {
        let again = "4 80007 130429 131048 131056";
        let ambiguous = "1 2 131000 131016 131057 133004";
        let token = "0 10 102 190 200 299 36103 131005";
        let never = "3 33 100 368 130403 130472 130497 131008 131009 131021 131026 131030 \
            131031 131037 131042 131045 131047 131049 131050 131051 131052 131053 131062 131064 132000 132016 \
            132068 132069 133016";
        let groups = [(again, Some(Limit)), (ambiguous, Some(Ambiguous)), (token, None), (never, None)];
        for (codes, wanted) in groups {
            for code in codes.split_whitespace() {
                let wanted = wanted.unwrap_or(if codes == token { Token(code) } else { No(code) });
                check(code, results(400, format!(r#"{{"error":{{"code":{code}}}}}"#).as_bytes()), wanted);
                assert_ne!(Class::of(code.parse().unwrap(), None), None, "{code} has a class of its own");
            }
        }
    }

    #[test]
    fn success_of_another_shape_may_have_been_done() {
        for body in
            ["", "<html>ok</html>", "{}", r#"{"message_id":""}"#, r#"{"message_id":null}"#, "[]", r#"{"message_id":"#]
        {
            let [send, read] = results(200, body.as_bytes());
            assert!(matches!(send, CallResult::Unknown { .. }), "{body}: {send:?}");
            assert!(matches!(read, CallResult::Again { after_ms: None, .. }), "{body}: {read:?}");
        }
        let sent = br#"{"recipient_id":5614879000000001,"message_id":17841400000000001}"#;
        assert_eq!(results(200, sent)[0], CallResult::Accepted { mid: "17841400000000001".to_owned() });
    }

    #[test]
    fn the_text_has_code_and_trace_and_none_of_metas_words() {
        let body = r#"{"error":{"message":"Bad text EAAB","code":100,"error_subcode":463,"fbtrace_id":"A<b>-_9"}}"#;
        let [CallResult::Refused { error, .. }, _] = results(400, body.as_bytes()) else { panic!("not refused") };
        assert!(error.ends_with("(100/463, trace Ab-_9)") && !error.contains("EAAB"), "{error}");
        let long = format!(r#"{{"error":{{"code":1,"fbtrace_id":"{}"}}}}"#, "x".repeat(10_000));
        let [CallResult::Unknown { error }, _] = results(400, long.as_bytes()) else { panic!("not unknown") };
        assert!(error.len() < 200, "{error}");
    }

    proptest! {
        /// Whatever comes, a send is accepted only with a message id, and nobody panics.
        #[test]
        fn no_answer_is_too_odd(status in 200u16..600, body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let [send, _] = results(status, &body);
            prop_assert!(!matches!(send, CallResult::Accepted { .. } | CallResult::Looked { .. }), "{:?}", send);
        }

        #[test]
        fn no_error_is_too_odd(code in any::<i64>(), subcode in any::<Option<i64>>(), status in 200u16..600) {
            let body = serde_json::json!({"error": {"code": code, "error_subcode": subcode}, "message_id": "m"});
            let [send, _] = results(status, body.to_string().as_bytes());
            prop_assert!(!matches!(send, CallResult::Accepted { .. }), "{:?}", send);
        }
    }
}
