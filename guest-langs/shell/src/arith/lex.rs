//! Tokens of expressions.

/// A token; operators as they are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    Number(i64),
    Name(String),
    Operator(&'static str),
    /// A number that is none, with the reason.
    Bad(&'static str),
    Unknown,
    End,
}

/// Longest first.
const OPERATORS: [&str; 39] = [
    "<<=", ">>=", "**", "++", "--", "<<", ">>", "<=", ">=", "==", "!=", "&&", "||", "*=", "/=",
    "%=", "+=", "-=", "&=", "^=", "|=", "+", "-", "*", "/", "%", "<", ">", "&", "^", "|", "!", "~",
    "?", ":", "=", "(", ")", ",",
];

/// The next token of a text and where it ends.
pub(super) fn next(text: &str, from: usize) -> (Token, usize, usize) {
    let rest = text.get(from..).unwrap_or_default();
    let start = from + rest.len() - rest.trim_start().len();
    let rest = rest.trim_start();
    let Some(first) = rest.bytes().next() else {
        return (Token::End, start, start);
    };
    if first.is_ascii_digit() {
        let length = rest
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'#' | b'@' | b'_')))
            .unwrap_or(rest.len());
        let token = match number(rest.get(..length).unwrap_or_default()) {
            Ok(value) => Token::Number(value),
            Err(reason) => Token::Bad(reason),
        };
        return (token, start, start + length);
    }
    let length = crate::syntax::name_length(rest);
    if length > 0 {
        let name = rest.get(..length).unwrap_or_default().to_owned();
        return (Token::Name(name), start, start + length);
    }
    match OPERATORS.iter().find(|sign| rest.starts_with(**sign)) {
        Some(sign) => (Token::Operator(sign), start, start + sign.len()),
        None => (Token::Unknown, start, start),
    }
}

/// Decimal, `0` octal, `0x`, `base#digits`.
fn number(text: &str) -> Result<i64, &'static str> {
    let (base, digits) = if let Some((base, digits)) = text.split_once('#') {
        let base: u32 = base.parse().map_err(|_| "invalid arithmetic base")?;
        if !(2..=64).contains(&base) {
            return Err("invalid arithmetic base");
        }
        if digits.is_empty() {
            return Err("invalid integer constant");
        }
        (base, digits)
    } else if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        (16, digits)
    } else if text.len() > 1 && text.starts_with('0') {
        (8, text.get(1..).unwrap_or_default())
    } else {
        (10, text)
    };
    let mut value = 0_i64;
    for byte in digits.bytes() {
        let digit = match byte {
            b'0'..=b'9' => u32::from(byte - b'0'),
            b'a'..=b'z' => u32::from(byte - b'a') + 10,
            b'A'..=b'Z' if base <= 36 => u32::from(byte - b'A') + 10,
            b'A'..=b'Z' => u32::from(byte - b'A') + 36,
            b'@' => 62,
            b'_' => 63,
            _ => u32::MAX,
        };
        if digit >= base {
            return Err("value too great for base");
        }
        value = value
            .wrapping_mul(i64::from(base))
            .wrapping_add(i64::from(digit));
    }
    Ok(value)
}
