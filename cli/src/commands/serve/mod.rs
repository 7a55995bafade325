//! `sandcell serve`: the E2B protocol on this machine.

mod wall;

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use sandcell::{Limits, Runtime, RuntimeBuilder};
use sandcell_python::packages::{Store, allow_pip};
use sandcell_server::{Certificate, Server, ServerBuilder};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::args::ServeArguments;
use crate::console::{Colour, Escapes, Output, say};
use crate::exit::{ExitStatus, Failure};
use crate::language;
use crate::open;
use crate::state::State;

/// Where SDKs of older generations look for the code interpreter and for files.
const LEGACY_PORTS: [u16; 2] = [49999, 49983];

/// Guests that are kept ready.
const WARM: usize = 4;

pub(crate) fn execute(arguments: &ServeArguments) -> Result<ExitStatus, Failure> {
    log(arguments.verbose);
    if arguments.prepare {
        return wall::prepare(arguments);
    }
    let state = State::open(arguments.state_dir.as_deref())?;
    let key = state.key()?;
    let mcp_token = state.mcp_token()?;
    let claim = state.claim()?;
    let mut listeners = listen(arguments)?;
    let tls = tls(arguments, &state, &mut listeners)?;
    if arguments.harden {
        wall::around_files(arguments, &state)?;
    }
    // Guests have threads of their own, so that busy ones do not keep requests
    // waiting.
    let guests = threads("guest")?;
    threads("server")?.block_on(async {
        let listeners = on_this_runtime(listeners)?;
        let mut settings = Runtime::builder()
            .warm(WARM)
            .handle(guests.handle().clone());
        if arguments.harden {
            settings = settings.spill_folder(state.folder());
        }
        let Opened {
            image,
            runtime,
            second,
        } = open_images(arguments, settings).await?;
        let address = address(&listeners)?;
        let tls_port = tls.as_ref().map(|(_, port)| *port);
        state.publish(&claim, address, tls_port)?;
        let mut signals = Signals::new()?;
        if arguments.harden {
            wall::around_calls()?;
        }
        announce(address)?;
        let mut server = server(arguments, runtime, &key, state.sandboxes()).mcp(&mcp_token);
        if let Some((certificate, _)) = tls {
            server = server.tls(certificate);
        }
        if language::has_braces(&image) {
            server = server.only_javascript();
        } else if let Some(image) = second {
            server = server.javascript(image);
        }
        let (end, ended) = oneshot::channel();
        let serving = server.serve(listeners, async {
            // A sender that is gone is an end as well.
            let _ended = ended.await;
        });
        tokio::select! {
            served = serving => {
                served.map_err(|error| Failure::own(format!("cannot serve: {error}")))
            }
            () = signals.twice(end) => {
                warn("told twice to end: requests that were under way are cut");
                Ok(())
            }
        }
    })?;
    // Guests that are still busy are not waited for.
    guests.shutdown_background();
    Ok(ExitStatus::Success)
}

/// What the server's sandboxes are made of.
struct Opened {
    image: PathBuf,
    runtime: Runtime,
    second: Option<&'static str>,
}

/// Opens the images, and builds what is missing.
async fn open_images(
    arguments: &ServeArguments,
    settings: RuntimeBuilder,
) -> Result<Opened, Failure> {
    let image = arguments.image.clone().unwrap_or_else(open::fullest_image);
    if arguments.allow_pip && language::has_braces(&image) {
        return Err(Failure::usage(format!(
            "--allow-pip is for images of Python; `{}` has no pip",
            image.display()
        )));
    }
    if let Err(failure) = open::ensure_tools().await {
        warn(&format!(
            "{failure}; commands find the shell and languages only"
        ));
    }
    let runtime = open::runtime_with(&image, settings).await?;
    let second = second_language(&image, &runtime).await?;
    Ok(Opened {
        image,
        runtime,
        second,
    })
}

/// The image of JavaScript beside one of another language, built if it is missing
/// and ready for use.
async fn second_language(image: &Path, runtime: &Runtime) -> Result<Option<&'static str>, Failure> {
    if language::has_braces(image) {
        return Ok(None);
    }
    let second = language::JAVASCRIPT;
    open::ensure(runtime.cache(), second).await?;
    runtime.load_image(second)?;
    Ok(Some(second))
}

fn server(
    arguments: &ServeArguments,
    runtime: Runtime,
    key: &str,
    state: PathBuf,
) -> ServerBuilder {
    let store = Store::new(runtime.cache().path());
    let mut limits = Limits::default();
    // A sandbox ends by itself; a cell in it may take until then.
    limits.wall = None;
    if let Some(memory) = arguments.memory {
        limits.memory_bytes = memory;
    }
    let mut server = Server::builder(runtime)
        .key(key)
        .limits(limits)
        .state(state);
    if arguments.any_key {
        server = server.any_key();
    }
    if arguments.debug_sandbox {
        warn("the sandbox `debug_sandbox_id` is open to whoever reaches the port");
        server = server.debug_sandbox();
    }
    if let Some(count) = arguments.max_sandboxes {
        server = server.sandboxes(usize::try_from(count).unwrap_or(usize::MAX));
    }
    if let Some(bytes) = arguments.max_saved {
        server = server.saved_bytes(bytes);
    }
    if arguments.allow_pip {
        warn("code in sandboxes decides what pip of this machine asks its package index for");
        server = server.prepare(move |builder| allow_pip(builder, &store));
    }
    for name in &arguments.allow_host {
        server = server.allow_host(name);
    }
    for origin in &arguments.allow_origin {
        server = server.allow_origin(origin);
    }
    server
}

