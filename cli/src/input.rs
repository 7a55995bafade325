//! What a run is given: its program, its arguments, its standard input.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::Path;

use rustix::fs::FileType;

use crate::exit::{ExitStatus, Failure};
use crate::patience::Patience;
use crate::size;

/// The most that is read of standard input as data.
const DATA_BYTES: u64 = 64 << 20;

/// A program and what belongs to it.
#[derive(Debug)]
pub(crate) struct Program {
    pub(crate) code: Vec<u8>,
    /// `sys.argv`, the program's name first.
    pub(crate) arguments: Vec<String>,
    /// The file that it is, if it is one.
    pub(crate) file: Option<String>,
    /// Whether standard input is free to be data.
    pub(crate) stdin_is_data: bool,
}

impl Program {
    /// Reads the program: `code`, or the file that the first of `words` names. The
    /// other words are its arguments. A program has at most `allowed` bytes.
    pub(crate) fn read(
        code: Option<OsString>,
        words: Vec<OsString>,
        allowed: u64,
    ) -> Result<Self, Failure> {
        let mut words = words.into_iter();
        let (name, code, file) = match code {
            Some(code) => (OsString::from("-c"), code.into_encoded_bytes(), None),
            None => {
                let name = words.next().unwrap_or_default();
                if name == "-" {
                    let code = read_code("the program on standard input", io::stdin(), allowed)?;
                    (name, code, None)
                } else {
                    let code = read_file(Path::new(&name), allowed)?;
                    let file = Some(text(&name, "the name of the file")?);
                    (name, code, file)
                }
            }
        };
        let stdin_is_data = name != "-";
        let arguments = std::iter::once(name)
            .chain(words)
            .map(|word| text(&word, "an argument of the program"))
            .collect::<Result<_, _>>()?;
        Ok(Self {
            code,
            arguments,
            file,
            stdin_is_data,
        })
    }
}

/// The data on standard input; `None` when that is a terminal.
pub(crate) fn data() -> Result<Option<Vec<u8>>, Failure> {
    let stdin = io::stdin();
    if stdin.is_terminal() {
        return Ok(None);
    }
    let _patience = may_block(&stdin).then(|| {
        Patience::new(
            "waiting for the end of standard input, which is data for the program; `< /dev/null` gives it none",
        )
    });
    let data = read_bounded(stdin.lock(), DATA_BYTES)
        .map_err(|error| Failure::own(format!("cannot read standard input: {}", words(&error))))?;
    match data {
        Some(data) => Ok(Some(data)),
        None => Err(Failure::usage(format!(
            "standard input has more than {}, the most that a program can be given",
            size::show(DATA_BYTES)
        ))),
    }
}

/// True for a pipe or socket, whose other end may never close.
fn may_block(stdin: &io::Stdin) -> bool {
    rustix::fs::fstat(stdin).is_ok_and(|stat| {
        matches!(
            FileType::from_raw_mode(stat.st_mode),
            FileType::Fifo | FileType::Socket
        )
    })
}

fn read_file(path: &Path, allowed: u64) -> Result<Vec<u8>, Failure> {
    let shown = path.display();
    let refused = |error: io::Error| {
        let failure = Failure::usage(format!("cannot read {shown}: {}", words(&error)));
        if error.kind() == io::ErrorKind::NotFound && looks_like_code(path) {
            failure.hint("`sandcell run -c CODE` runs code given on the command line")
        } else {
            failure
        }
    };
    let file = File::open(path).map_err(refused)?;
    if file.metadata().map_err(refused)?.is_dir() {
        return Err(Failure::usage(format!(
            "cannot read {shown}: it is a folder"
        )));
    }
    read_code(&shown.to_string(), file, allowed)
}

/// True for a "file" that is rather a line of code.
fn looks_like_code(path: &Path) -> bool {
    path.to_string_lossy().contains(['(', ' ', '=', '+', '\n'])
}

/// What the system said, without its number.
fn words(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _number)) => words.to_owned(),
        None => text,
    }
}

fn read_code(what: &str, source: impl Read, allowed: u64) -> Result<Vec<u8>, Failure> {
    let code = read_bounded(source, allowed)
        .map_err(|error| Failure::usage(format!("cannot read {what}: {}", words(&error))))?;
    code.ok_or_else(|| {
        let message = format!(
            "{what} has more than {}, the limit of a program",
            size::show(allowed)
        );
        Failure::new(ExitStatus::Guest, message)
    })
}

/// All of a source, or `None` when that is more than `allowed` bytes.
fn read_bounded(source: impl Read, allowed: u64) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let count = source
        .take(allowed.saturating_add(1))
        .read_to_end(&mut bytes)?;
    let fits = u64::try_from(count).is_ok_and(|count| count <= allowed);
    Ok(fits.then_some(bytes))
}

/// A text of the command line that must be UTF-8.
pub(crate) fn text(word: &OsStr, what: &str) -> Result<String, Failure> {
    let refused = || Failure::usage(format!("{what} is no UTF-8: {}", word.to_string_lossy()));
    word.to_str().map(str::to_owned).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_stops_behind_the_bound() {
        assert_eq!(read_bounded(&b"1234"[..], 4).unwrap().unwrap(), b"1234");
        assert_eq!(read_bounded(&b"12345"[..], 4).unwrap(), None);
        assert_eq!(read_bounded(io::repeat(b'x'), 1000).unwrap(), None);
    }

    #[test]
    fn a_program_above_the_limit_is_the_programs_fault() {
        let failure = read_code("x.py", io::repeat(b'#'), 2 << 20).unwrap_err();
        assert_eq!(failure.status, ExitStatus::Guest);
        assert_eq!(
            failure.message,
            "x.py has more than 2 MiB, the limit of a program"
        );
    }

    #[test]
    fn folders_and_missing_files_are_wrong_usage() {
        let folder = tempfile::tempdir().unwrap();
        for path in [folder.path(), &folder.path().join("missing.py")] {
            let failure = read_file(path, 100).unwrap_err();
            assert_eq!(failure.status, ExitStatus::Usage);
            assert!(failure.message.starts_with("cannot read "), "{failure}");
        }
    }

    #[test]
    fn code_in_place_of_a_file_gets_a_hint() {
        let failure = read_file(Path::new("print(1)"), 100).unwrap_err();
        assert!(failure.hint.unwrap().contains("-c CODE"));
        assert!(
            read_file(Path::new("missing.py"), 100)
                .unwrap_err()
                .hint
                .is_none()
        );
    }
}
