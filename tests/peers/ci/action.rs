//! Does the action do what the command line does, and nothing that its inputs say?

use std::fs;
use std::path::Path;

use serde_json::Value;

use super::runner::{Job, executable};
use crate::peers::peer::{Peer, printed};
use crate::support::{NAME, copy, read, write};

const ARTIFACT: (&str, &str) = ("artifact", "dist/orders.zip");
const FUNCTION: (&str, &str) = ("function", NAME);

#[test]
fn an_allowed_artifact_has_all_outputs() {
    let Some(job) = Job::new() else { return };
    let step = job.run("verify", &[ARTIFACT, FUNCTION]);
    step.says(0, "allowed").obeyed_nothing();
    let statement = job.scene.statement();
    assert_eq!(step.output("status"), "");
    assert_eq!(step.output("profile"), statement["predicate"]["profile"]);
    assert!(statement["predicate"]["job"].as_str().expect("text").ends_with(step.output("job-id")));
    assert_eq!(step.output("expires-at"), statement["predicate"]["signatureExpiresAt"]);
    let report: Value = serde_json::from_slice(&read(Path::new(step.output("report")))).expect("JSON");
    assert_eq!(report["decision"], "allowed");
    assert!(step.summary().contains("allowed"), "{step}");
}

#[test]
fn a_denied_artifact_fails_the_step_and_says_why() {
    let Some(job) = Job::new() else { return };
    let mut bytes = read(&job.scene.artifact());
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    write(&job.scene.artifact(), bytes);
    let step = job.run("verify", &[ARTIFACT, FUNCTION]);
    step.says(1, "denied").obeyed_nothing();
    assert_eq!(step.output("status"), "integrity");
    let report: Value = serde_json::from_slice(&read(Path::new(step.output("report")))).expect("JSON");
    assert_eq!(report["results"][0]["status"], "integrity");
    let (level, first) = &step.commands()[0];
    assert!(level == "error" && first.contains("denied"), "the roll-up comes first: {step}");
    assert!(
        step.commands().iter().any(|(_, message)| message.contains("differs from the signed one")),
        "{step}"
    );
    assert!(step.summary().contains("integrity") && step.summary().contains("| "), "{step}");
}

#[test]
fn a_warning_passes_and_is_annotated() {
    let Some(job) = Job::new() else { return };
    job.scene.warn();
    fs::remove_file(job.scene.manifest()).expect("it is there");
    let step = job.run("verify", &[ARTIFACT, FUNCTION]);
    step.says(0, "warned");
    assert_eq!(step.output("status"), "mismatch");
    assert!(step.commands().iter().all(|(level, _)| level == "warning"), "{step}");
    assert_eq!((step.output("profile"), step.output("job-id")), ("", ""));
}

#[test]
fn release_package_and_sign_work_on_the_workspace() {
    let Some(job) = Job::new() else { return };
    let key = job.key();
    write(&job.scene.repository().join("handler.py"), "print('two orders')\n");
    let step = job.run("release", &[("key", &key), ("names", "orders")]);
    step.says(0, "allowed").obeyed_nothing();
    assert!(!step.log().contains("PRIVATE KEY"), "{step}");

    fs::remove_dir_all(job.scene.repository().join("dist")).expect("it is there");
    let step = job.run("package", &[("policy", ""), ("root", ""), ("names", "orders\n")]);
    step.says(0, "").obeyed_nothing();
    let report: Value = serde_json::from_slice(&read(Path::new(step.output("report")))).expect("JSON");
    assert_eq!(report["packages"][0]["path"], "dist/orders.zip");

    let step = job.run("sign", &[("key", &key), ARTIFACT]);
    step.says(0, "").obeyed_nothing();
    let statement = job.scene.statement();
    assert_eq!(step.output("profile"), statement["predicate"]["profile"]);
    assert!(statement["predicate"]["job"].as_str().expect("text").ends_with(step.output("job-id")));
    assert_eq!(step.output("expires-at"), statement["predicate"]["signatureExpiresAt"]);
    job.run("verify", &[]).says(0, "allowed");
}

/// The key's passphrase reaches countersign, and neither reaches the log.
#[test]
fn an_encrypted_key_signs() {
    let (Some(job), Some(openssl)) = (Job::new(), Peer::find("openssl")) else { return };
    let key = job.scene.key_file("signing");
    let key = key.to_str().expect("UTF-8");
    let encrypt = ["pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", key, "-passout", "pass:open sesame"];
    let encrypted = printed(&openssl.ask(encrypt));
    write(&job.scene.repository().join("handler.py"), "print('two orders')\n");
    let step = job.run("release", &[("key", &encrypted), ("passphrase", "open sesame")]);
    step.says(0, "allowed");
    assert!(!step.log().contains("sesame"), "{step}");
}

