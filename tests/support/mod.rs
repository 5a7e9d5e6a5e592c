//! What do the tests judge: an account's policy, and a repository whose function it signed.
//!
//! ```text
//! config/countersign/keys/acme/   root.pem policy.pem signing.pem
//! policy/                         the policy directory
//! orders/                         the repository, with dist/orders.zip and its manifest
//! state/ home/                    the user's other folders
//! ```
//! One is made by `countersign init` and `countersign release`; the others are copies of it.

// The benchmarks include this file too, and each uses its own part of it.
#![allow(dead_code)]

mod ran;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;

use base64ct::{Base64, Encoding};
use countersign::crypto::envelope::Envelope;
use countersign::crypto::secret::SecretKey;
use countersign::document::format::Format;
use countersign::files::artifact::Artifact;
use countersign::gate;
use countersign::manifest::{self, bundle::Bundle};
use countersign::pin::Pin;
use countersign::policy::error::PolicyError;
use countersign::policy::memory;
use countersign::policy::objects::Objects;
use countersign::policy::seal::{Before, Found, Prepared, Times};
use countersign::policy::snapshot::Snapshot;
use countersign::policy::store::{Location, Policy};
use countersign::policy::{root, snapshot};
use countersign::report::{Check, Decision, Verdict};
use countersign::time::{Period, Timestamp};
use countersign::verify::VerifyError;
use p384::ecdsa::Signature;
use serde_json::Value;
use tempfile::TempDir;

pub use self::ran::Ran;

/// The function that is released; the repository's folder has its name.
pub const NAME: &str = "orders";

/// The account that a scene is, where nothing else is said.
const ACCOUNT: &str = "acme";

/// What the CSC says about untrusted artifacts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Enforce,
    Warn,
}

impl Mode {
    pub const BOTH: [Self; 2] = [Self::Enforce, Self::Warn];

    /// What becomes of a failed check other than integrity.
    pub fn untrusted(self) -> Decision {
        match self {
            Self::Enforce => Decision::Denied,
            Self::Warn => Decision::Warned,
        }
    }
}

/// An account, its policy and its keys, and a repository with a function that it released.
pub struct Scene {
    folder: TempDir,
    account: &'static str,
}

/// Making a scene, and its places.
impl Scene {
    /// A scene under a CSC that enforces; its verdict is `allowed`.
    pub fn new() -> Self {
        static FIRST: OnceLock<Vec<Copied>> = OnceLock::new();
        let files = FIRST.get_or_init(|| copied(Self::fresh().path(), Path::new("")));
        let scene = Self { folder: scratch(), account: ACCOUNT };
        files.iter().for_each(|file| file.write(scene.path()));
        scene
    }

    /// A scene under a CSC of this mode.
    pub fn of(mode: Mode) -> Self {
        let scene = Self::new();
        if mode == Mode::Warn {
            scene.warn();
        }
        scene
    }

    /// A scene with keys and a root of its own.
    pub fn fresh() -> Self {
        Self::of_account(ACCOUNT)
    }

    /// The scene of an account of this name, with keys and a root of its own.
    pub fn of_account(account: &'static str) -> Self {
        let scene = Self { folder: scratch(), account };
        let repository = scene.repository();
        fs::create_dir_all(scene.path().join("home")).expect("a folder");
        fs::create_dir_all(&repository).expect("a folder");
        write(&repository.join("handler.py"), "print('one order')\n");
        scene.git(&["init", "-q", "--template=", "."]);
        // A relative path, so that copies of the scene have policies of their own.
        let account = ["--account", account, "--policy", "../policy", "--principal", "ci@acme.example"];
        scene.run(&[&["init", "--plaintext"], &account[..]].concat()).done();
        scene.commit();
        scene.run(&["release", "--format", "json"]).allowed();
        scene
    }

    /// Everything once more, as on a second machine.
    pub fn copy(&self) -> Self {
        let scene = Self { folder: scratch(), account: self.account };
        copy(self.path(), scene.path());
        scene
    }

