//! What a script may cost the host. Above a bound stands an error, never a
//! stack or a memory that runs out.

/// Bytes of one source: a script, a cell, or the text of `eval`.
pub const SOURCE_BYTES: usize = 4 << 20;
/// How deep commands, quotes, substitutions and expressions may stand in each
/// other in one source.
pub const NESTING: u32 = 100;
/// Parts that one command line may have once parsed.
pub const NODES: usize = 400_000;
/// Function calls, `eval`s and sourced files that may be open at once.
pub const CALLS: u32 = 1_000;
/// Subshells that may stand in each other.
pub const SUBSHELLS: u32 = 200;
/// Bytes of all variables of a shell and its subshells.
pub const VARIABLE_BYTES: usize = 64 << 20;
/// Words that one command's expansions may produce.
pub const WORDS: usize = 1 << 20;
/// Bytes of the words that one command's expansions may produce.
pub const WORD_BYTES: usize = 64 << 20;
/// Bytes that one command substitution may capture.
pub const CAPTURE_BYTES: usize = 32 << 20;
/// Words that one brace expansion may produce.
pub const BRACE_WORDS: usize = 100_000;
/// Steps of one match of a pattern.
pub const PATTERN_STEPS: usize = 20_000_000;
/// Bytes of one pattern, and of one regular expression.
pub const PATTERN_BYTES: usize = 64 << 10;
/// Alias expansions in one command line.
pub const ALIASES: usize = 1_000;
/// How far a subscript before `=` is searched for its end.
pub const SUBSCRIPT_BYTES: usize = 1_024;
/// Directories that one pathname expansion may list.
pub const LISTINGS: usize = 20_000;
/// Commands between two looks at the scheduler.
pub(crate) const STEPS_PER_YIELD: u32 = 64;
/// Levels of evaluation on one task's stack; the next goes to a new task.
pub(crate) const LEVELS_PER_TASK: u32 = 8;
/// Levels of one evaluation of an expression: brackets, operators to the right,
/// variables whose values are expressions.
pub const EXPRESSION_LEVELS: u32 = 200;
