//! Does a signed revocation count when its signer may, and never otherwise?

use std::path::PathBuf;

use countersign::crypto::envelope::Envelope;
use countersign::crypto::secret::SecretKey;
use countersign::document::format::Format;
use countersign::limits::SIGNED_REVOCATIONS_MAX;
use countersign::revocation::signed::{self, SignedRevocation};
use countersign::time::Timestamp;

use crate::support::{Mode, Ran, Scene, read, revocation, text, write};

trait Sign {
    fn sign(&self, key: &SecretKey) -> Vec<u8>;
}

impl Sign for SignedRevocation {
    fn sign(&self, key: &SecretKey) -> Vec<u8> {
        countersign::policy::signing::revocation(self, key)
    }
}

const OPS: &str = "ops@acme.example";
const OLD: &str = "2024-01-01T00:00:00Z";

fn now() -> Timestamp {
    Timestamp::from_clock(std::time::SystemTime::now())
}

/// A scene whose profile lets ops revoke, and no more, from 2024 until `end`.
struct Ops {
    scene: Scene,
    key: SecretKey,
}

impl Ops {
    fn of(mode: Mode) -> Self {
        Self::until(mode, None)
    }

    fn until(mode: Mode, end: Option<&str>) -> Self {
        let (scene, key) = (Scene::of(mode), SecretKey::generate().expect("a key"));
        let ops = Self { scene, key };
        write(&ops.file(), ops.key.to_pem(None).expect("PEM").as_bytes());
        let who = ["--principal", OPS, "--action", "signer:RevokeSignature", "--key"];
        let file = ops.file();
        let from = ["--not-before", OLD];
        let end: Vec<&str> = end.iter().flat_map(|end| ["--not-after", end]).collect();
        let command = [&["profile", "permit", "release"], &who[..], &[text(&file)], &from, &end].concat();
        ops.scene.run(&command).done();
        ops.scene.seal();
        ops.scene.verify().allowed();
        ops
    }

    fn file(&self) -> PathBuf {
        self.scene.path().join("ops.pem")
    }

    /// Where the policy directory keeps the revocation of the job.
    fn place(&self) -> PathBuf {
        let id = self.job().rsplit('/').next().expect("an id").parse().expect("an id");
        signed::path(&self.scene.policy(), &id)
    }

    fn job(&self) -> String {
        self.scene.statement()["predicate"]["job"].as_str().expect("an ARN").to_owned()
    }

    /// A revocation of the job by ops, now.
    fn revocation(&self) -> SignedRevocation {
        SignedRevocation {
            format: Format::default(),
            job: self.job().parse().expect("an ARN"),
            profile: "arn:countersign:signer::acme:/signing-profiles/release/*".parse().expect("an ARN"),
            requested_by: OPS.parse().expect("a name"),
            revoked_at: now(),
            reason_code: "superseded".parse().expect("a code"),
            reason: "a broken build".parse().expect("a reason"),
        }
    }

    /// Revokes by command.
    fn revoke(&self, key: &str) -> Ran {
        let why = ["--reason-code", "superseded", "--reason", "a broken build"];
        let manifest = self.scene.manifest();
        self.scene.run(&[&["job", "revoke", text(&manifest), "--signed", "--key", key], &why[..]].concat())
    }
}

/// It denies where it is found, or where it is given; and needs no seal.
#[test]
fn a_signed_revocation_needs_no_seal() {
    for mode in Mode::BOTH {
        let ops = Ops::of(mode);
        let sealed = ops.scene.snapshot();
        ops.revoke(text(&ops.file())).done();
        ops.scene.verify().untrusted(mode, "revocation", "job-revoked");
        assert_eq!(ops.scene.snapshot(), sealed);
        assert_eq!(ops.scene.run(&["policy", "status"]).code, Some(0));
        // Whoever deletes it undoes it, which is why its owner seals it too; but not where it is given.
        let elsewhere = ops.scene.path().join("given.json");
        std::fs::rename(ops.place(), &elsewhere).expect("it was there");
        ops.scene.verify().allowed();
        let given = ["verify", "--format", "json", "--revocation", text(&elsewhere)];
        ops.scene.run(&given).untrusted(mode, "revocation", "job-revoked");
        // Nobody records what is revoked, wherever that is known.
        write(&ops.place(), read(&elsewhere));
        let record = ops.scene.run(&["job", "record", text(&ops.scene.manifest())]);
        assert!(record.code == Some(1) && record.out().contains("job-revoked"), "{record}");
    }
}

