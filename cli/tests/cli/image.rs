//! Images in a cache of their own.

use std::path::Path;
use std::process::Command;

use crate::support::{Ended, command, image, sandcell, start};

/// The command in another cache, where no tool and no network helps it.
fn offline(cache: &Path, words: &[&str]) -> Command {
    let mut command = command(words);
    command
        .env("SANDCELL_CACHE", cache)
        .env("PATH", "/nonexistent");
    for proxy in ["http_proxy", "https_proxy", "all_proxy"] {
        command.env(proxy, "http://127.0.0.1:1");
    }
    command
}

#[track_caller]
fn at(cache: &Path, words: &[&str]) -> Ended {
    start(offline(cache, words), Vec::new()).end()
}

#[test]
fn an_empty_cache_lists_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let ended = at(&cache, &["image", "list"]).exits(0);
    assert!(
        ended.text().starts_with("there are no images in "),
        "{ended:?}"
    );
    at(&cache, &["image", "list", "--json"]).exits(0).prints("");
}

#[test]
fn an_image_moves_to_another_machine_and_runs_there_offline() {
    image();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let file = folder.path().join("python.sandcell");
    let file = file.to_str().unwrap();
    let ended = sandcell(&["image", "export", "python", file]).exits(0);
    assert!(
        ended.text().starts_with(&format!("wrote {file} (")),
        "{ended:?}"
    );

    at(&cache, &["image", "import", file])
        .exits(0)
        .prints("imported python\n");
    at(&cache, &["run", "-c", "6 * 7"]).exits(0).prints("42\n");
    at(&cache, &["run", "--image", file, "-c", "6 * 7"])
        .exits(0)
        .prints("42\n");
    at(&cache, &["run", "--fuel", "1M", "-c", "1"])
        .exits(2)
        .says("`sandcell image build python --fuel` adds that");

    let listed = at(&cache, &["image", "list", "--json"]).exits(0).json();
    assert_eq!(listed.len(), 1);
    let here = sandcell(&["image", "inspect", "python", "--json"])
        .exits(0)
        .json();
    for same in ["name", "id", "recipe", "memory_bytes", "licences"] {
        assert_eq!(listed[0][same], here[0][same], "{same}");
    }
    assert_eq!(listed[0]["compiled"], true);
    assert_eq!(listed[0]["fuel"], false);
    let table = at(&cache, &["image", "list"]).exits(0);
    assert!(
        table.text().lines().nth(1).unwrap().starts_with("python "),
        "{table:?}"
    );
    let text = at(&cache, &["image", "inspect", "python"]).exits(0);
    assert!(
        text.text().contains(listed[0]["id"].as_str().unwrap()),
        "{text:?}"
    );

    // Another image with the same module leaves the code that both run.
    let images = cache.join("images");
    std::fs::create_dir(images.join("twin")).unwrap();
    let manifest = |name: &str| images.join(name).join("manifest.json");
    std::fs::copy(manifest("python"), manifest("twin")).unwrap();
    at(&cache, &["image", "remove", "twin"]).exits(0);
    let compiled = || std::fs::read_dir(cache.join("compiled")).unwrap().count();
    assert_ne!(compiled(), 0);
    at(&cache, &["image", "remove", "python"])
        .exits(0)
        .prints("removed python\n");
    assert_eq!(compiled(), 0);
    at(&cache, &["image", "remove", "python"])
        .exits(2)
        .says("there is no image `python`");
    at(&cache, &["image", "list", "--json"]).exits(0).prints("");
}

#[test]
fn what_is_no_image_is_refused_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let file = folder.path().join("broken.sandcell");
    let path = file.to_str().unwrap();
    at(&cache, &["image", "import", path])
        .exits(2)
        .says("error: there is no file ");
    for contents in [&b""[..], b"no image", &[0; 100_000]] {
        std::fs::write(&file, contents).unwrap();
        at(&cache, &["image", "import", path])
            .exits(3)
            .says("is not a usable image");
        at(&cache, &["run", "--image", path, "-c", "1"])
            .exits(3)
            .says("is not a usable image");
    }
    at(&cache, &["image", "list", "--json"]).exits(0).prints("");
}

#[test]
fn a_damaged_export_is_refused() {
    image();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let file = folder.path().join("python.sandcell");
    let path = file.to_str().unwrap();
    sandcell(&["image", "export", "python", path]).exits(0);
    let whole = std::fs::read(&file).unwrap();
    std::fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    at(&cache, &["image", "import", path])
        .exits(3)
        .says("is not a usable image");
    let mut flipped = whole;
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    std::fs::write(&file, &flipped).unwrap();
    at(&cache, &["image", "import", path])
        .exits(3)
        .says("is not a usable image");
    at(&cache, &["image", "list", "--json"]).exits(0).prints("");
}

#[test]
fn names_that_are_no_names_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    for name in ["", "..", "a/b", "a b"] {
        at(&cache, &["image", "remove", name])
            .exits(2)
            .says("a name has 1 to 64 letters");
    }
}
