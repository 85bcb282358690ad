//! How the Graph API says no: the errors the sandbox knows, with status, codes and body.

use std::str::FromStr;

use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// A way in which the Graph API refuses a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Refusal {
    /// 190: the token is none of ours.
    BadToken,
    /// 190/463: the token has run out.
    TokenExpired,
    /// 10/2534022: the customer's latest message is too long ago.
    OutsideWindow,
    /// 100/2534014: this account has no such customer.
    NoMatchingUser,
    /// 100: the call itself is wrong.
    InvalidParameter,
    /// 100/33: no such object, or not for this token.
    ObjectNotFound,
    /// 613/2534040: too many messages.
    MessagingRate,
    /// 4: the whole app calls too much.
    AppRate,
    /// 80002: this Instagram account calls too much.
    InstagramRate,
    /// 80009: too many calls to this catalog.
    CatalogRate,
    /// 80014: too many batches to this catalog.
    CatalogBatchRate,
    /// 1: too much in one call.
    ReduceData,
    /// 10: a permission is missing.
    MissingPermission,
    /// 10800: another item has this SKU.
    DuplicateRetailerId,
    /// 2: a passing fault; it may or may not have been done.
    Transient,
    /// 1/99: an error that says nothing.
    Unknown,
    /// 200: a permission is missing.
    Permission,
    /// 551/1545041: the person cannot be reached.
    PersonUnavailable,
    /// 10/2018278: as [`Self::OutsideWindow`], on Messenger.
    OutsidePageWindow,
    /// 100/2018001: as [`Self::NoMatchingUser`], on Messenger.
    NoMatchingPerson,
    /// 131047: as [`Self::OutsideWindow`], on WhatsApp.
    ReEngagement,
    /// 131026: nobody on WhatsApp has this number or id.
    Undeliverable,
    /// 17: this user calls too much.
    UserRate,
    /// 32: this Page calls too much.
    PageRate,
    /// 341: the whole app calls too much.
    AppLimit,
    /// 613/2018338: too many messages to one customer.
    ThreadRate,
    /// 80001: this Page calls too much for its size.
    PageCallRate,
    /// 80006: this Page sends too much.
    MessengerRate,
    /// 80007: this WhatsApp business calls too much.
    WabaRate,
    /// 130429: this number sends too fast.
    Throughput,
    /// 131048: customers took this number's messages for spam.
    SpamRate,
    /// 131056: too many messages from this number to one customer.
    PairRate,
    /// 190/458: the person removed the app.
    AppRemoved,
    /// 190/460: the person changed the password.
    PasswordChanged,
    /// 190/467: the session is not valid any more.
    SessionInvalid,
    /// 10: a permission is missing.
    NoPermission,
    /// 200/2534041: the owner of the account switched access to messages off.
    MessagesSwitchedOff,
    /// 100/36007: the code was used before, has run out, or is of another app.
    CodeUsed,
    /// 100/2500: the token is too young for a new one.
    TokenTooYoung,
    /// 2200: the callback address did not answer the challenge.
    CallbackNotVerified,
}

/// What a refusal consists of.
struct Parts {
    status: u16,
    code: u32,
    subcode: Option<u32>,
    message: &'static str,
    is_transient: Option<bool>,
}

const fn parts(status: u16, code: u32, subcode: Option<u32>, message: &'static str) -> Parts {
    Parts { status, code, subcode, message, is_transient: None }
}

