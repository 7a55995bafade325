//! Mounted folders of the host, with guests and hosts that play tricks.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tempfile::TempDir;

use super::{NOW, storage, tree};
use crate::files::node::{Kind, NodeId};
use crate::files::quota::FileLimits;
use crate::files::tree::Tree;
use crate::files::walk::Follow;
use crate::files::{Access, FileError, FolderLimits, HostFolder};

/// A folder `shared` beside a file `secret`, mounted at `/m`.
struct World {
    above: TempDir,
    tree: Tree,
    folder: Arc<HostFolder>,
}

fn world(access: Access) -> World {
    world_with(access, FolderLimits::default())
}

fn world_with(access: Access, limits: FolderLimits) -> World {
    let above = TempDir::new().unwrap();
    fs::write(above.path().join("secret"), "secret").unwrap();
    let shared = above.path().join("shared");
    fs::create_dir_all(shared.join("sub/deep")).unwrap();
    fs::write(shared.join("file"), "text").unwrap();
    fs::write(shared.join("sub/file"), "below").unwrap();
    let folder = Arc::new(HostFolder::open(&shared, access, limits).unwrap());
    let mut tree = tree();
    tree.make_dirs("/m", NOW).unwrap();
    tree.make_dirs("/etc", NOW).unwrap();
    tree.write("/etc/passwd", b"of the sandbox", NOW).unwrap();
    let backing: Arc<HostFolder> = Arc::clone(&folder);
    tree.mount("/m", backing).unwrap();
    World {
        above,
        tree,
        folder,
    }
}

impl World {
    fn host(&self, path: &str) -> std::path::PathBuf {
        self.above.path().join("shared").join(path)
    }

    fn open(&mut self, path: &str) -> Result<NodeId, FileError> {
        let (id, _) = self.tree.find(NodeId::ROOT, path, Follow::Always)?;
        self.tree.pin(id)?;
        Ok(id)
    }

    fn names(&self, path: &str) -> Vec<String> {
        let entries = self.tree.list(path).unwrap();
        entries.iter().map(|entry| entry.name.to_string()).collect()
    }
}

#[test]
fn a_folder_is_read_and_not_changed() {
    let mut world = world(Access::ReadOnly);
    assert_eq!(world.names("/m"), ["file", "sub"]);
    assert_eq!(world.tree.read("/m/sub/../file").unwrap(), b"text");
    assert_eq!(world.tree.stat("/m/file").unwrap().size, 4);
    assert_eq!(world.tree.stat("/m/sub").unwrap().kind, Kind::Directory);
    assert_eq!(world.tree.read("/m/none"), Err(FileError::NotFound));
    assert_eq!(world.tree.read("/m/file/x"), Err(FileError::NotADirectory));
    let read_only = Err(FileError::ReadOnly);
    let tree = &mut world.tree;
    assert_eq!(tree.write("/m/file", b"x", NOW), read_only);
    assert_eq!(tree.write("/m/new", b"x", NOW), read_only);
    assert_eq!(tree.append("/m/file", b"x", NOW), read_only);
    assert_eq!(tree.make_dir("/m/new", NOW), read_only);
    assert_eq!(tree.symlink("file", "/m/new", NOW), read_only);
    assert_eq!(tree.remove("/m/file", NOW), read_only);
    assert_eq!(tree.remove_all("/m/sub", NOW), read_only);
    assert_eq!(tree.rename("/m/file", "/m/new", NOW), read_only);
    assert_eq!(tree.set_times("/m/file", Some(1), None, NOW), read_only);
    assert_eq!(
        tree.rename("/m/file", "/new", NOW),
        Err(FileError::CrossDevice)
    );
    assert_eq!(tree.remove("/m", NOW), Err(FileError::Busy));
    assert_eq!(fs::read_to_string(world.host("file")).unwrap(), "text");
}

