//! What becomes of one step that uses the action? GitHub's runner is played by `run_action.py`.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::peers::peer::{Peer, printed, script};
use crate::support::{Scene, scratch, text, write};

/// The top of this repository.
pub const TOP: &str = env!("CARGO_MANIFEST_DIR");

/// A job on a machine of its own: an account and a repository, checked out side by side.
///
/// ```text
/// orders/    the repository, `working-directory`
/// policy/    the policy, `policy`
/// temp/      the runner's own
/// ```
pub struct Job {
    pub scene: Scene,
    python: Peer,
    action: TempDir,
    inputs: BTreeMap<String, String>,
    event: &'static str,
    steps: std::cell::Cell<u32>,
}

/// What a step left behind.
pub struct Step {
    pub said: Value,
}

/// Puts a program there. Another process writes it: a file that this one has open, or a child of it that is
/// about to start, cannot be run.
pub fn executable(path: &Path, text: &str) {
    let source = path.with_extension("text");
    write(&source, text);
    let status = Command::new("install").args(["-m", "755"]).args([&source, path]).status();
    assert!(status.expect("install starts").success());
}

impl Job {
    /// A job whose countersign is this one, with policy and pin as inputs; nothing if there is no YAML to read.
    pub fn new() -> Option<Self> {
        let job = Self::without_countersign()?;
        let program = job.scene.path().join("bin/countersign");
        fs::create_dir_all(program.parent().expect("a parent")).expect("a folder");
        symlink(env!("CARGO_BIN_EXE_countersign"), program).expect("a link");
        Some(job.with("binary", "path"))
    }

    /// A job on a machine that has no countersign yet.
    pub fn without_countersign() -> Option<Self> {
        let python = Peer::python("yaml")?;
        let scene = Scene::new();
        let action = scratch();
        symlink(Path::new(TOP).join("action.yml"), action.path().join("action.yml")).expect("a link");
        symlink(Path::new(TOP).join(".github"), action.path().join(".github")).expect("a link");
        symlink(Path::new(TOP).join("Cargo.toml"), action.path().join("Cargo.toml")).expect("a link");
        let trust = [("policy", "../policy".to_owned()), ("root", scene.pin().to_string())];
        let inputs = trust.map(|(name, value)| (name.to_owned(), value)).into();
        let steps = 0.into();
        Some(Self { scene, python, action, inputs, event: "push", steps }.with("working-directory", "orders"))
    }

    /// The same with another input.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.inputs.insert(name.into(), value.into());
        self
    }

    /// The same, started by another event.
    pub fn on(self, event: &'static str) -> Self {
        Self { event, ..self }
    }

    /// The folder of the action, where a test may put other files in the place of links.
    pub fn action(&self) -> PathBuf {
        self.action.path().into()
    }

    /// Runs a step with these inputs; an empty one takes the job's away.
    pub fn run(&self, command: &str, inputs: &[(&str, &str)]) -> Step {
        self.run_with(command, inputs, &json!({}))
    }

    /// As [`Job::run`], with values of the `github` context.
    pub fn run_with(&self, command: &str, inputs: &[(&str, &str)], github: &Value) -> Step {
        self.steps.set(self.steps.get() + 1);
        let mut with = self.inputs.clone();
        with.insert("command".into(), command.into());
        with.extend(inputs.iter().map(|(name, value)| ((*name).into(), (*value).into())));
        with.retain(|_, value| !value.is_empty());
        let temp = self.scene.path().join(format!("temp-{}", self.steps.get()));
        fs::create_dir_all(&temp).expect("a folder");
        let mut context = json!({ "event_name": self.event, "server_url": "https://github.com" });
        context.as_object_mut().expect("an object").extend(github.as_object().expect("an object").clone());
        let rust = |name: &str, folder: &str| {
            let home = || Some(Path::new(&std::env::var_os("HOME")?).join(folder));
            std::env::var_os(name).map(PathBuf::from).or_else(home).unwrap_or_default()
        };
        let request = json!({
            "action": self.action.path(),
            "workspace": self.scene.path(),
            "temp": temp,
            "github": context,
            "with": with,
            "env": {
                "PATH": format!("{}:{}", text(&self.scene.path().join("bin")), std::env::var("PATH").expect("a PATH")),
                "HOME": self.scene.path().join("home"),
                "CARGO_HOME": rust("CARGO_HOME", ".cargo"),
                "RUSTUP_HOME": rust("RUSTUP_HOME", ".rustup"),
                "LC_ALL": "C.UTF-8",
            },
        });
        let file = temp.join("request.json");
        write(&file, request.to_string());
        let said = printed(&self.python.ask([script("ci/run_action.py").as_str(), text(&file)]));
        Step { said: serde_json::from_str(&said).expect("JSON") }
    }

    /// The signing key, as a secret would hold it.
    pub fn key(&self) -> String {
        fs::read_to_string(self.scene.key_file("signing")).expect("a key")
    }
}

