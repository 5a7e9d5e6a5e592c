//! Which commands write, and what do they need beforehand?

use std::path::Path;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{Ran, Scene, scratch};

/// A command that writes.
pub struct Row {
    pub name: &'static str,
    /// Lines of `sh` that are run before it.
    pub before: &'static [&'static str],
    /// A line of `sh`, in which `$0` is `countersign`.
    pub line: &'static str,
    /// What it reports when it finds everything done, if that is no success.
    pub again: &'static str,
    /// What completes it then, by its hint: lines of `sh`.
    pub then: &'static str,
}

impl Row {
    /// A scene in which the command can run.
    pub fn scene(&self) -> Scene {
        scene(self.name, self.before)
    }
}

/// A scene in which lines of `sh` were run.
pub fn scene(name: &str, before: &[&str]) -> Scene {
    let scene = Scene::new();
    std::fs::create_dir_all(scene.path().join("tmp")).expect("a folder");
    let ran = run(&scene, &[&["set -eu", GIT], before].concat().join("\n"));
    assert_eq!(ran.code, Some(0), "{name}: {ran}");
    scene
}

/// A scene that a command changes again and again: it stays in its place, which its remotes' URLs name.
pub struct Place {
    pub scene: Scene,
    first: TempDir,
}

impl Place {
    pub fn new(scene: Scene) -> Self {
        let place = Self { scene, first: scratch() };
        copy_all(place.scene.path(), place.first.path());
        place
    }

    /// The scene as it was at first.
    pub fn again(&self) -> &Scene {
        for entry in std::fs::read_dir(self.scene.path()).expect("a folder") {
            let path = entry.expect("an entry").path();
            std::fs::remove_dir_all(&path).or_else(|_| std::fs::remove_file(&path)).expect("removed");
        }
        copy_all(self.first.path(), self.scene.path());
        &self.scene
    }
}

/// Copies a folder, with its empty folders.
fn copy_all(from: &Path, to: &Path) {
    let ran = Ran::of(Command::new("cp").arg("-a").arg(from.join(".")).arg(to));
    assert_eq!(ran.code, Some(0), "{ran}");
}

/// Runs lines of `sh` in a scene, in which `$0` is `countersign`.
pub fn run(scene: &Scene, lines: &str) -> Ran {
    let mut command = scene.command("sh");
    command.args(["-c", lines, env!("CARGO_BIN_EXE_countersign")]).env("TMPDIR", scene.path().join("tmp"));
    command.env("AWS", concat!(env!("CARGO_MANIFEST_DIR"), "/tests/cmd/aws"));
    Ran::of(command.stdin(Stdio::null()))
}

const GIT: &str = r#"git() { command git -c user.name=Ada -c user.email=ada@example.org "$@"; }"#;

/// A second account, whose pin is in `../vendor.pin`.
const VENDOR: &str = r#"
"$0" init --account vendor --policy ../vendor --keys ../vendor-keys --no-pin --principal ci@vendor.example \
    --plaintext | sed -n 's/^ *root *//p' > ../vendor.pin"#;

/// The second account is known, and not sealed yet.
const TRUST: &str = r#""$0" account trust vendor --root "$(cat ../vendor.pin)" --from ../vendor"#;

const SEAL: &str = r#""$0" policy seal"#;

/// An edit that waits for a seal.
const EDIT: &str = r#""$0" profile rotate release"#;

const ATTACH: &str = r#""$0" manifest attach HEAD dist/orders.zip.sigstore.json"#;

const LAYER: &str =
    r#""$0" layer publish base --artifact dist/orders.zip --location https://layers.acme.example/base.zip"#;

/// A program in the place of `curl`, which sends what was released.
const CURL: &str = r#"
mkdir ../bin ../served
cp dist/orders.zip ../served/base.zip
cp dist/orders.zip.sigstore.json ../served/base.zip.sigstore.json
cat > ../bin/curl <<END
#!/bin/sh
for word; do case \$word in *://*) url=\$word ;; esac; done
exec cat "$(dirname "$PWD")/served/\${url##*/}"
END
chmod +x ../bin/curl"#;

