use super::{NOW, done, laid, tree};
use crate::files::error::FileError;
use crate::files::node::NodeId;
use crate::files::walk::{Follow, Last};

/// A tree with links of every sort.
fn links() -> crate::files::Tree {
    laid(&[
        "/a/b/c/",
        "/a/file",
        "/a/b/deep",
        "/to-dir -> a/b",
        "/to-file -> a/file",
        "/to-link -> to-file",
        "/absolute -> /a/b",
        "/up -> ../../a",
        "/slashed -> a/b/",
        "/slashed-file -> a/file/",
        "/dangling -> nothing/here",
        "/new -> a/new",
        "/self -> self",
        "/ping -> pong",
        "/pong -> ping",
        "/dot -> .",
        "/root -> /",
        "/a/b/parent -> ..",
        "/a/b/sibling -> ../file",
    ])
}

#[test]
fn paths_lead_where_they_should() {
    let tree = links();
    // Path and the same file by a plain path.
    let cases = [
        ("/", "/"),
        ("//", "/"),
        ("/.", "/"),
        ("/..", "/"),
        ("/../../..", "/"),
        ("/../a/file", "/a/file"),
        ("/./a/././file", "/a/file"),
        ("//a///file", "/a/file"),
        ("/a/b/../file", "/a/file"),
        ("/a/b/../../a/b/c/../deep", "/a/b/deep"),
        ("/a/b/", "/a/b"),
        ("/a/b/.", "/a/b"),
        ("/a/b/c/..", "/a/b"),
        ("/to-dir", "/a/b"),
        ("/to-dir/", "/a/b"),
        ("/to-dir/deep", "/a/b/deep"),
        ("/to-dir/..", "/a"),
        ("/to-file", "/a/file"),
        ("/to-link", "/a/file"),
        ("/absolute/deep", "/a/b/deep"),
        ("/up/file", "/a/file"),
        ("/slashed", "/a/b"),
        ("/slashed/deep", "/a/b/deep"),
        ("/dot/dot/dot/a", "/a"),
        ("/root/root/a/file", "/a/file"),
        ("/a/b/parent/file", "/a/file"),
        ("/a/b/sibling", "/a/file"),
        ("/to-dir/sibling", "/a/file"),
        ("/to-dir/parent/b/c", "/a/b/c"),
    ];
    for (path, same) in cases {
        let found = tree.stat(path).map(|stat| stat.id);
        assert_eq!(found, tree.stat(same).map(|stat| stat.id), "{path}");
        assert!(found.is_ok(), "{path}");
    }
}

#[test]
fn paths_that_lead_nowhere_say_why() {
    let tree = links();
    let long_name = format!("/{}", "n".repeat(256));
    let long_path = "/a".repeat(2049);
    let components = "/x".repeat(10_000);
    let cases = [
        ("/nothing", FileError::NotFound),
        ("/nothing/", FileError::NotFound),
        ("/nothing/..", FileError::NotFound),
        ("/a/nothing/file", FileError::NotFound),
        ("/a/file/", FileError::NotADirectory),
        ("/a/file/.", FileError::NotADirectory),
        ("/a/file/..", FileError::NotADirectory),
        ("/a/file/more", FileError::NotADirectory),
        ("/to-file/", FileError::NotADirectory),
        ("/to-file/more", FileError::NotADirectory),
        ("/slashed-file", FileError::NotADirectory),
        ("/dangling", FileError::NotFound),
        ("/dangling/", FileError::NotFound),
        ("/self", FileError::TooManyLinks { limit: 40 }),
        ("/self/more", FileError::TooManyLinks { limit: 40 }),
        ("/ping", FileError::TooManyLinks { limit: 40 }),
        ("", FileError::NotAbsolute),
        ("a/file", FileError::NotAbsolute),
        ("./a", FileError::NotAbsolute),
        ("/a\0", FileError::InvalidName),
        (
            &long_name,
            FileError::NameTooLong {
                length: 256,
                limit: 255,
            },
        ),
        (
            &long_path,
            FileError::PathTooLong {
                length: 4098,
                limit: 4096,
            },
        ),
        (
            &components,
            FileError::PathTooLong {
                length: 20_000,
                limit: 4096,
            },
        ),
    ];
    for (path, expected) in cases {
        assert_eq!(done(tree.stat(path)), Err(expected), "{path}");
    }
}

