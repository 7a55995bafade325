//! Whether a cell that is being typed goes on.
//!
//! A guess by looks: the guest alone can parse. Where the guess is wrong, an
//! empty line ends the cell, and Ctrl-C drops it.

/// What the text of a cell looks like up to now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// It can run.
    Complete,
    /// More lines belong to it.
    Open,
}

/// The shape of the lines that were typed so far.
pub(crate) fn shape(text: &str) -> Shape {
    let scan = Scan::of(text);
    let empty_lines = text
        .rsplit('\n')
        .take_while(|line| line.trim().is_empty())
        .count();
    let first = text.trim_start();
    let goes_on = match scan.within {
        // Texts and brackets may hold empty lines, but hardly two in a row.
        Within::LongText(_) | Within::Bracket => empty_lines < 2,
        Within::Nothing => {
            let last = text.rsplit('\n').next().unwrap_or_default();
            let is_block = scan.ends_with_colon || last.starts_with([' ', '\t']);
            let is_decorator = last.starts_with('@');
            let wants_more = is_block || is_decorator || scan.ends_with_backslash;
            (wants_more || first.starts_with("%%")) && empty_lines == 0
        }
    };
    if goes_on {
        Shape::Open
    } else {
        Shape::Complete
    }
}

/// The indentation that the next line of an open cell begins with.
pub(crate) fn next_indentation(text: &str) -> String {
    let scan = Scan::of(text);
    if scan.within != Within::Nothing {
        return String::new();
    }
    let last = text.rsplit('\n').next().unwrap_or_default();
    let mut indentation: String = last
        .chars()
        .take_while(|character| matches!(character, ' ' | '\t'))
        .collect();
    let word = last.split_whitespace().next().unwrap_or_default();
    if scan.ends_with_colon {
        indentation.push_str("    ");
    } else if matches!(word, "return" | "pass" | "break" | "continue" | "raise") {
        // Nothing can follow them in their block.
        let kept = indentation.len().saturating_sub(4);
        indentation.truncate(kept);
    }
    indentation
}

/// What is open at the end of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    Nothing,
    Bracket,
    /// A text in three quotes of this kind.
    LongText(char),
}

#[derive(Debug)]
struct Scan {
    within: Within,
    /// The last line that says anything ends with a colon.
    ends_with_colon: bool,
    ends_with_backslash: bool,
}

impl Scan {
    /// Walks over a text as a tokenizer of Python would, roughly.
    fn of(text: &str) -> Self {
        let mut scan = Self {
            within: Within::Nothing,
            ends_with_colon: false,
            ends_with_backslash: false,
        };
        let mut brackets = 0_usize;
        let mut rest = text.chars();
        while let Some(character) = rest.next() {
            if !character.is_whitespace() && character != '#' {
                scan.ends_with_colon = character == ':';
                scan.ends_with_backslash = character == '\\' && rest.as_str().is_empty();
            }
            match character {
                '#' => skip_comment(&mut rest),
                '(' | '[' | '{' => brackets += 1,
                ')' | ']' | '}' => brackets = brackets.saturating_sub(1),
                '"' | '\'' => match skip_text(&mut rest, character) {
                    Text::Ended => {}
                    Text::Long => {
                        scan.within = Within::LongText(character);
                        return scan;
                    }
                    Text::Continued => {
                        scan.ends_with_backslash = true;
                        return scan;
                    }
                    Text::Broken => return scan,
                },
                _ => {}
            }
        }
        if brackets > 0 {
            scan.within = Within::Bracket;
        }
        scan
    }
}

fn skip_comment(rest: &mut std::str::Chars<'_>) {
    let line = rest.as_str().find('\n').unwrap_or(rest.as_str().len());
    *rest = rest.as_str().get(line..).unwrap_or_default().chars();
}

/// How a text in quotes goes on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Text {
    /// It ends with its quotes.
    Ended,
    /// It is in three quotes and does not end.
    Long,
    /// Its last line ends with a backslash.
    Continued,
    /// It ends with its line: a mistake, which the guest reports.
    Broken,
}

/// Walks behind the end of a text whose first quote was taken.
fn skip_text(rest: &mut std::str::Chars<'_>, quote: char) -> Text {
    let two_more = [quote, quote].iter().collect::<String>();
    let is_long = rest.as_str().starts_with(&two_more);
    if is_long {
        *rest = rest
            .as_str()
            .strip_prefix(&two_more)
            .unwrap_or_default()
            .chars();
    }
    while let Some(character) = rest.next() {
        if character == '\\' {
            if rest.next().is_none() && !is_long {
                return Text::Continued;
            }
        } else if character == '\n' && !is_long {
            return Text::Broken;
        } else if character == quote {
            if !is_long {
                return Text::Ended;
            }
            if let Some(behind) = rest.as_str().strip_prefix(&two_more) {
                *rest = behind.chars();
                return Text::Ended;
            }
        }
    }
    if is_long { Text::Long } else { Text::Broken }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(expected: Shape, texts: &[&str]) {
        for text in texts {
            assert_eq!(shape(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_line_is_complete() {
        check(
            Shape::Complete,
            &[
                "",
                "1 + 1",
                "x = {'a': 1}",
                "f(':')",
                "# for x:",
                "x = 1 # :",
                "'it''s'",
                "%time f()",
                "x[1:]",
                "''''''",
            ],
        );
    }

    #[test]
    fn a_mistake_is_complete_so_that_the_guest_can_report_it() {
        check(Shape::Complete, &["'no end", "f('no end)", ")", "x = ]"]);
    }

    #[test]
    fn blocks_go_on_until_an_empty_line() {
        check(
            Shape::Open,
            &[
                "for x in y:",
                "for x in y:  # why",
                "if x:\n    f()",
                "if x:\n    f()\nelse:",
                "@decorator",
                "def f():\n\treturn 1",
                "%%time\nf()",
                "%%time",
            ],
        );
        check(
            Shape::Complete,
            &["if x:\n    f()\n", "if x:\n    f()\n    ", "%%time\nf()\n"],
        );
        check(Shape::Complete, &["if x:\n    f()\nf()"]);
    }

    #[test]
    fn brackets_long_texts_and_backslashes_go_on() {
        check(
            Shape::Open,
            &[
                "f(",
                "f(1,\n  2",
                "x = [",
                "{'a': (1",
                "'''",
                "x = \"\"\"a\n\nb",
                "x = 1 + \\",
                "x = 'a\\",
                "f(\n",
            ],
        );
        check(
            Shape::Complete,
            &["f(\n)", "'''a\n\nb'''", "x = 1 + \\\n2", "'''\\''' '''"],
        );
    }

    #[test]
    fn two_empty_lines_end_anything() {
        check(Shape::Open, &["f(\n", "'''a\n"]);
        check(Shape::Complete, &["f(\n\n", "'''a\n\n"]);
    }

    #[test]
    fn indentation_follows_the_block() {
        for (text, expected) in [
            ("for x in y:", "    "),
            ("if x:\n    if y:", "        "),
            ("if x:\n    f()", "    "),
            ("def f():\n    return 1", ""),
            ("f(", ""),
            ("@decorator", ""),
        ] {
            assert_eq!(next_indentation(text), expected, "{text:?}");
        }
    }
}
