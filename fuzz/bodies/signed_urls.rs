//! URLs of files. Whatever they are, they allow what the owner of the token has
//! signed, and nothing else.

use sandcell_server::conformance::{admitted, sign};

const TOKEN: &str = "a-token-for-the-tests";

/// Long after the tests.
const LATE: i64 = 32_503_680_000;

/// Path, user, whether it is for writing, when it ends.
const SIGNED: [(&str, &str, bool, Option<i64>); 6] = [
    ("/home/user/a.txt", "", false, None),
    ("a b/ü.txt", "user", false, Some(LATE)),
    ("/root/x", "root", true, None),
    ("/tmp/a:read:root", "", true, Some(LATE)),
    ("~/../..//etc", "user", false, None),
    ("/old", "", false, Some(1)),
];

/// The URLs that the owner made.
pub(crate) fn signed() -> Vec<String> {
    let escaped = |text: &str| -> String {
        let escape = |byte: u8| match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        };
        text.bytes().map(escape).collect()
    };
    SIGNED
        .iter()
        .map(|(path, user, write, expiration)| {
            let signature = sign(TOKEN, path, user, *write, *expiration);
            let mut url = format!(
                "/files?path={}&username={user}&signature={}",
                escaped(path),
                escaped(&signature)
            );
            if let Some(end) = expiration {
                url.push_str(&format!("&signature_expiration={end}"));
            }
            url
        })
        .collect()
}

pub(crate) fn body(input: &[u8]) {
    let Ok(url) = std::str::from_utf8(input) else {
        return;
    };
    for write in [false, true] {
        let allowed: &[&str] = if write {
            &["/root/x", "/tmp/a:read:root"]
        } else {
            &["/home/user/a.txt", "/home/user/a b/ü.txt", "/etc"]
        };
        if let Some(path) = admitted(TOKEN, url, write) {
            assert!(allowed.contains(&&*path), "{url} allows {path}");
        }
    }
    assert_eq!(admitted("another token", url, false), None, "{url}");
}

/// What was signed is allowed, so that the body says something.
pub(crate) fn check_signed() {
    let urls = signed();
    let paths = urls
        .iter()
        .map(|url| (admitted(TOKEN, url, false), admitted(TOKEN, url, true)));
    let paths: Vec<_> = paths.collect();
    let read = |path: &str| (Some(path.to_owned()), None);
    let write = |path: &str| (None, Some(path.to_owned()));
    assert_eq!(
        paths,
        [
            read("/home/user/a.txt"),
            read("/home/user/a b/ü.txt"),
            write("/root/x"),
            write("/tmp/a:read:root"),
            read("/etc"),
            (None, None),
        ]
    );
}
