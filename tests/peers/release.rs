//! What do the peers judge: a small repository, released by `countersign`.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use base64ct::{Base64, Encoding};
use serde_json::Value;
use tempfile::TempDir;

use crate::peers::peer::{printed, succeeded, told};

/// The function that is released; the folder has its name.
pub const NAME: &str = "weather";

/// The modes that git knows.
pub const FILE: u32 = 0o100_644;
pub const PROGRAM: u32 = 0o100_755;
pub const LINK: u32 = 0o120_000;

/// One thing that the package holds: a file, or a link with its target as `bytes`.
pub struct Entry {
    pub path: &'static str,
    pub mode: u32,
    pub bytes: Vec<u8>,
}

/// A released repository.
pub struct Release {
    home: TempDir,
    entries: Vec<Entry>,
}

impl Release {
    /// The release that the tests share: made by the first that asks, removed after the last.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Release>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let release = Arc::new(Self::of(entries()));
            *shared = Arc::downgrade(&release);
            release
        })
    }

    /// The same content without the link.
    pub fn without_links() -> Self {
        let mut entries = entries();
        entries.retain(|entry| entry.mode != LINK);
        Self::of(entries)
    }

    fn of(entries: Vec<Entry>) -> Self {
        let home = scratch();
        let release = Self { home, entries };
        release.write_repository();
        let output = release.countersign(&["release"]);
        assert!(succeeded(&output), "countersign release: {}", told(&output));
        write(&release.public_key(), release.permitted_key());
        release
    }

    /// What is in the package, sorted by path.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn artifact(&self) -> PathBuf {
        self.repository().join(format!("dist/{NAME}.zip"))
    }

    pub fn manifest(&self) -> PathBuf {
        self.repository().join(format!("dist/{NAME}.zip.sigstore.json"))
    }

    /// The manifest's JSON.
    pub fn bundle(&self) -> Value {
        serde_json::from_slice(&read(&self.manifest())).expect("the manifest is JSON")
    }

    /// The statement's JSON.
    pub fn statement(&self) -> Value {
        serde_json::from_slice(&self.payload()).expect("the payload is JSON")
    }

    /// The statement, as the bytes that are signed.
    pub fn payload(&self) -> Vec<u8> {
        decode(&self.bundle()["dsseEnvelope"]["payload"])
    }

    /// The signature, DER.
    pub fn signature(&self) -> Vec<u8> {
        decode(&self.bundle()["dsseEnvelope"]["signatures"][0]["sig"])
    }

    /// The public key of the one who signed: PEM.
    pub fn public_key(&self) -> PathBuf {
        self.home.path().join("key.pem")
    }

    /// The private key of the one who signed: PEM.
    pub fn private_key(&self) -> PathBuf {
        self.home.path().join("config/countersign/keys/local/signing.pem")
    }

    /// The text of the public key in the policy directory.
    fn permitted_key(&self) -> String {
        const BEGIN: &str = "-----BEGIN PUBLIC KEY-----";
        const END: &str = "-----END PUBLIC KEY-----";
        let profiles = self.repository().join(".git/countersign/policy/profiles");
        let profile = only_file(&profiles, "toml");
        let text = String::from_utf8(read(&profile)).expect("a profile is UTF-8");
        let begin = text.find(BEGIN).expect("the profile permits a key");
        let end = text.find(END).expect("the key ends") + END.len();
        format!("{}\n", &text[begin..end])
    }

    /// Runs `countersign` in the repository, and nothing of the machine's settings with it.
    pub fn countersign(&self, arguments: &[&str]) -> Output {
        let mut command = self.command(env!("CARGO_BIN_EXE_countersign"));
        command.args(arguments).output().expect("it starts")
    }

    /// Asks `countersign` for its verdict on an artifact and its manifest.
    pub fn verify(&self, artifact: &Path, manifest: &Path) -> Output {
        let question = ["verify", text(artifact), "--manifest", text(manifest)];
        self.countersign(&[&question[..], &["--function", NAME]].concat())
    }

    fn repository(&self) -> PathBuf {
        self.home.path().join(NAME)
    }

    fn command(&self, program: &str) -> Command {
        let home = self.home.path();
        let mut command = Command::new(program);
        command.current_dir(self.repository()).env_clear();
        command.envs(std::env::var_os("PATH").map(|path| ("PATH", path)));
        command.envs([("LC_ALL", "C"), ("TZ", "UTC"), ("GIT_CONFIG_NOSYSTEM", "1")]);
        command.env("HOME", home);
        for name in ["CONFIG", "STATE", "CACHE", "DATA"] {
            command.env(format!("XDG_{name}_HOME"), home.join(name.to_lowercase()));
        }
        command
    }

    fn write_repository(&self) {
        for entry in &self.entries {
            let path = self.repository().join(entry.path);
            let folder = path.parent().expect("it is in the repository");
            fs::create_dir_all(folder).expect("a folder can be made");
            if entry.mode == LINK {
                let target = str::from_utf8(&entry.bytes).expect("UTF-8");
                symlink(target, &path).expect("a link can be made");
            } else {
                write(&path, &entry.bytes);
                let mode = PermissionsExt::from_mode(entry.mode);
                fs::set_permissions(&path, mode).expect("a mode can be set");
            }
        }
        self.git(&["init", "-q"]);
        self.git(&["add", "."]);
        self.git(&["commit", "-q", "-m", "The weather"]);
    }

    fn git(&self, arguments: &[&str]) {
        let who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let mut command = self.command("git");
        printed(&command.args(who).args(arguments).output().expect("git starts"));
    }
}

