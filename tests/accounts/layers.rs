//! Does a function get the layers that were published, permitted and signed, and no others?

use std::path::PathBuf;

use serde_json::Value;

use crate::accounts::Pair;
use crate::support::{Mode, Ran, Scene, copy, read, text, write};

const ARN: &str = "arn:countersign:lambda::vendor:layer:base:1";

impl Pair {
    /// `acme` knows `vendor`, which has published the signed layer `base` and lets these use it.
    fn with_layer(permits: &[&[&str]]) -> Self {
        let pair = Self::new();
        pair.publish("print('base')\n");
        for permit in permits {
            pair.vendor.run(&[&["layer", "permit", "base", "--layer-version", "1"], *permit].concat()).done();
        }
        pair.bring();
        pair
    }

    fn layer(&self) -> PathBuf {
        self.vendor.path().join("base.zip")
    }

    /// Makes, signs and publishes a version of `base` with this content; does not seal.
    fn publish(&self, content: &str) {
        self.make(content);
        let layer = self.layer();
        self.vendor.run(&["sign", text(&layer), "--layer", "base", "--again"]).done();
        let publish = ["layer", "publish", "base", "--compatible-runtimes", "python3.13", "--artifact"];
        self.vendor.run(&[&publish[..], &[text(&layer)]].concat()).done();
    }

    fn make(&self, content: &str) {
        let folder = self.vendor.path().join("layer/base");
        write(&folder.join("python/base.py"), content);
        let folder = folder.parent().expect("a folder");
        write(&folder.join("countersign.toml"), "[[function]]\nname = 'base'\npath = 'base'\n");
        self.vendor.run(&["-C", text(folder), "package"]).done();
        std::fs::copy(folder.join("dist/base.zip"), self.layer()).expect("a copy");
    }

    /// Seals what the vendor has, and brings it to `acme`, sealed.
    fn bring(&self) {
        self.vendor.seal();
        self.update().done();
        self.acme.seal();
    }

    /// Asks about the function with the vendor's layer.
    fn verify(&self) -> Layered {
        let layer = format!("{ARN}={}", text(&self.layer()));
        Layered::of(&self.acme, &["verify", "--function", "orders", "--layer", &layer])
    }
}

/// What was said of a function and its layers.
struct Layered {
    ran: Ran,
    document: Value,
}

impl Layered {
    fn of(scene: &Scene, arguments: &[&str]) -> Self {
        let ran = scene.run(&[arguments, &["--format", "json"]].concat());
        let document = serde_json::from_str(&ran.out()).unwrap_or_else(|_| panic!("{ran}"));
        Self { ran, document }
    }

    fn codes(&self) -> Vec<&str> {
        let results = self.document["results"].as_array().expect("results");
        let checks = results.iter().flat_map(|result| result["checks"].as_array().expect("checks"));
        let findings = checks.flat_map(|check| check["findings"].as_array().expect("findings"));
        findings.map(|finding| finding["code"].as_str().expect("a code")).collect()
    }

    fn is(&self, decision: &str, codes: &[&str]) -> &Self {
        assert_eq!(self.document["decision"], decision, "{}", self.ran);
        assert_eq!(self.codes(), codes, "{}", self.ran);
        assert_eq!(self.ran.code, Some(i32::from(decision == "denied")), "{}", self.ran);
        self
    }

    fn untrusted(&self, mode: Mode, code: &str) {
        self.is(mode.untrusted().name(), &[code]);
    }
}

const ACME: &[&str] = &["--principal", "acme"];

#[test]
fn one_answer_covers_a_function_and_its_layers() {
    let pair = Pair::with_layer(&[ACME]);
    let said = pair.verify();
    said.is("allowed", &[]);
    let results = said.document["results"].as_array().expect("results");
    let named = |at: usize| (results[at]["kind"].as_str(), results[at]["name"].as_str());
    assert_eq!(named(0), (Some("function"), Some("orders")));
    assert_eq!(named(1), (Some("layer"), Some("base")));
    assert_eq!(results.len(), 2);
    // Its publisher is allowed to acme's CSC by name, and not by having published.
    pair.allow(&["acme"]);
    pair.verify().is("denied", &["key-unknown"]);
}

