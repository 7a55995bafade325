//! The files that every command line finds in its working directory.

use std::path::Path;

use sandcell::files::{FileLimits, Standard, Storage, Tree};

/// When they were changed: 2026-01-02 03:04:05 UTC.
const TIME: u64 = 1_767_323_045_000_000_000;

const HOME: &str = "/home/user";

/// The files of a table: `== NAME` and the contents up to the next.
pub(crate) fn files() -> Vec<(&'static str, String)> {
    let text = include_str!("files.txt");
    text.split("== ")
        .skip(1)
        .map(|part| {
            let (name, contents) = part.split_once('\n').unwrap();
            (name, contents.to_owned())
        })
        .collect()
}

/// A sandbox's tree with them.
pub(crate) fn tree() -> Tree {
    let storage = Storage::new(std::env::temp_dir());
    let mut tree =
        Tree::standard(&Standard::default(), FileLimits::default(), storage, TIME).unwrap();
    for (name, contents) in files() {
        let path = format!("{HOME}/{name}");
        let (folder, _) = path.rsplit_once('/').unwrap();
        tree.make_dirs(folder, TIME).unwrap();
        tree.write(&path, contents.as_bytes(), TIME).unwrap();
    }
    tree.set_mode(&format!("{HOME}/run.sh"), 0o755, TIME)
        .unwrap();
    tree.symlink("words.txt", &format!("{HOME}/link"), TIME)
        .unwrap();
    tree
}

/// The same in a folder of the host.
pub(crate) fn lay(folder: &Path) {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    for (name, contents) in files() {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, contents).unwrap();
    }
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(folder.join("run.sh"), mode).unwrap();
    symlink("words.txt", folder.join("link")).unwrap();
}

/// What a file holds afterwards.
pub(crate) fn contents(tree: &Tree, name: &str) -> String {
    match tree.read(&format!("{HOME}/{name}")) {
        Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        Err(error) => format!("{error:?}"),
    }
}
