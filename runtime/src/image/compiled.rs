//! Compiled code of guest modules, kept in the private cache.
//!
//! A file's name is the digest of the module and the fingerprint of the engine
//! (wasmtime's version, its configuration, the processor). Beside it stands a
//! stamp; a file that is not as its stamp says is compiled anew.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use sandcell_sys::{PrivateFile, Stamp};

use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::image::folder::{create_private, make_private_folder};

/// The folder of compiled code in a cache.
#[derive(Debug, Clone)]
pub(crate) struct CompiledCode {
    folder: PathBuf,
}

impl CompiledCode {
    pub(crate) fn new(cache: &Path) -> Self {
        Self {
            folder: cache.join("compiled"),
        }
    }

    /// Where the code of a module is, or would be.
    pub(crate) fn path(&self, digest: &str, engine: &Engine) -> PathBuf {
        let short = digest.get(..32).unwrap_or(digest);
        self.folder
            .join(format!("{short}-{}.cwasm", engine.fingerprint()))
    }

    /// Loads the code of a module if it is there and unchanged.
    pub(crate) fn load(&self, digest: &str, engine: &Engine) -> Option<wasmtime::Module> {
        let path = self.path(digest, engine);
        let file = PrivateFile::open(&path).ok()?;
        let recorded = std::fs::read_to_string(stamp_path(&path)).ok()?;
        if recorded != render(file.stamp()) {
            return None;
        }
        engine.load(&path).ok()
    }

    /// Compiles a module, keeps the code, and loads it.
    pub(crate) fn compile(
        &self,
        wasm: &[u8],
        digest: &str,
        engine: &Engine,
    ) -> Result<wasmtime::Module> {
        make_private_folder(&self.folder)?;
        let code = engine.compile(wasm)?;
        let path = self.path(digest, engine);
        // Two threads may compile one module at the same time.
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let fresh = path.with_extension(format!("{}-{number}.new", std::process::id()));
        let _stale = std::fs::remove_file(&fresh);
        let mut file = create_private(&fresh)?;
        std::io::Write::write_all(&mut file, &code).map_err(Error::io("write", &fresh))?;
        file.sync_data().map_err(Error::io("sync", &fresh))?;
        drop(file);
        let stamp = PrivateFile::open(&fresh)
            .map_err(|error| Error::bug(error.to_string()))?
            .stamp();
        // The stamp first: a stamp without its file is harmless.
        std::fs::write(stamp_path(&path), render(stamp)).map_err(Error::io("write", &path))?;
        std::fs::rename(&fresh, &path).map_err(Error::io("rename", &fresh))?;
        engine
            .load(&path)
            .map_err(|reason| Error::Create { reason })
    }

    /// Removes the code of a module, whatever engine it is for.
    pub(crate) fn remove(&self, digest: &str) -> Result<()> {
        let short = digest.get(..32).unwrap_or(digest);
        let Ok(entries) = std::fs::read_dir(&self.folder) else {
            return Ok(());
        };
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(short) {
                std::fs::remove_file(entry.path()).map_err(Error::io("remove", entry.path()))?;
            }
        }
        Ok(())
    }
}

fn stamp_path(path: &Path) -> PathBuf {
    path.with_extension("stamp")
}

fn render(stamp: Stamp) -> String {
    format!("{} {}", stamp.bytes, stamp.modified_ns)
}
