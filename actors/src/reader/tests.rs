//! Readings of whole messages.
