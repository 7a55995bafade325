//! From a path to a file. One loop, no recursion: a path may be as long and lead
//! through as many links as it likes, it ends in a file or an error.

use std::sync::Arc;

use super::error::FileError;
use super::node::{Kind, NodeId};
use super::quota::{LINK_HOPS, NAME_BYTES, PATH_BYTES};
use super::tree::Tree;

/// Whether a symbolic link at the end of the path is followed. Links before the
/// end always are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Follow {
    Always,
    /// Only with a slash behind it.
    NotLast,
    /// Not even then: for what makes, moves and removes names.
    Never,
}

impl Follow {
    fn follows(self, slash: bool) -> bool {
        match self {
            Self::Always => true,
            Self::NotLast => slash,
            Self::Never => false,
        }
    }
}

/// Where a path leads.
#[derive(Debug)]
pub(crate) struct Walked<'p> {
    /// The directory that holds the last component; for a path without one, the
    /// directory it leads to.
    pub(crate) directory: NodeId,
    pub(crate) last: Last<'p>,
    /// What is there now.
    pub(crate) found: Option<(NodeId, Kind)>,
    /// A slash follows the last component: only a directory will do.
    pub(crate) slash: bool,
}

/// The last component of a path.
#[derive(Debug)]
pub(crate) enum Last<'p> {
    Name(Name<'p>),
    /// `.`
    Dot,
    /// `..`
    DotDot,
    /// The path is `/`.
    Root,
}

/// A component of a path or of a link's target.
#[derive(Debug)]
pub(crate) struct Name<'p> {
    text: Text<'p>,
    start: usize,
    end: usize,
}

#[derive(Debug, Clone)]
enum Text<'p> {
    Path(&'p str),
    Target(Arc<str>),
}

impl Text<'_> {
    fn as_str(&self) -> &str {
        match self {
            Self::Path(text) => text,
            Self::Target(text) => text,
        }
    }
}

impl Name<'_> {
    pub(crate) fn as_str(&self) -> &str {
        self.text
            .as_str()
            .get(self.start..self.end)
            .unwrap_or_default()
    }
}

/// A text of which the part from `at` on is still to be walked.
#[derive(Debug)]
struct Rest<'p> {
    text: Text<'p>,
    at: usize,
}

impl Rest<'_> {
    /// The bounds of the next component, if there is one; moves behind it.
    fn next(&mut self) -> Option<(usize, usize)> {
        let bytes = self.text.as_str().as_bytes();
        let ahead = bytes.get(self.at..)?;
        let start = self.at + ahead.iter().position(|byte| *byte != b'/')?;
        let ahead = bytes.get(start..)?;
        let length = ahead.iter().position(|byte| *byte == b'/');
        let end = length.map_or(bytes.len(), |length| start + length);
        self.at = end;
        Some((start, end))
    }

    /// What is behind the last component taken.
    fn left(&self) -> &[u8] {
        let bytes = self.text.as_str().as_bytes();
        bytes.get(self.at..).unwrap_or_default()
    }

    fn is_done(&self) -> bool {
        self.left().iter().all(|byte| *byte == b'/')
    }
}

impl Walked<'_> {
    /// The file the path leads to.
    pub(crate) fn existing(&self) -> Result<(NodeId, Kind), FileError> {
        let (id, kind) = self.found.ok_or(FileError::NotFound)?;
        if self.slash && kind != Kind::Directory {
            return Err(FileError::NotADirectory);
        }
        Ok((id, kind))
    }

    /// The name to make something under that is no directory.
    pub(crate) fn new_name(&self) -> Result<&str, FileError> {
        let name = self.new_directory_name()?;
        if self.slash {
            return Err(FileError::NotFound);
        }
        Ok(name)
    }

    /// The name to make a directory under; a slash behind it is welcome.
    pub(crate) fn new_directory_name(&self) -> Result<&str, FileError> {
        match &self.last {
            Last::Name(name) if self.found.is_none() => Ok(name.as_str()),
            Last::Name(_) if self.slash => self.existing().and(Err(FileError::Exists)),
            _ => Err(FileError::Exists),
        }
    }
}

/// A walk under way.
struct Walker<'t, 'p> {
    tree: &'t Tree,
    follow: Follow,
    /// The text being walked.
    rest: Rest<'p>,
    /// What remains of the texts that led to links, outermost first.
    outer: Vec<Rest<'p>>,
    directory: NodeId,
    last: Last<'p>,
    /// A slash followed a link that the path ended in.
    slash: bool,
    hops: u32,
}

