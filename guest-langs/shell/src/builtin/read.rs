//! `read` and `mapfile`.

use std::time::Duration;

use crate::expand::{Ifs, split, split_field};
use crate::limits::WORDS;
use crate::run::{Flow, Run, Shell};
use crate::system::Stream;
use crate::text;

/// Bytes of one line.
const LINE_BYTES: usize = 16 << 20;

/// What `read` is asked for.
struct Request {
    raw: bool,
    array: Option<String>,
    delimiter: u8,
    /// Characters, and whether the delimiter does not end them (`-N`).
    count: Option<(usize, bool)>,
    prompt: Option<String>,
    timeout: Option<Duration>,
    number: u32,
    names: Vec<String>,
}

/// How reading a line ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ended {
    Whole,
    AtEnd,
    TimedOut,
}

pub(super) async fn read(shell: &mut Shell, args: &[String]) -> Run {
    let request = match request(args) {
        Ok(request) => request,
        Err((status, message)) => return shell.fail(status, &format!("read: {message}")).await,
    };
    let Some(stream) = shell.descriptors.get(&request.number).cloned() else {
        let message = format!(
            "read: {}: invalid file descriptor: Bad file descriptor",
            request.number
        );
        return shell.fail(1, &message).await;
    };
    if let Some(prompt) = &request.prompt
        && stream.is_terminal()
    {
        shell.say(prompt).await;
    }
    if request.timeout == Some(Duration::ZERO) {
        return Ok(0);
    }
    let (line, ended) = match line(shell, &stream, &request).await? {
        Ok(read) => read,
        Err(message) => return shell.fail(1, &format!("read: {message}")).await,
    };
    if let Err(message) = give(shell, &request, &line) {
        return shell.fail(1, &message).await;
    }
    Ok(match ended {
        Ended::Whole => 0,
        Ended::AtEnd => 1,
        Ended::TimedOut => 142,
    })
}

fn request(args: &[String]) -> Result<Request, (i32, String)> {
    let letters = super::letters(args, "ersa:d:i:n:N:p:t:u:")
        .map_err(|letter| (2, format!("-{letter}: invalid option")))?;
    let mut request = Request {
        raw: letters.has('r'),
        array: letters.value('a').map(str::to_owned),
        delimiter: b'\n',
        count: None,
        prompt: letters.value('p').map(str::to_owned),
        timeout: None,
        number: 0,
        names: letters.rest.to_vec(),
    };
    if let Some(delimiter) = letters.value('d') {
        request.delimiter = text::encode(delimiter).first().copied().unwrap_or(0);
    }
    for (letter, exact) in [('n', false), ('N', true)] {
        if let Some(count) = letters.value(letter) {
            let count = count
                .parse()
                .map_err(|_| (1, format!("{count}: invalid number")))?;
            request.count = Some((count, exact));
        }
    }
    if let Some(seconds) = letters.value('t') {
        let seconds: f64 = seconds
            .parse()
            .ok()
            .filter(|seconds: &f64| *seconds >= 0.0)
            .ok_or_else(|| (1, format!("{seconds}: invalid timeout specification")))?;
        request.timeout = Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    if let Some(number) = letters.value('u') {
        let bad = || {
            (
                1,
                format!("{number}: invalid file descriptor specification"),
            )
        };
        request.number = number.parse().map_err(|_| bad())?;
    }
    for name in &request.names {
        let base = crate::variable::split_subscript(name).map_or(name.as_str(), |(base, _)| base);
        if !crate::syntax::is_name(base) {
            return Err((1, format!("`{name}': not a valid identifier")));
        }
    }
    Ok(request)
}

/// Reads up to the delimiter. In what comes back a character that a backslash
/// stood before is behind one still, unless the line is raw.
async fn line(
    shell: &mut Shell,
    stream: &Stream,
    request: &Request,
) -> Result<Result<(String, Ended), String>, Flow> {
    let mut bytes: Vec<u8> = Vec::new();
    let deadline = request
        .timeout
        .map(|timeout| shell.system.monotonic().saturating_add(timeout));
    loop {
        let most = match request.count {
            Some((count, _)) => {
                let have = text::decode(&bytes).chars().count();
                if have >= count {
                    return Ok(Ok((text::decode(&bytes), Ended::Whole)));
                }
                1
            }
            None => LINE_BYTES - bytes.len().min(LINE_BYTES),
        };
        if most == 0 {
            return Ok(Err("line too long".to_owned()));
        }
        let read = stream.read_until(request.delimiter, most);
        let system = std::sync::Arc::clone(&shell.system);
        let work = async {
            match deadline {
                None => Some(read.await),
                Some(deadline) => {
                    let left = deadline.saturating_sub(system.monotonic());
                    tokio::select! {
                        biased;
                        read = read => Some(read),
                        () = system.sleep(left) => None,
                    }
                }
            }
        };
        let more = match shell.or_signal(work).await? {
            Some(Some(Ok(more))) => more,
            Some(Some(Err(error))) => {
                return Ok(Err(format!(
                    "read error: {}: {}",
                    request.number,
                    crate::errno::message(&error)
                )));
            }
            Some(None) => return Ok(Ok((text::decode(&bytes), Ended::TimedOut))),
            None => {
                shell.run_caught().await?;
                continue;
            }
        };
        if more.is_empty() {
            return Ok(Ok((text::decode(&bytes), Ended::AtEnd)));
        }
        let exact = request.count.is_some_and(|(_, exact)| exact);
        let is_end = more.last() == Some(&request.delimiter) && !exact;
        bytes.extend_from_slice(&more);
        if !is_end {
            continue;
        }
        bytes.pop();
        let backslashes = bytes
            .iter()
            .rev()
            .take_while(|byte| **byte == b'\\')
            .count();
        if !request.raw && backslashes % 2 == 1 {
            // A joined line.
            bytes.pop();
            continue;
        }
        bytes.retain(|byte| *byte != 0);
        return Ok(Ok((text::decode(&bytes), Ended::Whole)));
    }
}

/// Stands for a character that a backslash stood before: it is no separator.
fn hidden(line: &str) -> (String, Vec<char>) {
    let mut shown = String::new();
    let mut taken = Vec::new();
    let mut characters = line.chars();
    while let Some(c) = characters.next() {
        if c == '\\' {
            if let Some(next) = characters.next() {
                taken.push(next);
                shown.push('\0');
            }
        } else {
            shown.push(c);
        }
    }
    (shown, taken)
}

fn give(shell: &mut Shell, request: &Request, line: &str) -> Result<(), String> {
    let (line, taken) = if request.raw {
        (line.to_owned(), Vec::new())
    } else {
        hidden(line)
    };
    let mut taken = taken.into_iter();
    let mut shown = |field: &str| -> String {
        field
            .chars()
            .map(|c| {
                if c == '\0' {
                    taken.next().unwrap_or('\0')
                } else {
                    c
                }
            })
            .collect()
    };
    let ifs = shell.ifs();
    if let Some(array) = &request.array {
        let fields: Vec<String> = split(&line, &ifs)
            .iter()
            .map(|field| shown(field))
            .collect();
        let value = crate::variable::Variable::list(fields).value;
        shell
            .assign_value(array, value)
            .map_err(|error| error.to_string())?;
        return Ok(());
    }
    if request.count.is_some_and(|(_, exact)| exact) || request.names.is_empty() {
        let name = request.names.first().map_or("REPLY", String::as_str);
        return put(shell, name, &shown(&line));
    }
    let last = request.names.len() - 1;
    let mut rest = line.as_str();
    for (at, name) in request.names.iter().enumerate() {
        if at < last {
            let (field, behind) = split_field(rest, &ifs);
            put(shell, name, &shown(field))?;
            rest = behind;
        } else {
            put(shell, name, &shown(last_field(rest, &ifs)))?;
        }
    }
    Ok(())
}

/// All that is left, without blanks around it; one separator at its end goes
/// if it is the only one.
fn last_field<'a>(rest: &'a str, ifs: &Ifs) -> &'a str {
    let rest = rest.trim_start_matches(|c| ifs.is_blank(c));
    let rest = rest.trim_end_matches(|c| ifs.is_blank(c));
    let separators = rest
        .chars()
        .filter(|c| ifs.contains(*c) && !ifs.is_blank(*c))
        .count();
    match rest.chars().next_back() {
        Some(c) if separators == 1 && ifs.contains(c) && !ifs.is_blank(c) => {
            let cut = rest.get(..rest.len() - c.len_utf8()).unwrap_or_default();
            cut.trim_end_matches(|c| ifs.is_blank(c))
        }
        _ => rest,
    }
}

