//! notation-go CVE-2023-33959: one artifact was verified, and another used. Is there any time between
//! check and use?

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use countersign::gate::command::{CommandLine, Finds};
use countersign::gate::deploy::{Decided, decide_deployment};
use countersign::gate::deployment::{Deployment, Part};
use countersign::gate::private::PrivateCopy;
use countersign::gate::watch::Watch;
use countersign::gate::{Gate, Labels};
use countersign::parallel::Threads;
use countersign::provenance::Kind;
use countersign::time::Timestamp;
use countersign::verify::integrity::Digests;

use crate::gate::shop::Shop;
use crate::support::{NAME, read, text, write};

#[test]
fn what_the_command_swaps_is_not_what_it_deploys() {
    let shop = Shop::new();
    let good = read(&shop.file("dist/orders.zip"));
    let manifest = read(&shop.file("dist/orders.zip.sigstore.json"));
    let script = "echo evil >dist/orders.zip; echo evil >dist/orders.zip.sigstore.json
        rm -f deployed; cp \"$1\" deployed; cp \"$COUNTERSIGN_MANIFEST\" deployed.sigstore.json";
    shop.script(script).done();
    assert_eq!(read(&shop.file("deployed")), good);
    assert_eq!(read(&shop.file("deployed.sigstore.json")), manifest);
    // Neither does a link in the original's place lead anywhere else.
    write(&shop.file("dist/orders.zip"), &good);
    write(&shop.file("dist/orders.zip.sigstore.json"), &manifest);
    write(&shop.file("evil.zip"), "evil");
    let script = "ln -sf ../evil.zip dist/orders.zip; cp -f \"$1\" deployed";
    shop.script(script).done();
    assert_eq!(read(&shop.file("deployed")), good);
}

fn part(shop: &Shop, watch: &Watch) -> Part<PrivateCopy> {
    let original = shop.file("dist/orders.zip");
    let code = PrivateCopy::copy(watch, &original, None).expect("a copy");
    let name: countersign::name::ArtifactName = NAME.parse().expect("a name");
    let labels = Labels {
        artifact: NAME.into(),
        manifest: None,
        kind: Some(Kind::Function),
        name: Some(name.clone()),
    };
    Part { kind: Kind::Function, name, arn: None, labels, code }
}

fn decided(shop: &Shop, function: Part<PrivateCopy>) -> Decided {
    let now = Timestamp::from_clock(SystemTime::now());
    let policy = shop.scene.open(now).expect("a policy");
    let deployment = Deployment {
        function,
        layers: Vec::new(),
        revocations: Vec::new(),
        digests: Digests::Quick,
        threads: Threads::per_core(),
    };
    decide_deployment(&policy, deployment).expect("decided")
}

fn deploy(shop: &Shop, decided: Decided, watch: &Watch) -> Option<PathBuf> {
    let out = shop.file("deployed");
    let words = ["{artifact}", text(&out)].map(OsString::from);
    let line = CommandLine::new("cp".as_ref(), &words, &[], &[], Finds::Placeholder).expect("a command");
    assert!(decided.cleared()?.run(&line, watch).expect("it runs").success());
    Some(out)
}

#[test]
fn a_file_that_is_swapped_between_copy_and_verify_changes_nothing() {
    let shop = Shop::new();
    let good = read(&shop.file("dist/orders.zip"));
    let watch = Watch::start().expect("a watch");
    let function = part(&shop, &watch);
    write(&shop.file("dist/orders.zip"), "evil");
    write(&shop.file("dist/orders.zip.sigstore.json"), "evil");
    let decided = decided(&shop, function);
    assert!(matches!(decided.gates(), [Gate::Admitted(_)]), "{decided:?}");
    let deployed = deploy(&shop, decided, &watch).expect("cleared");
    assert_eq!(read(&deployed), good);
}

#[test]
fn bad_bytes_that_become_good_ones_after_the_copy_stay_bad() {
    let shop = Shop::new();
    let good = read(&shop.file("dist/orders.zip"));
    write(&shop.file("dist/orders.zip"), "evil");
    let watch = Watch::start().expect("a watch");
    let function = part(&shop, &watch);
    write(&shop.file("dist/orders.zip"), good);
    let decided = decided(&shop, function);
    assert!(matches!(decided.gates(), [Gate::Stopped(_)]), "{decided:?}");
    assert_eq!(deploy(&shop, decided, &watch), None);
}

#[test]
fn a_copy_that_the_command_changes_is_noticed() {
    let shop = Shop::new();
    for script in [
        "d=${1%/*}; chmod 700 \"$d\"; chmod 600 \"$1\"; echo evil >\"$1\"",
        "d=${1%/*}; chmod 700 \"$d\"; rm -f \"$1\"",
        "d=${1%/*}; chmod 700 \"$d\"; rm -f \"$1\"; ln -s /etc/passwd \"$1\"",
        "d=${1%/*}; chmod 700 \"$d\"; mv \"$1\" \"$1.old\"; cp dist/base.zip \"$1\"",
        "d=${1%/*}; chmod 700 \"$d\"; rm -f \"$COUNTERSIGN_MANIFEST\"",
    ] {
        let ran = shop.script(script);
        ran.undecided("the verified copy of `");
        assert!(ran.err().contains("was changed while the command ran"), "{script}: {ran}");
    }
}

/// A name that a shell would obey, or that is an option, is none in the copy.
#[test]
fn names_that_a_shell_obeys_are_not_handed_on() {
    let shop = Shop::new();
    for name in [
        "$(touch ran).zip",
        "a;touch ran;.zip",
        "`touch ran`.zip",
        "a\ntouch ran\n.zip",
        "-v.zip",
        "\u{1b}[31m.zip",
    ] {
        let original = shop.file(&format!("dist/{name}"));
        fs::copy(shop.file("dist/orders.zip"), &original).expect("a copy");
        let options = ["--function", "orders", "--manifest", "dist/orders.zip.sigstore.json", "--artifact"];
        let command = ["--", "sh", "-c", "cmp {artifact} dist/orders.zip"];
        let ran = shop.run(&[&options[..], &[text(Path::new(&original))], &command].concat());
        ran.done();
        assert!(!ran.err().contains('\u{1b}'), "{ran}");
        shop.nothing_ran();
    }
}
