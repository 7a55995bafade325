//! The command lines of `sandcell serve` and `sandcell env`, which names a server.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::Args;

use crate::size;

/// The port of the server when nobody says otherwise.
pub(crate) const PORT: u16 = 49980;

/// Where it speaks TLS, if it is to.
pub(crate) const TLS_PORT: u16 = 49981;

/// How to serve.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sandcell serve
  sandcell serve --port 8080 --memory 1G
  sandcell serve --allow-origin http://localhost:3000")]
pub(crate) struct ServeArguments {
    /// Port to listen on; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = PORT)]
    pub(crate) port: u16,

    /// Address to listen on; others than those of this machine are within reach of the network
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) address: IpAddr,

    /// Take any API key, for throw-away use
    #[arg(long)]
    pub(crate) any_key: bool,

    /// Listen on 127.0.0.1:49999 and 127.0.0.1:49983 as well, where older SDKs look
    ///
    /// For code interpreter packages before 2.9 (Python) and 2.7 (JavaScript);
    /// `sandcell env --legacy` prints what they need.
    #[arg(long)]
    pub(crate) legacy: bool,

    /// Speak TLS on a port of 127.0.0.1 as well, where clients look that take sandboxes' names only
    ///
    /// By an authority of this machine's own, which can vouch for it alone;
    /// `sandcell env --tls` prints what clients need. The older SDKs have their
    /// whole surface that way, and `get_mcp_url` is right.
    #[arg(long)]
    pub(crate) tls: bool,

    /// Port of --tls; 0 for any free one
    #[arg(long, value_name = "N", default_value_t = TLS_PORT, requires = "tls")]
    pub(crate) tls_port: u16,

    /// Open the sandbox `debug_sandbox_id`, which asks for no key and no token
    #[arg(long)]
    pub(crate) debug_sandbox: bool,

    /// Name by which this server may be called, besides addresses and localhost
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_host: Vec<String>,

    /// Let code in sandboxes install packages of Python alone: `pip install NAME` in a cell
    ///
    /// pip of this machine fetches them, and the sandbox is handed files. Code in
    /// sandboxes then decides which names this machine asks its package index for.
    #[arg(long)]
    pub(crate) allow_pip: bool,

    /// Web page that may use this server, for example http://localhost:3000; * for all
    #[arg(long, value_name = "ORIGIN")]
    pub(crate) allow_origin: Vec<String>,

    /// Sandboxes that may live at once [default: 4096]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_sandboxes: Option<u32>,

    /// Bytes that paused sandboxes and snapshots may take on disk together [default: 64G]
    #[arg(long, value_name = "SIZE", value_parser = size::bytes)]
    pub(crate) max_saved: Option<u64>,

    /// Image that sandboxes start from: a name, or the path of an exported image
    /// [default: data if it is built and up to date, else python]
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) image: Option<PathBuf>,

    /// Memory limit of each sandbox's interpreters [default: 512M, at most 4G]
    #[arg(long, value_name = "SIZE", value_parser = size::bytes)]
    pub(crate) memory: Option<u64>,

    /// Raise a second wall around the server: Landlock and seccomp
    ///
    /// What got out of a guest would find no file but the state folder and, to
    /// read, the cache; no program to run, no other process, no new connection.
    /// Needs Linux 5.13 with Landlock; on a kernel without it the server does not
    /// start.
    #[arg(long)]
    pub(crate) harden: bool,

    /// Make what the server needs in the cache, and end
    #[arg(long, hide = true)]
    pub(crate) prepare: bool,

    /// Folder of the key and of the server's state
    ///
    /// Default: $SANDCELL_STATE, else $XDG_STATE_HOME/sandcell, else
    /// ~/.local/state/sandcell.
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Say more on standard error: each request, without its secrets
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

/// Which server to speak to.
#[derive(Debug, Args)]
pub(crate) struct EnvArguments {
    /// Port of the server [default: that of the running one, else 49980]
    #[arg(long, value_name = "N")]
    pub(crate) port: Option<u16>,

    /// For older SDKs and `sandcell serve --legacy`
    #[arg(long)]
    pub(crate) legacy: bool,

    /// Folder of the key and of the server's state
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// For a server with --tls: sandboxes by names below localhost
    #[arg(long, conflicts_with = "legacy")]
    pub(crate) tls: bool,
}