fn put(shell: &mut Shell, name: &str, value: &str) -> Result<(), String> {
    let (name, key) = match crate::variable::split_subscript(name) {
        Some((name, key)) => (name, Some(key)),
        None => (name, None),
    };
    shell
        .assign(name, key, value, false)
        .map_err(|error| error.to_string())
}

pub(super) async fn mapfile(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "d:n:O:s:tu:C:c:") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("mapfile", letter).await,
    };
    if letters.has('C') {
        return shell
            .fail(2, "mapfile: -C: not supported by this shell")
            .await;
    }
    let count = |letter| letters.value(letter).map_or(Ok(0), str::parse::<usize>);
    let (Ok(most), Ok(origin), Ok(skip)) = (count('n'), count('O'), count('s')) else {
        return shell.fail(1, "mapfile: invalid line count").await;
    };
    let number = letters
        .value('u')
        .map_or(Ok(0), str::parse::<u32>)
        .unwrap_or(u32::MAX);
    let Some(stream) = shell.descriptors.get(&number).cloned() else {
        return shell
            .fail(
                1,
                &format!("mapfile: {number}: invalid file descriptor: Bad file descriptor"),
            )
            .await;
    };
    let delimiter = letters
        .value('d')
        .map_or(b'\n', |d| text::encode(d).first().copied().unwrap_or(0));
    let name = letters
        .rest
        .first()
        .map_or("MAPFILE", String::as_str)
        .to_owned();
    if !crate::syntax::is_name(&name) {
        return shell
            .fail(1, &format!("mapfile: `{name}': not a valid identifier"))
            .await;
    }
    let trim = letters.has('t');
    if !letters.has('O') {
        let empty = crate::variable::Value::Indexed([].into());
        if let Err(error) = shell.assign_value(&name, empty) {
            return shell.fail(1, &error.to_string()).await;
        }
    }
    let mut at = 0;
    while (most == 0 || at < most + skip) && at < WORDS {
        let Some(read) = shell
            .or_signal(stream.read_until(delimiter, LINE_BYTES))
            .await?
        else {
            continue;
        };
        let Ok(mut line) = read else { break };
        if line.is_empty() {
            break;
        }
        if at >= skip {
            if trim && line.last() == Some(&delimiter) {
                line.pop();
            }
            let key = (origin + at - skip).to_string();
            if let Err(error) = shell.assign(&name, Some(&key), &text::decode(&line), false) {
                return shell.fail(1, &error.to_string()).await;
            }
        }
        at += 1;
        if at.is_multiple_of(256) {
            shell.step().await?;
        }
    }
    Ok(0)
}
