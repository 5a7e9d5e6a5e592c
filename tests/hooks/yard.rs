//! What is there to push: a server, a clone, and a program in countersign's place that writes down what it hears.
//!
//! ```text
//! bin/countersign      heard/arguments heard/lines     answer
//! server.git/  clone/  home/
//! ```
//! All in a folder whose name has a space and a letter beyond ASCII.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use countersign::git::hooks::trial::{TEST_DENIED, TEST_REF};
use tempfile::TempDir;

use crate::support::Ran;

/// Forty zeros: no object.
pub const ZEROS: &str = "0000000000000000000000000000000000000000";

/// A server, a clone with one commit that the server does not have, and a program.
pub struct Yard {
    _scratch: TempDir,
    top: PathBuf,
    programs: Option<PathBuf>,
}

impl Yard {
    pub fn new() -> Self {
        Self::made(None)
    }

    /// One whose `PATH` has the programs of another folder, before the machine's.
    pub fn with_programs(folder: PathBuf) -> Self {
        Self::made(Some(folder))
    }

    fn made(programs: Option<PathBuf>) -> Self {
        let scratch = tempfile::tempdir().expect("a folder");
        let top = scratch.path().canonicalize().expect("a path").join("the yard – é");
        let yard = Self { _scratch: scratch, top, programs };
        for folder in ["home", "bin", "heard", "clone"] {
            fs::create_dir_all(yard.path(folder)).expect("a folder");
        }
        yard.answer("exit 0");
        yard.git(&["init", "-q", "-b", "main", "--template=", "."]);
        yard.git(&["init", "-q", "--bare", "-b", "main", "--template=", "../server.git"]);
        yard.git(&["remote", "add", "origin", "../server.git"]);
        yard.commit("one");
        yard
    }

