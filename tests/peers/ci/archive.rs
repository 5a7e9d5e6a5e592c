//! Is a release archive checked before it runs, with nothing but openssl?

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use countersign::crypto::secret::SecretKey;
use serde_json::json;

use super::runner::{Job, TOP, executable};
use crate::peers::peer::Peer;
use crate::support::{NAME, Ran, read, signed, text, write};

/// What the scripts of `.github/release` made: an archive for this machine, and one for another.
struct Released {
    job: Job,
    folder: PathBuf,
}

impl Released {
    /// Nothing if a program is missing that runners have.
    fn new() -> Option<Self> {
        for program in ["openssl", "unzip"] {
            Peer::find(program)?;
        }
        let job = Job::without_countersign()?.with("binary", "release");
        let folder = job.scene.path().join("countersign");
        fs::create_dir_all(folder.join(".github/action")).expect("folders");
        for name in ["Cargo.toml", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "README.md", ".github/release"]
        {
            symlink(Path::new(TOP).join(name), folder.join(name)).expect("a link");
        }
        for name in ["fetch", "report", "run", "verify-archive"] {
            let name = format!(".github/action/{name}");
            fs::copy(Path::new(TOP).join(&name), folder.join(&name)).expect("a copy");
        }
        let released = Self { job, folder };
        for machine in [&format!("{HERE}-linux"), "other-linux"] {
            // The real program has 60 MB when it is built for tests; this one starts it.
            let exec = format!("exec '{}' \"$@\"", env!("CARGO_BIN_EXE_countersign"));
            let program = released.folder.join("program");
            executable(&program, &format!("#!/bin/sh\n# {machine}\n{exec}\n"));
            released.script(".github/release/package ./program", &[machine, &tag()]).done();
        }
        Some(released)
    }

    /// The same, signed.
    fn signed() -> Option<Self> {
        let released = Self::new()?;
        released.put_key(&released.job.scene.key("signing"));
        let ran = released.script(".github/release/sign", &["dist"]);
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(ran.out().matches("allowed: ").count(), 2, "{ran}");
        Some(released)
    }

    /// Puts a public key where the action has it.
    fn put_key(&self, key: &SecretKey) {
        write(&self.folder.join(".github/action/release.pub.pem"), key.public().to_pem());
    }

    /// Runs a script at the top of the repository.
    fn script(&self, script: &str, arguments: &[&str]) -> Ran {
        let mut command = self.job.scene.command("sh");
        command.current_dir(&self.folder).args(["-c", &format!("sh {script} \"$@\""), "sh"]).args(arguments);
        command.env("COUNTERSIGN_POLICY", self.job.scene.policy());
        command.env("COUNTERSIGN_ROOT", self.job.scene.pin().to_string());
        command.env("COUNTERSIGN_KEY", self.job.scene.key_file("signing"));
        Ran::of(&mut command)
    }

    /// An archive's file name.
    fn name(machine: &str) -> String {
        format!("countersign-{}-{machine}-linux.zip", env!("CARGO_PKG_VERSION").replace('.', "-"))
    }

    fn archive(&self, machine: &str) -> PathBuf {
        self.folder.join("dist").join(Self::name(machine))
    }

    fn manifest(&self, machine: &str) -> PathBuf {
        countersign::manifest::path_next_to(&self.archive(machine))
    }

    /// Asks the script about these files under the name of this machine's archive.
    fn check(&self, archive: &Path, manifest: &Path) -> Ran {
        let files = [text(archive), text(manifest), ".github/action/release.pub.pem"];
        self.script(".github/action/verify-archive", &[&files[..], &[&Self::name(HERE)]].concat())
    }
}

/// The tag of this version.
fn tag() -> String {
    format!("v{}", env!("CARGO_PKG_VERSION"))
}

const HERE: &str = std::env::consts::ARCH;

