//! Compiled modules from the private cache.

use wasmtime::{Engine, Module};

use crate::private_file::PrivateFile;

/// Loads a module that [`wasmtime::Module::serialize`] wrote into `file`.
///
/// The file is native code, and what makes loading it safe is where it comes
/// from: the caller hands in a [`PrivateFile`], which nobody but the user could
/// have written, and which `runtime/src/image/compiled.rs` writes only from the
/// output of the compiler, under a name that is the hash of its input.
///
/// # Errors
/// wasmtime refuses a file of another version, configuration or processor.
pub fn load_module(engine: &Engine, file: PrivateFile) -> wasmtime::Result<Module> {
    // SAFETY: the bytes were produced by this project's own call of
    // `Module::serialize` and only the user can write to the file (checked when
    // it was opened), see above.
    unsafe { Module::deserialize_open_file(engine, file.into_file()) }
}