impl Step {
    /// An output of the action.
    pub fn output(&self, name: &str) -> &str {
        self.said["outputs"][name].as_str().unwrap_or_else(|| panic!("no output `{name}`: {self}"))
    }

    /// The exit status of the last of its steps that ran.
    pub fn status(&self) -> i64 {
        let last = |id: &str| self.said["steps"][id]["status"].as_i64();
        last("run").or_else(|| last("binary")).unwrap_or_else(|| panic!("nothing ran: {self}"))
    }

    /// Everything on the log.
    pub fn log(&self) -> String {
        self.each("log").concat()
    }

    /// The step's summary.
    pub fn summary(&self) -> String {
        self.each("summary").concat()
    }

    /// The workflow commands that the runner obeys: names and messages.
    pub fn commands(&self) -> Vec<(String, String)> {
        let all = ["binary", "run"].map(|id| self.said["steps"][id]["commands"].as_array().cloned());
        let of = |command: Value| {
            let part = |name: &str| command[name].as_str().expect("text").to_owned();
            (part("name"), part("data"))
        };
        all.into_iter().flatten().flatten().map(of).collect()
    }

    /// Asserts what the step is said to have ended with: status and verdict.
    #[track_caller]
    pub fn says(&self, status: i64, verdict: &str) -> &Self {
        assert_eq!((self.status(), self.output("verdict")), (status, verdict), "{self}");
        assert_eq!(self.said["succeeded"].as_bool(), Some(status == 0), "{self}");
        self
    }

    /// Asserts that the step stopped before any verdict, and that the reason holds these words.
    #[track_caller]
    pub fn refused(&self, words: &str) -> &Self {
        assert_eq!(self.status(), 2, "{self}");
        assert!(matches!(self.output("verdict"), "" | "undecided"), "{self}");
        assert!(self.log().contains(words), "no {words:?}: {self}");
        assert!(self.commands().iter().any(|(name, _)| name == "error"), "no annotation: {self}");
        self.obeyed_nothing()
    }

    /// Asserts that the runner did nothing but show annotations.
    #[track_caller]
    pub fn obeyed_nothing(&self) -> &Self {
        let shown = |name: &str| matches!(name, "error" | "warning" | "notice");
        assert!(self.commands().iter().all(|(name, _)| shown(name)), "{self}");
        for (id, file) in [("binary", "env"), ("binary", "path"), ("run", "env"), ("run", "path")] {
            assert_eq!(self.said["steps"][id][file].as_str().unwrap_or_default(), "", "{self}");
        }
        let known = ["program", "verdict", "status", "profile", "job-id", "expires-at", "report"];
        for id in ["binary", "run"] {
            let outputs = self.said["steps"][id]["outputs"].as_object().into_iter().flatten();
            assert!(outputs.into_iter().all(|(name, _)| known.contains(&name.as_str())), "{self}");
        }
        self
    }

    fn each(&self, part: &str) -> Vec<String> {
        let of = |id: &str| self.said["steps"][id][part].as_str().unwrap_or_default().to_owned();
        ["binary", "run"].map(of).into()
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{:#}", self.log(), self.said)
    }
}
