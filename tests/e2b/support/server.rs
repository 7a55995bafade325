//! A server of the test's own.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use sandcell::command::Programs;
use sandcell::{Cache, Runtime};
use sandcell_server::{Certificate, Server, ServerBuilder};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{OnceCell, oneshot};
use tokio::task::JoinHandle;

use super::{Answer, Request, send};

/// The key of all test servers.
pub(crate) const KEY: &str = "e2b_0123456789abcdef0123456789abcdef01234567";

/// The token of their tools.
pub(crate) const MCP_TOKEN: &str = "mcp_0123456789abcdef";

/// A running server; ends when it is dropped.
pub(crate) struct TestServer {
    pub(crate) address: SocketAddr,
    /// The file that clients are to trust, if it speaks TLS.
    pub(crate) authority: Option<PathBuf>,
    end: Option<oneshot::Sender<()>>,
    served: Option<JoinHandle<std::io::Result<()>>>,
}

async fn runtime() -> Runtime {
    static READY: OnceCell<()> = OnceCell::const_new();
    let cache = Cache::of_user().expect("a cache");
    READY
        .get_or_init(|| async {
            let python = sandcell_python::Python::default();
            let built = cache.ensure(&python, &mut ()).await;
            built.expect("the Python image is built");
            let javascript = sandcell_javascript::JavaScript::default();
            let built = cache.ensure(&javascript, &mut ()).await;
            built.expect("the JavaScript image is built");
        })
        .await;
    let runtime = Runtime::builder()
        .programs(programs(cache.clone()).await)
        .cache(cache)
        .image("python")
        .warm(1);
    runtime.open().expect("a runtime over the Python image")
}

/// The shell and the tools, built once, if they are missing.
async fn programs(cache: Cache) -> Programs {
    static READY: OnceCell<Programs> = OnceCell::const_new();
    let build = move || sandcell_programs::build_silently(&cache);
    READY
        .get_or_init(|| async {
            let built = tokio::task::spawn_blocking(build).await;
            built.expect("no panic").expect("the tools are built")
        })
        .await
        .clone()
}

/// A port that no other one can stand for. Another run of these tests on this
/// machine may have it for a while.
async fn fixed_port(port: u16) -> TcpListener {
    let patience = Duration::from_secs(120);
    let mut refused = None;
    let binding = async {
        loop {
            match TcpListener::bind(("127.0.0.1", port)).await {
                Ok(listener) => return listener,
                Err(error) => refused = Some(error),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    };
    let bound = tokio::time::timeout(patience, binding).await;
    bound.unwrap_or_else(|_| {
        panic!("older SDKs need port {port} of 127.0.0.1, which cannot be had: {refused:?}")
    })
}

impl TestServer {
    pub(crate) async fn start() -> Self {
        Self::start_with(|server| server, &[]).await
    }

    /// With a further port that speaks TLS, by an authority in this folder.
    pub(crate) async fn start_with_tls(folder: &Path) -> Self {
        let certificate = Certificate::in_folder(folder).expect("a certificate");
        let authority = certificate.authority().to_owned();
        let server = Self::start_with(|server| server.tls(certificate), &[0]).await;
        Self {
            authority: Some(authority),
            ..server
        }
    }

    /// With settings of its own, and further ports that older clients insist on.
    pub(crate) async fn start_with(
        settings: impl FnOnce(ServerBuilder) -> ServerBuilder,
        ports: &[u16],
    ) -> Self {
        let mut listeners = vec![TcpListener::bind("127.0.0.1:0").await.expect("a port")];
        for port in ports {
            listeners.push(fixed_port(*port).await);
        }
        let address = listeners[0].local_addr().expect("an address");
        let server = Server::builder(runtime().await).key(KEY);
        let server = settings(server.javascript("javascript").mcp(MCP_TOKEN));
        let (end, ended) = oneshot::channel();
        let served = tokio::spawn(server.serve(listeners, async {
            // A sender that is gone is an end as well.
            let _ended = ended.await;
        }));
        Self {
            address,
            authority: None,
            end: Some(end),
            served: Some(served),
        }
    }

    /// Ends it, and waits until it has ended.
    pub(crate) async fn end(mut self) {
        drop(self.end.take());
        let served = self.served.take().expect("it is ended once");
        served.await.expect("no panic").expect("served");
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Makes a sandbox and answers what its maker is told.
    pub(crate) async fn sandbox(&self) -> Made {
        let answer = send(self, &Request::post("/sandboxes").key().json("{}")).await;
        Made::of(&answer)
    }
}

/// A new sandbox as its maker knows it.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    pub(crate) id: String,
    pub(crate) token: String,
    pub(crate) traffic: String,
}

impl Made {
    #[track_caller]
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 201, "{answer:?}");
        let made = answer.json();
        let text = |name: &str| made[name].as_str().expect(name).to_owned();
        Self {
            id: text("sandboxID"),
            token: text("envdAccessToken"),
            traffic: text("trafficAccessToken"),
        }
    }
}

/// The events of an execution's stream.
pub(crate) fn events(answer: &Answer) -> Vec<Value> {
    let parse = |line: &str| serde_json::from_str(line).expect("each line is JSON");
    answer.text().lines().map(parse).collect()
}
