//! Plots: the numbers of a window as bars, in the units of an SVG's view box.

use super::answer::Day;
use crate::limits::BARS_MAX;
use crate::report::Check;
use crate::time::Timestamp;

/// Groups of days, so that a window of any length has few enough bars.
pub struct Buckets {
    first_day: i64,
    days_each: i64,
    count: i64,
}

/// The data of one bar.
#[derive(Debug, Clone, Default)]
pub struct Bucket {
    /// `SignatureValidationErrors` by check.
    pub errors: [u64; 4],
    /// All verdicts.
    pub verdicts: u64,
}

impl Bucket {
    /// All `SignatureValidationErrors`.
    pub fn total(&self) -> u64 {
        self.errors.iter().sum()
    }
}

impl Buckets {
    /// The days from the first to the last time, in at most [`BARS_MAX`] buckets.
    pub fn over(since: Timestamp, until: Timestamp) -> Self {
        let (first_day, last_day) = (since.day(), until.day().max(since.day()));
        let days = last_day - first_day + 1;
        let days_each = (days + BARS_MAX - 1) / BARS_MAX;
        Self { first_day, days_each, count: (days + days_each - 1) / days_each }
    }

    /// The number of buckets.
    pub fn count(&self) -> i64 {
        self.count
    }

    /// The sums of the days.
    pub fn fill(&self, days: &[Day]) -> Vec<Bucket> {
        let count = usize::try_from(self.count).unwrap_or_default();
        let mut buckets = vec![Bucket::default(); count];
        for day in days {
            let index = usize::try_from((day.day.day() - self.first_day) / self.days_each).unwrap_or(count);
            // An event from a clock that is ahead counts for the last day.
            let Some(bucket) = buckets.get_mut(index.min(count.saturating_sub(1))) else { continue };
            bucket.verdicts += day.counts.verdicts;
            for (sum, check) in bucket.errors.iter_mut().zip(Check::VERDICT) {
                *sum += day.counts.errors_of(check);
            }
        }
        buckets
    }

    /// The date of a bucket's only day, or of its first and last.
    pub fn label(&self, index: i64) -> String {
        let first = self.first_day + index * self.days_each;
        let last = first + self.days_each - 1;
        let date = |day| Timestamp::of_day(day).date();
        if first == last { date(first) } else { format!("{} to {}", date(first), date(last)) }
    }

    /// The date of a bucket's first day.
    pub fn first_date(&self, index: i64) -> String {
        Timestamp::of_day(self.first_day + index * self.days_each).date()
    }
}

/// The smallest of 1, 2, 5, 10, 20, 50, … that is not less: the top of an axis.
pub fn round_up(number: u64) -> u64 {
    let mut power: u64 = 1;
    loop {
        for step in [1, 2, 5] {
            let candidate = power.saturating_mul(step);
            if candidate >= number {
                return candidate;
            }
        }
        power = power.saturating_mul(10);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_of_any_length_has_few_bars() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let month = Buckets::over(at("2026-01-01T12:00:00Z"), at("2026-01-31T12:00:00Z"));
        assert_eq!(
            (month.count(), month.label(0), month.label(30)),
            (31, "2026-01-01".into(), "2026-01-31".into())
        );
        let year = Buckets::over(at("2026-01-01T00:00:00Z"), at("2026-12-31T00:00:00Z"));
        assert!(year.count() <= BARS_MAX);
        assert_eq!(year.label(0), "2026-01-01 to 2026-01-09");
        let ever = Buckets::over(at("1970-01-01T00:00:00Z"), at("9999-12-31T00:00:00Z"));
        assert!(ever.count() <= BARS_MAX);
        let backwards = Buckets::over(at("2026-01-02T00:00:00Z"), at("2026-01-01T00:00:00Z"));
        assert_eq!(backwards.count(), 1);
    }

    #[test]
    fn an_axis_ends_at_a_round_number() {
        assert_eq!([0, 1, 3, 6, 10, 11, 101].map(round_up), [1, 1, 5, 10, 10, 20, 200]);
        assert!(round_up(u64::MAX) == u64::MAX);
    }
}
