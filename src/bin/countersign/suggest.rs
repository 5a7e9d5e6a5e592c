//! Suggestions: what a name that does not exist was probably meant to be.

use std::path::{Path, PathBuf};

/// Most entries of a folder that are compared: the folders of a large monorepo.
const SEARCHED: usize = 10_000;

/// Most names that a hint lists.
const LISTED: usize = 20;

/// A hint for an unknown name: the most similar known one, or a list of all.
pub fn known<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    let known: Vec<&str> = known.into_iter().collect();
    match similar(name, &known) {
        Some(similar) => format!("did you mean `{similar}`?"),
        None => list(&known),
    }
}

/// The existing folder that a path was probably meant to name: each part of it that does not exist is replaced by
/// the most similar folder next to it.
pub fn similar_folder(path: &Path) -> Option<PathBuf> {
    let exists = path.ancestors().find(|above| above.is_dir())?;
    let mut found = exists.to_path_buf();
    for part in path.strip_prefix(exists).ok()? {
        let next = found.join(part);
        found = if next.is_dir() { next } else { found.join(similar_in(&found, part.to_str()?)?) };
    }
    Some(found)
}

/// The folder of a folder with the most similar name.
fn similar_in(folder: &Path, name: &str) -> Option<String> {
    let entries = std::fs::read_dir(folder).ok()?.take(SEARCHED).flatten();
    let folders = entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    let names: Vec<String> = folders.filter_map(|entry| entry.file_name().into_string().ok()).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    similar(name, &names).map(str::to_owned)
}

/// A hint that lists the choices.
pub fn list(known: &[&str]) -> String {
    let shown = known.iter().take(LISTED).copied().collect::<Vec<_>>().join(", ");
    match known.len() {
        0 => "there is none".into(),
        count if count > LISTED => format!("expected one of: {shown} and {} more", count - LISTED),
        _ => format!("expected one of: {shown}"),
    }
}

/// The known name that differs by the fewest edits, if those are few for its length.
fn similar<'a>(name: &str, known: &[&'a str]) -> Option<&'a str> {
    let name = name.to_lowercase();
    let nearest = known.iter().map(|each| (edits(&name, &each.to_lowercase()), *each)).min()?;
    (nearest.0 <= name.chars().count() / 3).then_some(nearest.1)
}

/// The Levenshtein distance: how many characters to insert, delete or replace.
fn edits(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (number, letter) in one.chars().enumerate() {
        let mut before = row[0];
        row[0] = number + 1;
        for (column, each) in other.iter().enumerate() {
            let replaced = before + usize::from(letter != *each);
            before = row[column + 1];
            row[column + 1] = replaced.min(before + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suggests_a_similar_name() {
        assert_eq!(known("order", ["billing", "orders"]), "did you mean `orders`?");
        assert_eq!(known("Orders", ["orders"]), "did you mean `orders`?");
    }

    #[test]
    fn lists_the_choices_if_none_is_similar() {
        assert_eq!(known("pay", ["billing", "orders"]), "expected one of: billing, orders");
        assert_eq!(known("pay", []), "there is none");
    }

    #[test]
    fn suggests_a_folder_that_exists() {
        let top = tempfile::tempdir().unwrap();
        let top = top.path();
        std::fs::create_dir_all(top.join("services/orders/src")).unwrap();
        std::fs::write(top.join("services/ordres"), "a file").unwrap();
        let of = |path: &str| similar_folder(&top.join(path));
        let orders = Some(top.join("services/orders"));
        assert_eq!(of("services/ordrs"), orders);
        assert_eq!(of("service/Orders"), orders);
        assert_eq!(of("service/orders/src"), Some(top.join("services/orders/src")));
        assert_eq!(of("services/billing"), None);
        assert_eq!(of("lib/orders"), None);
    }

    #[test]
    fn counts_edits() {
        assert_eq!(edits("kitten", "sitting"), 3);
        assert_eq!(edits("", "abc"), 3);
    }
}
