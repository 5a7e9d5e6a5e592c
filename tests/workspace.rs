//! A release on several machines: do the example workflows release what changed, once, and report on all of it?

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::fs;
use std::path::Path;

use crate::support::{Ran, Scene, text, write};

/// A clone of a scene's repository with three functions, of which two changed since the tag `before`.
struct Monorepo {
    scene: Scene,
}

impl Monorepo {
    fn new() -> Self {
        let scene = Scene::new();
        let top = scene.repository();
        let entry = |name: &str| format!("[[function]]\nname = \"{name}\"\npath = \"{name}\"\n");
        write(&top.join("countersign.toml"), ["a", "b", "c"].map(entry).concat());
        ["a", "b", "c"].into_iter().for_each(|name| write(&top.join(name).join("h.py"), name));
        scene.commit();
        scene.git(&["tag", "before"]);
        ["b", "c"].into_iter().for_each(|name| write(&top.join(name).join("h.py"), "changed"));
        scene.commit();
        fs::remove_dir_all(top.join("dist")).expect("it was released");
        Self { scene }
    }

    fn before(&self) -> String {
        self.scene.git(&["rev-parse", "before"]).trim().to_owned()
    }

    /// Runs a script as a runner does, in a folder.
    fn run(&self, folder: &Path, script: &str, variables: &[(&str, &str)]) -> Ran {
        fs::create_dir_all(self.scene.path().join("home")).expect("a folder");
        let mut command = self.scene.command("bash");
        let program = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().expect("a folder");
        command.env("PATH", format!("{}:{}", text(program), std::env::var("PATH").expect("a PATH")));
        command.env("COUNTERSIGN_ROOT", self.scene.pin().to_string());
        command.env("GITHUB_WORKSPACE", folder).env("GITHUB_OUTPUT", self.scene.path().join("output"));
        command.env("GITHUB_STEP_SUMMARY", self.scene.path().join("summary"));
        command.env("SIGNING_KEY", fs::read_to_string(self.scene.key_file("signing")).expect("a key"));
        command.env("COUNTERSIGN_KEY", "env:SIGNING_KEY").env("TMPDIR", self.scene.path());
        command.envs(variables.iter().copied()).current_dir(folder);
        Ran::of(command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", script]))
    }

    /// Another machine's clone.
    fn clone_to(&self, name: &str) -> std::path::PathBuf {
        let folder = self.scene.path().join(name);
        self.scene.git(&["clone", "--quiet", text(&self.scene.repository()), text(&folder)]);
        folder
    }

    /// The packages of its functions that are in a folder; the scene's own is committed.
    fn packages(&self, folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder)
            .expect("a folder")
            .map(|entry| entry.expect("an entry").file_name().into_string().expect("UTF-8"));
        let mut names: Vec<String> =
            names.filter(|name| name.ends_with(".zip") && name != "orders.zip").collect();
        names.sort();
        names
    }
}

/// The script of a step of the GitHub example.
fn step(name: &str) -> String {
    let yaml = include_str!("../examples/github/monorepo.yml");
    let step = yaml.split("- name: ").find(|step| step.starts_with(name)).expect("the step");
    let script = step.split("run: ").nth(1).expect("a script");
    let Some(block) = script.strip_prefix("|\n") else {
        return script.lines().next().expect("a line").into();
    };
    let lines =
        block.lines().map_while(|line| line.strip_prefix("          ").or(line.is_empty().then_some("")));
    lines.map(|line| format!("{line}\n")).collect()
}

