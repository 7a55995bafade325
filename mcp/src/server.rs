//! The handle that programs embed.

use std::sync::Arc;

use rmcp::ServiceExt as _;
use sandcell::{Limits, Runtime, Sandbox};
use tokio::sync::Semaphore;

use crate::desk::Desk;
use crate::handler::Handler;
use crate::http::HttpDoor;
use crate::place::Place;
use crate::source::{Language, Source};

/// A server of the protocol, see [`Mcp::builder`]. A cheap handle.
#[derive(Debug, Clone)]
pub struct Mcp {
    source: Arc<Source>,
}

/// Why a client is not served any more.
#[derive(Debug, thiserror::Error)]
#[error("cannot serve the client: {0}")]
pub struct ServeError(String);

impl Mcp {
    /// Settings of a server whose sandboxes come from `runtime`.
    pub fn builder(runtime: Runtime) -> McpBuilder {
        McpBuilder {
            runtime,
            limits: Limits::default(),
            languages: Vec::new(),
            sandboxes: 64,
        }
    }

    /// Serves one client over standard input and output, until it ends its input;
    /// then its sandboxes end. Nothing else may write to standard output.
    ///
    /// # Errors
    /// A client that does not speak the protocol; streams that break.
    pub async fn serve_stdio(&self) -> Result<(), ServeError> {
        let handler = Handler {
            own: Desk::own(&self.source),
            common: None,
        };
        let wrong = |error: &dyn std::fmt::Display| ServeError(error.to_string());
        let serving = handler.serve(rmcp::transport::stdio()).await;
        let serving = serving.map_err(|error| wrong(&error))?;
        serving.waiting().await.map_err(|error| wrong(&error))?;
        Ok(())
    }

    /// A door for clients over HTTP. To be called inside of a tokio runtime.
    #[must_use]
    pub fn http(&self) -> HttpDoor {
        HttpDoor::open(&self.source)
    }

    /// A door into one sandbox, which stays when the door is gone. To be called
    /// inside of a tokio runtime. Code runs in interpreters of its own there.
    #[must_use]
    pub fn http_into(&self, sandbox: &Sandbox) -> HttpDoor {
        let place = Place::of_another(sandbox.clone());
        HttpDoor::into_desk(Desk::fixed(&self.source, place))
    }
}

/// Settings of a server.
///
/// Defaults:
/// * no language: give at least one;
/// * sandboxes with [`Limits::default`];
/// * at most 64 sandboxes at once, of all clients together.
#[derive(Debug, Clone)]
#[must_use]
pub struct McpBuilder {
    runtime: Runtime,
    limits: Limits,
    languages: Vec<Language>,
    sandboxes: usize,
}

impl McpBuilder {
    /// Adds a language and the image that its contexts start from, by name in the
    /// runtime's cache; `None` for the runtime's own. The first language is that
    /// of code that names none, and its image must be the runtime's own.
    pub fn language(mut self, name: impl Into<String>, image: Option<&str>) -> Self {
        self.languages.push(Language {
            name: name.into(),
            image: image.map(str::to_owned),
        });
        self
    }

    /// Limits of each sandbox.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// Sandboxes that may live at once, of all clients together.
    pub fn sandboxes(mut self, count: usize) -> Self {
        self.sandboxes = count;
        self
    }

    /// The server.
    #[must_use]
    pub fn build(self) -> Mcp {
        Mcp {
            source: Arc::new(Source {
                runtime: self.runtime,
                limits: self.limits,
                languages: self.languages,
                allowed: self.sandboxes,
                places: Arc::new(Semaphore::new(self.sandboxes.min(Semaphore::MAX_PERMITS))),
            }),
        }
    }
}
