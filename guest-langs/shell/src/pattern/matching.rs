//! Matching: from a set of starts to the set of ends.

use super::{Node, Pattern, Repeat, TooComplex};
use crate::limits::PATTERN_STEPS;

/// Positions, ascending, each once.
type Places = Vec<usize>;

struct Matching<'a> {
    text: &'a [char],
    fold_case: bool,
    steps: usize,
}

impl Pattern {
    /// Whether the whole text matches.
    pub(crate) fn matches(&self, text: &str) -> Result<bool, TooComplex> {
        let text: Vec<char> = text.chars().collect();
        let ends = self.matching(&text).ends(&self.nodes, vec![0])?;
        Ok(ends.last() == Some(&text.len()))
    }

    /// The text without its shortest or longest matching start.
    pub(crate) fn without_prefix(&self, text: &str, longest: bool) -> Result<String, TooComplex> {
        let text: Vec<char> = text.chars().collect();
        let ends = self.matching(&text).ends(&self.nodes, vec![0])?;
        let cut = if longest { ends.last() } else { ends.first() };
        let rest = text.get(cut.copied().unwrap_or(0)..).unwrap_or_default();
        Ok(rest.iter().collect())
    }

    /// The text without its shortest or longest matching end.
    pub(crate) fn without_suffix(&self, text: &str, longest: bool) -> Result<String, TooComplex> {
        let text: Vec<char> = text.chars().rev().collect();
        let ends = self.matching(&text).ends(&reversed(&self.nodes), vec![0])?;
        let cut = if longest { ends.last() } else { ends.first() };
        let rest = text.get(cut.copied().unwrap_or(0)..).unwrap_or_default();
        Ok(rest.iter().rev().collect())
    }

    /// Where the longest match ends that starts at the text's start.
    pub(crate) fn longest_prefix(&self, text: &str) -> Result<Option<usize>, TooComplex> {
        let characters: Vec<char> = text.chars().collect();
        let ends = self.matching(&characters).ends(&self.nodes, vec![0])?;
        Ok(ends.last().map(|end| bytes(&characters, *end)))
    }

    /// Where the longest match starts that ends at the text's end.
    pub(crate) fn longest_suffix(&self, text: &str) -> Result<Option<usize>, TooComplex> {
        let characters: Vec<char> = text.chars().rev().collect();
        let ends = self
            .matching(&characters)
            .ends(&reversed(&self.nodes), vec![0])?;
        let length = ends.last().map(|end| bytes(&characters, *end));
        Ok(length.map(|length| text.len() - length))
    }

    /// Longest matches from the left, as byte ranges, at most `most`.
    pub(crate) fn find(&self, text: &str, most: usize) -> Result<Vec<(usize, usize)>, TooComplex> {
        let characters: Vec<char> = text.chars().collect();
        let mut matching = self.matching(&characters);
        let mut found = Vec::new();
        let mut at = 0;
        let mut byte = 0;
        while at <= characters.len() && found.len() < most {
            matching.count(1)?;
            let ends = matching.ends(&self.nodes, vec![at])?;
            let end = ends.last().copied();
            if end.is_none() && matches!(self.nodes.first(), Some(Node::Star)) {
                break;
            }
            let next = match end {
                Some(end) if end > at => {
                    let length = bytes(characters.get(at..).unwrap_or_default(), end - at);
                    found.push((byte, byte + length));
                    byte += length;
                    at = end;
                    // Nothing is left that could match again.
                    if at == characters.len() {
                        break;
                    }
                    continue;
                }
                _ => characters.get(at),
            };
            byte += next.map_or(0, |c| c.len_utf8());
            at += 1;
        }
        Ok(found)
    }

    fn matching<'a>(&self, text: &'a [char]) -> Matching<'a> {
        Matching {
            text,
            fold_case: self.fold_case,
            steps: 0,
        }
    }
}

fn bytes(characters: &[char], count: usize) -> usize {
    characters.iter().take(count).map(|c| c.len_utf8()).sum()
}

fn reversed(nodes: &[Node]) -> Vec<Node> {
    let one = |node: &Node| match node {
        Node::Group(repeat, ways) => {
            Node::Group(*repeat, ways.iter().map(|way| reversed(way)).collect())
        }
        other => other.clone(),
    };
    nodes.iter().rev().map(one).collect()
}

