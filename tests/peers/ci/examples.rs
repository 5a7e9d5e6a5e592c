//! Do the examples deploy what may be deployed, and nothing else?

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use serde_json::Value;

use super::runner::{TOP, executable};
use super::schemas::to_json;
use crate::peers::peer::{Peer, succeeded, told};
use crate::support::{NAME, Ran, Scene, read, scratch, text, write};

/// A scene whose policy is a git repository, on a machine with countersign and a program that deploys.
struct Pipeline {
    scene: Scene,
}

impl Pipeline {
    fn new() -> Self {
        let scene = Scene::new();
        let program = scene.path().join("bin/countersign");
        fs::create_dir_all(program.parent().expect("a parent")).expect("a folder");
        symlink(env!("CARGO_BIN_EXE_countersign"), program).expect("a link");
        let deploy = scene.repository().join("deploy");
        executable(&deploy, &format!("#!/bin/sh\ncp \"$1\" '{}'\n", scene.path().join("deployed").display()));
        let policy = text(&scene.policy()).to_owned();
        for arguments in
            [&["init", "-q", "--template="][..], &["add", "."], &["commit", "-q", "-m", "policy"]]
        {
            scene.git(&[&["-C", &policy][..], arguments].concat());
        }
        Self { scene }
    }

    /// Runs a shell's script in the repository, with these variables beside the pin.
    fn run(&self, shell: &[&str], script: &str, variables: &[(&str, &str)]) -> Ran {
        let scene = &self.scene;
        let mut command = scene.command(shell[0]);
        let path = std::env::var("PATH").expect("a PATH");
        command.env("PATH", format!("{}:{path}", text(&scene.path().join("bin"))));
        command
            .env("COUNTERSIGN_ROOT", scene.pin().to_string())
            .env("WORKSPACE_TMP", scene.path().join("tmp"));
        command.envs(variables.iter().copied());
        Ran::of(command.args(&shell[1..]).arg(script))
    }

    fn policy(&self) -> String {
        format!("file://{}", text(&self.scene.policy()))
    }

    fn deployed(&self) -> PathBuf {
        self.scene.path().join("deployed")
    }

    /// Asserts that a pipeline deploys what may be deployed, and stops before anything else.
    fn holds(&self, run: impl Fn(&[(&str, &str)]) -> Ran) {
        let ran = run(&[]);
        assert_eq!(ran.code, Some(0), "{ran}");
        assert_eq!(read(&self.deployed()), read(&self.scene.artifact()));
        fs::remove_file(self.deployed()).expect("it is there");

        for (what, variables) in
            [("no pin", ("COUNTERSIGN_ROOT", "")), ("no policy", ("POLICY_URL", "file:///nowhere"))]
        {
            let ran = run(&[variables]);
            assert_ne!(ran.code, Some(0), "{what}: {ran}");
            assert!(!self.deployed().exists(), "{what}: {ran}");
        }
        let bytes = read(&self.scene.artifact());
        write(&self.scene.artifact(), [&bytes[..], b"more"].concat());
        let ran = run(&[]);
        assert_eq!(ran.code, Some(1), "{ran}");
        assert!(!self.deployed().exists(), "{ran}");
        write(&self.scene.artifact(), bytes);
    }
}

#[test]
fn the_plain_script_deploys_through_the_gate() {
    let pipeline = Pipeline::new();
    let folder = pipeline.scene.path().join("served");
    fs::create_dir_all(&folder).expect("a folder");
    let script = format!("sh '{TOP}/examples/sh/deploy' {NAME} \"$FOLDER\"");
    let policy = pipeline.policy();
    pipeline.holds(|changed| {
        let given = [("POLICY_URL", policy.as_str()), ("FOLDER", text(&folder))];
        let ran = pipeline.run(&["sh", "-c"], &script, &[&given[..], changed].concat());
        let _ = fs::rename(folder.join(format!("{NAME}.zip")), pipeline.deployed());
        ran
    });
}

/// GitLab pastes inputs as text: each must match its pattern, and what matches is harmless.
#[test]
fn the_gitlab_component_deploys_through_the_gate() {
    let (Some(python), pipeline) = (Peer::python("yaml"), Pipeline::new()) else { return };
    let component = Component::read(&python);
    let image = format!("registry.example/countersign@sha256:{}", "0".repeat(64));
    let inputs = [("function", NAME), ("deploy", "./deploy"), ("image", image.as_str())];
    let job = component.with(&python, &inputs);
    let script: Vec<&str> =
        job["script"].as_array().expect("a script").iter().map(|line| line.as_str().expect("text")).collect();
    // The runner's own prologue, and every line as it stands.
    let script = format!("set -eo pipefail\nset +o noclobber\n{}\n", script.join("\n"));
    let own: Vec<(&str, &str)> = job["variables"]
        .as_object()
        .expect("variables")
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str().expect("text")))
        .collect();
    let policy = pipeline.policy();
    pipeline.holds(|changed| {
        let changed: Vec<_> = changed
            .iter()
            .map(|(name, value)| {
                (if *name == "POLICY_URL" { "COUNTERSIGN_POLICY_URL" } else { name }, *value)
            })
            .collect();
        let given = [("COUNTERSIGN_POLICY_URL", policy.as_str()), ("TMPDIR", text(pipeline.scene.path()))];
        pipeline.run(&["bash", "-c"], &script, &[&own[..], &given, &changed].concat())
    });
    let report = read(&pipeline.scene.repository().join("countersign.xml"));
    assert!(String::from_utf8_lossy(&report).contains("<testsuite"));

    for hostile in ["a\"\nscript: [touch pwned]", "$(touch pwned)", "a b", "-x;", "../$X", ""] {
        for name in component.inputs.keys() {
            assert!(!component.takes(name, hostile), "`{name}` takes {hostile:?}");
        }
    }
}

