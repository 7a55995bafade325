//! What the doctor finds.

use crate::support::{command, image, sandcell, start};

#[test]
fn all_is_well_where_the_image_is() {
    image();
    let ended = sandcell(&["doctor"]).exits(0);
    assert!(ended.text().ends_with("all is well\n"), "{ended:?}");
    assert!(ended.text().contains("image python"), "{ended:?}");
    assert!(!ended.text().contains("problem"), "{ended:?}");
}

#[test]
fn an_empty_cache_lacks_its_image() {
    let folder = tempfile::tempdir().unwrap();
    let mut doctor = command(&["doctor"]);
    doctor.env("SANDCELL_CACHE", folder.path().join("cache"));
    let ended = start(doctor, Vec::new()).end().exits(3);
    assert!(
        ended
            .text()
            .contains("mend it: sandcell image build python\n"),
        "{ended:?}"
    );
}

#[test]
fn missing_tools_are_named_when_an_image_must_be_built() {
    let folder = tempfile::tempdir().unwrap();
    let mut doctor = command(&["doctor"]);
    doctor
        .env("SANDCELL_CACHE", folder.path().join("cache"))
        .env("PATH", folder.path());
    let ended = start(doctor, Vec::new()).end().exits(3);
    for tool in ["python3", "make", "C compiler"] {
        assert!(
            ended.text().contains(&format!("problem  {tool}")),
            "{tool} in {ended:?}"
        );
    }
}

#[test]
fn what_is_damaged_is_found_and_mended_by_what_is_said() {
    image();
    let folder = tempfile::tempdir().unwrap();
    let cache = folder.path().join("cache");
    let file = folder.path().join("python.sandcell");
    let file = file.to_str().unwrap();
    sandcell(&["image", "export", "python", file]).exits(0);
    let at = |words: &[&str]| {
        let mut command = command(words);
        command.env("SANDCELL_CACHE", &cache);
        start(command, Vec::new()).end()
    };
    at(&["image", "import", file]).exits(0);
    at(&["doctor"]).exits(0);

    std::fs::remove_dir_all(cache.join("compiled")).unwrap();
    let ended = at(&["doctor"]).exits(3);
    assert!(
        ended
            .text()
            .contains("mend it: sandcell run --image python -c 1\n"),
        "{ended:?}"
    );
    at(&["run", "--image", "python", "-c", "1"]).exits(0);
    at(&["doctor"]).exits(0);

    let damaged = cache.join("images/python/library.zip");
    let mut bytes = std::fs::read(&damaged).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&damaged, bytes).unwrap();
    let ended = at(&["doctor"]).exits(3);
    assert!(
        ended.text().contains("library.zip was changed"),
        "{ended:?}"
    );
    assert!(
        ended
            .text()
            .contains("mend it: sandcell image build python\n"),
        "{ended:?}"
    );
}

#[test]
fn a_cache_that_cannot_be_is_a_problem() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut doctor = command(&["doctor"]);
    doctor.env("SANDCELL_CACHE", file.path());
    let ended = start(doctor, Vec::new()).end().exits(3);
    assert!(ended.text().contains("problem  cache"), "{ended:?}");
}
