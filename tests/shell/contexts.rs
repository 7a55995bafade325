//! Bash as a language of code contexts: cell after cell in one shell.

use std::collections::BTreeMap;
use std::time::Duration;

use sandcell::{Busy, End, Error, Event, Execution, InterruptCause, Limit, Report, Sandbox};
use sandcell_shell::{ShellCell, ShellContext, State};

use crate::sandbox;

async fn run(context: &ShellContext, code: &str) -> Report {
    let execution = context.execute(ShellCell::new(code)).expect("it is taken");
    execution.report().await.expect("its end")
}

/// What a cell that ends well writes.
async fn out(context: &ShellContext, code: &str) -> String {
    let report = run(context, code).await;
    assert_eq!(report.stderr_text(), "", "{code}");
    assert!(report.outcome.is_finished(), "{code}: {report:?}");
    report.stdout_text()
}

fn start(sandbox: &Sandbox) -> ShellContext {
    ShellContext::start(sandbox, "/home/user").expect("it starts")
}

/// The next line that a cell shows, while it runs.
async fn first(execution: &mut Execution) -> String {
    match execution.next().await {
        Some(Event::Stdout(bytes)) => String::from_utf8_lossy(&bytes).into_owned(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn what_a_cell_leaves_the_next_one_finds() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    let code = "cd /tmp; export X=1; y='a  b'; list=(1 2 3); alias hi='echo hello'\ngreet() { echo \"$1, $y\"; }; set -o pipefail; exec 5>notes; trap 'echo left' EXIT; id=$$";
    assert_eq!(out(&context, code).await, "");
    let code = "pwd; greet you; echo ${list[2]} $X; hi; shopt -po pipefail; python3 -c 'import os; print(os.environ[\"X\"], os.getcwd())'; echo noted >&5; cat notes; [ $$ = $id ] && echo the same";
    let wanted = "/tmp\nyou, a  b\n3 1\nhello\nset -o pipefail\n1 /tmp\nnoted\nthe same\n";
    assert_eq!(out(&context, code).await, wanted);
    assert_eq!(sandbox.files().read("/tmp/notes").unwrap(), b"noted\n");
    let other = start(&sandbox);
    assert_eq!(out(&other, "pwd; echo \"[$y]\"").await, "/home/user\n[]\n");
    // They are processes, and no commands.
    assert!(sandbox.commands().is_empty());
    assert_eq!(sandbox.processes().len(), 2);
}

#[tokio::test]
async fn a_status_is_an_exception_without_a_name() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    for (code, status, stderr) in [
        ("false", "1", ""),
        ("echo said >&2; exit 4; echo never", "4", "said\n"),
        (
            "nosuchcommand",
            "127",
            "bash: line 1: nosuchcommand: command not found\n",
        ),
        ("kill -TERM $$; sleep 600", "143", ""),
        ("(exit 7)", "7", ""),
    ] {
        let report = run(&context, code).await;
        assert_eq!(report.stderr_text(), stderr, "{code}");
        let End::Raised(exception) = &report.outcome.end else {
            panic!("{code}: {report:?}");
        };
        assert_eq!(
            (exception.name.as_str(), exception.value.as_str()),
            ("", status),
            "{code}"
        );
        assert_eq!(exception.traceback, "");
        assert!(report.outcome.lost.is_none());
    }
    let report = run(&context, "echo one; if").await;
    assert!(report.stderr_text().contains("syntax error"), "{report:?}");
    assert_eq!(out(&context, "echo $? and on").await, "2 and on\n");
    // What `exit` runs at its end it runs at the end of the cell that calls it.
    assert_eq!(out(&context, "trap 'echo bye' EXIT; echo hi").await, "hi\n");
    assert_eq!(run(&context, "exit 2").await.stdout_text(), "bye\n");
}

#[tokio::test]
async fn output_comes_while_the_cell_runs_and_an_interrupt_keeps_the_state() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    for work in [
        "sleep 600",
        "while :; do :; done",
        "python3 -c 'import time; time.sleep(600)'",
        "cat <(sleep 600)",
        "yes >/dev/null | sleep 600",
        "x=$(sleep 600)",
        "trap '' INT; sleep 600",
        "bash -c 'trap : INT; while :; do sleep 1; done'",
        "(trap '' INT; while :; do :; done)",
    ] {
        let code = format!(
            "trap - INT; kept='{}'; echo up; {work}; echo never",
            work.len()
        );
        let mut execution = context.execute(ShellCell::new(code)).unwrap();
        assert_eq!(first(&mut execution).await, "up\n");
        execution.interrupt_handle().interrupt();
        let report = execution.report().await.unwrap();
        let by = InterruptCause::Handle;
        assert_eq!(
            report.outcome.end,
            End::Interrupted { by },
            "{work}: {report:?}"
        );
        // Who ignores interrupts goes on behind what was ended.
        let ignores = work.starts_with("trap '' INT");
        let after = if ignores { "never\n" } else { "" };
        assert_eq!(report.stdout_text(), after, "{work}");
        assert!(report.outcome.lost.is_none(), "{work}");
        assert_eq!(
            out(&context, "echo $kept").await,
            format!("{}\n", work.len()),
            "{work}"
        );
        // Nothing of it is left.
        assert_eq!(
            out(&context, "ps -e | grep -c sleep || true").await,
            "0\n",
            "{work}"
        );
    }
}