impl Refusal {
    /// Every refusal; where two share a code, the one meant by the bare code comes first.
    pub const ALL: [Self; 40] = [
        Self::BadToken,
        Self::TokenExpired,
        Self::MissingPermission,
        Self::OutsideWindow,
        Self::InvalidParameter,
        Self::NoMatchingUser,
        Self::ObjectNotFound,
        Self::MessagingRate,
        Self::AppRate,
        Self::InstagramRate,
        Self::Transient,
        Self::Unknown,
        Self::ReduceData,
        Self::CatalogRate,
        Self::CatalogBatchRate,
        Self::DuplicateRetailerId,
        Self::Permission,
        Self::PersonUnavailable,
        Self::OutsidePageWindow,
        Self::NoMatchingPerson,
        Self::ReEngagement,
        Self::Undeliverable,
        Self::UserRate,
        Self::PageRate,
        Self::AppLimit,
        Self::ThreadRate,
        Self::PageCallRate,
        Self::MessengerRate,
        Self::WabaRate,
        Self::Throughput,
        Self::SpamRate,
        Self::PairRate,
        Self::AppRemoved,
        Self::PasswordChanged,
        Self::SessionInvalid,
        Self::NoPermission,
        Self::MessagesSwitchedOff,
        Self::CodeUsed,
        Self::TokenTooYoung,
        Self::CallbackNotVerified,
    ];

    fn parts(self) -> Parts {
        match self {
            Self::BadToken => parts(401, 190, None, "Invalid OAuth access token"),
            Self::TokenExpired => parts(401, 190, Some(463), "Error validating access token: it has expired"),
            Self::OutsideWindow => parts(403, 10, Some(2_534_022), "(#10) The messaging window is closed"),
            Self::NoMatchingUser => parts(400, 100, Some(2_534_014), "(#100) No matching Instagram user"),
            Self::InvalidParameter => parts(400, 100, None, "(#100) Invalid parameter"),
            Self::ObjectNotFound => Parts {
                message: "Unsupported request: the object is missing or not visible",
                ..parts(400, 100, Some(33), "")
            },
            Self::MessagingRate => parts(400, 613, Some(2_534_040), "(#613) Too many messages in this hour"),
            Self::AppRate => {
                Parts { is_transient: Some(true), ..parts(403, 4, None, "(#4) Application limit reached") }
            }
            Self::InstagramRate => parts(403, 80_002, None, "(#80002) Too many calls for this Instagram account"),
            Self::Transient => Parts { is_transient: Some(true), ..parts(500, 2, None, "Unexpected error, try later") },
            Self::Unknown => {
                Parts { is_transient: Some(false), ..parts(500, 1, Some(99), "An unknown error occurred") }
            }
            Self::CatalogRate => parts(403, 80_009, None, "(#80009) Too many calls to this catalog"),
            Self::CatalogBatchRate => parts(403, 80_014, None, "(#80014) Too many batches to this catalog"),
            Self::ReduceData => parts(500, 1, None, "Please reduce the amount of data you're asking for"),
            Self::MissingPermission => {
                parts(403, 10, None, "(#10) Application does not have permission for this action")
            }
            Self::DuplicateRetailerId => parts(400, 10_800, None, "(#10800) Duplicate retailer_id"),
            Self::Permission => parts(403, 200, None, "(#200) Permissions error"),
            Self::PersonUnavailable => parts(400, 551, Some(1_545_041), "(#551) This person is not available"),
            Self::OutsidePageWindow => parts(403, 10, Some(2_018_278), "(#10) The messaging window is closed"),
            Self::NoMatchingPerson => parts(400, 100, Some(2_018_001), "(#100) No matching person"),
            Self::ReEngagement => parts(400, 131_047, None, "(#131047) More than a day since the customer wrote"),
            Self::Undeliverable => parts(400, 131_026, None, "(#131026) The message cannot be delivered"),
            Self::UserRate => parts(400, 17, None, "(#17) User request limit reached"),
            Self::PageRate => parts(400, 32, None, "(#32) Page request limit reached"),
            Self::AppLimit => parts(403, 341, None, "(#341) Application limit reached"),
            Self::ThreadRate => parts(400, 613, Some(2_018_338), "(#613) Too many messages to this person"),
            Self::PageCallRate => parts(403, 80_001, None, "(#80001) Too many calls to this Page account"),
            Self::MessengerRate => parts(403, 80_006, None, "(#80006) Too many calls for this Messenger account"),
            Self::WabaRate => parts(400, 80_007, None, "(#80007) Rate limit issues"),
            Self::Throughput => parts(400, 130_429, None, "(#130429) Rate limit hit"),
            Self::SpamRate => parts(400, 131_048, None, "(#131048) Spam rate limit hit"),
            Self::AppRemoved => parts(401, 190, Some(458), "Error validating access token: the app was removed"),
            Self::PasswordChanged => parts(401, 190, Some(460), "Error validating access token: new password"),
            Self::SessionInvalid => parts(401, 190, Some(467), "Error validating access token: session invalid"),
            Self::NoPermission => parts(403, 10, None, "(#10) Application does not have permission"),
            Self::MessagesSwitchedOff => parts(403, 200, Some(2_534_041), "(#200) Access to messages is off"),
            Self::CodeUsed => parts(400, 100, Some(36_007), "This authorization code cannot be used"),
            Self::TokenTooYoung => parts(400, 100, Some(2_500), "(#100) The token cannot be refreshed yet"),
            Self::CallbackNotVerified => parts(400, 2_200, None, "(#2200) Callback verification failed"),
            Self::PairRate => parts(400, 131_056, None, "(#131056) Pair rate limit hit"),
        }
    }

