//! Patterns: `*`, `?`, `[...]` and the extended `@( | )`. Matching follows all
//! ways at once (sets of positions), so no pattern makes it exponential.

mod class;
mod compile;
mod matching;

pub(crate) use compile::has_magic;

use self::class::Class;

/// One element of a pattern.
#[derive(Debug, Clone)]
enum Node {
    Char(char),
    Any,
    Star,
    Class(Class),
    Group(Repeat, Vec<Vec<Self>>),
}

/// The sign before an extended pattern's parenthesis.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Repeat {
    One,
    ZeroOrOne,
    ZeroOrMore,
    OneOrMore,
    None,
}

/// A pattern ready to match. Quoted characters of its source stand behind
/// backslashes.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    nodes: Vec<Node>,
    fold_case: bool,
}

/// The pattern took too many steps or is too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("pattern too complex")]
pub(crate) struct TooComplex;

/// Characters of a pattern that stand for themselves, behind backslashes.
pub(crate) fn escape(text: &str, pattern: &mut String) {
    for character in text.chars() {
        if "*?[]\\()|!@+-^".contains(character) {
            pattern.push('\\');
        }
        pattern.push(character);
    }
}

/// The characters of a pattern's source without the backslashes.
pub(crate) fn unescape(pattern: &str) -> String {
    let mut text = String::with_capacity(pattern.len());
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        if character == '\\' {
            text.extend(characters.next());
        } else {
            text.push(character);
        }
    }
    text
}
