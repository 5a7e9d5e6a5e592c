//! The documents that people edit: `countersign.toml`, and those of a policy.

use countersign::limits::{
    DOCUMENT_BYTES_MAX, IGNORE_BYTES_MAX, ORGANIZATION_BYTES_MAX, PATTERNS_BYTES_MAX, REVOCATIONS_BYTES_MAX,
};

use crate::bounds::{bounded, fill};
use crate::support::Scene;

/// TOML that takes a parser the most memory for its size: a beginning, a unit, and an end.
const DENSE: [(&str, &str, &str, &str); 12] = [
    ("numbers", "x = [", "1,", "]\n"),
    ("empty tables", "x = [", "{},", "]\n"),
    ("texts", "x = [", "\"\",", "]\n"),
    ("arrays in arrays", "x = ", "[", "\n"),
    ("tables in tables", "x = ", "{a=", "\n"),
    ("parts of a key", "", "a.", "a = 1\n"),
    ("parts of a header", "[", "a.", "a]\n"),
    ("empty lines", "", "\n", ""),
    ("comments", "", "#\n", ""),
    ("tables", "", "[[x]]\n", ""),
    ("white space", "x = 1", " \n", ""),
    ("quotes", "", "\"", ""),
];

#[test]
fn a_workspace_takes_memory_by_its_size() {
    let scene = Scene::new();
    let file = scene.repository().join("countersign.toml");
    let item = "[[function]]\nname = 'orders'\npath = '.'\n";
    let patterns = format!("{item}include = [");
    let quoted = format!("{item}include = ['");
    let own = [
        ("patterns", patterns.as_str(), "'a',", "]\n"),
        ("braces in braces", &quoted, "{", "']\n"),
        ("a long pattern", &quoted, "{a,b}", "']\n"),
        ("an unknown field", item, "a", " = 1\n"),
        ("functions", "", "[[function]]\nname='a'\npath='.'\n", ""),
    ];
    let full = usize::try_from(DOCUMENT_BYTES_MAX).expect("a size") - 1000;
    for (what, beginning, unit, end) in DENSE.into_iter().chain(own) {
        let size = fill(&file, beginning, unit, full, end);
        bounded(&scene, what, &["package"], 2, size);
    }
}

/// Small ones too: what a matcher builds must not outgrow its pattern.
#[test]
fn patterns_take_memory_by_their_size() {
    let scene = Scene::new();
    let file = scene.repository().join("countersign.toml");
    let item = "[[function]]\nname = 'orders'\npath = '.'\n";
    for (what, pattern, code) in [
        ("60,000 braces", format!("{}{}", "{".repeat(60_000), "}".repeat(60_000)), 2),
        ("800 alternatives", "{a,b}".repeat(800), 0),
        ("an alternative of 1,300", format!("{{{}}}", "ab,".repeat(1300)), 0),
        ("2,000 stars", "*a".repeat(2000), 0),
        ("1,300 folders", "**/".repeat(1300), 0),
        ("800 sets", "[a-z]".repeat(800), 0),
    ] {
        let size = fill(&file, item, &format!("exclude = ['x{pattern}']\n"), 1, "");
        assert!(size > 0);
        fill(&file, &format!("{item}exclude = ['x{pattern}']\n"), " ", 0, "");
        bounded(&scene, what, &["package"], code, size);
        // The same where git reads it.
        fill(&file, item, " ", 0, "");
        let ignored = scene.repository().join(".gitignore");
        fill(&ignored, &format!("x{pattern}\n"), " ", 0, "");
        bounded(&scene, &format!("{what} in .gitignore"), &["package"], code, size);
        std::fs::remove_file(ignored).expect("it was there");
    }
    let size = fill(&scene.repository().join(".gitignore"), "", "a\n", 900_000, "");
    bounded(&scene, "a .gitignore of 450,000 patterns", &["package"], 2, size);
}

/// Each is within the limit of one pattern.
#[test]
fn patterns_take_memory_by_their_sum() {
    let scene = Scene::new();
    let file = scene.repository().join("countersign.toml");
    let ignored = scene.repository().join(".gitignore");
    let item = "[[function]]\nname = 'orders'\npath = '.'\n";
    // A name that cannot be packaged: without the last pattern, the command fails.
    fill(&scene.repository().join("aux.txt"), "x", " ", 0, "");
    for (what, pattern) in [
        ("stars", "*a".repeat(490)),
        ("question marks", "?".repeat(980)),
        ("folders", "a/**/".repeat(195)),
        ("classes", "[a]".repeat(326)),
        ("short ones", "*a".into()),
        ("short extensions", "?.a".into()),
    ] {
        let list = |most: usize, patterns: usize, (begin, end): (&str, &str)| {
            let count = (most - 20) / (pattern.len() + 5);
            let list: String =
                (0..count.min(patterns - 1)).map(|n| format!("{begin}{pattern}{n:04}{end}")).collect();
            format!("{list}{begin}au[x].*{end}")
        };
        let excluded = |most| format!("{item}exclude = [{}]\n", list(most, 1000, ("'", "',")));
        let lines = |most| list(most, 10_000, ("", "\n"));
        let full = usize::try_from(IGNORE_BYTES_MAX).expect("a size");
        for (place, exclude, gitignore, code) in [
            ("in both", excluded(PATTERNS_BYTES_MAX), lines(full), 0),
            ("excluded", excluded(PATTERNS_BYTES_MAX), String::new(), 0),
            ("ignored", item.into(), lines(full), 0),
            ("too many excluded", excluded(1 << 20), lines(full), 2),
            ("too many ignored", excluded(PATTERNS_BYTES_MAX), lines(full).repeat(20), 2),
        ] {
            let few = pattern.len() < 10 && place == "too many excluded";
            let size = fill(&file, &exclude, " ", 0, "") + fill(&ignored, &gitignore, " ", 0, "");
            bounded(&scene, &format!("{what} {place}"), &["package"], if few { 0 } else { code }, size);
        }
    }
}

