//! pip of this machine: asked for wheels, bounded in time and bytes.

use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

use sha2::{Digest as _, Sha256};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::requirement::{is_name, is_version, normalized};
use super::{PackageError, Requirement};

/// Most requirements of one request.
const REQUIREMENTS: usize = 64;
/// How long pip may take for one request.
const TIME: Duration = Duration::from_secs(180);
/// Bytes of all wheels of one request together.
const BYTES: u64 = 256 << 20;
/// How often its bytes are counted.
const LOOK: Duration = Duration::from_millis(50);
/// Bytes of its words that are kept.
const SAID: u64 = 64 << 10;
/// Only wheels that run on any machine, for the guest's version of Python.
const ANY_MACHINE: [&str; 8] = [
    "--platform",
    "any",
    "--python-version",
    "3.13",
    "--implementation",
    "py",
    "--abi",
    "none",
];
/// The kind of machine by which native packages are recognised.
const ONE_MACHINE: [&str; 6] = [
    "--platform",
    "manylinux2014_x86_64",
    "--platform",
    "manylinux_2_28_x86_64",
    "--python-version",
    "3.13",
];

/// A package that an image has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Present {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// A wheel in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wheel {
    /// The package's name, as the file spells it.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where the wheel is.
    pub file: PathBuf,
    /// Its SHA-256, in hex.
    pub sha256: String,
    /// Its size.
    pub bytes: u64,
}

/// Wheels by their SHA-256, in the folder `wheels` of a cache.
#[derive(Debug, Clone)]
pub struct Store {
    folder: PathBuf,
}

impl Store {
    /// The store of the cache at `cache`. Its folder is made when it is needed.
    #[must_use]
    pub fn new(cache: &Path) -> Self {
        Self {
            folder: cache.join("wheels"),
        }
    }

    /// The wheels of `wanted` and of all that they need and that is not `present`.
    /// What is present stays as it is: pip sees it as the only version there is.
    ///
    /// Runs pip, for seconds; at most three minutes and 256 MiB. Markers of
    /// requirements (`; python_version < "3.9"`) are judged by this machine's
    /// Python.
    ///
    /// # Errors
    /// [`PackageError`]. What was fetched before stays in the store.
    pub fn resolve(
        &self,
        wanted: &[Requirement],
        present: &[Present],
    ) -> Result<Vec<Wheel>, PackageError> {
        if wanted.len() > REQUIREMENTS {
            return Err(PackageError::TooMany {
                count: wanted.len(),
                limit: REQUIREMENTS,
            });
        }
        for requirement in wanted {
            let same = |other: &&Present| normalized(&other.name) == normalized(requirement.name());
            if let (Some(there), Some(version)) = (present.iter().find(same), requirement.pinned())
                && there.version != version
            {
                return Err(PackageError::InImage {
                    name: there.name.clone(),
                    version: there.version.clone(),
                });
            }
        }
        fs::create_dir_all(&self.folder).map_err(PackageError::io("make", &self.folder))?;
        let work = tempfile::tempdir_in(&self.folder)
            .map_err(PackageError::io("make a folder in", &self.folder))?;
        let stubs = work.path().join("present");
        let constraints = write_stubs(&stubs, present)?;
        let arrived = work.path().join("arrived");
        fs::create_dir(&arrived).map_err(PackageError::io("make", &arrived))?;
        let mut command = pip(work.path(), "download");
        command
            .args(ANY_MACHINE)
            .arg("--find-links")
            .arg(&stubs)
            .arg("--constraint")
            .arg(&constraints)
            .arg("--dest")
            .arg(&arrived)
            .arg("--")
            .args(wanted.iter().map(Requirement::to_string));
        run(command, &arrived).map_err(|error| explain(error, work.path(), wanted))?;
        self.keep(&arrived, present)
    }

    /// Moves what arrived to where it stays, but for what was present.
    fn keep(&self, arrived: &Path, present: &[Present]) -> Result<Vec<Wheel>, PackageError> {
        let mut wheels = Vec::new();
        let listed = fs::read_dir(arrived).map_err(PackageError::io("list", arrived))?;
        for entry in listed {
            let entry = entry.map_err(PackageError::io("list", arrived))?;
            let file_name = entry.file_name().to_string_lossy().into_owned();
            let strange = || PackageError::Failed {
                said: format!("it fetched {file_name:?}, which is no wheel of Python alone"),
            };
            let stem = file_name
                .strip_suffix("-none-any.whl")
                .ok_or_else(strange)?;
            let mut parts = stem.split('-');
            let (Some(name), Some(version)) = (parts.next(), parts.next()) else {
                return Err(strange());
            };
            if !is_name(name.trim_end_matches('_')) || !is_version(&version.replace('_', "+")) {
                return Err(strange());
            }
            if present
                .iter()
                .any(|there| normalized(&there.name) == normalized(name))
            {
                continue;
            }
            let path = entry.path();
            let content = fs::read(&path).map_err(PackageError::io("read", &path))?;
            let sha256 = hex(&Sha256::digest(&content));
            let folder = self.folder.join(&sha256);
            fs::create_dir_all(&folder).map_err(PackageError::io("make", &folder))?;
            let file = folder.join(&file_name);
            fs::rename(&path, &file).map_err(PackageError::io("move a wheel to", &file))?;
            wheels.push(Wheel {
                name: name.to_owned(),
                version: version.to_owned(),
                bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
                file,
                sha256,
            });
        }
        wheels.sort_by(|one, other| one.file.file_name().cmp(&other.file.file_name()));
        Ok(wheels)
    }

