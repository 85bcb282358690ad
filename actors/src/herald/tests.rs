//! The herald on a real database.
