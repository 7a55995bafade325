//! Keys and tokens: how they are made and compared.

use std::fmt;

use rand::RngExt;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// A text that gives access. Shown nowhere; compared in constant time.
#[derive(Clone)]
pub(crate) struct Secret(String);

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

impl Secret {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// 256 random bits behind a prefix.
    pub(crate) fn random(prefix: &str) -> Self {
        let bytes: [u8; 32] = rand::rng().random();
        Self(format!("{prefix}{}", hexadecimal(&bytes)))
    }

    /// Whether somebody else's text is this one, in a time that does not tell how
    /// much of it was right.
    pub(crate) fn matches(&self, other: &str) -> bool {
        self.digest().ct_eq(&digest(other)).into()
    }

    /// A name for it that does not give it away.
    pub(crate) fn digest(&self) -> [u8; 32] {
        digest(&self.0)
    }

    /// The text itself, for its owner.
    pub(crate) fn reveal(&self) -> &str {
        &self.0
    }
}

/// The SHA-256 of a text.
pub(crate) fn digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    use fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// A new API key: `e2b_` and 40 hexadecimal digits, the form that some clients
/// insist on.
#[must_use]
pub fn new_key() -> String {
    let bytes: [u8; 20] = rand::rng().random();
    format!("e2b_{}", hexadecimal(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_have_the_form_that_clients_check() {
        let key = new_key();
        let digits = key.strip_prefix("e2b_").unwrap();
        assert_eq!(digits.len(), 40);
        assert!(digits.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_ne!(key, new_key());
    }

    #[test]
    fn secrets_match_themselves_only_and_are_not_shown() {
        let secret = Secret::new("ab");
        assert!(secret.matches("ab"));
        for other in ["", "a", "abc", "AB"] {
            assert!(!secret.matches(other));
        }
        assert_eq!(format!("{secret:?}"), "Secret(..)");
    }
}
