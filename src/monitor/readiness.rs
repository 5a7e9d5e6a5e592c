//! Readiness: is a function ready for Enforce?
//!
//! Enforce would have denied exactly the verdicts with a warning; integrity failures are denied in Warn too.
//! So a function is ready for Enforce if, under its current CSC, at least [`CLEAN_VERDICTS_MIN`] verdicts
//! passed since the last warning (or since the first verdict of the window), and that was at least
//! [`CLEAN_DAYS_MIN`] days ago. Warnings of `release` count, but its passed verdicts do not: it verifies what
//! it signed a moment before.

use serde::Serialize;

use crate::csc::Untrusted;
use crate::limits::{CLEAN_DAYS_MIN, CLEAN_VERDICTS_MIN};
use crate::name::CscId;
use crate::time::{DAY_SECONDS, Timestamp};

/// The criteria for safe.
#[derive(Debug, Clone, Serialize)]
pub struct Criteria {
    /// The number of verdicts that passed in a row.
    pub clean_verdicts: u64,
    /// The number of days without a warning.
    pub clean_days: u16,
}

impl Default for Criteria {
    fn default() -> Self {
        Self { clean_verdicts: CLEAN_VERDICTS_MIN, clean_days: CLEAN_DAYS_MIN }
    }
}

/// The evidence about a function under its CSC.
#[derive(Debug, Clone)]
pub struct Evidence {
    /// The current mode of the CSC.
    pub mode: Untrusted,
    /// The number of warnings.
    pub warned: u64,
    /// The time of the last warning.
    pub last_warned: Option<Timestamp>,
    /// The time since when nothing was warned.
    pub clean_since: Timestamp,
    /// The length of that time.
    pub clean_seconds: i64,
    /// The number of verdicts that passed since.
    pub clean_verdicts: u64,
}

/// Whether it is ready for Enforce, in display order: what needs a fix comes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// No CSC governs it, so it is denied.
    Ungoverned,
    /// Enforce would have denied the warned verdicts.
    Unsafe,
    /// It is ready.
    Safe,
    /// There are no warnings, but too few verdicts.
    Unproven,
    /// Its CSC already enforces.
    Enforced,
}

impl Readiness {
    /// Every readiness, in order.
    pub const ALL: [Self; 5] = [Self::Ungoverned, Self::Unsafe, Self::Safe, Self::Unproven, Self::Enforced];

    /// The readiness in words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Safe => "ready for Enforce",
            Self::Unproven => "too few verdicts",
            Self::Unsafe => "not ready",
            Self::Ungoverned => "no CSC",
            Self::Enforced => "enforced",
        }
    }

    /// The readiness in programs' output.
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

/// A CSC that governs some of the functions, and whether it can enforce.
#[derive(Debug, Serialize)]
pub struct CscReadiness {
    /// Its id.
    #[serde(rename = "code_signing_config_id")]
    pub id: CscId,
    /// Its current mode.
    pub mode: Untrusted,
    /// The number of functions and layers seen under it.
    pub functions: usize,
    /// How many of them are ready for Enforce, or enforced.
    pub safe_functions: usize,
    /// Whether all of them are, and it warns.
    pub safe: bool,
}

impl Criteria {
    /// The readiness for this evidence; no evidence means that no CSC governs the function.
    pub fn readiness_of(&self, evidence: Option<&Evidence>) -> Readiness {
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
        let readiness = |warned, verdicts, seconds| {
            Criteria::default().readiness_of(Some(&evidence(Untrusted::Warn, warned, verdicts, seconds)))
        };
        let week = 7 * DAY_SECONDS;
        assert_eq!(readiness(false, 10, week), Readiness::Safe);
        assert_eq!(readiness(true, 10, week), Readiness::Safe);
        assert_eq!(readiness(false, 9, week), Readiness::Unproven);
        assert_eq!(readiness(false, 10, week - 1), Readiness::Unproven);
        assert_eq!(readiness(true, 9, week), Readiness::Unsafe);
        assert_eq!(readiness(true, 10, week - 1), Readiness::Unsafe);
    }

    #[test]
    fn only_a_csc_that_warns_can_be_ready() {
        let enforced = evidence(Untrusted::Enforce, true, 0, 0);
        assert_eq!(Criteria::default().readiness_of(Some(&enforced)), Readiness::Enforced);
        assert_eq!(Criteria::default().readiness_of(None), Readiness::Ungoverned);
    }
}