/// A second holder's revocation has a place beside the first, and so has one beside what does not count.
#[test]
fn each_revocation_of_a_job_has_a_place() {
    let ops = Ops::of(Mode::Enforce);
    let place = |number: u32| ops.place().with_extension(format!("{number}.json"));
    // What does not count blocks nobody, wherever it lies, and a list does not take it for a revocation.
    ops.scene.run(&["job", "record", text(&ops.scene.manifest())]).done();
    ops.scene.seal();
    let state = || ops.scene.run(&["job", "list"]).done().out().split_whitespace().nth(1).map(str::to_owned);
    for junk in [&b"null"[..], b"", &ops.revocation().sign(&SecretKey::generate().expect("a key"))] {
        write(&ops.place(), junk);
        ops.scene.verify().allowed();
        assert_eq!(state().as_deref(), Some("valid"));
    }
    let ran = ops.revoke(text(&ops.file()));
    assert!(ran.done().out().contains(".2.json"), "{ran}");
    ops.scene.verify().denied("revocation", "job-revoked");
    assert_eq!(state().as_deref(), Some("revoked"));
    let shown = ops.scene.run(&["job", "list", "--revoked", "--format", "json"]);
    assert!(shown.done().out().contains("\"a broken build\""), "{shown}");
    // The same once more by the same key says nothing new; by another it does.
    ops.revoke(text(&ops.file())).undecided("this key already revoked the job, in");
    ops.revoke(text(&ops.scene.key_file("signing"))).done();
    for number in [2, 3] {
        let good = read(&place(number));
        std::fs::remove_file(place(number)).expect("it was there");
        ops.scene.verify().denied("revocation", "job-revoked");
        write(&place(number), good);
    }
    // The last place is looked at too, and then there is no room.
    for number in 2..=SIGNED_REVOCATIONS_MAX {
        let last = number == SIGNED_REVOCATIONS_MAX;
        write(&place(number), if last { ops.revocation().sign(&ops.key) } else { b"null".to_vec() });
    }
    ops.scene.verify().denied("revocation", "job-revoked");
    write(&place(SIGNED_REVOCATIONS_MAX), "null");
    ops.revoke(text(&ops.file())).undecided("already has the maximum number of revocations");
}

/// Nobody is told that a revocation counts which nobody would look for.
#[test]
fn a_revocation_lies_where_it_is_looked_for() {
    let ops = Ops::of(Mode::Enforce);
    let (job, key) = (ops.place().file_stem().expect("a name").to_owned(), ops.file());
    let job = job.to_str().expect("a UUID");
    let revoke = |out: &str| {
        let why = ["--reason-code", "superseded", "--reason", "a broken build", "--output", out];
        let job = ["job", "revoke", job, "--profile", "release", "--signed", "--key", text(&key)];
        ops.scene.run(&[&job[..], &why].concat())
    };
    let other = "00000000-0000-4000-8000-000000000000.json";
    std::fs::create_dir_all(ops.scene.policy().join("revocations/more")).expect("a folder");
    std::os::unix::fs::symlink("../policy/revocations", ops.scene.repository().join("link")).expect("a link");
    for out in ["../policy/revocations/other-name.json", "link/other-name.json", "../policy/./revocations/x"]
    {
        let ran = revoke(out);
        let words = "is not where `verify` looks for a revocation of job";
        assert!(ran.undecided(words).err().contains(&format!("revocations/{job}.json")), "{ran}");
    }
    revoke(&format!("../policy/revocations/{other}")).undecided("is not where `verify` looks");
    revoke(&format!("../policy/revocations/more/{job}.json")).undecided("is not where `verify` looks");
    revoke(&format!("../policy/revocations/{job}.99.json")).undecided("is not where `verify` looks");
    ops.scene.verify().allowed();
    // Outside a policy directory it has any name, and is given.
    let ran = revoke("given.json");
    assert!(ran.done().err().contains("pass it to `verify --revocation`"), "{ran}");
    ops.scene.verify().allowed();
    revoke("given.json").undecided("already exists");
    let ran = revoke(&format!("link/{job}.7.json"));
    assert!(ran.done().err().contains("it applies to this policy directory"), "{ran}");
    ops.scene.verify().denied("revocation", "job-revoked");
    // What lies there under another name is said.
    assert!(!ops.scene.run(&["policy", "status"]).done().err().contains("ignored `"));
    write(&ops.place().with_file_name("other-name.json"), "null");
    let status = ops.scene.run(&["policy", "status"]);
    assert!(status.done().err().contains("ignored `revocations/other-name.json`"), "{status}");
}

