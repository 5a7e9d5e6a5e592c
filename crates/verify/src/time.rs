//! Time: UTC times in whole seconds, and calendar periods.

use std::fmt;
use std::str::FromStr;
use std::time::SystemTime;

use jiff::civil::{DateTime, date};
use jiff::{SignedDuration, Span};
/// A time in UTC, in whole seconds, between 1970 and 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last second of the year 9999, the end of RFC 3339.
const LAST_SECOND: i64 = 253_402_300_799;

/// Seconds of a day in UTC.
pub const DAY_SECONDS: i64 = 24 * 60 * 60;

const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The only form of a time: RFC 3339, UTC, whole seconds.
const FORM: &str = "%Y-%m-%dT%H:%M:%SZ";

/// Why a text is not a time or a period.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TimeError {
    /// The text is not a time in the only accepted form.
    #[error("`{0}` is not a UTC time such as `2026-01-31T12:00:00Z`")]
    Instant(String),
    /// The text is not a period.
    #[error("`{0}` is not a period such as `90 days`, `135 months` or `5 years`")]
    Period(String),
    /// The text is neither a time nor a span.
    #[error(
        "`{0}` is neither a UTC time such as `2026-01-31T12:00:00Z` nor a span such as `30d`, `2 weeks` or `12h`"
    )]
    Moment(String),
}

impl Timestamp {
    /// The time this many seconds after 1970-01-01T00:00:00Z, if its year has four digits.
    pub fn from_unix(seconds: i64) -> Option<Self> {
        (0..=LAST_SECOND).contains(&seconds).then_some(Self(seconds))
    }

    /// The time of a clock; a clock outside 1970 to 9999 is clamped.
    pub fn from_clock(clock: SystemTime) -> Self {
        let seconds = clock
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(LAST_SECOND));
        Self(seconds.min(LAST_SECOND))
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// The time `seconds` later, at most the end of 9999.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(seconds).clamp(0, LAST_SECOND))
    }

    /// The time one calendar period later, at most the end of 9999.
    pub fn plus(self, period: Period) -> Self {
        let later = period.span().and_then(|span| self.civil().checked_add(span).ok());
        later.map_or(Self(LAST_SECOND), Self::from_civil)
    }

    /// The days since 1970-01-01, in UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY_SECONDS)
    }

    /// Its date in UTC, such as `2026-01-31`.
    pub fn date(self) -> String {
        self.civil().strftime("%Y-%m-%d").to_string()
    }

    /// The start of a day, counted from 1970-01-01; clamped to 1970 and 9999.
    pub fn of_day(day: i64) -> Self {
        Self(day.saturating_mul(DAY_SECONDS).clamp(0, LAST_SECOND))
    }

    fn civil(self) -> DateTime {
        EPOCH.saturating_add(SignedDuration::from_secs(self.0))
    }

    fn from_civil(civil: DateTime) -> Self {
        Self(civil.duration_since(EPOCH).as_secs().clamp(0, LAST_SECOND))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.civil().strftime(FORM))
    }
}

impl FromStr for Timestamp {
    type Err = TimeError;

    /// Parses only the form that [`Display`](fmt::Display) writes, so that a time has only one text.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let parsed = DateTime::strptime(FORM, text).ok().filter(|civil| *civil >= EPOCH);
        let instant = parsed.map(Self::from_civil);
        let same = instant.filter(|instant| instant.to_string() == text);
        same.ok_or_else(|| TimeError::Instant(text.into()))
    }
}

crate::text_form!(Timestamp);

/// A time, passed as such or as a span before now.
#[derive(Debug, Clone)]
pub enum Moment {
    /// This time.
    At(Timestamp),
    /// This span before now.
    Ago(Span),
}

impl Moment {
    /// The time, at least the start of 1970.
    pub fn before(&self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(instant) => *instant,
            Self::Ago(span) => now.civil().checked_sub(*span).map_or(Timestamp(0), Timestamp::from_civil),
        }
    }
}

impl FromStr for Moment {
    type Err = TimeError;

    /// Parses a time, or a span such as `30d`, `2 weeks`, `12h` or `P30D` that is not in the future.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        if let Ok(instant) = text.parse() {
            return Ok(Self::At(instant));
        }
        let span = text.parse::<Span>().ok().filter(|span| !span.is_negative());
        span.map(Self::Ago).ok_or_else(|| TimeError::Moment(text.into()))
    }
}

/// A calendar period: a number of days, months or years.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    count: u16,
    unit: Unit,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    Days,
    Months,
    Years,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Days => "days",
            Self::Months => "months",
            Self::Years => "years",
        }
    }
}

impl Period {
    /// This many days.
    pub const fn days(count: u16) -> Self {
        Self { count, unit: Unit::Days }
    }

    /// This many months.
    pub const fn months(count: u16) -> Self {
        Self { count, unit: Unit::Months }
    }

