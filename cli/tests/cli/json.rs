//! `--json`: one object a line.

use serde_json::json;

use crate::support::{run, sandcell};

#[test]
fn events_come_in_order_and_the_outcome_last() {
    let code = "import sys\nprint('out')\nprint('err', file=sys.stderr)\n\
                display('shown', display_id='one')\n40 + 2";
    let ended = run(&["--json", "-c", code]).exits(0);
    assert_eq!(ended.stderr, "");
    let lines = ended.json();
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert_eq!(lines[0], json!({"type": "stdout", "text": "out\n"}));
    assert_eq!(lines[1], json!({"type": "stderr", "text": "err\n"}));
    assert_eq!(lines[2]["type"], "display");
    assert_eq!(lines[2]["data"]["text/plain"], "'shown'");
    assert_eq!(lines[2]["display_id"], "one");
    assert_eq!(
        lines[3],
        json!({"type": "result", "data": {"text/plain": "42"}, "metadata": {}})
    );
    let outcome = &lines[4];
    assert_eq!(outcome["type"], "outcome");
    assert_eq!(outcome["end"], "finished");
    assert_eq!(outcome["exit"], 0);
    assert_eq!(outcome["lost"], json!(null));
    let usage = outcome["usage"].as_object().unwrap();
    for name in ["wall_us", "cpu_us", "peak_memory_bytes", "output_bytes"] {
        assert!(usage[name].as_u64().unwrap() > 0, "{name} in {usage:?}");
    }
    assert_eq!(usage["calls"], 0);
    assert_eq!(usage["fuel"], json!(null));
}

#[test]
fn bytes_that_are_no_text_come_in_base64() {
    let code = "import sys; n = sys.stdout.buffer.write(b'\\xff\\x00'); sys.stdout.flush()";
    let lines = run(&["--json", "-c", code]).exits(0).json();
    assert_eq!(lines[0], json!({"type": "stdout", "base64": "/wA="}));
}

#[test]
fn escapes_are_escaped() {
    let ended = run(&["--json", "-c", r"print('\x1b[2J\x7f\x9b')"]).exits(0);
    assert!(
        !ended
            .text()
            .trim_end()
            .replace('\n', "")
            .chars()
            .any(char::is_control)
    );
    assert_eq!(ended.json()[0]["text"], "\u{1b}[2J\u{7f}\u{9b}\n");
}

#[test]
fn an_exception_is_an_error_and_an_outcome() {
    let lines = run(&["--json", "-c", "{}['key']"]).exits(1).json();
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert_eq!(lines[0]["type"], "error");
    assert_eq!(lines[0]["name"], "KeyError");
    assert_eq!(lines[0]["value"], "'key'");
    assert!(
        lines[0]["traceback"]
            .as_str()
            .unwrap()
            .contains("{}['key']")
    );
    assert_eq!(lines[1]["end"], "raised");
    assert_eq!(lines[1]["name"], "KeyError");
    assert_eq!(lines[1]["exit"], 1);
}

#[test]
fn limits_and_traps_have_reasons() {
    let last = |words: &[&str]| {
        let words: Vec<&str> = ["--json"].iter().chain(words).copied().collect();
        run(&words).exits(1).json().pop().unwrap()
    };
    let outcome = last(&["--timeout", "200ms", "-c", "while True: pass"]);
    assert_eq!(outcome["end"], "interrupted");
    assert_eq!(outcome["by"], "deadline");
    assert_eq!(outcome["reason"], "the time limit is over");
    assert_eq!(outcome["lost"], json!(null));
    let outcome = last(&["--output-limit", "1K", "-c", "while True: print('x' * 100)"]);
    assert_eq!(outcome["end"], "exhausted");
    assert_eq!(outcome["limit"], "output_bytes");
    assert_eq!(outcome["allowed"], 1024);
    let outcome = last(&["-c", "import os; os._exit(5)"]);
    assert_eq!(outcome["end"], "trapped");
    assert_eq!(outcome["kind"], "exited");
    assert_eq!(outcome["status"], 5);
    assert_eq!(outcome["lost"], json!({"first": 1, "last": 1}));
}

#[test]
fn a_run_that_could_not_start_is_a_failure_on_both_outputs() {
    let ended = sandcell(&["run", "--json", "no-such-file.py"]).exits(2);
    let lines = ended.json();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0]["type"], "failure");
    assert_eq!(lines[0]["exit"], 2);
    let reason = lines[0]["reason"].as_str().unwrap();
    assert!(ended.stderr.contains(reason), "{ended:?}");
}
