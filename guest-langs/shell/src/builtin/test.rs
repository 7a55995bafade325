//! `test` and `[`.

use futures::future::BoxFuture;

use crate::limits::NESTING;
use crate::run::{Run, Shell};
use crate::system::FileKind;

/// The words of one test and where it is in them.
struct Test<'a> {
    args: &'a [String],
    at: usize,
    depth: u32,
}

type Truth = Result<bool, String>;

pub(super) async fn bracket(shell: &mut Shell, args: &[String]) -> Run {
    match args.split_last() {
        Some((last, rest)) if last == "]" => run(shell, rest, "[").await,
        _ => shell.fail(2, "[: missing `]'").await,
    }
}

pub(super) async fn test(shell: &mut Shell, args: &[String]) -> Run {
    run(shell, args, "test").await
}

async fn run(shell: &mut Shell, args: &[String], name: &str) -> Run {
    let mut test = Test {
        args,
        at: 0,
        depth: 0,
    };
    match test.whole(shell).await {
        Ok(truth) => Ok(i32::from(!truth)),
        Err(message) => shell.fail(2, &format!("{name}: {message}")).await,
    }
}

fn is_unary(word: &str) -> bool {
    let letter = word.strip_prefix('-').and_then(|rest| {
        let mut letters = rest.chars();
        letters.next().filter(|_| letters.as_str().is_empty())
    });
    letter.is_some_and(|letter| "abcdefghknoprstuvwxzGLNORS".contains(letter))
}

fn is_binary(word: &str) -> bool {
    matches!(
        word,
        "=" | "=="
            | "!="
            | "<"
            | ">"
            | "-eq"
            | "-ne"
            | "-lt"
            | "-le"
            | "-gt"
            | "-ge"
            | "-nt"
            | "-ot"
            | "-ef"
    )
}

impl Test<'_> {
    /// By the number of words, as POSIX says; longer ones by precedence.
    async fn whole(&mut self, shell: &mut Shell) -> Truth {
        match self.args {
            [] => Ok(false),
            [one] => Ok(!one.is_empty()),
            [not, one] if not == "!" => Ok(one.is_empty()),
            [operator, word] if is_unary(operator) => unary(shell, operator, word).await,
            [operator, _] => Err(format!("{operator}: unary operator expected")),
            [left, operator, right] if is_binary(operator) => {
                binary(shell, left, operator, right).await
            }
            [left, operator, right] if operator == "-a" => {
                Ok(!left.is_empty() && !right.is_empty())
            }
            [left, operator, right] if operator == "-o" => {
                Ok(!left.is_empty() || !right.is_empty())
            }
            [not, operator, word] if not == "!" && is_unary(operator) => {
                Ok(!unary(shell, operator, word).await?)
            }
            [not, _, _] if not == "!" => Err(format!(
                "{}: unary operator expected",
                self.args.get(1).map_or("", String::as_str)
            )),
            [open, word, close] if open == "(" && close == ")" => Ok(!word.is_empty()),
            [_, operator, _] => Err(format!("{operator}: binary operator expected")),
            [not, left, operator, right] if not == "!" && is_binary(operator) => {
                Ok(!binary(shell, left, operator, right).await?)
            }
            _ => {
                let truth = self.any(shell).await?;
                match self.args.get(self.at) {
                    None => Ok(truth),
                    Some(_) => Err("too many arguments".to_owned()),
                }
            }
        }
    }

    fn eat(&mut self, word: &str) -> bool {
        let found = self.args.get(self.at).is_some_and(|there| there == word);
        self.at += usize::from(found);
        found
    }

    fn any<'a>(&'a mut self, shell: &'a mut Shell) -> BoxFuture<'a, Truth> {
        Box::pin(async move {
            self.depth += 1;
            if self.depth > NESTING {
                return Err("nested too deeply".to_owned());
            }
            let mut truth = self.all(shell).await?;
            while self.eat("-o") {
                truth |= self.all(shell).await?;
            }
            self.depth -= 1;
            Ok(truth)
        })
    }

    async fn all(&mut self, shell: &mut Shell) -> Truth {
        let mut truth = self.not(shell).await?;
        while self.eat("-a") {
            truth &= self.not(shell).await?;
        }
        Ok(truth)
    }

    async fn not(&mut self, shell: &mut Shell) -> Truth {
        let mut negated = false;
        while self.args.len() > self.at + 1 && self.eat("!") {
            negated = !negated;
        }
        Ok(self.primary(shell).await? != negated)
    }

    async fn primary(&mut self, shell: &mut Shell) -> Truth {
        let args = self.args;
        let Some(first) = args.get(self.at) else {
            return Err("argument expected".to_owned());
        };
        if let (Some(operator), Some(right)) = (args.get(self.at + 1), args.get(self.at + 2))
            && is_binary(operator)
        {
            self.at += 3;
            return binary(shell, first, operator, right).await;
        }
        if first == "(" {
            self.at += 1;
            let truth = self.any(shell).await?;
            if !self.eat(")") {
                return Err("`)' expected".to_owned());
            }
            return Ok(truth);
        }
        if let Some(word) = args.get(self.at + 1)
            && is_unary(first)
        {
            self.at += 2;
            return unary(shell, first, word).await;
        }
        self.at += 1;
        Ok(!first.is_empty())
    }
}

