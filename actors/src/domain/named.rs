//! Enums that are stored and shown as words: one list gives each variant its word, and each word its variant.

/// Gives an enum of plain variants `ALL`, `name` and `named`. The match makes the compiler keep the list complete.
macro_rules! named {
    ($name:ident { $($variant:ident = $word:literal,)+ }) => {
        impl $name {
            /// Every one.
            pub const ALL: [Self; [$($word),+].len()] = [$(Self::$variant),+];

            /// The word used in the database, in answers and in logs.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }

            /// The one with this name.
            pub fn named(name: &str) -> Option<Self> {
                Self::ALL.into_iter().find(|one| one.name() == name)
            }
        }
    };
}

pub(crate) use named;
