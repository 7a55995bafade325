//! The shell's own commands that start others, over real guests.

use crate::{bash, check, sandbox};

#[tokio::test]
async fn xargs_runs_what_it_is_told_with_what_it_reads() {
    let sandbox = sandbox().await;
    sandbox
        .files()
        .write("/home/user/names", "one two\n'three four'\n")
        .unwrap();
    for (script, expected) in [
        // From a file: standard input is left to the commands.
        (
            "xargs -a names -n 1 echo + < /dev/null",
            "+ one\n+ two\n+ three four\n",
        ),
        (
            "echo input | xargs -a names sh -c 'cat; echo $#' x",
            "input\n3\n",
        ),
        ("xargs --arg-file=names -L 1 echo", "one two\nthree four\n"),
        ("printf 'a\\0b c\\0' | xargs -0 -n 1 echo", "a\nb c\n"),
        ("printf 'a,b,c' | xargs -d , echo", "a b c\n"),
        (
            "printf 'x\\ny\\n' | xargs -I '{}' echo '<{}>' '{}{}'",
            "<x> xx\n<y> yy\n",
        ),
        ("seq 6 | xargs -n 2 echo", "1 2\n3 4\n5 6\n"),
        ("seq 6 | xargs -s 12 echo | wc -l", "2\n"),
        ("true | xargs echo empty", "empty\n"),
        ("true | xargs -r echo empty", ""),
        ("seq 3 | xargs -t echo 2>&1", "echo 1 2 3\n1 2 3\n"),
        ("find . -name 'n*' | xargs grep -c one", "1\n"),
        (
            "echo 'print(6*7)' > m.py; echo m.py | xargs python3",
            "42\n",
        ),
    ] {
        check(&sandbox, script, expected).await;
    }
}

#[tokio::test]
async fn xargs_runs_several_at_once() {
    let sandbox = sandbox().await;
    // Each waits for all others: they are there at the same time.
    let script = "seq 4 | xargs -P 4 -I N sh -c 'touch here-N; \
        until [ $(ls | grep -c ^here-) -eq 4 ]; do sleep 0.01; done; echo N' | sort";
    check(&sandbox, script, "1\n2\n3\n4\n").await;
    // No more than so many: the third starts when one has ended.
    let script = "seq 20 | xargs -P 3 -n 1 sh -c 'echo > run-$1; n=$(ls | grep -c ^run-); \
        rm run-$1; [ $n -le 3 ] || echo too many: $n' x; ls | grep -c ^run- || true";
    check(&sandbox, script, "0\n").await;
    check(
        &sandbox,
        "seq 50 | xargs -P 0 -n 1 echo | sort -n | tail -n 1",
        "50\n",
    )
    .await;
}

#[tokio::test]
async fn how_xargs_ends() {
    let sandbox = sandbox().await;
    for (script, status) in [
        ("echo a | xargs true", 0),
        ("seq 4 | xargs -n 1 sh -c '[ $1 != 2 ]' x", 123),
        ("seq 4 | xargs -P 2 -n 1 sh -c '[ $1 != 2 ]' x", 123),
        (
            "seq 4 | xargs -n 1 sh -c '[ $1 != 2 ] || exit 255' x 2>/dev/null",
            124,
        ),
        ("echo a | xargs sh -c 'kill -9 $$' 2>/dev/null", 125),
        ("echo a | xargs /tmp 2>/dev/null", 126),
        ("echo a | xargs nosuchcommand 2>/dev/null", 127),
        ("xargs -a nosuchfile echo 2>/dev/null", 1),
        ("echo \"it's\" | xargs echo 2>/dev/null", 1),
    ] {
        let done = bash(&sandbox, script).await;
        assert_eq!(
            done.exit.status.shell_code(),
            status,
            "{script}: {}",
            done.stderr_text()
        );
    }
    // One that fails for good stops the rest.
    let script = "seq 9 | xargs -n 1 sh -c 'echo $1; [ $1 != 2 ] || exit 255' x 2>/dev/null";
    assert_eq!(bash(&sandbox, script).await.stdout_text(), "1\n2\n");
    // So does an interrupt.
    let script = "seq 9 | timeout -s INT 0.3 xargs -P 3 -n 1 sh -c 'sleep 600'; echo $?; ps -e | grep -c sleep";
    let done = bash(&sandbox, script).await;
    assert_eq!(done.stdout_text(), "124\n0\n", "{}", done.stderr_text());
}
