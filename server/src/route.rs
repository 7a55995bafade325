//! One port serves three services: the path says which one, the request says
//! which sandbox. This is where each request is checked, once.

use std::sync::{Arc, OnceLock};

use axum::Router;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{ACCESS_CONTROL_REQUEST_HEADERS, CONTENT_TYPE};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse, Response};
use sandcell::State;
use serde_json::{Value, json};
use tower_service::Service as _;

use crate::access::{
    Addressed, CODE_PORT, ENVD_PORT, Found, Operation, Visitor, admits_code, admits_files,
    allow_origin, check_key, find, find_signer, preflight, shows_code_token, shows_files_token,
    visitor,
};
use crate::lease::{Held, Lease, Paused};
use crate::openapi::Document;
use crate::refusal::Refusal;
use crate::settings::{DEFAULT_TIMEOUT, MAX_TIMEOUT};
use crate::shared::Shared;
use crate::{control, envd, gateway, interpreter};

/// The sandbox that clients in debug mode speak to without creating it.
const DEBUG_SANDBOX: &str = "debug_sandbox_id";

/// All services behind one door.
#[derive(Debug, Clone)]
pub(crate) struct Door {
    shared: Shared,
    control: Router,
    envd: Router,
    interpreter: Router,
}

/// The services that a path can mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Control,
    Files,
    Code,
    /// `/health` and `/metrics`: the sandbox's if one is named, else the server's.
    Either,
}

fn target(path: &str) -> Target {
    let first = path.trim_start_matches('/');
    let first = first.split('/').next().unwrap_or_default();
    match first {
        "health" | "metrics" if path.len() == first.len() + 1 => Target::Either,
        "files" | "envs" | "init" | "filesystem.Filesystem" | "process.Process" => Target::Files,
        "execute" | "contexts" => Target::Code,
        _ => Target::Control,
    }
}

impl Door {
    pub(crate) fn new(shared: Shared) -> Self {
        Self {
            control: control::router(Arc::clone(&shared)),
            envd: envd::router(Arc::clone(&shared)),
            interpreter: interpreter::router(Arc::clone(&shared)),
            shared,
        }
    }

    /// Answers a request, whatever it is.
    pub(crate) async fn answer(self, request: Request) -> Response {
        let shared = Arc::clone(&self.shared);
        shared.counters.requests.add(1);
        let method = request.method().clone();
        let path: String = request.uri().path().chars().take(200).collect();
        let response = self.checked(request).await;
        let status = response.status();
        if status.is_server_error() && !is_expected(status) {
            shared.counters.failed.add(1);
            tracing::error!(%method, path, status = status.as_u16(), "request failed");
        } else {
            if !status.is_success() {
                shared.counters.refused.add(1);
            }
            tracing::debug!(%method, path, status = status.as_u16(), "request");
        }
        response
    }

