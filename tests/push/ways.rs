//! Is there a way around a protected ref: other names for it, other objects behind it, trees that git reads differently,
//! and work without an end?

use std::time::{Duration, Instant};

use crate::push::hostile::{id, tree, with_a_folder};
use crate::push::place::Place;
use crate::support::{Ran, read, text, write};

const ALL: [&str; 4] = ["--no-verify", "origin", "main", "refs/notes/countersign"];

/// Commits a tree on top of `HEAD`, with what is attached to `HEAD`.
fn commit(place: &Place, tree: &str) -> String {
    let head = id(place, "HEAD");
    let made = place.scene.git(&["commit-tree", "-p", &head, "-m", "evil", tree]).trim().to_owned();
    place.scene.git(&["notes", "--ref", "countersign", "copy", "-f", &head, &made]);
    made
}

/// Protects nothing any more.
fn unprotect(place: &Place) {
    place.scene.change("functions.toml", |functions| {
        functions.insert("protected_refs".into(), toml::Value::Array(Vec::new()));
    });
    place.scene.seal();
}

#[test]
fn an_entry_of_a_mode_that_git_does_not_write_is_refused_everywhere() {
    let place = with_a_folder();
    let [toml, file] = ["HEAD:countersign.toml", "HEAD:src/app.py"].map(|revision| id(&place, revision));
    for mode in ["644", "140644", "0", "100664", "0100644", "755"] {
        let src = tree(&place, &[(mode, "app.py", &file)]);
        let top = tree(&place, &[("100644", "countersign.toml", &toml), ("40000", "src", &src)]);
        let made = commit(&place, &top);
        let words = format!("of mode \"{mode}\"");
        place
            .push(&["--no-verify", "origin", &format!("{made}:refs/heads/main"), "refs/notes/countersign"])
            .refused(&words);
        place.push(&["origin", &format!("{made}:refs/heads/main")]).refused(&words);
        place.scene.run(&["verify", "--source", &made]).undecided(&words);
        let manifest = place.scene.manifest();
        place.scene.run(&["verify", "--manifest", text(&manifest), "--source", &made]).undecided(&words);
        place.scene.run(&["package", "--from", &made]).undecided(&words);
    }
    for mode in ["040000", "40755", "20000"] {
        let src = id(&place, "HEAD:src");
        let top = tree(&place, &[("100644", "countersign.toml", &toml), (mode, "src", &src)]);
        let made = commit(&place, &top);
        place.push(&["--no-verify", "origin", &format!("{made}:refs/heads/main")]).refused("of mode");
    }
    assert_eq!(place.there("refs/heads/main"), None);
}

#[test]
fn replacements_are_not_pushed_where_a_ref_is_protected() {
    let place = with_a_folder();
    place.push(&ALL).pushed("1 allowed");
    let good = id(&place, "HEAD");
    place.scene.git(&["checkout", "-q", "-b", "evil"]);
    write(&place.scene.repository().join("src/app.py"), "print('evil')\n");
    place.scene.commit();
    for name in ["replace", "REPLACE", "rep\u{200c}lace", "replace.", "namespaces/x/refs/replace"] {
        for client in [&[][..], &["--no-verify"]] {
            let spec = format!("evil:refs/{name}/{good}");
            let push = place.push(&[client, &["origin", &spec]].concat());
            push.refused("refs/replace/").told("push only the branch: `git push origin <branch>`");
        }
    }
    // Beside other refs, as an update and as a deletion.
    place.on_server(&["update-ref", &format!("refs/replace/{good}"), &good]);
    for spec in [format!("+evil:refs/replace/{good}"), format!(":refs/replace/{good}")] {
        place.push(&["--no-verify", "origin", "evil:refs/heads/topic", &spec]).refused("refs/replace/");
        assert_eq!(place.there(&format!("refs/replace/{good}")), Some(good.clone()));
        assert_eq!(place.there("refs/heads/topic"), None);
    }
    // By a symbolic ref of the server's owner.
    place.on_server(&["symbolic-ref", "refs/heads/other", &format!("refs/replace/{good}")]);
    place.push(&["--no-verify", "origin", "evil:refs/heads/other"]).refused("refs/replace/");
    place.on_server(&["symbolic-ref", "-d", "refs/heads/other"]);
    place.on_server(&["update-ref", "-d", &format!("refs/replace/{good}")]);
    unprotect(&place);
    place.push(&["origin", &format!("evil:refs/replace/{good}")]).pushed("");
}

