//! Readiness: is it safe to enforce for a function?
//!
//! Enforce would have denied exactly the verdicts that were warned; what integrity found was denied in Warn
//! too. So it is safe to enforce when, under the CSC that governs the function now, at least
//! [`CLEAN_VERDICTS_MIN`] verdicts passed since the last that was warned (or since the first of the window),
//! and that was at least [`CLEAN_DAYS_MIN`] days ago. Verdicts of `release` can be warned, but their
//! passing counts for nothing: it verifies what it signed a moment before.

use serde::Serialize;

use crate::csc::Untrusted;
use crate::limits::{CLEAN_DAYS_MIN, CLEAN_VERDICTS_MIN};
use crate::time::{DAY_SECONDS, Timestamp};

/// What it takes to be safe.
#[derive(Debug, Clone, Serialize)]
pub struct Criteria {
    /// Verdicts that passed one after the other.
    pub clean_verdicts: u64,
    /// Days without one that was warned.
    pub clean_days: u16,
}

impl Default for Criteria {
    fn default() -> Self {
        Self { clean_verdicts: CLEAN_VERDICTS_MIN, clean_days: CLEAN_DAYS_MIN }
    }
}

/// What is known of a function under its CSC.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// What the CSC says now.
    pub mode: Untrusted,
    /// Verdicts that were warned.
    pub warned: u64,
    /// When the last of them was given.
    pub last_warned: Option<Timestamp>,
    /// Since when none was warned.
    pub clean_since: Timestamp,
    /// How long that is.
    pub clean_seconds: i64,
    /// Verdicts that passed since.
    pub clean_verdicts: u64,
}

/// Whether it is safe to enforce, in the order in which people want to read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// It is.
    Safe,
    /// Nothing speaks against it, and not enough for it.
    Unproven,
    /// Enforce would have denied what was warned.
    Unsafe,
    /// No CSC governs it, so it is denied already.
    Ungoverned,
    /// Its CSC enforces already.
    Enforced,
}

impl Readiness {
    /// Every readiness, in order.
    pub const ALL: [Self; 5] = [Self::Safe, Self::Unproven, Self::Unsafe, Self::Ungoverned, Self::Enforced];

    /// The readiness in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Safe => "safe to enforce",
            Self::Unproven => "not proven yet",
            Self::Unsafe => "not safe",
            Self::Ungoverned => "no CSC",
            Self::Enforced => "enforced",
        }
    }

    /// The readiness as programs know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unproven => "unproven",
            Self::Unsafe => "unsafe",
            Self::Ungoverned => "ungoverned",
            Self::Enforced => "enforced",
        }
    }
}

impl Criteria {
    /// Judges what is known; nothing is known of what no CSC governs.
    pub fn judge(&self, evidence: Option<&Evidence>) -> Readiness {
        match evidence {
            None => Readiness::Ungoverned,
            Some(Evidence { mode: Untrusted::Enforce, .. }) => Readiness::Enforced,
            Some(evidence) if self.are_met(evidence) => Readiness::Safe,
            Some(Evidence { last_warned: Some(_), .. }) => Readiness::Unsafe,
            Some(_) => Readiness::Unproven,
        }
    }

    fn are_met(&self, evidence: &Evidence) -> bool {
        evidence.clean_verdicts >= self.clean_verdicts
            && evidence.clean_seconds >= i64::from(self.clean_days) * DAY_SECONDS
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn evidence(mode: Untrusted, warned: bool, verdicts: u64, seconds: i64) -> Evidence {
        let time = Timestamp::from_unix(0).unwrap();
        Evidence {
            mode,
            warned: u64::from(warned),
            last_warned: warned.then_some(time),
            clean_since: time,
            clean_seconds: seconds,
            clean_verdicts: verdicts,
        }
    }

    #[test]
    fn both_numbers_must_be_reached() {
        let judge = |warned, verdicts, seconds| {
            Criteria::default().judge(Some(&evidence(Untrusted::Warn, warned, verdicts, seconds)))
        };
        let week = 7 * DAY_SECONDS;
        assert_eq!(judge(false, 10, week), Readiness::Safe);
        assert_eq!(judge(true, 10, week), Readiness::Safe);
        assert_eq!(judge(false, 9, week), Readiness::Unproven);
        assert_eq!(judge(false, 10, week - 1), Readiness::Unproven);
        assert_eq!(judge(true, 9, week), Readiness::Unsafe);
        assert_eq!(judge(true, 10, week - 1), Readiness::Unsafe);
    }

    #[test]
    fn only_a_csc_that_warns_can_be_ready() {
        let enforced = evidence(Untrusted::Enforce, true, 0, 0);
        assert_eq!(Criteria::default().judge(Some(&enforced)), Readiness::Enforced);
        assert_eq!(Criteria::default().judge(None), Readiness::Ungoverned);
    }
}