    async fn checked(mut self, request: Request) -> Response {
        let checked = visitor(request.uri(), request.headers(), &self.shared.settings);
        let visitor = match checked {
            Ok(visitor) => visitor,
            Err(refusal) => return refusal.into_response(),
        };
        let asks = request.method() == Method::OPTIONS;
        let mut response = match &visitor {
            Visitor::Page(_) if asks => {
                preflight(request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS))
            }
            _ => self
                .routed(request)
                .await
                .unwrap_or_else(IntoResponse::into_response),
        };
        if let Visitor::Page(origin) = visitor {
            allow_origin(&mut response, origin);
        }
        response
    }

    async fn routed(&mut self, request: Request) -> Result<Response, Refusal> {
        let target = target(request.uri().path());
        let found = match find(&self.shared.registry, request.uri(), request.headers()) {
            Found::Gone(addressed) if addressed.id == DEBUG_SANDBOX => {
                self.debug_sandbox(addressed).await?
            }
            // It is being paused, and will have been in a moment.
            Found::Live(lease, port)
                if target != Target::Control && lease.sandbox.state() != State::Running =>
            {
                let id = lease.who.id.clone();
                match self.shared.registry.settled(&id).await {
                    Some(Held::Live(lease)) => Found::Live(lease, port),
                    Some(Held::Paused(paused)) => Found::Paused(paused, Addressed { id, port }),
                    None => Found::Gone(Addressed { id, port }),
                }
            }
            found => found,
        };
        // Clients send the headers of a sandbox to the control plane, too.
        if let Found::Live(lease, Some(gateway::GATEWAY_PORT)) = &found {
            let answer = gateway::into_sandbox(&self.shared, lease, request).await;
            return Ok(answer.unwrap_or_else(|| closed_port(&lease.who.id, gateway::GATEWAY_PORT)));
        }
        if let Found::Paused(_, addressed) | Found::Gone(addressed) = &found
            && addressed.port == Some(gateway::GATEWAY_PORT)
        {
            return Ok(gone(&addressed.id));
        }
        if target == Target::Control && request.uri().path() == "/openapi.json" {
            return Ok(axum::Json(description()).into_response());
        }
        if target == Target::Control && request.uri().path() == "/mcp" {
            return gateway::own(&self.shared, request).await;
        }
        if target == Target::Control {
            if let Found::Live(lease, Some(port)) = &found
                && !matches!(*port, ENVD_PORT | CODE_PORT)
            {
                return Ok(closed_port(&lease.who.id, *port));
            }
            check_key(request.headers(), &self.shared.settings)?;
            return Ok(call(&mut self.control, request).await);
        }
        match found {
            Found::Live(lease, port) => self.inside(lease, port, target, request).await,
            Found::Paused(paused, addressed) => {
                self.at_paused(paused, addressed.port, target, request)
                    .await
            }
            Found::Gone(addressed) => Ok(gone(&addressed.id)),
            Found::Nobody if target == Target::Either => self.own(&request),
            Found::Nobody => self.unnamed(target, request).await,
        }
    }

    /// The sandbox of clients in debug mode, if it is allowed; made at first use.
    async fn debug_sandbox(&self, addressed: Addressed) -> Result<Found, Refusal> {
        if !self.shared.settings.debug_sandbox {
            return Ok(Found::Gone(addressed));
        }
        let order = control::debug_order();
        let registry = &self.shared.registry;
        let lease = registry.ensure(DEBUG_SANDBOX, order, MAX_TIMEOUT).await?;
        lease.open_to_all();
        Ok(Found::Live(lease, addressed.port))
    }

    /// A request for a sandbox that lives.
    async fn inside(
        &mut self,
        lease: Arc<Lease>,
        port: Option<u16>,
        target: Target,
        mut request: Request,
    ) -> Result<Response, Refusal> {
        if let Some(port) = port.filter(|port| !matches!(*port, ENVD_PORT | CODE_PORT)) {
            return Ok(closed_port(&lease.who.id, port));
        }
        let path = request.uri().path();
        let headers = request.headers();
        if target == Target::Code {
            if !admits_code(&lease, headers) {
                return Err(Refusal::forbidden("the token is not one of this sandbox"));
            }
            request.extensions_mut().insert(Arc::clone(&lease));
            let response = call(&mut self.interpreter, request).await;
            return Ok(unless_gone(&lease, response));
        }
        if path == "/health" && port == Some(CODE_PORT) {
            return Ok("\"OK\"".into_response());
        }
        let open = matches!(path, "/health" | "/files");
        if !open && !admits_files(&lease, headers) {
            return Err(Refusal::unauthorized(
                "the token is not that of this sandbox",
            ));
        }
        request.extensions_mut().insert(Arc::clone(&lease));
        let response = call(&mut self.envd, request).await;
        Ok(unless_gone(&lease, response))
    }

    /// A request for a sandbox that is paused, which goes on for it if its maker
    /// wished so.
    async fn at_paused(
        &mut self,
        paused: Arc<Paused>,
        port: Option<u16>,
        target: Target,
        request: Request,
    ) -> Result<Response, Refusal> {
        if !wakes(&paused, target, &request) {
            return Ok(gone(&paused.who.id));
        }
        let seconds = paused.who.order.seconds.max(DEFAULT_TIMEOUT);
        let registry = &self.shared.registry;
        match registry.resume(&paused, seconds, false, None).await? {
            Some(lease) => self.inside(lease, port, target, request).await,
            None => Ok(gone(&paused.who.id)),
        }
    }

    /// A request for a sandbox that does not say which one: a signed URL does by
    /// its signature.
    async fn unnamed(&mut self, target: Target, request: Request) -> Result<Response, Refusal> {
        let uri = request.uri();
        if target == Target::Files && uri.path() == "/files" {
            let signed = envd::signature_of(uri, operation(request.method()));
            let signer = signed.and_then(|signed| find_signer(&self.shared.registry, &signed));
            match signer {
                Some(Held::Live(lease)) => {
                    return self.inside(lease, None, target, request).await;
                }
                Some(Held::Paused(paused)) => {
                    return self.at_paused(paused, None, target, request).await;
                }
                None => {}
            }
        }
        Err(Refusal::unauthorized(
            "the request names no sandbox that lives: by host, by the header E2b-Sandbox-Id, by a token or by a signature",
        ))
    }

    /// The server's own health and metrics.
    fn own(&self, request: &Request) -> Result<Response, Refusal> {
        if request.uri().path() == "/health" {
            return Ok(StatusCode::NO_CONTENT.into_response());
        }
        check_key(request.headers(), &self.shared.settings)?;
        let text = self.shared.counters.render(self.shared.gauges());
        Ok(([(CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
    }
}

/// What the server answers to, as OpenAPI says it.
fn description() -> &'static Value {
    static DESCRIPTION: OnceLock<Value> = OnceLock::new();
    DESCRIPTION.get_or_init(|| {
        let mut document = Document::new();
        control::describe(&mut document);
        interpreter::describe(&mut document);
        envd::describe(&mut document);
        document.finish()
    })
}

/// Whether a request lets a paused sandbox go on: its maker wished that, and who
/// asks shows a token, or a signature that has not expired.
fn wakes(paused: &Paused, target: Target, request: &Request) -> bool {
    let who = &paused.who;
    let (uri, headers) = (request.uri(), request.headers());
    let admitted = match target {
        Target::Code => shows_code_token(who, headers),
        Target::Files => {
            let signed = envd::signature_of(uri, operation(request.method()));
            let signed = signed.filter(|signed| uri.path() == "/files" && !signed.has_expired());
            shows_files_token(who, headers)
                || signed.is_some_and(|signed| signed.is_of(&who.envd_token))
        }
        // Who asks whether it runs wants to know, and nothing else.
        Target::Either | Target::Control => false,
    };
    admitted && who.order.auto_resume && !paused.files_only
}

/// What a request does to a file.
fn operation(method: &Method) -> Operation {
    match *method {
        Method::GET | Method::HEAD => Operation::Read,
        _ => Operation::Write,
    }
}

/// A router answers everything by itself.
async fn call(router: &mut Router, request: Request<Body>) -> Response {
    match router.call(request).await {
        Ok(response) => response,
        Err(never) => match never {},
    }
}

/// Answers of this class that are no failure of ours: a sandbox is gone, a call
/// is not offered, its files are full.
fn is_expected(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::BAD_GATEWAY | StatusCode::NOT_IMPLEMENTED | StatusCode::INSUFFICIENT_STORAGE
    )
}

/// The answer of a sandbox that lives; what failed because it ended meanwhile is
/// told as that.
fn unless_gone(lease: &Lease, response: Response) -> Response {
    if lease.gone.is_cancelled() && !response.status().is_success() {
        return gone(&lease.who.id);
    }
    response
}

/// The sandbox has ended. Clients look for the words.
fn gone(id: &str) -> Response {
    let id: String = id.chars().take(128).collect();
    let body = json!({"sandboxId": id, "message": "The sandbox was not found", "code": 502});
    (StatusCode::BAD_GATEWAY, axum::Json(body)).into_response()
}

/// Nothing listens there. Clients look for the words.
fn closed_port(id: &str, port: u16) -> Response {
    let body = json!({
        "sandboxId": id,
        "message": "The sandbox is running but port is not open",
        "port": port,
        "code": 502,
    });
    (StatusCode::BAD_GATEWAY, axum::Json(body)).into_response()
}
