//! Persons who are erased: nothing of them is left, whatever was under way, and they do not come back by themselves.