    /// The folder that holds everything.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// The repository.
    pub fn repository(&self) -> PathBuf {
        self.path().join(NAME)
    }

    /// The policy directory.
    pub fn policy(&self) -> PathBuf {
        self.path().join("policy")
    }

    /// The released package.
    pub fn artifact(&self) -> PathBuf {
        self.repository().join(format!("dist/{NAME}.zip"))
    }

    /// Its manifest.
    pub fn manifest(&self) -> PathBuf {
        manifest::path_next_to(&self.artifact())
    }

    /// Where the highest policy seen is remembered.
    pub fn state(&self) -> PathBuf {
        self.repository().join(format!(".git/countersign/state-{}.json", self.pin().short()))
    }

    /// The file of a key: `root`, `policy` or `signing`.
    pub fn key_file(&self, name: &str) -> PathBuf {
        self.path().join(format!("config/countersign/keys/{}/{name}.pem", self.account))
    }

    /// A key: `root`, `policy` or `signing`.
    pub fn key(&self, name: &str) -> SecretKey {
        let pem = fs::read_to_string(self.key_file(name)).expect("a key");
        SecretKey::from_pem(&pem, None).expect("a plain key")
    }

    /// The pin of the policy's first root.
    pub fn pin(&self) -> Pin {
        Pin::of(&read(&root::path(&self.policy(), 1)))
    }
}

/// Running programs in it.
impl Scene {
    /// A program that starts in the repository, and nothing of the machine's settings with it.
    pub fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.repository()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([("LC_ALL", "C"), ("TZ", "UTC"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        command.env("HOME", self.path().join("home"));
        for name in ["config", "state", "cache", "data"] {
            command.env(format!("XDG_{}_HOME", name.to_uppercase()), self.path().join(name));
        }
        command
    }

    /// `countersign`, ready to start.
    pub fn countersign(&self) -> Command {
        self.command(env!("CARGO_BIN_EXE_countersign"))
    }

    /// Runs `countersign`.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(self.countersign().args(arguments))
    }

    /// Starts a `countersign` for each list of arguments at once, and waits for all.
    pub fn at_once(&self, commands: &[Vec<String>]) -> Vec<Ran> {
        let start = |arguments| {
            let mut command = self.countersign();
            command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            command.spawn().expect("it starts")
        };
        let children: Vec<Child> = commands.iter().map(start).collect();
        let end = |child: Child| {
            let output = child.wait_with_output().expect("it ends");
            Ran { code: output.status.code(), output }
        };
        children.into_iter().map(end).collect()
    }

    /// Runs a line of `sh`, in which `$0` is `countersign`.
    pub fn shell(&self, line: &str) -> Ran {
        Ran::of(self.command("sh").args(["-c", line, env!("CARGO_BIN_EXE_countersign")]))
    }

    /// Asks about every package of the repository.
    pub fn verify(&self) -> Ran {
        self.run(&["verify", "--format", "json"])
    }

    /// Runs `git`, which must succeed.
    pub fn git(&self, arguments: &[&str]) -> String {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let ran = Ran::of(self.command("git").args(who).args(arguments));
        assert_eq!(ran.code, Some(0), "git {arguments:?}: {ran}");
        ran.out()
    }

    /// Commits everything.
    pub fn commit(&self) {
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", "orders"]);
    }
}

/// Changing its policy.
impl Scene {
    /// A document of the policy directory, as text.
    pub fn document(&self, path: &str) -> String {
        fs::read_to_string(self.policy().join(path)).expect("a policy document")
    }

    /// Replaces a text in a policy document, which must be there; does not seal.
    pub fn edit(&self, path: &str, from: &str, to: &str) {
        let text = self.document(path);
        assert!(text.contains(from), "{path} has no {from:?}:\n{text}");
        write(&self.policy().join(path), next_revision(&text.replace(from, to)));
    }

