//! The handle that programs embed.

use std::future::Future;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use sandcell::{Limits, Runtime, SandboxBuilder};
use sandcell_mcp::Mcp;
use tokio::net::TcpListener;

use crate::lease::{Languages, Preparation, Registry, Shelves};
use crate::secret::Secret;
use crate::serve::{Listeners, serve};
use crate::settings::{DOMAIN, KeyRule, Settings};
use crate::shared::Inner;
use crate::tls::Certificate;

/// Bytes of paused sandboxes and snapshots, unless somebody says otherwise.
const SAVED_BYTES: u64 = 64 << 30;

/// A server of the E2B protocol, see [`Server::builder`].
#[derive(Debug, Clone, Copy)]
pub struct Server;

impl Server {
    /// Settings of a server whose sandboxes come from `runtime`.
    pub fn builder(runtime: Runtime) -> ServerBuilder {
        let mut limits = Limits::default();
        // The client's timeout and the sandbox's end are what counts.
        limits.wall = None;
        ServerBuilder {
            runtime,
            key: None,
            any_key: false,
            state: None,
            languages: Languages::default(),
            tls: None,
            saved_bytes: SAVED_BYTES,
            preparation: Preparation::default(),
            settings: Settings {
                keys: KeyRule::Only(Secret::random("")),
                limits,
                sandboxes: 4096,
                connections: 4096,
                streams: 1024,
                hosts: Vec::new(),
                origins: Vec::new(),
                debug_sandbox: false,
                mcp_token: None,
                tls_port: None,
                domain: DOMAIN.to_owned(),
            },
        }
    }
}

/// Settings of a server.
///
/// Defaults:
/// * no key is right, so that nobody can make sandboxes: give one;
/// * the runtime's image is one of Python, and there is no other language;
/// * sandboxes with [`Limits::default`], but without a wall-time limit, since
///   their life ends by itself;
/// * at most 4,096 sandboxes and connections and 1,024 streams at once;
/// * called by an address or `localhost` only; no web page may use it;
/// * no sandbox without tokens;
/// * no tools for clients of the Model Context Protocol;
/// * paused sandboxes and snapshots take at most 64 GiB;
/// * what is paused or saved is there as long as the server runs.
#[derive(Debug, Clone)]
#[must_use]
pub struct ServerBuilder {
    runtime: Runtime,
    key: Option<Secret>,
    any_key: bool,
    state: Option<PathBuf>,
    languages: Languages,
    tls: Option<Certificate>,
    saved_bytes: u64,
    preparation: Preparation,
    settings: Settings,
}

impl ServerBuilder {
    /// The key of the control plane. Some clients insist on the form of
    /// [`crate::new_key`].
    pub fn key(mut self, key: &str) -> Self {
        self.key = Some(Secret::new(key));
        self
    }

    /// Takes any key. For throw-away use: whoever reaches the port may then make
    /// sandboxes.
    pub fn any_key(mut self) -> Self {
        self.any_key = true;
        self
    }

    /// The folder that keeps paused sandboxes and snapshots from one server to the
    /// next; made if it is missing, for its owner only. One server may use it at a
    /// time. What it holds is not encrypted: variables, files, tokens.
    pub fn state(mut self, folder: impl Into<PathBuf>) -> Self {
        self.state = Some(folder.into());
        self
    }

    /// Adds JavaScript and TypeScript, by the name of their image in the runtime's
    /// cache. Interpreters are made when they are first used.
    pub fn javascript(mut self, image: impl Into<String>) -> Self {
        self.languages = self.languages.with_javascript(image.into());
        self
    }

    /// Says that the image that the runtime was opened with is one of JavaScript,
    /// so that there is no Python.
    pub fn only_javascript(mut self) -> Self {
        self.languages = Languages::only_javascript();
        self
    }

    /// What is done to each sandbox before it starts, new, resumed or copied: adds
    /// functions of the host, for example. Default: nothing.
    pub fn prepare<F>(mut self, each: F) -> Self
    where
        F: Fn(SandboxBuilder) -> SandboxBuilder + Send + Sync + 'static,
    {
        self.preparation = Preparation::new(each);
        self
    }