/// By command nobody revokes who may not, and nothing is written.
#[test]
fn nobody_signs_a_revocation_who_may_not() {
    let ops = Ops::until(Mode::Enforce, Some("2025-01-01T00:00:00Z"));
    let signs_only = ops.scene.path().join("signs-only.pem");
    write(&signs_only, SecretKey::generate().and_then(|key| key.to_pem(None)).expect("PEM").as_bytes());
    let who = ["--principal", OPS, "--action", "signer:StartSigningJob", "--key", text(&signs_only)];
    ops.scene.run(&[&["profile", "permit", "release"], &who[..]].concat()).done();
    ops.scene.seal();
    for (key, words) in [
        (signs_only, "no permission `signer:RevokeSignature`"),
        (ops.scene.key_file("policy"), "no permission `signer:RevokeSignature`"),
        (ops.file(), "no permission `signer:RevokeSignature`"),
    ] {
        ops.revoke(text(&key)).undecided(words);
        assert!(!ops.place().exists());
    }
    ops.scene.verify().allowed();
}

/// What does not count changes no verdict, and is a note where it says anything about the job.
#[test]
fn what_does_not_count_changes_no_verdict() {
    let ops = Ops::until(Mode::Enforce, Some("2026-01-01T00:00:00Z"));
    let at = |text: &str| text.parse().expect("a time");
    let good = SignedRevocation { revoked_at: at("2025-12-31T23:59:59Z"), ..ops.revocation() };
    let stranger = SecretKey::generate().expect("a key");
    let (signing, ci) = (ops.scene.key("signing"), "ci@acme.example".parse().expect("a name"));
    let whole = ops.job();
    let (job, last) = whole.split_at(whole.len() - 1);
    let other_job = format!("{job}{}", if last == "0" { "1" } else { "0" });
    let mut cut = good.sign(&ops.key);
    cut.truncate(100);
    let as_policy = countersign::crypto::signing::sign(
        "application/json",
        serde_json::to_vec(&good).expect("JSON"),
        &[&ops.key],
    );
    let twice = countersign::crypto::signing::sign(
        signed::PAYLOAD_TYPE,
        serde_json::to_vec(&good).expect("JSON"),
        &[&ops.key, &signing],
    );
    let more = {
        let mut value = serde_json::to_value(&good).expect("JSON");
        value["urgent"] = true.into();
        countersign::crypto::signing::sign(signed::PAYLOAD_TYPE, value.to_string().into_bytes(), &[&ops.key])
    };
    let json = |value: &Envelope| serde_json::to_vec(value).expect("JSON");
    for (what, bytes, note) in [
        (
            "before the key was permitted",
            SignedRevocation { requested_by: ci, ..good.clone() }.sign(&signing),
            "no permission",
        ),
        (
            "in another's name",
            SignedRevocation { requested_by: "eve@acme.example".parse().expect("a name"), ..good.clone() }
                .sign(&ops.key),
            "no permission",
        ),
        (
            "after the permission",
            SignedRevocation { revoked_at: at("2026-01-01T00:00:00Z"), ..good.clone() }.sign(&ops.key),
            "no permission",
        ),
        (
            "before the permission",
            SignedRevocation { revoked_at: at("2023-12-31T23:59:59Z"), ..good.clone() }.sign(&ops.key),
            "no permission",
        ),
        (
            "in the future",
            SignedRevocation { revoked_at: now().plus_seconds(400), ..good.clone() }.sign(&ops.key),
            "it claims",
        ),
        ("a stranger's", good.sign(&stranger), "ignoring the revocation"),
        ("cut short", cut, "malformed"),
        ("nothing", Vec::new(), "malformed"),
        ("null", b"null".to_vec(), "malformed"),
        ("of another type", json(&as_policy), "ignoring the revocation"),
        ("by two keys", json(&twice), "ignoring the revocation"),
        ("with a field more", json(&more), "malformed"),
        // About something else: nothing to say here.
        (
            "of another job",
            SignedRevocation { job: other_job.parse().expect("an ARN"), ..good.clone() }.sign(&ops.key),
            "",
        ),
        (
            "of another account's job",
            SignedRevocation {
                job: ops.job().replace(":acme:", ":other:").parse().expect("an ARN"),
                ..good.clone()
            }
            .sign(&ops.key),
            "",
        ),
        (
            "of another profile",
            SignedRevocation {
                profile: "arn:countersign:signer::acme:/signing-profiles/other/*".parse().expect("an ARN"),
                ..good.clone()
            }
            .sign(&ops.key),
            "",
        ),
        (
            "of another version",
            SignedRevocation {
                profile: "arn:countersign:signer::acme:/signing-profiles/release/zzzzzzzzzz"
                    .parse()
                    .expect("an ARN"),
                ..good.clone()
            }
            .sign(&ops.key),
            "",
        ),
    ] {
        write(&ops.place(), bytes);
        let ran = ops.scene.verify();
        ran.allowed();
        let noted = ran.err().contains("ignoring the revocation") && ran.err().contains(note);
        assert_eq!(noted, !note.is_empty(), "{what}: {ran}");
    }
    write(&ops.place(), good.sign(&ops.key));
    ops.scene.verify().denied("revocation", "job-revoked");
    // A file that has another job's name is ignored `; it counts where it is given.
    let other = ops.place().with_file_name("00000000-0000-4000-8000-000000000000.json");
    std::fs::rename(ops.place(), &other).expect("it was there");
    ops.scene.verify().allowed();
    let given = ["verify", "--format", "json", "--revocation", text(&other)];
    ops.scene.run(&given).denied("revocation", "job-revoked");
}

