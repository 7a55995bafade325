//! Fields: what a word becomes, cut at the characters of `IFS`.

/// Characters of `IFS`, blanks apart from others.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ifs {
    pub(crate) characters: String,
}

impl Ifs {
    pub(crate) fn is_blank(&self, c: char) -> bool {
        matches!(c, ' ' | '\t' | '\n') && self.characters.contains(c)
    }

    pub(crate) fn contains(&self, c: char) -> bool {
        self.characters.contains(c)
    }

    /// What stands between the items of `"$*"`.
    pub(crate) fn first(&self) -> String {
        self.characters
            .chars()
            .next()
            .map(String::from)
            .unwrap_or_default()
    }
}

/// A field in the making: pieces, quoted or not.
#[derive(Debug, Clone, Default)]
pub(super) struct Field {
    pub(super) pieces: Vec<(String, bool)>,
}

impl Field {
    fn push(&mut self, text: &str, quoted: bool) {
        match self.pieces.last_mut() {
            Some((last, was)) if *was == quoted => last.push_str(text),
            _ => self.pieces.push((text.to_owned(), quoted)),
        }
    }

    /// The text without a word of quotes.
    pub(super) fn text(self) -> String {
        let mut pieces = self.pieces.into_iter();
        let mut text = pieces.next().map(|piece| piece.0).unwrap_or_default();
        for (piece, _) in pieces {
            text.push_str(&piece);
        }
        text
    }

    /// The source of a pattern: quoted pieces stand for themselves.
    pub(super) fn pattern(&self) -> String {
        let mut pattern = String::new();
        for (text, quoted) in &self.pieces {
            if *quoted {
                crate::pattern::escape(text, &mut pattern);
            } else {
                pattern.push_str(text);
            }
        }
        pattern
    }
}

/// Fields of one word.
#[derive(Debug, Default)]
pub(super) struct Fields {
    pub(super) done: Vec<Field>,
    pub(super) current: Option<Field>,
    /// The last field ended at blanks: a separator may still belong to them.
    pub(super) after_blank: bool,
    /// `None`: nothing is cut, lists are joined.
    pub(super) ifs: Option<Ifs>,
    /// What joins `$*` where nothing is cut.
    pub(super) joint: String,
    /// Bytes.
    pub(super) size: usize,
}

impl Fields {
    pub(super) fn quoted(&mut self, text: &str) {
        self.size += text.len();
        self.after_blank = false;
        self.current.get_or_insert_default().push(text, true);
    }

    pub(super) fn literal(&mut self, text: &str) {
        self.size += text.len();
        self.after_blank = false;
        self.current.get_or_insert_default().push(text, false);
    }

    /// Ends the field at hand.
    pub(super) fn cut(&mut self) {
        self.done.extend(self.current.take());
    }

    /// Text of an unquoted expansion.
    pub(super) fn split(&mut self, text: &str) {
        let Some(ifs) = self.ifs.take() else {
            if !text.is_empty() {
                self.literal(text);
            }
            return;
        };
        self.size += text.len();
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            if !ifs.contains(c) {
                let end = rest.find(|c| ifs.contains(c)).unwrap_or(rest.len());
                let (run, behind) = rest.split_at(end);
                self.after_blank = false;
                self.current.get_or_insert_default().push(run, false);
                rest = behind;
                continue;
            }
            if ifs.is_blank(c) {
                if self.current.is_some() {
                    self.cut();
                    self.after_blank = true;
                }
            } else if self.current.is_some() {
                self.cut();
            } else if self.after_blank {
                self.after_blank = false;
            } else {
                self.done.push(Field::default());
            }
            rest = rest.get(c.len_utf8()..).unwrap_or_default();
        }
        self.ifs = Some(ifs);
    }

    /// A list (`$@`, `$*`, all of an array).
    pub(super) fn list(&mut self, items: &[String], quoted: bool, star: bool) {
        let Some(ifs) = self.ifs.clone() else {
            let joint = if star {
                self.joint.clone()
            } else {
                " ".to_owned()
            };
            if !items.is_empty() || (quoted && star) {
                let text = items.join(&joint);
                if quoted {
                    self.quoted(&text);
                } else if !text.is_empty() {
                    self.literal(&text);
                }
            }
            return;
        };
        if quoted && star {
            self.quoted(&items.join(&ifs.first()));
            return;
        }
        for (at, item) in items.iter().enumerate() {
            if at > 0 {
                self.cut();
                self.after_blank = false;
            }
            if quoted {
                self.quoted(item);
            } else {
                self.split(item);
            }
        }
    }

    pub(super) fn done(mut self) -> Vec<Field> {
        self.cut();
        self.done
    }

    /// All of it as one field.
    pub(super) fn one(self) -> Field {
        let mut fields = self.done().into_iter();
        let mut first = fields.next().unwrap_or_default();
        for field in fields {
            first.pieces.extend(field.pieces);
        }
        first
    }
}

/// A text cut as `read` and `for` cut it.
pub(crate) fn split(text: &str, ifs: &Ifs) -> Vec<String> {
    let mut fields = Fields {
        ifs: Some(ifs.clone()),
        ..Fields::default()
    };
    fields.split(text);
    fields.done().into_iter().map(Field::text).collect()
}

/// The first field of a text and what is left behind its separator.
pub(crate) fn split_once<'a>(text: &'a str, ifs: &Ifs) -> (&'a str, &'a str) {
    let text = text.trim_start_matches(|c| ifs.is_blank(c));
    let end = text.find(|c| ifs.contains(c)).unwrap_or(text.len());
    let (field, rest) = text.split_at(end);
    let rest = rest.trim_start_matches(|c| ifs.is_blank(c));
    let separator = rest
        .chars()
        .next()
        .filter(|c| ifs.contains(*c) && !ifs.is_blank(*c));
    let rest = match separator {
        Some(c) => rest.get(c.len_utf8()..).unwrap_or_default(),
        None => rest,
    };
    (field, rest.trim_start_matches(|c| ifs.is_blank(c)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cutting() {
        let ifs = Ifs {
            characters: ": \t\n".to_owned(),
        };
        assert_eq!(
            split(" a  b:c::d : e:", &ifs),
            ["a", "b", "c", "", "d", "e"]
        );
        assert_eq!(split(":a", &ifs), ["", "a"]);
        assert_eq!(split_once("a : b:c", &ifs), ("a", "b:c"));
    }
}
