//! Catalog sync: what is asked of Meta about its catalog, what is remembered of how far ours has come up there, and how
//! the two are compared.

pub mod build;
pub mod call;
pub mod catalog;
pub mod changes;
pub mod errand;
pub mod item;
pub mod known;
pub mod plan;
pub mod run;
pub mod seen;