    /// Adds a text at the end of a policy document; does not seal.
    pub fn append(&self, path: &str, text: &str) {
        write(&self.policy().join(path), next_revision(&format!("{}\n{text}\n", self.document(path))));
    }

    /// Changes a policy document's values; does not seal.
    pub fn change(&self, path: &str, change: impl FnOnce(&mut toml::Table)) {
        let mut table: toml::Table = self.document(path).parse().expect("TOML");
        change(&mut table);
        write(&self.policy().join(path), next_revision(&table.to_string()));
    }

    /// Changes the profile's only version and its only permission, and seals that.
    pub fn change_profile(&self, change: impl FnOnce(&mut toml::Value, &mut toml::Value)) {
        self.change("profiles/release.toml", |profile| {
            let (mut version, mut permission) =
                (profile["version"][0].clone(), profile["permission"][0].clone());
            change(&mut version, &mut permission);
            (profile["version"][0], profile["permission"][0]) = (version, permission);
        });
        self.seal_over();
    }

    /// Puts the documents under the next seal, now and for a year, whatever was sealed before.
    pub fn seal_over(&self) {
        let version = self.snapshot().version + 1;
        let now = Timestamp::from_clock(SystemTime::now());
        self.seal_as(version, now, now.plus(Period::days(365)));
    }

    /// Makes the profile and its permission as old as 2020, and seals that.
    pub fn make_old(&self) {
        self.change_profile(|version, permission| {
            version["created"] = "2020-01-01T00:00:00Z".into();
            permission["not_before"] = "2020-01-01T00:00:00Z".into();
        });
    }

    /// The path of the CSC in the policy directory.
    pub fn csc(&self) -> String {
        let mut found = fs::read_dir(self.policy().join("csc")).expect("a folder");
        let name = found.next().expect("a CSC").expect("a CSC").file_name();
        format!("csc/{}", name.to_str().expect("ASCII"))
    }

    /// The CSC's id.
    pub fn csc_id(&self) -> String {
        self.csc().trim_start_matches("csc/").trim_end_matches(".toml").to_owned()
    }

    /// Seals the policy by command, also if nothing changed.
    pub fn seal(&self) {
        self.run(&["policy", "seal", "--validity", "365 days"]).done();
    }

    /// Makes the CSC warn, and seals that.
    pub fn warn(&self) {
        self.edit(&self.csc(), r#""Enforce""#, r#""Warn""#);
        self.seal();
    }

    /// Puts the documents under the seal with this version, until `expires`, whatever was sealed before.
    pub fn seal_as(&self, version: u64, now: Timestamp, expires: Timestamp) {
        let directory = self.policy();
        let root = root::walk(&directory, &self.pin()).expect("a root");
        let account = root.account().clone();
        let (start, created) = (Timestamp::from_unix(0).expect("a time"), now);
        let (version, documents) = (version - 1, Vec::new());
        let nothing = Snapshot {
            format: Format::default(),
            account,
            version,
            created: start,
            expires,
            documents,
            index: None,
        };
        let before = Before { base: (version > 0).then_some(&nothing), other_keys: false, lost: None };
        let found = Found::read(&directory, root.account(), before.base).expect("documents");
        let times = Times { now, created, expires };
        let prepared = Prepared::new(&directory, &root, before, found, times).expect("fit");
        for object in prepared.objects() {
            countersign::policy::keep::put(&Objects::of(&directory), object).expect("kept");
        }
        self.put_snapshot(prepared.snapshot());
    }

    /// The snapshot, whoever signed it.
    pub fn snapshot(&self) -> Snapshot {
        let envelope: Envelope =
            serde_json::from_slice(&read(&snapshot::path(&self.policy()))).expect("JSON");
        serde_json::from_slice(envelope.unverified_payload()).expect("a snapshot")
    }

    /// Signs a snapshot with the policy key, and puts it in place.
    pub fn put_snapshot(&self, sealed: &Snapshot) {
        write(
            &snapshot::path(&self.policy()),
            countersign::policy::signing::snapshot(sealed, &[&self.key("policy")]),
        );
    }
}

/// Changing its manifest.
impl Scene {
    /// The manifest's JSON.
    pub fn bundle(&self) -> Value {
        serde_json::from_slice(&read(&self.manifest())).expect("JSON")
    }