#[test]
fn a_layer_needs_a_permission_for_this_account() {
    for mode in Mode::BOTH {
        let later = ["--principal", "acme", "--not-before", "2099-01-01T00:00:00Z"];
        let before = ["--principal", "acme", "--not-before", "2020-01-01T00:00:00Z"];
        let ended = [&before[..], &["--not-after", "2020-02-01T00:00:00Z"]].concat();
        for permits in [&[][..], &[&["--principal", "third"][..]], &[&later], &[&ended]] {
            let pair = Pair::with_layer(permits);
            if mode == Mode::Warn {
                pair.acme.warn();
            }
            pair.verify().untrusted(mode, "layer-forbidden");
        }
    }
    // Of another version there is none.
    let pair = Pair::with_layer(&[ACME]);
    pair.publish("print('base 2')\n");
    pair.bring();
    let second = format!("{}2={}", &ARN[..ARN.len() - 1], text(&pair.layer()));
    Layered::of(&pair.acme, &["verify", "--function", "orders", "--layer", &second])
        .untrusted(Mode::Enforce, "layer-forbidden");
    // One that was ended is none.
    let pair = Pair::with_layer(&[ACME]);
    pair.vendor.run(&["layer", "forbid", "base", "--statement-id", "acme-v1"]).done();
    pair.verify().is("allowed", &[]);
    pair.bring();
    pair.verify().untrusted(Mode::Enforce, "layer-forbidden");
}

/// A layer that is not what was published is denied in Warn too, signed or not.
#[test]
fn a_corrupt_layer_stops_the_deploy_in_either_mode() {
    for mode in Mode::BOTH {
        let pair = Pair::with_layer(&[ACME]);
        if mode == Mode::Warn {
            pair.acme.warn();
        }
        let good = read(&pair.layer());
        let mut bad = good.clone();
        bad[40] ^= 1;
        write(&pair.layer(), bad);
        let said = pair.verify();
        assert_eq!((said.ran.code, &said.document["decision"]), (Some(1), &"denied".into()), "{}", said.ran);
        assert_eq!(said.codes().iter().filter(|code| **code == "digest-mismatch").count(), 1);
        assert!(said.codes().contains(&"layer-differs"), "every finding is listed: {}", said.ran);
        // Another package that the vendor signed under that very name.
        pair.make("print('another')\n");
        pair.vendor.run(&["sign", text(&pair.layer()), "--layer", "base", "--again"]).done();
        pair.verify().is("denied", &["layer-differs"]);
    }
}

/// A record of theirs that is not as it was sealed is theirs to mend, and not ours.
#[test]
fn a_record_that_does_not_hold_is_the_accounts() {
    for document in ["layers/base.toml", "accounts/acme.toml"] {
        let pair = Pair::new();
        let (pin, from) = (pair.acme.pin().to_string(), pair.acme.policy());
        pair.vendor.run(&["account", "trust", "acme", "--root", &pin, "--from", text(&from)]).done();
        pair.publish("print('base')\n");
        pair.vendor.run(&[&["layer", "permit", "base", "--layer-version", "1"], ACME].concat()).done();
        pair.bring();
        pair.verify().is("allowed", &[]);
        write(&pair.brought().join(document), "");
        let layer = format!("{ARN}={}", text(&pair.layer()));
        let ran = pair.acme.run(&["verify", "--function", "orders", "--layer", &layer]);
        ran.undecided("cannot use the policy of account `vendor`");
        assert!(ran.err().contains("account update"), "{ran}");
    }
}

#[test]
fn what_nobody_published_is_no_layer_version() {
    for mode in Mode::BOTH {
        let pair = Pair::with_layer(&[ACME]);
        if mode == Mode::Warn {
            pair.acme.warn();
        }
        for arn in [
            "arn:countersign:lambda::vendor:layer:base:2",
            "arn:countersign:lambda::acme:layer:base:1",
            "arn:countersign:lambda::third:layer:base:1",
            "arn:aws:lambda:eu-west-1:123456789012:layer:base:1",
        ] {
            let layer = format!("{arn}={}", text(&pair.layer()));
            Layered::of(&pair.acme, &["verify", "--function", "orders", "--layer", &layer])
                .untrusted(mode, "layer-unpublished");
        }
    }
}

