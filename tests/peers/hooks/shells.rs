//! Do shells other than bash read the hooks, and do those who look for mistakes find none?

use crate::peers::peer::{Peer, printed, succeeded, told};

fn scripts() -> [String; 2] {
    ["pre-push", "pre-receive"].map(|name| format!("{}/hooks/{name}", env!("CARGO_MANIFEST_DIR")))
}

#[test]
fn dash_and_busybox_read_the_hooks() {
    for (name, arguments) in [("dash", &["-n"][..]), ("busybox", &["sh", "-n"])] {
        // `tests/hooks` runs them in each shell that it finds; here one that is missing is missed.
        let Some(shell) = Peer::find(name) else { continue };
        for script in scripts() {
            printed(&shell.ask(arguments.iter().map(|word| (*word).to_owned()).chain([script])));
        }
    }
}

#[test]
fn shellcheck_and_checkbashisms_find_nothing() {
    for (name, arguments) in [("shellcheck", &["--shell=sh", "--norc"][..]), ("checkbashisms", &["--posix"])]
    {
        let Some(peer) = Peer::find(name) else { continue };
        let output = peer.ask(arguments.iter().map(|word| (*word).to_owned()).chain(scripts()));
        assert!(succeeded(&output) && output.stdout.is_empty(), "{name}: {}", told(&output));
    }
}
