//! `sandcell env`: what E2B's SDKs must be told.

use crate::args::{EnvArguments, PORT};
use crate::console::{Colour, Escapes, Output, say};
use crate::exit::{ExitStatus, Failure};
use crate::state::State;

pub(crate) fn execute(arguments: &EnvArguments) -> Result<ExitStatus, Failure> {
    let state = State::open(arguments.state_dir.as_deref())?;
    let key = state.key()?;
    let running = state.running();
    if running.is_none() && arguments.port.is_none() {
        say(
            "note",
            Colour::Cyan,
            "no server runs here yet; `sandcell serve` starts one",
        );
    }
    let port = running.map_or(PORT, |running| running.address.port());
    let port = arguments.port.unwrap_or(port);
    // Who listens on all addresses is asked at this one.
    let host = match running.map(|running| running.address.ip()) {
        Some(ip) if !ip.is_unspecified() && ip.is_ipv6() => format!("[{ip}]"),
        Some(ip) if !ip.is_unspecified() => ip.to_string(),
        _ => "127.0.0.1".to_owned(),
    };
    let mut stdout = Output::stdout(Escapes::Shown);
    stdout.line(&format!("export E2B_API_KEY={key}"))?;
    stdout.line(&format!("export E2B_API_URL=http://{host}:{port}"))?;
    stdout.line(&format!("export E2B_SANDBOX_URL=http://{host}:{port}"))?;
    if arguments.legacy {
        stdout.line("export E2B_DEBUG=true")?;
    }
    Ok(ExitStatus::Success)
}