fn threads(name: &str) -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_multi_thread()
        .thread_name(name)
        .enable_all()
        .build()
        .map_err(|error| Failure::own(format!("cannot start: {error}")))
}

fn warn(message: &str) {
    say("warning", Colour::Yellow, message);
}

fn listen(arguments: &ServeArguments) -> Result<Vec<TcpListener>, Failure> {
    if !arguments.address.is_loopback() {
        warn("the server is within reach of other machines; whoever has the key runs code here");
    }
    let mut listeners = vec![bind(arguments.address, arguments.port, "--port")?];
    if arguments.legacy {
        for port in LEGACY_PORTS {
            let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
            listeners.push(bind(local, port, "--legacy")?);
        }
    }
    Ok(listeners)
}

/// A certificate and its port, if there is to be TLS; its listener comes last.
fn tls(
    arguments: &ServeArguments,
    state: &State,
    listeners: &mut Vec<TcpListener>,
) -> Result<Option<(Certificate, u16)>, Failure> {
    if !arguments.tls {
        return Ok(None);
    }
    let certificate = Certificate::in_folder(state.folder())
        .map_err(|error| Failure::own(format!("cannot make a certificate: {error}")))?;
    let local = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let listener = bind(local, arguments.tls_port, "--tls-port")?;
    let port = listener.local_addr().map(|address| address.port());
    let port = port.map_err(|error| cannot_listen(&error))?;
    listeners.push(listener);
    Ok(Some((certificate, port)))
}

fn bind(address: IpAddr, port: u16, option: &str) -> Result<TcpListener, Failure> {
    let place = SocketAddr::new(address, port);
    TcpListener::bind(place).map_err(|error| {
        if error.kind() != io::ErrorKind::AddrInUse {
            return Failure::own(format!("cannot listen on {place}: {error}"));
        }
        let failure = Failure::own(format!("port {port} of {address} is taken"));
        failure.hint(match option {
            "--port" => "end the program that has it, or choose another one with `--port N`",
            "--tls-port" => {
                "end the program that has it, or choose another one with `--tls-port N`"
            }
            _ => "end the program that has it, or leave out `--legacy`",
        })
    })
}

/// The same listeners, for tasks of the runtime that this is called on.
fn on_this_runtime(listeners: Vec<TcpListener>) -> Result<Vec<tokio::net::TcpListener>, Failure> {
    let turned = listeners.into_iter().map(|listener| {
        listener.set_nonblocking(true)?;
        tokio::net::TcpListener::from_std(listener)
    });
    turned
        .collect::<io::Result<_>>()
        .map_err(|error| cannot_listen(&error))
}

fn cannot_listen(error: &io::Error) -> Failure {
    Failure::own(format!("cannot listen: {error}"))
}

fn address(listeners: &[tokio::net::TcpListener]) -> Result<SocketAddr, Failure> {
    let first = listeners.first().map(tokio::net::TcpListener::local_addr);
    first
        .unwrap_or_else(|| Err(io::ErrorKind::NotFound.into()))
        .map_err(|error| cannot_listen(&error))
}

/// The signals by which somebody wants the server to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| Failure::own(format!("cannot wait for signals: {error}")))
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Drops `end` at the first signal, and comes at the second.
    async fn twice(&mut self, end: oneshot::Sender<()>) {
        self.next().await;
        drop(end);
        self.next().await;
    }
}

fn announce(address: SocketAddr) -> Result<(), Failure> {
    let mut stdout = Output::stdout(Escapes::Shown);
    stdout.line(&format!("listening on http://{address}"))?;
    say(
        "hint",
        Colour::Cyan,
        "in another terminal, `eval \"$(sandcell env)\"` points E2B's SDKs here",
    );
    Ok(())
}

/// Sends what happens to standard error: the server's own words, and what troubles
/// the libraries below it.
fn log(verbose: bool) {
    let level = if verbose {
        tracing_subscriber::filter::LevelFilter::DEBUG
    } else {
        tracing_subscriber::filter::LevelFilter::INFO
    };
    let libraries = tracing_subscriber::filter::LevelFilter::WARN;
    let wanted = tracing_subscriber::filter::Targets::new()
        .with_default(libraries)
        .with_target("sandcell", level)
        .with_target("sandcell_server", level);
    tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .with_ansi(io::IsTerminal::is_terminal(&io::stderr()))
        .with_writer(io::stderr)
        .finish()
        .with(wanted)
        .init();
}
