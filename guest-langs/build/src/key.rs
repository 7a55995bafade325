//! Content keys: what a step's outcome is filed under.

use std::fmt;

use sha2::{Digest, Sha256};

/// The first half of a SHA-256, in hex: names a folder of the cache.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key(String);

impl Key {
    /// The 32 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// Gathers what a key depends on. Each part is framed by its length, so that no
/// two different lists of parts give the same bytes.
#[derive(Debug)]
pub(crate) struct KeyBuilder(Sha256);

impl KeyBuilder {
    /// `purpose` keeps keys of different things apart.
    pub(crate) fn new(purpose: &str) -> Self {
        Self(Sha256::new()).part("sandcell-guest").part(purpose)
    }

    pub(crate) fn part(mut self, part: &str) -> Self {
        let length = u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.0.update(length.to_le_bytes());
        self.0.update(part.as_bytes());
        self
    }

    pub(crate) fn finish(self) -> Key {
        let mut digits = hex(&self.0.finalize());
        digits.truncate(32);
        Key(digits)
    }
}

/// Lower-case hexadecimal digits of `bytes`.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String never fails.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_cannot_be_shifted_into_one_another() {
        let one = KeyBuilder::new("x").part("ab").part("c").finish();
        let other = KeyBuilder::new("x").part("a").part("bc").finish();
        assert_ne!(one, other);
        assert_ne!(one, KeyBuilder::new("x").part("abc").finish());
        assert_ne!(one, KeyBuilder::new("y").part("ab").part("c").finish());
    }

    #[test]
    fn a_key_is_the_same_every_time_and_fit_for_a_file_name() {
        let key = KeyBuilder::new("x").part("a").finish();
        assert_eq!(key, KeyBuilder::new("x").part("a").finish());
        assert_eq!(key.as_str().len(), 32);
        assert!(key.as_str().bytes().all(|byte| byte.is_ascii_hexdigit()));
    }
}
