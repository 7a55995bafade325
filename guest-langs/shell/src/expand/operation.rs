//! What `${name...}` does with a value.

use super::field::Fields;
use super::parameter::{Got, Meant};
use super::transform;
use super::word::Place as Within;
use crate::pattern::{Pattern, TooComplex};
use crate::run::{Flow, Shell};
use crate::syntax::ast::{Operation, Parameter, Place, Word};
use crate::variable::Variable;

impl Shell {
    pub(super) async fn operate(
        &mut self,
        parameter: &Parameter,
        meant: &Meant,
        got: Got,
        fields: &mut Fields,
        quoted: bool,
    ) -> Result<(), Flow> {
        match &parameter.operation {
            Operation::Default { colon, word } => {
                if is_there(&got, *colon) {
                    Self::emit_got(got, fields, quoted);
                    return Ok(());
                }
                self.operand(word, fields, quoted).await
            }
            Operation::Alternate { colon, word } => {
                if !is_there(&got, *colon) {
                    if quoted && !matches!(got, Got::All { star: false, .. }) {
                        fields.quoted("");
                    }
                    return Ok(());
                }
                self.operand(word, fields, quoted).await
            }
            Operation::Assign { colon, word } => {
                if is_there(&got, *colon) {
                    Self::emit_got(got, fields, quoted);
                    return Ok(());
                }
                let value = self.operand_text(word, quoted).await?;
                if let Err(error) = self.assign(&meant.name, meant.key.as_deref(), &value, false) {
                    self.complain(&error.to_string()).await;
                    return Err(Flow::Discard(1));
                }
                Self::emit_got(Got::One(Some(value)), fields, quoted);
                Ok(())
            }
            Operation::Require { colon, word } => {
                if is_there(&got, *colon) {
                    Self::emit_got(got, fields, quoted);
                    return Ok(());
                }
                let mut message = self.operand_text(word, quoted).await?;
                if word.is_empty() {
                    let what = if *colon { "null or not set" } else { "not set" };
                    message = format!("parameter {what}");
                }
                self.complain(&format!("{}: {message}", meant.shown()))
                    .await;
                Err(self.fatal())
            }
            Operation::Length => {
                let length = self.length(meant, &got).await?;
                Self::emit_got(Got::One(Some(length.to_string())), fields, quoted);
                Ok(())
            }
            operation => {
                self.require_set(meant, &got).await?;
                let changed = self.changed(operation, meant, got).await?;
                Self::emit_got(changed, fields, quoted);
                Ok(())
            }
        }
    }

    /// `set -u`
    async fn require_set(&mut self, meant: &Meant, got: &Got) -> Result<(), Flow> {
        if !self.options.no_unset || !matches!(got, Got::One(None)) {
            return Ok(());
        }
        self.complain(&format!("{}: unbound variable", meant.shown()))
            .await;
        Err(self.fatal())
    }

    /// A parameter that must be there is not: the end of a script.
    fn fatal(&mut self) -> Flow {
        self.status = 1;
        if self.options.interactive {
            return Flow::Discard(1);
        }
        let nested = self.subshell > 0 || self.options.error_exit || !self.options.from_argument;
        Flow::Exit(if nested { 1 } else { 127 })
    }

    fn emit_got(got: Got, fields: &mut Fields, quoted: bool) {
        match got {
            Got::One(Some(text)) if quoted => fields.quoted(&text),
            Got::One(Some(text)) => fields.split(&text),
            Got::One(None) if quoted => fields.quoted(""),
            Got::One(None) => {}
            Got::All { items, star } => fields.list(&items, quoted, star),
        }
    }

    async fn operand_text(&mut self, word: &Word, quoted: bool) -> Result<String, Flow> {
        let place = if quoted { Within::Quoted } else { Within::Word };
        Ok(self.expand_field(word, place).await?.text())
    }

    async fn length(&mut self, meant: &Meant, got: &Got) -> Result<usize, Flow> {
        if meant.name == "@" || meant.name == "*" {
            return Ok(self.positional.len());
        }
        self.require_set(meant, got).await?;
        Ok(match got {
            Got::One(text) => text.as_ref().map_or(0, |text| text.chars().count()),
            Got::All { items, .. } => items.len(),
        })
    }

