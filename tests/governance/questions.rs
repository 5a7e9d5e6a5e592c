//! May one opened policy be asked many questions, from several threads at once?

use std::fs;
use std::thread;

use countersign::policy::store::Policy;
use countersign::time::Timestamp;

use crate::support::{Scene, revocation, write};

fn open(scene: &Scene) -> Policy {
    scene.open(Timestamp::from_clock(std::time::SystemTime::now())).expect("it holds")
}

/// A document that an answer does not need is compared once for all questions, and never left out.
#[test]
fn a_document_is_compared_once_for_all_questions() {
    let scene = Scene::new();
    let artifact = "5".repeat(96);
    scene.append("revocations.toml", &revocation("artifact", &artifact));
    scene.seal();
    let subjects = [format!("artifact {artifact}")];
    let ask = |policy: &Policy| policy.revocations_of(&subjects).map(|found| found.len());
    let (first, second) = (open(&scene), open(&scene));
    thread::scope(|scope| {
        let asking: Vec<_> = (0..8).map(|_| scope.spawn(|| ask(&first).expect("an answer"))).collect();
        asking.into_iter().for_each(|each| assert_eq!(each.join().expect("it ends"), 1));
    });
    let file = scene.policy().join("revocations.toml");
    let good = scene.document("revocations.toml");
    fs::remove_file(&file).expect("it was there");
    assert_eq!(ask(&first).expect("it was compared before"), 1);
    for _ in 0..2 {
        let error = ask(&second).expect_err("it is not there");
        assert!(error.to_string().contains("unsealed changes: revocations.toml"), "{error}");
    }
    write(&file, good);
    assert_eq!(ask(&second).expect("it is there again"), 1);
}
