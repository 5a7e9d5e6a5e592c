//! The mutants that no test can kill, or that nobody needs to, each with the reason.
//!
//! ```text
//! crates/verify/src/verify/expiry.rs check: `a < b` becomes `a <= b`
//!     The reason, on lines that begin with a space.
//! ```

use std::collections::BTreeMap;

/// The reason for each mutant by its name.
///
/// Errors: one without a reason, a reason without one, one that is there twice.
pub fn parse(text: &str) -> Result<BTreeMap<String, String>, String> {
    let mut all: BTreeMap<String, String> = BTreeMap::new();
    let mut current: Option<String> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix(' '), &current) {
            _ if line.trim().is_empty() || line.starts_with('#') => {}
            (Some(reason), Some(name)) => {
                let known = all.entry(name.clone()).or_default();
                known.push_str(reason.trim());
                known.push(' ');
            }
            (Some(_), None) => return Err(format!("line {number}: a reason without a mutant")),
            (None, _) => {
                if all.insert(line.to_owned(), String::new()).is_some() {
                    return Err(format!("line {number}: `{line}` is listed twice"));
                }
                current = Some(line.to_owned());
            }
        }
    }
    match all.iter().find(|(_, reason)| reason.is_empty()) {
        Some((name, _)) => Err(format!("`{name}` is listed without a reason")),
        None => Ok(all),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_a_reason_and_is_listed_once() {
        let good = "# why\na.rs f: g\n  It is\n  the same.\n\nb.rs h: i\n  So.\n";
        assert_eq!(parse(good).unwrap()["a.rs f: g"].trim(), "It is the same.");
        for bad in ["a.rs f: g\n", "  So.\n", "a.rs f: g\n  So.\na.rs f: g\n  So.\n"] {
            assert!(parse(bad).is_err(), "{bad:?}");
        }
    }
}