/// Other code than the release's.
const CHANGE: &str = "echo 'print(2)' > handler.py; git commit -qam two";

/// Two repositories that the sealed policy is rolled out to.
const TARGETS: &str = r#"
top=$(dirname "$PWD")
printf "revision = 1\ndeploy = 'policy'\nfailure_tolerance = 0\nmax_concurrent = 1\n" > ../policy/stackset.toml
for name in one two; do
    git init -q --bare -b main ../$name.git
    git -c init.defaultBranch=main init -q --template= ../work-$name
    (cd ../work-$name; echo a > README.md; git add .; git commit -qm one; git push -q ../$name.git HEAD:refs/heads/main)
    printf "\n[[target]]\nname = '%s'\nurl = 'file://%s'\nbranch = 'main'\npath = 'policy'\n" \
        $name "$top/$name.git" >> ../policy/stackset.toml
done"#;

/// A remote repository with the policy.
const PUBLISHED: &str = r#"
top=$(dirname "$PWD")
git init -q --bare -b main ../published.git
(cd ../policy; git -c init.defaultBranch=main init -q --template= .; git add .; git commit -qm one
    git push -q ../published.git HEAD:refs/heads/main; rm -rf .git)"#;

const fn row(
    name: &'static str,
    before: &'static [&'static str],
    line: &'static str,
    again: &'static str,
) -> Row {
    Row { name, before, line, again, then: "" }
}

const fn then(then: &'static str, row: Row) -> Row {
    Row { then, ..row }
}

/// What is missing of an `init` that was interrupted after it made the policy.
const PIN: &str = r#""$0" policy pin --yes --policy ../policy"#;

/// What is missing of a local account that was interrupted after its policy was made.
const PIN_LOCAL: &str = r#""$0" policy pin --yes && "$0" release"#;

