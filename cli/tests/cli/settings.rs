//! Environment, repeatable runs.

use crate::support::{command, image, run, start};

#[test]
fn variables_are_set() {
    let code = "import os; [os.environ[name] for name in ('A', 'B', 'C')]";
    run(&["--env", "A=1", "--env", "B=", "--env", "C=x=y", "-c", code])
        .exits(0)
        .prints("['1', '', 'x=y']\n");
}

#[test]
fn variables_are_copied_by_name_and_nothing_else_is_visible() {
    image();
    let code = "import os; [os.environ.get(name) for name in ('SHARED', 'SECRET')]";
    let mut running = command(&["run", "--env", "SHARED", "-c", code]);
    running.env("SHARED", "copied").env("SECRET", "hidden");
    start(running, Vec::new())
        .end()
        .exits(0)
        .prints("['copied', None]\n");
}

#[test]
fn a_variable_that_is_not_set_cannot_be_copied() {
    run(&["--env", "NOT_SET_ANYWHERE", "-c", "1"])
        .exits(2)
        .says("error: `--env NOT_SET_ANYWHERE` copies a variable that is not set here")
        .says("hint: `--env NOT_SET_ANYWHERE=VALUE` sets it");
}

#[test]
fn a_seed_makes_runs_repeat() {
    let code = "import random, time, uuid, os\n\
                (random.random(), uuid.uuid4(), os.urandom(8), time.time(), hash('x'))";
    let with_seed = |seed| run(&["--seed", seed, "-c", code]).exits(0).stdout;
    assert_eq!(with_seed("7"), with_seed("7"));
    assert_ne!(with_seed("7"), with_seed("8"));
    assert_ne!(run(&["-c", code]).stdout, run(&["-c", code]).stdout);
}

#[test]
fn a_seed_fixes_the_clock() {
    let code = "import datetime; str(datetime.date.today())";
    run(&["--seed", "1", "-c", code])
        .exits(0)
        .prints("'2026-01-01'\n");
}

#[test]
fn folders_of_the_host_are_mounted() {
    let folder = tempfile::TempDir::new().unwrap();
    std::fs::write(folder.path().join("in.txt"), "from the host").unwrap();
    let host = folder.path().to_str().unwrap();
    let read = "print(open('/data/in.txt').read())";
    run(&["--mount", &format!("{host}:/data"), "-c", read])
        .exits(0)
        .prints("from the host\n");
    let write = "open('/data/out.txt', 'w').write('x')";
    run(&["--mount", &format!("{host}:/data"), "-c", write]).exits(1);
    assert!(!folder.path().join("out.txt").exists());
    run(&["--mount", &format!("{host}:/data:rw"), "-c", write]).exits(0);
    assert_eq!(
        std::fs::read_to_string(folder.path().join("out.txt")).unwrap(),
        "x"
    );
    run(&["--mount", &format!("{host}/none:/data"), "-c", "1"]).says("none");
    run(&["--mount", "/data", "-c", "1"])
        .exits(2)
        .says("error: `--mount /data` names no two paths");
}
