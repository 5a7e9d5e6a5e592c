//! Does a layer come from elsewhere whole and as it was published, or not at all?

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use crate::support::{Ran, Scene, contents, read, text, write};

const ARN: &str = "arn:countersign:lambda::acme:layer:base:1";

/// A program that writes down how it was called, and then sends the file of the last name in what it was asked for.
const SERVER: &str = r#"#!/bin/sh
printf '%s\n' "$@" >> "$SERVED/asked"
for word; do case $word in *://*) url=$word ;; esac; done
if [ -e "$SERVED/endless" ]; then exec cat /dev/zero; fi
cat "$SERVED/${url##*/}" || { echo 'the requested URL returned error: 404' >&2; exit 22; }
[ ! -e "$SERVED/broken" ] || { echo 'connection reset by peer' >&2; exit 18; }
"#;

/// A scene that has published its package as a layer, at a place; and a folder that is served.
struct Place {
    scene: Scene,
    served: PathBuf,
}

impl Place {
    fn new(location: &str) -> Self {
        let scene = Scene::new();
        let artifact = scene.artifact();
        scene
            .run(&["layer", "publish", "base", "--artifact", text(&artifact), "--location", location])
            .done();
        scene.seal();
        let served = scene.path().join("served");
        for program in ["curl", "aws"] {
            let path = scene.path().join("bin").join(program);
            write(&path, SERVER);
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("a program");
        }
        write(&served.join("base-1.zip"), read(&artifact));
        write(&served.join("base-1.zip.sigstore.json"), read(&scene.manifest()));
        Self { scene, served }
    }

    fn fetch(&self) -> Ran {
        let path =
            format!("{}:{}", text(&self.scene.path().join("bin")), std::env::var("PATH").expect("a PATH"));
        let mut command = self.scene.countersign();
        command.args(["layer", "fetch", ARN]).env("PATH", path).env("SERVED", &self.served);
        Ran::within_a_minute(&mut command)
    }

    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.served.join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }

    fn got(&self) -> PathBuf {
        self.scene.repository().join("dist/base-1.zip")
    }

    /// Nothing came, and nothing else was lost.
    #[track_caller]
    fn refused(&self, words: &str) {
        let before = contents(&self.scene.repository().join("dist"));
        self.fetch().undecided(words);
        assert_eq!(contents(&self.scene.repository().join("dist")), before, "{words}");
        assert!(!self.got().exists());
    }
}

const HTTPS: &str = "https://layers.acme.example/v/base-1.zip";

#[test]
fn a_url_is_brought_by_curl_as_anybody() {
    let place = Place::new(HTTPS);
    let ran = place.fetch();
    assert_eq!(ran.done().out(), "fetched: dist/base-1.zip\n", "{ran}");
    assert_eq!(read(&place.got()), read(&place.scene.artifact()));
    assert!(place.got().with_extension("zip.sigstore.json").exists());
    let asked = place.asked();
    assert_eq!(asked[0], "--disable", "nobody's settings");
    let after = |option: &str| {
        let at = asked.iter().position(|word| word == option).unwrap_or_else(|| panic!("no {option}"));
        asked[at + 1].clone()
    };
    assert_eq!((after("--proto"), after("--proto-redir")), ("=https".into(), "=https".into()));
    assert_eq!(after("--max-filesize"), read(&place.scene.artifact()).len().to_string());
    assert_eq!(after("--"), HTTPS);
    assert!(asked.contains(&"--fail".to_owned()) && asked.contains(&format!("{HTTPS}.sigstore.json")));
    for word in ["--netrc", "--user", "-u", "--insecure", "-k", "--location-trusted"] {
        assert!(!asked.iter().any(|asked| asked == word), "{word}");
    }
    // What is there whole is not brought again.
    let count = asked.len();
    place.fetch().done();
    assert_eq!(place.asked().len(), count);
}

#[test]
fn an_object_is_brought_by_the_aws_program() {
    let place = Place::new("s3://acme-layers/prod/base-1.zip");
    place.fetch().done();
    assert_eq!(
        place.asked()[..5],
        ["s3", "cp", "--only-show-errors", "s3://acme-layers/prod/base-1.zip", "-"]
    );
    assert_eq!(read(&place.got()), read(&place.scene.artifact()));
}

