//! Can the name of a file in a hostile repository become part of the line that a shell completes?

use std::fs;

use crate::support::{Ran, Scene, write};

/// Names that a shell runs or expands, that a terminal interprets, or that are options of the command.
const HOSTILE: [&str; 17] = [
    "$(touch pwned).zip",
    "`touch pwned`.zip",
    "a;touch pwned",
    "a&touch pwned",
    "a|sh",
    "a b.zip",
    "a\nb.zip",
    "a\u{b}touch",
    "\u{1b}]0;pwned\u{7}",
    "a\"b",
    "a'b",
    "{a,b}",
    "*",
    "a?.zip",
    "~root",
    "a>b",
    "--policy=pwned",
];

/// The candidates for the last word, as the script for a shell gets them.
fn candidates(scene: &Scene, shell: &str, words: &[&str]) -> String {
    let mut command = scene.countersign();
    command.args(["--", "countersign"]).args(words).env("COUNTERSIGN_COMPLETE", shell);
    command.env("_CLAP_COMPLETE_INDEX", words.len().to_string()).env("_CLAP_IFS", "\n");
    let ran = Ran::of(&mut command);
    assert_eq!(ran.err(), "", "{shell}");
    ran.out()
}

#[test]
fn shells_are_offered_no_hostile_file_name() {
    let scene = Scene::new();
    for name in HOSTILE {
        write(&scene.repository().join(name), "");
    }
    fs::create_dir(scene.repository().join("$(sh)")).unwrap();
    for shell in ["bash", "zsh", "fish"] {
        for word in ["", "a", "$", "`", "*", "-", "--pol", "./"] {
            let offered = candidates(&scene, shell, &["verify", word]);
            for line in offered.lines() {
                // fish separates the description with a tab, zsh with a colon.
                let value = line.split(['\t', ':']).next().unwrap();
                let is_plain = |c: char| c.is_ascii_alphanumeric() || "_./@%+=,~-".contains(c);
                assert!(value.chars().all(is_plain), "{shell} `{word}`: {line:?}");
                assert!(!value.starts_with('~'), "{shell} `{word}`: {line:?}");
                assert_ne!(value, "--policy=pwned", "{shell} `{word}`");
                assert_ne!(value, "b.zip", "{shell} `{word}`: the rest of a name");
            }
        }
        let offered = candidates(&scene, shell, &["verify", ""]);
        assert!(offered.lines().any(|line| line == "handler.py"), "{shell}: {offered}");
        assert!(offered.contains("--policy"), "{shell}: {offered}");
        let offered = candidates(&scene, shell, &["verify", "--policy=../"]);
        assert!(offered.contains("--policy=../policy/"), "{shell}: {offered}");
    }
}

#[test]
fn a_script_never_evaluates_the_typed_line() {
    let scene = Scene::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let ran = scene.run(&["completions", shell]);
        ran.done();
        let script = ran.out().to_lowercase();
        assert!(script.contains("countersign"), "{shell}");
        assert!(!script.contains("invoke-expression") && !script.contains("eval "), "{shell}");
    }
}
