//! Compound commands.

use std::sync::Arc;

use super::ast::{After, Arm, Command, Compound, Kind, List, Word};
use super::cursor::{Parsed, Parser, is_meta};
use super::error::SyntaxErrorKind;

impl Parser {
    /// A compound command, if one starts here.
    pub(super) fn compound(&mut self) -> Parsed<Option<Command>> {
        let line = self.line;
        let Some(kind) = self.nested(Self::kind)? else {
            return Ok(None);
        };
        let redirects = self.redirects()?;
        Ok(Some(Command::Compound(Arc::new(Compound {
            line,
            kind,
            redirects,
        }))))
    }

    fn kind(&mut self) -> Parsed<Option<Kind>> {
        let kind = match self.peek() {
            Some(b'(') => {
                if self.peek_at(1) == Some(b'(')
                    && let Some(end) = self.arithmetic_end(self.at + 2)
                {
                    let word = self.range(self.at + 2, end)?;
                    self.at = end + 2;
                    return Ok(Some(Kind::Arithmetic(word)));
                }
                self.at += 1;
                let list = self.list_in_parentheses()?;
                if list.0.is_empty() {
                    return self.error(SyntaxErrorKind::Unexpected(")".to_owned()));
                }
                Kind::Subshell(Arc::new(list))
            }
            Some(b'{') if self.eat_reserved("{") => {
                let list = self.body()?;
                self.expect("}")?;
                Kind::Brace(list)
            }
            Some(b'[') if self.eat_reserved("[[") => Kind::Condition(self.condition()?),
            Some(b'i') if self.eat_reserved("if") => self.if_command()?,
            Some(b'w') if self.eat_reserved("while") => self.while_command(false)?,
            Some(b'u') if self.eat_reserved("until") => self.while_command(true)?,
            Some(b'f') if self.eat_reserved("for") => self.for_command()?,
            Some(b'c') if self.eat_reserved("case") => self.case_command()?,
            Some(b's') if self.at_reserved("select") => {
                return self.error(SyntaxErrorKind::Unsupported("select"));
            }
            Some(b'c') if self.at_reserved("coproc") => {
                return self.error(SyntaxErrorKind::Unsupported("coproc"));
            }
            _ => return Ok(None),
        };
        Ok(Some(kind))
    }

    /// Reads the reserved word, or says what stands in its place.
    pub(super) fn expect(&mut self, word: &str) -> Parsed<()> {
        self.skip_lines()?;
        if self.eat_reserved(word) {
            return Ok(());
        }
        self.unexpected()
    }

    fn if_command(&mut self) -> Parsed<Kind> {
        let mut arms = Vec::new();
        loop {
            let condition = self.body()?;
            self.expect("then")?;
            arms.push((condition, self.body()?));
            self.skip_lines()?;
            if self.eat_reserved("elif") {
                continue;
            }
            let otherwise = if self.eat_reserved("else") {
                Some(self.body()?)
            } else {
                None
            };
            self.expect("fi")?;
            return Ok(Kind::If { arms, otherwise });
        }
    }

    fn while_command(&mut self, until: bool) -> Parsed<Kind> {
        let condition = self.body()?;
        let body = self.do_group()?;
        Ok(Kind::While {
            until,
            condition,
            body,
        })
    }

    /// `do ... done`, or `{ ... }` as bash takes it after `for`.
    fn do_group(&mut self) -> Parsed<List> {
        self.skip_lines()?;
        let (open, close) = if self.at_reserved("{") {
            ("{", "}")
        } else {
            ("do", "done")
        };
        self.expect(open)?;
        let body = self.body()?;
        self.expect(close)?;
        Ok(body)
    }

    fn for_command(&mut self) -> Parsed<Kind> {
        self.skip_blanks();
        if self.starts_with("((") {
            return self.arithmetic_for();
        }
        let rest = self.rest();
        let length = rest.bytes().position(is_meta).unwrap_or(rest.len());
        let name = rest.get(..length).unwrap_or_default().to_owned();
        if name.is_empty() {
            return self.unexpected();
        }
        self.at += length;
        self.skip_lines()?;
        let words = if self.eat_reserved("in") {
            let words = self.words()?;
            self.separator()?;
            Some(words)
        } else {
            if self.peek() == Some(b';') {
                self.at += 1;
            }
            None
        };
        let body = self.do_group()?;
        Ok(Kind::For { name, words, body })
    }

    fn words(&mut self) -> Parsed<Vec<Word>> {
        let mut words = Vec::new();
        loop {
            self.skip_blanks();
            let word = self.word()?;
            if word.is_empty() {
                return Ok(words);
            }
            self.node()?;
            words.push(word);
        }
    }

    /// `;` or a line end.
    fn separator(&mut self) -> Parsed<()> {
        match self.peek() {
            Some(b';') => {
                self.at += 1;
                Ok(())
            }
            Some(b'\n') => Ok(()),
            _ => self.unexpected(),
        }
    }

    fn arithmetic_for(&mut self) -> Parsed<Kind> {
        let Some(end) = self.arithmetic_end(self.at + 2) else {
            return self.error(SyntaxErrorKind::Unterminated(')'));
        };
        let mut ends = self.semicolons(self.at + 2, end);
        ends.push(end);
        let [first, second, third] = ends.as_slice() else {
            return self.error(SyntaxErrorKind::Unexpected("((".to_owned()));
        };
        let init = self.range(self.at + 2, *first)?;
        let condition = self.range(first + 1, *second)?;
        let step = self.range(second + 1, *third)?;
        self.at = end + 2;
        self.skip_blanks();
        if self.peek() == Some(b';') {
            self.at += 1;
        }
        let body = self.do_group()?;
        Ok(Kind::ArithmeticFor {
            init,
            condition,
            step,
            body,
        })
    }

    fn semicolons(&self, from: usize, to: usize) -> Vec<usize> {
        let text = self.slice(from, to);
        text.match_indices(';')
            .map(|(at, _)| from + at)
            .take(3)
            .collect()
    }

    fn case_command(&mut self) -> Parsed<Kind> {
        self.skip_blanks();
        let word = self.word()?;
        if word.is_empty() {
            return self.unexpected();
        }
        self.expect("in")?;
        let mut arms = Vec::new();
        loop {
            self.skip_lines()?;
            if self.eat_reserved("esac") {
                return Ok(Kind::Case { word, arms });
            }
            self.node()?;
            arms.push(self.arm()?);
        }
    }

    /// One arm; the last may have no `;;`, then its `esac` stands next.
    fn arm(&mut self) -> Parsed<Arm> {
        self.eat("(");
        let mut patterns = Vec::new();
        loop {
            self.skip_blanks();
            let pattern = self.word()?;
            if pattern.is_empty() {
                return self.unexpected();
            }
            patterns.push(pattern);
            self.skip_blanks();
            if self.eat(")") {
                break;
            }
            if !self.eat("|") {
                return self.unexpected();
            }
        }
        let body = self.list()?;
        self.skip_lines()?;
        let after = if self.eat(";;&") {
            After::GoOn
        } else if self.eat(";;") {
            After::Leave
        } else if self.eat(";&") {
            After::FallThrough
        } else if self.at_reserved("esac") {
            After::Leave
        } else {
            return self.unexpected();
        };
        Ok(Arm {
            patterns,
            body,
            after,
        })
    }
}
