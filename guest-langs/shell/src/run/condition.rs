//! `[[ ... ]]`.

use futures::future::BoxFuture;

use super::{Flow, Run, Shell};
use crate::arith;
use crate::limits::PATTERN_BYTES;
use crate::syntax::ast::{Condition, Part, Word};

/// What a condition comes to, or that it was an error (status 2).
enum Truth {
    Is(bool),
    Error(i32),
}

impl Shell {
    pub(super) async fn run_test(&mut self, condition: &Condition) -> Run {
        match self.truth(condition).await? {
            Truth::Is(truth) => Ok(i32::from(!truth)),
            Truth::Error(status) => Ok(status),
        }
    }

    fn truth<'a>(&'a mut self, condition: &'a Condition) -> BoxFuture<'a, Result<Truth, Flow>> {
        Box::pin(async move {
            match condition {
                Condition::Word(word) => {
                    let text = self.expand_text(word).await?;
                    Ok(Truth::Is(!text.is_empty()))
                }
                Condition::Unary(operator, word) => {
                    let text = self.expand_text(word).await?;
                    if matches!(operator, 'v' | 'R')
                        && crate::variable::split_subscript(&text).is_none()
                    {
                        let is_set = self.value(&text).is_some() || self.special(&text).is_some();
                        return Ok(Truth::Is(is_set));
                    }
                    Ok(Truth::Is(self.unary_test(*operator, &text).await))
                }
                Condition::Binary(left, operator, right) => {
                    self.binary_truth(left, operator, right).await
                }
                Condition::Not(inner) => Ok(match self.truth(inner).await? {
                    Truth::Is(truth) => Truth::Is(!truth),
                    error @ Truth::Error(_) => error,
                }),
                Condition::All(all) => {
                    for inner in all {
                        match self.truth(inner).await? {
                            Truth::Is(true) => {}
                            other => return Ok(other),
                        }
                    }
                    Ok(Truth::Is(true))
                }
                Condition::Any(any) => {
                    for inner in any {
                        match self.truth(inner).await? {
                            Truth::Is(false) => {}
                            other => return Ok(other),
                        }
                    }
                    Ok(Truth::Is(false))
                }
            }
        })
    }

    async fn binary_truth(
        &mut self,
        left: &Word,
        operator: &str,
        right: &Word,
    ) -> Result<Truth, Flow> {
        let left = self.expand_text(left).await?;
        match operator {
            "=" | "==" | "!=" => {
                let pattern = self.expand_pattern(right).await?;
                self.trace(&format!("[[ {left} {operator} {pattern} ]]"))
                    .await;
                let fits = self.pattern_fits(&pattern, &left).await;
                Ok(Truth::Is(fits == (operator != "!=")))
            }
            "=~" => {
                let pattern = self.expand_regex(right).await?;
                self.trace(&format!("[[ {left} =~ {pattern} ]]")).await;
                self.regex_truth(&left, &pattern).await
            }
            "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge" => {
                let right = self.expand_text(right).await?;
                self.trace(&format!("[[ {left} {operator} {right} ]]"))
                    .await;
                let values = arith::evaluate(&left, self, 0)
                    .and_then(|left| Ok((left, arith::evaluate(&right, self, 0)?)));
                match values {
                    Ok((left, right)) => Ok(Truth::Is(match operator {
                        "-eq" => left == right,
                        "-ne" => left != right,
                        "-lt" => left < right,
                        "-le" => left <= right,
                        "-gt" => left > right,
                        _ => left >= right,
                    })),
                    Err(error) => {
                        self.complain(&format!("[[: {error}")).await;
                        Ok(Truth::Error(1))
                    }
                }
            }
            _ => {
                let right = self.expand_text(right).await?;
                self.trace(&format!("[[ {left} {operator} {right} ]]"))
                    .await;
                Ok(Truth::Is(match operator {
                    "<" => left < right,
                    ">" => left > right,
                    _ => self.files_test(&left, operator, &right).await,
                }))
            }
        }
    }

    /// The regular expression of `=~`: quoted parts stand for themselves.
    async fn expand_regex(&mut self, word: &Word) -> Result<String, Flow> {
        let mut pattern = String::new();
        for part in &word.parts {
            let one = Word {
                parts: vec![part.clone()],
            };
            let text = self.expand_text(&one).await?;
            match part {
                Part::Quoted(_) | Part::Double(_) => pattern.push_str(&regex::escape(&text)),
                _ => pattern.push_str(&text),
            }
        }
        Ok(pattern)
    }

    async fn regex_truth(&mut self, text: &str, pattern: &str) -> Result<Truth, Flow> {
        if pattern.len() > PATTERN_BYTES {
            self.complain("[[: regular expression too long").await;
            return Ok(Truth::Error(2));
        }
        let regex = regex::RegexBuilder::new(&posix_regex(pattern))
            .case_insensitive(self.options.nocasematch)
            .size_limit(1 << 20)
            .dfa_size_limit(1 << 20)
            .dot_matches_new_line(true)
            .nest_limit(60)
            .build();
        let Ok(regex) = regex else {
            return Ok(Truth::Error(2));
        };
        let groups: Option<Vec<String>> = regex.captures(text).map(|captures| {
            let group = |group: Option<regex::Match<'_>>| {
                group.map_or_else(String::new, |group| group.as_str().to_owned())
            };
            captures.iter().map(group).collect()
        });
        let found = groups.is_some();
        self.set_list("BASH_REMATCH", groups.unwrap_or_default());
        Ok(Truth::Is(found))
    }
}

/// POSIX's extended regular expressions as the `regex` crate writes them: in a
/// class a backslash and brackets are plain, `\<` and `\>` are word bounds.
fn posix_regex(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut characters = pattern.chars().peekable();
    while let Some(c) = characters.next() {
        match c {
            '\\' => match characters.next() {
                Some('<') => out.push_str(r"\b{start}"),
                Some('>') => out.push_str(r"\b{end}"),
                Some(next) if next.is_ascii_alphanumeric() && !"bBsSwWdD".contains(next) => {
                    out.push(next);
                }
                Some(next) => {
                    out.push('\\');
                    out.push(next);
                }
                None => out.push_str(r"\\"),
            },
            '[' => {
                out.push('[');
                if characters.peek() == Some(&'^') {
                    out.extend(characters.next());
                }
                if characters.peek() == Some(&']') {
                    characters.next();
                    out.push_str(r"\]");
                }
                regex_class(&mut characters, &mut out);
            }
            other => out.push(other),
        }
    }
    out
}

fn regex_class(characters: &mut std::iter::Peekable<std::str::Chars<'_>>, out: &mut String) {
    while let Some(c) = characters.next() {
        match c {
            ']' => {
                out.push(']');
                return;
            }
            '[' if characters.peek() == Some(&':') => {
                out.push('[');
                for inner in characters.by_ref() {
                    out.push(inner);
                    if inner == ']' {
                        break;
                    }
                }
            }
            '[' | '\\' | '&' | '~' => {
                out.push('\\');
                out.push(c);
            }
            other => out.push(other),
        }
    }
}
