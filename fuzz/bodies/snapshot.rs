//! Bytes that may be the body of a snapshot file: refused, or a snapshot whose
//! bytes are read as the same.

pub(crate) fn body(input: &[u8]) {
    let written = match sandcell::conformance::reread(input) {
        Ok(Ok(written)) => written,
        Ok(Err(_refused)) => return,
        Err(error) => panic!("{error}"),
    };
    let again = sandcell::conformance::reread(&written);
    assert!(
        again.is_ok_and(|again| again.as_deref() == Ok(&*written)),
        "what was written is read as the same"
    );
}
