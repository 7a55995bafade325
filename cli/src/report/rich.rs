//! Rich results in the words of a terminal.

use std::io;

use sandcell::RichResult;
use serde_json::Value;

use crate::console::Output;
use crate::report::save::{Saver, contents, is_binary};
use crate::size;

const PLAIN: &str = "text/plain";

/// The longest type that is shown.
const MIME_BYTES: usize = 80;

/// Shows a result: its text after `label`, then a line for each picture or other
/// form that a terminal cannot show, with the file that it was saved to.
pub(crate) fn show(
    output: &mut Output,
    saver: Option<&mut Saver>,
    label: &str,
    result: &RichResult,
) -> io::Result<()> {
    let text = result.text();
    if let Some(text) = text {
        // A table begins below its label, so that its columns stand.
        let gap = if !label.is_empty() && text.contains('\n') {
            "\n"
        } else {
            ""
        };
        let safe = output.safe(text).into_owned();
        output.line(&format!("{label}{gap}{safe}"))?;
    }
    let mut saver = saver;
    for (mime, value) in &result.data {
        if mime == PLAIN {
            continue;
        }
        if let Some(saver) = saver.as_deref_mut() {
            let place = match saver.save(mime, value) {
                Ok(path) => path.display().to_string(),
                Err(error) => format!("not saved: {error}"),
            };
            output.line(&note(mime, value, Some(&place)))?;
        } else if text.is_none() || is_binary(mime) {
            output.line(&note(mime, value, None))?;
        }
    }
    Ok(())
}

/// A line such as `[image/png, 12 KiB]`.
fn note(mime: &str, value: &Value, place: Option<&str>) -> String {
    let harmless = mime.len() <= MIME_BYTES && mime.bytes().all(|byte| byte.is_ascii_graphic());
    let mime = if harmless { mime } else { "unknown type" };
    let bytes = u64::try_from(contents(mime, value).len()).unwrap_or(u64::MAX);
    let amount = size::show(bytes);
    match place {
        Some(place) => format!("[{mime}, {amount}: {place}]"),
        None => format!("[{mime}, {amount}]"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Escapes;
    use crate::console::tests::Shared;

    fn figure() -> RichResult {
        let mut result = RichResult::default();
        result.data.insert(PLAIN.to_owned(), "<Figure>".into());
        result.data.insert("image/png".to_owned(), "AAAA".into());
        result.data.insert("text/html".to_owned(), "<b>".into());
        result
    }

    #[test]
    fn text_is_shown_and_pictures_are_noted() {
        let shared = Shared::default();
        show(&mut shared.pipe(), None, "", &figure()).unwrap();
        assert_eq!(shared.text(), "<Figure>\n[image/png, 3 bytes]\n");
    }

    #[test]
    fn without_text_every_form_is_noted() {
        let shared = Shared::default();
        let mut result = figure();
        result.data.remove(PLAIN);
        show(&mut shared.pipe(), None, "", &result).unwrap();
        assert_eq!(
            shared.text(),
            "[image/png, 3 bytes]\n[text/html, 3 bytes]\n"
        );
    }

    #[test]
    fn every_form_but_text_is_saved() {
        let folder = tempfile::tempdir().unwrap();
        let shared = Shared::default();
        let mut saver = Saver::new(folder.path().to_owned());
        show(&mut shared.pipe(), Some(&mut saver), "", &figure()).unwrap();
        let place = folder.path().display();
        assert_eq!(
            shared.text(),
            format!(
                "<Figure>\n[image/png, 3 bytes: {place}/output-1.png]\n\
                 [text/html, 3 bytes: {place}/output-2.html]\n"
            )
        );
    }

    #[test]
    fn a_table_begins_below_its_label() {
        let shared = Shared::default();
        let mut result = RichResult::default();
        result.data.insert(PLAIN.to_owned(), "a b\n1 2".into());
        show(&mut shared.pipe(), None, "Out[1]: ", &result).unwrap();
        assert_eq!(shared.text(), "Out[1]: \na b\n1 2\n");
    }

    #[test]
    fn escapes_in_values_and_types_stay_off_the_terminal() {
        let shared = Shared::default();
        let mut result = RichResult::default();
        result.data.insert(PLAIN.to_owned(), "\x1b[2J".into());
        result
            .data
            .insert("image/\x1b[2J".to_owned(), "AAAA".into());
        show(&mut shared.terminal(Escapes::Shown), None, "", &result).unwrap();
        assert_eq!(shared.text(), "\\x1b[2J\n[unknown type, 4 bytes]\n");
    }
}