/// Every command that writes files.
pub const ROWS: &[Row] = &[
    then(
        PIN,
        row(
            "init",
            &[
                "rm -rf ../policy ../config ../state .git/countersign countersign.toml dist",
                "git config --unset countersign.root",
                "git config --unset countersign.policy || true",
            ],
            r#"exec "$0" init --plaintext --account acme --policy ../policy --principal ci@acme.example"#,
            "already exists",
        ),
    ),
    then(
        PIN_LOCAL,
        row(
            "first_release",
            &[
                "rm -rf ../policy ../config ../state .git/countersign countersign.toml dist",
                "git config --unset countersign.root",
            ],
            r#"exec "$0" release"#,
            "no root is pinned",
        ),
    ),
    row("package", &[CHANGE], r#"exec "$0" package"#, ""),
    row("sign", &[], r#"exec "$0" sign --again dist/orders.zip"#, ""),
    row("release", &[CHANGE], r#"exec "$0" release"#, ""),
    row("attach", &[], r#"exec "$0" manifest attach HEAD dist/orders.zip.sigstore.json"#, ""),
    row("detach", &[ATTACH], r#"exec "$0" manifest detach HEAD"#, "no such manifest is attached"),
    row("manifests_output", &[ATTACH], r#"exec "$0" manifest list HEAD --output ../got"#, ""),
    row(
        "manifests_push",
        &[
            ATTACH,
            r#"git init -q --bare ../remote.git; git remote add origin "$(dirname "$PWD")/remote.git""#,
        ],
        r#"exec "$0" manifest push"#,
        "",
    ),
    row("policy_seal", &[EDIT], r#"exec "$0" policy seal"#, ""),
    row("policy_renew", &[], r#"exec "$0" policy renew --within '400 days'"#, ""),
    row("policy_rotate_root", &[], r#"exec "$0" policy rotate-root --validity '2 years'"#, ""),
    row(
        "policy_restart",
        &[],
        r#"exec "$0" policy restart --output ../again --root-key ../config/countersign/keys/acme/root.pem --policy-key ../config/countersign/keys/acme/policy.pem"#,
        "already exists",
    ),
    row(
        "policy_pin",
        &[
            r#""$0" policy pin > ../pin; git config countersign.root > ../pin; git config --unset countersign.root"#,
        ],
        r#"exec "$0" policy pin "$(cat ../pin)""#,
        "",
    ),
    row(
        "policy_fetch",
        &[PUBLISHED],
        r#"exec "$0" policy fetch "file://$(dirname "$PWD")/published.git" main"#,
        "",
    ),
    row("profile_create", &[], r#"exec "$0" profile create billing"#, "already"),
    row("profile_rotate", &[], r#"exec "$0" profile rotate release"#, ""),
    row("profile_cancel", &[EDIT], r#"exec "$0" profile cancel release"#, "would not change"),
    row(
        "profile_revoke",
        &[],
        r#"exec "$0" profile revoke release --effective 2026-01-01T00:00:00Z --reason-code superseded --reason newer"#,
        "would not change",
    ),
    row(
        "profile_permit",
        &[],
        r#"exec "$0" profile permit release --principal ann@acme.example --action signer:StartSigningJob --statement-id ann --key ../config/countersign/keys/acme/signing.pem"#,
        "already",
    ),
    row(
        "profile_forbid",
        &[],
        r#"exec "$0" profile forbid release --statement-id first --at 2027-01-01T00:00:00Z"#,
        "would not change",
    ),
    row("csc_create", &[], r#"exec "$0" csc create --publisher release --untrusted Warn"#, ""),
    row(
        "csc_update",
        &[],
        r#"exec "$0" csc update "$(basename ../policy/csc/*.toml .toml)" --untrusted Warn"#,
        "would not change",
    ),
    row(
        "csc_delete",
        &[
            r#""$0" csc create --publisher release --untrusted Warn | grep -o 'csc-[a-z0-9]*' | head -1 > ../csc"#,
        ],
        r#"exec "$0" csc delete "$(cat ../csc)""#,
        "does not exist",
    ),
    row(
        "function_attach",
        &[],
        r#"exec "$0" function attach --csc "$(basename ../policy/csc/*.toml .toml)" "billing-*""#,
        "would not change",
    ),
    row("function_detach", &[], r#"exec "$0" function detach "*""#, "does not exist"),
    row("function_protect", &[], r#"exec "$0" function protect refs/heads/main"#, "would not change"),
    row("job_record", &[], r#"exec "$0" job record dist/orders.zip.sigstore.json"#, ""),
    row(
        "job_revoke",
        &[],
        r#"exec "$0" job revoke dist/orders.zip.sigstore.json --reason-code superseded --reason broken"#,
        "would not change",
    ),
    row(
        "job_revoke_signed",
        &[],
        r#"exec "$0" job revoke dist/orders.zip.sigstore.json --reason-code superseded --reason broken --signed"#,
        "already",
    ),
    then(
        r#"set -e
"$0" key show ../ann.pem | sed 1d > ../ann.pub.pem"#,
        row("key_generate", &[], r#"exec "$0" key generate --plaintext --output ../ann.pem"#, "already"),
    ),
    row(
        "key_revoke",
        &[],
        r#"exec "$0" key revoke ../config/countersign/keys/acme/signing.pem --effective 2026-01-01T00:00:00Z --reason-code superseded --reason lost"#,
        "would not change",
    ),
    row(
        "artifact_revoke",
        &[],
        r#"exec "$0" artifact revoke dist/orders.zip --reason-code superseded --reason broken"#,
        "would not change",
    ),
    row("layer_publish", &[], r#"exec "$0" layer publish base --artifact dist/orders.zip"#, "already"),
    row(
        "layer_permit",
        &[LAYER, VENDOR, TRUST],
        r#"exec "$0" layer permit base --layer-version 1 --principal vendor"#,
        "already",
    ),
    row(
        "account_trust",
        &[VENDOR],
        r#"exec "$0" account trust vendor --root "$(cat ../vendor.pin)" --from ../vendor"#,
        "already",
    ),
    row(
        "account_update",
        &[
            VENDOR,
            TRUST,
            SEAL,
            r#"(cd ..; "$0" policy renew --within '400 days' --policy vendor --root "$(cat vendor.pin)" --key vendor-keys/policy.pem)"#,
        ],
        r#"exec "$0" account update vendor"#,
        "",
    ),
    row("account_forget", &[VENDOR, TRUST, SEAL], r#"exec "$0" account forget vendor"#, "does not exist"),
    row(
        "hooks_install",
        &["mkdir -p .git/hooks; printf '#!/bin/sh\n' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push"],
        r#"exec "$0" hooks install --script"#,
        "",
    ),
    row(
        "hooks_uninstall",
        &[
            "mkdir -p .git/hooks; printf '#!/bin/sh\n' > .git/hooks/pre-push; chmod +x .git/hooks/pre-push",
            r#""$0" hooks install --script"#,
        ],
        r#"exec "$0" hooks uninstall"#,
        "",
    ),
    row("hooks_setting_install", &[], r#"exec "$0" hooks install"#, ""),
    row("stackset_deploy", &[TARGETS, SEAL], r#"exec "$0" stackset deploy"#, ""),
    row(
        "stackset_remediate",
        &[
            TARGETS,
            SEAL,
            r#""$0" stackset deploy"#,
            "(cd ../work-one; git fetch -q ../one.git main; git reset -q --hard FETCH_HEAD; echo >> policy/functions.toml; git commit -qam drift; git push -q ../one.git HEAD:refs/heads/main)",
        ],
        r#"exec "$0" stackset remediate"#,
        "",
    ),
    row("monitor_output", &[], r#"exec "$0" monitor --format html --output ../page.html"#, ""),
    row("man_output", &[], r#"exec "$0" man --output ../man"#, ""),
    row(
        "gate_report",
        &[],
        r#"exec "$0" gate --function orders --report sarif=../report.sarif --metrics prometheus:../metrics -- test -f {artifact}"#,
        "",
    ),
    row(
        "verify_report",
        &["rm -rf .git/countersign"],
        r#"exec "$0" verify --report junit=../report.xml --metrics emf:../metrics"#,
        "",
    ),
    row(
        "import",
        &[r#"cp "$AWS"/get-code-signing-config.json ../csc.json"#],
        r#"exec "$0" import ../csc.json --as-own 123456789012"#,
        "",
    ),
    row(
        "export_stackset",
        &[],
        r#"exec "$0" export stackset --name signing --account 123456789012 --region eu-west-1 --output ../template --principal ci@acme.example=123456789012"#,
        "",
    ),
    row(
        "function_unprotect",
        &[r#""$0" function protect refs/heads/main"#],
        r#"exec "$0" function unprotect refs/heads/main"#,
        "no",
    ),
    row(
        "layer_forbid",
        &[LAYER, VENDOR, TRUST, r#""$0" layer permit base --layer-version 1 --principal vendor"#],
        r#"exec "$0" layer forbid base --principal vendor --layer-version 1 --at 2027-01-01T00:00:00Z"#,
        "has no permission of",
    ),
    row(
        "layer_fetch",
        &[LAYER, SEAL, CURL],
        r#"PATH="$(dirname "$PWD")/bin:$PATH" exec "$0" layer fetch arn:countersign:lambda::acme:layer:base:1"#,
        "",
    ),
    row("account_join", &[VENDOR, TRUST, SEAL], r#"exec "$0" account join vendor"#, "would not change"),
    row(
        "account_leave",
        &[VENDOR, TRUST, SEAL, r#""$0" account join vendor"#],
        r#"exec "$0" account leave"#,
        "not in an organization",
    ),
    row("account_admit", &[VENDOR, TRUST, SEAL], r#"exec "$0" account admit vendor"#, "is already a member"),
    row(
        "account_expel",
        &[VENDOR, TRUST, SEAL, r#""$0" account admit vendor"#],
        r#"exec "$0" account expel vendor"#,
        "not a member",
    ),
    row(
        "hook_pre_push",
        &[r#""$0" function protect refs/heads/main"#, SEAL, ATTACH, "rm -r .git/countersign"],
        r#"printf "refs/heads/main $(git rev-parse HEAD) refs/heads/main %040d\n" 0 | "$0" hook pre-push origin ../remote.git"#,
        "",
    ),
];