#[test]
fn a_folder_is_changed_when_that_is_asked_for() {
    let mut world = world(Access::ReadWrite);
    let tree = &mut world.tree;
    tree.write("/m/new", b"made", NOW).unwrap();
    tree.append("/m/new", b" here", NOW).unwrap();
    tree.make_dirs("/m/a/b", NOW).unwrap();
    tree.rename("/m/new", "/m/a/b/moved", NOW).unwrap();
    tree.symlink("../file", "/m/a/link", NOW).unwrap();
    tree.set_times("/m/file", Some(1_000_000_000), Some(2_000_000_000), NOW)
        .unwrap();
    assert_eq!(tree.read("/m/a/link").unwrap(), b"text");
    assert_eq!(tree.stat("/m/file").unwrap().modified_ns, 2_000_000_000);
    assert_eq!(tree.make_dir("/m/a", NOW), Err(FileError::Exists));
    assert_eq!(tree.remove("/m/a", NOW), Err(FileError::NotEmpty));
    assert_eq!(
        tree.rename("/m/file", "/m/a", NOW),
        Err(FileError::IsADirectory)
    );
    assert_eq!(
        tree.usage().bytes,
        14,
        "only the file of the sandbox counts"
    );
    assert_eq!(
        fs::read_to_string(world.host("a/b/moved")).unwrap(),
        "made here"
    );
    world.tree.remove_all("/m/a", NOW).unwrap();
    world.tree.write("/m/file", b"x", NOW).unwrap();
    assert_eq!(world.names("/m"), ["file", "sub"]);
    assert_eq!(fs::read_to_string(world.host("file")).unwrap(), "x");
}

#[test]
fn links_of_the_host_lead_into_the_sandbox() {
    let mut world = world(Access::ReadWrite);
    symlink("/etc/passwd", world.host("absolute")).unwrap();
    symlink("../secret", world.host("above")).unwrap();
    symlink("../../../../../../etc/passwd", world.host("far")).unwrap();
    symlink(world.above.path(), world.host("out")).unwrap();
    symlink("sub", world.host("inside")).unwrap();
    symlink("loop", world.host("loop")).unwrap();
    let read = |path: &str| {
        world
            .tree
            .read(path)
            .map(|bytes| String::from_utf8(bytes).unwrap())
    };
    assert_eq!(read("/m/absolute").unwrap(), "of the sandbox");
    assert_eq!(read("/m/far").unwrap(), "of the sandbox");
    assert_eq!(read("/m/above"), Err(FileError::NotFound));
    assert_eq!(read("/m/out/secret"), Err(FileError::NotFound));
    assert_eq!(read("/m/inside/file").unwrap(), "below");
    assert_eq!(read("/m/loop"), Err(FileError::TooManyLinks { limit: 40 }));
    assert_eq!(read("/m/../../secret"), Err(FileError::NotFound));
    // Removing a link removes the link.
    world.tree.remove("/m/above", NOW).unwrap();
    world.tree.remove_all("/m/out", NOW).unwrap();
    assert!(world.above.path().join("secret").exists());
}

#[test]
fn links_that_guests_make_stay_inside() {
    let mut world = world(Access::ReadWrite);
    let mut made = |target: &str, path: &str| world.tree.symlink(target, path, NOW);
    for target in [
        "/etc/passwd",
        "/",
        "..",
        "../x",
        "sub/../../secret",
        "sub/..",
    ] {
        assert_eq!(
            made(target, "/m/bad"),
            Err(FileError::NotPermitted),
            "{target}"
        );
    }
    assert_eq!(
        made("../../..", "/m/sub/deep/bad"),
        Err(FileError::NotPermitted)
    );
    made("../../file", "/m/sub/deep/good").unwrap();
    assert_eq!(world.tree.read("/m/sub/deep/good").unwrap(), b"text");
    // Moved up it would lead out.
    let moved = world.tree.rename("/m/sub/deep/good", "/m/bad", NOW);
    assert_eq!(moved, Err(FileError::NotPermitted));
    let id = world.tree.stat_link("/m/sub/deep/good").unwrap().id;
    let root = world.tree.stat("/m").unwrap().id;
    let named = world.tree.link_in(id, root, "bad", NOW);
    assert_eq!(named, Err(FileError::NotPermitted));
}

#[test]
fn special_files_are_shown_and_not_opened() {
    let mut world = world(Access::ReadWrite);
    let pipe = world.host("pipe");
    rustix::fs::mknodat(
        rustix::fs::CWD,
        &pipe,
        rustix::fs::FileType::Fifo,
        rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR,
        0,
    )
    .unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(world.host("socket")).unwrap();
    assert_eq!(world.names("/m"), ["file", "pipe", "socket", "sub"]);
    for path in ["/m/pipe", "/m/socket"] {
        assert_eq!(world.tree.stat(path).unwrap().kind, Kind::Other);
        assert_eq!(world.tree.read(path), Err(FileError::Invalid));
        assert_eq!(world.tree.write(path, b"x", NOW), Err(FileError::Denied));
        assert_eq!(
            world.open(path.trim_start_matches('/')),
            Err(FileError::Denied)
        );
    }
}

