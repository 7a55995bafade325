use super::{NOW, check_sums, done, laid, shown, standard, tree};
use crate::files::error::FileError;
use crate::files::node::Kind;

#[test]
fn a_file_is_made_replaced_and_extended() {
    let mut tree = laid(&["/d/", "/l -> d/new", "/dangling -> nowhere/x"]);
    tree.write("/d/a", b"one", NOW).unwrap();
    tree.write("/d/a", b"", NOW).unwrap();
    assert_eq!(tree.read("/d/a").unwrap(), b"");
    tree.append("/d/a", b"two", NOW).unwrap();
    tree.append("/d/a", b" three", NOW).unwrap();
    tree.append("/d/b", b"made", NOW).unwrap();
    assert_eq!(tree.read("/d/a").unwrap(), b"two three");
    assert_eq!(tree.read("/d/b").unwrap(), b"made");
    // Through a link whose target does not exist yet.
    tree.write("/l", b"through", NOW).unwrap();
    assert_eq!(tree.read("/d/new").unwrap(), b"through");
    let errors = [
        ("/d", FileError::IsADirectory),
        ("/d/", FileError::IsADirectory),
        ("/", FileError::IsADirectory),
        ("/d/a/", FileError::NotADirectory),
        ("/d/x/", FileError::IsADirectory),
        ("/d/a/x", FileError::NotADirectory),
        ("/x/a", FileError::NotFound),
        ("/dangling", FileError::NotFound),
        ("d/a", FileError::NotAbsolute),
    ];
    for (path, expected) in errors {
        assert_eq!(tree.write(path, b"", NOW), Err(expected.clone()), "{path}");
        assert_eq!(tree.append(path, b"x", NOW), Err(expected), "{path}");
    }
    check_sums(&tree);
}

#[test]
fn ranges_are_read() {
    let mut tree = tree();
    tree.write("/a", b"0123456789", NOW).unwrap();
    let cases: [(u64, u64, &[u8]); 7] = [
        (0, 10, b"0123456789"),
        (0, u64::MAX, b"0123456789"),
        (3, 4, b"3456"),
        (8, 10, b"89"),
        (10, 1, b""),
        (u64::MAX, u64::MAX, b""),
        (5, 0, b""),
    ];
    for (offset, length, expected) in cases {
        assert_eq!(tree.read_range("/a", offset, length).unwrap(), expected);
    }
    assert_eq!(tree.read("/"), Err(FileError::IsADirectory));
    assert_eq!(tree.read("/b"), Err(FileError::NotFound));
}

#[test]
fn a_listing_is_sorted_and_complete() {
    let mut tree = tree();
    let mut names: Vec<String> = (0..1000)
        .map(|at| format!("n{}", (at * 37) % 1000))
        .collect();
    for name in &names {
        tree.write(&format!("/{name}"), b"", NOW).unwrap();
    }
    names.sort();
    let listed: Vec<_> = tree.list("/").unwrap();
    let listed: Vec<_> = listed.iter().map(|entry| entry.name.to_string()).collect();
    assert_eq!(listed, names);
    assert_eq!(done(tree.list("/n1")), Err(FileError::NotADirectory));
    assert_eq!(done(tree.list("/x")), Err(FileError::NotFound));
}

#[test]
fn names_are_any_text_but_nul_and_slash() {
    let mut tree = tree();
    let names = [
        "with space",
        "new\nline",
        "\u{202e}txt.exe",
        "CON",
        "a:b",
        "back\\slash",
        "%2e%2e",
        "...",
        "\u{1}",
        "e\u{301}",
        "é",
    ];
    for name in names {
        tree.write(&format!("/{name}"), name.as_bytes(), NOW)
            .unwrap();
    }
    assert_eq!(tree.list("/").unwrap().len(), names.len());
    for name in names {
        assert_eq!(tree.read(&format!("/{name}")).unwrap(), name.as_bytes());
    }
    assert_eq!(tree.write("/nul\0", b"", NOW), Err(FileError::InvalidName));
}

#[test]
fn directories_are_made_with_those_above() {
    let mut tree = laid(&["/a", "/d/", "/l -> d", "/m -> x"]);
    let cases = [
        ("/", Ok(())),
        ("/d", Ok(())),
        ("/d/e/f/g", Ok(())),
        ("/d//e/./h/../i/", Ok(())),
        ("/l/through", Ok(())),
        ("/a", Err(FileError::Exists)),
        ("/a/b", Err(FileError::NotADirectory)),
        ("relative", Err(FileError::NotAbsolute)),
        ("", Err(FileError::NotAbsolute)),
        ("/m/y", Ok(())),
    ];
    for (path, expected) in cases {
        assert_eq!(tree.make_dirs(path, NOW), expected, "{path}");
    }
    assert_eq!(
        shown(&tree),
        [
            "/a = /a",
            "/d/",
            "/d/e/",
            "/d/e/f/",
            "/d/e/f/g/",
            "/d/e/h/",
            "/d/e/i/",
            "/d/through/",
            "/l -> d",
            "/m -> x",
            "/x/",
            "/x/y/",
        ]
    );
}

#[test]
fn existence_is_a_question_and_a_loop_an_error() {
    let tree = laid(&["/a", "/d/", "/l -> nothing", "/s -> s"]);
    for (path, expected) in [
        ("/a", Ok(true)),
        ("/d/", Ok(true)),
        ("/l", Ok(false)),
        ("/x/y", Ok(false)),
        ("/a/b", Ok(false)),
        ("/s", Err(FileError::TooManyLinks { limit: 40 })),
    ] {
        assert_eq!(tree.exists(path), expected, "{path}");
    }
    assert_eq!(tree.stat_link("/l").unwrap().kind, Kind::SymbolicLink);
    assert_eq!(tree.stat_link("/l").unwrap().size, 7);
    assert_eq!(tree.read_link("/l").unwrap(), "nothing");
    assert_eq!(tree.read_link("/a"), Err(FileError::Invalid));
    assert_eq!(done(tree.stat("/l")), Err(FileError::NotFound));
}

#[test]
fn devices_are_no_files_for_the_host() {
    let mut tree = standard();
    for device in ["/dev/null", "/dev/zero", "/dev/urandom"] {
        assert_eq!(tree.read(device), Err(FileError::Invalid), "{device}");
        assert_eq!(tree.write(device, b"x", NOW), Err(FileError::Invalid));
        assert_eq!(tree.publish(device, b"x", NOW), Err(FileError::Invalid));
    }
    assert_eq!(
        tree.publish("/dev", b"x", NOW),
        Err(FileError::IsADirectory)
    );
}