#[test]
fn gitlab_s_schema_holds() {
    let (Some(schemas), Some(python)) = (Peer::find("check-jsonschema"), Peer::python("yaml")) else {
        return;
    };
    let component = Component::read(&python);
    let image = format!("registry.example/countersign@sha256:{}", "0".repeat(64));
    let job =
        component.with(&python, &[("function", NAME), ("deploy", "./deploy"), ("image", image.as_str())]);
    let folder = scratch();
    let file = folder.path().join("gitlab-ci.json");
    for document in [component.spec.clone(), serde_json::json!({ "countersign": job })] {
        write(&file, document.to_string());
        let ran = schemas.ask(["--builtin-schema", "vendor.gitlab-ci", text(&file)]);
        assert!(succeeded(&ran), "{document:#}: {}", told(&ran));
    }
}

/// Groovy puts values into texts in double quotes alone, and `sh` stands before single ones.
#[test]
fn the_jenkinsfile_deploys_through_the_gate() {
    let pipeline = Pipeline::new();
    let jenkinsfile =
        String::from_utf8(read(&Path::new(TOP).join("examples/jenkins/Jenkinsfile"))).expect("text");
    let steps: Vec<&str> = jenkinsfile.lines().filter_map(|line| line.trim().strip_prefix("sh ")).collect();
    let steps: Vec<&str> = steps
        .iter()
        .map(|step| step.strip_prefix('\'').and_then(|step| step.strip_suffix('\'')).expect("single quotes"))
        .collect();
    assert!(steps.len() == 5 && steps.iter().all(|step| !step.contains(['\'', '\\'])), "{steps:?}");
    let policy = pipeline.policy();
    let [folder, key] = [pipeline.scene.path().join("tmp/policy"), pipeline.scene.key_file("signing")];
    let given = [
        ("POLICY_URL", policy.as_str()),
        ("FUNCTION", NAME),
        ("COUNTERSIGN_POLICY", text(&folder)),
        ("COUNTERSIGN_KEY", text(&key)),
    ];
    let run = |steps: &[&str], changed: &[(&str, &str)]| {
        // A step that fails ends the pipeline.
        let run = |step: &&str| pipeline.run(&["sh", "-xec"], step, &[&given[..], changed].concat());
        let mut last = None;
        steps
            .iter()
            .map(run)
            .find_map(|ran| {
                if ran.code == Some(0) {
                    last = Some(ran);
                    None
                } else {
                    Some(ran)
                }
            })
            .or(last)
            .expect("a step")
    };
    assert_eq!(run(&steps, &[]).code, Some(0));
    assert_eq!(read(&pipeline.deployed()), read(&pipeline.scene.artifact()));
    fs::remove_file(pipeline.deployed()).expect("it is there");
    let without_release: Vec<&str> = steps.iter().copied().filter(|step| !step.contains("release")).collect();
    pipeline.holds(|changed| run(&without_release, changed));
}

/// The GitLab component.
struct Component {
    text: String,
    spec: Value,
    inputs: BTreeMap<String, Value>,
}

impl Component {
    fn read(python: &Peer) -> Self {
        let file = Path::new(TOP).join("examples/gitlab/templates/countersign.yml");
        let spec = to_json(python, &file).remove(0);
        let inputs = spec["spec"]["inputs"].as_object().expect("inputs").clone().into_iter().collect();
        Self { text: String::from_utf8(read(&file)).expect("text"), spec, inputs }
    }

    /// The job, after its inputs were pasted.
    fn with(&self, python: &Peer, inputs: &[(&str, &str)]) -> Value {
        let mut text = self.text.clone();
        for (name, input) in &self.inputs {
            let given = inputs.iter().find(|(given, _)| given == name).map(|(_, value)| *value);
            let value = given.or(input["default"].as_str()).unwrap_or_else(|| panic!("no `{name}`"));
            assert!(self.takes(name, value), "{name}");
            text = text.replace(&format!("$[[ inputs.{name} ]]"), value);
        }
        assert!(!text.contains("$[["), "{text}");
        let folder = scratch();
        let file = folder.path().join("job.yml");
        write(&file, text);
        let document = to_json(python, &file).remove(1);
        document.as_object().expect("a job").values().next().expect("a job").clone()
    }

    /// Whether GitLab takes the value, by the input's pattern.
    fn takes(&self, name: &str, value: &str) -> bool {
        let pattern = self.inputs[name]["regex"].as_str().expect("a pattern");
        jsonschema::is_valid(&serde_json::json!({ "pattern": pattern }), &Value::from(value))
    }
}
