//! Dates. The sandbox's time zone is UTC.

use std::fmt::Write;

use chrono::DateTime;

/// A moment by C's `strftime`; what the format has wrong stays as it is.
pub(crate) fn format(seconds: i64, format: &str) -> String {
    let Some(moment) = DateTime::from_timestamp(seconds, 0) else {
        return String::new();
    };
    let mut text = String::new();
    // A format that chrono does not know is an error when it is written.
    if write!(text, "{}", moment.format(format)).is_err() {
        format.clone_into(&mut text);
    }
    text
}

#[cfg(test)]
mod tests {
    #[test]
    fn dates() {
        assert_eq!(super::format(0, "%Y-%m-%d %H:%M:%S"), "1970-01-01 00:00:00");
        assert_eq!(super::format(0, "%!"), "%!");
    }
}
