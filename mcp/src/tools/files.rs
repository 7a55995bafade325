//! Tools for the sandbox's files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::ContentBlock;
use sandcell::files::{Entry, Kind};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Arguments, Effect, Spec, number, text, within};
use crate::answer::{Answer, Refusal};
use crate::desk::Desk;

/// Where paths start that do not start at the root.
const HOME: &str = "/home/user";

/// Bytes that are read when nobody says otherwise, and at most.
const READ: u64 = 256 << 10;
const MOST_READ: u64 = 1 << 20;

/// Bytes of an image that is shown as one.
const IMAGE: u64 = 4 << 20;

/// Entries of one list.
const ENTRIES: usize = 1000;

pub(super) fn specs() -> Vec<Spec> {
    let mut all = contents();
    all.extend(names());
    all
}

/// The schema of a path.
fn path(what: &str) -> Value {
    text(&format!(
        "{what} Relative to /home/user unless it starts with /."
    ))
}

/// Tools for what is in files.
fn contents() -> Vec<Spec> {
    vec![
        Spec {
            name: "read_file",
            title: "Read a file",
            description: "Reads a file of the sandbox: text as text, an image as an image, other \
                bytes in base 64.",
            arguments: vec![
                ("path", path("The file.")),
                (
                    "offset",
                    number("First byte to read (0).", 0, u64::MAX >> 12),
                ),
                (
                    "length",
                    number("Most bytes to read (262144).", 1, MOST_READ),
                ),
            ],
            required: &["path"],
            effect: Effect::Nothing,
        },
        Spec {
            name: "write_file",
            title: "Write a file",
            description: "Writes a file of the sandbox, in place of what was there; folders above it \
                are made.",
            arguments: vec![
                ("path", path("The file.")),
                ("content", text("What to write.")),
                (
                    "encoding",
                    json!({
                        "type": "string",
                        "enum": ["text", "base64"],
                        "default": "text",
                        "description": "How the content is written down.",
                    }),
                ),
                (
                    "append",
                    json!({"type": "boolean", "description": "Adds to the end of the file (false)."}),
                ),
            ],
            required: &["path", "content"],
            effect: Effect::Changes,
        },
    ]
}

/// Tools for files by their names.
fn names() -> Vec<Spec> {
    vec![
        Spec {
            name: "list_files",
            title: "List files",
            description: "Lists what is in a folder of the sandbox.",
            arguments: vec![
                ("path", path("The folder (/home/user).")),
                ("depth", number("How many folders deep (1).", 1, 20)),
            ],
            required: &[],
            effect: Effect::Nothing,
        },
        Spec {
            name: "make_folder",
            title: "Make a folder",
            description: "Makes a folder and those above it; one that is there is left alone.",
            arguments: vec![("path", path("The folder."))],
            required: &["path"],
            effect: Effect::Adds,
        },
        Spec {
            name: "move_file",
            title: "Move a file",
            description: "Moves or renames a file or folder; a file of the new name is replaced.",
            arguments: vec![("from", path("What to move.")), ("to", path("Where to."))],
            required: &["from", "to"],
            effect: Effect::Changes,
        },
        Spec {
            name: "remove_file",
            title: "Remove a file",
            description: "Removes a file, or a folder with all that is in it.",
            arguments: vec![("path", path("What to remove."))],
            required: &["path"],
            effect: Effect::Changes,
        },
    ]
}

/// The path that is meant.
fn absolute(path: &str) -> String {
    match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{HOME}{rest}"),
        _ if path.starts_with('/') => path.to_owned(),
        _ if path.is_empty() => HOME.to_owned(),
        _ => format!("{HOME}/{path}"),
    }
}

