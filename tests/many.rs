//! Many functions: neither the packages, nor their order, nor an error depends on the number of threads.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::support::{Ran, Scene};

const COUNT: usize = 40;

fn name(number: usize) -> String {
    format!("f{number:02}")
}

/// A scene with many functions, of which one has more bytes than all others together.
fn scene() -> Scene {
    let scene = Scene::new();
    let mut workspace = "account = \"acme\"\npolicy = \"../policy\"\n".to_owned();
    for number in 0..COUNT {
        let folder = scene.repository().join("functions").join(name(number));
        fs::create_dir_all(&folder).unwrap();
        fs::write(folder.join("handler.py"), format!("print({number})\n").repeat(50)).unwrap();
        if number == 7 {
            let large: Vec<u8> = (0..9_000_000u32).map(|place| (place / 7 % 251) as u8).collect();
            fs::write(folder.join("large.bin"), large).unwrap();
        }
        let name = name(number);
        workspace.push_str(&format!("[[function]]\nname = \"{name}\"\npath = \"functions/{name}\"\n"));
    }
    fs::write(scene.repository().join("countersign.toml"), workspace).unwrap();
    scene.commit();
    scene
}

/// The packages in a folder.
fn packages(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap());
    let named = entries.map(|entry| (entry.file_name().into_string().unwrap(), entry.path()));
    named
        .filter(|(name, _)| name.ends_with(".zip") && name.starts_with('f'))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect()
}

fn words_of(ran: &Ran, after: &str) -> Vec<String> {
    let out = ran.out();
    let lines = out.lines().filter_map(|line| line.strip_prefix(after));
    let words = lines.map(|rest| rest.split(' ').next().unwrap_or_default().to_owned());
    words.filter(|word| word.starts_with("dist/")).collect()
}

#[test]
fn the_packages_and_their_order_do_not_depend_on_the_threads() {
    let scene = scene();
    let order: Vec<String> = (0..COUNT).map(|number| format!("dist/{}.zip", name(number))).collect();
    let mut first = None;
    for threads in ["1", "2", "9"] {
        let packaged = scene.run(&["package", "--threads", threads]);
        assert_eq!(
            (packaged.code, words_of(&packaged, "packaged: ")),
            (Some(0), order.clone()),
            "{packaged}"
        );
        let found = packages(&scene.repository().join("dist"));
        assert_eq!(found.len(), COUNT);
        assert!(*first.get_or_insert_with(|| found.clone()) == found, "{threads} threads");
        for command in ["release", "verify"] {
            let ran = scene.run(&[command, "--threads", threads]);
            assert_eq!((ran.code, words_of(&ran, "allowed: ")), (Some(0), order.clone()), "{ran}");
        }
        assert!(*first.get_or_insert_with(|| found.clone()) == packages(&scene.repository().join("dist")));
    }
}

#[test]
fn the_first_item_with_an_error_ends_the_work_and_those_before_are_written() {
    let scene = scene();
    for broken in [5, 20] {
        let pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n";
        fs::write(scene.repository().join("functions").join(name(broken)).join("handler.py"), pointer)
            .unwrap();
    }
    for threads in ["1", "2", "9"] {
        for command in ["package", "release"] {
            fs::remove_dir_all(scene.repository().join("dist")).unwrap();
            let ran = scene.run(&[command, "--threads", threads]);
            assert_eq!(ran.code, Some(2), "{ran}");
            assert!(ran.err().contains("cannot package function `f05`"), "{ran}");
            let written: Vec<String> = packages(&scene.repository().join("dist")).into_keys().collect();
            let before: Vec<String> = (0..5).map(|number| format!("{}.zip", name(number))).collect();
            assert_eq!(written, before, "{command} with {threads} threads");
            let entries = fs::read_dir(scene.repository().join("dist")).unwrap();
            let left = entries.filter(|entry| {
                entry.as_ref().unwrap().file_name().to_string_lossy().starts_with(".countersign-")
            });
            assert_eq!(left.count(), 0, "temporary files are removed");
        }
    }
}
