//! Does a seal hold with anything in it that belongs to another seal, or to none?

use std::fs;
use std::path::{Path, PathBuf};

use countersign::digest::Sha384;
use countersign::limits::SNAPSHOT_VERSION_MAX;
use countersign::policy::objects::Objects;
use countersign::policy::snapshot::{self, Snapshot};
use countersign::report::Decision;

use crate::governance::board::Board;
use crate::support::{Mode, Scene, contents, copy, read, revocation, said, scratch, text, write};

/// A scene with three seals, each with more revoked and recorded; and what the policy was at each.
fn three_seals(mode: Mode) -> (Scene, Vec<tempfile::TempDir>) {
    let scene = Scene::of(mode);
    let (mut kept, first) = (Vec::new(), scene.bundle());
    for n in 1..=3 {
        scene.append("revocations.toml", &revocation("artifact", &n.to_string().repeat(96)));
        scene.edit("profiles/release.toml", "revision", "# changed\nrevision");
        scene.run(&["profile", "rotate", "release"]).done();
        scene.edit(&scene.csc(), "description = \"", "description = \"more ");
        scene.append("functions.toml", "# changed");
        scene.seal();
        scene.run(&["sign", "dist/orders.zip", "--again"]).done();
        scene.run(&["job", "record", text(&scene.manifest())]).done();
        scene.seal();
        let folder = scratch();
        copy(&scene.policy(), folder.path());
        kept.push(folder);
    }
    // Signed with a profile version that every seal has.
    scene.put_bundle(&first);
    scene.verify().allowed();
    (scene, kept)
}

/// TUF, mix and match: each document of another seal alone is refused and named.
#[test]
fn a_document_of_another_seal_is_named() {
    for mode in Mode::BOTH {
        let (scene, seals) = three_seals(mode);
        let csc = scene.csc();
        copy(seals[1].path(), &scene.policy());
        fs::remove_file(scene.state()).expect("it was there");
        scene.verify().allowed();
        for other in [&seals[0], &seals[2]] {
            for path in ["profiles/release.toml", "functions.toml", "revocations.toml", &csc, "ledger.jsonl"]
            {
                let longer = path == "ledger.jsonl" && other.path() == seals[2].path();
                let good = read(&scene.policy().join(path));
                write(&scene.policy().join(path), read(&other.path().join(path)));
                let ran = scene.verify();
                // A ledger goes on after what is sealed of it; that is no other ledger.
                if longer {
                    ran.allowed();
                } else {
                    ran.undecided(&format!("unsealed changes: {path}"));
                }
                assert_eq!(scene.run(&["policy", "status"]).code, Some(1), "{path}");
                write(&scene.policy().join(path), good);
            }
            let sealed = read(&snapshot::path(&scene.policy()));
            write(&snapshot::path(&scene.policy()), read(&snapshot::path(other.path())));
            assert!(scene.verify().code == Some(2), "the other seal");
            write(&snapshot::path(&scene.policy()), sealed);
        }
    }
}

/// Objects are what their names say, or they are not there: neither is a policy without revocations.
#[test]
fn an_object_that_is_missing_or_another_decides_nothing() {
    let (scene, _seals) = three_seals(Mode::Warn);
    let objects = scene.policy().join("objects");
    let index = scene.snapshot().index.expect("an index").to_string();
    let of = |digest: &str| objects.join(&digest[..2]).join(&digest[2..]);
    let table = String::from_utf8(read(&of(&index))).expect("text");
    let pages: Vec<PathBuf> = table.lines().skip(1).map(&of).collect();
    assert_eq!(pages.len(), 1, "{table}");
    for file in [&of(&index), &pages[0]] {
        let good = read(file);
        let mut changed = good.clone();
        changed[5] ^= 1;
        for bytes in [
            changed,
            good[..good.len() - 1].to_vec(),
            Vec::new(),
            [&good[..], b"\n"].concat(),
            table_of(&pages, &good),
        ] {
            write(file, bytes);
            scene.verify().undecided("content does not match its digest");
        }
        fs::remove_file(file).expect("it was there");
        scene.verify().undecided("` is missing");
        write(file, good);
        scene.verify().allowed();
    }
    // Sealing makes again what is lost; what changed since could not be told from it, and waits.
    fs::remove_dir_all(&objects).expect("it was there");
    let good = scene.document("functions.toml");
    scene.append("functions.toml", "# reviewed");
    for command in [&["verify"][..], &["policy", "status"], &["policy", "diff"], &["policy", "seal"]] {
        let ran = scene.run(command);
        let way = ran.err().contains("restore every document as it was sealed");
        assert!(ran.code == Some(2) && (way || ran.err().contains("restore the files")), "{ran}");
    }
    write(&scene.policy().join("functions.toml"), &good);
    for command in [&["verify"][..], &["policy", "status"]] {
        scene.run(command).undecided("` is missing");
    }
    scene.seal();
    scene.append("functions.toml", "# reviewed");
    scene.seal();
    scene.verify().allowed();
}

