//! Files in memory.

use std::any::Any;
use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::BoxFuture;
use sandcell_shell::{FileKind, Metadata, Open, Stream, StreamEnd};

type Contents = Arc<Mutex<Vec<u8>>>;

#[derive(Clone)]
enum Node {
    Folder,
    File(Contents, u32),
}

#[derive(Default)]
pub(crate) struct Files(Mutex<BTreeMap<String, Node>>);

/// A path without `.`, `..` and double slashes.
pub(crate) fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            other => parts.push(other),
        }
    }
    format!("/{}", parts.join("/"))
}

fn folder_of(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/".to_owned(),
        Some((folder, _)) => folder.to_owned(),
    }
}

impl Files {
    pub(crate) fn make_dirs(&self, path: &str) {
        let mut nodes = self.0.lock().unwrap();
        let path = plain(path);
        nodes.insert("/".to_owned(), Node::Folder);
        for (at, _) in path.match_indices('/').skip(1) {
            nodes.insert(path[..at].to_owned(), Node::Folder);
        }
        nodes.insert(path, Node::Folder);
    }

    pub(crate) fn put(&self, path: &str, bytes: &[u8], mode: u32) {
        let contents = Arc::new(Mutex::new(bytes.to_vec()));
        self.0
            .lock()
            .unwrap()
            .insert(plain(path), Node::File(contents, mode));
    }

    pub(crate) fn remove(&self, path: &str) -> bool {
        let path = plain(path);
        let mut nodes = self.0.lock().unwrap();
        let below = format!("{path}/");
        nodes.retain(|name, _| !name.starts_with(&below));
        nodes.remove(&path).is_some()
    }

    fn node(&self, path: &str) -> io::Result<Node> {
        if path.len() > 4096 {
            return Err(io::ErrorKind::InvalidFilename.into());
        }
        let nodes = self.0.lock().unwrap();
        let node = nodes.get(&plain(path)).cloned();
        let node = node.ok_or(io::ErrorKind::NotFound)?;
        if path.ends_with('/') && matches!(node, Node::File(..)) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        Ok(node)
    }

    pub(crate) fn metadata(&self, path: &str) -> io::Result<Metadata> {
        let device = plain(path) == "/dev/null";
        let (kind, size, mode) = match if device {
            Node::Folder
        } else {
            self.node(path)?
        } {
            _ if device => (FileKind::Device, 0, 0o666),
            Node::Folder => (FileKind::Directory, 0, 0o755),
            Node::File(contents, mode) => {
                (FileKind::File, contents.lock().unwrap().len() as u64, mode)
            }
        };
        Ok(Metadata {
            kind,
            size,
            mode,
            modified: Duration::ZERO,
            accessed: Duration::ZERO,
            uid: 1000,
            gid: 1000,
            identity: (
                0,
                plain(path)
                    .bytes()
                    .fold(7, |sum: u64, b| sum.wrapping_mul(31) + u64::from(b)),
            ),
        })
    }

    pub(crate) fn list(&self, path: &str) -> io::Result<Vec<String>> {
        if !matches!(self.node(path)?, Node::Folder) {
            return Err(io::ErrorKind::NotADirectory.into());
        }
        let prefix = match plain(path).as_str() {
            "/" => "/".to_owned(),
            other => format!("{other}/"),
        };
        let nodes = self.0.lock().unwrap();
        let below = nodes.keys().filter_map(|name| name.strip_prefix(&prefix));
        Ok(below
            .filter(|name| !name.is_empty() && !name.contains('/'))
            .map(str::to_owned)
            .collect())
    }

    pub(crate) fn open(&self, path: &str, how: Open, mode: u32) -> io::Result<Stream> {
        if plain(path) == "/dev/null" {
            return Ok(Arc::new(Null));
        }
        let found = self.node(path);
        let contents = match (found, how) {
            (Ok(Node::Folder), _) => return Err(io::ErrorKind::IsADirectory.into()),
            (Ok(Node::File(..)), Open::WriteNew) => return Err(io::ErrorKind::AlreadyExists.into()),
            (Ok(Node::File(contents, _)), _) => contents,
            (Err(error), Open::Read) => return Err(error),
            (Err(_), _) => {
                if !matches!(self.node(&folder_of(&plain(path))), Ok(Node::Folder)) {
                    return Err(io::ErrorKind::NotFound.into());
                }
                self.put(path, b"", mode);
                match self.node(path)? {
                    Node::File(contents, _) => contents,
                    Node::Folder => return Err(io::ErrorKind::IsADirectory.into()),
                }
            }
        };
        if how == Open::Write {
            contents.lock().unwrap().clear();
        }
        let append = how == Open::Append;
        Ok(Arc::new(OpenFile {
            contents,
            at: Mutex::new(0),
            append,
        }))
    }

    pub(crate) fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        match self.node(path)? {
            Node::File(contents, _) => Ok(contents.lock().unwrap().clone()),
            Node::Folder => Err(io::ErrorKind::IsADirectory.into()),
        }
    }
}

struct Null;

impl StreamEnd for Null {
    fn read(&self, _: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        Box::pin(async { Ok(Vec::new()) })
    }
    fn write<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<usize>> {
        Box::pin(async { Ok(bytes.len()) })
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}

struct OpenFile {
    contents: Contents,
    at: Mutex<usize>,
    append: bool,
}

impl StreamEnd for OpenFile {
    fn read(&self, most: usize) -> BoxFuture<'_, io::Result<Vec<u8>>> {
        let contents = self.contents.lock().unwrap();
        let mut at = self.at.lock().unwrap();
        let end = (*at + most).min(contents.len());
        let bytes = contents.get(*at..end).unwrap_or_default().to_vec();
        *at = end.max(*at);
        Box::pin(async { Ok(bytes) })
    }
    fn write<'a>(&'a self, bytes: &'a [u8]) -> BoxFuture<'a, io::Result<usize>> {
        let mut contents = self.contents.lock().unwrap();
        let mut at = self.at.lock().unwrap();
        let from = if self.append { contents.len() } else { *at };
        let end = from + bytes.len();
        if contents.len() < end {
            contents.resize(end, 0);
        }
        contents[from..end].copy_from_slice(bytes);
        *at = end;
        Box::pin(async { Ok(bytes.len()) })
    }
    fn as_any(&self) -> &dyn Any {
        self
    }
}
