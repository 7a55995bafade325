//! What hostile scripts cost: an error, soon, and never the process.

#![expect(
    clippy::unwrap_used,
    reason = "a test that finds something else than it expects has failed"
)]

mod support;

use std::sync::Arc;
use std::time::Duration;

use sandcell_shell::{Child, Shell, Signal, Start, SyntaxErrorKind, check};

/// Runs on a stack of 512 KiB.
fn on_small_stack(work: impl FnOnce() + Send + 'static) {
    let thread = std::thread::Builder::new().stack_size(512 << 10);
    thread.spawn(work).unwrap().join().unwrap();
}

#[test]
fn nesting_of_every_form_is_an_error() {
    on_small_stack(|| {
        for open in [
            "$(((",
            "((",
            "( ",
            "{ ",
            "$(",
            "${x:-",
            "${",
            "`",
            "\"$(",
            "\"${x:-\"",
            "$((",
            "$((1+(",
            "[[ ( ",
            "[[ ! ",
            "if ",
            "while ",
            "for i in a; do ",
            "case x in x) ",
            "f() { ",
            "function f { ",
            "<(",
            "a=(",
            "a[",
            "x=${a[",
            "${x/",
            "${x:",
            "<<E\n$(",
            "@(",
            "! ",
            "time ",
            "if true; then ",
            "a=$(",
            "cat <<$(",
            "until ",
            "[[ a =~ (",
            "$[",
            "eval \"$(",
            "$'",
            "((( ",
            "&& ",
            "{ { (",
            "${x#",
            "${!x[",
            "\\\n",
            "`\\`",
            "echo {",
            "{a,",
        ] {
            let _any_end = check(open.repeat(100_000).as_bytes());
        }
        let deep = check(format!("{}:{}", "{ ".repeat(100_000), "; }".repeat(100_000)).as_bytes());
        assert_eq!(deep.unwrap_err().kind, SyntaxErrorKind::TooDeep);
        let deep =
            check(format!("echo {}{}", "$(echo ".repeat(100_000), ")".repeat(100_000)).as_bytes());
        assert_eq!(deep.unwrap_err().kind, SyntaxErrorKind::TooDeep);
        assert!(check("x=1\n".repeat(100_000).as_bytes()).is_ok());
        assert_eq!(
            check(&vec![b'a'; 5 << 20]).unwrap_err().kind,
            SyntaxErrorKind::TooLarge
        );
        assert_eq!(
            check("a;".repeat(1 << 20).as_bytes()).unwrap_err().kind,
            SyntaxErrorKind::TooLarge
        );
        assert!(check("{ { { ( ( $( echo ${x:-$((1+(2)))} ) ) ); }; }; }".as_bytes()).is_ok());
    });
}

#[test]
fn scripts_without_bounds_of_their_own_meet_ours() {
    for script in [
        "f() { f; }; f",
        "x=aaaaaaaaaaaaaaaa; while :; do x=$x$x; done",
        "while :; do a+=(xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx); done",
        "echo {1..100000}{1..100000}",
        "x=$(yes)",
        "f() { f; }; f",
        "f() { eval f; }; f",
        "f() { { { { f; }; }; }; }; f",
        "echo 'source ./s' > s; source ./s",
        "x=x; echo $((x))",
        "x='x[x]'; echo $((x))",
        "shopt -s extglob; x=$(printf '%20000s' a); [[ $x == *(*(*(a)))b ]]; echo ${x//!(!(!(!(b))))/}; false",
        "[[ aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa =~ (a*)*b ]]",
        "[[ x =~ ((((((((x{1,900}){1,900}){1,900})))))) ]]",
        "printf '%1000000000d' 1 | wc -c | grep -q 1000000000",
        "f() { (f); }; f",
        "alias a='a b' b='a'; shopt -s expand_aliases; eval 'a; b' 2>/dev/null; false",
        "set -- $(yes | head -n 300000); echo $#; false",
        "declare -n r=r; echo $r; r=1; false",
    ] {
        let ran = support::block_on(async {
            let world = support::World::new();
            let args = ["-c", script];
            let ran = support::run_in(&world, &args, b"", "/home/user");
            tokio::time::timeout(Duration::from_secs(120), ran).await
        });
        let ran = ran.unwrap_or_else(|_| panic!("no end: {script}"));
        assert_ne!(ran.status, 0, "{script}: {ran:?}");
    }
}