impl Matching<'_> {
    fn count(&mut self, steps: usize) -> Result<(), TooComplex> {
        self.steps += steps;
        if self.steps > PATTERN_STEPS {
            return Err(TooComplex);
        }
        Ok(())
    }

    fn ends(&mut self, nodes: &[Node], starts: Places) -> Result<Places, TooComplex> {
        let mut places = starts;
        for node in nodes {
            if places.is_empty() {
                break;
            }
            self.count(places.len())?;
            places = match node {
                Node::Char(c) => self.step(&places, |matching, there| matching.same(*c, there)),
                Node::Any => self.step(&places, |_, _| true),
                Node::Class(class) => self.step(&places, |matching, there| {
                    class.matches(there, matching.fold_case)
                }),
                Node::Star => {
                    let first = places.first().copied().unwrap_or_default();
                    self.count(self.text.len().saturating_sub(first))?;
                    (first..=self.text.len()).collect()
                }
                Node::Group(repeat, ways) => self.group(*repeat, ways, places)?,
            };
        }
        Ok(places)
    }

    fn step(&self, places: &[usize], fits: impl Fn(&Self, char) -> bool) -> Places {
        let fits_at = |at: &usize| self.text.get(*at).is_some_and(|c| fits(self, *c));
        places
            .iter()
            .copied()
            .filter(fits_at)
            .map(|at| at + 1)
            .collect()
    }

    fn same(&self, wanted: char, there: char) -> bool {
        wanted == there || (self.fold_case && wanted.to_lowercase().eq(there.to_lowercase()))
    }

    fn any_way(&mut self, ways: &[Vec<Node>], starts: &Places) -> Result<Places, TooComplex> {
        let mut all = Vec::new();
        for way in ways {
            all.extend(self.ends(way, starts.clone())?);
        }
        self.count(all.len())?;
        all.sort_unstable();
        all.dedup();
        Ok(all)
    }

    fn group(
        &mut self,
        repeat: Repeat,
        ways: &[Vec<Node>],
        starts: Places,
    ) -> Result<Places, TooComplex> {
        match repeat {
            Repeat::One => self.any_way(ways, &starts),
            Repeat::ZeroOrOne => {
                let once = self.any_way(ways, &starts)?;
                Ok(union(starts, once))
            }
            Repeat::ZeroOrMore => self.closure(ways, starts),
            Repeat::OneOrMore => {
                let once = self.any_way(ways, &starts)?;
                self.closure(ways, once)
            }
            Repeat::None => {
                let mut all = Vec::new();
                for start in starts {
                    let not = self.any_way(ways, &vec![start])?;
                    self.count(self.text.len() - start.min(self.text.len()))?;
                    all.extend(
                        (start..=self.text.len()).filter(|at| not.binary_search(at).is_err()),
                    );
                }
                self.count(all.len())?;
                all.sort_unstable();
                all.dedup();
                Ok(all)
            }
        }
    }

    fn closure(&mut self, ways: &[Vec<Node>], starts: Places) -> Result<Places, TooComplex> {
        let mut all = starts.clone();
        let mut new = starts;
        while !new.is_empty() {
            self.count(all.len())?;
            new = self.any_way(ways, &new)?;
            new.retain(|at| all.binary_search(at).is_err());
            all = union(all, new.clone());
        }
        Ok(all)
    }
}

fn union(mut one: Places, other: Places) -> Places {
    one.extend(other);
    one.sort_unstable();
    one.dedup();
    one
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(source: &str) -> Pattern {
        Pattern::new(source, true).unwrap()
    }

    #[test]
    fn whole_texts() {
        for (source, text, wanted) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("?", "é", true),
            ("[a-c]x", "bx", true),
            ("[!a-c]x", "bx", false),
            ("[]]", "]", true),
            ("[[:digit:]_]*", "7up", true),
            ("[a", "[a", true),
            (r"\*", "*", true),
            (r"\*", "x", false),
            ("@(a|b)c", "bc", true),
            ("+(ab)", "ababab", true),
            ("+(ab)", "aba", false),
            ("?(x)y", "y", true),
            ("*(a|b)z", "abbaz", true),
            ("!(a)", "b", true),
            ("!(a)", "a", false),
            ("!(*.c)", "x.h", true),
            ("*.!(c)", "x.c", false),
            ("a(b", "a(b", true),
        ] {
            assert_eq!(pattern(source).matches(text), Ok(wanted), "{source} {text}");
        }
    }

    #[test]
    fn parts_of_texts() {
        assert_eq!(pattern("*/").without_prefix("a/b/c", false).unwrap(), "b/c");
        assert_eq!(pattern("*/").without_prefix("a/b/c", true).unwrap(), "c");
        assert_eq!(pattern("/*").without_suffix("a/b/c", false).unwrap(), "a/b");
        assert_eq!(pattern("/*").without_suffix("a/b/c", true).unwrap(), "a");
        assert_eq!(pattern("b+").find("ab+b+", 9).unwrap(), [(1, 3), (3, 5)]);
        assert_eq!(pattern("@(a|ab)").find("xab", 9).unwrap(), [(1, 3)]);
    }

    #[test]
    fn bombs_end() {
        let long = "a".repeat(30_000);
        let _ = pattern("*a*a*a*a*a*a*a*a*b").matches(&long);
        let _ = pattern("*(*(*(a)))b").matches(&long);
        let _ = pattern("!(!(!(!(x))))y").matches(&long);
        assert!(Pattern::new(&"@(".repeat(30_000), true).is_ok());
        assert!(Pattern::new(&"[".repeat(60_000), true).is_ok());
        let deep = format!("{}{}", "@(".repeat(20_000), ")".repeat(20_000));
        assert!(Pattern::new(&deep, true).is_err());
    }
}
