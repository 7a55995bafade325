//! A snapshot to a file.

use std::fs::{File, OpenOptions};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::engine::GuestState;
use crate::error::{Error, Result};
use crate::snapshot::digest::{Digested, PREFIX_BYTES};
use crate::snapshot::head::{Head, SavedContext, SavedState, since_epoch};
use crate::snapshot::{Durability, Inner};

/// Bytes of pages that are in memory at once.
const BUFFER_BYTES: usize = 256 << 10;

/// Writes a new file beside `path`, then moves it there.
pub(super) fn save(snapshot: &Inner, path: &Path, durability: Durability) -> Result<()> {
    let fresh = beside(path);
    let written = write(snapshot, &fresh, durability).and_then(|()| {
        std::fs::rename(&fresh, path).map_err(Error::io("replace", path))?;
        match durability {
            Durability::Process => Ok(()),
            Durability::Machine => sync_folder(path),
        }
    });
    if written.is_err() {
        let _left_over = std::fs::remove_file(&fresh);
    }
    written
}

/// A name that no other writer uses.
fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{:016x}.new", rand::random::<u64>()));
    path.with_file_name(name)
}

fn sync_folder(path: &Path) -> Result<()> {
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let sync = File::open(folder).and_then(|folder| folder.sync_all());
    sync.map_err(Error::io("sync", folder))
}

fn write(snapshot: &Inner, path: &Path, durability: Durability) -> Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .map_err(Error::io("create", path))?;
    let io = || Error::io("write", path);
    file.write_all(&[0; PREFIX_BYTES]).map_err(io())?;
    let mut body = Digested::new(BufWriter::with_capacity(BUFFER_BYTES, file), &snapshot.key);
    write_body(snapshot, &mut body).map_err(|error| match error {
        Unwritten::Io(error) => io()(error),
        Unwritten::Other(error) => error,
    })?;
    let (buffered, prefix) = body.finish();
    let mut file = buffered
        .into_inner()
        .map_err(|error| io()(error.into_error()))?;
    file.seek(SeekFrom::Start(0)).map_err(io())?;
    file.write_all(&prefix.to_bytes()).map_err(io())?;
    if durability == Durability::Machine {
        file.sync_all().map_err(io())?;
    }
    Ok(())
}

#[derive(Debug)]
pub(super) enum Unwritten {
    Io(std::io::Error),
    Other(Error),
}

impl From<std::io::Error> for Unwritten {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

impl From<Error> for Unwritten {
    fn from(error: Error) -> Self {
        Self::Other(error)
    }
}

impl From<crate::files::SavedError> for Unwritten {
    fn from(error: crate::files::SavedError) -> Self {
        match error {
            crate::files::SavedError::Write { kind, .. } => Self::Io(kind.into()),
            other => Self::Io(std::io::Error::other(other)),
        }
    }
}

pub(super) fn write_body(
    snapshot: &Inner,
    out: &mut impl Write,
) -> std::result::Result<(), Unwritten> {
    let head = serde_json::to_vec(&head(snapshot)).map_err(std::io::Error::other)?;
    let len = u32::try_from(head.len()).map_err(std::io::Error::other)?;
    out.write_all(&len.to_le_bytes())?;
    out.write_all(&head)?;
    snapshot.tree.save(out)?;
    let states = || {
        let starts = snapshot.contexts.iter().map(|(_, start)| start);
        starts.filter_map(|start| start.state.as_deref())
    };
    for state in states() {
        state.descriptors.save(&snapshot.tree, out)?;
    }
    for state in states() {
        write_pages(state, out)?;
    }
    Ok(())
}

fn write_pages(state: &GuestState, out: &mut impl Write) -> std::result::Result<(), Unwritten> {
    let mut buffer = vec![0; BUFFER_BYTES];
    for piece in state.pieces() {
        let mut start = 0;
        while start < piece.run.byte_len() {
            let len = BUFFER_BYTES.min(piece.run.byte_len() - start);
            let chunk = buffer.get_mut(..len).unwrap_or_default();
            state.read(&piece, start, chunk)?;
            out.write_all(chunk)?;
            start += len;
        }
    }
    Ok(())
}

fn head(snapshot: &Inner) -> Head {
    let contexts = snapshot.contexts.iter().map(|(id, start)| SavedContext {
        id: id.to_string(),
        image: start
            .image
            .as_ref()
            .map(|image| (image.name().to_owned(), image.id().to_owned())),
        after: start.after,
        state: start.state.as_ref().map(|state| SavedState {
            memory_bytes: state.memory_bytes,
            runs: state
                .saved_runs()
                .iter()
                .map(|run| (run.first, run.count))
                .collect(),
            globals: state.globals.clone(),
            monotonic_ns: state.clocks.monotonic_ns,
            passed_ns: state.clocks.passed_ns,
            random: state.random,
        }),
    });
    Head {
        id: snapshot.id.to_string(),
        sandbox: snapshot.sandbox.to_string(),
        created_ns: since_epoch(snapshot.created),
        image: snapshot.image.0.clone(),
        image_id: snapshot.image.1.clone(),
        environment: snapshot.environment.clone(),
        limits: (&snapshot.limits).into(),
        determinism: snapshot.determinism.map(Into::into),
        first: snapshot.first.to_string(),
        contexts: contexts.collect(),
    }
}
