//! The streamable HTTP transport, behind somebody else's door.

use std::convert::Infallible;
use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use rmcp::transport::streamable_http_server::session::local::{LocalSessionManager, SessionConfig};
use rmcp::transport::{StreamableHttpServerConfig, StreamableHttpService};
use tokio_util::sync::CancellationToken;

use crate::desk::Desk;
use crate::handler::Handler;
use crate::source::Source;

/// How long a session, or a sandbox of none, may lie unused. Models think, and
/// people go for lunch.
const IDLE: Duration = Duration::from_secs(3600);

/// How often it is looked for what lies unused.
const SWEEP: Duration = Duration::from_secs(60);

/// Bytes of one request: a file in base 64, with room around it.
const BODY: usize = 16 << 20;

/// Serves clients over HTTP. Who calls it has checked who asks: a token, and the
/// headers `Host` and `Origin`. Sessions end when their client says so, after an
/// hour without a request, or with this value.
#[derive(Clone)]
pub struct HttpDoor {
    service: StreamableHttpService<Handler, LocalSessionManager>,
    /// Ends the sessions with the last handle.
    _ending: Arc<tokio_util::sync::DropGuard>,
}

impl fmt::Debug for HttpDoor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpDoor").finish_non_exhaustive()
    }
}

impl HttpDoor {
    /// A door for many clients, each with sandboxes of its own.
    pub(crate) fn open(source: &Arc<Source>) -> Self {
        let common = Desk::common(source);
        let source = Arc::clone(source);
        Self::new(&Arc::clone(&common), move || Handler {
            own: Desk::own(&source),
            common: Some(Arc::clone(&common)),
        })
    }

    /// A door into one sandbox, for whoever comes.
    pub(crate) fn into_desk(desk: Arc<Desk>) -> Self {
        Self::new(&Arc::clone(&desk), move || Handler {
            own: Arc::clone(&desk),
            common: None,
        })
    }

    fn new(common: &Arc<Desk>, client: impl Fn() -> Handler + Send + Sync + 'static) -> Self {
        let ending = CancellationToken::new();
        let mut sessions = SessionConfig::default();
        sessions.keep_alive = Some(IDLE);
        let mut manager = LocalSessionManager::default();
        manager.session_config = sessions;
        // The caller knows by which names it may be called.
        let config = StreamableHttpServerConfig::default()
            .disable_allowed_hosts()
            .with_max_request_body_bytes(BODY)
            .with_cancellation_token(ending.clone());
        tokio::spawn(sweep(Arc::downgrade(common), ending.clone()));
        Self {
            service: StreamableHttpService::new(move || Ok(client()), Arc::new(manager), config),
            _ending: Arc::new(ending.drop_guard()),
        }
    }

    /// Ends all sessions and streams.
    pub fn end(&self) {
        self.service.config.cancellation_token.cancel();
    }

    /// Answers a request, whatever it is.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<BoxBody<Bytes, Infallible>>
    where
        B: http_body_util::BodyExt<Data = Bytes> + Send + 'static,
        B::Error: fmt::Display,
    {
        self.service.handle(request).await
    }
}

/// Ends what nobody uses any more.
async fn sweep(desk: Weak<Desk>, ending: CancellationToken) {
    loop {
        tokio::select! {
            () = ending.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        match desk.upgrade() {
            Some(desk) => desk.sweep(IDLE),
            None => return,
        }
    }
}
