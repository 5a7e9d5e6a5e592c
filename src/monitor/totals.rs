//! Totals: the sums of a period, and the functions and layers they are kept for.

use crate::metrics::Event;
use crate::name::ArtifactName;
use crate::provenance::Kind;
use crate::report::Check;

/// What identifies a function or a layer in journals.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FunctionKey {
    /// Its name.
    pub name: ArtifactName,
    /// Whether it is a function or a layer, if known.
    pub kind: Option<Kind>,
}

/// Numbers of verdicts and findings.
#[derive(Debug, Clone, Default)]
pub struct Totals {
    /// Verdicts by occasion.
    pub occasions: [u64; 4],
    /// Verdicts by decision.
    pub decisions: [u64; 3],
    /// `SignatureValidationErrors` by check.
    pub errors: [u64; 4],
    /// Verdicts without a name.
    pub unnamed: u64,
}

impl Totals {
    /// Counts an event.
    pub fn count(&mut self, event: &Event) {
        self.occasions[event.event as usize] += 1;
        self.decisions[event.decision as usize] += 1;
        for (count, check) in self.errors.iter_mut().zip(Check::VERDICT) {
            *count += event.errors_of(check);
        }
    }

    /// All verdicts.
    pub fn verdicts(&self) -> u64 {
        self.decisions.iter().sum()
    }
}