/// Bytes that are another object's.
fn table_of(pages: &[PathBuf], good: &[u8]) -> Vec<u8> {
    let page = fs::read(&pages[0]).unwrap_or_default();
    if page == good { b"countersign index 1 0\n".to_vec() } else { page }
}

/// A sealed index that is none is an error, whoever signed it; and it is mended by the next seal.
#[test]
fn a_sealed_index_that_is_none_decides_nothing() {
    let scene = Scene::of(Mode::Warn);
    scene.append("revocations.toml", &revocation("artifact", &"5".repeat(96)));
    scene.seal();
    let good = scene.snapshot();
    let objects = Objects::of(&scene.policy());
    let put = |bytes: &[u8]| countersign::policy::keep::put(&objects, bytes).expect("kept");
    let line = Sha384::of(b"a page that is not there");
    let not_text = put(b"\xff\n");
    for (what, table) in [
        ("nothing", Vec::new()),
        ("no header", format!("{line}\n").into_bytes()),
        ("another version", format!("countersign index 2 0\n{line}\n").into_bytes()),
        ("no lines", b"countersign index 1 0\n".to_vec()),
        ("too few lines", format!("countersign index 1 1\n{line}\n").into_bytes()),
        ("too many lines", format!("countersign index 1 0\n{line}\n{line}\n").into_bytes()),
        ("too many bits", format!("countersign index 1 64\n{line}\n").into_bytes()),
        ("negative bits", format!("countersign index 1 -1\n{line}\n").into_bytes()),
        ("a line that is no digest", format!("countersign index 1 0\n{}\n", "x".repeat(96)).into_bytes()),
        ("a page that is not there", format!("countersign index 1 0\n{line}\n").into_bytes()),
        ("a page that is no text", format!("countersign index 1 0\n{not_text}\n").into_bytes()),
    ] {
        scene.put_snapshot(&Snapshot {
            version: scene.snapshot().version + 1,
            index: Some(put(&table)),
            ..good.clone()
        });
        let ran = scene.verify();
        assert!(ran.code == Some(2) && ran.out().is_empty() && !ran.err().contains("panic"), "{what}: {ran}");
    }
    scene.seal();
    scene.verify().allowed();
}

/// TUF, fast forward, by command: the way back is a root with other policy keys, for those who saw the thief.
#[test]
fn versions_pushed_up_by_a_thief_start_anew() {
    for version in [SNAPSHOT_VERSION_MAX, SNAPSHOT_VERSION_MAX + 1, u64::MAX] {
        let board = Board::of_one();
        board.scene.verify().allowed();
        board.scene.put_snapshot(&Snapshot { version, ..board.scene.snapshot() });
        let state = read(&board.scene.state());
        if version > SNAPSHOT_VERSION_MAX {
            board.scene.verify().undecided("has the implausible version");
            assert_eq!(read(&board.scene.state()), state);
        } else {
            board.scene.verify().allowed();
        }
        let refused = board.by(&["alice"], &["policy", "seal", "--validity", "365 days"]);
        assert!(
            refused
                .undecided("has the implausible version")
                .err()
                .contains("rotate the root to new policy keys"),
            "{refused}"
        );
        let (bob, alice) = (board.file("bob"), board.file("alice"));
        let roles = ["--add-policy-key", text(&bob), "--remove-policy-key", text(&alice)];
        board.by(&["rose"], &[&["policy", "rotate-root"], &roles[..]].concat()).done();
        board.by(&["bob"], &["policy", "seal"]).done();
        board.scene.verify().allowed();
        assert_eq!((board.root(), board.scene.snapshot().version), (2, 1));
        assert_eq!(said(&board.scene.judge()).0, Decision::Allowed);
    }
}

/// What is rejected leaves the memory as it was, and everything else too.
#[test]
fn what_is_rejected_is_not_remembered() {
    let (scene, seals) = three_seals(Mode::Enforce);
    let outside = |scene: &Scene| {
        let in_policy = |path: &Path| path.starts_with("policy");
        contents(scene.path()).into_iter().filter(|(path, _)| !in_policy(path)).collect::<Vec<_>>()
    };
    let before = outside(&scene);
    for seal in &seals[..2] {
        copy(seal.path(), &scene.policy());
        scene.verify().undecided("was rolled back");
        assert!(outside(&scene) == before);
    }
    copy(seals[2].path(), &scene.policy());
    scene.verify().allowed();
    // A verdict is counted; a question that was not decided is not.
    let is_journal = |path: &Path| path.ends_with(".git/countersign/journal.jsonl");
    let but_for_the_journal = |files: Vec<(PathBuf, Vec<u8>)>| {
        files.into_iter().filter(|(path, _)| !is_journal(path)).collect::<Vec<_>>()
    };
    assert!(but_for_the_journal(outside(&scene)) == but_for_the_journal(before));
}