#[test]
fn what_is_not_what_was_published_gets_no_name() {
    for location in [HTTPS, "s3://acme-layers/base-1.zip"] {
        let place = Place::new(location);
        let good = read(&place.scene.artifact());
        let serve = |name: &str, bytes: &[u8]| write(&place.served.join(name), bytes);
        let mut tampered = good.clone();
        tampered[60] ^= 1;
        serve("base-1.zip", &tampered);
        place.refused("bytes with SHA-384");
        serve("base-1.zip", &good[..good.len() - 1]);
        place.refused("were published");
        serve("base-1.zip", &[&good[..], b"x"].concat());
        place.refused("has more than");
        serve("base-1.zip", b"");
        place.refused("0 bytes with SHA-384");
        serve("base-1.zip", &good);
        for manifest in [&b""[..], b"{}", b"<html>"] {
            serve("base-1.zip.sigstore.json", manifest);
            place.refused("is not the manifest of");
        }
        fs::remove_file(place.served.join("base-1.zip.sigstore.json")).expect("it was there");
        place.refused("404");
        fs::remove_file(place.served.join("base-1.zip")).expect("it was there");
        place.refused("404");
        serve("endless", b"");
        place.refused("has more than");
    }
}

/// All the bytes came, and the program says all the same that it failed.
#[test]
fn a_program_that_fails_has_brought_nothing() {
    let place = Place::new(HTTPS);
    write(&place.served.join("broken"), "");
    place.refused("connection reset by peer");
}

#[test]
fn another_artifacts_manifest_is_not_this_ones() {
    let place = Place::new(HTTPS);
    let other = place.scene.path().join("other.zip");
    write(&other, crate::layers::vendor::unsigned());
    place.scene.run(&["sign", text(&other), "--layer", "base"]).done();
    let theirs = read(&place.scene.path().join("other.zip.sigstore.json"));
    write(&place.served.join("base-1.zip.sigstore.json"), theirs);
    place.refused("it is for other content");
}

#[test]
fn a_file_of_that_name_stays_as_it_is() {
    let place = Place::new(HTTPS);
    write(&place.got(), "mine");
    place.fetch().undecided("already exists, and is not");
    assert_eq!(read(&place.got()), b"mine");
    assert!(place.asked().is_empty());
    // Nor is a manifest written over that is another's, whether the artifact is there or not.
    let beside = place.got().with_extension("zip.sigstore.json");
    for artifact in [None, Some(read(&place.scene.artifact()))] {
        fs::remove_file(place.got()).expect("it was there");
        write(&beside, "mine");
        if let Some(bytes) = &artifact {
            write(&place.got(), bytes);
        }
        place.fetch().undecided("already exists, and is not a manifest of");
        assert_eq!(read(&beside), b"mine");
        write(&place.got(), "");
    }
}

#[test]
fn a_missing_program_is_named() {
    for (location, program) in [(HTTPS, "curl"), ("s3://acme-layers/base-1.zip", "aws")] {
        let place = Place::new(location);
        let mut command = place.scene.countersign();
        let empty = place.scene.path().join("home");
        Ran::of(command.args(["layer", "fetch", ARN]).env("PATH", empty))
            .undecided(&format!("no `{program}` program on the PATH"));
    }
}

#[test]
fn a_path_stays_in_the_policy_directory() {
    let place = Place::new("artifacts/base-1.zip");
    place.refused("`artifacts/base-1.zip` does not exist in the policy directory");
    let folder = place.scene.policy().join("artifacts");
    let link = |from: &Path, to: &Path| symlink(from, to).expect("a link");
    fs::create_dir(&folder).expect("a folder");
    link(&place.served.join("base-1.zip"), &folder.join("base-1.zip"));
    place.refused("leads out of the policy directory");
    fs::remove_file(folder.join("base-1.zip")).expect("it was there");
    fs::create_dir(folder.join("base-1.zip")).expect("a folder");
    place.refused("is not a regular file");
    fs::remove_dir(folder.join("base-1.zip")).expect("it was there");
    fs::rename(place.served.join("base-1.zip"), folder.join("base-1.zip")).expect("moved");
    place.refused("`artifacts/base-1.zip.sigstore.json` does not exist");
    let manifest = "base-1.zip.sigstore.json";
    fs::rename(place.served.join(manifest), folder.join(manifest)).expect("moved");
    place.fetch().done();
    assert_eq!(read(&place.got()), read(&place.scene.artifact()));
    assert!(place.asked().is_empty(), "no program for what lies here");
}

/// An unsealed record says nothing yet, whoever wrote it.
#[test]
fn only_what_is_sealed_is_fetched() {
    let place = Place::new(HTTPS);
    let artifact = place.scene.artifact();
    place.scene.run(&["layer", "publish", "base", "--artifact", text(&artifact), "--location", HTTPS]).done();
    let ran = place.scene.run(&["layer", "fetch", &ARN.replace(":1", ":2")]);
    assert_eq!(ran.code, Some(2), "{ran}");
    assert!(place.asked().is_empty());
}
