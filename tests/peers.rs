//! The pure parts of `benches/peers`, which are written in Python, by their own tests.

use std::path::Path;
use std::process::Command;

#[test]
fn the_driver_of_the_peers_passes_its_own_tests() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/peers");
    let tests = Command::new("python3")
        .args(["-B", "-m", "unittest", "discover"])
        .arg(&folder)
        .output()
        .expect("python3");
    let said = String::from_utf8_lossy(&tests.stderr);
    assert!(tests.status.success(), "{said}");
    // Tests that ran not at all prove nothing.
    assert!(said.contains("Ran ") && !said.contains("Ran 0 "), "{said}");
}
