//! Hints: what an error's reader can do about it.

use std::borrow::Cow;

/// An error that may have a hint: one imperative sentence, with the exact command if there is one.
pub trait Hint {
    /// What to do about it; nothing if the message says all there is.
    fn hint(&self) -> Option<Cow<'static, str>>;
}
