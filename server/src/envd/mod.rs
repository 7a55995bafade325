//! The sandbox's own service: files, watches, processes, and what it is like
//! inside.

mod describe;
mod fault;
mod files;
mod filesystem;
mod folder;
mod inside;
mod path;
mod process;
mod user;

use axum::Router;
use axum::response::IntoResponse;
use axum::routing::{get, post};

pub(crate) use describe::describe;
pub(crate) use files::{Form, signature_of, signed_target};

use crate::connect::{Code, ConnectError};
use crate::refusal::Refusal;
use crate::shared::Shared;

/// All routes of the service. The lease of the sandbox is an extension of the
/// request; all but `/health` and `/files`, which looks for itself, have been
/// shown the sandbox's token.
pub(crate) fn router(shared: Shared) -> Router {
    let filesystem = Router::new()
        .route("/Stat", post(filesystem::stat))
        .route("/MakeDir", post(filesystem::make_dir))
        .route("/Move", post(filesystem::rename))
        .route("/ListDir", post(filesystem::list_dir))
        .route("/Remove", post(filesystem::remove))
        .route("/WatchDir", post(filesystem::watch_dir))
        .route("/CreateWatcher", post(filesystem::create_watcher))
        .route("/GetWatcherEvents", post(filesystem::get_watcher_events))
        .route("/RemoveWatcher", post(filesystem::remove_watcher))
        .fallback(no_method);
    let process = Router::new()
        .route("/Start", post(process::start))
        .route("/Connect", post(process::connect))
        .route("/List", post(process::list))
        .route("/SendInput", post(process::send_input))
        .route("/StreamInput", post(process::stream_input))
        .route("/CloseStdin", post(process::close_stdin))
        .route("/SendSignal", post(process::send_signal))
        .route("/Update", post(process::update))
        .fallback(no_method);
    Router::new()
        .route("/health", get(inside::health))
        .route("/envs", get(inside::environment))
        .route("/metrics", get(inside::metrics))
        .route("/files", get(files::read).post(files::write))
        .nest("/filesystem.Filesystem", filesystem)
        .nest("/process.Process", process)
        .fallback(nothing)
        .with_state(shared)
}

async fn no_method() -> impl IntoResponse {
    let error = ConnectError::new(Code::Unimplemented, "there is no such method");
    (axum::http::StatusCode::NOT_FOUND, axum::Json(error))
}

async fn nothing() -> impl IntoResponse {
    Refusal::not_found("there is nothing at this path")
}