    /// Puts a manifest beside the package.
    pub fn put_bundle(&self, bundle: &Value) {
        write(&self.manifest(), bundle.to_string());
    }

    /// The bytes that are signed.
    pub fn payload(&self) -> Vec<u8> {
        decode(&self.bundle()["dsseEnvelope"]["payload"])
    }

    /// The signature, DER.
    pub fn signature(&self) -> Vec<u8> {
        decode(&self.bundle()["dsseEnvelope"]["signatures"][0]["sig"])
    }

    /// Puts another signature into the manifest.
    pub fn put_signature(&self, der: &[u8]) {
        let mut bundle = self.bundle();
        bundle["dsseEnvelope"]["signatures"][0]["sig"] = Base64::encode_string(der).into();
        self.put_bundle(&bundle);
    }

    /// The signed statement.
    pub fn statement(&self) -> Value {
        serde_json::from_slice(&self.payload()).expect("JSON")
    }

    /// Changes the statement, and signs it anew with the account's own key.
    pub fn restate(&self, change: impl FnOnce(&mut Value)) {
        let mut statement = self.statement();
        change(&mut statement);
        self.sign_payload(statement.to_string().into_bytes());
    }

    /// Signs any bytes as a statement with the account's own key.
    pub fn sign_payload(&self, payload: Vec<u8>) {
        self.put_bundle(&signed(manifest::PAYLOAD_TYPE, payload, &self.key("signing")));
    }

    /// When the manifest says that it was signed.
    pub fn signed_at(&self) -> Timestamp {
        time(self.statement()["predicate"]["signedAt"].as_str().expect("a time"))
    }
}

/// Asking the library, at any time.
impl Scene {
    /// Where the policy is, with its pin and no memory.
    pub fn location(&self) -> Location {
        Location { directory: self.policy(), pin: Some(self.pin()), state: None }
    }

    /// Opens the policy.
    pub fn open(&self, now: Timestamp) -> Result<Policy, PolicyError> {
        memory::open(&self.location(), now)
    }

    /// The verdict on the package as the function, now.
    pub fn judge(&self) -> Verdict {
        let now = Timestamp::from_clock(SystemTime::now());
        self.judge_at(now).unwrap_or_else(|error| panic!("undecided: {error}"))
    }