impl<'p> Walker<'_, 'p> {
    fn run(mut self) -> Result<Walked<'p>, FileError> {
        loop {
            let Some((start, end)) = self.rest.next() else {
                match self.outer.pop() {
                    Some(rest) => {
                        self.rest = rest;
                        continue;
                    }
                    None => return Ok(Walked::at_directory(self.directory, self.last)),
                }
            };
            let component = self.rest.text.as_str().get(start..end);
            let component = component.unwrap_or_default();
            if component == "." {
                self.last = Last::Dot;
                continue;
            }
            if component == ".." {
                self.directory = self.tree.parent(self.directory)?;
                self.last = Last::DotDot;
                continue;
            }
            check_name(component)?;
            let found = self.tree.lookup(self.directory, component)?;
            let is_last = self.outer.is_empty() && self.rest.is_done();
            let slash = self.slash || !self.rest.left().is_empty();
            match found {
                Some((id, Kind::SymbolicLink)) if !is_last || self.follow.follows(slash) => {
                    self.expand(id, is_last)?;
                }
                found if is_last => {
                    let text = self.rest.text;
                    return Ok(Walked {
                        directory: self.directory,
                        last: Last::Name(Name { text, start, end }),
                        found,
                        slash,
                    });
                }
                Some((id, Kind::Directory)) => self.directory = id,
                Some(_) => return Err(FileError::NotADirectory),
                None => return Err(FileError::NotFound),
            }
        }
    }

    /// Go on with the target of a link, and later with what is behind it.
    fn expand(&mut self, link: NodeId, is_last: bool) -> Result<(), FileError> {
        self.hops += 1;
        if self.hops > LINK_HOPS {
            return Err(FileError::TooManyLinks { limit: LINK_HOPS });
        }
        let target = self.tree.read_link_of(link)?;
        if target.starts_with('/') {
            self.directory = NodeId::ROOT;
            self.last = Last::Root;
        } else {
            self.last = Last::Dot;
        }
        let target = Rest {
            text: Text::Target(target),
            at: 0,
        };
        let before = std::mem::replace(&mut self.rest, target);
        if is_last {
            // Nothing but slashes is left of it.
            self.slash |= !before.left().is_empty();
        } else {
            self.outer.push(before);
        }
        Ok(())
    }
}

impl Tree {
    /// Walk `path` from the directory `start`; a path that begins with a slash
    /// starts at the root.
    pub(crate) fn walk<'p>(
        &self,
        start: NodeId,
        path: &'p str,
        follow: Follow,
    ) -> Result<Walked<'p>, FileError> {
        check_path(path)?;
        let (directory, last) = if path.starts_with('/') {
            (NodeId::ROOT, Last::Root)
        } else {
            self.require_directory(start)?;
            (start, Last::Dot)
        };
        let walker = Walker {
            tree: self,
            follow,
            rest: Rest {
                text: Text::Path(path),
                at: 0,
            },
            outer: Vec::new(),
            directory,
            last,
            slash: false,
            hops: 0,
        };
        walker.run()
    }

    /// The file that `path` leads to from `start`.
    pub(crate) fn find(
        &self,
        start: NodeId,
        path: &str,
        follow: Follow,
    ) -> Result<(NodeId, Kind), FileError> {
        self.walk(start, path, follow)?.existing()
    }
}

impl Walked<'_> {
    /// The end of a path that names a directory without its name.
    const fn at_directory(directory: NodeId, last: Last<'_>) -> Walked<'_> {
        Walked {
            directory,
            last,
            found: Some((directory, Kind::Directory)),
            slash: false,
        }
    }
}

/// Refuse a path that is empty, too long or has a NUL byte.
fn check_path(path: &str) -> Result<(), FileError> {
    if path.is_empty() {
        return Err(FileError::NotFound);
    }
    if path.len() > PATH_BYTES {
        return Err(FileError::PathTooLong {
            length: path.len(),
            limit: PATH_BYTES,
        });
    }
    if path.as_bytes().contains(&0) {
        return Err(FileError::InvalidName);
    }
    Ok(())
}

fn check_name(name: &str) -> Result<(), FileError> {
    if name.len() > NAME_BYTES {
        return Err(FileError::NameTooLong {
            length: name.len(),
            limit: NAME_BYTES,
        });
    }
    Ok(())
}
