//! Does a real browser show the page, whole and on any screen, and does nothing leave or run?

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::mpsc::{Receiver, channel};
use std::thread;

use serde_json::json;
use tempfile::TempDir;

use super::answers::ask;
use super::lines::{daily, found, journal, passed, with};
use crate::peers::peer::{Peer, printed, succeeded, told};
use crate::support::{read, scratch, text, write};

/// What a page must not obey.
fn hostile(port: u16) -> String {
    format!(
        "\"'></title></style><img src=http://127.0.0.1:{port}/a><script>document.title='pwned'</script>\
        <style>@import url(http://127.0.0.1:{port}/b)</style>\u{202e}"
    )
}

/// A page about good and bad functions, and lines and journals with hostile text.
fn page(folder: &Path, port: u16) -> PathBuf {
    let good = passed(0, "2026-01-01T00:00:00Z");
    let other = |name: &str| ("name", json!(name));
    let lines = [
        daily(&good, 1, 20),
        daily(&with(found(1, "2026-01-01T00:00:00Z", "mismatch", "key-unknown"), &[other("payments")]), 3, 9),
        daily(
            &with(found(2, "2026-01-01T00:00:00Z", "expiry", "signature-expired"), &[other("payments")]),
            5,
            2,
        ),
        daily(
            &with(found(3, "2026-01-01T00:00:00Z", "integrity", "digest-mismatch"), &[other("search")]),
            5,
            2,
        ),
        daily(
            &with(
                found(4, "2026-01-01T00:00:00Z", "revocation", "key-revoked"),
                &[other("a".repeat(64).as_str())],
            ),
            5,
            2,
        ),
        vec![with(good, &[("name", json!(hostile(port)))])],
    ];
    let path = folder.join(format!("<b>{}&amp;.jsonl", "journal".repeat(8)));
    write(&path, journal(&lines.concat()));
    let page = folder.join("page.html");
    let january = ["--since", "2026-01-01T00:00:00Z", "--until", "2026-01-31T00:00:00Z"];
    ask(&[&path], &[&january[..], &["--format", "html", "--output", text(&page)]].concat()).done();
    page
}

/// The browser, with a profile of its own and nothing that speaks to the world by itself.
struct Browser {
    chromium: Peer,
    profile: TempDir,
}

impl Browser {
    fn find() -> Option<Self> {
        Some(Self { chromium: Peer::find("chromium")?, profile: scratch() })
    }

