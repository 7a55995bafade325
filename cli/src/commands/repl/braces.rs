//! Whether a cell of a language with braces goes on: JavaScript and TypeScript.
//!
//! A guess by looks, as in `cell.rs`: where it is wrong, two empty lines end the
//! cell.

use super::cell::Shape;

/// The shape of the lines that were typed so far.
pub(crate) fn shape(text: &str) -> Shape {
    let empty_lines = text
        .rsplit('\n')
        .take_while(|line| line.trim().is_empty())
        .count();
    if empty_lines < 2 && depth(text).is_none_or(|depth| depth > 0) {
        Shape::Open
    } else {
        Shape::Complete
    }
}

/// The indentation that the next line of an open cell begins with.
pub(crate) fn next_indentation(text: &str) -> String {
    "  ".repeat(depth(text).unwrap_or(0))
}

/// How many brackets are open; `None` within a template or a comment.
fn depth(text: &str) -> Option<usize> {
    // What closes what is open: brackets, and `}` of a template's expression as '`'.
    let mut open: Vec<char> = Vec::new();
    let mut rest = text.chars().peekable();
    let mut in_template = false;
    while let Some(character) = rest.next() {
        if in_template {
            match character {
                '\\' => {
                    rest.next();
                }
                '`' => in_template = false,
                '$' if rest.peek() == Some(&'{') => {
                    rest.next();
                    open.push('`');
                    in_template = false;
                }
                _ => {}
            }
            continue;
        }
        match character {
            '(' | '[' | '{' => open.push(character),
            ')' | ']' => {
                open.pop();
            }
            '}' => in_template = open.pop() == Some('`'),
            '`' => in_template = true,
            '"' | '\'' => {
                // A text ends with its line at the latest.
                while let Some(inside) = rest.next() {
                    match inside {
                        '\\' => {
                            rest.next();
                        }
                        '\n' => break,
                        _ if inside == character => break,
                        _ => {}
                    }
                }
            }
            '/' if rest.peek() == Some(&'/') => {
                rest.by_ref().find(|inside| *inside == '\n');
            }
            '/' if rest.peek() == Some(&'*') => {
                let mut last = ' ';
                rest.next();
                rest.by_ref().find(|inside| {
                    let ends = last == '*' && *inside == '/';
                    last = *inside;
                    ends
                })?;
            }
            _ => {}
        }
    }
    (!in_template).then_some(open.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn open_brackets_templates_and_comments_go_on() {
        for text in [
            "function f() {",
            "f(1,",
            "const a = [\n  1,\n",
            "`a template",
            "`with ${ an + ",
            "`with ${ '}' } and",
            "/* a comment",
            "if (a) {\n  // }",
        ] {
            assert_eq!(shape(text), Shape::Open, "{text:?}");
        }
    }

    #[test]
    fn what_is_closed_runs() {
        for text in [
            "1 + 1",
            "",
            "function f() { return '}' }",
            "`${`in ${1}`}`",
            "'it\\'s' // (",
            "/* { */ 1",
            "a }}}",
            "\"an open text",
            "f(\n\n",
        ] {
            assert_eq!(shape(text), Shape::Complete, "{text:?}");
        }
    }

    #[test]
    fn lines_are_indented_by_their_depth() {
        assert_eq!(next_indentation("function f() {"), "  ");
        assert_eq!(next_indentation("f({\n  a: ["), "      ");
        assert_eq!(next_indentation("`text {"), "");
    }
}
