//! Frames of a guest, parted by bytes 0xff, as the lines of JSON that a client reads:
//! a line each, of a type that it knows, and no byte of output lost or forged.

use sandcell::Event;
use sandcell::conformance::read_frame;
use sandcell_server::conformance::lines;
use serde_json::Value;

pub(crate) fn body(input: &[u8]) {
    let events: Vec<Event> = input
        .split(|byte| *byte == 0xff)
        .filter_map(|frame| {
            let (kind, payload) = frame.split_first()?;
            read_frame(i32::from(*kind) - i32::from(b'0'), payload)
        })
        .collect();
    let (mut stdout, mut stderr, mut rich, mut errors) = (Vec::new(), Vec::new(), 0, 0);
    for event in &events {
        match event {
            Event::Stdout(bytes) => stdout.extend_from_slice(bytes),
            Event::Stderr(bytes) => stderr.extend_from_slice(bytes),
            Event::Result(_) | Event::Display(_) => rich += 1,
            Event::Error(_) => errors += 1,
            _ => {}
        }
    }
    let (mut out, mut err) = (String::new(), String::new());
    for line in lines(events) {
        let (end, line) = line.split_last().unwrap_or((&0, &[]));
        assert!(*end == b'\n' && !line.contains(&b'\n'), "{line:?}");
        let line: Value = serde_json::from_slice(line).unwrap_or_else(|error| panic!("{error}"));
        let text = line["text"].as_str().unwrap_or_default();
        match line["type"].as_str() {
            Some("stdout") => out.push_str(text),
            Some("stderr") => err.push_str(text),
            Some("result") => {
                assert!(line["is_main_result"].is_boolean() && line["extra"].is_object());
                rich -= 1;
            }
            Some("error") => errors -= 1,
            other => panic!("a line of type {other:?}"),
        }
    }
    assert_eq!((rich, errors), (0, 0));
    assert_eq!(out, String::from_utf8_lossy(&stdout));
    assert_eq!(err, String::from_utf8_lossy(&stderr));
}