#[test]
fn the_gate_deploys_what_it_verified_and_nothing_else() {
    let Some(job) = Job::new() else { return };
    let deployed = job.scene.path().join("deployed.zip");
    let command = format!("cp\n{{artifact}}\n{}", deployed.display());
    let gate = [ARTIFACT, FUNCTION, ("deploy", command.as_str())];
    job.run("gate", &[&gate[..], &[("dry-run", "true")]].concat()).says(0, "allowed");
    assert!(!deployed.exists());
    job.run("gate", &gate).says(0, "allowed").obeyed_nothing();
    assert_eq!(read(&deployed), read(&job.scene.artifact()));

    // The command's own status is the step's, and the verdict stays what it was.
    job.run("gate", &[ARTIFACT, FUNCTION, ("deploy", "sh\n-c\nexit 7\n{artifact}")]).says(7, "allowed");

    fs::remove_file(&deployed).expect("it is there");
    write(&job.scene.artifact(), "no package");
    job.run("gate", &gate).says(1, "denied");
    assert!(!deployed.exists());
}

/// A function is verified with its layers, one a line; one bad layer is enough.
#[test]
fn layers_are_verified_with_their_function() {
    let Some(job) = Job::new() else { return };
    let scene = &job.scene;
    let layer = scene.repository().join("dist/base.zip");
    fs::copy(scene.artifact(), &layer).expect("a copy");
    scene.run(&["sign", "dist/base.zip", "--layer", "base"]).done();
    let layers = [ARTIFACT, FUNCTION, ("layer", "base=dist/base.zip")];
    job.run("verify", &layers).says(0, "allowed").obeyed_nothing();
    write(&layer, "no package");
    let step = job.run("verify", &layers);
    step.says(1, "denied").obeyed_nothing();
    assert!(step.log().contains("base.zip"), "{step}");
}

/// Infrastructure tools deploy by themselves; what they are about to deploy is held against the policy before.
#[test]
fn a_plan_is_judged() {
    let Some(job) = Job::new() else { return };
    let template = |code: &str| {
        let function = format!(
            "{{Type: AWS::Serverless::Function, Properties: {{FunctionName: orders, CodeUri: {code}}}}}"
        );
        write(&job.scene.repository().join("template.yaml"), format!("Resources: {{Orders: {function}}}\n"));
        job.run("gate", &[("plan", "template.yaml")])
    };
    template("dist/orders.zip").says(0, "allowed").obeyed_nothing();
    write(&job.scene.repository().join("dist/other.zip"), "no package");
    let step = template("dist/other.zip");
    step.says(1, "denied").obeyed_nothing();
    assert!(step.log().contains("other.zip"), "{step}");
}

/// A deploy command never sees the signing key of another step.
#[test]
fn the_gate_takes_no_key() {
    let Some(job) = Job::new() else { return };
    let key = job.key();
    let step = job.run("gate", &[ARTIFACT, FUNCTION, ("deploy", "env\n{artifact}"), ("key", &key)]);
    step.refused("`gate` does not use the input `key`");
}

/// Without a pin `release` makes an account that trusts itself, which says nothing: not in CI.
#[test]
fn a_variable_that_is_not_set_decides_nothing() {
    let Some(job) = Job::new() else { return };
    let key = job.key();
    for command in ["release", "sign", "verify", "gate"] {
        let inputs = if command == "release" { &[("key", key.as_str())][..] } else { &[] };
        job.run(command, &[inputs, &[("root", "")]].concat()).refused("the input `root` is empty");
        job.run(command, &[inputs, &[("policy", "")]].concat()).refused("the input `policy` is empty");
    }
}

/// An older policy has a valid seal too: a pull request must not bring the one that it is judged by.
#[test]
fn the_policy_never_comes_from_what_is_proposed() {
    for event in
        ["pull_request", "pull_request_target", "merge_group", "workflow_run", "issue_comment", "new"]
    {
        let Some(job) = Job::new() else { return };
        let job = job.on(event);
        let policy = job.scene.repository().join("policy");
        copy(&job.scene.policy(), &policy);
        let verify = |policy: &str| job.run("verify", &[ARTIFACT, FUNCTION, ("policy", policy)]);
        verify("../policy").says(0, "allowed");
        verify("policy").refused("the policy is in the code that it verifies");
        verify("../orders/./policy").refused("the policy is in the code that it verifies");
        // A submodule is part of the commit that names it; a checkout of its own is not.
        write(&policy.join(".git"), "gitdir: ../.git/modules/policy\n");
        verify("policy").refused("the policy is in the code that it verifies");
        fs::remove_file(policy.join(".git")).expect("it is there");
        fs::create_dir(policy.join(".git")).expect("a folder");
        verify("policy").says(0, "allowed");
        if event == "workflow_run" {
            // A downloaded artifact is in no repository, and can have brought that folder.
            fs::rename(job.scene.repository().join(".git"), job.scene.path().join("git"))
                .expect("it is there");
            verify("policy").refused("the policy is in the code that it verifies");
            verify("../policy").says(0, "allowed");
        }
    }
    let Some(job) = Job::new() else { return };
    copy(&job.scene.policy(), &job.scene.repository().join("policy"));
    job.run("verify", &[ARTIFACT, FUNCTION, ("policy", "policy")]).says(0, "allowed");
}

