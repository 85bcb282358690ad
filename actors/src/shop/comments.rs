//! What people say in public is kept, once.

use std::collections::BTreeSet;

use crate::domain::comment::{CommentKind, CommentName, PublicComment};
use crate::domain::event::{Comment, Happening, Mention, StoredEvent};
use crate::domain::ids::CommentId;
use crate::domain::outcome::{Outcome, Reason};

use super::step::Step;
use super::{LONGEST_ID, Shop};

impl Step<'_> {
    pub(super) fn commented(&mut self, event: &StoredEvent, comment: &Comment) -> Outcome {
        self.keep_comment(PublicComment {
            id: CommentId(0),
            name: name_of_comment(event, comment),
            parent: comment.parent.clone(),
            media: comment.media.clone(),
            ad: comment.ad.clone(),
            customer: event.customer.clone(),
            username: comment.username.clone(),
            text: comment.text.clone(),
            is_own: comment.is_own,
            is_live: comment.is_live,
            at: event.happened_at,
        })
    }

    pub(super) fn mentioned(&mut self, event: &StoredEvent, mention: &Mention) -> Outcome {
        self.keep_comment(PublicComment {
            id: CommentId(0),
            name: name_of_mention(event, mention),
            parent: None,
            media: Some(mention.media.clone()),
            ad: None,
            customer: event.customer.clone(),
            username: None,
            text: None,
            is_own: false,
            is_live: false,
            at: event.happened_at,
        })
    }

    fn keep_comment(&mut self, comment: PublicComment) -> Outcome {
        if comment.name.meta_id.len() > LONGEST_ID {
            return Outcome::Ledgered(Reason::Unreadable);
        }
        if self.shop.comments.contains(&comment.name) {
            return Outcome::Duplicate;
        }
        let id = CommentId(self.next_id());
        self.out.comments.insert(comment.name.clone(), PublicComment { id, ..comment });
        Outcome::Handled
    }
}

fn name_of_comment(event: &StoredEvent, comment: &Comment) -> CommentName {
    CommentName { account: event.account.clone(), kind: CommentKind::Comment, meta_id: comment.id.clone() }
}

fn name_of_mention(event: &StoredEvent, mention: &Mention) -> CommentName {
    let meta_id = mention.comment.as_ref().unwrap_or(&mention.media).clone();
    CommentName { account: event.account.clone(), kind: CommentKind::Mention, meta_id }
}

/// The comment that an event is about, if it is about one.
pub(super) fn named_by(event: &StoredEvent, happening: &Happening) -> Option<CommentName> {
    match happening {
        Happening::Commented(comment) => Some(name_of_comment(event, comment)),
        Happening::Mentioned(mention) => Some(name_of_mention(event, mention)),
        _ => None,
    }
}

impl Shop {
    /// Takes in which of this turn's comments are stored already.
    pub fn learn_comments(&mut self, known: BTreeSet<CommentName>) {
        self.comments = known;
    }
}