/// A vendor's unsigned layer is nobody's word; ours makes it ours, and its bytes stay as they are.
#[test]
fn an_unsigned_layer_needs_an_endorsement() {
    let pair = Pair::new();
    pair.make("print('unsigned')\n");
    let layer = pair.layer();
    let publish =
        ["layer", "publish", "base", "--compatible-runtimes", "python3.13", "--artifact", text(&layer)];
    pair.vendor.run(&publish).done();
    pair.vendor.run(&["layer", "permit", "base", "--layer-version", "1", "--principal", "acme"]).done();
    pair.bring();
    pair.verify().untrusted(Mode::Enforce, "manifest-missing");
    let before = read(&layer);
    pair.acme.run(&["sign", text(&layer), "--layer", "base"]).done();
    assert!(read(&layer) == before);
    let said = pair.verify();
    said.is("allowed", &[]);
    assert_eq!(said.document["results"][1]["signature"]["endorsement"], true, "{}", said.ran);
}

/// Membership takes the member's word, the organisation's, and that the publisher means that organisation.
#[test]
fn everybody_of_an_organisation_is_who_it_lists() {
    let group = Scene::of_account("group");
    let pair = Pair::new();
    let know = |scene: &Scene, of: &Scene| {
        let (pin, from) = (of.pin().to_string(), of.policy());
        scene.run(&["account", "trust", "group", "--root", &pin, "--from", text(&from)]).done();
    };
    know(&pair.vendor, &group);
    know(&pair.acme, &group);
    pair.acme.seal();
    pair.publish("print('base')\n");
    let everybody = ["--principal", "*", "--organization", "group"];
    pair.vendor.run(&[&["layer", "permit", "base", "--layer-version", "1"], &everybody[..]].concat()).done();
    pair.bring();
    let forbidden = |pair: &Pair| pair.verify().untrusted(Mode::Enforce, "layer-forbidden");
    // Neither says so; then acme alone; then both.
    forbidden(&pair);
    pair.acme.run(&["account", "join", "group"]).done();
    pair.acme.seal();
    forbidden(&pair);
    let refresh = |pair: &Pair| {
        pair.acme.run(&["account", "update", "group"]).done();
        pair.acme.seal();
    };
    let other = Scene::of_account("other");
    group.run(&["account", "admit", "acme", "--root", &other.pin().to_string()]).done();
    group.seal();
    refresh(&pair);
    // It has admitted somebody else of our name.
    forbidden(&pair);
    group.run(&["account", "expel", "acme"]).done();
    group.run(&["account", "admit", "acme", "--root", &pair.acme.pin().to_string()]).done();
    group.seal();
    forbidden(&pair);
    refresh(&pair);
    pair.verify().is("allowed", &[]);
    // An account that is listed and has left.
    let left = Pair { acme: pair.acme.copy(), vendor: pair.vendor.copy() };
    left.acme.run(&["account", "leave"]).done();
    left.acme.seal();
    forbidden(&left);
    // A group of the same name that is another account, which lists us gladly.
    let impostor = Scene::of_account("group");
    impostor.run(&["account", "admit", "acme", "--root", &pair.acme.pin().to_string()]).done();
    impostor.seal();
    pair.acme.run(&["account", "leave"]).done();
    pair.acme.run(&["account", "forget", "group"]).done();
    pair.acme.seal();
    know(&pair.acme, &impostor);
    pair.acme.run(&["account", "join", "group"]).done();
    pair.acme.seal();
    forbidden(&pair);
}

/// A permission for a name is for the account that its owner knows by that name, if it knows one.
#[test]
fn a_permission_is_not_for_another_account_of_the_same_name() {
    let namesake = Scene::of_account("acme");
    let pair = Pair::new();
    pair.publish("print('base')\n");
    pair.vendor.run(&["layer", "permit", "base", "--layer-version", "1", "--principal", "acme"]).done();
    let (pin, from) = (namesake.pin().to_string(), namesake.policy());
    pair.vendor.run(&["account", "trust", "acme", "--root", &pin, "--from", text(&from)]).done();
    pair.bring();
    pair.verify().untrusted(Mode::Enforce, "layer-forbidden");
}

