//! `pip install NAME` in a cell, where the embedder allows it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sandcell::{HostError, SandboxBuilder};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::Semaphore;

use super::requirement::{is_name, is_version};
use super::{Present, Requirement, Store, Wheel};

/// The kernel calls these; its users do not see them.
const RESOLVE: &str = "_sandcell_pip_resolve";
const READ: &str = "_sandcell_pip_read";
/// Most packages that a guest may say it has.
const PRESENT: usize = 4096;
/// Bytes of a wheel that go to the guest at once.
const PIECE: u64 = 2 << 20;
/// Calls of pip at the same time, in the whole process.
static AT_ONCE: Semaphore = Semaphore::const_new(2);

#[derive(Debug, Deserialize)]
struct Request {
    requirements: Vec<String>,
    present: Vec<(String, String)>,
}

#[derive(Debug, Deserialize)]
struct Piece {
    sha256: String,
    offset: u64,
}

/// Lets code in the sandbox install packages of Python alone by name, through the
/// pip of this machine: `pip install NAME` and `%pip install NAME` in cells and
/// scripts. The sandbox is handed files; it does not see the network.
///
/// Off by default: with it, code in the sandbox can make this machine ask its
/// package index for any name, and so tell whoever runs the index something.
///
/// Only contexts over the sandbox's own image have it, which has to be one of
/// Python: contexts of another language beside it see nothing of it.
///
/// Bounds: as [`Store::resolve`]; two calls of pip at once in a process. A package
/// installed this way is in the files of the sandbox, and in its snapshots.
pub fn allow_pip(builder: SandboxBuilder, store: &Store) -> SandboxBuilder {
    // What this sandbox may read: only wheels that were resolved for it.
    let resolved: Arc<Mutex<BTreeMap<String, Wheel>>> = Arc::default();
    let (store, readable) = (store.clone(), Arc::clone(&resolved));
    builder
        .own_host_function(RESOLVE, None, move |arguments| {
            resolve(arguments, store.clone(), Arc::clone(&resolved))
        })
        .own_host_function(READ, None, move |arguments| {
            let piece = serde_json::from_value::<Piece>(arguments).map_err(|_| malformed());
            let file = piece.and_then(|piece| {
                let wheels = readable.lock().unwrap_or_else(PoisonError::into_inner);
                let wheel = wheels.get(&piece.sha256).ok_or_else(malformed)?;
                Ok((wheel.clone(), piece.offset))
            });
            async move {
                let (wheel, offset) = file?;
                blocking(move || read(&wheel, offset)).await
            }
        })
}

async fn resolve(
    arguments: Value,
    store: Store,
    resolved: Arc<Mutex<BTreeMap<String, Wheel>>>,
) -> Result<Value, HostError> {
    let request: Request = serde_json::from_value(arguments).map_err(|_| malformed())?;
    if request.present.len() > PRESENT {
        return Err(malformed());
    }
    let wanted = request
        .requirements
        .iter()
        .map(|text| text.parse::<Requirement>())
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| failed(&error))?;
    let present: Vec<_> = request
        .present
        .into_iter()
        .filter(|(name, version)| is_name(name) && is_version(version))
        .map(|(name, version)| Present { name, version })
        .collect();
    let _turn = AT_ONCE.acquire().await.map_err(|_| malformed())?;
    let wheels = blocking(move || {
        store
            .resolve(&wanted, &present)
            .map_err(|error| failed(&error))
    });
    let wheels = wheels.await?;
    let told = wheels
        .iter()
        .map(|wheel| {
            let name = wheel.file.file_name().unwrap_or_default();
            json!({"file": name.to_string_lossy(), "sha256": wheel.sha256, "bytes": wheel.bytes})
        })
        .collect();
    let mut known = resolved.lock().unwrap_or_else(PoisonError::into_inner);
    known.extend(
        wheels
            .into_iter()
            .map(|wheel| (wheel.sha256.clone(), wheel)),
    );
    Ok(Value::Array(told))
}

fn read(wheel: &Wheel, offset: u64) -> Result<Value, HostError> {
    let read = || -> io::Result<Vec<u8>> {
        let length = wheel.bytes.saturating_sub(offset).min(PIECE);
        let mut piece = vec![0; usize::try_from(length).unwrap_or(0)];
        File::open(&wheel.file)?.read_exact_at(&mut piece, offset)?;
        Ok(piece)
    };
    let piece = read().map_err(|_| HostError::new("the wheel is not in the store any more"))?;
    Ok(Value::String(STANDARD.encode(piece)))
}

/// Keeps work that waits for files and programs from the threads that run guests.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, HostError> + Send + 'static,
) -> Result<T, HostError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| HostError::new("the host gave up"))?
}

fn malformed() -> HostError {
    HostError::new("the host did not understand the request")
}

/// What pip said is told; where the host keeps its files is not.
fn failed(error: &super::PackageError) -> HostError {
    let message = match error {
        super::PackageError::Io { operation, .. } => format!("the host cannot {operation} a file"),
        other => other.to_string(),
    };
    HostError::named("PackageNotAvailable", message)
}
