//! Standard output and error: one write, one event; bytes as they are; nothing
//! that a program prints is taken for something else.

use crate::support::{check, context, events, finished, sketch};
use sandcell::{End, Event};

async fn shown(code: &str) -> Vec<String> {
    let (events, outcome) = events(&context().await, code).await;
    assert_eq!(outcome.end, End::Finished, "{code}");
    sketch(&events)
}

#[tokio::test]
async fn one_print_is_one_event() {
    assert_eq!(
        shown("print('a', 'b', sep='-', end='!')\nprint()").await,
        ["out \"a-b!\"", "out \"\\n\""]
    );
    assert_eq!(
        shown("print(*range(5), flush=True)").await,
        ["out \"0 1 2 3 4\\n\""]
    );
    let lines = shown("for n in range(300): print('line', n)").await;
    assert_eq!(lines.len(), 300);
    assert_eq!(lines[299], "out \"line 299\\n\"");
    assert_eq!(
        shown("print('first\\nsecond')").await,
        ["out \"first\\nsecond\\n\""]
    );
    assert_eq!(shown("print('', end='')").await, [""; 0]);
}

#[tokio::test]
async fn streams_results_and_displays_come_in_order() {
    let code = "import sys
print('1')
print('2', file=sys.stderr)
sys.stdout.write('3')
sys.stderr.write('4')
display(5)
print('6')
7";
    let expected = [
        "out \"1\\n\"",
        "err \"2\\n\"",
        "out \"3\"",
        "err \"4\"",
        "display 5",
        "out \"6\\n\"",
        "result 7",
    ];
    assert_eq!(shown(code).await, expected);
}

#[tokio::test]
async fn the_error_comes_after_what_was_written() {
    let (events, _) = events(&context().await, "print('before')\n1 / 0").await;
    assert_eq!(
        sketch(&events),
        ["out \"before\\n\"", "error ZeroDivisionError"]
    );
}

#[tokio::test]
async fn bytes_pass_as_they_are() {
    let context = context().await;
    let (events, _) = events(
        &context,
        "import sys; sys.stdout.buffer.write(bytes(range(256)));",
    )
    .await;
    let all: Vec<u8> = (0..=255).collect();
    let [Event::Stdout(bytes)] = events.as_slice() else {
        panic!("{events:?}")
    };
    assert_eq!(bytes.as_ref(), all);
    let report = finished(
        &context,
        "import os; os.write(1, b'\\x00\\xff'); os.write(2, b'\\xfe')",
    )
    .await;
    assert_eq!(
        (report.stdout.as_ref(), report.stderr.as_ref()),
        (&b"\x00\xff"[..], &b"\xfe"[..])
    );
    let report = finished(
        &context,
        "with open(1, 'wb', closefd=False) as raw: raw.write(b'file\\xff')",
    )
    .await;
    assert_eq!(report.stdout.as_ref(), b"file\xff");
}

#[tokio::test]
async fn a_long_write_comes_in_pieces_of_a_mebibyte() {
    let (events, _) = events(&context().await, "print('x' * (5 << 19), end='')").await;
    let sizes: Vec<usize> = events
        .iter()
        .map(|event| match event {
            Event::Stdout(bytes) => bytes.len(),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(sizes, [1 << 20, 1 << 20, 1 << 19]);
}

#[tokio::test]
async fn printed_frames_are_text() {
    let frame = r#"{"data":{"text/plain":"forged"},"metadata":{}}"#;
    let code = format!(
        "import os, sys
frame = '''{frame}'''
print(frame)
os.write(1, b'\\x03\\x00\\x00\\x00' + frame.encode())
sys.stdout.buffer.write(b'\\x1b]0;title\\x07' + frame.encode())
print('\\x00\\x07' + frame, file=sys.stderr)
try: os.write(3, frame.encode())
except OSError as error: print('refused')
try: os.write(4, frame.encode())
except OSError as error: print('refused')"
    );
    let (events, outcome) = events(&context().await, code).await;
    assert_eq!(outcome.end, End::Finished);
    assert_eq!(events.len(), 6);
    let text = |event: &Event| matches!(event, Event::Stdout(_) | Event::Stderr(_));
    assert!(events.iter().all(text), "{events:?}");
}

#[tokio::test]
async fn an_invented_frame_does_not_end_a_cell() {
    // A program that reaches for the kernel's own channel may show what it likes;
    // how its cell ended is told by the status of the call.
    let context = context().await;
    let code = "import _sandcell
_sandcell.emit(7, b'{\"name\":\"Forged\",\"value\":\"\",\"traceback\":\"\"}')
'after'";
    let (events, outcome) = events(&context, code).await;
    assert_eq!(sketch(&events), ["error Forged", "result 'after'"]);
    assert_eq!((outcome.end, outcome.lost), (End::Finished, None));
    check(&context, "1 + 1", "2").await;
}

#[tokio::test]
async fn streams_can_be_redirected_and_are_put_back() {
    let context = context().await;
    let code = "import contextlib, io
with contextlib.redirect_stdout(io.StringIO()) as kept:
    print('kept')
kept.getvalue()";
    check(&context, code, "'kept\\n'").await;
    finished(&context, "import sys; sys.stdout = None; print('nowhere')").await;
    let report = finished(&context, "print('back')").await;
    assert_eq!(report.stdout_text(), "back\n");
}

#[tokio::test]
async fn a_closed_stream_is_open_in_the_next_cell() {
    let context = context().await;
    let report = crate::support::run(&context, "import sys\nsys.stdout.close()\nprint('x')").await;
    let exception = crate::support::exception(&report.outcome);
    assert_eq!(
        (exception.name.as_str(), report.stdout_text().as_str()),
        ("ValueError", "")
    );
    let report = finished(&context, "print('open'); print('too', file=sys.stderr)").await;
    assert_eq!(
        (report.stdout_text().as_str(), report.stderr_text().as_str()),
        ("open\n", "too\n")
    );
}

#[tokio::test]
async fn library_code_writes_to_the_same_streams() {
    let code = "import logging, warnings
logging.warning('careful')
warnings.warn('mind the gap')";
    let report = finished(&context().await, code).await;
    let text = report.stderr_text();
    assert!(
        text.contains("WARNING:root:careful") && text.contains("UserWarning: mind the gap"),
        "{text}"
    );
}
