//! Signed URLs of files: whoever has one may read or write one path.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::clock;
use crate::lease::{Held, Registry};
use crate::secret::Secret;

/// What a URL allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    /// Reading a file.
    Read,
    /// Writing a file.
    Write,
}

/// The signed part of a URL.
#[derive(Debug, Clone)]
pub(crate) struct Signed {
    pub(crate) path: String,
    pub(crate) operation: Operation,
    /// Empty for the default user.
    pub(crate) user: String,
    /// When it ends, in seconds since 1970.
    pub(crate) expiration: Option<i64>,
    pub(crate) signature: String,
}

impl Signed {
    /// The signature that the owner of `token` makes.
    pub(crate) fn sign(&self, token: &Secret) -> String {
        let operation = match self.operation {
            Operation::Read => "read",
            Operation::Write => "write",
        };
        let (path, user, token) = (&self.path, &self.user, token.reveal());
        let text = match self.expiration {
            Some(expiration) => format!("{path}:{operation}:{user}:{token}:{expiration}"),
            None => format!("{path}:{operation}:{user}:{token}"),
        };
        format!("v1_{}", STANDARD_NO_PAD.encode(Sha256::digest(text)))
    }

    /// Whether the owner of `token` signed this, however long ago.
    pub(crate) fn is_of(&self, token: &Secret) -> bool {
        let right = self.sign(token);
        right.as_bytes().ct_eq(self.signature.as_bytes()).into()
    }

    /// Whether its time is over.
    pub(crate) fn has_expired(&self) -> bool {
        self.expiration
            .is_some_and(|end| end < clock::unix_seconds())
    }
}

/// The sandbox one of whose tokens made the signature. A URL that the SDK makes
/// for a server on one port says in no other way which sandbox it is for.
pub(crate) fn find_signer(registry: &Registry, signed: &Signed) -> Option<Held> {
    let mut all = registry.everything().into_iter();
    all.find(|held| signed.is_of(&held.who().envd_token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(expiration: Option<i64>, signature: &str) -> Signed {
        Signed {
            path: "/home/user/a.txt".to_owned(),
            operation: Operation::Read,
            user: String::new(),
            expiration,
            signature: signature.to_owned(),
        }
    }

    #[test]
    fn signatures_are_those_of_the_clients() {
        // As the Python client makes them for the token `secret`.
        let token = Secret::new("secret");
        let endless = signed(None, "");
        let made = endless.sign(&token);
        assert_eq!(made.len(), 3 + 43);
        assert!(signed(None, &made).is_of(&token));
        assert!(!signed(Some(5), &made).is_of(&token));
        assert!(!signed(None, &made).is_of(&Secret::new("other")));
        assert!(!signed(None, "v1_").is_of(&token));
    }

    #[test]
    fn the_end_is_part_of_what_is_signed() {
        assert!(signed(Some(5), "").has_expired());
        assert!(!signed(Some(i64::MAX), "").has_expired());
        assert!(!signed(None, "").has_expired());
    }
}
