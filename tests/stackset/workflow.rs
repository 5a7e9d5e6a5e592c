//! The example workflow: do its steps, as the runner would run them, see and restore what has drifted?

use std::fs;
use std::path::Path;

use crate::stackset::fleet::Fleet;
use crate::support::{Ran, text};

/// The scripts of the steps, by their names.
fn script(name: &str) -> String {
    let yaml = include_str!("../../examples/github/stackset-drift.yml");
    let step = yaml.split("- name: ").find(|step| step.starts_with(name)).expect("the step");
    let lines = step.split("run: |\n").nth(1).expect("a script").lines();
    let block = lines.map_while(|line| line.strip_prefix("          ").or(line.is_empty().then_some("")));
    block.map(|line| format!("{line}\n")).collect()
}

fn run(fleet: &Fleet, step: &str, variables: &[(&str, &str)]) -> Ran {
    fs::create_dir_all(fleet.scene.path().join("home")).unwrap();
    let mut command = fleet.scene.command("bash");
    let folder = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().unwrap();
    command.env("PATH", format!("{}:{}", text(folder), std::env::var("PATH").unwrap()));
    command.env("COUNTERSIGN_ROOT", fleet.scene.pin().to_string()).env("COUNTERSIGN_POLICY", "../policy");
    command.env("GITHUB_WORKSPACE", fleet.scene.repository());
    command.env("GITHUB_SERVER_URL", "https://github.example");
    command.env("GITHUB_OUTPUT", fleet.scene.path().join("output"));
    command.envs(variables.iter().copied());
    // The runner's own way to start `bash`.
    Ran::of(command.args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script(step)]))
}

#[test]
fn the_workflow_sees_and_restores() {
    let fleet = Fleet::deployed(3);
    run(&fleet, "Plan", &[]).done();
    let output = fs::read_to_string(fleet.scene.path().join("output")).unwrap();
    let matrix = output.strip_prefix("matrix=").expect("the output");
    let matrix: serde_json::Value = serde_json::from_str(matrix).unwrap();
    assert_eq!(matrix["include"][2], serde_json::json!({ "shard": 3, "targets": "t2" }));

    fleet.change("t2", |work| fs::remove_dir_all(work.join("policy")).unwrap());
    let compare = |targets: &str, remediate: &str| {
        let variables = [("TARGETS", targets), ("STACKSET_REMEDIATE", remediate), ("STACKSET_TOKEN", "t")];
        run(&fleet, "Compare", &variables).code
    };
    assert_eq!(
        (compare("t0 t1", ""), compare("t2", ""), compare("t1 t2", "no")),
        (Some(0), Some(1), Some(1))
    );
    assert_eq!((compare("t2", "true"), compare("t2", "")), (Some(0), Some(0)));
    // The token is for one server.
    let helpers = fs::read_to_string(fleet.scene.path().join("home/.gitconfig")).unwrap();
    let sections: Vec<&str> = helpers.lines().filter(|line| line.starts_with("[credential")).collect();
    assert_eq!(sections, ["[credential \"https://github.example\"]"]);
    // What cannot be looked at is never taken for drift, nor restored.
    fs::remove_dir_all(fleet.bare("t1")).unwrap();
    assert_eq!(compare("t1", "true"), Some(2));
}
