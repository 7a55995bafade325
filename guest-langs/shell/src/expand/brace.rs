//! Brace expansion: `{a,b}`, `{1..9..2}`.

use crate::limits::{BRACE_WORDS, NESTING};
use crate::syntax::ast::{Part, Word};

/// Too many words.
#[derive(Debug)]
pub(super) struct TooMany;

/// A character of the source, or a part that braces do not look into.
#[derive(Debug, Clone)]
enum Unit {
    Char(char),
    Part(Part),
}

/// The words of a word with braces; nothing if it has none.
pub(super) fn expand(word: &Word) -> Result<Option<Vec<Word>>, TooMany> {
    let is_braced = |part: &Part| matches!(part, Part::Literal(text) if text.contains('{'));
    if !word.parts.iter().any(is_braced) {
        return Ok(None);
    }
    let mut units = Vec::new();
    for part in &word.parts {
        match part {
            Part::Literal(text) => units.extend(text.chars().map(Unit::Char)),
            other => units.push(Unit::Part(other.clone())),
        }
    }
    let closes = closes(&units);
    let mut braces = Braces {
        units: &units,
        closes: &closes,
        made: 0,
    };
    let all = braces.expand(0, units.len(), 0)?;
    if let [_] = all.as_slice() {
        return Ok(None);
    }
    Ok(Some(all.into_iter().map(word_of).collect()))
}

fn word_of(units: Vec<Unit>) -> Word {
    let mut parts: Vec<Part> = Vec::new();
    for unit in units {
        match (unit, parts.last_mut()) {
            (Unit::Char(c), Some(Part::Literal(text))) => text.push(c),
            (Unit::Char(c), _) => parts.push(Part::Literal(c.to_string())),
            (Unit::Part(part), _) => parts.push(part),
        }
    }
    Word { parts }
}

struct Braces<'a> {
    units: &'a [Unit],
    closes: &'a [Option<usize>],
    /// Units that were made, for the bound.
    made: usize,
}

impl Braces<'_> {
    /// All ways to read the units between two places.
    fn expand(&mut self, from: usize, to: usize, depth: u32) -> Result<Vec<Vec<Unit>>, TooMany> {
        if depth > NESTING {
            return Err(TooMany);
        }
        let mut all: Vec<Vec<Unit>> = vec![Vec::new()];
        let mut at = from;
        while at < to {
            if let Some(close) = self
                .closes
                .get(at)
                .copied()
                .flatten()
                .filter(|end| *end < to)
                && let Some(ways) = self.ways(at, close, depth)?
            {
                let mut joined = Vec::new();
                for start in &all {
                    for way in &ways {
                        self.count(start.len() + way.len() + 1)?;
                        let mut both = start.clone();
                        both.extend(way.iter().cloned());
                        joined.push(both);
                    }
                }
                if joined.len() > BRACE_WORDS {
                    return Err(TooMany);
                }
                all = joined;
                at = close + 1;
                continue;
            }
            if let Some(unit) = self.units.get(at) {
                self.count(all.len())?;
                for start in &mut all {
                    start.push(unit.clone());
                }
            }
            at += 1;
        }
        Ok(all)
    }

    fn count(&mut self, units: usize) -> Result<(), TooMany> {
        self.made += units;
        if self.made > BRACE_WORDS * 40 {
            return Err(TooMany);
        }
        Ok(())
    }

    /// What stands between a brace and its partner; nothing if it is no list
    /// and no sequence.
    fn ways(
        &mut self,
        open: usize,
        close: usize,
        depth: u32,
    ) -> Result<Option<Vec<Vec<Unit>>>, TooMany> {
        let mut commas = Vec::new();
        let mut at = open + 1;
        while at < close {
            match self.units.get(at) {
                Some(Unit::Char('{')) => {
                    if let Some(inner) = self.closes.get(at).copied().flatten() {
                        at = inner;
                    }
                }
                Some(Unit::Char(',')) => commas.push(at),
                _ => {}
            }
            at += 1;
        }
        if commas.is_empty() {
            return sequence(self.units.get(open + 1..close).unwrap_or_default());
        }
        let mut ways = Vec::new();
        let mut start = open + 1;
        for end in commas.into_iter().chain([close]) {
            ways.extend(self.expand(start, end, depth + 1)?);
            start = end + 1;
            if ways.len() > BRACE_WORDS {
                return Err(TooMany);
            }
        }
        Ok(Some(ways))
    }
}

