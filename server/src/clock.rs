//! Times as the wire writes them.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Now, to the millisecond: more digits than clients of all ages can parse
/// would be of no use to anybody.
pub(crate) fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    now.replace_millisecond(now.millisecond()).unwrap_or(now)
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> i64 {
    OffsetDateTime::now_utc().unix_timestamp()
}

/// A time in RFC 3339.
pub(crate) fn rfc3339(time: OffsetDateTime) -> String {
    // Only years beyond 9999 cannot be written.
    time.format(&Rfc3339).unwrap_or_default()
}

/// The time that a text in RFC 3339 says.
pub(crate) fn parse(text: &str) -> Option<OffsetDateTime> {
    OffsetDateTime::parse(text, &Rfc3339).ok()
}

/// Nanoseconds since 1970 in RFC 3339.
pub(crate) fn rfc3339_of_ns(ns: u64) -> String {
    OffsetDateTime::from_unix_timestamp_nanos(i128::from(ns))
        .map(rfc3339)
        .unwrap_or_default()
}