#[test]
fn a_link_at_the_end_is_followed_only_when_asked() {
    use Follow::{Always, Never, NotLast};
    let tree = links();
    // Path, whether followed, what it is then: l link, f file, d directory,
    // - nothing, and whether a directory is required.
    let cases = [
        ("to-file", Always, 'f', false),
        ("to-file", NotLast, 'l', false),
        ("to-file", Never, 'l', false),
        ("to-file/", Always, 'f', true),
        ("to-file/", NotLast, 'f', true),
        ("to-file/", Never, 'l', true),
        ("to-dir/", NotLast, 'd', true),
        ("to-dir/", Never, 'l', true),
        ("to-dir/.", Never, 'd', false),
        ("to-dir/deep", Never, 'f', false),
        ("to-dir/sibling", Never, 'l', false),
        ("slashed", NotLast, 'l', false),
        ("slashed", Always, 'd', true),
        ("dangling", NotLast, 'l', false),
        ("new", Always, '-', false),
        ("new/", Always, '-', true),
        ("new/", NotLast, '-', true),
        ("new/", Never, 'l', true),
    ];
    for (path, follow, what, slash) in cases {
        let walked = tree.walk(NodeId::ROOT, path, follow).unwrap();
        let found = match walked.found.map(|(_, kind)| kind) {
            None => '-',
            Some(crate::files::Kind::File) => 'f',
            Some(crate::files::Kind::Directory) => 'd',
            Some(crate::files::Kind::SymbolicLink) => 'l',
            Some(crate::files::Kind::Device(_) | crate::files::Kind::Other) => '?',
        };
        assert_eq!((found, walked.slash), (what, slash), "{path} {follow:?}");
    }
}

#[test]
fn the_last_component_is_named() {
    let tree = links();
    let cases = [
        ("a/file", "file"),
        ("a/b///", "b"),
        ("new", "new in a"),
        ("to-dir/nothing", "nothing in b"),
        (".", "."),
        ("a/.", "."),
        ("a/..", ".."),
        ("root", "/"),
        ("dot", "."),
        ("up", "a"),
        ("..", ".."),
    ];
    for (path, expected) in cases {
        let walked = tree.walk(NodeId::ROOT, path, Follow::Always).unwrap();
        let last = match &walked.last {
            Last::Name(name) => name.as_str(),
            Last::Dot => ".",
            Last::DotDot => "..",
            Last::Root => "/",
        };
        let (name, parent) = expected.split_once(" in ").unwrap_or((expected, ""));
        assert_eq!(last, name, "{path}");
        if !parent.is_empty() {
            let path = tree.path_of(walked.directory.inode).unwrap();
            assert!(path.ends_with(parent), "{path}");
        }
    }
}

#[test]
fn forty_links_are_followed_and_one_more_is_not() {
    let mut tree = tree();
    tree.write("/link-0", b"end", NOW).unwrap();
    for at in 1..=10_000 {
        tree.symlink(&format!("link-{}", at - 1), &format!("/link-{at}"), NOW)
            .unwrap();
    }
    assert_eq!(tree.read("/link-40").unwrap(), b"end");
    for at in [41, 10_000] {
        assert_eq!(
            tree.read(&format!("/link-{at}")),
            Err(FileError::TooManyLinks { limit: 40 })
        );
    }
}

#[test]
fn links_that_multiply_end() {
    // Each link names the one before twice: a naive walk would take 2^39 steps.
    let mut tree = tree();
    tree.make_dir("/0", NOW).unwrap();
    for at in 1..40 {
        let before = at - 1;
        tree.symlink(&format!("{before}/../{before}"), &format!("/{at}"), NOW)
            .unwrap();
    }
    assert_eq!(
        done(tree.stat("/39")),
        Err(FileError::TooManyLinks { limit: 40 })
    );
}

#[test]
fn a_walk_starts_at_its_directory() {
    let mut tree = links();
    let b = tree.stat("/a/b").unwrap().id;
    let find = |tree: &crate::files::Tree, path| tree.find(b, path, Follow::Always);
    let of = |tree: &crate::files::Tree, path| tree.stat(path).map(|stat| stat.id).unwrap();
    assert_eq!(find(&tree, "deep").unwrap().0, of(&tree, "/a/b/deep"));
    assert_eq!(find(&tree, "../file").unwrap().0, of(&tree, "/a/file"));
    assert_eq!(find(&tree, "../../..").unwrap().0, NodeId::ROOT);
    assert_eq!(find(&tree, ""), Err(FileError::NotFound));
    let file = of(&tree, "/a/file");
    assert_eq!(
        done(tree.find(file, "x", Follow::Always)),
        Err(FileError::NotADirectory)
    );
    // A removed directory that is still open has nothing in it and nothing above.
    tree.pin(b).unwrap();
    tree.remove_all("/a/b", NOW).unwrap();
    assert_eq!(find(&tree, "deep"), Err(FileError::NotFound));
    assert_eq!(find(&tree, ".."), Err(FileError::NotFound));
    assert_eq!(find(&tree, ".").unwrap().0, b);
    tree.unpin(b);
    assert_eq!(find(&tree, "."), Err(FileError::Stale));
}