#[test]
fn open_files_outlive_their_names() {
    let mut world = world(Access::ReadWrite);
    let id = world.open("m/file").unwrap();
    world.tree.remove("/m/file", NOW).unwrap();
    let mut text = [0; 10];
    assert_eq!(world.tree.read_at(id, 1, &mut text).unwrap(), 3);
    assert_eq!(world.tree.write_at(id, 4, b"!", NOW).unwrap(), 1);
    assert_eq!(world.tree.stat_of(id).unwrap().size, 5);
    let mut copy = world.tree.clone();
    world.tree.unpin(id);
    assert_eq!(copy.read_at(id, 0, &mut text).unwrap(), 5);
    copy.unpin(id);
    assert!(world.tree.read_at(id, 0, &mut text).is_err());
    // Another file under the name is another file.
    fs::write(world.host("file"), "other").unwrap();
    assert_ne!(world.tree.stat("/m/file").unwrap().id, id);
}

#[test]
fn what_is_written_is_bounded() {
    let limits = FolderLimits {
        write_bytes: 10,
        makes: 3,
        open_files: 2,
    };
    let mut world = world_with(Access::ReadWrite, limits);
    let no_space = |wanted| Err(FileError::NoSpace { wanted, limit: 10 });
    assert_eq!(world.tree.write("/m/file", &[0; 11], NOW), no_space(11));
    assert_eq!(fs::read_to_string(world.host("file")).unwrap(), "text");
    world.tree.write("/m/file", b"123456", NOW).unwrap();
    assert_eq!(world.folder.write_bytes_left(), 4);
    let id = world.open("m/file").unwrap();
    assert_eq!(world.tree.set_size_of(id, 11, NOW), no_space(5));
    // A hole counts as well.
    assert_eq!(
        world.tree.write_at(id, 9, b"xy", NOW),
        Err(FileError::NoSpace {
            wanted: 5,
            limit: 10
        })
    );
    assert_eq!(world.tree.write_at(id, 0, b"xyzw", NOW), Ok(4));
    assert_eq!(
        world.tree.write_at(id, 0, b"x", NOW),
        Err(FileError::NoSpace {
            wanted: 1,
            limit: 10
        })
    );
    for name in ["a", "b", "c"] {
        world.tree.make_dir(&format!("/m/{name}"), NOW).unwrap();
    }
    let full = Err(FileError::TooManyEntries { limit: 3 });
    assert_eq!(world.tree.make_dir("/m/d", NOW), full);
    assert_eq!(world.tree.write("/m/d", b"", NOW), full);
    let other = world.open("m/sub/file").unwrap();
    fs::write(world.host("third"), "").unwrap();
    assert_eq!(
        world.open("m/third"),
        Err(FileError::TooManyOpen { limit: 2 })
    );
    world.tree.unpin(other);
    world.open("m/third").unwrap();
}

#[test]
fn a_folder_that_vanishes_is_an_error() {
    let mut world = world(Access::ReadWrite);
    let id = world.open("m/file").unwrap();
    fs::remove_dir_all(world.above.path().join("shared")).unwrap();
    assert_eq!(world.tree.read("/m/file"), Err(FileError::NotFound));
    assert_eq!(
        world.tree.list("/m").map(|entries| entries.len()),
        Err(FileError::NotFound)
    );
    assert_eq!(
        world.tree.write("/m/new", b"x", NOW),
        Err(FileError::NotFound)
    );
    assert_eq!(world.tree.make_dir("/m/new", NOW), Err(FileError::NotFound));
    let mut text = [0; 4];
    assert_eq!(world.tree.read_at(id, 0, &mut text).unwrap(), 4);
    assert_eq!(world.tree.stat("/m").unwrap().kind, Kind::Directory);
}