#[test]
fn a_release_signs_itself_and_the_action_runs_it() {
    let Some(released) = Released::signed() else { return };
    let job = &released.job;
    let archive = released.archive(HERE);
    let inputs = [("artifact", "dist/orders.zip"), ("function", NAME), ("archive", text(&archive))];
    // This commit of the action has no release key; the input has.
    job.run("verify", &inputs).refused("has no release key");
    let key = released.job.scene.key("signing").public().to_pem();
    let inputs = [&inputs[..], &[("release-key", key.as_str())]].concat();
    job.run("verify", &inputs).says(0, "allowed").obeyed_nothing();

    let other = SecretKey::generate().expect("a key").public().to_pem();
    let wrong = [&inputs[..], &[("release-key", other.as_str())]].concat();
    job.run("verify", &wrong).refused("is not signed by the release key");
    fs::copy(released.archive("other"), &archive).expect("a copy");
    job.run("verify", &inputs).refused("is not signed by the release key");
}

#[test]
fn an_archive_is_checked_in_every_part() {
    let Some(released) = Released::signed() else { return };
    let (archive, manifest) = (released.archive(HERE), released.manifest(HERE));
    released.check(&archive, &manifest).done();
    let no = |what: &str, archive: &Path, manifest: &Path| {
        let ran = released.check(archive, manifest);
        assert_eq!(ran.code, Some(1), "{what}: {ran}");
        assert!(ran.err().contains("error: "), "{what}: {ran}");
    };
    // Another release of the same key: its archive, its manifest, and both under this name.
    no("another archive", &released.archive("other"), &manifest);
    no("another manifest", &archive, &released.manifest("other"));
    no("another name", &released.archive("other"), &released.manifest("other"));
    no("no manifest", &archive, &archive.with_extension("none"));

    let changed = released.folder.join("changed");
    let mut bytes = read(&archive);
    bytes.push(0);
    write(&changed, &bytes);
    no("a byte more", &changed, &manifest);

    let bundle: serde_json::Value = serde_json::from_slice(&read(&manifest)).expect("JSON");
    let other: serde_json::Value = serde_json::from_slice(&read(&released.manifest("other"))).expect("JSON");
    let mut mixed = bundle.clone();
    mixed["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"].clone();
    write(&changed, mixed.to_string());
    no("the other's signature", &archive, &changed);
    let mut twice = bundle.to_string();
    twice.push_str(&other.to_string());
    write(&changed, twice);
    no("two manifests in one", &archive, &changed);
    for empty in ["", "{}", r#"{"payload":"","sig":""}"#] {
        write(&changed, empty);
        no("nothing in it", &archive, &changed);
    }
    let large = fs::File::create(&changed).expect("a file");
    large.set_len(10 << 30).expect("a sparse file");
    no("10 GB of nothing", &archive, &changed);
}

