//! From the command line to a running sandbox.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sandcell::{Cache, Determinism, Limits, Runtime, RuntimeBuilder, SandboxBuilder, Snapshot};

use crate::args::SandboxArguments;
use crate::exit::Failure;
use crate::input::text;
use crate::language::{self, BuildSettings};
use crate::mount::Mount;
use crate::patience::Patience;
use crate::progress::Display;
use crate::saved::Saved;

/// Where the clock stands at the start of a run with a seed: 2026-01-01, in
/// seconds since 1970.
const FIXED_CLOCK: u64 = 1_767_225_600;

/// The tokio runtime of the process. One thread runs guests and writes what
/// they show: no step from thread to thread lies between a print and its bytes.
pub(crate) fn reactor() -> Result<tokio::runtime::Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::own(format!("cannot start: {error}")))
}

/// The limits that the command line asks for.
pub(crate) fn limits(arguments: &SandboxArguments) -> Limits {
    let mut limits = Limits::default();
    if let Some(memory) = arguments.memory {
        limits.memory_bytes = memory;
    }
    if let Some(timeout) = arguments.timeout {
        limits.wall = timeout.0;
    }
    if let Some(output) = arguments.output_limit {
        limits.output_bytes = output;
    }
    limits.fuel = arguments.fuel;
    limits
}

/// What the command line asks for, of which a sandbox can be started. The image
/// is built first if it is missing.
pub(crate) async fn builder(
    arguments: &SandboxArguments,
    image: &Path,
    snapshot: Option<&Saved>,
) -> Result<SandboxBuilder, Failure> {
    let environment = environment(arguments)?;
    let mounts = arguments.mount.iter().map(Mount::parse);
    let mounts = mounts.collect::<Result<Vec<_>, _>>()?;
    let runtime = runtime(image).await?;
    let mut builder: SandboxBuilder = match snapshot {
        None => runtime.sandbox().limits(limits(arguments)),
        Some(place) => {
            let snapshot = load(&runtime, &place.to_read()?, &mounts).await?;
            changed_limits(runtime.sandbox().snapshot(&snapshot), arguments)
        }
    };
    for (name, value) in environment {
        builder = builder.env(name, value);
    }
    for mount in mounts.into_iter().filter(|_| snapshot.is_none()) {
        builder = builder.mount(mount.guest, mount.host, mount.access);
    }
    if let Some(seed) = arguments.seed {
        builder = builder.determinism(Determinism {
            seed,
            start: SystemTime::UNIX_EPOCH + Duration::from_secs(FIXED_CLOCK),
        });
    }
    Ok(builder)
}

/// Reads a snapshot, with the folders of the host that are in it.
pub(crate) async fn load(
    runtime: &Runtime,
    path: &Path,
    mounts: &[Mount],
) -> Result<Snapshot, Failure> {
    let mut file = runtime.snapshot_file(path);
    for mount in mounts {
        file = file.mount(&mount.guest, &mount.host, mount.access);
    }
    Ok(file.load().await?)
}

/// The limits that the command line names, in place of those of a snapshot.
fn changed_limits(mut builder: SandboxBuilder, arguments: &SandboxArguments) -> SandboxBuilder {
    if let Some(memory) = arguments.memory {
        builder = builder.memory_bytes(memory);
    }
    if let Some(timeout) = arguments.timeout {
        builder = builder.wall(timeout.0);
    }
    if let Some(output) = arguments.output_limit {
        builder = builder.output_bytes(output);
    }
    if arguments.fuel.is_some() {
        builder = builder.fuel(arguments.fuel);
    }
    builder
}

/// A runtime over an image, which is built first if it is missing.
pub(crate) async fn runtime(image: &Path) -> Result<Runtime, Failure> {
    runtime_with(image, Runtime::builder().warm(0)).await
}

/// The image with packages for the analysis of data, where it is built and up to
/// date; otherwise that of Python alone.
pub(crate) fn fullest_image() -> PathBuf {
    let current = language::find(language::DATA, BuildSettings::default()).is_some_and(|data| {
        Cache::of_user()
            .and_then(|cache| cache.image(data.name()))
            .is_ok_and(|image| image.fault.is_none() && image.recipe == data.recipe())
    });
    PathBuf::from(if current {
        language::DATA
    } else {
        language::PYTHON
    })
}

