//! The users of a sandbox.

use axum::http::HeaderMap;

use crate::access::basic_user;

/// One of the two users that every sandbox has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum User {
    /// The user that code runs as.
    Plain,
    /// The other one. It may do no more: owners are shown, not enforced.
    Root,
}

/// There is no user of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no user `{0}` in this sandbox; there is `user` and `root`")]
pub(super) struct NoUser(String);

impl User {
    /// The user of this name; the empty name is the default one's.
    pub(super) fn named(name: &str) -> Result<Self, NoUser> {
        match name {
            "" | "user" => Ok(Self::Plain),
            "root" => Ok(Self::Root),
            other => Err(NoUser(other.chars().take(64).collect())),
        }
    }

    /// The user that a request's headers name.
    pub(super) fn of(headers: &HeaderMap) -> Result<Self, NoUser> {
        Self::named(&basic_user(headers).unwrap_or_default())
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Plain => "user",
            Self::Root => "root",
        }
    }

    pub(super) fn home(self) -> &'static str {
        match self {
            Self::Plain => "/home/user",
            Self::Root => "/root",
        }
    }

    /// User and group id.
    pub(super) fn number(self) -> u32 {
        match self {
            Self::Plain => 1000,
            Self::Root => 0,
        }
    }
}

/// The name of an owner.
pub(super) fn name_of(number: u32) -> String {
    match number {
        0 => "root".to_owned(),
        1000 => "user".to_owned(),
        other => other.to_string(),
    }
}
