//! Catalog sync: what is asked of Meta about its catalog, and what is remembered of how far ours has come up there.

pub mod call;
pub mod item;
