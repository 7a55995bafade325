//! Prompts.

use super::word::Place;
use crate::run::Shell;
use crate::syntax::Parser;

impl Shell {
    /// A prompt with its backslashes and expansions.
    pub(crate) async fn expand_prompt(&mut self, prompt: &str) -> String {
        let text = self.prompt_escapes(prompt);
        if !text.contains(['$', '`']) {
            return text;
        }
        let Ok(word) = Parser::new(&text, self.line).and_then(Parser::quoted_text) else {
            return text;
        };
        let status = self.status;
        let expanded = self.expand_field(&word, Place::Word).await;
        self.status = status;
        expanded.map_or(text, super::field::Field::text)
    }

    fn prompt_escapes(&self, prompt: &str) -> String {
        let mut text = String::new();
        let mut characters = prompt.chars();
        while let Some(c) = characters.next() {
            if c != '\\' {
                text.push(c);
                continue;
            }
            match characters.next() {
                Some('u') => text.push_str(&self.system.user()),
                Some('h') => {
                    let host = self.system.host();
                    text.push_str(host.split('.').next().unwrap_or_default());
                }
                Some('H') => text.push_str(&self.system.host()),
                Some('w') => text.push_str(&self.short_cwd()),
                Some('W') => {
                    let short = self.short_cwd();
                    let last = short.rsplit('/').next().filter(|last| !last.is_empty());
                    text.push_str(last.unwrap_or(&short));
                }
                Some('$') => text.push(if self.system.uid() == 0 { '#' } else { '$' }),
                Some('n') => text.push('\n'),
                Some('r') => text.push('\r'),
                Some('e') => text.push('\x1b'),
                Some('a') => text.push('\x07'),
                Some('s') => text.push_str("bash"),
                Some('v') => text.push_str("5.2"),
                Some('j') => text.push_str(&self.jobs.all.len().to_string()),
                Some('[' | ']') => {}
                Some('\\') => text.push('\\'),
                Some(other) => text.extend(['\\', other]),
                None => text.push('\\'),
            }
        }
        text
    }

    /// The working directory with `~` for the home.
    fn short_cwd(&self) -> String {
        let home = self.value("HOME").unwrap_or_default();
        match self.cwd.strip_prefix(&home) {
            Some(rest) if !home.is_empty() && (rest.is_empty() || rest.starts_with('/')) => {
                format!("~{rest}")
            }
            _ => self.cwd.clone(),
        }
    }
}
