//! Is there any text that a terminal or a CI system obeys when it is shown?

use std::fs::{self, File};

use countersign::report::escape::line;
use serde_json::{Value, json};

use crate::attacks::json::places;
use crate::support::{NAME, Ran, Scene, revocation, text, write};

/// What a terminal, a log or a CI system might obey.
const EVIL: &str = "pwned\x1b]0;pwned\x07\u{9b}31m\u{202e}\u{2066}\u{2028}\r\n::set-output name=a::b\n::error::\nerror: forged\nhint: forged";

/// Asserts that the hostile text is shown, and that nothing in it is obeyed.
#[track_caller]
fn harmless(ran: &Ran) {
    assert!((ran.out() + &ran.err()).contains("pwned"), "it is not shown: {ran}");
    obeyed_nothing(ran);
}

/// Asserts that nothing in the output is more than letters.
#[track_caller]
fn obeyed_nothing(ran: &Ran) {
    let all = without_our_colors(&(ran.out() + &ran.err()));
    let obeyed = |c: char| c != '\n' && line(&c.to_string()) != c.to_string();
    if let Some(c) = all.chars().find(|c| obeyed(*c)) {
        panic!("U+{:04X} is raw in\n{}", u32::from(c), all.escape_debug());
    }
    let command = all.split('\n').find(|line| line.trim_start().starts_with("::"));
    assert_eq!(command, None, "{ran}");
    // A name begins no line that looks like one of the program's own.
    let forged =
        all.split('\n').find(|line| line.starts_with("error: forged") || line.starts_with("hint: forged"));
    assert_eq!(forged, None, "{ran}");
    assert!(!ran.err().contains("panicked"), "{ran}");
}

/// The output without the colors of labels and decisions, at exactly the places where they belong.
fn without_our_colors(text: &str) -> String {
    let words = ["error:", "hint:", "note:", "warning:", "allowed", "warned", "denied"];
    let colored = |line: &str, word: &str| {
        let start = ["31", "32", "33", "36"].map(|color| format!("\u{1b}[1m\u{1b}[{color}m{word}\u{1b}[0m"));
        start.iter().find_map(|start| line.strip_prefix(start.as_str()).map(|rest| format!("{word}{rest}")))
    };
    let outcome = |line: &str| {
        let plain = line.replace("\u{1b}[1m\u{1b}[32mok\u{1b}[0m", "ok");
        let plain = plain.replace("\u{1b}[1m\u{1b}[31mfailed\u{1b}[0m", "failed");
        let is_check = plain.starts_with("  ") && plain.split_whitespace().count() == 2;
        is_check.then_some(plain)
    };
    let each = |line: &str| {
        let label = words.iter().find_map(|word| colored(line, word));
        label.or_else(|| outcome(line)).unwrap_or_else(|| line.to_owned())
    };
    text.split('\n').map(each).collect::<Vec<_>>().join("\n")
}

/// Runs it as on a terminal: nothing is taken away on the way out.
fn shown(scene: &Scene, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    Ran::of(scene.countersign().args(arguments).env("CLICOLOR_FORCE", "1").envs(variables.iter().copied()))
}

/// gh CVE-2026-45803: terminal escapes in arguments and variables.
#[test]
fn escapes_in_arguments_are_not_obeyed() {
    let scene = Scene::new();
    scene.verify().allowed();
    for arguments in [
        &["verify", EVIL, "--function", NAME][..],
        &["verify", "dist/orders.zip", "--function", EVIL],
        &["verify", "dist/orders.zip", "--csc", EVIL],
        &["verify", "dist/orders.zip", "--function", NAME, "--manifest", EVIL],
        &["verify", "--policy", EVIL],
        &["verify", "--root", EVIL],
        &["verify", "--format", EVIL],
        &["verify", &format!("--{EVIL}")],
        &[EVIL],
        &["-C", EVIL, "verify"],
        &["--threads", EVIL, "verify"],
        &["package", EVIL],
        &["package", "--from", EVIL],
        &["package", "--output", &format!("handler.py/{EVIL}")],
        &["release", EVIL],
        &["sign", EVIL, "--function", NAME],
        &["sign", "dist/orders.zip", "--profile", EVIL],
        &["sign", "dist/orders.zip", "--again", "--profile", &format!("pwned_{}", "a".repeat(9))],
        &["sign", "dist/orders.zip", "--again", "--key", EVIL],
        &["sign", "dist/orders.zip", "--again", "--key", &format!("{EVIL}:x")],
        &["inspect", EVIL],
        &["init", "--account", EVIL],
        &["init", "--account", "zeta", "--principal", EVIL],
        &["init", "--account", "zeta", "--functions", EVIL, "--no-pin", "--plaintext"],
        &["init", "--account", "zeta", "--validity", EVIL],
        &["init", "--account", "zeta", "--no-pin", "--plaintext", "--policy", EVIL],
        &["policy", "pin", EVIL],
        &["policy", "seal", "--replace", "--key", EVIL],
        &["policy", EVIL],
        &["completions", EVIL],
    ] {
        harmless(&shown(&scene, arguments, &[]));
    }
    // What is no name of a variable may be a key, and is not shown at all.
    let key = format!("env:{EVIL}");
    obeyed_nothing(&shown(&scene, &["sign", "dist/orders.zip", "--again", "--key", &key], &[]));
    for (name, arguments) in [
        ("COUNTERSIGN_ROOT", &["verify"][..]),
        ("COUNTERSIGN_POLICY", &["verify"]),
        ("COUNTERSIGN_KEY", &["sign", "dist/orders.zip", "--again"]),
        ("SOURCE_DATE_EPOCH", &["package"]),
    ] {
        harmless(&shown(&scene, arguments, &[(name, EVIL)]));
    }
    for name in ["countersign.root", "countersign.policy", "countersign.key"] {
        scene.git(&["config", name, EVIL]);
        harmless(&shown(&scene, &["sign", "dist/orders.zip", "--again"], &[]));
        scene.git(&["config", "--unset", name]);
        scene.git(&["config", "countersign.root", &scene.pin().to_string()]);
    }
}