/// A signature by the release key is not enough: it must be over this statement.
#[test]
fn another_statement_by_the_release_key_is_no_release() {
    let Some(released) = Released::signed() else { return };
    let archive = released.archive(HERE);
    let bundle: serde_json::Value = serde_json::from_slice(&read(&released.manifest(HERE))).expect("JSON");
    let payload = crate::support::decode(&bundle["dsseEnvelope"]["payload"]);
    let payload = String::from_utf8(payload).expect("JSON");
    let key = released.job.scene.key("signing");
    let manifest = released.folder.join("changed");
    let check = |payload_type: &str, payload: String| {
        write(&manifest, signed(payload_type, payload.into_bytes(), &key).to_string());
        released.check(&archive, &manifest).code
    };
    const TYPE: &str = countersign::manifest::PAYLOAD_TYPE;
    assert_eq!(check(TYPE, payload.clone()), Some(0));
    assert_eq!(check("text/plain", payload.clone()), Some(1));
    assert_eq!(check(TYPE, format!(" {payload}")), Some(1));
    assert_eq!(check(TYPE, payload.replace("signing-job:v1", "signing-job:v2")), Some(1));
    let first = r#""subject":["#;
    let before = payload.replace(first, &format!(r#"{first}{{"name":"a.zip","digest":{{}}}},"#));
    assert_eq!(check(TYPE, before), Some(1));
    // Digests of the archive elsewhere in the statement are not those of its subject.
    let digests =
        payload.split(r#""digest":"#).nth(1).expect("digests").split("}]").next().expect("their end");
    let moved = payload
        .replace(digests, r#"{"sha256":"00"}"#)
        .replace(r#""files":["#, &format!(r#""files":[{digests},"#));
    assert_eq!(check(TYPE, moved), Some(1));
}

#[test]
fn a_release_without_a_key_for_the_action_is_not_signed() {
    let Some(released) = Released::new() else { return };
    let ran = released.script(".github/release/sign", &["dist"]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(!released.manifest(HERE).exists());
    // A tag that is not the version's names nothing.
    let ran = released.script(".github/release/package ./program", &["x86_64-linux", "v9.9.9"]);
    assert_eq!(ran.code, Some(2), "{ran}");
}

#[test]
fn an_archive_is_downloaded_from_the_action_s_own_release() {
    let Some(released) = Released::signed() else { return };
    let (Some(_), Some(server)) = (Peer::find("curl"), Server::of(&released.folder)) else { return };
    let key = released.job.scene.key("signing").public().to_pem();
    let inputs = [("artifact", "dist/orders.zip"), ("function", NAME), ("release-key", key.as_str())];
    let run = |repository: &str| {
        let github = json!({ "server_url": server.url, "action_repository": repository });
        released.job.run_with("verify", &inputs, &github)
    };
    run("acme/countersign").refused("cannot download the release archive");
    let folder = released.folder.join("acme/countersign/releases/download").join(tag());
    crate::support::copy(&released.folder.join("dist"), &folder);
    run("acme/countersign").says(0, "allowed").obeyed_nothing();
    run("").refused("does not report the repository");
    fs::copy(released.archive("other"), folder.join(Released::name(HERE))).expect("a copy");
    run("acme/countersign").refused("is not signed by the release key");
}

/// Cargo takes settings from the folder it starts in: those of the judged tree must not run anything.
#[test]
fn countersign_is_built_from_the_action_and_not_from_the_judged_tree() {
    let Some(job) = Job::without_countersign() else { return };
    let action = job.action();
    fs::remove_file(action.join("Cargo.toml")).expect("it is there");
    let package = "[package]\nname = \"countersign\"\nversion = \"0.1.0\"\nedition = \"2021\"\n";
    write(&action.join("Cargo.toml"), package);
    write(
        &action.join("Cargo.lock"),
        "version = 4\n\n[[package]]\nname = \"countersign\"\nversion = \"0.1.0\"\n",
    );
    write(&action.join("src/main.rs"), "fn main() { println!(\"built\"); }\n");
    let wrapper = job.scene.path().join("wrapper");
    executable(&wrapper, &format!("#!/bin/sh\ntouch {}/pwned\nexec \"$@\"\n", job.scene.path().display()));
    let settings = format!("[build]\nrustc-wrapper = \"{}\"\n", wrapper.display());
    // The runner starts every step in the workspace, which may be the repository itself.
    write(&job.scene.path().join(".cargo/config.toml"), settings);
    let step = job.run("verify", &[("artifact", "dist/orders.zip"), ("function", NAME)]);
    assert!(step.log().contains("built"), "{step}");
    // What was built here says nothing about artifacts, so nothing is decided.
    step.says(2, "undecided");
    assert!(!job.scene.path().join("pwned").exists(), "{step}");
}

/// Files over HTTP on loopback, for as long as it lives.
struct Server {
    url: String,
    process: Child,
}

impl Server {
    fn of(folder: &Path) -> Option<Self> {
        let python = Peer::python("http.server")?;
        let mut command = Command::new(python.path());
        command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", text(folder)]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("it starts");
        let mut line = String::new();
        let said = process.stdout.take().expect("a pipe");
        BufReader::new(said).read_line(&mut line).expect("it says its port");
        let port = line.split(" port ").nth(1).and_then(|rest| rest.split(' ').next()).expect("a port");
        Some(Self { url: format!("http://127.0.0.1:{port}"), process })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