async fn unary(shell: &mut Shell, operator: &str, word: &str) -> Truth {
    let letter = operator.chars().nth(1).unwrap_or('n');
    Ok(shell.unary_test(letter, word).await)
}

async fn binary(shell: &mut Shell, left: &str, operator: &str, right: &str) -> Truth {
    let number = |text: &str| {
        text.trim()
            .parse::<i64>()
            .map_err(|_| format!("{text}: integer expression expected"))
    };
    Ok(match operator {
        "=" | "==" => left == right,
        "!=" => left != right,
        "<" => left < right,
        ">" => left > right,
        "-eq" => number(left)? == number(right)?,
        "-ne" => number(left)? != number(right)?,
        "-lt" => number(left)? < number(right)?,
        "-le" => number(left)? <= number(right)?,
        "-gt" => number(left)? > number(right)?,
        "-ge" => number(left)? >= number(right)?,
        _ => shell.files_test(left, operator, right).await,
    })
}

impl Shell {
    /// `-e`, `-f`, `-z` and their like.
    pub(crate) async fn unary_test(&mut self, letter: char, word: &str) -> bool {
        match letter {
            'z' => return word.is_empty(),
            'n' => return !word.is_empty(),
            'v' => return self.is_set(word),
            'R' => {
                return self
                    .variables
                    .get(word)
                    .is_some_and(|v| v.attributes.reference);
            }
            'o' => {
                let entry = crate::run::Options::named(word);
                return entry.is_some_and(|entry| self.options.is_on(entry));
            }
            't' => {
                let number = word.trim().parse::<u32>().ok();
                let stream = number.and_then(|number| self.descriptors.get(&number));
                return stream.is_some_and(|stream| stream.is_terminal());
            }
            _ => {}
        }
        if word.is_empty() {
            return false;
        }
        let path = self.path(word);
        let descriptor = path
            .strip_prefix("/dev/fd/")
            .and_then(|n| n.parse::<u32>().ok());
        if let Some(number) = descriptor {
            return self.descriptors.contains_key(&number)
                && matches!(letter, 'e' | 'a' | 'r' | 'w' | 'p');
        }
        let Ok(there) = self
            .system
            .metadata(&path, !matches!(letter, 'h' | 'L'))
            .await
        else {
            return false;
        };
        let may = |bits: u32| self.system.uid() == 0 || there.mode & bits != 0;
        match letter {
            'a' | 'e' => true,
            'f' => there.kind == FileKind::File,
            'd' => there.kind == FileKind::Directory,
            'h' | 'L' => there.kind == FileKind::Link,
            'c' => there.kind == FileKind::Device,
            'p' => there.kind == FileKind::Pipe,
            'S' => there.kind == FileKind::Socket,
            's' => there.size > 0,
            'r' => may(0o444),
            'w' => may(0o222),
            'x' => there.mode & 0o111 != 0 || there.kind == FileKind::Directory,
            'u' => there.mode & 0o4000 != 0,
            'g' => there.mode & 0o2000 != 0,
            'k' => there.mode & 0o1000 != 0,
            'O' => there.uid == self.system.uid(),
            'G' => there.gid == self.system.uid(),
            'N' => there.modified > there.accessed,
            _ => false,
        }
    }

    fn is_set(&mut self, word: &str) -> bool {
        let Some((name, key)) = crate::variable::split_subscript(word) else {
            return self.value(word).is_some() || self.special(word).is_some();
        };
        let Some(variable) = self.variable(name).map(std::borrow::Cow::into_owned) else {
            return false;
        };
        match &variable.value {
            crate::variable::Value::Associative(items) => items.contains_key(key),
            _ if key == "@" || key == "*" => !variable.values().is_empty(),
            _ => {
                let index = crate::arith::evaluate(key, self, 0);
                index.is_ok_and(|index| variable.element(index).is_some())
            }
        }
    }

    /// `-nt`, `-ot`, `-ef`.
    pub(crate) async fn files_test(&mut self, left: &str, operator: &str, right: &str) -> bool {
        let left = self.system.metadata(&self.path(left), true).await.ok();
        let right = self.system.metadata(&self.path(right), true).await.ok();
        match operator {
            "-nt" => match (left, right) {
                (Some(left), Some(right)) => left.modified > right.modified,
                (left, _) => left.is_some(),
            },
            "-ot" => match (left, right) {
                (Some(left), Some(right)) => left.modified < right.modified,
                (_, right) => right.is_some(),
            },
            _ => match (left, right) {
                (Some(left), Some(right)) => left.identity == right.identity,
                _ => false,
            },
        }
    }
}
