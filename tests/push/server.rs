//! Where is a push taken? A real `git daemon` for each connection to a port of this machine.

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::support::text;

/// Serves the repositories of a folder, until the test ends.
pub struct Server {
    port: u16,
}

impl Server {
    /// Listens before it returns, so nobody has to wait for it.
    pub fn of(folder: &Path, path: String) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let folder = folder.to_path_buf();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                serve(stream.expect("a connection"), &folder, &path);
            }
        });
        Self { port }
    }

    /// The URL of one of the repositories.
    pub fn url(&self, name: &str) -> String {
        format!("git://127.0.0.1:{}/{name}", self.port)
    }
}

/// As a daemon that init starts: no `HOME`, and nothing in the environment but the `PATH`.
fn serve(stream: TcpStream, folder: &Path, path: &str) {
    let end = |stream: &TcpStream| Stdio::from(OwnedFd::from(stream.try_clone().expect("a handle")));
    let mut command = Command::new("git");
    command.env_clear().env("PATH", path).env("GIT_CONFIG_NOSYSTEM", "1");
    command.args(["daemon", "--inetd", "--export-all", "--enable=receive-pack", "--log-destination=none"]);
    command.arg(format!("--base-path={}", text(folder))).stdin(end(&stream)).stdout(end(&stream));
    command.stderr(Stdio::null()).spawn().expect("git daemon starts").wait().expect("it ends");
}
