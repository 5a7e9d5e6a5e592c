//! How much is printed, and in which colors.
//!
//! Color is added to text without control characters: a name cannot add its own.

use std::ffi::OsString;
use std::sync::OnceLock;

use anstream::ColorChoice;
use clap::ValueEnum;
use clap::builder::styling::{AnsiColor, Style};
use countersign::report::text::Detail;

/// When output has colors.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

impl Color {
    /// Applies the choice to everything that is printed from now on; `auto` also reads NO_COLOR.
    pub fn apply(self) {
        let choice = match self {
            Self::Auto => ColorChoice::Auto,
            Self::Always => ColorChoice::Always,
            Self::Never => ColorChoice::Never,
        };
        choice.write_global();
    }

    /// The choice in arguments that are not parsed yet, for help and for errors in the arguments.
    pub fn in_arguments(arguments: impl Iterator<Item = OsString>) -> Self {
        let mut words =
            arguments.map(|word| word.to_string_lossy().into_owned()).take_while(|word| word != "--");
        let mut found = Self::Auto;
        while let Some(word) = words.next() {
            let value = match word.strip_prefix("--color") {
                Some("") => words.next(),
                Some(rest) => rest.strip_prefix('=').map(str::to_owned),
                None => None,
            };
            found = value.and_then(|value| Self::from_str(&value, true).ok()).unwrap_or(found);
        }
        found
    }
}

static DETAIL: OnceLock<Detail> = OnceLock::new();

/// Sets how much is printed, once.
pub fn set_detail(detail: Detail) {
    let _ = DETAIL.set(detail);
}

/// How much is printed.
pub fn detail() -> Detail {
    DETAIL.get().copied().unwrap_or(Detail::Normal)
}

const GOOD: Style = AnsiColor::Green.on_default().bold();
const CAUTION: Style = AnsiColor::Yellow.on_default().bold();
const BAD: Style = AnsiColor::Red.on_default().bold();
const ASIDE: Style = AnsiColor::Cyan.on_default().bold();

/// Colors the decision at the beginning of a line, and the outcome of a check at its end.
pub fn verdicts(text: &str) -> String {
    let decisions = [("allowed", GOOD), ("warned", CAUTION), ("denied", BAD)];
    let outcomes = [(" ok", GOOD), (" failed", BAD)];
    let each = |line: &str| {
        if let Some((word, style)) = decisions.iter().find(|(word, _)| begins(line, word)) {
            return format!("{style}{word}{style:#}{}", &line[word.len()..]);
        }
        let is_check = line.starts_with("  ") && line[2..].split_whitespace().count() == 2;
        match outcomes.iter().find(|(word, _)| is_check && line.trim_end().ends_with(word)) {
            Some((word, style)) => {
                let (start, end) = line.split_at(line.trim_end().len() - word.len() + 1);
                let (word, feed) = end.split_at(end.trim_end().len());
                format!("{start}{style}{word}{style:#}{feed}")
            }
            None => line.to_owned(),
        }
    };
    text.split_inclusive('\n').map(each).collect()
}

fn begins(line: &str, word: &str) -> bool {
    line.strip_prefix(word).is_some_and(|rest| rest.starts_with([':', ' ']))
}

/// Colors what a line of a message begins with.
pub fn labels(text: &str) -> String {
    let labels = [("error:", BAD), ("warning:", CAUTION), ("note:", ASIDE), ("hint:", ASIDE)];
    let each = |line: &str| match labels.iter().find(|(word, _)| line.starts_with(word)) {
        Some((word, style)) => format!("{style}{word}{style:#}{}", &line[word.len()..]),
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colors_decisions_and_outcomes_only() {
        let text = "allowed: dist/a.zip\n  integrity  ok\n  expiry     failed\n    denied: not a decision\nallowedly\n";
        let plain = |text: &str| anstream::adapter::strip_str(text).to_string();
        let colored = verdicts(text);
        assert_eq!(plain(&colored), text);
        assert_eq!(colored.matches(&GOOD.render().to_string()).count(), 2, "{colored:?}");
        assert_eq!(colored.matches(&BAD.render().to_string()).count(), 1, "{colored:?}");
    }

    #[test]
    fn colors_the_labels_of_messages() {
        let colored = labels("error: a\n  error: b\nhint: c\n");
        assert_eq!(colored.matches("\u{1b}[0m").count(), 2, "{colored:?}");
    }

    #[test]
    fn the_choice_is_known_before_arguments_are_parsed() {
        let of = |words: &[&str]| Color::in_arguments(words.iter().map(OsString::from));
        assert_eq!(of(&["x", "--color", "NEVER", "verify"]), Color::Never);
        assert_eq!(of(&["x", "verify", "--color=always"]), Color::Always);
        assert_eq!(of(&["x", "gate", "--", "ls", "--color=always"]), Color::Auto);
        assert_eq!(of(&["x", "--color=pink"]), Color::Auto);
    }
}
