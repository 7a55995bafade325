//! `filesystem.Filesystem`: looking at files, moving and watching them.

mod entries;
mod watch;
mod wire;

pub(super) use entries::{list_dir, make_dir, remove, rename, stat};
pub(super) use watch::{create_watcher, get_watcher_events, remove_watcher, watch_dir};