    async fn changed(
        &mut self,
        operation: &Operation,
        meant: &Meant,
        got: Got,
    ) -> Result<Got, Flow> {
        match operation {
            Operation::Slice { offset, length } => {
                self.slice(meant, got, offset, length.as_ref()).await
            }
            Operation::RemovePrefix { longest, pattern } => {
                let pattern = self.compiled(pattern).await?;
                self.each(got, |text| pattern.without_prefix(text, *longest))
                    .await
            }
            Operation::RemoveSuffix { longest, pattern } => {
                let pattern = self.compiled(pattern).await?;
                self.each(got, |text| pattern.without_suffix(text, *longest))
                    .await
            }
            Operation::Replace {
                place,
                pattern,
                with,
            } => {
                let source = self.expand_pattern(pattern).await?;
                let with = self.replacement(with).await?;
                if source.is_empty() && matches!(place, Place::First | Place::All) {
                    return Ok(got);
                }
                let pattern = self.compiled_source(&source).await?;
                self.each(got, |text| replaced(&pattern, *place, text, &with))
                    .await
            }
            Operation::Case {
                change,
                all,
                pattern,
            } => {
                let pattern = if pattern.is_empty() {
                    None
                } else {
                    Some(self.compiled(pattern).await?)
                };
                self.each(got, |text| {
                    transform::case(text, *change, *all, pattern.as_ref())
                })
                .await
            }
            Operation::Transform(letter) => self.transformed(*letter, meant, got).await,
            _ => Ok(got),
        }
    }

    async fn compiled(&mut self, word: &Word) -> Result<Pattern, Flow> {
        let source = self.expand_pattern(word).await?;
        self.compiled_source(&source).await
    }

    async fn compiled_source(&mut self, source: &str) -> Result<Pattern, Flow> {
        let fold_case = self.options.nocasematch;
        match Pattern::new(source, self.options.extglob) {
            Ok(pattern) => Ok(pattern.fold_case(fold_case)),
            Err(error) => {
                self.complain(&error.to_string()).await;
                Err(Flow::Discard(1))
            }
        }
    }

    async fn each(
        &mut self,
        got: Got,
        change: impl Fn(&str) -> Result<String, TooComplex>,
    ) -> Result<Got, Flow> {
        let changed = match got {
            Got::One(None) => Ok(Got::One(None)),
            Got::One(Some(text)) => change(&text).map(|text| Got::One(Some(text))),
            Got::All { items, star } => {
                let items: Result<Vec<String>, TooComplex> =
                    items.iter().map(|text| change(text)).collect();
                items.map(|items| Got::All { items, star })
            }
        };
        match changed {
            Ok(got) => {
                let size = match &got {
                    Got::One(text) => text.as_ref().map_or(0, String::len),
                    Got::All { items, .. } => items.iter().map(String::len).sum(),
                };
                self.count_words(0, size).await?;
                Ok(got)
            }
            Err(error) => {
                self.complain(&error.to_string()).await;
                Err(Flow::Discard(1))
            }
        }
    }

    /// The text of `${name/pattern/text}`: an unquoted `&` is what matched. What
    /// stands for itself is behind backslashes.
    async fn replacement(&mut self, word: &Word) -> Result<String, Flow> {
        let field = self.expand_field(word, Within::Word).await?;
        let mut with = String::new();
        for (text, quoted) in &field.pieces {
            if *quoted || !self.options.patsub_replacement {
                with.push_str(&text.replace('\\', "\\\\").replace('&', "\\&"));
            } else {
                with.push_str(text);
            }
        }
        Ok(with)
    }

    async fn slice(
        &mut self,
        meant: &Meant,
        got: Got,
        offset: &Word,
        length: Option<&Word>,
    ) -> Result<Got, Flow> {
        let text = self.expand_arithmetic(offset).await?;
        let offset = self.arithmetic(&text).await?;
        let length = match length {
            Some(word) => {
                let text = self.expand_arithmetic(word).await?;
                Some(self.arithmetic(&text).await?)
            }
            None => None,
        };
        match got {
            Got::One(None) => Ok(Got::One(None)),
            Got::One(Some(text)) => {
                let characters: Vec<char> = text.chars().collect();
                let Some((from, to)) = bounds(characters.len(), offset, length, true) else {
                    return self.bad_length(length).await;
                };
                let part = characters.get(from..to).unwrap_or_default();
                Ok(Got::One(Some(part.iter().collect())))
            }
            Got::All { items, star } => {
                let is_positional = meant.name == "@" || meant.name == "*";
                let (items, offset) = if is_positional {
                    let mut all = vec![self.name.clone()];
                    all.extend(items);
                    (all, offset)
                } else {
                    self.at_index(meant, items, offset)
                };
                if length.is_some_and(|length| length < 0) {
                    return self.bad_length(length).await;
                }
                let Some((from, to)) = bounds(items.len(), offset, length, false) else {
                    return Ok(Got::All {
                        items: Vec::new(),
                        star,
                    });
                };
                let items = items.get(from..to).unwrap_or_default().to_vec();
                Ok(Got::All { items, star })
            }
        }
    }

    async fn bad_length(&mut self, length: Option<i64>) -> Result<Got, Flow> {
        let length = length.unwrap_or_default();
        self.complain(&format!("{length}: substring expression < 0"))
            .await;
        Err(Flow::Discard(1))
    }