#[test]
fn the_github_example_releases_what_changed() {
    let monorepo = Monorepo::new();
    let (top, scene) = (monorepo.scene.repository(), &monorepo.scene);
    monorepo.run(&top, &step("Plan"), &[("BEFORE", &monorepo.before())]).done();
    let output = fs::read_to_string(scene.path().join("output")).unwrap();
    let value = |name: &str| {
        let line = output.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("no {name}: {output}")).to_owned()
    };
    let matrix: serde_json::Value = serde_json::from_str(&value("matrix")).unwrap();
    let shards: Vec<&str> =
        matrix["include"].as_array().unwrap().iter().map(|job| job["shard"].as_str().unwrap()).collect();
    assert_eq!(shards, ["1/2", "2/2"]);

    let reports = scene.path().join("verdict/shards");
    for (index, shard) in shards.iter().enumerate() {
        let clone = monorepo.clone_to(&format!("job{index}"));
        let policy = scene.policy();
        let variables =
            [("SHARD", *shard), ("SINCE", &value("since")), ("COUNTERSIGN_POLICY", text(&policy))];
        monorepo.run(&clone, &step("Release"), &variables).done();
        assert_eq!(monorepo.packages(&clone.join("dist")).len(), 1);
        fs::create_dir_all(reports.join(format!("release-{index}"))).unwrap();
        fs::copy(clone.join("dist/report.json"), reports.join(format!("release-{index}/report.json")))
            .unwrap();
    }
    let verdict = || monorepo.run(&scene.path().join("verdict"), &step("Report"), &[]);
    let ran = verdict();
    assert!(ran.done().out().ends_with("allowed: 2 artifacts: 2 allowed\n"), "{}", ran.out());
    assert!(fs::read_to_string(scene.path().join("summary")).unwrap().contains("allowed"));
    // Without the report of one machine there is no verdict.
    fs::remove_dir_all(reports.join("release-0")).unwrap();
    assert_eq!(verdict().code, Some(2));
}

#[test]
fn the_github_example_releases_everything_after_a_rewrite() {
    let monorepo = Monorepo::new();
    let zero = "0".repeat(40);
    monorepo.run(&monorepo.scene.repository(), &step("Plan"), &[("BEFORE", &zero)]).done();
    let output = fs::read_to_string(monorepo.scene.path().join("output")).unwrap();
    assert!(output.contains("\"shard\":\"3/3\"") && output.ends_with("since=\n"), "{output}");
}

/// The lines of a script of the GitLab example; one that is folded is one line.
fn gitlab(job: &str) -> String {
    let yaml = include_str!("../examples/gitlab/monorepo.yml");
    let job = yaml.split("\n\n").find(|part| part.starts_with(job)).unwrap_or_else(|| {
        yaml.split_once(&format!("\n{job}")).expect("the job").1.split("\n\n").next().expect("it")
    });
    let script = job.split("  script:\n").nth(1).expect("a script").split("  artifacts:").next().expect("it");
    let text = script.replace("    - >-\n      ", "    - ").replace("\n      ", " ");
    let lines = text.lines().filter_map(|line| line.strip_prefix("    - "));
    lines.map(|line| format!("{}\n", line.trim_matches('\''))).collect()
}

#[test]
fn the_gitlab_example_releases_what_changed() {
    let monorepo = Monorepo::new();
    let scene = &monorepo.scene;
    scene.git(&["-C", text(&scene.policy()), "init", "--quiet"]);
    scene.git(&["-C", text(&scene.policy()), "add", "--all"]);
    scene.git(&["-C", text(&scene.policy()), "commit", "--quiet", "--message", "policy"]);
    let (policy, before) = (format!("file://{}", text(&scene.policy())), monorepo.before());
    let all = scene.path().join("all/dist");
    fs::create_dir_all(&all).unwrap();
    for index in 1..=3 {
        let clone = monorepo.clone_to(&format!("node{index}"));
        let number = index.to_string();
        let variables = [
            ("COUNTERSIGN_POLICY_URL", policy.as_str()),
            ("CI_COMMIT_BEFORE_SHA", &before),
            ("CI_NODE_INDEX", &number),
            ("CI_NODE_TOTAL", "3"),
        ];
        monorepo.run(&clone, &gitlab("release:"), &variables).done();
        let report = format!("report-{index}.json");
        fs::copy(clone.join("dist").join(&report), all.join(&report)).unwrap();
        // The third machine has nothing to do.
        assert_eq!(monorepo.packages(&clone.join("dist")).len(), usize::from(index < 3));
    }
    let ran = monorepo.run(all.parent().expect("a folder"), &gitlab("verdict:"), &[]);
    assert!(ran.done().out().ends_with("allowed: 2 artifacts: 2 allowed\n"), "{}", ran.out());
}