    /// Limits of each sandbox.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.settings.limits = limits;
        self
    }

    /// Sandboxes that may live at once; one more is refused with status 429.
    pub fn sandboxes(mut self, count: usize) -> Self {
        self.settings.sandboxes = count;
        self
    }

    /// Bytes that paused sandboxes and snapshots may take together; what has no
    /// room is refused with status 507.
    pub fn saved_bytes(mut self, bytes: u64) -> Self {
        self.saved_bytes = bytes;
        self
    }

    /// Connections that may be open at once, at least 1; more wait.
    pub fn connections(mut self, count: usize) -> Self {
        self.settings.connections = count.max(1);
        self
    }

    /// Executions and watches that may be streamed at once; one more is refused
    /// with status 429.
    pub fn streams(mut self, count: usize) -> Self {
        self.settings.streams = count;
        self
    }

    /// A name by which this server may be called, and names below it.
    pub fn allow_host(mut self, name: impl Into<String>) -> Self {
        let name: String = name.into();
        self.settings.hosts.push(name.to_ascii_lowercase());
        self
    }

    /// A web page that may use this server, as its header `Origin` says it, for
    /// example `http://localhost:3000`; `*` for all.
    pub fn allow_origin(mut self, origin: impl Into<String>) -> Self {
        self.settings.origins.push(origin.into());
        self
    }

    /// Opens the sandbox `debug_sandbox_id`, which clients in debug mode use
    /// without key and token. Whoever reaches the port may then run code in it.
    pub fn debug_sandbox(mut self) -> Self {
        self.settings.debug_sandbox = true;
        self
    }

    /// Offers tools to clients of the Model Context Protocol at `/mcp`, if they
    /// show this token as a bearer's. At most 64 sandboxes of theirs live at once,
    /// besides those of [`Self::sandboxes`].
    pub fn mcp(mut self, token: &str) -> Self {
        self.settings.mcp_token = Some(Secret::new(token));
        self
    }

    /// Speaks TLS on the last of the listeners, and names that one's port as the
    /// domain of sandboxes. Clients that cannot be told of another address than
    /// `https://PORT-ID.DOMAIN`, which are those of older generations, find their
    /// sandboxes there.
    pub fn tls(mut self, certificate: Certificate) -> Self {
        self.tls = Some(certificate);
        self
    }

    /// Serves until `end` comes; then takes no more requests, gives those that
    /// are under way ten seconds, and ends all sandboxes.
    ///
    /// Answers name `e2b.localhost` with one listener's port as the domain
    /// of sandboxes, so that a client that is told of no other address asks this
    /// machine and never another one.
    ///
    /// # Errors
    /// A listener that cannot say where it listens; a folder of
    /// [`Self::state`] that cannot be read.
    pub async fn serve(
        self,
        listeners: Vec<TcpListener>,
        end: impl Future<Output = ()> + Send,
    ) -> io::Result<()> {
        let mut settings = self.settings;
        if self.any_key {
            settings.keys = KeyRule::Any;
        } else if let Some(key) = self.key {
            settings.keys = KeyRule::Only(key);
        }
        let named = match self.tls {
            Some(_) => listeners.last(),
            None => listeners.first(),
        };
        if let Some(named) = named {
            let port = named.local_addr()?.port();
            settings.domain = format!("{DOMAIN}:{port}");
            settings.tls_port = self.tls.as_ref().map(|_| port);
        }
        let shelves = self.state.as_deref().map(Shelves::open).transpose()?;
        let limits = settings.limits.clone();
        let languages = self.languages;
        let allowed = settings.sandboxes;
        let mcp = mcp(self.runtime.clone(), &languages, limits.clone());
        let saved = self.saved_bytes;
        let registry = Registry::new(self.runtime, shelves, limits, languages, allowed, saved)
            .prepared(self.preparation);
        let registry = Arc::new(registry);
        registry.restore()?;
        let shared = Inner::new(settings, registry, mcp);
        serve(shared, Listeners::new(listeners, self.tls.as_ref()), end).await;
        Ok(())
    }
}

/// What offers tools: the server's languages, and sandboxes as its own are.
fn mcp(runtime: Runtime, languages: &Languages, limits: Limits) -> Mcp {
    let mut mcp = Mcp::builder(runtime).limits(limits);
    for (name, image) in languages.of_images() {
        mcp = mcp.language(name, image);
    }
    mcp.build()
}
