//! Sandboxes saved to files, and copies of them.

use crate::support::run;

#[test]
fn a_saved_sandbox_goes_on_in_another_process() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("prepared");
    let file = file.to_str().unwrap();
    let prepare = "x = [1]; n = open('notes', 'w').write('kept')";
    run(&["--env", "A=1", "--save", file, "-c", prepare]).exits(0);
    let code = "import os; x.append(2); x, open('notes').read(), os.environ['A']";
    for _ in 0..2 {
        run(&["--snapshot", file, "-c", code])
            .exits(0)
            .prints("([1, 2], 'kept', '1')\n");
    }
    run(&["--snapshot", file, "--save", file, "-c", "x.append(3)"]).exits(0);
    run(&["--snapshot", file, "-c", "x"])
        .exits(0)
        .prints("[1, 3]\n");
}

#[test]
fn children_are_copies_that_differ_in_randomness() {
    let code = "import os, random; print(os.environ['SANDCELL_CHILD'], random.random())";
    let ended = run(&["--fork", "3", "-c", code]).exits(0);
    let lines: Vec<(&str, &str)> = ended
        .text()
        .lines()
        .map(|line| line.split_once(' ').unwrap())
        .collect();
    let numbers: Vec<&str> = lines.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, ["1", "2", "3"]);
    assert!(
        lines[0].1 != lines[1].1 && lines[1].1 != lines[2].1,
        "{lines:?}"
    );
    let fails = "import os, sys; sys.exit(os.environ['SANDCELL_CHILD'] == '2')";
    run(&["--fork", "3", "-c", fails]).exits(1);
}

#[test]
fn a_file_that_is_no_snapshot_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("other");
    std::fs::write(&file, "x = 1").unwrap();
    run(&["--snapshot", file.to_str().unwrap(), "-c", "1"])
        .exits(3)
        .says("is not a usable snapshot: it is no snapshot, or not a whole one");
    let missing = folder.path().join("missing");
    run(&["--snapshot", missing.to_str().unwrap(), "-c", "1"])
        .exits(3)
        .says("cannot open");
    run(&[
        "--save",
        folder.path().join("no/folder").to_str().unwrap(),
        "-c",
        "1",
    ])
    .exits(3)
    .says("cannot create");
    run(&["--fork", "0", "-c", "1"]).exits(2);
    run(&["--fork", "2", "--save", "x", "-c", "1"]).exits(2);
}
