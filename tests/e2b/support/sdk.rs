//! The real SDKs.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::packages::{check, node_with, python_with};
use super::server::{KEY, TestServer};

/// The generations of the Python SDK that are tested.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Generation {
    Newest,
    Middle,
    Oldest,
    /// An agent's own use of the SDK.
    Agent,
}

impl Generation {
    fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::Middle => "middle",
            Self::Oldest => "oldest",
            Self::Agent => "agent",
        }
    }
}

fn sources(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/e2b")
        .join(folder)
}

/// Runs a script of checks against a server; fails with what it said.
pub(crate) async fn python(server: &TestServer, generation: Generation, script: &str) {
    let script = script.to_owned();
    let url = server.url();
    let authority = server.authority.clone();
    let run = move || {
        let name = generation.name();
        let list = sources("python").join(format!("{name}.txt"));
        let mut command = Command::new(python_with(&format!("e2b-{name}"), &list));
        clean(&mut command, &url);
        command
            .arg(sources("python").join(script))
            .env("SDK_GENERATION", name)
            .env("PYTHONDONTWRITEBYTECODE", "1");
        if let Some(authority) = authority {
            // What `sandcell env --tls` prints.
            command
                .env_remove("E2B_SANDBOX_URL")
                .env("SSL_CERT_FILE", authority)
                .env("SDK_TLS", "yes");
        } else if generation == Generation::Oldest {
            command.env("E2B_DEBUG", "true");
        }
        check(&mut command);
    };
    tokio::task::spawn_blocking(run)
        .await
        .expect("the checks hold");
}

/// Runs a script of checks with the JavaScript SDK.
pub(crate) async fn javascript(server: &TestServer, script: &str) {
    let script = script.to_owned();
    let url = server.url();
    let run = move || {
        let mut command = node_with("e2b-javascript", &sources("javascript"), &script);
        clean(&mut command, &url);
        check(&mut command);
    };
    tokio::task::spawn_blocking(run)
        .await
        .expect("the checks hold");
}

/// What `sandcell env` prints, and nothing else of E2B's.
fn clean(command: &mut Command, url: &str) {
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("E2B_") || text.to_ascii_lowercase().ends_with("_proxy") {
            command.env_remove(&name);
        }
    }
    command
        .env("E2B_API_KEY", KEY)
        .env("E2B_API_URL", url)
        .env("E2B_SANDBOX_URL", url);
}
