//! Logical ids: names of resources in a template, stable and unique.
//!
//! They have only letters and digits. `X`, `_` and `-` in a name become `X` and their hexadecimal code, so
//! that names stay unique. `X2F`, a `/` that no name contains, separates two names.

use crate::name::{CscId, ProfileName, StatementId};
use crate::profile::Action;

/// The id of a profile.
pub fn profile(name: &ProfileName) -> String {
    format!("Profile{}", escape(name.as_str()))
}

/// The id of one action of a permission.
pub fn permission(profile: &ProfileName, statement: &StatementId, action: Action) -> String {
    format!("Permission{}", escape(&format!("{profile}/{statement}/{}", short(action))))
}

/// The id of a CSC.
pub fn csc(id: &CscId) -> String {
    format!("Csc{}", id.as_str().trim_start_matches("csc-"))
}

/// The action without its service.
pub fn short(action: Action) -> &'static str {
    action.name().trim_start_matches("signer:")
}

fn escape(text: &str) -> String {
    let one = |byte: u8| match byte {
        byte if byte.is_ascii_alphanumeric() && byte != b'X' => char::from(byte).to_string(),
        byte => format!("X{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn different_names_have_different_ids() {
        let names = ["ab", "a_b", "aX5Fb", "aX58b", "aXb", "Ab", "a__b", "X5F", "_b", "aX5F_b"];
        let ids: BTreeSet<String> = names.iter().map(|name| profile(&name.parse().unwrap())).collect();
        assert_eq!(ids.len(), names.len(), "{ids:?}");
        assert!(ids.iter().flat_map(|id| id.chars()).all(|c| c.is_ascii_alphanumeric()));
    }

    #[test]
    fn parts_of_an_id_do_not_run_together() {
        let id = |profile: &str, statement: &str| {
            permission(&profile.parse().unwrap(), &statement.parse().unwrap(), Action::StartSigningJob)
        };
        assert_ne!(id("ab", "c"), id("a_", "bc"));
        assert_ne!(id("ab", "cd"), id("abX2Fc", "d"));
        assert_eq!(id("release", "ci-1"), "PermissionreleaseX2FciX2D1X2FStartSigningJob");
    }
}