    /// The verdict on the package as the function, at an instant.
    pub fn judge_at(&self, now: Timestamp) -> Result<Verdict, VerifyError> {
        let policy = self.open(now)?;
        let artifact = Artifact::open(&self.artifact())?;
        let manifest = manifest::manifest_of(&artifact)?;
        let name = NAME.parse().expect("a name");
        Ok(gate::admit(&policy, &name, &artifact, manifest.as_ref())?.into())
    }
}

/// What a verdict says, shortly: decision, status, and the codes of its findings.
pub fn said(verdict: &Verdict) -> (Decision, Option<Check>, Vec<&'static str>) {
    let findings = verdict.checks.iter().flat_map(|result| &result.findings);
    let codes: Vec<_> = findings.map(|finding| finding.code).collect();
    assert_eq!(verdict.signature_validation_errors, codes.len());
    (verdict.decision, verdict.status, codes)
}

/// A manifest around a payload, signed by the key.
pub fn signed(payload_type: &str, payload: Vec<u8>, key: &SecretKey) -> Value {
    let envelope = countersign::crypto::signing::sign(payload_type, payload, &[key]);
    serde_json::to_value(Bundle::new(envelope, &key.public().id())).expect("JSON")
}

/// An entry of `revocations.toml` that names the value, without an effective time of its own.
pub fn revocation(kind: &str, value: &str) -> String {
    let field = if kind == "artifact" { "sha384" } else { kind };
    format!(
        "[[{kind}]]\n{field} = '{value}'\nrevoked_at = '2024-01-01T00:00:00Z'\n\
        reason_code = 'unspecified'\nreason = 'a lost laptop'"
    )
}

/// Replaces the payload of a file's envelope, signed by the key.
pub fn reseal(path: &Path, payload_type: &str, key: &SecretKey, change: impl FnOnce(&mut Value)) {
    let envelope: Value = serde_json::from_slice(&read(path)).expect("JSON");
    let mut payload: Value = serde_json::from_slice(&decode(&envelope["payload"])).expect("JSON");
    change(&mut payload);
    let envelope: Envelope =
        countersign::crypto::signing::sign(payload_type, payload.to_string().into_bytes(), &[key]);
    write(path, serde_json::to_vec(&envelope).expect("JSON"));
}

/// The other valid signature by the same key over the same message: `(r, n - s)`.
pub fn malleated(der: &[u8]) -> Vec<u8> {
    let signature = Signature::from_der(der).expect("a signature");
    let (r, s) = signature.split_scalars();
    let other = Signature::from_scalars(*r, -*s).expect("a signature");
    assert_ne!(other, signature);
    other.to_der().as_bytes().to_vec()
}

/// Arguments of a command.
pub fn words(line: &[&str]) -> Vec<String> {
    line.iter().map(|word| (*word).to_owned()).collect()
}

/// A time from its text.
pub fn time(text: &str) -> Timestamp {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

/// A year after the time, when a seal may well end.
pub fn year_after(now: Timestamp) -> Timestamp {
    now.plus(Period::years(1))
}

/// A folder that is gone when its owner is.
pub fn scratch() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

/// Writes a file, and makes the folders above it.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    let written = fs::create_dir_all(path.parent().expect("a parent")).and_then(|()| fs::write(path, bytes));
    written.unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

/// The path as text, which a command's arguments are made of.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

/// Copies a folder with everything in it.
pub fn copy(from: &Path, to: &Path) {
    copied(from, Path::new("")).iter().for_each(|file| file.write(to));
}

/// The bytes behind a text of Base64.
pub fn decode(base64: &Value) -> Vec<u8> {
    Base64::decode_vec(base64.as_str().expect("text")).expect("Base64")
}

/// The files of a folder by their path in it, sorted, with their bytes: what must stay as it is.
pub fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut files: Vec<_> =
        copied(folder, Path::new("")).into_iter().map(|file| (file.path, file.bytes)).collect();
    files.sort();
    files
}

/// A file with its path in the folder that was copied.
struct Copied {
    path: PathBuf,
    bytes: Vec<u8>,
    permissions: fs::Permissions,
}

impl Copied {
    fn write(&self, folder: &Path) {
        let path = folder.join(&self.path);
        write(&path, &self.bytes);
        fs::set_permissions(&path, self.permissions.clone()).expect("permissions");
    }
}

fn copied(folder: &Path, path: &Path) -> Vec<Copied> {
    let entries = fs::read_dir(folder.join(path)).expect("a folder");
    let each = |entry: std::io::Result<fs::DirEntry>| {
        let entry = entry.expect("an entry");
        let path = path.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            return copied(folder, &path);
        }
        let permissions = entry.metadata().expect("metadata").permissions();
        vec![Copied { bytes: read(&entry.path()), path, permissions }]
    };
    entries.flat_map(each).collect()
}

/// A document with its revision raised, as whoever edits one has to.
pub fn next_revision(document: &str) -> String {
    let raise = |line: &str| {
        let revision: Option<u64> = line.strip_prefix("revision = ").and_then(|number| number.parse().ok());
        revision.map_or_else(|| line.to_owned(), |revision| format!("revision = {}", revision + 1))
    };
    document.lines().map(raise).collect::<Vec<_>>().join("\n") + "\n"
}
