//! From a pattern's source to its nodes.

use super::class::Class;
use super::{Node, Pattern, Repeat, TooComplex};
use crate::limits::{NESTING, PATTERN_BYTES};

/// Whether a source has something that is more than a character.
pub(crate) fn has_magic(source: &str, extglob: bool) -> bool {
    let mut bytes = source.bytes().peekable();
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => {
                bytes.next();
            }
            b'*' | b'?' | b'[' => return true,
            b'@' | b'!' | b'+' if extglob && bytes.peek() == Some(&b'(') => return true,
            _ => {}
        }
    }
    false
}

struct Compiler {
    source: Vec<char>,
    /// For each `(` of an extended pattern, where it closes.
    closes: Vec<Option<usize>>,
    extglob: bool,
    /// No `]` follows any more.
    unclosed: bool,
}

impl Pattern {
    pub(crate) fn new(source: &str, extglob: bool) -> Result<Self, TooComplex> {
        if source.len() > PATTERN_BYTES {
            return Err(TooComplex);
        }
        let source: Vec<char> = source.chars().collect();
        let closes = if extglob {
            closes(&source)
        } else {
            vec![None; source.len()]
        };
        let length = source.len();
        let mut compiler = Compiler {
            source,
            closes,
            extglob,
            unclosed: false,
        };
        Ok(Self {
            nodes: compiler.nodes(0, length, 0)?,
            fold_case: false,
        })
    }

    #[must_use]
    pub(crate) fn fold_case(mut self, fold_case: bool) -> Self {
        self.fold_case = fold_case;
        self
    }

    /// Whether a name that starts with a dot is asked for by a dot.
    pub(crate) fn starts_with_dot(&self) -> bool {
        matches!(self.nodes.first(), Some(Node::Char('.')))
    }
}

impl Compiler {
    fn nodes(&mut self, from: usize, to: usize, depth: u32) -> Result<Vec<Node>, TooComplex> {
        if depth > NESTING {
            return Err(TooComplex);
        }
        let mut nodes = Vec::new();
        let mut at = from;
        while at < to {
            let Some(c) = self.source.get(at).copied() else {
                break;
            };
            let next = self.source.get(at + 1).copied();
            if self.extglob
                && let Some(repeat) = repeat(c)
                && next == Some('(')
                && let Some(close) = self.closes.get(at + 1).copied().flatten()
            {
                nodes.push(Node::Group(repeat, self.ways(at + 2, close, depth + 1)?));
                at = close + 1;
                continue;
            }
            at += 1;
            let node = match c {
                '\\' if at < to => {
                    at += 1;
                    Node::Char(next.unwrap_or('\\'))
                }
                '*' => {
                    if matches!(nodes.last(), Some(Node::Star)) {
                        continue;
                    }
                    Node::Star
                }
                '?' => Node::Any,
                '[' if !self.unclosed => {
                    let rest = self.source.get(at..to).unwrap_or_default();
                    match Class::parse(rest) {
                        Some((class, length)) => {
                            at += length;
                            Node::Class(class)
                        }
                        None => {
                            self.unclosed = true;
                            Node::Char('[')
                        }
                    }
                }
                other => Node::Char(other),
            };
            nodes.push(node);
        }
        Ok(nodes)
    }

    fn ways(&mut self, from: usize, to: usize, depth: u32) -> Result<Vec<Vec<Node>>, TooComplex> {
        let mut ways = Vec::new();
        let mut start = from;
        let mut at = from;
        while at < to {
            match self.source.get(at) {
                Some('\\') => at += 1,
                Some('(') => {
                    if let Some(close) = self.closes.get(at).copied().flatten() {
                        at = close;
                    }
                }
                Some('|') => {
                    ways.push(self.nodes(start, at, depth)?);
                    start = at + 1;
                }
                _ => {}
            }
            at += 1;
        }
        ways.push(self.nodes(start, to, depth)?);
        Ok(ways)
    }
}

fn repeat(sign: char) -> Option<Repeat> {
    Some(match sign {
        '@' => Repeat::One,
        '?' => Repeat::ZeroOrOne,
        '*' => Repeat::ZeroOrMore,
        '+' => Repeat::OneOrMore,
        '!' => Repeat::None,
        _ => return None,
    })
}

/// Which `(` closes where, read once.
fn closes(source: &[char]) -> Vec<Option<usize>> {
    let mut closes = vec![None; source.len()];
    let mut open = Vec::new();
    let mut at = 0;
    while let Some(c) = source.get(at) {
        match c {
            '\\' => at += 1,
            '(' => open.push(at),
            ')' => {
                if let Some(place) = open.pop().and_then(|from| closes.get_mut(from)) {
                    *place = Some(at);
                }
            }
            _ => {}
        }
        at += 1;
    }
    closes
}