#[tokio::test]
async fn readers_who_go_away_and_deadlines_interrupt() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    let mut execution = context
        .execute(ShellCell::new("x=1; echo up; sleep 600"))
        .unwrap();
    assert_eq!(first(&mut execution).await, "up\n");
    drop(execution);
    assert_eq!(out(&context, "echo $x").await, "1\n");
    let cell = ShellCell::new("x=2; yes").wall(Some(Duration::from_millis(50)));
    let execution = context.execute(cell).unwrap();
    let end = execution.outcome().await.unwrap().end;
    let by = InterruptCause::Deadline;
    assert_eq!(end, End::Interrupted { by });
    assert_eq!(out(&context, "echo $x").await, "2\n");
}

#[tokio::test]
async fn a_shell_that_does_not_stop_is_killed() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    let code = "trap '' INT; echo up; while :; do :; done";
    let mut execution = context.execute(ShellCell::new(code)).unwrap();
    assert_eq!(first(&mut execution).await, "up\n");
    execution.interrupt_handle().interrupt();
    let outcome = execution.outcome().await.unwrap();
    assert!(outcome.lost.is_some(), "{outcome:?}");
    // One that is killed by what it runs, too.
    let context = start(&sandbox);
    let report = run(&context, "kill -9 $$").await;
    assert!(
        matches!(report.outcome.end, End::Trapped { .. }),
        "{report:?}"
    );
    assert!(report.outcome.lost.is_some());
    assert!(context.is_closed());
    let refused = context.execute(ShellCell::new(":")).unwrap_err();
    assert!(matches!(refused, Error::Ended { .. }));
}

#[tokio::test]
async fn jobs_live_on_and_are_told_of_interrupts_as_bash_tells_them() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    out(
        &context,
        "sleep 600 & first=$!; python3 -c 'import time; time.sleep(600)' &",
    )
    .await;
    assert_eq!(out(&context, "jobs | grep -c Running").await, "2\n");
    let mut execution = context
        .execute(ShellCell::new("echo up; sleep 600"))
        .unwrap();
    first(&mut execution).await;
    execution.interrupt_handle().interrupt();
    execution.outcome().await.unwrap();
    // What runs in the background is none of the keyboard's.
    assert_eq!(out(&context, "jobs | grep -c Running").await, "2\n");
    let code = "kill %1 %2; wait $first; echo $?; wait; echo all";
    assert_eq!(out(&context, code).await, "143\nall\n");
    // What a job writes later is shown by a later cell.
    let code = "{ until [ -e /tmp/go ]; do sleep 0.01; done; echo late; } & :";
    assert_eq!(out(&context, code).await, "");
    assert_eq!(out(&context, "touch /tmp/go; wait").await, "late\n");
}

