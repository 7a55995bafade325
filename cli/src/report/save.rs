//! Rich results as files.

use std::fs::{DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// How many numbers are tried for a new file.
const NUMBERS: u32 = 100_000;

/// Saves rich results into a folder as `output-1.png`, `output-2.html`, ... No
/// file that is there is ever overwritten.
#[derive(Debug)]
pub(crate) struct Saver {
    folder: PathBuf,
    /// The number that the next file tries first.
    next: u32,
}

impl Saver {
    /// Saves into `folder`, which is made when the first file comes.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder, next: 1 }
    }

    /// Saves one form of a result; the path of the new file.
    ///
    /// # Errors
    /// When the folder or the file cannot be written.
    pub(crate) fn save(&mut self, mime: &str, value: &Value) -> io::Result<PathBuf> {
        let contents = contents(mime, value);
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&self.folder)?;
        let extension = extension(mime);
        for number in self.next..self.next.saturating_add(NUMBERS) {
            let path = self.folder.join(format!("output-{number}.{extension}"));
            let mut options = OpenOptions::new();
            match options.write(true).create_new(true).mode(0o600).open(&path) {
                Ok(mut file) => {
                    self.next = number + 1;
                    file.write_all(&contents)?;
                    return Ok(path);
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::other("the folder is full of earlier results"))
    }
}

/// The bytes of one form of a result.
pub(crate) fn contents(mime: &str, value: &Value) -> Vec<u8> {
    let Value::String(text) = value else {
        return format!("{value:#}\n").into_bytes();
    };
    if is_binary(mime) {
        let joined: String = text.split_ascii_whitespace().collect();
        if let Ok(bytes) = STANDARD.decode(joined) {
            return bytes;
        }
    }
    text.clone().into_bytes()
}

/// True for types whose contents come in base64.
pub(crate) fn is_binary(mime: &str) -> bool {
    let picture = mime.starts_with("image/") && !mime.ends_with("+xml");
    picture
        || mime.starts_with("audio/")
        || mime.starts_with("video/")
        || matches!(
            mime,
            "application/pdf" | "application/octet-stream" | "application/zip"
        )
}

fn extension(mime: &str) -> &'static str {
    match mime {
        "image/png" => "png",
        "image/jpeg" => "jpg",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/svg+xml" => "svg",
        "application/pdf" => "pdf",
        "application/javascript" | "text/javascript" => "js",
        "text/html" => "html",
        "text/latex" => "tex",
        "text/markdown" => "md",
        "text/csv" => "csv",
        other if other == "application/json" || other.ends_with("+json") => "json",
        other if is_binary(other) => "bin",
        _ => "txt",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_numbered_and_never_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("made/when/needed");
        let mut saver = Saver::new(inner.clone());
        assert!(!inner.exists());
        let first = saver.save("image/png", &"iVBO\nRw0=".into()).unwrap();
        let second = saver.save("text/html", &"<b>".into()).unwrap();
        assert_eq!(first, inner.join("output-1.png"));
        assert_eq!(std::fs::read(&first).unwrap(), b"\x89PNG\r");
        assert_eq!(second, inner.join("output-2.html"));
        let again = Saver::new(inner.clone())
            .save("image/png", &"AA==".into())
            .unwrap();
        assert_eq!(again, inner.join("output-2.png"));
        assert_eq!(std::fs::read(&first).unwrap(), b"\x89PNG\r");
    }

    #[test]
    fn contents_follow_the_type() {
        assert_eq!(contents("image/svg+xml", &"<svg/>".into()), b"<svg/>");
        assert_eq!(contents("image/png", &"no base64!".into()), b"no base64!");
        let json = serde_json::json!({"a": 1});
        assert_eq!(contents("application/json", &json), b"{\n  \"a\": 1\n}\n");
    }

    #[test]
    fn a_type_of_the_guest_never_makes_a_path() {
        for mime in ["../../etc/passwd", "image/../../x", "a\0b", ""] {
            assert!(
                extension(mime)
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric())
            );
        }
    }
}
