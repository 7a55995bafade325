//! Scripts: whatever the bytes are, reading them ends, with commands or with an
//! error that has a line of the source.

pub(crate) fn body(input: &[u8]) {
    if let Err(error) = sandcell_shell::check(input) {
        let lines = input.iter().filter(|byte| **byte == b'\n').count();
        assert!(error.line >= 1, "{error}");
        let source = String::from_utf8_lossy(input);
        assert!(error.line as usize <= lines + 2, "{error} in {source:?}");
    }
}