#[tokio::test]
async fn a_cell_has_variables_of_its_own_and_bounds() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    out(&context, "export A=mine").await;
    let envs = [("A", "lent"), ("B", "it's"), ("no name", "1")];
    let envs: BTreeMap<String, String> = envs.map(|(n, v)| (n.to_owned(), v.to_owned())).into();
    let cell = ShellCell::new("env | grep -E '^(A|B)='; A=changed").envs(envs);
    let report = context.execute(cell).unwrap().report().await.unwrap();
    assert_eq!(report.stdout_text(), "A=lent\nB=it's\n");
    assert_eq!(out(&context, "echo $A [$B]").await, "mine []\n");
    let large = "x".repeat((4 << 20) + 1);
    let refused = context.execute(ShellCell::new(large)).unwrap_err();
    assert!(matches!(
        refused,
        Error::LimitExceeded {
            limit: Limit::Cell,
            ..
        }
    ));
    let report = run(&context, "yes endless").await;
    let allowed = 64 << 20;
    let limit = Limit::Output;
    assert_eq!(report.outcome.end, End::Exhausted { limit, allowed });
    assert_eq!(report.stdout.len() as u64, allowed);
    assert_eq!(out(&context, "echo goes on").await, "goes on\n");
    let missing = ShellContext::start(&sandbox, "/no/such").unwrap_err();
    assert!(matches!(missing, Error::Spawn(_)), "{missing}");
}

#[tokio::test]
async fn an_idle_shell_is_in_no_snapshots_way() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    out(&context, "cd /tmp; x=(1); f() { echo f ${x[@]}; }").await;
    let snapshot = sandbox.snapshot(Busy::Refuse).await.unwrap();
    assert!(snapshot.ended_commands().is_empty());
    let state = serde_json::to_string(&context.state().await.unwrap()).unwrap();
    let state: State = serde_json::from_str(&state).unwrap();
    let child = sandbox.fork(1, Busy::Refuse).await.unwrap().remove(0);
    let copy = ShellContext::restore(&child, state).unwrap();
    assert_eq!(out(&copy, "x+=(2); f; pwd").await, "f 1 2\n/tmp\n");
    assert_eq!(out(&context, "x+=(3); f; pwd").await, "f 1 3\n/tmp\n");
    // In the midst of a cell it is a running command.
    let mut execution = context
        .execute(ShellCell::new("x+=(4); echo up; sleep 600"))
        .unwrap();
    first(&mut execution).await;
    let refused = sandbox.snapshot(Busy::Refuse).await.unwrap_err();
    assert!(matches!(refused, Error::CommandRunning { .. }), "{refused}");
    let snapshot = sandbox.snapshot(Busy::Interrupt).await.unwrap();
    let ended = snapshot.ended_commands();
    assert!(
        ended.iter().any(|ended| ended.argv[0] == b"bash"),
        "{ended:?}"
    );
    let report = execution.report().await.unwrap();
    assert!(matches!(report.outcome.end, End::Raised(_)), "{report:?}");
    assert_eq!(out(&context, "f").await, "f 1 3 4\n");
}

#[tokio::test]
async fn a_paused_shell_waits() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    out(&context, "x=1").await;
    sandbox.pause(Busy::Refuse).await.unwrap().expect("a state");
    let mut waiting = context.execute(ShellCell::new("echo $x")).unwrap();
    // Its state can be had although a cell waits.
    context.state().await.unwrap();
    let early = tokio::time::timeout(Duration::from_millis(20), waiting.next()).await;
    assert!(early.is_err(), "{early:?}");
    sandbox.resume().unwrap();
    assert_eq!(waiting.report().await.unwrap().stdout_text(), "1\n");
}

#[tokio::test]
async fn a_closed_shell_takes_its_jobs_along() {
    let sandbox = sandbox().await;
    let context = start(&sandbox);
    let mut execution = context
        .execute(ShellCell::new(
            "sleep 600 & nohup sleep 600 >/dev/null & echo up; sleep 600",
        ))
        .unwrap();
    assert_eq!(first(&mut execution).await, "up\n");
    context.close();
    let outcome = execution.outcome().await.unwrap();
    let by = InterruptCause::Closed;
    assert_eq!(outcome.end, End::Interrupted { by });
    assert!(context.is_closed());
    // Which of its jobs ignores the end of its terminal lives on.
    let sleeping = || {
        let all = sandbox.processes().into_iter();
        all.filter(|process| process.argv[0] == b"sleep").count()
    };
    while sleeping() != 1 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let context = start(&sandbox);
    sandbox.close();
    assert!(context.execute(ShellCell::new(":")).is_err() || context.state().await.is_err());
}
