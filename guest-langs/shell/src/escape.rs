//! Backslash escapes: of `$'...'`, `echo -e` and `printf`.

use crate::text;

/// Where escapes stand: they differ in small things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `$'...'`
    Ansi,
    /// `echo -e` and `printf %b`: octal numbers start with 0, `\c` ends.
    Echo,
    /// The format of `printf`.
    Format,
}

/// The text of `$'...'`.
pub(crate) fn ansi(raw: &str) -> String {
    let (text, _) = expand(raw, Kind::Ansi);
    text::renew(text.split('\0').next().unwrap_or_default())
}

/// The text of `echo -e` and `%b`, and whether it ended with `\c`.
pub(crate) fn echo(raw: &str) -> (String, bool) {
    let (text, ended) = expand(raw, Kind::Echo);
    (text::renew(&text), ended)
}

/// The text of a part of a format of `printf`.
pub(crate) fn format(raw: &str) -> String {
    text::renew(&expand(raw, Kind::Format).0)
}

fn expand(raw: &str, kind: Kind) -> (String, bool) {
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        text.push_str(rest.get(..at).unwrap_or_default());
        rest = rest.get(at + 1..).unwrap_or_default();
        let Some(letter) = rest.chars().next() else {
            text.push('\\');
            break;
        };
        if kind == Kind::Echo && letter == 'c' {
            return (text, true);
        }
        let length = one(rest, letter, kind, &mut text);
        rest = rest.get(length..).unwrap_or_default();
    }
    text.push_str(rest);
    (text, false)
}

/// Expands one escape, whose backslash was read; says how long it is.
fn one(rest: &str, letter: char, kind: Kind, text: &mut String) -> usize {
    let simple = match letter {
        'a' => '\x07',
        'b' => '\x08',
        'e' | 'E' => '\x1b',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '\\' => '\\',
        '\'' | '"' | '?' if kind == Kind::Ansi => letter,
        '"' | '\'' if kind == Kind::Format => letter,
        'x' => return number(rest, 1, 2, 16, text, false),
        'u' => return number(rest, 1, 4, 16, text, true),
        'U' => return number(rest, 1, 8, 16, text, true),
        '0' if kind == Kind::Echo => return number(rest, 1, 3, 8, text, false).max(1),
        '0'..='7' => return number(rest, 0, 3, 8, text, false),
        'c' if kind == Kind::Ansi => {
            let control = rest.chars().nth(1).filter(char::is_ascii);
            let Some(control) = control else {
                text.push_str("\\c");
                return 1;
            };
            text.extend(u8::try_from(control).map(|c| char::from(c.to_ascii_uppercase() & 0x1f)));
            return 2;
        }
        other => {
            text.push('\\');
            text.push(other);
            return other.len_utf8();
        }
    };
    text.push(simple);
    letter.len_utf8()
}

fn number(
    rest: &str,
    from: usize,
    most: usize,
    radix: u32,
    text: &mut String,
    is_character: bool,
) -> usize {
    let digits = rest.get(from..).unwrap_or_default();
    let length = digits
        .chars()
        .take(most)
        .take_while(|c| c.is_digit(radix))
        .count();
    let digits = digits.get(..length).unwrap_or_default();
    if digits.is_empty() {
        if from == 1 && rest.starts_with('0') {
            text.push('\0');
        } else {
            text.push('\\');
            text.push_str(rest.get(..from).unwrap_or_default());
        }
        return from;
    }
    let value = u32::from_str_radix(digits, radix).unwrap_or(0);
    if is_character {
        text.push(char::from_u32(value).unwrap_or(char::REPLACEMENT_CHARACTER));
    } else {
        let byte = u8::try_from(value & 0xff).unwrap_or_default();
        text.push(text::byte(byte));
    }
    from + length
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes() {
        assert_eq!(ansi(r"a\tb\x41\101\u00e9\'"), "a\tbAAé'");
        assert_eq!(ansi(r"\xc3\xa9"), "é");
        assert_eq!(echo(r"a\0101\cb"), ("aA".to_owned(), true));
        assert_eq!(echo(r"\q\0"), ("\\q\0".to_owned(), false));
        assert_eq!(format(r"\n\101"), "\nA");
    }
}