/// Which brace closes where.
fn closes(units: &[Unit]) -> Vec<Option<usize>> {
    let mut closes = vec![None; units.len()];
    let mut open = Vec::new();
    for (at, unit) in units.iter().enumerate() {
        match unit {
            Unit::Char('{') => open.push(at),
            Unit::Char('}') => {
                if let Some(place) = open.pop().and_then(|from| closes.get_mut(from)) {
                    *place = Some(at);
                }
            }
            _ => {}
        }
    }
    closes
}

/// `1..9`, `a..e`, each with a step.
fn sequence(units: &[Unit]) -> Result<Option<Vec<Vec<Unit>>>, TooMany> {
    let mut text = String::new();
    for unit in units {
        match unit {
            Unit::Char(c) if text.len() < 80 => text.push(*c),
            _ => return Ok(None),
        }
    }
    let parts: Vec<&str> = text.split("..").collect();
    let (from, to, step) = match parts.as_slice() {
        [from, to] => (*from, *to, None),
        [from, to, step] => match step.parse::<i64>() {
            Ok(step) => (*from, *to, Some(step)),
            Err(_) => return Ok(None),
        },
        _ => return Ok(None),
    };
    let step = step.unwrap_or(1).unsigned_abs().max(1);
    let words: Vec<String> = if let (Ok(first), Ok(last)) = (from.parse::<i64>(), to.parse::<i64>())
    {
        let padded = |text: &str| {
            let digits = text.trim_start_matches('-');
            digits.len() > 1 && digits.starts_with('0')
        };
        let width = if padded(from) || padded(to) {
            from.len().max(to.len())
        } else {
            0
        };
        numbers(first, last, step)?
            .into_iter()
            .map(|number| format!("{number:0width$}"))
            .collect()
    } else {
        let (Some(first), Some(last)) = (letter(from), letter(to)) else {
            return Ok(None);
        };
        numbers(i64::from(first), i64::from(last), step)?
            .into_iter()
            .filter_map(|number| u8::try_from(number).ok())
            .map(|byte| char::from(byte).to_string())
            .collect()
    };
    let as_units = |word: String| word.chars().map(Unit::Char).collect();
    Ok(Some(words.into_iter().map(as_units).collect()))
}

fn letter(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [byte] if byte.is_ascii_alphabetic() => Some(*byte),
        _ => None,
    }
}

fn numbers(first: i64, last: i64, step: u64) -> Result<Vec<i64>, TooMany> {
    let count = first.abs_diff(last) / step;
    if count >= BRACE_WORDS as u64 {
        return Err(TooMany);
    }
    let at = |turn: u64| {
        let offset = turn.wrapping_mul(step);
        if first <= last {
            first.wrapping_add_unsigned(offset)
        } else {
            first.wrapping_sub_unsigned(offset)
        }
    };
    Ok((0..=count).map(at).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn braces(text: &str) -> Vec<String> {
        let word = Word::literal(text);
        match expand(&word).unwrap() {
            None => vec![text.to_owned()],
            Some(words) => words
                .iter()
                .map(|word| word.as_literal().unwrap_or_default().to_owned())
                .collect(),
        }
    }

    #[test]
    fn lists_and_sequences() {
        assert_eq!(braces("a{b,c}d"), ["abd", "acd"]);
        assert_eq!(braces("{a,b{1..3}}"), ["a", "b1", "b2", "b3"]);
        assert_eq!(braces("{01..3}"), ["01", "02", "03"]);
        assert_eq!(braces("{c..a}"), ["c", "b", "a"]);
        assert_eq!(braces("{1..9..4}"), ["1", "5", "9"]);
        assert_eq!(braces("{a}"), ["{a}"]);
        assert_eq!(braces("{a,b"), ["{a,b"]);
        assert_eq!(braces("x{{a,b}"), ["x{a", "x{b"]);
        assert_eq!(braces("{,x}"), ["", "x"]);
    }

    #[test]
    fn bombs_are_errors() {
        assert!(expand(&Word::literal(&"{a,b}".repeat(40))).is_err());
        assert!(expand(&Word::literal("{1..1000000000}")).is_err());
        let deep = format!("{}a,b{}", "{".repeat(50_000), "}".repeat(50_000));
        let _ends = expand(&Word::literal(&deep));
        let deep = format!("{}a,b{}", "{x,".repeat(50_000), "}".repeat(50_000));
        assert!(expand(&Word::literal(&deep)).is_err());
    }
}
