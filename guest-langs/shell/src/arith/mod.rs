//! Arithmetic expressions: read and evaluated in one pass.

mod evaluate;
mod lex;

use crate::limits::EXPRESSION_LEVELS;

/// What is wrong with an expression; bash's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}: {message} (error token is \"{token}\")")]
pub(crate) struct ArithmeticError {
    pub(crate) text: String,
    pub(crate) message: String,
    pub(crate) token: String,
}

impl ArithmeticError {
    pub(crate) fn new(text: &str, message: impl Into<String>, token: &str) -> Self {
        Self {
            text: text.trim().to_owned(),
            message: message.into(),
            token: token.to_owned(),
        }
    }
}

/// The variables that expressions read and write.
pub(crate) trait Names {
    /// The value of a variable or an element; nothing if it is unset.
    fn read(
        &mut self,
        name: &str,
        subscript: Option<&str>,
        level: u32,
    ) -> Result<Option<String>, ArithmeticError>;

    fn write(
        &mut self,
        name: &str,
        subscript: Option<&str>,
        value: i64,
        level: u32,
    ) -> Result<(), ArithmeticError>;
}

/// The value of an expression, 0 if it is empty. `level` counts variables
/// whose values are expressions.
pub(crate) fn evaluate(
    text: &str,
    names: &mut dyn Names,
    level: u32,
) -> Result<i64, ArithmeticError> {
    if let Ok(number) = text.trim().parse::<i64>()
        && !text.trim_start().starts_with(['0', '-', '+'])
    {
        return Ok(number);
    }
    if level > EXPRESSION_LEVELS {
        let message = "expression recursion level exceeded";
        return Err(ArithmeticError::new(text, message, text));
    }
    evaluate::Evaluation::new(text, names, level).run()
}