/// The matcher has the files of a folder and of all above at a time, and lets go of those of other folders.
#[test]
fn ignore_files_of_nested_folders_count_together() {
    let item = "[[function]]\nname = 'orders'\npath = '.'\n";
    let lines = "*a".repeat(1000) + "\n";
    for (what, nested, code) in [("30 folders, each in the other", true, 2), ("30 folders", false, 0)] {
        let scene = Scene::new();
        let mut folder = scene.repository().to_path_buf();
        fill(&folder.join("countersign.toml"), item, " ", 0, "");
        for number in 0..30 {
            folder = if nested { folder.join("a") } else { scene.repository().join(format!("a{number}")) };
            fill(&folder.join(".gitignore"), "", &lines, 30 * lines.len(), "");
            fill(&folder.join("x.js"), "x", " ", 0, "");
        }
        bounded(&scene, what, &["package"], code, 0);
    }
}

#[test]
fn an_exclude_file_of_git_has_the_limits_of_a_gitignore() {
    let scene = Scene::new();
    fill(
        &scene.repository().join("countersign.toml"),
        "[[function]]\nname = 'orders'\npath = '.'\n",
        " ",
        0,
        "",
    );
    let exclude = scene.repository().join(".git/info/exclude");
    fill(&exclude, "", "*a*b\n", 500_000, "");
    bounded(&scene, "an exclude file of 100,000 patterns", &["package"], 2, 500_000);
    std::fs::remove_file(&exclude).expect("it was there");
    std::os::unix::fs::symlink("/dev/zero", &exclude).expect("a link");
    bounded(&scene, "an exclude file without end", &["package"], 2, 0);
}

#[test]
fn a_policy_document_takes_memory_by_its_size() {
    let places = [
        ("profiles/release.toml", DOCUMENT_BYTES_MAX),
        ("csc/csc-00000000000000001.toml", DOCUMENT_BYTES_MAX),
        ("functions.toml", DOCUMENT_BYTES_MAX),
        ("layers/base.toml", DOCUMENT_BYTES_MAX),
        ("accounts/other.toml", DOCUMENT_BYTES_MAX),
        ("stackset.toml", DOCUMENT_BYTES_MAX),
        ("organization.toml", ORGANIZATION_BYTES_MAX),
        ("revocations.toml", REVOCATIONS_BYTES_MAX),
    ];
    for (path, limit) in places {
        let scene = Scene::new();
        let file = scene.policy().join(path);
        let full = usize::try_from(limit).expect("a size").min(16 << 20) - 1000;
        // Each reader counts by the same counter: the densest of each kind will do.
        for (what, beginning, unit, end) in [DENSE[0], DENSE[9]] {
            let size = fill(&file, beginning, unit, full, end);
            bounded(&scene, &format!("{path}: {what}"), &["policy", "diff"], 2, size);
        }
    }
}

/// What honest people fill most.
#[test]
fn lists_of_honest_documents_take_memory_by_their_size() {
    let scene = Scene::new();
    let end = "revoked_at = '2026-02-01T12:00:00Z'\nreason_code = 'superseded'\nreason = 'x'\n";
    let job = "arn:countersign:signer::acme:/signing-jobs/3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10";
    let revoked = format!("[[job]]\njob = '{job}'\n{end}");
    let full = 6 << 20;
    let revocations = scene.policy().join("revocations.toml");
    let size = fill(&revocations, "revision = 2\n", &revoked, full, "");
    bounded(&scene, "revocations", &["policy", "diff"], 1, size);
    let scene = Scene::new();
    let rule = "[[function]]\npattern = 'orders-*'\ncsc = 'csc-00000000000000001'\n";
    let size = fill(
        &scene.policy().join("functions.toml"),
        "revision = 2\nprotected_refs = []\n",
        rule,
        2 << 20,
        "",
    );
    bounded(&scene, "rules", &["policy", "diff"], 2, size);
}
