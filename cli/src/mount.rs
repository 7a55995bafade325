//! `--mount HOST:GUEST[:rw]`: folders of the host that a sandbox sees.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

use sandcell::files::Access;

use crate::exit::Failure;
use crate::input::text;

/// One `--mount`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Mount {
    pub(crate) host: PathBuf,
    pub(crate) guest: String,
    pub(crate) access: Access,
}

impl Mount {
    /// Reads `HOST:GUEST`, with `:ro` or `:rw` behind it. The path in the
    /// sandbox has no colon; that of the host may have some.
    pub(crate) fn parse(given: &OsString) -> Result<Self, Failure> {
        let bytes = given.as_bytes();
        let (rest, access) = match bytes {
            [rest @ .., b':', b'r', b'w'] => (rest, Access::ReadWrite),
            [rest @ .., b':', b'r', b'o'] => (rest, Access::ReadOnly),
            rest => (rest, Access::ReadOnly),
        };
        let halves = rest.iter().rposition(|byte| *byte == b':');
        let halves = halves.and_then(|at| Some((rest.get(..at)?, rest.get(at + 1..)?)));
        let refused = || {
            let message = format!("`--mount {}` names no two paths", given.to_string_lossy());
            Failure::usage(message).hint("it is `--mount HOST:GUEST` or `--mount HOST:GUEST:rw`")
        };
        let (host, guest) = halves
            .filter(|(host, guest)| !host.is_empty() && !guest.is_empty())
            .ok_or_else(refused)?;
        let guest = text(OsStr::from_bytes(guest), "the sandbox's path in --mount")?;
        if !guest.starts_with('/') {
            let message = format!("`--mount`: {guest} does not start at the sandbox's root");
            return Err(Failure::usage(message).hint("the second path starts with a slash"));
        }
        Ok(Self {
            host: PathBuf::from(OsStr::from_bytes(host)),
            guest,
            access,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(given: &str) -> Result<Mount, String> {
        Mount::parse(&OsString::from(given)).map_err(|failure| failure.message)
    }

    fn mount(host: &str, guest: &str, access: Access) -> Mount {
        Mount {
            host: PathBuf::from(host),
            guest: guest.to_owned(),
            access,
        }
    }

    #[test]
    fn mounts_are_read_only_unless_asked() {
        let read_only = Access::ReadOnly;
        assert_eq!(parse("/a:/b"), Ok(mount("/a", "/b", read_only)));
        assert_eq!(parse(".:/b:ro"), Ok(mount(".", "/b", read_only)));
        assert_eq!(
            parse("a b:/b:rw"),
            Ok(mount("a b", "/b", Access::ReadWrite))
        );
        assert_eq!(parse("/a:x:/b"), Ok(mount("/a:x", "/b", read_only)));
    }

    #[test]
    fn halves_and_relative_places_are_refused() {
        for given in ["", ":", "/a", "/a:", ":/b", "/a:rw"] {
            let said = parse(given).unwrap_err();
            assert!(said.contains("names no two paths"), "{given}: {said}");
        }
        assert!(parse("/a:b").unwrap_err().contains("does not start"));
        assert!(parse("/a:/b:rx").unwrap_err().contains("does not start"));
    }
}