    fn ask(&self, page: &Path, arguments: &[&str]) -> Output {
        let profile = format!("--user-data-dir={}", text(self.profile.path()));
        let url = format!("file://{}", text(page));
        let quiet = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--disable-dev-shm-usage",
            "--enable-logging=stderr",
            "--virtual-time-budget=2000",
            "--timeout=30000",
            "--hide-scrollbars",
            &profile,
        ];
        self.chromium.ask_in(page.parent().expect("a folder"), [&quiet[..], arguments, &[&url]].concat())
    }

    /// The document as the browser has it after everything that wants to run has run.
    fn document(&self, page: &Path) -> (String, String) {
        let output = self.ask(page, &["--dump-dom"]);
        (printed(&output), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

/// A port that somebody could call, and what comes of it when somebody did. Callers get no answer.
fn listener() -> (u16, Receiver<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let (send, calls) = channel();
    // It ends with the test's process, or when nobody listens to it any more.
    thread::spawn(move || listener.incoming().map(drop).try_for_each(|()| send.send(())));
    (port, calls)
}

#[test]
fn nothing_leaves_and_nothing_runs() {
    let Some(browser) = Browser::find() else { return };
    let (folder, (port, calls)) = (scratch(), listener());
    let page = page(folder.path(), port);
    let (document, log) = browser.document(&page);
    assert!(document.contains("<h1>1 of 4 functions and layers ready for Enforce</h1>"), "{document}");
    assert!(document.contains("&lt;script&gt;document.title='pwned'&lt;/script&gt;"), "{document}");
    assert!(!document.contains("<script") && !document.contains("<img"), "{document}");
    assert!(!log.contains("CONSOLE"), "{log}");
    assert!(calls.try_recv().is_err(), "the page called home");

    // Were something to come through unescaped, the policy would still hold it: the console says so.
    let html = String::from_utf8(read(&page)).expect("UTF-8");
    let hole = folder.path().join("hole.html");
    write(&hole, html.replace("<main>", &format!("<main>{}", hostile(port))));
    let (document, log) = browser.document(&hole);
    assert!(log.contains("CONSOLE") && log.contains("Content Security Policy"), "{log}");
    assert!(!document.contains("<title>pwned</title>"), "{document}");
    assert!(calls.try_recv().is_err(), "the policy let something through");

    // And the listener would have heard it.
    let open = folder.path().join("open.html");
    write(&open, html_without_policy(&html).replace("<main>", &format!("<main>{}", hostile(port))));
    let (document, _) = browser.document(&open);
    assert!(document.contains("<title>pwned</title>"), "{document}");
    assert!(calls.try_recv().is_ok(), "the test would not see a page that calls home");
}

fn html_without_policy(html: &str) -> String {
    let kept = html.lines().filter(|line| !line.contains("Content-Security-Policy"));
    kept.collect::<Vec<_>>().join("\n")
}

/// At the width of a telephone and of a desk, in light and in dark.
#[test]
fn the_page_fits_every_screen() {
    let Some(browser) = Browser::find() else { return };
    let folder = scratch();
    let page = page(folder.path(), 1);
    let measured = "<script>parent.postMessage([document.documentElement.scrollWidth, innerWidth, \
        getComputedStyle(document.body).backgroundColor, document.querySelectorAll('svg rect').length].join(' '), '*')</script>";
    let html = html_without_policy(&String::from_utf8(read(&page)).expect("UTF-8"));
    write(&folder.path().join("inner.html"), html.replace("</body>", &format!("{measured}</body>")));
    for width in [360, 768, 1280] {
        let outer = folder.path().join("outer.html");
        write(
            &outer,
            format!(
                "<!DOCTYPE html><title>none</title><iframe width={width} height=900 src=inner.html></iframe>\
            <script>onmessage = event => {{ document.title = event.data }}</script>"
            ),
        );
        let (document, log) = browser.document(&outer);
        let title = document
            .split_once("<title>")
            .and_then(|(_, rest)| rest.split_once("</title>"))
            .expect("a title")
            .0;
        let numbers: Vec<u32> = title.split(' ').filter_map(|word| word.parse().ok()).collect();
        let [needed, given, rects] = numbers[..] else { panic!("{title}: {log}") };
        assert!(needed <= given && rects > 30, "{title} at {width}");
    }
    let colours = ["1", "0"].map(|scheme| {
        let picture = folder.path().join(format!("{scheme}.png"));
        let screenshot = format!("--screenshot={}", text(&picture));
        let scheme = format!("--blink-settings=preferredColorScheme={scheme}");
        let output = browser.ask(&page, &["--window-size=1200,1600", &screenshot, &scheme]);
        assert!(succeeded(&output), "{}", told(&output));
        read(&picture)
    });
    assert!(colours.iter().all(|picture| picture.starts_with(b"\x89PNG") && picture.len() > 50_000));
    assert_ne!(colours[0], colours[1], "dark looks as light does");
}

#[test]
fn the_html_checker_finds_nothing() {
    let Some(vnu) = Peer::find("vnu") else { return };
    let folder = scratch();
    let page = page(folder.path(), 1);
    let empty = folder.path().join("empty.html");
    write(&folder.path().join("empty.jsonl"), "");
    ask(&[&folder.path().join("empty.jsonl")], &["--format", "html", "--output", text(&empty)]).done();
    // It does not compute digests of style sheets; Chromium does, and is the judge of the policy.
    let filter = ["--filterpattern", ".*Inline style violates Content Security Policy.*"];
    let output = vnu.ask([&filter[..], &[text(&page), text(&empty)]].concat());
    assert!(succeeded(&output) && output.stderr.is_empty(), "{}", told(&output));
    let html = String::from_utf8(read(&page)).expect("UTF-8");
    fs::write(&page, html.replace("scope=\"col\"", "scope=\"colour\"")).expect("written");
    assert!(!succeeded(&vnu.ask([text(&page)])));
}
