//! Changes of a value's letters and quotes.

use crate::pattern::{Pattern, TooComplex};
use crate::syntax::ast::Change;
use crate::text;

/// `^`, `^^`, `,`, `,,`, `~`, `~~`
pub(super) fn case(
    text: &str,
    change: Change,
    all: bool,
    pattern: Option<&Pattern>,
) -> Result<String, TooComplex> {
    let mut out = String::with_capacity(text.len());
    for (at, c) in text.chars().enumerate() {
        let applies = (all || at == 0)
            && match pattern {
                Some(pattern) => pattern.matches(c.encode_utf8(&mut [0; 4]))?,
                None => true,
            };
        if applies {
            push(c, change, &mut out);
        } else {
            out.push(c);
        }
    }
    Ok(out)
}

fn push(c: char, change: Change, out: &mut String) {
    match change {
        Change::Upper => out.extend(c.to_uppercase()),
        Change::Lower => out.extend(c.to_lowercase()),
        Change::Toggle if c.is_uppercase() => out.extend(c.to_lowercase()),
        Change::Toggle => out.extend(c.to_uppercase()),
    }
}

/// `@Q`, `@E`, `@U`, `@L`, `@u`, `@K`
pub(super) fn simple(value: &str, letter: char) -> String {
    match letter {
        'E' => crate::escape::ansi(value),
        'U' => value.to_uppercase(),
        'L' => value.to_lowercase(),
        'u' => {
            let mut out = String::new();
            let mut characters = value.chars();
            if let Some(first) = characters.next() {
                push(first, Change::Upper, &mut out);
            }
            out.push_str(characters.as_str());
            out
        }
        _ => text::quote(value),
    }
}