    /// WhatsApp puts its details where the others have a subcode.
    fn is_whatsapps(self) -> bool {
        use Refusal::{PairRate, ReEngagement, SpamRate, Throughput, Undeliverable, WabaRate};
        matches!(self, ReEngagement | Undeliverable | WabaRate | Throughput | SpamRate | PairRate)
    }

    /// The HTTP status it comes with.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.parts().status).expect("the table holds real statuses")
    }

    /// The body it comes with; `trace` is Meta's own id of the call.
    pub(super) fn body(self, detail: Option<&str>, trace: &str) -> Value {
        let parts = self.parts();
        let message = match detail {
            Some(detail) => format!("{}: {detail}", parts.message),
            None => parts.message.to_owned(),
        };
        let kind = if self == Self::ObjectNotFound { "GraphMethodException" } else { "OAuthException" };
        let mut error = json!({"message": message, "type": kind, "code": parts.code, "fbtrace_id": trace});
        if let Some(subcode) = parts.subcode {
            error["error_subcode"] = subcode.into();
        }
        if self.is_whatsapps() {
            error["error_data"] = json!({"messaging_product": "whatsapp", "details": parts.message});
        }
        if let Some(is_transient) = parts.is_transient {
            error["is_transient"] = is_transient.into();
        }
        json!({ "error": error })
    }
}

/// Said of a code the sandbox has no error for.
#[derive(Debug, thiserror::Error)]
#[error(
    "the sandbox knows no error {0}; try 190, 190/463, 10/2534022, 100, 613, 4, 17, 80002, 80009, 80014, 2, 1, 200, 551 or 131047"
)]
pub struct UnknownCode(String);

impl FromStr for Refusal {
    type Err = UnknownCode;

    /// Finds a refusal by `code` or `code/subcode`.
    fn from_str(text: &str) -> Result<Self, UnknownCode> {
        let (code, subcode) = text.split_once('/').map_or((text, None), |(code, subcode)| (code, Some(subcode)));
        let is_meant = |refusal: &Self| {
            let parts = refusal.parts();
            let same_subcode = subcode.is_none_or(|given| parts.subcode.is_some_and(|own| own.to_string() == given));
            parts.code.to_string() == code && same_subcode
        };
        Self::ALL.into_iter().find(is_meant).ok_or_else(|| UnknownCode(text.to_owned()))
    }
}

impl From<Refusal> for String {
    /// Its codes, as [`Refusal::from_str`] reads them.
    fn from(refusal: Refusal) -> Self {
        let parts = refusal.parts();
        match parts.subcode {
            Some(subcode) => format!("{}/{subcode}", parts.code),
            None => parts.code.to_string(),
        }
    }
}

