//! What may become of the ledger between two seals?

use countersign::digest::Sha384;
use countersign::ledger::{self, Line};
use countersign::time::Timestamp;

use crate::support::{Scene, read, write};

/// A scene whose ledger has three lines, which are sealed.
fn recorded() -> (Scene, Vec<Line>) {
    let scene = Scene::new();
    for _ in 0..3 {
        scene.run(&["sign", "dist/orders.zip", "--again"]).done();
        scene.run(&["job", "record", "dist/orders.zip.sigstore.json"]).done();
    }
    scene.seal();
    let lines = lines(&scene);
    assert_eq!(lines.len(), 3);
    (scene, lines)
}

fn lines(scene: &Scene) -> Vec<Line> {
    let mut lines = Vec::new();
    let account = "acme".parse().expect("a name");
    let path = scene.policy().join(ledger::FILE_NAME);
    ledger::read(&path, &account, u64::MAX, |_, line| lines.push(line)).expect("a ledger");
    lines
}

/// Writes these lines, chained anew.
fn chain(scene: &Scene, lines: &[Line]) {
    let mut previous = Sha384::of(b"countersign ledger 1 acme\n");
    let mut bytes = Vec::new();
    for line in lines {
        let line = Line { previous, ..line.clone() };
        let text = serde_json::to_string(&line).expect("JSON") + "\n";
        previous = Sha384::of(text.as_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    write(&scene.policy().join(ledger::FILE_NAME), bytes);
}

/// A ledger only grows: whatever becomes of a sealed line, in a chain that holds, is refused and named.
#[test]
fn a_sealed_line_stays_as_it_is() {
    let (scene, good) = recorded();
    let file = scene.policy().join(ledger::FILE_NAME);
    let sealed = read(&file);
    chain(&scene, &good);
    assert_eq!(read(&file), sealed, "the chain is made otherwise");
    let change = |edit: &dyn Fn(&mut Vec<Line>)| {
        let mut lines = good.clone();
        edit(&mut lines);
        lines
    };
    let earlier = |line: &mut Line| line.recorded_at = line.recorded_at.plus_seconds(-86_400);
    for (what, lines) in [
        ("the first removed", change(&|lines| drop(lines.remove(0)))),
        ("the last removed", change(&|lines| drop(lines.pop()))),
        ("all removed", Vec::new()),
        ("another artifact", change(&|lines| lines[1].recorded.artifact = Sha384::of(b"other"))),
        ("another name", change(&|lines| lines[2].recorded.name = "billing".parse().expect("a name"))),
        ("recorded earlier", change(&|lines| lines.iter_mut().for_each(earlier))),
        (
            "in another order",
            change(&|lines| {
                lines.swap(0, 1);
                let at = lines[0].recorded_at.max(lines[1].recorded_at);
                lines[..2].iter_mut().for_each(|line| line.recorded_at = at);
            }),
        ),
        ("one put before", change(&|lines| lines.insert(0, lines[0].clone()))),
    ] {
        chain(&scene, &lines);
        scene.run(&["policy", "seal"]).undecided("lines can only be added");
        scene.verify().undecided("unsealed changes: ledger.jsonl");
        scene.run(&["policy", "renew", "--within", "400 days"]).undecided("unsealed changes: ledger.jsonl");
        assert_eq!(scene.run(&["policy", "status"]).code, Some(1), "{what}");
    }
    std::fs::remove_file(&file).expect("it was there");
    scene.run(&["policy", "seal"]).undecided("lines can only be added");
    scene.verify().undecided("unsealed changes: ledger.jsonl");
    write(&file, sealed);
    scene.verify().allowed();
    // The state of the ledger blocks nobody who restores it.
    scene.seal();
}

/// Whatever asks about the ledger notices that sealed lines are gone, and nothing is built on the rest.
#[test]
fn a_ledger_that_lost_sealed_lines_is_noticed() {
    let (scene, _) = recorded();
    scene.run(&["sign", "dist/orders.zip", "--again"]).done();
    let file = scene.policy().join(ledger::FILE_NAME);
    let sealed = read(&file);
    let first = sealed.iter().position(|byte| *byte == b'\n').expect("a line") + 1;
    let whole = std::str::from_utf8(&sealed).expect("text");
    for (what, bytes) in [
        ("emptied", Some(&b""[..])),
        ("removed", None),
        ("null", Some(b"null")),
        ("a list", Some(b"[]")),
        ("cut to a line", Some(&sealed[..first])),
        ("without its last line feed", Some(&sealed[..sealed.len() - 1])),
        ("another name in it", Some(whole.replace("orders", "ordres").as_bytes())),
    ] {
        match bytes {
            Some(bytes) => write(&file, bytes),
            None => std::fs::remove_file(&file).expect("it was there"),
        }
        let diff = scene.run(&["policy", "diff"]);
        let said = "sealed lines were changed or removed";
        assert!(diff.code == Some(1) && diff.out().contains(said), "{what}: {diff}");
        scene.run(&["policy", "seal"]).undecided("restore the file from the policy's repository");
        for command in [
            &["job", "list"][..],
            &["job", "show", "3f2b8c1e-0f5a-4c57-9d1c-2f6f0f9a7b10"],
            &["job", "record", "dist/orders.zip.sigstore.json"],
        ] {
            let ran = scene.run(command);
            assert!(ran.code == Some(2) && ran.err().contains("hint: restore the ledger"), "{what}: {ran}");
        }
        assert_eq!(std::fs::read(&file).ok().as_deref(), bytes, "{what}");
    }
    write(&file, &sealed);
    scene.run(&["job", "record", "dist/orders.zip.sigstore.json"]).done();
    scene.seal();
}

/// A chain that does not hold is refused at its line.
#[test]
fn a_line_follows_from_the_line_before() {
    let (scene, good) = recorded();
    let file = scene.policy().join(ledger::FILE_NAME);
    let sealed = read(&file);
    let lines: Vec<&[u8]> = sealed.split_inclusive(|byte| *byte == b'\n').collect();
    let long = [b" ".repeat(5000), b"\n".to_vec()].concat();
    let late = good[2].recorded_at.plus_seconds(-1);
    chain(&scene, &[&good[..], &[Line { recorded_at: late, ..good[2].clone() }]].concat());
    let back = read(&file);
    for (what, tail) in [
        ("a line twice", lines[2]),
        ("the first line again", lines[0]),
        ("an empty line", b"\n"),
        ("null", b"null\n"),
        ("a line with a blank more", &[b" ", lines[2]].concat()),
        ("a line without end", &long),
        ("a time that goes back", &back[sealed.len()..]),
    ] {
        write(&file, [&sealed, tail].concat());
        let ran = scene.run(&["policy", "seal"]);
        assert!(ran.undecided("ledger.jsonl").err().contains("line 4: "), "{what}: {ran}");
        let record = scene.run(&["job", "record", "dist/orders.zip.sigstore.json"]);
        assert!(record.undecided("line 4: ").err().contains("ledger.jsonl"), "{what}");
        // What is sealed counts nevertheless.
        scene.verify().allowed();
    }
    write(&file, &sealed);
    scene.seal();
}

/// Between two seals a line is recorded after the first and before the second, give or take the clocks.
#[test]
fn a_line_is_recorded_between_two_seals() {
    let (scene, good) = recorded();
    let base = scene.snapshot().created;
    let now = Timestamp::from_clock(std::time::SystemTime::now());
    let old = "2020-01-01T00:00:00Z".parse().expect("a time");
    let mut version = scene.snapshot().version;
    for (recorded_at, may) in [
        (base.plus_seconds(-301), false),
        (base.plus_seconds(-299), true),
        (now.plus_seconds(3600), false),
        (now.plus_seconds(290), true),
        (old, false),
    ] {
        // An account whose seals are as old as its lines would have to be.
        let mut lines = good.clone();
        lines.iter_mut().for_each(|line| line.recorded_at = old);
        chain(&scene, &lines);
        let mut sealed = scene.snapshot();
        version += 10;
        let bytes = read(&scene.policy().join(ledger::FILE_NAME));
        (sealed.version, sealed.created) = (version, base);
        let ledger =
            sealed.documents.iter_mut().find(|each| each.path == ledger::FILE_NAME).expect("it is sealed");
        (ledger.size, ledger.sha384) = (bytes.len() as u64, Sha384::of(&bytes));
        scene.put_snapshot(&sealed);
        let mut job = good[2].clone();
        (job.recorded_at, job.recorded.payload) = (recorded_at, Sha384::of(b"another payload"));
        chain(&scene, &[&lines[..], &[job]].concat());
        let ran = scene.run(&["policy", "seal"]);
        match may {
            true => drop(ran.done()),
            false => drop(ran.undecided("which is before the last seal or in the future")),
        }
        version += 1;
    }
}

/// A line that was begun and never ended was never recorded; the next one takes its place.
#[test]
fn a_line_without_its_end_was_never_recorded() {
    let (scene, _) = recorded();
    let file = scene.policy().join(ledger::FILE_NAME);
    let sealed = read(&file);
    for half in [&b"{"[..], b"{\"previous\":\"", &sealed[..sealed.len() / 3 - 2], b"\xff"] {
        write(&file, [&sealed, half].concat());
        scene.verify().allowed();
        scene.run(&["policy", "seal"]).done();
        scene.verify().allowed();
        assert_eq!(lines(&scene).len(), 3);
    }
    scene.run(&["sign", "dist/orders.zip", "--again"]).done();
    scene.run(&["job", "record", "dist/orders.zip.sigstore.json"]).done();
    assert_eq!(lines(&scene).len(), 4);
    assert!(read(&file).starts_with(&sealed));
    scene.seal();
}
