//! Sandcell as a server of the Model Context Protocol: a model runs code, keeps
//! variables and files, and copies or takes back what it did, in sandboxes of
//! this machine.
//!
//! An [`Mcp`] serves one client over standard input and output
//! ([`Mcp::serve_stdio`]) or any number of them over HTTP ([`Mcp::http`]). Each
//! client has a desk: a sandbox that is made with its first call, and further
//! ones by their ids. What is on a desk ends with the client's session.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sandcell::Runtime;
//! use sandcell_mcp::Mcp;
//!
//! let mcp = Mcp::builder(Runtime::open("python")?).language("python", None);
//! mcp.build().serve_stdio().await?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod answer;
mod capped;
mod desk;
mod handler;
mod http;
mod place;
mod run;
mod server;
mod source;
mod tools;

pub use http::HttpDoor;
pub use server::{Mcp, McpBuilder, ServeError};