impl TryFrom<String> for Refusal {
    type Error = UnknownCode;

    fn try_from(text: String) -> Result<Self, UnknownCode> {
        text.parse()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::samples::{key_paths, sample};

    #[test]
    fn every_refusal_has_the_shape_and_codes_of_its_sample() {
        for (refusal, file) in [
            (Refusal::BadToken, "error_190_no_subcode"),
            (Refusal::TokenExpired, "error_190_463_expired"),
            (Refusal::AppRemoved, "error_190_458_app_removed"),
            (Refusal::PasswordChanged, "error_190_460_password_changed"),
            (Refusal::SessionInvalid, "error_190_467_invalid"),
            (Refusal::NoPermission, "error_10_permission"),
            (Refusal::MessagesSwitchedOff, "error_200_2534041_messages_access_disabled"),
            (Refusal::OutsideWindow, "error_10_2534022_outside_window"),
            (Refusal::NoMatchingUser, "error_100_2534014_no_matching_user"),
            (Refusal::InvalidParameter, "error_100_invalid_parameter"),
            (Refusal::InvalidParameter, "error_100_message_tag_removed"),
            (Refusal::ObjectNotFound, "error_100_33_object_not_found"),
            (Refusal::MessagingRate, "error_613_2534040_rate"),
            (Refusal::AppRate, "error_4_app_rate"),
            (Refusal::UserRate, "error_17_user_rate"),
            (Refusal::PageRate, "error_32_page_rate"),
            (Refusal::PageCallRate, "error_80001_page_rate"),
            (Refusal::MessengerRate, "error_80006_messenger_rate"),
            (Refusal::WabaRate, "whatsapp_error_80007_waba_rate"),
            (Refusal::Throughput, "whatsapp_error_130429_throughput"),
            (Refusal::PairRate, "whatsapp_error_131056_pair_rate"),
            (Refusal::InstagramRate, "error_80002_instagram_rate"),
            (Refusal::Transient, "error_2_transient"),
            (Refusal::Unknown, "error_1_unknown"),
            (Refusal::Permission, "error_200_permission"),
            (Refusal::PersonUnavailable, "error_551_user_unavailable"),
            (Refusal::OutsidePageWindow, "error_10_2018278_outside_window"),
            (Refusal::NoMatchingPerson, "error_100_2018001_no_matching_user"),
            (Refusal::ReEngagement, "whatsapp_error_131047_reengagement"),
            (Refusal::CatalogRate, "error_80009_catalog_management_rate"),
            (Refusal::CatalogBatchRate, "error_80014_catalog_batch_rate"),
            (Refusal::ReduceData, "error_1_reduce_data"),
            (Refusal::MissingPermission, "error_10_permission"),
            (Refusal::DuplicateRetailerId, "error_10800_duplicate_retailer_id"),
        ] {
            let sample = sample(&format!("graph/{file}.json"));
            let body = refusal.body(None, "AbTrace");
            assert_eq!(key_paths(&body), key_paths(&sample), "{file}");
            for key in ["type", "code", "error_subcode", "is_transient"] {
                assert_eq!(body["error"][key], sample["error"][key], "{key} of {file}");
            }
        }
    }

    #[test]
    fn refusals_are_found_by_their_codes() {
        for (text, refusal) in [
            ("190", Refusal::BadToken),
            ("190/463", Refusal::TokenExpired),
            ("100", Refusal::InvalidParameter),
            ("613", Refusal::MessagingRate),
            ("10/2534022", Refusal::OutsideWindow),
            ("10", Refusal::MissingPermission),
            ("80014", Refusal::CatalogBatchRate),
        ] {
            assert_eq!(text.parse::<Refusal>().unwrap(), refusal);
        }
        assert!("190/1".parse::<Refusal>().is_err());
    }
}
