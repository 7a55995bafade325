//! Reads the tables of command lines.
//!
//! ```text
//! # A comment.
//! $ sort -n numbers        a command line: words as a shell tells them apart, ` | ` and ` ; `
//! | 1                      what it prints, line by line; `\` at the very end: no line feed
//! = 0                      its exit status, when it is not 0
//! : NAME                   afterwards, the contents of this file follow as `| ` lines
//! ```
//! `%` instead of `$`: what GNU's tools print is something else, and meant to be.

/// A command line and what must come of it.
#[derive(Debug, Default, Clone)]
pub(crate) struct Line {
    pub(crate) number: usize,
    pub(crate) command: String,
    pub(crate) output: String,
    pub(crate) status: i32,
    /// Contents of files afterwards.
    pub(crate) files: Vec<(String, String)>,
    pub(crate) like_gnu: bool,
}

/// All lines of a table.
pub(crate) fn parse(text: &str) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for (number, text) in text.lines().enumerate() {
        let (mark, rest) = text.split_at_checked(1).unwrap_or(("", ""));
        let rest = rest.strip_prefix(' ').unwrap_or(rest);
        match mark {
            "$" | "%" => lines.push(Line {
                number: number + 1,
                command: rest.to_owned(),
                like_gnu: mark == "$",
                ..Line::default()
            }),
            "|" => {
                let line = lines.last_mut().expect("a command line before");
                let into = line
                    .files
                    .last_mut()
                    .map_or(&mut line.output, |(_, contents)| contents);
                match rest.strip_suffix('\\') {
                    Some(open) => into.push_str(open),
                    None => {
                        into.push_str(rest);
                        into.push('\n');
                    }
                }
            }
            "=" => lines.last_mut().expect("a command line before").status = rest.parse().unwrap(),
            ":" => {
                let line = lines.last_mut().expect("a command line before");
                line.files.push((rest.to_owned(), String::new()));
            }
            _ => assert!(
                text.is_empty() || mark == "#",
                "line {}: {text}",
                number + 1
            ),
        }
    }
    lines
}

/// The commands of a line, by pipelines: what stands between bare `;` and `|`.
pub(crate) fn pipelines(line: &str) -> Vec<Vec<Vec<String>>> {
    let mut pipelines = vec![vec![Vec::new()]];
    for (word, is_bare) in words(line) {
        let pipeline = pipelines.last_mut().unwrap();
        match word.as_str() {
            ";" if is_bare => pipelines.push(vec![Vec::new()]),
            "|" if is_bare => pipeline.push(Vec::new()),
            _ => pipeline.last_mut().unwrap().push(word),
        }
    }
    pipelines
}

/// Words as a shell tells them apart, and whether they stand there without
/// quotes: quotes of both kinds, backslashes, no more.
fn words(line: &str) -> Vec<(String, bool)> {
    let mut words = Vec::new();
    let mut word: Option<(String, bool)> = None;
    let mut quote = None;
    let mut characters = line.chars();
    let bare = || (String::new(), true);
    while let Some(character) = characters.next() {
        match (quote, character) {
            (None, ' ') => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(character);
                word.get_or_insert_with(bare).1 = false;
            }
            (None, '\\') => {
                let word = word.get_or_insert_with(bare);
                word.0.extend(characters.next());
                word.1 = false;
            }
            (Some(open), _) if open == character => quote = None,
            _ => word.get_or_insert_with(bare).0.push(character),
        }
    }
    assert_eq!(quote, None, "an open quote: {line}");
    words.extend(word);
    words
}

#[test]
fn lines_are_told_apart_as_a_shell_does() {
    assert_eq!(
        pipelines("a  'b c' | \"d'e\" f\\ g '' ';' ; h \\;"),
        [
            vec![vec!["a", "b c"], vec!["d'e", "f g", "", ";"]],
            vec![vec!["h", ";"]]
        ]
    );
    let lines = parse("# x\n$ a b\n| one\n| two\\\n= 3\n: f\n| in\n\n% c\n");
    assert_eq!(lines.len(), 2);
    let line = lines.first().unwrap();
    assert_eq!((line.output.as_str(), line.status), ("one\ntwo", 3));
    assert_eq!(line.files, [("f".to_owned(), "in\n".to_owned())]);
    assert!(line.like_gnu);
}
