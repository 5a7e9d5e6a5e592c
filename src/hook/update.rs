//! Updates: the refs that a push moves, as git passes them to a hook on standard input.
//!
//! ```text
//! pre-push      LOCAL-REF SP LOCAL-ID SP REMOTE-REF SP REMOTE-ID LF
//! pre-receive   OLD-ID SP NEW-ID SP REF LF
//! ```
//! From githooks(5). An id of only zeros, 40 or 64 of them, stands for a ref that does not exist. The local
//! name can be any expression, with spaces too, so lines are parsed from their end.

use crate::limits::{HOOK_LINE_BYTES_MAX, PUSHED_REFS_MAX};

/// One ref that a push moves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// The ref's full name where the push goes. Bytes that are not UTF-8 are shown as `U+FFFD`.
    pub reference: String,
    /// The new object; `None` if the ref is deleted.
    pub to: Option<String>,
}

/// The hook that gets the updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// `pre-push`, in the clone that pushes.
    Pusher,
    /// `pre-receive`, on the server.
    Receiver,
}

impl Side {
    /// The hook's name.
    pub fn hook(self) -> &'static str {
        match self {
            Self::Pusher => "pre-push",
            Self::Receiver => "pre-receive",
        }
    }
}

/// Why the input of a hook cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// A line is not an update.
    #[error("line {line} of the hook's input is not a valid line for `{hook}`")]
    Malformed {
        /// The hook.
        hook: &'static str,
        /// The line's number, from 1.
        line: usize,
    },
    /// There are too many updates.
    #[error("the push moves more than {PUSHED_REFS_MAX} refs")]
    TooMany,
}

/// Parses the input of a hook.
pub fn parse(side: Side, input: &[u8]) -> Result<Vec<Update>, UpdateError> {
    parse_at_most(PUSHED_REFS_MAX, side, input)
}

fn parse_at_most(limit: usize, side: Side, input: &[u8]) -> Result<Vec<Update>, UpdateError> {
    let mut updates = Vec::new();
    let lines = input.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.is_empty());
    for (number, line) in lines {
        if updates.len() == limit {
            return Err(UpdateError::TooMany);
        }
        let malformed = UpdateError::Malformed { hook: side.hook(), line: number + 1 };
        updates.push(update(side, line).ok_or(malformed)?);
    }
    Ok(updates)
}

fn update(side: Side, line: &[u8]) -> Option<Update> {
    let line = String::from_utf8_lossy(line);
    if line.len() > HOOK_LINE_BYTES_MAX {
        return None;
    }
    let mut fields = line.rsplitn(4, ' ');
    let (last, middle, first) = (fields.next()?, fields.next()?, fields.next()?);
    let (to, reference, from) = match side {
        Side::Pusher => (first, middle, last),
        Side::Receiver => (middle, last, first),
    };
    let has_rest = fields.next().is_some_and(|rest| !rest.is_empty());
    let whole = has_rest == (side == Side::Pusher) && is_id(from) && is_id(to) && !reference.is_empty();
    let is_gone = to.bytes().all(|byte| byte == b'0');
    whole.then(|| Update { reference: reference.into(), to: (!is_gone).then(|| to.into()) })
}

/// An object's id: SHA-1 or SHA-256 in lower-case hexadecimal.
fn is_id(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str = "1111111111111111111111111111111111111111";
    const ZERO: &str = "0000000000000000000000000000000000000000";

    fn push(input: &str) -> Vec<(String, Option<String>)> {
        let updates = parse(Side::Pusher, input.as_bytes()).unwrap();
        updates.into_iter().map(|update| (update.reference, update.to)).collect()
    }

    #[test]
    fn every_line_is_an_update() {
        let long = "0".repeat(64);
        let input = format!(
            "HEAD {ONE} refs/heads/main {ZERO}\n(delete) {ZERO} refs/heads/old {ONE}\n\
            (delete) {long} refs/heads/older {long}\n:/fix the bug {ONE} refs/tags/v1 {ZERO}\n"
        );
        let name = |text: &str| text.to_owned();
        assert_eq!(
            push(&input),
            [
                (name("refs/heads/main"), Some(name(ONE))),
                (name("refs/heads/old"), None),
                (name("refs/heads/older"), None),
                (name("refs/tags/v1"), Some(name(ONE))),
            ]
        );
        assert_eq!(push(""), []);
        let received = parse(Side::Receiver, format!("{ZERO} {ONE} refs/heads/main").as_bytes()).unwrap();
        assert_eq!(received, [Update { reference: name("refs/heads/main"), to: Some(name(ONE)) }]);
    }

    #[test]
    fn refuses_more_refs_than_the_limit() {
        let line = format!("HEAD {ONE} refs/heads/main {ZERO}\n");
        let read = |count: usize| parse_at_most(2, Side::Pusher, line.repeat(count).as_bytes());
        assert_eq!(read(2).unwrap().len(), 2);
        assert_eq!(read(3), Err(UpdateError::TooMany));
    }

    #[test]
    fn refuses_a_line_over_the_limit() {
        let around = format!("HEAD {ONE} refs/heads/ {ZERO}").len();
        let line = |length: usize| format!("HEAD {ONE} refs/heads/{} {ZERO}", "a".repeat(length - around));
        let read = |length| parse(Side::Pusher, line(length).as_bytes());
        assert_eq!(read(HOOK_LINE_BYTES_MAX).unwrap().len(), 1);
        assert!(read(HOOK_LINE_BYTES_MAX + 1).is_err());
    }

    #[test]
    fn a_line_that_git_does_not_write_is_refused() {
        for line in [
            "x",
            &format!("{ONE} refs/heads/main {ZERO}"),
            &format!("HEAD {} refs/heads/main {ZERO}", &ONE[1..]),
            &format!("HEAD {ONE} refs/heads/main"),
            &format!("HEAD {ONE}  {ZERO}"),
            &format!("HEAD {} refs/heads/main {ZERO}", ONE.replace('1', "A")),
        ] {
            let found = parse(Side::Pusher, format!("HEAD {ONE} refs/heads/a {ZERO}\n{line}\n").as_bytes());
            assert_eq!(found, Err(UpdateError::Malformed { hook: "pre-push", line: 2 }), "{line}");
        }
        let four = format!("a {ZERO} {ONE} refs/heads/main");
        assert!(parse(Side::Receiver, four.as_bytes()).is_err());
    }
}