    /// A place in it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.top.join(name)
    }

    /// The file of a hook in the clone.
    pub fn hook(&self, name: &str) -> PathBuf {
        self.path("clone/.git/hooks").join(name)
    }

    /// Makes the program end with a line of `sh`, after it has written down what it hears. A test push is denied.
    pub fn answer(&self, line: &str) {
        let listen = format!(
            r#"printf '%s\n' "$@" > "$heard/arguments"; cat > "$heard/lines"
if grep -q '{TEST_REF}' "$heard/lines"; then rm "$heard/arguments" "$heard/lines"; echo '{TEST_DENIED}' >&2; exit 2; fi"#
        );
        self.program("bin/countersign", &format!("{listen}\n{line}"));
    }

    /// A program of one line of `sh`, which has `$heard`.
    pub fn program(&self, name: &str, line: &str) {
        let text = format!("#!/bin/sh\nheard='{}'\n{line}\n", self.path("heard").display());
        put(&self.path(name), &text, 0o755);
    }

    /// What a program wrote down, and takes it away.
    pub fn heard(&self, name: &str) -> Option<String> {
        let path = self.path("heard").join(name);
        let text = fs::read_to_string(&path).ok()?;
        fs::remove_file(&path).expect("it was there");
        Some(text)
    }

    /// The `PATH`: our program, those of the other folder, and the machine's.
    pub fn search(&self) -> std::ffi::OsString {
        let machine = std::env::var_os("PATH").unwrap_or_default();
        let ours = [Some(self.path("bin")), self.programs.clone()].into_iter().flatten();
        std::env::join_paths(ours.chain(std::env::split_paths(&machine))).expect("a PATH")
    }

    /// A program that starts in a folder of the yard, and nothing of the machine's settings with it.
    pub fn command(&self, folder: &str, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.current_dir(self.path(folder)).env_clear().env("PATH", self.search());
        command.env("HOME", self.path("home")).envs([("LC_ALL", "C.UTF-8"), ("TZ", "UTC")]);
        command.envs([("GIT_CONFIG_NOSYSTEM", "1"), ("GIT_TERMINAL_PROMPT", "0")]);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "Ada").env(format!("GIT_{who}_EMAIL"), "ada@example.org");
        }
        command
    }

    /// Runs the real `countersign hooks` in a folder.
    pub fn hooks_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(folder, env!("CARGO_BIN_EXE_countersign")).arg("hooks").args(arguments))
    }

    /// Runs the real `countersign hooks` in the clone.
    pub fn hooks(&self, arguments: &[&str]) -> Ran {
        self.hooks_in("clone", arguments)
    }

    /// Puts the script into the clone, by command.
    pub fn install(&self) {
        self.hooks(&["install", "--script"]).done();
    }

    /// As [`Yard::install`], with a program that says yes.
    pub fn install_with_program(&self) {
        self.answer("exit 0");
        self.install();
    }

    /// Runs `git` in a folder, whatever comes of it.
    pub fn try_git_in(&self, folder: &str, arguments: &[&str]) -> Ran {
        Ran::of(self.command(folder, "git").args(arguments))
    }

    /// Runs `git` in a folder, which must succeed.
    #[track_caller]
    pub fn git_in(&self, folder: &str, arguments: &[&str]) -> String {
        let ran = self.try_git_in(folder, arguments);
        assert_eq!(ran.code, Some(0), "git {arguments:?}: {ran}");
        ran.out().trim_end().to_owned()
    }

    /// Runs `git` in the clone, which must succeed.
    #[track_caller]
    pub fn git(&self, arguments: &[&str]) -> String {
        self.git_in("clone", arguments)
    }

    /// Pushes from the clone.
    pub fn push(&self, arguments: &[&str]) -> Ran {
        self.try_git_in("clone", &[&["push"], arguments].concat())
    }

    /// Makes a commit, and tells its id.
    pub fn commit(&self, message: &str) -> String {
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// What the server has under a ref.
    pub fn on_server(&self, name: &str) -> Option<String> {
        let ran = self.try_git_in("server.git", &["rev-parse", "--verify", "--quiet", name]);
        (ran.code == Some(0)).then(|| ran.out().trim_end().to_owned())
    }

    /// Asserts that a push went through, and by which lines countersign was asked.
    #[track_caller]
    pub fn passed(&self, ran: &Ran, lines: &[String]) {
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(
            self.heard("arguments").as_deref(),
            Some("hook\npre-push\norigin\n../server.git\n"),
            "{ran}"
        );
        assert_eq!(self.lines(), sorted(lines), "{ran}");
    }

    /// Asserts that a push was stopped, and the server has nothing of it.
    #[track_caller]
    pub fn stopped(&self, ran: &Ran) {
        assert_ne!(ran.code, Some(0), "{ran}");
        assert_eq!(self.on_server("refs/heads/main"), None, "{ran}");
    }

    /// The lines that countersign was given, sorted.
    pub fn lines(&self) -> Vec<String> {
        let heard = self.heard("lines").unwrap_or_else(|| panic!("countersign was not asked"));
        assert!(heard.is_empty() || heard.ends_with('\n'), "{heard:?}");
        sorted(&heard.lines().map(str::to_owned).collect::<Vec<_>>())
    }
}

fn sorted(lines: &[String]) -> Vec<String> {
    let mut lines = lines.to_vec();
    lines.sort();
    lines
}

/// Writes a file with a mode, and the folders above it.
pub fn put(path: &Path, text: &str, mode: u32) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("written");
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("a mode");
}

/// Makes a link, and the folders above it.
pub fn link(target: &str, path: &Path) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    symlink(target, path).expect("a link");
}

/// Everything in a folder: names, modes, times, and bytes or targets.
pub fn everything(folder: &Path) -> BTreeMap<PathBuf, (u32, i64, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).min_depth(1).into_iter().map(|entry| {
        let path = entry.expect("an entry").into_path();
        let kind = path.symlink_metadata().expect("it is there");
        let bytes = if kind.is_symlink() {
            path.read_link().expect("a link").into_os_string().into_encoded_bytes()
        } else if kind.is_file() {
            fs::read(&path).expect("bytes")
        } else {
            Vec::new()
        };
        let time = if kind.is_dir() { 0 } else { kind.mtime_nsec() + kind.mtime() };
        (path, (kind.mode(), time, bytes))
    });
    entries.collect()
}
