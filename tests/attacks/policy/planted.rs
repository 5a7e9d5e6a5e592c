//! Is trust or a setting ever taken from the tree that is judged?

use std::fs;
use std::path::Path;

use crate::support::{Mode, NAME, Ran, Scene, copy, read, text, write};

/// gitsign CVE-2023-47122, in-toto CVE-2023-32076: trust was taken from the tree being judged.
#[test]
fn what_is_planted_in_the_tree_changes_no_verdict() {
    let attacker = Scene::fresh();
    // The plant is alive: under its own root it allows what its owner signed.
    attacker.verify().allowed();
    let pin = attacker.pin().to_string();
    let config =
        format!("[core]\n\trepositoryformatversion = 0\n\tbare = true\n[countersign]\n\troot = {pin}\n");
    type Plant<'a> = &'a dyn Fn(&Path);
    let plants: &[(&str, Plant)] = &[
        ("a policy", &|tree| copy(&attacker.policy(), &tree.join("policy"))),
        ("a policy in .countersign", &|tree| copy(&attacker.policy(), &tree.join(".countersign/policy"))),
        ("a root", &|tree| copy(&attacker.policy().join("roots"), &tree.join("roots"))),
        ("a pin", &|tree| {
            for name in ["root", ".countersign/root", "config/countersign/root", ".config/countersign/root"] {
                write(&tree.join(name), &pin);
            }
        }),
        ("settings", &|tree| {
            for name in [".countersign.toml", ".countersign/config.toml", ".gitconfig", ".config/git/config"]
            {
                write(&tree.join(name), &config);
            }
        }),
        ("keys", &|tree| copy(&attacker.path().join("config"), &tree.join("config"))),
        ("a memory", &|tree| write(&tree.join("countersign/state.json"), "{}")),
        ("a bare repository", &|tree| plant_repository(&tree.join("evil.git"), &config)),
    ];
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let before = scene.verify().allowed().verdict();
        for (name, plant) in plants {
            plant(&scene.repository());
            assert_eq!(scene.verify().allowed().verdict(), before, "{name}");
        }
        // Nor does anything of it let in what the attacker signed.
        for name in ["orders.zip", "orders.zip.sigstore.json"] {
            write(
                &scene.repository().join("dist").join(name),
                read(&attacker.repository().join("dist").join(name)),
            );
        }
        scene.verify().untrusted(mode, "mismatch", "key-unknown");
    }
}

/// A repository as plain files: `git clone` brings such a folder like any other.
fn plant_repository(folder: &Path, config: &str) {
    write(&folder.join("HEAD"), "ref: refs/heads/main\n");
    write(&folder.join("config"), config);
    write(&folder.join("objects/keep"), "");
    write(&folder.join("refs/keep"), "");
}

/// gitsign CVE-2023-47122: a planted setting that would choose the trust is refused, and its file is named.
#[test]
fn a_planted_choice_of_trust_is_refused_by_name() {
    let attacker = Scene::fresh();
    let pin = attacker.pin().to_string();
    for mode in Mode::BOTH {
        let scene = Scene::of(mode);
        let tree = scene.repository();
        scene.verify().allowed();
        let good = fs::read_to_string(tree.join("countersign.toml")).expect("text");
        for line in [
            format!("root = '{pin}'"),
            format!("csc = '{}'", attacker.csc_id()),
            "key = 'config/countersign/keys/acme/signing.pem'".into(),
            "integrity = 'Warn'".into(),
            "untrusted_artifact_on_deployment = 'Warn'".into(),
            "[pin]\nroot = 'x'".into(),
        ] {
            write(&tree.join("countersign.toml"), format!("{line}\n{good}"));
            let ran = scene.verify();
            assert!(
                ran.undecided("countersign.toml").err().contains("line 1: unknown field"),
                "{line}: {ran}"
            );
        }
        // A policy of the attacker's, with everything that it signed.
        copy(&attacker.policy(), &tree.join("evil"));
        for name in ["orders.zip", "orders.zip.sigstore.json"] {
            write(&tree.join("dist").join(name), read(&attacker.repository().join("dist").join(name)));
        }
        write(&tree.join("countersign.toml"), good.replace("../policy", "evil"));
        scene.verify().undecided("evil/roots/1.json");
        let csc = format!("evil/{}", attacker.csc());
        scene.run(&["verify", "dist/orders.zip", "--csc", &csc]).undecided("evil/roots/1.json");
        // It is alive: only the pin keeps it out.
        scene.run(&["verify", "--format", "json", "--root", &pin]).allowed();
        // The same in a folder below, and with another account's name.
        write(&tree.join("countersign.toml"), &good);
        write(&tree.join("below/countersign.toml"), good.replace("../policy", "../evil"));
        scene.run(&["-C", "below", "verify"]).undecided("roots/1.json");
        write(&tree.join("countersign.toml"), good.replace("acme", "zeta"));
        scene.verify().undecided("countersign.toml");
        // Nobody's pin at all.
        write(&tree.join("countersign.toml"), good.replace("../policy", "evil"));
        scene.git(&["config", "--unset", "countersign.root"]);
        for command in [&["verify"][..], &["release"], &["sign", "dist/orders.zip"], &["policy", "status"]] {
            scene.run(command).undecided("no root is pinned");
        }
    }
}

/// gitsign CVE-2023-47122: a repository of plain files inside the tree is no repository, however it calls itself.
#[test]
fn a_repository_planted_as_plain_files_is_not_taken() {
    let attacker = Scene::fresh();
    let pin = attacker.pin().to_string();
    for (extra, inside) in [
        ("bare = true", true),
        ("bare = false", true),
        ("bare = false\n\tworktree = ..", true),
        ("worktree = .", true),
        ("bare = false", false),
        ("bare = false\n\tworktree = ../..", false),
    ] {
        let scene = Scene::new();
        scene.verify().allowed();
        let planted = scene.repository().join("evil");
        let settings = format!("root = {pin}\n\tpolicy = {}", text(&attacker.policy()));
        let config =
            format!("[core]\n\trepositoryformatversion = 0\n\t{extra}\n[countersign]\n\t{settings}\n");
        plant_repository(&planted, &config);
        copy(&attacker.policy(), &planted.join("countersign/policy"));
        copy(&attacker.repository().join("dist"), &planted.join("dist"));
        if !inside {
            fs::remove_dir_all(scene.repository().join(".git")).expect("it was there");
        }
        let artifact = planted.join("dist/orders.zip");
        for folder in ["evil", "evil/refs", "evil/countersign"] {
            let status = scene.run(&["-C", folder, "policy", "status"]);
            let theirs = attacker.key("policy").public().id().to_string();
            assert!(!status.out().contains("evil") && !status.out().contains(&theirs), "{extra}: {status}");
            scene.run(&["-C", folder, "verify", text(&artifact), "--function", NAME]).is_no();
        }
        // It is alive: its pin, given by hand, lets the artifact in.
        let question = ["--policy", text(&attacker.policy()), "--root", &pin].map(str::to_owned);
        let mut command = scene.countersign();
        command.args(["verify", text(&artifact), "--function", NAME, "--format", "json"]).args(question);
        Ran::of(&mut command).allowed();
    }
}
