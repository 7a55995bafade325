//! Tracebacks in light colours.

use crate::console::{Colour, Output};

/// A guest's traceback as it is shown: made harmless where it goes to a terminal,
/// with the exception and the line at fault standing out where colours are
/// wanted.
pub(crate) fn render(output: &Output, name: &str, traceback: &str) -> String {
    let text = output.safe(traceback.trim_end_matches('\n'));
    if !output.is_coloured() {
        return text.into_owned();
    }
    let name = output.safe(name);
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| paint(output, &name, line))
        .collect();
    lines.join("\n")
}

fn paint(output: &Output, name: &str, line: &str) -> String {
    let is_rule = line.len() > 20 && line.bytes().all(|byte| byte == b'-');
    if is_rule {
        return output.paint(Colour::Red, line);
    }
    let is_arrow = line.starts_with('-') && line.contains("> ");
    if is_arrow {
        return output.paint(Colour::Bold, line);
    }
    if line.starts_with("Cell In[") || line.starts_with("File ") {
        return output.paint(Colour::Cyan, line);
    }
    match line.strip_prefix(name) {
        Some(rest) if rest.is_empty() || rest.starts_with([':', ' ']) => {
            format!("{}{rest}", output.paint(Colour::Red, name))
        }
        _ => line.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::Escapes;
    use crate::console::tests::Shared;

    const TRACEBACK: &str = "---------------------------------------------------------------------------\n\
        NameError                                 Traceback (most recent call last)\n\
        Cell In[1], line 1\n\
        ----> 1 x\n\
        \n\
        NameError: name '\x1b[2J' is not defined\n";

    #[test]
    fn colours_mark_the_exception_and_the_line() {
        let output = Shared::default().terminal(Escapes::Shown);
        let shown = render(&output, "NameError", TRACEBACK);
        let lines: Vec<&str> = shown.split('\n').collect();
        assert!(lines[0].starts_with("\x1b[31m---"));
        assert!(lines[1].starts_with("\x1b[31mNameError\x1b[0m  "));
        assert_eq!(lines[2], "\x1b[36mCell In[1], line 1\x1b[0m");
        assert_eq!(lines[3], "\x1b[1m----> 1 x\x1b[0m");
        assert_eq!(
            lines[5],
            "\x1b[31mNameError\x1b[0m: name '\\x1b[2J' is not defined"
        );
        assert_eq!(lines.len(), 6);
    }

    #[test]
    fn a_pipe_gets_it_as_it_is() {
        let output = Shared::default().pipe();
        assert_eq!(
            render(&output, "NameError", TRACEBACK),
            TRACEBACK.trim_end()
        );
    }
}
