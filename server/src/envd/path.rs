//! Paths as clients write them.

use crate::envd::user::User;

/// The absolute path that a client means, without `.`, `..` and doubled slashes.
/// A relative one starts at the user's home, `~` is the home.
pub(super) fn resolve(path: &str, user: User) -> String {
    let home = user.home();
    let whole = match path.strip_prefix('~') {
        Some(rest) if rest.is_empty() || rest.starts_with('/') => format!("{home}{rest}"),
        _ if path.starts_with('/') => path.to_owned(),
        _ => format!("{home}/{path}"),
    };
    let mut parts: Vec<&str> = Vec::new();
    for part in whole.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// The folder that a path is in.
pub(super) fn parent(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some(("", _)) | None => "/",
        Some((parent, _)) => parent,
    }
}

/// The last part of a path.
pub(super) fn name(path: &str) -> &str {
    match path.rsplit_once('/') {
        Some((_, "")) | None => "/",
        Some((_, name)) => name,
    }
}

/// A path as seen from a folder; `None` when it is not below it.
pub(super) fn below<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    let folder = folder.trim_end_matches('/');
    let rest = path.strip_prefix(folder)?.strip_prefix('/')?;
    (!rest.is_empty()).then_some(rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_made_absolute_and_clean() {
        for (path, expected) in [
            ("a.txt", "/home/user/a.txt"),
            ("", "/home/user"),
            ("~", "/home/user"),
            ("~/a", "/home/user/a"),
            ("~a", "/home/user/~a"),
            ("/a//b/./c/../d/", "/a/b/d"),
            ("../../../..", "/"),
            ("/", "/"),
        ] {
            assert_eq!(resolve(path, User::Plain), expected, "{path}");
        }
        assert_eq!(resolve("a", User::Root), "/root/a");
    }

    #[test]
    fn parts_of_paths() {
        assert_eq!((parent("/a/b"), name("/a/b")), ("/a", "b"));
        assert_eq!((parent("/a"), name("/a")), ("/", "a"));
        assert_eq!((parent("/"), name("/")), ("/", "/"));
        assert_eq!(below("/a/b/c", "/a"), Some("b/c"));
        assert_eq!(below("/a", "/"), Some("a"));
        assert_eq!(below("/ab", "/a"), None);
        assert_eq!(below("/a", "/a"), None);
    }
}
