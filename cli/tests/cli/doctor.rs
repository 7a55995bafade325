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
fn a_cache_that_cannot_be_is_a_problem() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut doctor = command(&["doctor"]);
    doctor.env("SANDCELL_CACHE", file.path());
    let ended = start(doctor, Vec::new()).end().exits(3);
    assert!(ended.text().contains("problem  cache"), "{ended:?}");
}