    /// Unpacks wheels as pip installs them, without running anything of theirs.
    pub(super) fn unpack(&self, wheels: &[Wheel], to: &Path) -> Result<(), PackageError> {
        if wheels.is_empty() {
            return Ok(());
        }
        let work = tempfile::tempdir_in(&self.folder)
            .map_err(PackageError::io("make a folder in", &self.folder))?;
        let mut command = pip(work.path(), "install");
        command
            .args(ANY_MACHINE)
            .args([
                "--no-index",
                "--no-deps",
                "--no-compile",
                "--ignore-installed",
            ])
            .arg("--target")
            .arg(to)
            .arg("--")
            .args(wheels.iter().map(|wheel| &wheel.file));
        run(command, to)
    }
}

/// A call of pip in an empty folder, with the user's own configuration.
fn pip(work: &Path, command: &str) -> Command {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", command])
        .args(["--quiet", "--disable-pip-version-check", "--no-input"])
        .arg("--only-binary=:all:")
        .current_dir(work)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    pip
}

/// Runs pip to its end, while it keeps to its time and bytes.
fn run(mut command: Command, fills: &Path) -> Result<(), PackageError> {
    let mut child = command
        .spawn()
        .map_err(|source| PackageError::NoPip { source })?;
    let stderr = child.stderr.take();
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        let mut said = Vec::new();
        if let Some(mut stderr) = stderr {
            let _rest = stderr.by_ref().take(SAID).read_to_end(&mut said);
            let _dropped = io::copy(&mut stderr, &mut io::sink());
        }
        let _given_up = tell.send(said);
    });
    let said = watch(&told, fills).inspect_err(|_| {
        let _gone = child.kill();
    });
    let ended = child
        .wait()
        .map_err(|source| PackageError::NoPip { source })?;
    let said = said?;
    if ended.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&said);
    let words = |line: &&str| !line.trim().is_empty() && !line.starts_with("WARNING");
    let lines: Vec<_> = said.lines().filter(words).collect();
    let last = lines.get(lines.len().saturating_sub(4)..);
    let said = last.unwrap_or_default().join("; ");
    let said = said.replace(|c: char| c.is_control(), " ");
    Err(PackageError::Failed {
        said: said.chars().take(600).collect(),
    })
}

/// What pip said, once it has ended.
fn watch(told: &mpsc::Receiver<Vec<u8>>, fills: &Path) -> Result<Vec<u8>, PackageError> {
    let start = Instant::now();
    loop {
        let said = told.recv_timeout(LOOK);
        if bytes_below(fills) > BYTES {
            return Err(PackageError::TooLarge { limit: BYTES });
        }
        match said {
            Ok(said) => return Ok(said),
            Err(RecvTimeoutError::Disconnected) => return Ok(Vec::new()),
            Err(RecvTimeoutError::Timeout) if start.elapsed() > TIME => {
                return Err(PackageError::TimedOut { limit: TIME });
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// Bytes of the files in a folder and its folders; what vanishes meanwhile counts nothing.
fn bytes_below(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(about) if about.is_dir() => bytes_below(&entry.path()),
            Ok(about) => about.len(),
            Err(_) => 0,
        })
        .sum()
}

/// Finds out whether a package that has no wheel for any machine has one for this one.
fn explain(error: PackageError, work: &Path, wanted: &[Requirement]) -> PackageError {
    const NONE: &str = "No matching distribution found for ";
    let PackageError::Failed { said } = &error else {
        return error;
    };
    let Some(missing) = said.split(NONE).nth(1) else {
        return error;
    };
    let missing = missing.split([';', ' ', '(']).next().unwrap_or_default();
    let Ok(missing) = missing.parse::<Requirement>() else {
        return error;
    };
    let asked = wanted
        .iter()
        .find(|other| normalized(other.name()) == normalized(missing.name()));
    let name = missing.name().to_owned();
    let mut command = pip(work, "install");
    command
        .args(ONE_MACHINE)
        .args(["--dry-run", "--no-deps", "--ignore-installed", "--target"])
        .arg(work.join("nothing"))
        .arg("--")
        .arg(asked.unwrap_or(&missing).to_string());
    match run(command, work) {
        Ok(()) => PackageError::NativeCode { name },
        Err(PackageError::Failed { .. }) => PackageError::NotFound { name },
        Err(other) => other,
    }
}

/// For each package of the image a wheel without contents, which is the only one
/// of its name that pip may choose. The file of these constraints.
fn write_stubs(folder: &Path, present: &[Present]) -> Result<PathBuf, PackageError> {
    fs::create_dir(folder).map_err(PackageError::io("make", folder))?;
    let mut constraints = String::new();
    for Present { name, version } in present {
        if !is_name(name) || !is_version(version) {
            continue;
        }
        let spelled = name.replace(['-', '.'], "_");
        let path = folder.join(format!("{spelled}-{version}-py3-none-any.whl"));
        let info = format!("{spelled}-{version}.dist-info");
        let written = File::create(&path).and_then(|file| {
            let mut archive = ZipWriter::new(file);
            let options =
                SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
            for (file, text) in [
                (
                    "METADATA",
                    format!("Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"),
                ),
                (
                    "WHEEL",
                    "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n".to_owned(),
                ),
                ("RECORD", String::new()),
            ] {
                archive.start_file(format!("{info}/{file}"), options)?;
                archive.write_all(text.as_bytes())?;
            }
            archive.finish()?;
            Ok(())
        });
        written.map_err(PackageError::io("write", &path))?;
        constraints.push_str(&format!("{name}=={version}\n"));
    }
    let path = folder.with_extension("txt");
    fs::write(&path, constraints).map_err(PackageError::io("write", &path))?;
    Ok(path)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
