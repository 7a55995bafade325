//! The messages of the service as they are on the wire: JSON as protobuf has
//! it, with names in either case and defaults left out.

use std::collections::BTreeMap;

use sandcell::Files;
use sandcell::files::{Kind, Stat};
use serde::{Deserialize, Serialize};

use crate::clock;
use crate::envd::path::name;
use crate::envd::user::name_of;

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Path {
    pub(super) path: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Move {
    pub(super) source: String,
    pub(super) destination: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct ListDir {
    pub(super) path: String,
    pub(super) depth: u32,
}

/// Network mounts, which the client may allow, are not there to be watched.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Watch {
    pub(super) path: String,
    pub(super) recursive: bool,
    #[serde(rename = "includeEntry", alias = "include_entry")]
    pub(super) include_entry: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct WatcherId {
    #[serde(rename = "watcherId", alias = "watcher_id")]
    pub(super) watcher_id: String,
}

/// A file, folder or link.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct EntryInfo {
    name: String,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    path: String,
    /// 64 bits are text in the JSON of protobuf.
    size: String,
    mode: u32,
    permissions: String,
    owner: String,
    group: String,
    modified_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    symlink_target: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    metadata: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "is_false")]
    is_symlink: bool,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
fn is_false(value: &bool) -> bool {
    !*value
}

impl EntryInfo {
    /// What stands at a path; a link is described itself.
    pub(super) fn at(files: &Files, path: &str) -> sandcell::Result<Self> {
        let stat = files.stat_link(path)?;
        let link = stat.kind == Kind::SymbolicLink;
        let symlink_target = if link {
            files.read_link(path).ok()
        } else {
            None
        };
        // A link that leads nowhere has no notes.
        let metadata = files.metadata(path).unwrap_or_default();
        Ok(Self {
            name: name(path).to_owned(),
            kind: kind(stat.kind),
            path: path.to_owned(),
            size: stat.size.to_string(),
            mode: stat.mode,
            permissions: permissions(&stat),
            owner: name_of(stat.owner),
            group: name_of(stat.group),
            modified_time: clock::rfc3339_of_ns(stat.modified_ns),
            symlink_target,
            metadata,
            is_symlink: link,
        })
    }
}

fn kind(kind: Kind) -> Option<&'static str> {
    match kind {
        Kind::File => Some("FILE_TYPE_FILE"),
        Kind::Directory => Some("FILE_TYPE_DIRECTORY"),
        Kind::SymbolicLink => Some("FILE_TYPE_SYMLINK"),
        // The protocol has no word for it: unspecified.
        Kind::Device(_) | Kind::Other => None,
    }
}

/// `-rw-r--r--`
fn permissions(stat: &Stat) -> String {
    let first = match stat.kind {
        Kind::File => '-',
        Kind::Directory => 'd',
        Kind::SymbolicLink => 'L',
        Kind::Device(_) => 'c',
        Kind::Other => '?',
    };
    let bits = "rwxrwxrwx".chars().enumerate();
    let shown = bits.map(|(at, letter)| {
        let set = stat.mode & (0o400 >> at) != 0;
        if set { letter } else { '-' }
    });
    std::iter::once(first).chain(shown).collect()
}
