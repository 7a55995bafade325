//! What the server is told at its start.

use sandcell::Limits;

use crate::secret::Secret;

/// Who may use the control plane.
#[derive(Debug, Clone)]
pub(crate) enum KeyRule {
    /// Who knows this key.
    Only(Secret),
    /// Everybody who names some key.
    Any,
}

/// Settings of a server, all but its listeners.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) keys: KeyRule,
    /// Limits of each sandbox.
    pub(crate) limits: Limits,
    /// Sandboxes that live at once.
    pub(crate) sandboxes: usize,
    /// Connections that are open at once; more wait.
    pub(crate) connections: usize,
    /// Streams (executions, watches) that are open at once.
    pub(crate) streams: usize,
    /// Names by which this server may be called, besides addresses and
    /// `localhost`.
    pub(crate) hosts: Vec<String>,
    /// Web pages that may use it: values of the header `Origin`.
    pub(crate) origins: Vec<String>,
    /// Opens the sandbox `debug_sandbox_id`, which asks for no token.
    pub(crate) debug_sandbox: bool,
    /// Opens `/mcp` to whoever shows this token.
    pub(crate) mcp_token: Option<Secret>,
    /// The port of 127.0.0.1 that speaks TLS, if one does.
    pub(crate) tls_port: Option<u16>,
    /// What the answers of create and connect name as domain.
    pub(crate) domain: String,
}

/// Seconds that a sandbox lives when nobody says otherwise.
pub(crate) const DEFAULT_TIMEOUT: u64 = 300;

/// Seconds that older clients' resumed sandboxes live when nobody says otherwise.
pub(crate) const RESUME_TIMEOUT: u64 = 15;

/// The longest life of a sandbox in seconds: a week, extended as often as one
/// likes.
pub(crate) const MAX_TIMEOUT: u64 = 7 * 24 * 3600;

/// The version of the file and process protocol that the answers announce.
pub(crate) const ENVD_VERSION: &str = "0.6.4";

/// The domain of a server that has no port to name.
pub(crate) const DOMAIN: &str = "e2b.localhost";
