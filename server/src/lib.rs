//! The E2B wire protocol over the Sandcell runtime: unmodified SDKs work against
//! this machine.
//!
//! A [`Server`] serves one or more listeners that it is given; it opens no port
//! by itself. One port carries the control plane (sandboxes are made, found and
//! ended with a key), the code interpreter and the files of each sandbox (with
//! tokens that its maker is given).
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use sandcell::Runtime;
//! use sandcell_server::{Server, new_key};
//! use tokio::net::TcpListener;
//!
//! let key = new_key();
//! let listener = TcpListener::bind("127.0.0.1:0").await?;
//! println!("E2B_API_KEY={key} E2B_API_URL=http://{}", listener.local_addr()?);
//! let server = Server::builder(Runtime::open("python")?).key(&key);
//! server.serve(vec![listener], std::future::pending()).await?;
//! # Ok(())
//! # }
//! ```

#![forbid(unsafe_code)]

mod access;
mod body;
mod clock;
#[doc(hidden)]
pub mod conformance;
mod connect;
mod control;
mod envd;
mod gateway;
mod interpreter;
mod lease;
mod openapi;
mod refusal;
mod route;
mod secret;
mod serve;
mod server;
mod settings;
mod shared;
mod stall;
mod store;
mod telemetry;
mod tls;

pub use secret::new_key;
pub use server::{Server, ServerBuilder};
pub use tls::Certificate;
