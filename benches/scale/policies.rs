//! What is measured? A released function under a policy of a given size.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use countersign::crypto::key::PublicKey;
use countersign::crypto::secret::SecretKey;
use countersign::digest::{Sha256, Sha384};
use countersign::ledger::{self, Line, RecordedJob, Tail};
use countersign::limits::LEDGER_BYTES_MAX;
use countersign::manifest;
use countersign::time::Timestamp;

use crate::measure::{Measured, once};
use crate::support::{NAME, Scene, signed, text, write};

/// How much there is in a policy.
#[derive(Debug, Clone, Copy)]
pub struct Size {
    pub profiles: usize,
    pub revocations: usize,
    pub jobs: usize,
}

/// A sealed policy of a size, and a package with two manifests: one by a key that is revoked and was
/// recorded before, and one by another key.
pub struct Scale {
    pub scene: Scene,
    pub clean: PathBuf,
    pub sealed: Measured,
}

/// The CSC that allows as many publishers as a CSC can.
const MANY: &str = "csc-0twentypublishers";

impl Scale {
    pub fn of(size: Size) -> Self {
        let scene = Scene::new();
        let (revoked, other) = (scene.key("signing").public(), SecretKey::generate().expect("a key"));
        permit(&scene, &other.public());
        scene.seal();
        scene.run(&["job", "record", text(&scene.manifest())]).done();
        scene.seal();
        // Times have whole seconds: the key is revoked from a later one on.
        std::thread::sleep(Duration::from_secs(2));
        add_profiles(&scene, size.profiles, &other.public());
        write(&scene.policy().join("revocations.toml"), revocations(size.revocations, &revoked));
        add_jobs(&scene, size.jobs);
        let clean = scene.path().join("other.sigstore.json");
        write(&clean, signed(manifest::PAYLOAD_TYPE, scene.payload(), &other).to_string());
        let sealed = once(&scene, &["policy", "seal"]);
        Self { scene, clean, sealed }
    }

    /// What is asked: under one publisher by a clean key, by the revoked one, and under twenty publishers.
    pub fn questions(&self) -> [Vec<&'static str>; 3] {
        let artifact = leak(text(&self.scene.artifact()));
        let clean = leak(text(&self.clean));
        [
            vec!["verify", artifact, "--function", NAME, "--manifest", clean],
            vec!["verify", artifact, "--function", NAME],
            vec!["verify", artifact, "--csc", MANY, "--manifest", clean],
        ]
    }
}

fn leak(text: &str) -> &'static str {
    text.to_owned().leak()
}

fn now() -> Timestamp {
    Timestamp::from_clock(SystemTime::now())
}

/// Lets another key sign with the profile too.
fn permit(scene: &Scene, key: &PublicKey) {
    scene.change("profiles/release.toml", |profile| {
        let permissions = profile["permission"].as_array_mut().expect("permissions");
        let mut second = permissions[0].clone();
        second["statement_id"] = "second".into();
        second["key"] = key.to_pem().into();
        permissions.push(second);
    });
}

fn add_profiles(scene: &Scene, count: usize, key: &PublicKey) {
    let (created, pem) = (now(), key.to_pem());
    for number in 1..count {
        let toml = format!(
            "name = \"team_{number}\"\nplatform = \"AWSLambda-SHA384-ECDSA\"\nrevision = 1\n\n\
            [[version]]\nversion = \"a1b2c3d4e5\"\nstatus = \"Active\"\ncreated = \"{created}\"\n\
            validity = \"135 months\"\n\n[[permission]]\nstatement_id = \"ci\"\nprincipal = \"ci@acme.example\"\n\
            actions = [\"signer:StartSigningJob\"]\nnot_before = \"{created}\"\nkey = \"\"\"\n{pem}\"\"\"\n"
        );
        write(&scene.policy().join(format!("profiles/team_{number}.toml")), toml);
    }
    let teams = (1..count.min(20)).map(|number| format!("team_{number}"));
    let arn = |name: String| format!("\"arn:countersign:signer::acme:/signing-profiles/{name}/*\"");
    let publishers: Vec<String> = teams.chain(["release".to_owned()]).map(arn).collect();
    let csc = format!(
        "id = \"{MANY}\"\ndescription = \"many\"\nrevision = 1\nallowed_publishers = [{}]\n\
        untrusted_artifact_on_deployment = \"Enforce\"\n",
        publishers.join(", ")
    );
    write(&scene.policy().join(format!("csc/{MANY}.toml")), csc);
}