#[test]
fn layers_of_a_function_keep_to_the_limits() {
    let pair = Pair::with_layer(&[ACME]);
    let layer = pair.layer();
    let verify = |layers: &[String]| {
        let layers = layers.iter().flat_map(|layer| ["--layer", layer.as_str()]);
        let arguments: Vec<&str> = ["verify", "--function", "orders"].into_iter().chain(layers).collect();
        pair.acme.run(&arguments)
    };
    let version = |number: u32| format!("{}{number}={}", &ARN[..ARN.len() - 1], text(&layer));
    verify(&[version(1), version(2)]).undecided("layer `base` is passed twice");
    verify(&[version(1), format!("base={}", text(&layer))]).undecided("layer `base` is passed twice");
    let six: Vec<String> = (0..6).map(|n| format!("l{n}={}", text(&layer))).collect();
    verify(&six).undecided("6 layers, over AWS Lambda's limit of 5");
    verify(&["base".into()]).undecided("expected `ARN`, `ARN=FILE` or `NAME=FILE`");
    verify(&[format!("{ARN}=/none.zip")]).undecided("/none.zip");
    verify(&[ARN.into()]).undecided("countersign layer fetch arn:countersign:lambda::vendor:layer:base:1");
    // 262,144,000 bytes together, and one more.
    let own = pair.acme.statement()["predicate"]["files"][0]["size"].as_u64().expect("a size");
    for (more, decision) in [(0, "allowed"), (1, "denied")] {
        let rest = 262_144_000 - "print('base')\n".len() as u64 + more;
        assert!(own < rest);
        pair.acme.restate(|statement| statement["predicate"]["files"][0]["size"] = rest.into());
        let codes: &[&str] = if more == 0 { &[] } else { &["layers-unzipped-size"] };
        pair.verify().is(decision, codes);
    }
}

/// What the workspace says that a function has is verified with it, wherever that is asked.
#[test]
fn the_layers_of_a_workspace_are_not_forgotten() {
    let pair = Pair::with_layer(&[ACME]);
    let toml = pair.acme.repository().join("countersign.toml");
    let file = String::from_utf8(read(&toml)).expect("UTF-8");
    write(&toml, file.replace("path = \".\"\n", &format!("path = \".\"\nlayers = [\"{ARN}\"]\n")));
    let missing = "no package of `arn:countersign:lambda::vendor:layer:base:1`";
    pair.acme.run(&["verify"]).undecided(missing);
    pair.acme.run(&["release"]).undecided(missing);
    let gate = ["gate", "--function", "orders", "--", "cp", "{artifact}", "deployed.zip"];
    pair.acme.run(&gate).undecided(missing);
    let place = pair.acme.repository().join("dist/base-1.zip");
    std::fs::copy(pair.layer(), &place).expect("a copy");
    Layered::of(&pair.acme, &["verify"]).untrusted(Mode::Enforce, "manifest-missing");
    assert_eq!(pair.acme.run(&gate).code, Some(1));
    let manifest = pair.acme.repository().join("dist/base-1.zip.sigstore.json");
    std::fs::copy(countersign::manifest::path_next_to(&pair.layer()), manifest).expect("a copy");
    Layered::of(&pair.acme, &["verify"]).is("allowed", &[]);
    // Of two packages it takes the published one; in a folder that is named too.
    write(&pair.acme.repository().join("dist/base.zip"), "a later build");
    Layered::of(&pair.acme, &["verify", "--function", "orders"]).is("allowed", &[]);
    let elsewhere = pair.acme.path().join("elsewhere");
    copy(&pair.acme.repository().join("dist"), &elsewhere);
    std::fs::remove_file(&place).expect("it was there");
    let named = format!("{ARN}={}", text(&elsewhere));
    Layered::of(&pair.acme, &["verify", "--function", "orders", "--layer", &named]).is("allowed", &[]);
    let deploy = |layer: &str| {
        let command =
            ["--", "sh", "-c", "cp \"$0\" function.zip && cp \"$1\" layer.zip", "{artifact}", "{layer:base}"];
        pair.acme.run(&[&["gate", "--function", "orders", "--layer", layer], &command[..]].concat())
    };
    assert_eq!(deploy(&named).code, Some(0));
    assert!(read(&pair.acme.repository().join("layer.zip")) == read(&pair.layer()));
    // And it cannot be left out by naming another.
    let other = format!("other={}", text(&pair.layer()));
    let ran = pair.acme.run(&["verify", "--function", "orders", "--layer", &other]);
    assert_ne!(ran.code, Some(0), "{ran}");
}
