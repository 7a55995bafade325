//! Text that may hold any byte. Scripts and data are UTF-8 by custom, not by
//! law: a byte that is no part of a character is kept as a character of the
//! last private plane and turned back on the way out.

use std::borrow::Cow;

/// Byte `b` stands as the character `ESCAPE + b`.
const ESCAPE: u32 = 0x10_FF00;
/// The first escaped byte.
const FIRST: char = '\u{10FF80}';

/// Bytes as text, any bytes.
pub(crate) fn decode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        let valid = chunk.valid();
        if valid.bytes().any(|byte| byte == 0xF4) {
            for character in valid.chars() {
                if character >= FIRST {
                    let mut buffer = [0; 4];
                    escape(character.encode_utf8(&mut buffer).as_bytes(), &mut text);
                } else {
                    text.push(character);
                }
            }
        } else {
            text.push_str(valid);
        }
        escape(chunk.invalid(), &mut text);
    }
    text
}

fn escape(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.extend(char::from_u32(ESCAPE + u32::from(*byte)));
    }
}

/// One byte as a character.
pub(crate) fn byte(value: u8) -> char {
    if value.is_ascii() {
        char::from(value)
    } else {
        char::from_u32(ESCAPE + u32::from(value)).unwrap_or(char::REPLACEMENT_CHARACTER)
    }
}

/// The bytes that a text stands for.
pub(crate) fn encode(text: &str) -> Cow<'_, [u8]> {
    if !text.bytes().any(|byte| byte == 0xF4) {
        return Cow::Borrowed(text.as_bytes());
    }
    let mut bytes = Vec::with_capacity(text.len());
    for character in text.chars() {
        if character >= FIRST {
            bytes.extend(u8::try_from(u32::from(character) - ESCAPE));
        } else {
            let mut buffer = [0; 4];
            bytes.extend_from_slice(character.encode_utf8(&mut buffer).as_bytes());
        }
    }
    Cow::Owned(bytes)
}

/// Bytes that came as several texts (characters cut apart) joined again.
pub(crate) fn renew(text: &str) -> String {
    match encode(text) {
        Cow::Borrowed(_) => text.to_owned(),
        Cow::Owned(bytes) => decode(&bytes),
    }
}

/// A word that the shell reads back as this text.
pub(crate) fn quote(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    let control = |c: char| c.is_control() || c >= FIRST;
    if text.chars().any(control) {
        return dollar_quote(text);
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// As [`quote`], but a word that needs no quotes has none.
pub(crate) fn quote_if_needed(text: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_-./:@%+=,".contains(c);
    if !text.is_empty() && text.chars().all(plain) {
        text.to_owned()
    } else {
        quote(text)
    }
}

/// A value between double quotes, as `declare -p` prints it.
pub(crate) fn double_quote(text: &str) -> String {
    if text.chars().any(|c| c.is_control() || c >= FIRST) {
        return dollar_quote(text);
    }
    let mut quoted = String::from("\"");
    for character in text.chars() {
        if matches!(character, '"' | '\\' | '$' | '`') {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted.push('"');
    quoted
}

/// Each special character after a backslash, as `printf %q` prints it.
pub(crate) fn backslash_quote(text: &str) -> String {
    if text.is_empty() {
        return "''".to_owned();
    }
    if text.chars().any(|c| c.is_control() || c >= FIRST) {
        return dollar_quote(text);
    }
    let mut quoted = String::new();
    for (at, character) in text.chars().enumerate() {
        let special = " !\"$&'()*,;<>?[\\]^`{|}".contains(character)
            || (at == 0 && (character == '#' || character == '~'));
        if special {
            quoted.push('\\');
        }
        quoted.push(character);
    }
    quoted
}

fn dollar_quote(text: &str) -> String {
    let mut quoted = String::from("$'");
    for character in text.chars() {
        match character {
            '\n' => quoted.push_str("\\n"),
            '\t' => quoted.push_str("\\t"),
            '\r' => quoted.push_str("\\r"),
            '\x07' => quoted.push_str("\\a"),
            '\x08' => quoted.push_str("\\b"),
            '\x0b' => quoted.push_str("\\v"),
            '\x0c' => quoted.push_str("\\f"),
            '\x1b' => quoted.push_str("\\E"),
            '\'' => quoted.push_str("\\'"),
            '\\' => quoted.push_str("\\\\"),
            other if other.is_control() || other >= FIRST => {
                let mut buffer = [0; 4];
                for byte in encode(other.encode_utf8(&mut buffer)).iter() {
                    quoted.push_str(&format!("\\{byte:03o}"));
                }
            }
            other => quoted.push(other),
        }
    }
    quoted.push('\'');
    quoted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_survive_the_way_through_text() {
        let all: Vec<u8> = (0..=255).chain([0xF4, 0x8F, 0xBE, 0x80]).collect();
        assert_eq!(encode(&decode(&all)).as_ref(), all.as_slice());
        let last = "\u{10FFFF}\u{10FF7F}é";
        assert_eq!(encode(&decode(last.as_bytes())).as_ref(), last.as_bytes());
    }

    #[test]
    fn quoting() {
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote("a\nb"), r"$'a\nb'");
        assert_eq!(backslash_quote("a b$"), r"a\ b\$");
        assert_eq!(double_quote("a\"b"), r#""a\"b""#);
    }
}
