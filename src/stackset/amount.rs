//! Amounts: a count of targets, or a percentage of them.

use serde::Deserialize;

/// A count of targets, or a percentage of the targets of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Written")]
pub enum Amount {
    /// This many.
    Count(usize),
    /// This many of a hundred, written as `"10%"`.
    Percent(u8),
}

/// The two forms in a document.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Count(i64),
    Text(String),
}

impl Amount {
    /// How many of `total` that is; fractions are dropped, as in CloudFormation.
    pub fn of(self, total: usize) -> usize {
        match self {
            Self::Count(count) => count,
            Self::Percent(percent) => total * usize::from(percent) / 100,
        }
    }

    /// The amount as written.
    pub fn text(self) -> String {
        match self {
            Self::Count(count) => count.to_string(),
            Self::Percent(percent) => format!("{percent}%"),
        }
    }
}

impl TryFrom<Written> for Amount {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let percent = |text: &str| {
            let number = text.strip_suffix('%')?;
            let digits = number.bytes().all(|b| b.is_ascii_digit());
            number.parse().ok().filter(|percent| digits && *percent <= 100).map(Self::Percent)
        };
        match written {
            Written::Count(count) => usize::try_from(count)
                .map(Self::Count)
                .map_err(|_| format!("{count} is not a count of targets")),
            Written::Text(text) => percent(&text).ok_or_else(|| {
                format!("{text:?} is not valid; expected a count, or a percentage from \"0%\" to \"100%\"")
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentage_is_rounded_down() {
        for (percent, total, is) in [(10, 9, 0), (10, 10, 1), (10, 19, 1), (100, 7, 7), (0, 100, 0)] {
            assert_eq!(Amount::Percent(percent).of(total), is, "{percent}% of {total}");
        }
        assert_eq!(Amount::Count(3).of(1), 3);
    }
}