/// As [`runtime`], with further settings.
pub(crate) async fn runtime_with(
    image: &Path,
    settings: RuntimeBuilder,
) -> Result<Runtime, Failure> {
    if is_path(image) && !image.exists() {
        return Err(Failure::usage(format!(
            "there is no file {}",
            image.display()
        )));
    }
    let cache = Cache::of_user()?;
    if let Some(name) = image.to_str() {
        ensure(&cache, name).await?;
    }
    // The module is compiled now if this machine has not yet.
    let _patience =
        Patience::new("compiling the image for this machine, once; this takes some seconds");
    let programs = sandcell_programs::installed(&cache);
    Ok(settings
        .programs(programs)
        .cache(cache)
        .image(image)
        .open()?)
}

/// Builds an image by its name, if it is missing and one of ours.
pub(crate) async fn ensure(cache: &Cache, name: &str) -> Result<(), Failure> {
    if let Some(language) = language::find(name, BuildSettings::default()) {
        let mut display = Display::announced();
        cache.ensure(&*language, &mut display).await?;
    }
    Ok(())
}

/// Builds the tools of commands, if they are missing.
pub(crate) async fn ensure_tools() -> Result<(), Failure> {
    let cache = Cache::of_user()?;
    let building = tokio::task::spawn_blocking(move || {
        let mut display = Display::announced();
        sandcell_programs::build(&cache, &mut display).map(drop)
    });
    let built = building.await;
    let built = built.map_err(|error| Failure::own(format!("the build broke: {error}")))?;
    built.map_err(|error| {
        let mut failure = Failure::own(format!("the tools cannot be built: {error}"));
        failure.hint = language::advice(&error);
        failure
    })
}

/// True for the path of an exported image, as [`Runtime::open`] knows it.
fn is_path(image: &Path) -> bool {
    image.to_string_lossy().contains(['/', '.'])
}

/// The variables that the command line sets in the sandbox.
fn environment(arguments: &SandboxArguments) -> Result<Vec<(String, String)>, Failure> {
    arguments
        .env
        .iter()
        .map(|variable| assignment(variable))
        .collect()
}

fn assignment(variable: &OsStr) -> Result<(String, String), Failure> {
    let mut halves = variable.as_bytes().splitn(2, |byte| *byte == b'=');
    let name = text(
        OsStr::from_bytes(halves.next().unwrap_or_default()),
        "the name in --env",
    )?;
    if name.is_empty() {
        let message = format!("`--env {}` has no name", variable.to_string_lossy());
        return Err(Failure::usage(message).hint("it is `--env NAME=VALUE` or `--env NAME`"));
    }
    let what = format!("the value of {name}");
    let value = match halves.next() {
        Some(value) => text(OsStr::from_bytes(value), &what)?,
        None => match std::env::var_os(&name) {
            Some(value) => text(&value, &what)?,
            None => {
                let message = format!("`--env {name}` copies a variable that is not set here");
                return Err(Failure::usage(message).hint(format!("`--env {name}=VALUE` sets it")));
            }
        },
    };
    Ok((name, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_set_or_copied() {
        let pair = |variable: &str| assignment(OsStr::new(variable)).unwrap();
        assert_eq!(pair("A=1"), ("A".to_owned(), "1".to_owned()));
        assert_eq!(pair("A="), ("A".to_owned(), String::new()));
        assert_eq!(pair("A=b=c"), ("A".to_owned(), "b=c".to_owned()));
        let path = std::env::var("PATH").unwrap();
        assert_eq!(pair("PATH"), ("PATH".to_owned(), path));
    }

    #[test]
    fn variables_without_name_or_value_are_refused() {
        let refusal =
            |variable: &[u8]| assignment(OsStr::from_bytes(variable)).unwrap_err().message;
        assert_eq!(refusal(b"=1"), "`--env =1` has no name");
        assert_eq!(refusal(b""), "`--env ` has no name");
        assert!(refusal(b"NOT_SET_ANYWHERE").contains("is not set here"));
        assert!(refusal(b"A=\xff").contains("is no UTF-8"));
    }
}