/// What was revoked stays revoked: it counts on, whatever becomes of the key that revoked it.
#[test]
fn a_revocation_outlives_its_key() {
    for (reason, revoked_at) in [
        ("superseded", "2024-12-31T23:59:59Z"),
        ("superseded", "2025-01-01T00:00:00Z"),
        ("keyCompromise", "2024-12-31T23:59:59Z"),
        ("keyCompromise", "2025-01-01T00:00:00Z"),
    ] {
        let ops = Ops::of(Mode::Enforce);
        let says = SignedRevocation { revoked_at: revoked_at.parse().expect("a time"), ..ops.revocation() };
        write(&ops.place(), says.sign(&ops.key));
        ops.scene.verify().denied("revocation", "job-revoked");
        let entry = revocation("key", ops.key.public().id().as_str()).replace("unspecified", reason);
        let entry = entry.replace(OLD, "2025-06-01T00:00:00Z");
        ops.scene.append("revocations.toml", &format!("{entry}\neffective = '2025-01-01T00:00:00Z'"));
        ops.scene.seal();
        ops.scene.verify().denied("revocation", "job-revoked");
    }
}

/// A file that somebody gave and that is none is an error: they meant something.
#[test]
fn a_given_revocation_that_is_none_decides_nothing() {
    let ops = Ops::of(Mode::Warn);
    let file = ops.scene.path().join("given.json");
    let verify = || ops.scene.run(&["verify", "--format", "json", "--revocation", text(&file)]);
    verify().undecided("given.json");
    for bytes in [&b""[..], b"null", b"{}", b"[]", b"\xff"] {
        write(&file, bytes);
        verify().undecided("given.json");
    }
    std::fs::File::create(&file).and_then(|file| file.set_len(1 << 20)).expect("a file");
    verify().undecided("larger than");
    write(&file, ops.revocation().sign(&ops.key));
    verify().warned("revocation", "job-revoked");
}
