//! Push: how long does a hook keep a push waiting?
//!
//!   cargo bench --bench push                 500 functions on the client, 100 functions and 1,000 commits on the server
//!   cargo bench --bench push -- --runs 40    more runs of each
//!
//! Whole pushes to a repository beside it are timed, with the hook and without it in turn; what is printed
//! are medians, as Markdown.
#![allow(clippy::print_stdout, reason = "a benchmark says what it measured")]

#[path = "../../tests/support/mod.rs"]
mod support;

use std::fmt::Write as _;
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::support::{Ran, Scene, text, write};

const PROTECTED: &str = "refs/heads/main";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` runs this too, without `--bench`.
    if !arguments.iter().any(|argument| argument == "--bench") {
        return;
    }
    let after = |name: &str| arguments.iter().skip_while(|argument| *argument != name).nth(1);
    let runs = after("--runs").map_or(11, |text| text.parse().expect("a number of runs"));
    println!("| what is pushed | with the hook | without | it adds |\n|---|---:|---:|---:|");
    let client = Place::of(500, 1);
    client.install("pre-push", &client.scene.repository().join(".git"));
    let topic = ["push", "-q", "origin", "main:refs/heads/topic"];
    client.row("pre-push, 500 functions, nothing protected", &topic, &["--no-verify"], runs);
    let main = ["push", "-q", "origin", "main", "refs/notes/countersign"];
    client.row("pre-push, 500 functions, all of them protected", &main, &["--no-verify"], runs);
    let server = Place::of(100, 1000);
    server.install("pre-receive", &server.bare());
    let off = ["--receive-pack=git -c core.hooksPath=/dev/null receive-pack"];
    server.row("pre-receive, 1,000 commits that touch 100 functions", &main, &off, runs);
}

/// A repository whose functions are all signed, and a bare one that it is pushed to.
struct Place {
    scene: Scene,
}

impl Place {
    fn of(functions: usize, commits: usize) -> Self {
        let place = Self { scene: Scene::new() };
        let scene = &place.scene;
        scene.change("functions.toml", |functions| {
            functions.insert("protected_refs".into(), toml::Value::from(vec![PROTECTED]));
        });
        scene.seal();
        let mut workspace = String::from("account = 'acme'\npolicy = '../policy'\n");
        for number in 0..functions {
            let name = format!("function-{number:03}");
            let _ = write!(workspace, "\n[[function]]\nname = '{name}'\npath = 'services/{name}'\n");
            for file in ["app.py", "prices.py", "lib/http.py", "lib/money.py"] {
                let code = format!("# {name} {file}\n{}", "print('a line of code')\n".repeat(100));
                write(&scene.repository().join("services").join(&name).join(file), code);
            }
        }
        write(&scene.repository().join("countersign.toml"), workspace);
        scene.git(&["branch", "-q", "-M", "main"]);
        scene.commit();
        for number in 1..commits {
            let name = format!("services/function-{:03}/app.py", number % functions);
            write(&scene.repository().join(name), format!("print({number})\n"));
            scene.commit();
        }
        scene.run(&["release", "--attach", "--format", "json"]).done();
        scene.git(&["init", "-q", "--bare", "--template=", text(&place.bare())]);
        for (name, value) in [("policy", text(&scene.policy())), ("root", &scene.pin().to_string())] {
            let setting = format!("countersign.{name}");
            scene.git(&["--git-dir", text(&place.bare()), "config", &setting, value]);
        }
        scene.git(&["remote", "add", "origin", text(&place.bare())]);
        place
    }

    fn bare(&self) -> PathBuf {
        self.scene.path().join("server.git")
    }

    fn install(&self, name: &str, git_dir: &Path) {
        let hook = git_dir.join("hooks").join(name);
        write(
            &hook,
            fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("hooks").join(name)).expect("a hook"),
        );
        fs::set_permissions(&hook, Permissions::from_mode(0o755)).expect("permissions");
    }

    fn row(&self, what: &str, push: &[&str], without: &[&str], runs: usize) {
        let (mut with_hook, mut bare) = (Vec::new(), Vec::new());
        for run in 0..=runs {
            let times = (self.push(push, &[]), self.push(push, without));
            // The first is the warm-up.
            if run > 0 {
                with_hook.push(times.0);
                bare.push(times.1);
            }
        }
        let [with_hook, bare] = [with_hook, bare].map(|mut times| {
            times.sort();
            times[times.len() / 2]
        });
        let ms = |time: Duration| format!("{:.0} ms", time.as_secs_f64() * 1e3);
        println!("| {what} | {} | {} | {} |", ms(with_hook), ms(bare), ms(with_hook.saturating_sub(bare)));
    }

    /// One push into the empty repository, which is empty again afterwards.
    fn push(&self, push: &[&str], more: &[&str]) -> Duration {
        let mut command = self.scene.command("git");
        let ours = Path::new(env!("CARGO_BIN_EXE_countersign")).parent().expect("a folder");
        command.env("PATH", format!("{}:{}", text(ours), std::env::var("PATH").expect("a PATH")));
        command.arg(push[0]).args(more).args(&push[1..]);
        let start = Instant::now();
        let ran = Ran::of(&mut command);
        let time = start.elapsed();
        assert_eq!(ran.code, Some(0), "{ran}");
        for folder in ["refs", "objects", "packed-refs"] {
            let path = self.bare().join(folder);
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
        for folder in ["refs/heads", "refs/tags", "objects/pack"] {
            fs::create_dir_all(self.bare().join(folder)).expect("a folder");
        }
        // What git remembers of the remote would make the next push smaller.
        let _ = fs::remove_dir_all(self.scene.repository().join(".git/refs/remotes"));
        time
    }
}