type IsOfKind = fn(usize) -> bool;

/// Six jobs, two artifacts, a profile version and a key in ten; the first key is this one.
fn revocations(count: usize, key: &PublicKey) -> String {
    let now = now();
    let why =
        format!("revoked_at = \"{now}\"\nreason_code = \"keyCompromise\"\nreason = \"a stolen laptop\"\n\n");
    let from = format!("effective = \"{now}\"\n{why}");
    let arn = "arn:countersign:signer::acme:/signing-";
    let mut text = "revision = 2\n\n".to_owned();
    let kinds: [(&str, IsOfKind); 4] = [
        ("job", |n| n < 6),
        ("artifact", |n| n == 6 || n == 7),
        ("profile", |n| n == 8),
        ("key", |n| n == 9),
    ];
    for (kind, is) in kinds {
        for n in (0..count).filter(|n| is(n % 10)) {
            let _ = match kind {
                "job" => write!(text, "[[job]]\njob = \"{arn}jobs/{}\"\n{why}", uuid(n)),
                "artifact" => write!(text, "[[artifact]]\nsha384 = \"{}\"\n{why}", digest(n)),
                "profile" => {
                    write!(text, "[[profile]]\nprofile = \"{arn}profiles/old_{n}/a1b2c3d4e5\"\n{from}")
                }
                _ if n == 9 => write!(text, "[[key]]\nkey = \"{}\"\n{from}", key.id()),
                _ => write!(text, "[[key]]\nkey = \"{}\"\n{from}", fingerprint(n)),
            };
        }
    }
    text
}

/// Lines after those that are sealed, in the form of [`ledger::append`], one at a time.
fn add_jobs(scene: &Scene, count: usize) {
    let path = scene.policy().join(ledger::FILE_NAME);
    let account = "acme".parse().expect("a name");
    let mut sample = None;
    let Tail { last, .. } =
        ledger::read(&path, &account, LEDGER_BYTES_MAX, |_, line| sample = Some(line)).expect("a ledger");
    let (sample, now): (RecordedJob, _) = (sample.expect("a recorded job").recorded, now());
    let file = File::options().append(true).open(&path).expect("a ledger");
    let (mut file, mut previous) = (BufWriter::new(file), last);
    for n in 1..count {
        let job = format!("arn:countersign:signer::acme:/signing-jobs/{}", uuid(n + (1 << 32)));
        let recorded = RecordedJob {
            job: job.parse().expect("an ARN"),
            payload: digest(n + (1 << 32)),
            artifact: digest(n + (1 << 33)),
            ..sample.clone()
        };
        let mut line =
            serde_json::to_vec(&Line { format: Default::default(), previous, recorded_at: now, recorded })
                .expect("JSON");
        line.push(b'\n');
        previous = Sha384::of(&line);
        file.write_all(&line).expect("written");
    }
    file.flush().expect("written");
    assert!(fs::metadata(&path).expect("a ledger").len() < LEDGER_BYTES_MAX);
}

fn digest(number: usize) -> Sha384 {
    Sha384::of(&number.to_be_bytes())
}

fn fingerprint(number: usize) -> String {
    use base64ct::{Base64Unpadded, Encoding};
    format!("SHA256:{}", Base64Unpadded::encode_string(Sha256::of(&number.to_be_bytes()).as_bytes()))
}

/// A random UUID as far as its form tells.
fn uuid(number: usize) -> String {
    let hex = digest(number).to_string();
    format!("{}-{}-4{}-8{}-{}", &hex[..8], &hex[8..12], &hex[13..16], &hex[17..20], &hex[20..32])
}
