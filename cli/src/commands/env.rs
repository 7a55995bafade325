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
    if arguments.tls {
        let authority = state.folder().join("ca.pem");
        if running.is_some_and(|running| running.tls_port.is_none()) {
            say(
                "note",
                Colour::Cyan,
                "the running server speaks no TLS; `sandcell serve --tls` does",
            );
        }
        // Names of sandboxes come from the server's answers.
        stdout.line("unset E2B_SANDBOX_URL")?;
        let authority = quoted(&authority.to_string_lossy());
        stdout.line(&format!("export SSL_CERT_FILE={authority}"))?;
        stdout.line(&format!("export NODE_EXTRA_CA_CERTS={authority}"))?;
    } else {
        stdout.line(&format!("export E2B_SANDBOX_URL=http://{host}:{port}"))?;
    }
    stdout.line(&format!("export SANDCELL_MCP_URL=http://{host}:{port}/mcp"))?;
    stdout.line(&format!("export SANDCELL_MCP_TOKEN={}", state.mcp_token()?))?;
    if arguments.legacy {
        stdout.line("export E2B_DEBUG=true")?;
    }
    Ok(ExitStatus::Success)
}

/// A text as a shell's word.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}
