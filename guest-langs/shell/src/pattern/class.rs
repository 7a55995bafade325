//! Bracket expressions.

/// `[...]`.
#[derive(Debug, Clone, Default)]
pub(super) struct Class {
    pub(super) negated: bool,
    pub(super) ranges: Vec<(char, char)>,
    pub(super) named: Vec<Named>,
}

/// `[:alpha:]` and its like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    Alnum,
    Alpha,
    Ascii,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Word,
    Xdigit,
}

impl Named {
    pub(super) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "alnum" => Self::Alnum,
            "alpha" => Self::Alpha,
            "ascii" => Self::Ascii,
            "blank" => Self::Blank,
            "cntrl" => Self::Cntrl,
            "digit" => Self::Digit,
            "graph" => Self::Graph,
            "lower" => Self::Lower,
            "print" => Self::Print,
            "punct" => Self::Punct,
            "space" => Self::Space,
            "upper" => Self::Upper,
            "word" => Self::Word,
            "xdigit" => Self::Xdigit,
            _ => return None,
        })
    }

    fn contains(self, c: char) -> bool {
        match self {
            Self::Alnum => c.is_alphanumeric(),
            Self::Alpha => c.is_alphabetic(),
            Self::Ascii => c.is_ascii(),
            Self::Blank => c == ' ' || c == '\t',
            Self::Cntrl => c.is_control(),
            Self::Digit => c.is_ascii_digit(),
            Self::Graph => !c.is_control() && !c.is_whitespace(),
            Self::Lower => c.is_lowercase(),
            Self::Print => !c.is_control(),
            Self::Punct => c.is_ascii_punctuation(),
            Self::Space => c.is_whitespace(),
            Self::Upper => c.is_uppercase(),
            Self::Word => c.is_alphanumeric() || c == '_',
            Self::Xdigit => c.is_ascii_hexdigit(),
        }
    }
}

impl Class {
    pub(super) fn matches(&self, c: char, fold_case: bool) -> bool {
        let mut found = self.contains(c);
        if fold_case && !found {
            found = c.to_lowercase().any(|c| self.contains(c))
                || c.to_uppercase().any(|c| self.contains(c));
        }
        found != self.negated
    }

    fn contains(&self, c: char) -> bool {
        self.ranges
            .iter()
            .any(|(from, to)| (*from..=*to).contains(&c))
            || self.named.iter().any(|named| named.contains(c))
    }

    /// Reads what stands behind `[`; how many characters, with the `]`.
    pub(super) fn parse(source: &[char]) -> Option<(Self, usize)> {
        let mut class = Self::default();
        let mut at = 0;
        if matches!(source.first(), Some('!' | '^')) {
            class.negated = true;
            at = 1;
        }
        let first = at;
        loop {
            let c = *source.get(at)?;
            if c == ']' && at > first {
                return Some((class, at + 1));
            }
            if c == '[' && source.get(at + 1) == Some(&':') {
                let rest = source.get(at + 2..)?;
                let end = rest.iter().take(16).position(|c| *c == ':');
                if let Some(end) = end
                    && rest.get(end + 1) == Some(&']')
                {
                    let name: String = rest.iter().take(end).collect();
                    class.named.extend(Named::parse(&name));
                    at += end + 4;
                    continue;
                }
            }
            let (from, length) = character(source, at)?;
            at += length;
            let is_range =
                source.get(at) == Some(&'-') && source.get(at + 1).is_some_and(|next| *next != ']');
            if is_range {
                let (to, length) = character(source, at + 1)?;
                at += 1 + length;
                class.ranges.push((from, to));
            } else {
                class.ranges.push((from, from));
            }
        }
    }
}

/// A character of a class, quoted or not.
fn character(source: &[char], at: usize) -> Option<(char, usize)> {
    match *source.get(at)? {
        '\\' => Some((*source.get(at + 1)?, 2)),
        c => Some((c, 1)),
    }
}