/// Says which file an error is about.
fn at(path: &str) -> impl Fn(sandcell::Error) -> Refusal {
    let path: String = path.chars().take(1000).collect();
    move |error| Refusal::File {
        path: path.clone(),
        error: Box::new(error),
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Read {
    path: String,
    offset: Option<u64>,
    length: Option<u64>,
    sandbox: Option<String>,
}

/// The MIME type of an image that models can look at, by its first bytes.
fn image_type(bytes: &[u8]) -> Option<&'static str> {
    let starts: [(&[u8], &str); 4] = [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff", "image/jpeg"),
        (b"GIF8", "image/gif"),
        (b"RIFF", "image/webp"),
    ];
    let found = starts.iter().find(|(start, _)| bytes.starts_with(start));
    let (_, mime) = found?;
    let webp = bytes.get(8..12) == Some(b"WEBP");
    (*mime != "image/webp" || webp).then_some(mime)
}

pub(super) async fn read(desk: &Desk, asked: Arguments<Read>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let length = within("length", asked.length.unwrap_or(READ), 1, MOST_READ)?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let path = absolute(&asked.path);
    let files = place.sandbox.files();
    let size = files.stat(&path).map_err(at(&path))?.size;
    let offset = asked.offset.unwrap_or(0);
    let answer = |content: ContentBlock, encoding: &str| {
        Answer {
            content: vec![content],
            ..Answer::default()
        }
        .with("sandbox", place.id.as_str())
        .with("path", path.as_str())
        .with("size", size)
        .with("encoding", encoding)
    };
    let start = files.read_range(&path, 0, 16).map_err(at(&path))?;
    if let Some(mime) = image_type(&start).filter(|_| offset == 0 && size <= IMAGE) {
        let bytes = files.read_range(&path, 0, IMAGE).map_err(at(&path))?;
        let image = ContentBlock::image(STANDARD.encode(bytes), mime);
        return Ok(answer(image, "image"));
    }
    let bytes = files.read_range(&path, offset, length).map_err(at(&path))?;
    let end = offset.saturating_add(bytes.len() as u64);
    let (shown, encoding) = match text_of(bytes) {
        Ok(text) => (text, "text"),
        Err(bytes) => (STANDARD.encode(bytes), "base64"),
    };
    let mut answer = answer(ContentBlock::text(shown.clone()), encoding)
        .with("content", shown)
        .with("offset", offset)
        .with("end", end);
    if end < size {
        let note = format!(
            "[{} of {size} bytes; `offset` {end} reads on]",
            end - offset
        );
        answer.content.push(ContentBlock::text(note));
    }
    Ok(answer)
}

/// Bytes as text; a character that is cut at the end of a piece is no fault.
fn text_of(bytes: Vec<u8>) -> Result<String, Vec<u8>> {
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let cut = error.utf8_error().error_len().is_none() && valid > 0;
            let bytes = error.into_bytes();
            if cut {
                Ok(String::from_utf8_lossy(&bytes).into_owned())
            } else {
                Err(bytes)
            }
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Write {
    path: String,
    content: String,
    #[serde(default)]
    encoding: Encoding,
    #[serde(default)]
    append: bool,
    sandbox: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Encoding {
    #[default]
    Text,
    Base64,
}

pub(super) async fn write(desk: &Desk, asked: Arguments<Write>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let bytes = match asked.encoding {
        Encoding::Text => asked.content.into_bytes(),
        Encoding::Base64 => {
            let compact: String = asked.content.split_ascii_whitespace().collect();
            let decoded = STANDARD.decode(compact);
            decoded.map_err(|error| Refusal::Arguments(format!("`content`: {error}")))?
        }
    };
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let path = absolute(&asked.path);
    let files = place.sandbox.files();
    if let Some((folder, _)) = path
        .rsplit_once('/')
        .filter(|(folder, _)| !folder.is_empty())
    {
        files.make_dirs(folder).map_err(at(folder))?;
    }
    if asked.append {
        files.append(&path, &bytes).map_err(at(&path))?;
    } else {
        files.write(&path, &bytes).map_err(at(&path))?;
    }
    let size = files.stat(&path)?.size;
    Ok(Answer::text(format!("{path} has {size} bytes"))
        .with("sandbox", place.id.as_str())
        .with("path", path.as_str())
        .with("size", size))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct List {
    #[serde(default)]
    path: String,
    depth: Option<u64>,
    sandbox: Option<String>,
}

/// What an entry is.
fn kind(entry: &Entry) -> &'static str {
    match entry.kind {
        Kind::Directory => "folder",
        Kind::SymbolicLink => "link",
        _ => "file",
    }
}

pub(super) async fn list(desk: &Desk, asked: Arguments<List>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let depth = within("depth", asked.depth.unwrap_or(1), 1, 20)?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let path = absolute(&asked.path);
    let files = place.sandbox.files();
    let mut found: Vec<Value> = Vec::new();
    let mut lines = Vec::new();
    // Folders that are still to be read, the next one last.
    let mut folders = vec![(path.clone(), 1)];
    let mut more = false;
    while let Some((folder, level)) = folders.pop() {
        for entry in files.list(&folder).map_err(at(&folder))? {
            if found.len() >= ENTRIES {
                more = true;
                break;
            }
            let at = format!("{}/{}", folder.trim_end_matches('/'), entry.name);
            let kind = kind(&entry);
            let size = files.stat_link(&at)?.size;
            lines.push(if kind == "folder" {
                format!("{at}/")
            } else {
                format!("{at} ({size} bytes)")
            });
            found.push(json!({"path": at, "kind": kind, "size": size}));
            if kind == "folder" && level < depth {
                folders.push((at, level + 1));
            }
        }
    }
    if lines.is_empty() {
        lines.push(format!("{path} is empty"));
    }
    if more {
        lines.push(format!("[only {ENTRIES} are listed]"));
    }
    Ok(Answer::text(lines.join("\n"))
        .with("sandbox", place.id.as_str())
        .with("entries", found)
        .with("shortened", more))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct One {
    path: String,
    sandbox: Option<String>,
}

pub(super) async fn make_folder(desk: &Desk, asked: Arguments<One>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let path = absolute(&asked.path);
    place.sandbox.files().make_dirs(&path).map_err(at(&path))?;
    Ok(Answer::text(format!("{path} is there"))
        .with("sandbox", place.id.as_str())
        .with("path", path))
}

pub(super) async fn remove(desk: &Desk, asked: Arguments<One>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let path = absolute(&asked.path);
    place.sandbox.files().remove(&path).map_err(at(&path))?;
    Ok(Answer::text(format!("{path} is gone"))
        .with("sandbox", place.id.as_str())
        .with("path", path))
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Move {
    from: String,
    to: String,
    sandbox: Option<String>,
}

pub(super) async fn rename(desk: &Desk, asked: Arguments<Move>) -> Result<Answer, Refusal> {
    let asked = asked?;
    let place = desk.place(asked.sandbox.as_deref()).await?;
    let (from, to) = (absolute(&asked.from), absolute(&asked.to));
    place
        .sandbox
        .files()
        .rename(&from, &to)
        .map_err(at(&from))?;
    Ok(Answer::text(format!("{from} is now {to}"))
        .with("sandbox", place.id.as_str())
        .with("path", to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_start_at_home() {
        for (path, expected) in [
            ("a.txt", "/home/user/a.txt"),
            ("/tmp/a", "/tmp/a"),
            ("~", "/home/user"),
            ("~/a", "/home/user/a"),
            ("~a", "/home/user/~a"),
            ("", "/home/user"),
        ] {
            assert_eq!(absolute(path), expected);
        }
    }

    #[test]
    fn text_may_end_within_a_character() {
        let euro = "a€".as_bytes();
        assert_eq!(text_of(euro.to_vec()), Ok("a€".to_owned()));
        assert_eq!(text_of(euro[..3].to_vec()), Ok("a\u{fffd}".to_owned()));
        assert!(text_of(b"a\xffb".to_vec()).is_err());
    }

    #[test]
    fn images_are_known_by_their_first_bytes() {
        assert_eq!(image_type(b"\x89PNG\r\n\x1a\n...."), Some("image/png"));
        assert_eq!(image_type(b"RIFF....WEBPVP8 "), Some("image/webp"));
        assert_eq!(image_type(b"RIFF....WAVEfmt "), None);
        assert_eq!(image_type(b"hello"), None);
    }
}
