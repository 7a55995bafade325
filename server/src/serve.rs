//! Taking connections.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::route::Door;
use crate::shared::Shared;
use crate::stall::Patient;
use crate::tls::Certificate;

/// Bytes of all headers of a request, and of what is read ahead of a body.
const BUFFER: usize = 64 << 10;

/// Headers of a request.
const HEADERS: usize = 128;

/// How long a connection may wait for a request, or for the rest of its headers.
const HEAD: Duration = Duration::from_secs(120);

/// How long requests that are under way may take to end when the server ends.
const FAREWELL: Duration = Duration::from_secs(10);

/// How often what sandboxes use is sampled.
const SAMPLE: Duration = Duration::from_secs(5);

/// How long a client may take to agree on a key.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// Listeners, the last of which may speak TLS.
pub(crate) struct Listeners {
    all: Vec<(TcpListener, Option<TlsAcceptor>)>,
}

impl Listeners {
    pub(crate) fn new(listeners: Vec<TcpListener>, tls: Option<&Certificate>) -> Self {
        let mut all: Vec<_> = listeners.into_iter().map(|one| (one, None)).collect();
        if let (Some((_, acceptor)), Some(tls)) = (all.last_mut(), tls) {
            *acceptor = Some(tls.acceptor().clone());
        }
        Self { all }
    }
}

/// Serves until `end` comes, then lets requests that are under way end and ends
/// all sandboxes.
pub(crate) async fn serve(shared: Shared, listeners: Listeners, end: impl Future<Output = ()>) {
    let ending = CancellationToken::new();
    let tasks = TaskTracker::new();
    let places = Arc::new(Semaphore::new(shared.settings.connections));
    let door = Door::new(Arc::clone(&shared));
    for (listener, tls) in listeners.all {
        let taking = take(
            listener,
            tls,
            door.clone(),
            Arc::clone(&shared),
            Arc::clone(&places),
            ending.clone(),
            tasks.clone(),
        );
        tasks.spawn(taking);
    }
    tasks.spawn(sample(Arc::clone(&shared), ending.clone()));
    end.await;
    tracing::info!("ending: no more requests are taken");
    ending.cancel();
    if let Some(tools) = &shared.tools {
        tools.end();
    }
    tasks.close();
    if tokio::time::timeout(FAREWELL, tasks.wait()).await.is_err() {
        tracing::warn!("some requests did not end in time and are cut");
    }
    shared.registry.clear();
}

async fn take(
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    door: Door,
    shared: Shared,
    places: Arc<Semaphore>,
    ending: CancellationToken,
    tasks: TaskTracker,
) {
    loop {
        // Who comes while all places are taken waits in the system's queue.
        let place = tokio::select! {
            () = ending.cancelled() => return,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = ending.cancelled() => return,
            accepted = listener.accept() => accepted,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                pause_after(&error).await;
                continue;
            }
        };
        shared.counters.connections.add(1);
        let (door, ending, tls) = (door.clone(), ending.clone(), tls.clone());
        tasks.spawn(async move {
            greet(stream, tls, door, ending).await;
            drop(place);
        });
    }
}

/// Without descriptors there is nothing to do but to wait for some.
async fn pause_after(error: &io::Error) {
    if matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset
    ) {
        return;
    }
    tracing::error!(%error, "cannot take a connection");
    tokio::time::sleep(Duration::from_millis(100)).await;
}

/// Agrees on a key first, where the listener wants one.
async fn greet(stream: TcpStream, tls: Option<TlsAcceptor>, door: Door, ending: CancellationToken) {
    // Events are small and shall not wait for each other.
    let _best_effort = stream.set_nodelay(true);
    let Some(tls) = tls else {
        return connection(stream, door, ending).await;
    };
    let agreed = tokio::select! {
        () = ending.cancelled() => return,
        agreed = tokio::time::timeout(HANDSHAKE, tls.accept(stream)) => agreed,
    };
    match agreed {
        Ok(Ok(stream)) => connection(stream, door, ending).await,
        Ok(Err(error)) => tracing::debug!(%error, "no key was agreed on"),
        Err(_) => tracing::debug!("no key was agreed on in time"),
    }
}

async fn connection<S>(stream: S, door: Door, ending: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let door = door.clone();
        async move { Ok::<_, Infallible>(door.answer(request.map(Body::new)).await) }
    });
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .max_headers(HEADERS)
        .half_close(false)
        .serve_connection(TokioIo::new(Patient::new(stream)), service);
    let mut connection = pin!(connection);
    let served = tokio::select! {
        served = connection.as_mut() => served,
        () = ending.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = served {
        tracing::debug!(%error, "a connection ended");
    }
}

/// Takes a sample of each sandbox from time to time.
async fn sample(shared: Shared, ending: CancellationToken) {
    let mut ticks = tokio::time::interval(SAMPLE);
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = ending.cancelled() => return,
            _ = ticks.tick() => {}
        }
        for lease in shared.registry.all() {
            tokio::spawn(async move { lease.samples.take(&lease.sandbox).await });
        }
    }
}
