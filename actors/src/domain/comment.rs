//! What people say of a seller in public: comments on its posts, mentions elsewhere.

use chrono::{DateTime, Utc};

use super::channel::Account;
use super::ids::CommentId;
use super::named::named;

/// A comment or a mention, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicComment {
    /// Its id.
    pub id: CommentId,
    /// Where and what, by Meta's id: unique.
    pub name: CommentName,
    /// The comment it answers, by Meta's id.
    pub parent: Option<String>,
    /// Meta's id of the post.
    pub media: Option<String>,
    /// Meta's id of the ad that the post is.
    pub ad: Option<String>,
    /// Who wrote it, by Meta's id.
    pub customer: Option<String>,
    /// Who wrote it, by username.
    pub username: Option<String>,
    /// The words. A mention comes without them.
    pub text: Option<String>,
    /// True when the seller's own account wrote it.
    pub is_own: bool,
    /// True when it was said during a live broadcast.
    pub is_live: bool,
    /// When, by Meta's clock.
    pub at: DateTime<Utc>,
}

/// What tells one comment from all others of a seller.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CommentName {
    /// On which account.
    pub account: Account,
    /// Of which kind.
    pub kind: CommentKind,
    /// Meta's id of the comment; of the post, for a mention in a post.
    pub meta_id: String,
}

/// What a comment is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CommentKind {
    /// On a post of the seller's.
    Comment,
    /// Of the seller, in somebody else's post or comment.
    Mention,
}

named!(CommentKind {
    Comment = "comment",
    Mention = "mention",
});