#[test]
fn names_that_are_strange_are_taken_or_left_out() {
    use std::os::unix::ffi::OsStrExt;
    let mut world = world(Access::ReadWrite);
    fs::write(world.host("line\nbreak"), "a").unwrap();
    let invalid = std::ffi::OsStr::from_bytes(b"no\xffutf8");
    fs::write(world.host("x").with_file_name(invalid), "b").unwrap();
    assert_eq!(world.names("/m"), ["file", "line\nbreak", "sub"]);
    assert_eq!(world.tree.read("/m/line\nbreak").unwrap(), b"a");
    world.tree.write("/m/tab\there", b"c", NOW).unwrap();
    assert_eq!(fs::read_to_string(world.host("tab\there")).unwrap(), "c");
    let long = format!("/m/{}", "n".repeat(256));
    assert!(world.tree.write(&long, b"", NOW).is_err());
}

#[test]
fn a_listing_in_parts_shows_what_was_there() {
    let mut world = world(Access::ReadWrite);
    for number in 0..50 {
        fs::write(world.host(&format!("f{number:02}")), "").unwrap();
    }
    let id = world.tree.stat("/m").unwrap().id;
    let (mut seen, mut from) = (Vec::new(), 0);
    while let Some(listing) = world.tree.entry_from(id, from).unwrap() {
        let name = listing.entry.name.to_string();
        from = listing.cookie + 1;
        // What is removed on the way is not missed, what is made is not shown.
        world.tree.remove_all(&format!("/m/{name}"), NOW).unwrap();
        world.tree.make_dir(&format!("/m/{name}x"), NOW).unwrap();
        seen.push(name);
    }
    assert_eq!(seen.len(), 52);
}

/// A host that swaps a folder for a link out, again and again.
#[test]
fn swaps_while_walking_never_lead_out() {
    let mut world = world(Access::ReadWrite);
    let (real, parked) = (world.host("sub"), world.host("parked"));
    let outside = world.above.path().to_owned();
    fs::write(outside.join("file"), "outside").unwrap();
    let stop = Arc::new(AtomicBool::new(false));
    let swapper = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || {
            let mut swaps = 0;
            while !stop.load(Ordering::Relaxed) {
                fs::rename(&real, &parked).unwrap();
                symlink(&outside, &real).unwrap();
                fs::remove_file(&real).unwrap();
                fs::rename(&parked, &real).unwrap();
                swaps += 1;
            }
            swaps
        })
    };
    for round in 0..3000 {
        if let Ok(text) = world.tree.read("/m/sub/file") {
            assert_ne!(text, b"outside");
        }
        // Whatever happens, it does not happen outside.
        drop(
            world
                .tree
                .write(&format!("/m/sub/new{}", round % 7), b"x", NOW),
        );
        drop(world.tree.remove("/m/sub/new3", NOW));
        drop(world.tree.list("/m/sub"));
    }
    stop.store(true, Ordering::Relaxed);
    assert!(swapper.join().unwrap() > 0);
    let mut left: Vec<_> = fs::read_dir(world.above.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    left.sort();
    assert_eq!(left, ["file", "secret", "shared"]);
    assert_eq!(
        fs::read_to_string(world.above.path().join("file")).unwrap(),
        "outside"
    );
}

#[test]
fn a_saved_tree_names_its_mounts_and_not_their_contents() {
    let mut world = world(Access::ReadWrite);
    let mut bytes = Vec::new();
    world.tree.save(&mut bytes).unwrap();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let host = world.above.path().to_string_lossy().into_owned();
    assert!(text.contains("/m") && !text.contains(&host));
    let load = |mounts: &[(&str, Arc<dyn crate::files::Backing>)]| {
        Tree::load(&mut &*bytes, &FileLimits::default(), storage(), mounts)
    };
    assert!(load(&[]).unwrap_err().to_string().contains("/m"));
    let other = HostFolder::open(Path::new("."), Access::ReadOnly, FolderLimits::default());
    let wrong = load(&[("/m", Arc::new(other.unwrap()))]).unwrap_err();
    assert_eq!(wrong.to_string(), "/m was host rw, and host ro was given");
    let mounts = world.tree.mounted();
    let mounts: Vec<_> = mounts
        .iter()
        .map(|(path, backing)| (&**path, Arc::clone(backing)))
        .collect();
    let copy = load(&mounts).unwrap();
    assert_eq!(copy.read("/m/file").unwrap(), b"text");
    world.tree.write("/m/file", b"later", NOW).unwrap();
    assert_eq!(copy.read("/m/file").unwrap(), b"later");
}