/// A folder that is gone when its owner is.
pub fn scratch() -> TempDir {
    TempDir::new().expect("a temporary folder")
}

pub fn read(path: &Path) -> Vec<u8> {
    fs::read(path).unwrap_or_else(|error| panic!("cannot read {}: {error}", path.display()))
}

pub fn write(path: &Path, bytes: impl AsRef<[u8]>) {
    fs::write(path, bytes).unwrap_or_else(|error| panic!("cannot write {}: {error}", path.display()));
}

/// The path as text, which a command's arguments are made of.
pub fn text(path: &Path) -> &str {
    path.to_str().expect("temporary paths are UTF-8")
}

fn decode(base64: &Value) -> Vec<u8> {
    Base64::decode_vec(base64.as_str().expect("text")).expect("Base64")
}

fn only_file(folder: &Path, extension: &str) -> PathBuf {
    let listed =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("cannot list {}: {error}", folder.display()));
    let mut found = listed
        .map(|file| file.expect("readable").path())
        .filter(|path| path.extension().is_some_and(|found| found == extension));
    let (only, more) = (found.next(), found.next());
    assert_eq!(more, None, "one file is enough");
    only.unwrap_or_else(|| panic!("nothing in {}", folder.display()))
}

/// One of each: nested, executable, a link, empty, not ASCII, incompressible, compressible.
fn entries() -> Vec<Entry> {
    let entry = |path, mode, bytes: &[u8]| {
        let bytes = bytes.to_vec();
        Entry { path, mode, bytes }
    };
    let handler = b"from lib.latest import sky\n\nprint(sky())\n";
    let module = b"def sky():\n    return 'blue'\n";
    vec![
        entry("assets/noise.bin", FILE, &noise(100_000)),
        entry("assets/table.csv", FILE, &b"city,sky\n".repeat(110_000)),
        entry("bin/run", PROGRAM, b"#!/bin/sh\nexec python3 handler.py\n"),
        entry("données/été.txt", FILE, "il fait beau\n".as_bytes()),
        entry("empty", FILE, b""),
        entry("handler.py", FILE, handler),
        entry("lib/deep/er/module.py", FILE, module),
        entry("lib/latest.py", LINK, b"deep/er/module.py"),
    ]
}

/// Bytes that no compressor makes smaller: xorshift64.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        Some(state.to_le_bytes())
    };
    std::iter::from_fn(next).flatten().take(length).collect()
}