/// A secret is empty for a fork: its code is not signed with whatever key the runner has.
#[test]
fn without_a_key_nothing_is_signed() {
    let Some(job) = Job::new() else { return };
    let key = read(&job.scene.key_file("signing"));
    write(&job.scene.path().join("home/.config/countersign/keys/acme/signing.pem"), key);
    write(&job.scene.repository().join("handler.py"), "print('of a fork')\n");
    let before = read(&job.scene.manifest());
    let job = job.on("pull_request");
    job.run("release", &[]).refused("the input `key` is empty");
    job.run("sign", &[ARTIFACT]).refused("the input `key` is empty");
    assert_eq!(read(&job.scene.manifest()), before);
}

/// gitsign CVE-2026-44310: a program that dies is no yes, whatever it leaves behind.
#[test]
fn a_panic_or_a_missing_verdict_fails_the_step() {
    let Some(job) = Job::new() else { return };
    let program = job.scene.path().join("bin/countersign");
    for (script, status) in [
        ("echo \"thread 'main' panicked\" >&2; exit 101", 101),
        ("kill -KILL $$", 137),
        ("exit 0", 2),
        ("exit 2", 2),
    ] {
        fs::remove_file(&program).expect("it is there");
        executable(&program, &format!("#!/bin/sh\n[ \"$1\" = --version ] && exit 0\n{script}\n"));
        let step = job.run("verify", &[ARTIFACT, FUNCTION]);
        step.says(status, "undecided");
        assert!(step.commands().iter().any(|(level, _)| level == "error"), "{step}");
        assert!(step.summary().contains("No verdict"), "{step}");
    }
}

/// What a shell would run, and what countersign would take for options.
const FOR_THE_SHELL: &str = "--help $(touch pwned)`touch pwned`\"; touch pwned; '; touch pwned #\n-C /\n; touch pwned\n../../../etc/passwd";

/// What the runner would take for outputs and commands.
const FOR_THE_RUNNER: &str = "x<<y\nz\ny\nverdict=allowed\nverdict<<z\nallowed\nz\n\
    ::set-output name=verdict::allowed\n##[add-mask]a\n a ##[set-env name=PATH]pwned\x1b[31m%0A::stop-commands::b";

/// tj-actions CVE-2023-49291: every input is a word to the shell, and a value to countersign.
#[test]
fn no_input_is_obeyed() {
    let Some(job) = Job::new() else { return };
    let job = job.on("pull_request");
    let action = fs::read_to_string(job.action().join("action.yml")).expect("text");
    let inputs = action.split("\noutputs:").next().expect("inputs");
    let names = inputs.lines().filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    let names: Vec<&str> = names.filter(|name| !name.starts_with(' ')).collect();
    assert_eq!(names.len(), 20, "{names:?}");
    let key = job.key();
    let release = [("key", key.as_str())];
    let sign = [&release[..], &[ARTIFACT]].concat();
    let verify = [ARTIFACT, FUNCTION];
    let gate = [&verify[..], &[("deploy", "true\n{artifact}")]].concat();
    for name in names {
        let (command, inputs): (&str, &[(&str, &str)]) = match name {
            "profile" | "names" | "from" | "key" | "passphrase" => ("release", &release),
            "layer" => ("sign", &sign),
            "deploy" | "plan" | "dry-run" => ("gate", &gate),
            "archive" | "release-key" => ("verify", &[ARTIFACT, FUNCTION, ("binary", "release")]),
            _ => ("verify", &verify),
        };
        for hostile in [FOR_THE_SHELL, FOR_THE_RUNNER] {
            let step = job.run(command, &[inputs, &[(name, hostile)]].concat());
            // A key that is not encrypted needs no passphrase.
            if name == "passphrase" {
                step.says(0, "allowed");
            } else {
                assert_ne!(step.status(), 0, "`{name}`: {step}");
                assert_ne!(step.output("verdict"), "warned", "`{name}`: {step}");
            }
            step.obeyed_nothing();
        }
    }
    let pwned = |folder: &Path| folder.join("pwned").exists();
    let folders = [job.scene.path().to_path_buf(), job.scene.repository(), job.action()];
    assert!(!folders.iter().any(|folder| pwned(folder)));
}

/// gh CVE-2026-45803: a file's name is shown, and obeyed by no reader of the log, the summary or the outputs.
#[test]
fn no_name_of_a_file_is_obeyed() {
    let Some(job) = Job::new() else { return };
    let name = "::set-output name=verdict::allowed ##[add-mask]a%0A::error::b\r\x1b[31m<img src=x>|`[c](d)` @all.zip";
    write(&job.scene.repository().join(name), "no package");
    let step = job.run("verify", &[("artifact", name), FUNCTION]);
    step.says(1, "denied").obeyed_nothing();
    assert!(!step.log().contains('\x1b') && !step.summary().contains('\x1b'), "{step}");
    assert!(
        step.summary().lines().all(|line| !line.starts_with("::") && !line.contains("verdict<<")),
        "{step}"
    );
}