#[test]
fn what_is_verified_is_the_object_and_not_its_replacement() {
    let place = with_a_folder();
    let good = id(&place, "HEAD");
    place.scene.git(&["checkout", "-q", "-b", "evil"]);
    write(&place.scene.repository().join("src/app.py"), "print('evil')\n");
    place.scene.commit();
    let evil = id(&place, "evil");
    // The signed commit behind the id of another: git shows signed code for it.
    place.scene.git(&["replace", &evil, &good]);
    assert_eq!(place.scene.git(&["show", "evil:src/app.py"]), "print('signed')\n");
    place.scene.git(&["notes", "--ref", "countersign", "copy", "-f", &good, &evil]);
    let verified = place.scene.run(&["verify", "--source", "evil"]);
    verified.is_no().told("source-differs").told("refs/replace/").told("git replace -d");
    place
        .push(&["--no-verify", "origin", "evil:refs/heads/main", "refs/notes/countersign"])
        .refused("source-differs");
    place.scene.git(&["checkout", "-q", "-f", "main"]);
    let package = place.scene.path().join("from");
    place.scene.run(&["package", "--from", &evil, "--output", text(&package)]).done();
    assert!(read(&package.join("orders.zip")) != read(&place.scene.artifact()));
    // Notes and refs are read by git itself, which must see them as they are stored.
    place.scene.run(&["manifest", "push"]).done();
}

#[test]
fn a_name_that_a_server_may_keep_in_the_place_of_a_protected_ref_is_refused() {
    let place = with_a_folder();
    for name in [
        "refs/heads/MAIN",
        "refs/heads/ma\u{200b}in",
        "refs/heads/main\u{200d}",
        "refs/heads./main",
        "refs/heads/\u{ff4d}ain",
        "refs/tags/V1",
        "refs/namespaces/a/refs/heads/Main",
    ] {
        for client in [&[][..], &["--no-verify"]] {
            let spec = format!("main:{name}");
            let push = place.push(&[client, &["origin", &spec, "refs/notes/countersign"]].concat());
            push.refused("protects").told("by its own name");
        }
    }
    assert_eq!(place.there("refs/"), None);
    // A server that tells them apart can have one from before; it can be deleted.
    let head = id(&place, "HEAD");
    place.push(&["origin", "main:refs/heads/topic"]).pushed("");
    place.on_server(&["update-ref", "refs/heads/MAIN", &head]);
    place.push(&["origin", ":refs/heads/MAIN"]).pushed("");
    place.push(&["origin", "main:refs/heads/maintenance", "main:refs/heads/mains"]).pushed("");
}

