//! What do the tests push from, and where to?
//!
//! ```text
//! orders/        the developer's repository, with a pre-push hook
//! server/orders.git   the server's, with a pre-receive hook and settings that name the policy
//! policy/        the policy directory
//! ```

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::push::server::Server;
use crate::support::{Mode, Ran, Scene, text};

/// A developer's repository, and the server that it is pushed to.
pub struct Place {
    pub scene: Scene,
    server: Server,
}

/// The refs that the policy protects.
const PROTECTED: [&str; 2] = ["refs/heads/main", "refs/tags/v*"];

impl Place {
    /// Both repositories with their hooks; nothing is pushed yet.
    pub fn new(mode: Mode) -> Self {
        let scene = Scene::of(mode);
        scene.change("functions.toml", |functions| {
            functions.insert("protected_refs".into(), toml::Value::from(PROTECTED.to_vec()));
        });
        scene.seal();
        let server = Server::of(&scene.path().join("server"), path());
        let place = Self { scene, server };
        place.scene.git(&["init", "-q", "--bare", "--template=", "-b", "main", text(&place.bare())]);
        place.on_server(&["config", "countersign.policy", text(&place.scene.policy())]);
        place.on_server(&["config", "countersign.root", &place.scene.pin().to_string()]);
        place.on_server(&["config", "receive.advertisePushOptions", "true"]);
        place.scene.git(&["branch", "-q", "-M", "main"]);
        place.scene.git(&["remote", "add", "origin", &place.server.url("orders.git")]);
        hook(&place.scene.repository().join(".git"), "pre-push");
        hook(&place.bare(), "pre-receive");
        place
    }

    /// The server's repository.
    pub fn bare(&self) -> PathBuf {
        self.scene.path().join("server/orders.git")
    }

    /// Runs `git` in the server's repository.
    pub fn on_server(&self, arguments: &[&str]) -> String {
        self.scene.git(&[&["--git-dir", text(&self.bare())], arguments].concat())
    }

    /// What the server's ref leads to, if it is there.
    pub fn there(&self, reference: &str) -> Option<String> {
        let found = self.on_server(&["for-each-ref", "--format=%(objectname)", reference]);
        (!found.is_empty()).then(|| found.trim().to_owned())
    }

    /// `git push` from the developer's repository to the server.
    pub fn push(&self, arguments: &[&str]) -> Ran {
        self.push_in(&self.scene.repository(), arguments)
    }

    /// `git push` from another repository of the developer's.
    pub fn push_in(&self, repository: &Path, arguments: &[&str]) -> Ran {
        Ran::of(self.git_in(repository).arg("push").args(arguments))
    }

    /// `git` as a person starts it, with `countersign` on the `PATH`.
    pub fn git_in(&self, repository: &Path) -> Command {
        let mut command = self.scene.command("git");
        command.env("PATH", path()).current_dir(repository);
        command
    }

    /// Commits a change of the function.
    pub fn change(&self, text: &str) {
        crate::support::write(&self.scene.repository().join("handler.py"), format!("print('{text}')\n"));
        self.scene.commit();
    }

    /// Releases what is committed, and attaches the manifest.
    pub fn release(&self) {
        self.scene.run(&["release", "--attach", "--format", "json"]).allowed();
    }
}

/// The hook's script, as `countersign hooks install` installs it.
fn hook(git_dir: &Path, name: &str) {
    use std::os::unix::fs::PermissionsExt;
    let (from, to) = (Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(name), git_dir.join("hooks"));
    std::fs::create_dir_all(&to).expect("a folder");
    let to = to.join(name);
    std::fs::copy(from, &to).expect("a script");
    std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o755)).expect("permissions");
}

/// The `PATH`, with countersign's folder first.
pub fn path() -> String {
    let ours = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().expect("a folder");
    format!("{}:{}", text(ours), std::env::var("PATH").expect("a PATH"))
}

impl Ran {
    /// Asserts a push that went through, and what a pusher read.
    #[track_caller]
    pub fn pushed(&self, words: &str) -> &Self {
        assert_eq!(self.code, Some(0), "{self}");
        self.told(words)
    }

    /// Asserts a push that was refused, and what a pusher read.
    #[track_caller]
    pub fn refused(&self, words: &str) -> &Self {
        assert_eq!(self.code, Some(1), "{self}");
        self.told(words)
    }

    /// Asserts that a pusher read these words.
    #[track_caller]
    pub fn told(&self, words: &str) -> &Self {
        let told = format!("{}{}", self.out(), self.err());
        assert!(told.contains(words), "no {words:?}: {self}");
        self
    }
}