#[test]
fn loops_give_way_and_can_be_killed() {
    for script in [
        "while :; do :; done",
        "for ((;;)); do :; done",
        "f() { :; }; until f false; do f; done; while :; do (:); done",
        "x=(); while :; do x=(1 2); done",
        "trap 'kill -USR1 $$' USR1; kill -USR1 $$; while :; do :; done",
    ] {
        for signal in [Signal::KILL, Signal::TERM, Signal::INT] {
            support::block_on(async {
                let world = support::World::new();
                let process = world.bash(&["-c", script], "/home/user", [].into());
                tokio::time::sleep(Duration::from_millis(20)).await;
                process.send(signal);
                assert_eq!(
                    process.wait().await.code(),
                    128 + i32::from(signal.0),
                    "{script}"
                );
            });
        }
    }
}

#[test]
fn pipes_push_back() {
    support::block_on(async {
        let world = support::World::new();
        let script = "n=0; while echo $n >&3; do ((n++)); done 3>&1 >/dev/null | { sleep 0.3; read x; echo $x; }";
        let ran = support::run_in(&world, &["-c", script], b"", "/home/user").await;
        assert_eq!(ran.stdout, "0\n");
    });
}

#[test]
fn a_fork_bomb_is_bounded() {
    support::block_on(async {
        let world = support::World::new();
        let process = world.bash(&["-c", ":(){ :|:& };:"], "/home/user", [].into());
        process.wait().await;
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(world.alive() <= 302);
    });
}

/// A shell that writes all to `stream`.
fn bash(stream: sandcell_shell::Stream) -> Start {
    Start {
        argv: vec![b"bash".to_vec()],
        env: vec![(b"PATH".to_vec(), b"/usr/bin".to_vec())],
        cwd: "/home/user".to_owned(),
        descriptors: [(1, Arc::clone(&stream)), (2, stream)].into(),
    }
}

#[test]
fn a_state_is_data_and_lives_on() {
    support::block_on(async {
        let world = support::World::new();
        let system = world.system();
        let (out, stream) = support::Collected::new();
        let mut shell = Shell::new(&system, bash(stream));
        let first = "x='a b'; declare -A m=([k]=v); arr=(1 2); f() { echo \"f $1 $x ${m[k]} ${arr[1]}\"; }; cd /tmp; alias a=b; set -o pipefail; trap 'echo t' USR1; export E=1; exit 3";
        assert_eq!(shell.run_cell(first).await.code(), 3);
        let state = shell.state();
        let text = serde_json::to_string(&state).unwrap();
        let back: sandcell_shell::State = serde_json::from_str(&text).unwrap();
        assert_eq!(back, state);
        let descriptors = [(1, out.clone() as sandcell_shell::Stream), (2, out.clone())].into();
        let mut shell = Shell::restore(&system, descriptors, back).unwrap();
        assert_eq!(shell.state(), state);
        let cell =
            "echo $?; f y; pwd; alias a; shopt -o pipefail; trap -p; printenv E; echo ${x?} ) ";
        shell.run_cell(cell).await;
        shell
            .run_cell("f z; echo $((1/0)); echo same line\necho next line")
            .await;
        let wanted = "f z a b v 2\n";
        assert!(
            out.text().ends_with("next line\n") && out.text().contains(wanted),
            "{}",
            out.text()
        );
        shell
            .run_cell("echo $BASH_VERSION $x; f y; pwd; alias a")
            .await;
        assert!(
            out.text()
                .ends_with("a b\nf y a b v 2\n/tmp\nalias a='b'\n"),
            "{}",
            out.text()
        );
    });
}

#[test]
fn the_trap_of_exit_waits_for_an_exit() {
    support::block_on(async {
        let world = support::World::new();
        let system = world.system();
        let (out, stream) = support::Collected::new();
        let mut shell = Shell::new(&system, bash(stream));
        for (cell, status, text) in [
            ("trap 'echo left $x' EXIT; echo one", 0, "one\n"),
            ("x=1; false", 1, "one\n"),
            ("exit 3; echo never", 3, "one\nleft 1\n"),
            ("echo on; set -e; false; echo never", 1, "one\nleft 1\non\n"),
            ("set +e; echo ok", 0, "one\nleft 1\non\nok\n"),
        ] {
            assert_eq!(shell.run_cell(cell).await.code(), status, "{cell}");
            assert_eq!(out.text(), text, "{cell}");
        }
    });
}