    /// Offsets of arrays count indices, not elements.
    fn at_index(&self, meant: &Meant, items: Vec<String>, offset: i64) -> (Vec<String>, i64) {
        let variable = self.variable(&meant.name);
        let Some(crate::variable::Value::Indexed(all)) = variable.as_ref().map(|v| &v.value) else {
            return (items, offset);
        };
        let offset = if offset < 0 {
            all.last_key_value().map_or(0, |(last, _)| last + 1) + offset
        } else {
            offset
        };
        if offset < 0 {
            return (Vec::new(), 0);
        }
        let skipped = all.range(..offset).count();
        (items, i64::try_from(skipped).unwrap_or(i64::MAX))
    }

    async fn transformed(&mut self, letter: char, meant: &Meant, got: Got) -> Result<Got, Flow> {
        let name = meant.name.as_str();
        let variable = self.variable(name).map(std::borrow::Cow::into_owned);
        if matches!(got, Got::One(None)) && variable.is_none() {
            return Ok(got);
        }
        match letter {
            'a' => {
                let flags = variable.map(|variable| variable.flags());
                Ok(Got::One(flags))
            }
            'A' => {
                let shown = variable.map(|variable| declaration(name, &variable));
                Ok(Got::One(shown))
            }
            'K' | 'k' if meant.all.is_some() => {
                let variable = variable.unwrap_or_default();
                let pairs = variable.keys().into_iter().zip(variable.values());
                let items = if letter == 'k' {
                    pairs.flat_map(|(key, value)| [key, value]).collect()
                } else {
                    let shown = |(key, value): (String, String)| {
                        format!("{key} {}", crate::text::double_quote(&value))
                    };
                    vec![pairs.map(shown).collect::<Vec<_>>().join(" ")]
                };
                Ok(Got::All { items, star: false })
            }
            'P' => {
                let mut shown = Vec::new();
                let (items, all) = match got {
                    Got::One(text) => (text.into_iter().collect(), None),
                    Got::All { items, star } => (items, Some(star)),
                };
                for item in items {
                    shown.push(self.expand_prompt(&item).await);
                }
                Ok(match all {
                    Some(star) => Got::All { items: shown, star },
                    None => Got::One(shown.pop()),
                })
            }
            'Q' | 'K' | 'k' | 'E' | 'U' | 'L' | 'u' => {
                self.each(got, |text| Ok(transform::simple(text, letter)))
                    .await
            }
            _ => {
                let shown = meant.shown();
                self.complain(&format!("${{{shown}@{letter}}}: bad substitution"))
                    .await;
                Err(Flow::Discard(1))
            }
        }
    }
}

/// `declare -a name=(...)`, or `name='value'`.
fn declaration(name: &str, variable: &Variable) -> String {
    let flags = variable.flags();
    if flags.is_empty() {
        let value = variable.first().unwrap_or_default();
        return format!("{name}={}", crate::text::quote(value));
    }
    crate::builtin::shown_declaration(name, variable)
}

fn is_there(got: &Got, colon: bool) -> bool {
    match got {
        Got::One(None) => false,
        Got::One(Some(text)) => !colon || !text.is_empty(),
        Got::All { items, .. } if colon => match items.as_slice() {
            [] => false,
            [one] => !one.is_empty(),
            _ => true,
        },
        Got::All { items, .. } => !items.is_empty(),
    }
}

/// The places of `${name:offset:length}`; nothing where the length is wrong.
fn bounds(count: usize, offset: i64, length: Option<i64>, text: bool) -> Option<(usize, usize)> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let from = if offset < 0 { count + offset } else { offset };
    if from < 0 || from > count {
        // Nothing of it: that is no error.
        return Some((0, 0));
    }
    let to = match length {
        None => count,
        Some(length) if length < 0 && text => count + length,
        Some(length) => from.saturating_add(length).min(count),
    };
    if to < from {
        return None;
    }
    Some((usize::try_from(from).ok()?, usize::try_from(to).ok()?))
}

fn replaced(pattern: &Pattern, place: Place, text: &str, with: &str) -> Result<String, TooComplex> {
    let found = match place {
        Place::First => pattern.find(text, 1)?,
        Place::All => pattern.find(text, usize::MAX)?,
        Place::Start => pattern
            .longest_prefix(text)?
            .map(|end| (0, end))
            .into_iter()
            .collect(),
        Place::End => {
            let start = pattern.longest_suffix(text)?;
            start.map(|start| (start, text.len())).into_iter().collect()
        }
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for (from, to) in found {
        out.push_str(text.get(at..from).unwrap_or_default());
        let matched = text.get(from..to).unwrap_or_default();
        let mut characters = with.chars();
        while let Some(c) = characters.next() {
            match c {
                '\\' => match characters.next() {
                    Some(next @ ('\\' | '&')) => out.push(next),
                    Some(next) => out.extend(['\\', next]),
                    None => out.push('\\'),
                },
                '&' => out.push_str(matched),
                other => out.push(other),
            }
        }
        if out.len() > crate::limits::WORD_BYTES {
            return Err(TooComplex);
        }
        at = to;
    }
    out.push_str(text.get(at..).unwrap_or_default());
    Ok(out)
}
