//! Durations on the command line: `30s`, `500ms`, `1.5m`, `none`.

use std::time::Duration;

use crate::size::{SizeError, scale, split};

/// Why a text is no duration.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DurationError {
    /// The number, see [`SizeError`].
    #[error(transparent)]
    Number(#[from] SizeError),
    /// Something else than a unit behind the number.
    #[error("`{0}` is no unit of time; there are ms, s, m and h")]
    Unit(String),
}

/// A time limit: `Some(limit)`, or `None` for no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TimeLimit(pub(crate) Option<Duration>);

/// A limit: a number with a unit, seconds without; `0` and `none` for no limit.
pub(crate) fn limit(text: &str) -> Result<TimeLimit, DurationError> {
    if text.trim().eq_ignore_ascii_case("none") {
        return Ok(TimeLimit(None));
    }
    let (number, unit) = split(text);
    if number.is_empty() {
        return Err(SizeError::NoNumber.into());
    }
    let nanoseconds: u64 = match unit.trim().to_ascii_lowercase().as_str() {
        "ms" => 1_000_000,
        "" | "s" => 1_000_000_000,
        "m" | "min" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        other => return Err(DurationError::Unit(other.to_owned())),
    };
    let total = scale(number, nanoseconds)?;
    Ok(TimeLimit((total > 0).then(|| Duration::from_nanos(total))))
}

/// A duration for people: `350 ms`, `1.2 s`, `3 min 20 s`, `2 h 5 min`.
pub(crate) fn show(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let seconds = duration.as_secs();
    let two = |large: u64, large_unit: &str, small: u64, small_unit: &str| {
        if small == 0 {
            format!("{large} {large_unit}")
        } else {
            format!("{large} {large_unit} {small} {small_unit}")
        }
    };
    match milliseconds {
        0..1 => format!("{} µs", duration.as_micros()),
        1..1000 => format!("{milliseconds} ms"),
        1000..10_000 if !milliseconds.is_multiple_of(1000) => {
            format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100)
        }
        1000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => two(seconds / 60, "min", seconds % 60, "s"),
        _ => two(seconds / 3600, "h", seconds % 3600 / 60, "min"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_are_read_in_all_units() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("30s", 30_000),
            ("30", 30_000),
            ("0.25s", 250),
            ("2m", 120_000),
            ("1.5 min", 90_000),
            ("1H", 3_600_000),
        ] {
            let expected = Duration::from_millis(milliseconds);
            assert_eq!(limit(text), Ok(TimeLimit(Some(expected))), "{text}");
        }
    }

    #[test]
    fn zero_and_none_are_no_limit() {
        for text in ["0", "0s", "0ms", "none", "None"] {
            assert_eq!(limit(text), Ok(TimeLimit(None)), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_is_refused() {
        assert_eq!(limit(""), Err(SizeError::NoNumber.into()));
        assert_eq!(limit("s"), Err(SizeError::NoNumber.into()));
        assert_eq!(limit("-5s"), Err(SizeError::NoNumber.into()));
        assert_eq!(limit("5 days"), Err(DurationError::Unit("days".to_owned())));
        assert_eq!(limit("99999999999h"), Err(SizeError::TooLarge.into()));
    }

    #[test]
    fn durations_are_shown_roughly() {
        for (milliseconds, expected) in [
            (350, "350 ms"),
            (1200, "1.2 s"),
            (3000, "3 s"),
            (30_400, "30 s"),
            (60_000, "1 min"),
            (200_000, "3 min 20 s"),
            (7_500_000, "2 h 5 min"),
        ] {
            assert_eq!(show(Duration::from_millis(milliseconds)), expected);
        }
        assert_eq!(show(Duration::from_micros(42)), "42 µs");
    }
}
