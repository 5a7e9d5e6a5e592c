//! What is drawn: a policy in which everything is wrong that can be, with a hostile description.

use countersign::crypto::secret::SecretKey;

use crate::support::{Scene, revocation, text, write};

/// A CSC that governs nothing, and allows a version that is not there.
pub const UNUSED: &str = "csc-00000000000000001";

/// A policy with a revoked key, a permission that has ended, a rule that is never reached, [`UNUSED`],
/// an account that nothing names, and a layer that somebody may not use any more.
pub struct Troubled {
    pub scene: Scene,
    /// The CSC that governs everything.
    pub csc: String,
}

impl Troubled {
    /// The policy, sealed.
    pub fn new() -> Self {
        let scene = Scene::new();
        let csc = scene.csc_id();
        let other = SecretKey::generate().expect("a key").public();
        scene.change("profiles/release.toml", |profile| {
            let permissions = profile["permission"].as_array_mut().expect("permissions");
            let mut ended = permissions[0].clone();
            ended["statement_id"] = "ended".into();
            ended["principal"] = "bob@acme.example".into();
            ended["key"] = other.to_pem().into();
            let end = ended["not_before"].clone();
            ended.as_table_mut().expect("a table").insert("not_after".into(), end);
            permissions.push(ended);
        });
        scene.append("functions.toml", &format!("[[function]]\npattern = 'never-*'\ncsc = '{csc}'"));
        let unused =
            scene.document(&scene.csc()).replace(&csc, UNUSED).replace("release/*", "release/0000000000");
        let hostile = "</text>\\\"]; end %% #35; <b> code";
        write(
            &scene.policy().join(format!("csc/{UNUSED}.toml")),
            unused.replace("first code signing config", hostile),
        );
        let key = scene.key("signing").public().id();
        let revoked = revocation("key", key.as_str());
        scene.append("revocations.toml", &format!("{revoked}\neffective = '2024-01-01T00:00:00Z'"));
        let publish = ["layer", "publish", "base", "--compatible-runtimes", "python3.13", "--artifact"];
        scene.run(&[&publish[..], &[text(&scene.artifact())]].concat()).done();
        let permit = ["layer", "permit", "base", "--layer-version", "1", "--principal"];
        scene.run(&[&permit[..], &["shop"]].concat()).done();
        let over =
            ["old-shop", "--not-before", "2020-01-01T00:00:00Z", "--not-after", "2020-02-01T00:00:00Z"];
        scene.run(&[&permit[..], &over].concat()).done();
        let vendor = Scene::of_account("vendor");
        let (pin, from) = (vendor.pin().to_string(), vendor.policy());
        scene.run(&["account", "trust", "vendor", "--root", &pin, "--from", text(&from)]).done();
        scene.seal_over();
        Self { scene, csc }
    }
}