    /// This many years.
    pub const fn years(count: u16) -> Self {
        Self { count, unit: Unit::Years }
    }

    /// The number of its unit.
    pub fn count(self) -> u16 {
        self.count
    }

    /// Its unit as text: `days`, `months` or `years`.
    pub fn unit(self) -> &'static str {
        self.unit.name()
    }

    /// The period as a calendar span; `None` if it is too long.
    fn span(self) -> Option<Span> {
        let count = i64::from(self.count);
        match self.unit {
            Unit::Days => Span::new().try_days(count),
            Unit::Months => Span::new().try_months(count),
            Unit::Years => Span::new().try_years(count),
        }
        .ok()
    }
}

impl fmt::Display for Period {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let unit = self.unit.name();
        let unit = if self.count == 1 { unit.trim_end_matches('s') } else { unit };
        write!(f, "{} {unit}", self.count)
    }
}

impl FromStr for Period {
    type Err = TimeError;

    /// Parses `90 days`, `1 month`, `5 years` and the short forms `90d` and `5y`; never zero.
    fn from_str(text: &str) -> Result<Self, TimeError> {
        let fail = || TimeError::Period(text.into());
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (count, unit) = text.split_at(digits);
        let count: u16 = count.parse().map_err(|_| fail())?;
        let unit = match unit.trim_start() {
            "d" | "day" | "days" => Unit::Days,
            "month" | "months" => Unit::Months,
            "y" | "year" | "years" => Unit::Years,
            _ => return Err(fail()),
        };
        if count == 0 { Err(fail()) } else { Ok(Self { count, unit }) }
    }
}

crate::text_form!(Period);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_instant_has_one_text() {
        for text in ["1970-01-01T00:00:00Z", "2024-02-29T23:59:59Z", "9999-12-31T23:59:59Z"] {
            assert_eq!(text.parse::<Timestamp>().map(|t| t.to_string()), Ok(text.into()));
        }
        for text in [
            "",
            "2024-02-30T00:00:00Z",
            "2024-02-29T23:59:59+00:00",
            "2024-02-29t23:59:59z",
            "2024-02-29T23:59:59.5Z",
            "2024-02-29T23:59:60Z",
            "-000001-01-01T00:00:00Z",
            "1969-12-31T23:59:59Z",
            "+010000-01-01T00:00:00Z",
            "2024-02-29",
            " 2024-02-29T23:59:59Z",
        ] {
            assert!(text.parse::<Timestamp>().is_err(), "{text}");
        }
    }

    #[test]
    fn months_go_by_the_calendar() {
        let start: Timestamp = "2024-01-31T12:00:00Z".parse().unwrap();
        assert_eq!(start.plus(Period::months(1)).to_string(), "2024-02-29T12:00:00Z");
        assert_eq!(start.plus(Period::months(135)).to_string(), "2035-04-30T12:00:00Z");
    }

    #[test]
    fn the_end_of_time_is_the_year_9999() {
        let start: Timestamp = "9999-12-31T00:00:00Z".parse().unwrap();
        assert_eq!(start.plus(Period::years(65_535)).to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_moment_is_an_instant_or_a_span_before_now() {
        let now: Timestamp = "2024-03-01T12:00:00Z".parse().unwrap();
        let before = |text: &str| text.parse::<Moment>().map(|moment| moment.before(now).to_string());
        assert_eq!(before("2d"), Ok("2024-02-28T12:00:00Z".into()));
        assert_eq!(before("1 week"), Ok("2024-02-23T12:00:00Z".into()));
        assert_eq!(before("12h"), Ok("2024-03-01T00:00:00Z".into()));
        assert_eq!(before("1mo"), Ok("2024-02-01T12:00:00Z".into()));
        assert_eq!(before("9000y"), Ok("1970-01-01T00:00:00Z".into()));
        assert_eq!(before("2020-01-01T00:00:00Z"), Ok("2020-01-01T00:00:00Z".into()));
        for text in ["", "30", "-1d", "1d ago", "soon", "2024-02-29"] {
            assert!(before(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_begins_at_midnight() {
        let noon: Timestamp = "1970-01-03T12:00:00Z".parse().unwrap();
        assert_eq!((noon.day(), Timestamp::of_day(2).to_string()), (2, "1970-01-03T00:00:00Z".into()));
    }

    #[test]
    fn a_period_is_never_zero() {
        assert_eq!("90d".parse::<Period>().map(|p| p.to_string()), Ok("90 days".into()));
        assert_eq!("1 year".parse::<Period>().map(|p| p.to_string()), Ok("1 year".into()));
        for text in ["0 days", "days", "-1 days", "1", "1 fortnight", "99999 days"] {
            assert!(text.parse::<Period>().is_err(), "{text}");
        }
    }
}
