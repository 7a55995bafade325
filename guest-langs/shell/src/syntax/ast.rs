//! Commands and words as the parser leaves them.

use std::sync::{Arc, OnceLock};

/// Commands one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct List(pub(crate) Vec<Item>);

/// One command of a list, with what follows it: `;` or `&`.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) chain: Arc<Chain>,
    pub(crate) background: bool,
}

/// Pipelines joined by `&&` and `||`.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    pub(crate) first: Pipeline,
    pub(crate) rest: Vec<(Connector, Pipeline)>,
    /// As it was written, for `jobs`.
    pub(crate) source: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Connector {
    And,
    Or,
}

#[derive(Debug, Clone)]
pub(crate) struct Pipeline {
    pub(crate) timed: Option<Timed>,
    pub(crate) negated: bool,
    /// Empty only for a lone `!` or `time`.
    pub(crate) stages: Vec<Command>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Timed {
    Bash,
    Posix,
}

#[derive(Debug, Clone)]
pub(crate) enum Command {
    Simple(Arc<Simple>),
    Compound(Arc<Compound>),
    Function(Arc<Function>),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Simple {
    pub(crate) line: u32,
    pub(crate) assignments: Vec<Assignment>,
    pub(crate) words: Vec<Argument>,
    pub(crate) redirects: Vec<Redirect>,
}

/// A word, or an assignment after `declare` and its like.
#[derive(Debug, Clone)]
pub(crate) enum Argument {
    Word(Word),
    Assignment(Assignment),
}

#[derive(Debug, Clone)]
pub(crate) struct Assignment {
    pub(crate) name: String,
    pub(crate) subscript: Option<Word>,
    pub(crate) append: bool,
    pub(crate) value: AssignedValue,
}

#[derive(Debug, Clone)]
pub(crate) enum AssignedValue {
    Word(Word),
    Array(Vec<Element>),
}

/// One element of `name=( ... )`.
#[derive(Debug, Clone)]
pub(crate) struct Element {
    pub(crate) subscript: Option<Word>,
    pub(crate) append: bool,
    pub(crate) value: Word,
}

#[derive(Debug)]
pub(crate) struct Compound {
    pub(crate) line: u32,
    pub(crate) kind: Kind,
    pub(crate) redirects: Vec<Redirect>,
}

#[derive(Debug)]
pub(crate) enum Kind {
    Brace(List),
    Subshell(Arc<List>),
    If {
        arms: Vec<(List, List)>,
        otherwise: Option<List>,
    },
    While {
        until: bool,
        condition: List,
        body: List,
    },
    For {
        name: String,
        words: Option<Vec<Word>>,
        body: List,
    },
    ArithmeticFor {
        init: Word,
        condition: Word,
        step: Word,
        body: List,
    },
    Case {
        word: Word,
        arms: Vec<Arm>,
    },
    Arithmetic(Word),
    Condition(Condition),
}

#[derive(Debug)]
pub(crate) struct Arm {
    pub(crate) patterns: Vec<Word>,
    pub(crate) body: List,
    pub(crate) after: After,
}

/// What follows an arm of `case`: `;;`, `;&`, `;;&`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum After {
    Leave,
    FallThrough,
    GoOn,
}

/// `[[ ... ]]`.
#[derive(Debug)]
pub(crate) enum Condition {
    Word(Word),
    Unary(char, Word),
    Binary(Word, String, Word),
    Not(Box<Self>),
    All(Vec<Self>),
    Any(Vec<Self>),
}

#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    pub(crate) body: Command,
    /// The body as it was written, for `declare -f` and saved states.
    pub(crate) source: String,
}

#[derive(Debug, Clone)]
pub(crate) struct Redirect {
    pub(crate) target: Option<Target>,
    pub(crate) kind: RedirectKind,
}

/// The descriptor before a redirection's sign.
#[derive(Debug, Clone)]
pub(crate) enum Target {
    Number(u32),
    Variable(String),
}

#[derive(Debug, Clone)]
pub(crate) enum RedirectKind {
    Input(Word),
    Output(Word),
    Clobber(Word),
    Append(Word),
    ReadWrite(Word),
    /// `<&`
    DuplicateInput(Word),
    /// `>&`
    DuplicateOutput(Word),
    /// `&>`, `&>>`
    Both {
        word: Word,
        append: bool,
    },
    Here(Arc<OnceLock<Word>>),
    HereString(Word),
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Word {
    pub(crate) parts: Vec<Part>,
}

#[derive(Debug, Clone)]
pub(crate) enum Part {
    /// Unquoted characters of the source.
    Literal(String),
    /// Quoted characters.
    Quoted(String),
    /// Between double quotes.
    Double(Vec<Self>),
    Parameter(Arc<Parameter>),
    /// `$( )` and backquotes.
    Command(Arc<List>),
    /// `$(( ))` and `$[ ]`
    Arithmetic(Arc<Word>),
    /// `<( )` or `>( )`
    Process {
        input: bool,
        body: Arc<List>,
    },
}

#[derive(Debug)]
pub(crate) struct Parameter {
    pub(crate) name: String,
    pub(crate) subscript: Option<Subscript>,
    pub(crate) indirect: bool,
    pub(crate) operation: Operation,
}

#[derive(Debug, Clone)]
pub(crate) enum Subscript {
    /// `[@]`
    All,
    /// `[*]`
    Star,
    Word(Word),
}

#[derive(Debug)]
pub(crate) enum Operation {
    Value,
    Length,
    /// `${!name[@]}`
    Keys,
    /// `${!prefix*}`, `${!prefix@}`
    Names {
        star: bool,
    },
    /// `${name}` with something that is no operation: an error when it is run.
    Bad(String),
    Default {
        colon: bool,
        word: Word,
    },
    Assign {
        colon: bool,
        word: Word,
    },
    Require {
        colon: bool,
        word: Word,
    },
    Alternate {
        colon: bool,
        word: Word,
    },
    RemovePrefix {
        longest: bool,
        pattern: Word,
    },
    RemoveSuffix {
        longest: bool,
        pattern: Word,
    },
    Replace {
        place: Place,
        pattern: Word,
        with: Word,
    },
    Case {
        change: Change,
        all: bool,
        pattern: Word,
    },
    Slice {
        offset: Word,
        length: Option<Word>,
    },
    Transform(char),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    First,
    All,
    Start,
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Upper,
    Lower,
    Toggle,
}

impl Chain {
    /// Whether it is one command and nothing around it.
    pub(crate) fn is_single(&self) -> bool {
        let first = &self.first;
        self.rest.is_empty() && first.stages.len() == 1 && !first.negated && first.timed.is_none()
    }
}

impl Word {
    pub(crate) fn literal(text: &str) -> Self {
        Self {
            parts: vec![Part::Literal(text.to_owned())],
        }
    }

    pub(crate) fn quoted(text: String) -> Self {
        Self {
            parts: vec![Part::Quoted(text)],
        }
    }

    /// The text of a word that is nothing but unquoted text.
    pub(crate) fn as_literal(&self) -> Option<&str> {
        match self.parts.as_slice() {
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}