#[test]
fn trees_that_unfold_are_refused_in_seconds() {
    let place = with_a_folder();
    let [toml, file] = ["HEAD:countersign.toml", "HEAD:src/app.py"].map(|revision| id(&place, revision));
    let names: Vec<String> = (0..10).map(|n| n.to_string()).collect();
    let ten = |mode: &'static str, id: &str| {
        let entries: Vec<(&str, &str, &str)> = names.iter().map(|name| (mode, name.as_str(), id)).collect();
        tree(&place, &entries)
    };
    let bomb = (0..11).fold(ten("100644", &file), |below, _| ten("40000", &below));
    let made =
        commit(&place, &tree(&place, &[("100644", "countersign.toml", &toml), ("40000", "src", &bomb)]));
    let started = Instant::now();
    place.push(&["--no-verify", "origin", &format!("{made}:refs/heads/main")]).refused("expand to more than");
    place.scene.run(&["verify", "--source", &made]).undecided("expand to more than");
    place.scene.run(&["package", "--from", &made]).undecided("expand to more than");
    // Notes, too, are a tree.
    place.scene.git(&["update-ref", "refs/notes/countersign", &commit(&place, &bomb)]);
    place.scene.run(&["verify", "--source", "HEAD"]).is_no();
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_file_that_is_named_a_thousand_times_is_read_once() {
    let place = with_a_folder();
    let big = place.scene.path().join("big");
    write(&big, vec![b'x'; 32 << 20]);
    let big = place.scene.git(&["hash-object", "-w", text(&big)]).trim().to_owned();
    let toml = id(&place, "HEAD:countersign.toml");
    let names: Vec<String> = (0..1000).map(|n| format!("{n:03}")).collect();
    let entries: Vec<(&str, &str, &str)> =
        names.iter().map(|name| ("100644", name.as_str(), big.as_str())).collect();
    let src = tree(&place, &entries);
    let made =
        commit(&place, &tree(&place, &[("100644", "countersign.toml", &toml), ("40000", "src", &src)]));
    let started = Instant::now();
    // 32 GB, if each were read.
    place.scene.run(&["verify", "--source", &made]).is_no().told("source-differs");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn packages_that_are_not_kept_are_judged_all_the_same() {
    let place = with_a_folder();
    let [toml, file] = ["HEAD:countersign.toml", "HEAD:src/app.py"].map(|revision| id(&place, revision));
    let other = place.scene.path().join("other.toml");
    let two = "[[function]]\nname = 'more'\npath = 'src'\n";
    write(&other, format!("{}\n{two}", place.scene.git(&["show", "HEAD:countersign.toml"])));
    let two = place.scene.git(&["hash-object", "-w", text(&other)]).trim().to_owned();
    let names: Vec<String> = (0..200).map(|n| format!("{n:03}")).collect();
    let many = |mode: &'static str, id: &str| {
        let entries: Vec<(&str, &str, &str)> = names.iter().map(|name| (mode, name.as_str(), id)).collect();
        tree(&place, &entries)
    };
    // 40,000 files of each function: more together than are kept, and nothing but the digest tells.
    let src = many("40000", &many("100644", &file));
    for (toml, functions) in [(&toml, 1), (&two, 2)] {
        let made =
            commit(&place, &tree(&place, &[("100644", "countersign.toml", toml), ("40000", "src", &src)]));
        let ran = place.scene.run(&["verify", "--source", &made, "--format", "json"]);
        let document: serde_json::Value =
            serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{ran}"));
        let results = document["results"].as_array().expect("results");
        assert_eq!(results.len(), functions);
        assert_eq!(results[0]["checks"][1]["findings"][0]["code"], "source-differs", "{ran}");
        let removed = &results[0]["checks"][1]["findings"][0]["files"];
        assert!(!removed["added"].as_array().expect("a list").is_empty(), "{removed}");
    }
}

#[test]
fn a_shallow_clone_that_hides_a_manifest_says_what_to_fetch() {
    let place = with_a_folder();
    // A second commit that leaves the function as it was signed.
    write(&place.scene.repository().join("README"), "read me\n");
    place.scene.commit();
    place.scene.run(&["verify", "--source", "HEAD", "--format", "json"]).allowed();
    let clone = place.scene.path().join("shallow");
    let url = format!("file://{}", text(&place.scene.repository()));
    place.scene.git(&["clone", "-q", "--depth=1", "-b", "main", &url, text(&clone)]);
    let in_clone = |arguments: &[&str]| {
        let mut command = place.scene.countersign();
        Ran::of(command.current_dir(&clone).args(arguments))
    };
    place.scene.git(&[
        "-C",
        text(&clone),
        "fetch",
        "-q",
        "origin",
        "refs/notes/countersign:refs/notes/countersign",
    ]);
    place.scene.git(&["-C", text(&clone), "remote", "remove", "origin"]);
    let trust = ["--policy", text(&place.scene.policy()), "--root", &place.scene.pin().to_string()]
        .map(str::to_owned);
    let trust: Vec<&str> = trust.iter().map(String::as_str).collect();
    let ask = |revision: &str| in_clone(&[&["verify", "--source", revision], &trust[..]].concat());
    ask("HEAD").undecided("shallow clone").told("git fetch --unshallow");
    ask(&id(&place, "HEAD~1")).undecided("shallow clone").told("git fetch --deepen");
}
