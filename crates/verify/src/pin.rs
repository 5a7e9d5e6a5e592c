//! The pin: the digest of an account's first root, stored outside the tree that it protects.

use std::fmt;
use std::str::FromStr;

use crate::digest::Sha384;

/// `SHA384:` and the hexadecimal SHA-384 of the bytes of `roots/1.json`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pin(Sha384);

/// Why a text is not a pin.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a root pin such as `SHA384:` and 96 hexadecimal digits")]
pub struct PinError(String);

impl Pin {
    /// The pin of a first root.
    pub fn of(root: &[u8]) -> Self {
        Self(Sha384::of(root))
    }

    /// A short name for files of the pinned account.
    pub fn short(&self) -> String {
        self.0.to_string().chars().take(16).collect()
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SHA384:{}", self.0)
    }
}

impl FromStr for Pin {
    type Err = PinError;

    fn from_str(text: &str) -> Result<Self, PinError> {
        let fail = || PinError(text.chars().take(120).collect());
        let digest = text.trim().strip_prefix("SHA384:").ok_or_else(fail)?;
        digest.parse().map(Self).map_err(|_| fail())
    }
}

crate::text_form!(Pin);
