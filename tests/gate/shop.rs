//! What does the gate guard here: a workspace with a function `orders` and a layer `base`, both signed.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::support::{Mode, Ran, Scene, copy, scratch, write};

const WORKSPACE: &str = "account = 'acme'\npolicy = '../policy'\n\n\
    [[function]]\nname = 'orders'\npath = 'functions/orders'\n\n\
    [[layer]]\nname = 'base'\npath = 'layers/base'\ncompatible_runtimes = ['python3.13']\n";

/// A scene whose workspace has a function and a layer.
pub struct Shop {
    pub scene: Scene,
}

impl Shop {
    /// The workspace is released.
    pub fn new() -> Self {
        static FIRST: OnceLock<tempfile::TempDir> = OnceLock::new();
        let first = FIRST.get_or_init(|| {
            let scene = Scene::new();
            let top = scene.repository();
            fs::remove_dir_all(top.join("dist")).expect("it was there");
            write(&top.join("countersign.toml"), WORKSPACE);
            write(&top.join("functions/orders/handler.py"), "print('one order')\n");
            write(&top.join("layers/base/python/money.py"), "RATE = 1\n");
            scene.run(&["release"]).done();
            let folder = scratch();
            copy(scene.path(), folder.path());
            folder
        });
        let scene = Scene::new();
        fs::remove_dir_all(scene.path()).expect("it was there");
        copy(first.path(), scene.path());
        Self { scene }
    }

    /// The workspace is released, under a CSC of this mode.
    pub fn of(mode: Mode) -> Self {
        let shop = Self::new();
        if mode == Mode::Warn {
            shop.scene.warn();
        }
        shop
    }

    /// A file of the workspace.
    pub fn file(&self, path: &str) -> PathBuf {
        self.scene.repository().join(path)
    }

    /// `countersign gate`, whose temporary files are in a folder of their own.
    pub fn gate(&self) -> Command {
        let temporary = self.temporary();
        fs::create_dir_all(&temporary).expect("a folder");
        let mut command = self.scene.countersign();
        command.arg("gate").env("TMPDIR", temporary);
        command
    }

    /// Runs `countersign gate`.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let ran = Ran::of(self.gate().args(arguments));
        self.nothing_stays();
        ran
    }

    /// Runs a script on the function through the gate; `$1` in it is the copy.
    pub fn script(&self, script: &str) -> Ran {
        self.run(&["--function", "orders", "--", "sh", "-c", script, "sh", "{artifact}"])
    }

    /// Where copies are made.
    pub fn temporary(&self) -> PathBuf {
        self.scene.path().join("temporary")
    }

    /// Asserts that no copy stayed behind.
    #[track_caller]
    pub fn nothing_stays(&self) {
        let left: Vec<_> = fs::read_dir(self.temporary()).expect("a folder").collect();
        assert!(left.is_empty(), "{left:?}");
    }

    /// Asserts that the command of a gate did not run: it would have made this file.
    #[track_caller]
    pub fn nothing_ran(&self) {
        assert!(!self.file("ran").exists(), "the command ran");
    }
}