/// What a message echoes is short, however long it was, and says how long.
#[test]
fn a_long_argument_or_value_is_shortened_in_its_error() {
    let scene = Scene::new();
    let long = "{".repeat(100_000);
    let arn = format!("arn:countersign:signer::acme:/signing-profiles/{long}/x");
    for arguments in [
        &["verify", "--function", &long][..],
        &["verify", "--csc", &long],
        &["verify", "--root", &long],
        &["verify", "--format", &long],
        &["verify", &format!("--{long}")],
        &["verify", &long],
        &[&long],
        &["-C", &long, "verify"],
        &["--threads", &long, "verify"],
        &["package", &long],
        &["package", "--from", &long],
        &["sign", "dist/orders.zip", "--profile", &long],
        &["sign", "dist/orders.zip", "--again", "--key", &format!("env:{long}")],
        &["sign", "dist/orders.zip", "--again", "--key", &format!("{long}:x")],
        &["init", "--account", &long],
        &["function", "attach", &long, "--csc", &scene.csc()[4..25]],
        &["function", "protect", &long],
        &["csc", "create", "--publisher", &arn],
        &["layer", "fetch", &arn],
        &["account", "trust", "other", "--from", &format!("https://{long}")],
        &["manifest", "list", &long],
        &["manifest", "attach", &long, "dist/orders.zip.sigstore.json"],
        &["job", "revoke", &long],
        &["completions", &long],
    ] {
        let ran = scene.run(arguments);
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(ran.err().len() < 10_000, "{} bytes: {}", ran.err().len(), &ran.err()[..2000]);
    }
    let workspace = scene.repository().join("countersign.toml");
    let good = fs::read_to_string(&workspace).expect("text");
    for value in [
        format!("path = '.'\ninclude = ['{long}']"),
        format!("path = '../{long}'"),
        format!("path = '{long}'"),
        format!("path = '.'\nprofile = '{long}'"),
        format!("path = '.'\n'{long}' = 1"),
        format!("path = '.'\nlayers = ['{long}']"),
    ] {
        write(&workspace, good.replace(r#"path = ".""#, &value));
        let ran = scene.run(&["release"]);
        assert_eq!(ran.code, Some(2), "{ran}");
        assert!(ran.err().len() < 10_000, "{} bytes: {}", ran.err().len(), &ran.err()[..2000]);
    }
}

/// gh CVE-2026-45803: terminal escapes in names of files and folders.
#[test]
fn escapes_in_file_names_are_not_obeyed() {
    let invisible = "pwned\u{202e}\u{2066}\u{200b}\u{feff}\u{e0041}.txt";
    for format in ["text", "json"] {
        let scene = Scene::new();
        scene.verify().allowed();
        let tree = scene.repository();
        let explain = ["package", "--explain", "--format", format];
        // Ignored, excluded, untracked, and packaged.
        write(&tree.join(".gitignore"), "*.log\n");
        write(&tree.join(format!("{EVIL}.log")), "");
        harmless(&shown(&scene, &explain, &[]));
        write(&tree.join(invisible), "");
        harmless(shown(&scene, &explain, &[]).done());
        // A verdict that names files.
        let ran = shown(&scene, &["verify", "--format", format], &[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        harmless(&ran);
        harmless(shown(&scene, &["inspect", "dist/orders.zip", "--format", format], &[]).done());
        harmless(shown(&scene, &["package", "--tracked", "--explain", "--format", format], &[]).done());
        // A file that no package may hold.
        write(&tree.join(EVIL), "");
        harmless(&shown(&scene, &explain, &[]));
        harmless(&shown(&scene, &["release", "--format", format], &[]));
        fs::remove_file(tree.join(EVIL)).expect("it was there");
        // The artifact's own name.
        let artifact = format!("{EVIL}.zip");
        fs::copy(scene.artifact(), tree.join(&artifact)).expect("a copy");
        harmless(&shown(&scene, &["sign", &artifact, "--function", NAME, "--format", format], &[]));
        harmless(&shown(&scene, &["sign", &artifact, "--function", NAME, "--format", format], &[]));
        harmless(&shown(&scene, &["verify", &artifact, "--function", NAME, "--format", format], &[]));
        // A document of the policy.
        write(&scene.policy().join(format!("profiles/{EVIL}.toml")), "revision = 0");
        harmless(&shown(&scene, &["policy", "status", "--format", format], &[]));
        harmless(&shown(&scene, &["policy", "seal"], &[]));
        // A folder to start in.
        let folder = scene.path().join(EVIL);
        write(&folder.join("handler.py"), "");
        obeyed_nothing(&shown(&scene, &["-C", text(&folder), "policy", "status", "--format", format], &[]));
        let account = ["init", "--account", "zeta", "--plaintext", "--keys"];
        let keys = scene.path().join(format!("keys-{EVIL}"));
        harmless(&shown(&scene, &[&["-C", text(&folder)][..], &account, &[text(&keys)]].concat(), &[]));
        let key = keys.join("signing.pem");
        let release = ["release", "--key", text(&key), "--format", format];
        harmless(shown(&scene, &[&["-C", text(&folder)][..], &release].concat(), &[]).done());
    }
}

/// gh CVE-2026-45803: terminal escapes in entries of an archive.
#[test]
fn escapes_in_archives_are_not_obeyed() {
    let scene = Scene::new();
    scene.verify().allowed();
    for (name, good) in [(EVIL, false), ("pwned\u{202e}\u{2067}txt", true)] {
        let path = scene.path().join("foreign.zip");
        let mut writer = zip::ZipWriter::new(File::create(&path).expect("a file"));
        let options = zip::write::SimpleFileOptions::default();
        writer.start_file(name, options).expect("an entry");
        writer.finish().expect("a ZIP");
        for format in ["text", "json"] {
            let ran = shown(&scene, &["inspect", "../foreign.zip", "--format", format], &[]);
            assert_eq!(ran.code == Some(0), good, "{ran}");
            harmless(&ran);
        }
        let ran = shown(&scene, &["sign", "../foreign.zip", "--function", NAME, "--again"], &[]);
        assert_eq!(ran.code == Some(0), good, "{ran}");
        if !good {
            harmless(&ran);
            fs::copy(&path, scene.artifact()).expect("a copy");
            harmless(&shown(&scene, &["verify"], &[]));
            harmless(&shown(&scene, &["verify", "--format", "json"], &[]));
        }
    }
}

/// gh CVE-2026-45803: terminal escapes in a remote's address, a CI variable and every text of a manifest.
#[test]
fn escapes_in_manifests_are_not_obeyed() {
    let scene = Scene::new();
    scene.verify().allowed();
    scene.git(&["config", "remote.origin.url", &format!("https://example.org/{EVIL}")]);
    write(&scene.repository().join("handler.py"), "print('two orders')\n");
    let run = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_SERVER_URL", EVIL),
        ("GITHUB_REPOSITORY", EVIL),
        ("GITHUB_RUN_ID", EVIL),
    ];
    shown(&scene, &["release"], &run).done();
    let both = |arguments: &[&str]| {
        ["text", "json"].map(|format| shown(&scene, &[arguments, &["--format", format]].concat(), &[]))
    };
    for ran in both(&["inspect", "dist/orders.zip.sigstore.json"]) {
        harmless(ran.done());
    }
    let (bundle, statement) = (scene.bundle(), scene.statement());
    for place in places(&statement) {
        if !statement.pointer(&place).is_some_and(Value::is_string) {
            continue;
        }
        scene.restate(|changed| *changed.pointer_mut(&place).expect("it is there") = EVIL.into());
        both(&["verify"]).iter().for_each(obeyed_nothing);
        both(&["inspect", "dist/orders.zip.sigstore.json"]).iter().for_each(harmless);
    }
    scene.restate(|changed| {
        *changed = statement.clone();
        changed["predicate"]["source"]["commit"] = EVIL.into();
    });
    both(&["verify"]).iter().for_each(|ran| harmless(ran.done()));
    let field = json!({ EVIL: 1 });
    scene.restate(|changed| changed["predicate"] = field.clone());
    both(&["verify"]).iter().for_each(harmless);
    for (place, value) in [
        ("/mediaType", json!(EVIL)),
        ("/dsseEnvelope/payloadType", json!(EVIL)),
        ("/verificationMaterial", field),
    ] {
        let mut changed = bundle.clone();
        *changed.pointer_mut(place).expect("it is there") = value;
        scene.put_bundle(&changed);
        both(&["verify"]).iter().for_each(harmless);
    }
    let mut changed = bundle;
    changed["dsseEnvelope"]["signatures"][0]["keyid"] = EVIL.into();
    changed["verificationMaterial"]["publicKey"]["hint"] = EVIL.into();
    scene.put_bundle(&changed);
    both(&["verify"]).iter().for_each(harmless);
    both(&["inspect", "dist/orders.zip.sigstore.json"]).iter().for_each(harmless);
}

/// gh CVE-2026-45803: terminal escapes in function names and everything else of a TOML document.
#[test]
fn escapes_in_toml_are_not_obeyed() {
    let scene = Scene::new();
    scene.verify().allowed();
    let workspace = scene.repository().join("countersign.toml");
    let good = fs::read_to_string(&workspace).expect("text");
    let quoted = Value::from(EVIL).to_string();
    for (from, to) in [
        (r#""orders""#, quoted.clone()),
        (r#""acme""#, quoted.clone()),
        (r#""../policy""#, quoted.clone()),
        (r#"path = ".""#, format!("path = {}", Value::from(format!("../{EVIL}")))),
        (r#"path = ".""#, format!("path = {quoted}")),
        (r#"path = ".""#, format!("path = '.'\nprofile = {quoted}")),
        (r#"path = ".""#, format!("path = '.'\nlayers = [{quoted}]")),
        (r#"path = ".""#, format!("path = '.'\ninclude = [{}]", Value::from(format!("{EVIL}[z-a]")))),
        (r#"path = ".""#, format!("path = '.'\n{quoted} = 1")),
        (r#"path = ".""#, format!("path = '.'\n{quoted}.{quoted} = 1")),
        (r#"path = ".""#, "path = '.'\npwned\x1b]0;pwned\x07".into()),
    ] {
        assert!(good.contains(from), "{from}");
        write(&workspace, good.replace(from, &to));
        for format in ["text", "json"] {
            obeyed_nothing(&shown(&scene, &["release", "--format", format], &[]));
        }
    }
    write(&workspace, good.replace(r#""orders""#, &quoted));
    harmless(&shown(&scene, &["release"], &[]));
    write(&workspace, good);
    let csc = scene.csc();
    for (path, from, to) in [
        (&csc[..], "\"Enforce\"", quoted.clone()),
        (&csc, "revision = 1", format!("revision = 1\n{quoted} = 1")),
        (&csc, "\"arn:", format!("{quoted}, \"arn:")),
        ("functions.toml", "\"*\"", quoted.clone()),
        ("profiles/release.toml", "\"release\"", quoted.clone()),
        ("profiles/release.toml", "\"ci@acme.example\"", quoted.clone()),
        ("revocations.toml", "revision = 1", format!("revision = {quoted}")),
    ] {
        let good = scene.document(path);
        scene.edit(path, from, &to);
        harmless(&shown(&scene, &["policy", "seal"], &[]));
        write(&scene.policy().join(path), good);
    }
    // What can be sealed and shown: the reason of a revocation.
    let job = scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned();
    scene.append("revocations.toml", &revocation("job", &job).replace("'a lost laptop'", &quoted));
    scene.seal();
    for format in ["text", "json"] {
        let ran = shown(&scene, &["verify", "--format", format], &[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        harmless(&ran);
    }
}

/// A secret that is pasted where the name of its file belongs, as happens in CI settings.
#[test]
fn a_key_that_is_given_as_text_is_not_printed() {
    let scene = Scene::new();
    let pem = fs::read_to_string(scene.key_file("signing")).expect("a key");
    let secret = pem.lines().nth(1).expect("a line of the key");
    let one_line = pem.replace('\n', "");
    for key in [pem.clone(), format!("env:{pem}"), format!("env:{one_line}"), one_line.clone()] {
        let ran = shown(&scene, &["sign", "dist/orders.zip", "--again"], &[("COUNTERSIGN_KEY", &key)]);
        assert!(ran.code == Some(2) && !(ran.out() + &ran.err()).contains(&secret[..20]), "{ran}");
        for arguments in [["key", "show", &key], ["sign", "--key", &key]] {
            let ran = shown(&scene, &arguments, &[]);
            assert!(ran.code == Some(2) && !(ran.out() + &ran.err()).contains(&secret[..20]), "{ran}");
        }
        scene.git(&["config", "countersign.key", &key]);
        let ran = shown(&scene, &["sign", "dist/orders.zip", "--again"], &[]);
        assert!(!(ran.out() + &ran.err()).contains(&secret[..20]), "{ran}");
        scene.git(&["config", "--unset", "countersign.key"]);
    }
}
