//! `printf`.

use crate::escape;
use crate::run::{Run, Shell};
use crate::text;

/// Bytes of what one `printf` may write.
const MOST: usize = 64 << 20;

/// `%-05.2d` in its parts.
#[derive(Debug, Default)]
struct Conversion {
    flags: String,
    width: Option<usize>,
    precision: Option<usize>,
    /// The format of `%(...)T`.
    time: String,
    letter: char,
}

/// One run over a format.
struct Printing<'a> {
    args: std::slice::Iter<'a, String>,
    output: String,
    status: i32,
    complaints: Vec<String>,
    ended: bool,
    now: i64,
    started: i64,
}

pub(super) async fn printf(shell: &mut Shell, args: &[String]) -> Run {
    let Ok(letters) = super::letters(args.get(..2).unwrap_or(args), "v:") else {
        return shell
            .fail(2, "printf: usage: printf [-v var] format [arguments]")
            .await;
    };
    let target = letters.value('v').map(str::to_owned);
    let used = args.get(..2).unwrap_or(args).len() - letters.rest.len();
    let Some((format, rest)) = args.get(used..).and_then(<[String]>::split_first) else {
        return shell
            .fail(2, "printf: usage: printf [-v var] format [arguments]")
            .await;
    };
    let mut printing = Printing {
        args: rest.iter(),
        output: String::new(),
        status: 0,
        complaints: Vec::new(),
        ended: false,
        now: shell.system.now().as_secs().cast_signed(),
        started: shell.started.as_secs().cast_signed(),
    };
    loop {
        let before = printing.args.len();
        printing.once(format);
        let used = printing.args.len() < before;
        if printing.ended || printing.args.len() == 0 || !used || printing.output.len() > MOST {
            break;
        }
    }
    for complaint in std::mem::take(&mut printing.complaints) {
        shell.complain(&format!("printf: {complaint}")).await;
    }
    let output = text::renew(&printing.output);
    match target {
        None => {
            let status = shell.print(&output).await?;
            Ok(status.max(printing.status))
        }
        Some(name) => {
            let (name, key) = match crate::variable::split_subscript(&name) {
                Some((name, key)) => (name.to_owned(), Some(key.to_owned())),
                None => (name, None),
            };
            if !crate::syntax::is_name(&name) {
                return shell
                    .fail(2, &format!("printf: `{name}': not a valid identifier"))
                    .await;
            }
            match shell.assign(&name, key.as_deref(), &output, false) {
                Ok(()) => Ok(printing.status),
                Err(error) => shell.fail(1, &error.to_string()).await,
            }
        }
    }
}

impl Printing<'_> {
    fn once(&mut self, format: &str) {
        let mut rest = format;
        while let Some(at) = rest.find('%') {
            self.output
                .push_str(&escape::format(rest.get(..at).unwrap_or_default()));
            rest = rest.get(at + 1..).unwrap_or_default();
            if let Some(behind) = rest.strip_prefix('%') {
                self.output.push('%');
                rest = behind;
                continue;
            }
            match self.conversion(rest) {
                Ok((conversion, behind)) => {
                    rest = behind;
                    self.convert(&conversion);
                }
                Err(letter) => {
                    let message = match letter {
                        Some(letter) => format!("`{letter}': invalid format character"),
                        None => "`%': missing format character".to_owned(),
                    };
                    self.complaints.push(message);
                    self.status = 1;
                    self.ended = true;
                    return;
                }
            }
            if self.ended {
                return;
            }
        }
        self.output.push_str(&escape::format(rest));
    }

    fn conversion<'f>(&mut self, format: &'f str) -> Result<(Conversion, &'f str), Option<char>> {
        let mut conversion = Conversion::default();
        let end = format
            .find(|c| !"-+ 0#'".contains(c))
            .unwrap_or(format.len());
        let (flags, rest) = format.split_at(end);
        flags.clone_into(&mut conversion.flags);
        let (width, rest) = self.size(rest);
        match width {
            Some(width) if width < 0 => {
                conversion.flags.push('-');
                conversion.width = usize::try_from(width.unsigned_abs()).ok();
            }
            width => conversion.width = width.and_then(|width| usize::try_from(width).ok()),
        }
        let mut rest = rest;
        if let Some(behind) = rest.strip_prefix('.') {
            let (precision, behind) = self.size(behind);
            conversion.precision =
                Some(precision.and_then(|p| usize::try_from(p).ok()).unwrap_or(0));
            rest = behind;
        }
        if let Some(behind) = rest.strip_prefix('(') {
            let end = behind.find(")T").ok_or(Some('('))?;
            behind
                .get(..end)
                .unwrap_or_default()
                .clone_into(&mut conversion.time);
            conversion.letter = 'T';
            return Ok((conversion, behind.get(end + 2..).unwrap_or_default()));
        }
        // Lengths of C's types say nothing here.
        rest = rest.trim_start_matches(['l', 'h', 'j', 'z', 't', 'L']);
        let letter = rest.chars().next().ok_or(None)?;
        if !"diouxXeEfFgGaAcsbqQ".contains(letter) {
            return Err(Some(letter));
        }
        conversion.letter = letter;
        Ok((conversion, rest.get(1..).unwrap_or_default()))
    }

    /// A number in a conversion, or `*` for the next argument.
    fn size<'f>(&mut self, format: &'f str) -> (Option<i64>, &'f str) {
        if let Some(rest) = format.strip_prefix('*') {
            let value = self.next().map(|text| self.integer(&text));
            return (Some(value.unwrap_or(0).clamp(-1_000_000, 1_000_000)), rest);
        }
        let end = format
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(format.len());
        let (digits, rest) = format.split_at(end);
        let value = digits.parse::<i64>().ok();
        (value.map(|value| value.min(1_000_000)), rest)
    }

    fn next(&mut self) -> Option<String> {
        self.args.next().cloned()
    }

    fn convert(&mut self, conversion: &Conversion) {
        let text = match conversion.letter {
            's' => cut(&self.next().unwrap_or_default(), conversion.precision),
            'c' => self
                .next()
                .unwrap_or_default()
                .chars()
                .next()
                .unwrap_or('\0')
                .to_string(),
            'q' | 'Q' => text::backslash_quote(&self.next().unwrap_or_default()),
            'b' => {
                let (text, ended) = escape::echo(&self.next().unwrap_or_default());
                self.ended = ended;
                cut(&text, conversion.precision)
            }
            'T' => self.time(&conversion.time),
            'd' | 'i' => {
                let value = self.next().map_or(0, |text| self.integer(&text));
                number(value < 0, value.unsigned_abs().to_string(), conversion)
            }
            'u' | 'o' | 'x' | 'X' => {
                let value = self
                    .next()
                    .map_or(0, |text| self.integer(&text))
                    .cast_unsigned();
                let alternate = conversion.flags.contains('#') && value != 0;
                let digits = match conversion.letter {
                    'u' => value.to_string(),
                    'o' if alternate => format!("0{value:o}"),
                    'o' => format!("{value:o}"),
                    'x' if alternate => format!("0x{value:x}"),
                    'x' => format!("{value:x}"),
                    _ if alternate => format!("0X{value:X}"),
                    _ => format!("{value:X}"),
                };
                number(false, digits, conversion)
            }
            _ => {
                let value = self.next().map_or(0.0, |text| self.float(&text));
                let digits = float(value.abs(), conversion);
                let sizes = Conversion {
                    flags: conversion.flags.clone(),
                    width: conversion.width,
                    ..Conversion::default()
                };
                number(value.is_sign_negative(), digits, &sizes)
            }
        };
        self.pad(&text, conversion);
    }

    fn pad(&mut self, text: &str, conversion: &Conversion) {
        let width = conversion.width.unwrap_or(0);
        let missing = width.saturating_sub(text.chars().count());
        if conversion.flags.contains('-') {
            self.output.push_str(text);
            self.output.extend(std::iter::repeat_n(' ', missing));
        } else {
            self.output.extend(std::iter::repeat_n(' ', missing));
            self.output.push_str(text);
        }
    }

    /// `'c` is the character's number.
    fn quoted(text: &str) -> Option<u32> {
        let inner = text.strip_prefix(['\'', '"'])?;
        inner.chars().next().map(u32::from)
    }

    fn integer(&mut self, source: &str) -> i64 {
        if let Some(code) = Self::quoted(source) {
            return i64::from(code);
        }
        let text = source.trim();
        let (negative, digits) = match text.strip_prefix('-') {
            Some(digits) => (true, digits),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (radix, digits) = if let Some(hex) = digits
            .strip_prefix("0x")
            .or_else(|| digits.strip_prefix("0X"))
        {
            (16, hex)
        } else if digits.len() > 1 && digits.starts_with('0') {
            (8, digits.get(1..).unwrap_or_default())
        } else {
            (10, digits)
        };
        let end = digits
            .find(|c: char| !c.is_digit(radix))
            .unwrap_or(digits.len());
        let (good, bad) = digits.split_at(end);
        if !bad.is_empty() || (good.is_empty() && !source.is_empty()) {
            self.complaints.push(format!("{source}: invalid number"));
            self.status = 1;
        }
        let value = i128::from_str_radix(good, radix).unwrap_or(0);
        let value = if negative { -value } else { value };
        match i64::try_from(value) {
            Ok(value) => value,
            Err(_) if value > 0 => u64::try_from(value).map_or(i64::MAX, u64::cast_signed),
            Err(_) => i64::MIN,
        }
    }

    fn float(&mut self, source: &str) -> f64 {
        if let Some(code) = Self::quoted(source) {
            return f64::from(code);
        }
        let text = source.trim();
        if let Ok(value) = text.parse::<f64>() {
            return value;
        }
        if text.starts_with("0x") || text.is_empty() {
            #[expect(
                clippy::cast_precision_loss,
                reason = "as printf prints large integers"
            )]
            return self.integer(source) as f64;
        }
        let fits = |end: &usize| {
            text.get(..*end)
                .is_some_and(|part| part.parse::<f64>().is_ok())
        };
        let end = (1..text.len().min(400)).rev().find(fits);
        self.complaints.push(format!("{source}: invalid number"));
        self.status = 1;
        end.and_then(|end| text.get(..end)?.parse().ok())
            .unwrap_or(0.0)
    }

    /// `%(format)T`: seconds since the epoch, -1 now, -2 the shell's start.
    fn time(&mut self, format: &str) -> String {
        let seconds = match self.next() {
            None => self.now,
            Some(text) => match self.integer(&text) {
                -1 => self.now,
                -2 => self.started,
                seconds => seconds,
            },
        };
        crate::clock::format(seconds, if format.is_empty() { "%X" } else { format })
    }
}

fn cut(text: &str, precision: Option<usize>) -> String {
    match precision {
        Some(most) => text.chars().take(most).collect(),
        None => text.to_owned(),
    }
}

/// Sign, zeros and precision of a number.
fn number(negative: bool, digits: String, conversion: &Conversion) -> String {
    let sign = if negative {
        "-"
    } else if conversion.flags.contains('+') {
        "+"
    } else if conversion.flags.contains(' ') {
        " "
    } else {
        ""
    };
    let mut digits = digits;
    let mut wanted = conversion.precision.unwrap_or(0);
    let zeros = conversion.flags.contains('0') && !conversion.flags.contains('-');
    if zeros && conversion.precision.is_none() {
        wanted = conversion.width.unwrap_or(0).saturating_sub(sign.len());
    }
    if digits.len() < wanted {
        let mut padded = "0".repeat(wanted - digits.len());
        padded.push_str(&digits);
        digits = padded;
    }
    format!("{sign}{digits}")
}

fn float(value: f64, conversion: &Conversion) -> String {
    let precision = conversion.precision.unwrap_or(6).min(1_000);
    let upper = conversion.letter.is_ascii_uppercase();
    let text = if !value.is_finite() {
        if value.is_nan() {
            "nan".to_owned()
        } else {
            "inf".to_owned()
        }
    } else {
        match conversion.letter.to_ascii_lowercase() {
            'e' => exponent(value, precision),
            'g' => general(value, precision, conversion.flags.contains('#')),
            _ => format!("{value:.precision$}"),
        }
    };
    if upper { text.to_uppercase() } else { text }
}

/// C's `%e`: at least two digits of exponent.
fn exponent(value: f64, precision: usize) -> String {
    let text = format!("{value:.precision$e}");
    let (mantissa, power) = text.split_once('e').unwrap_or((&text, "0"));
    let power: i32 = power.parse().unwrap_or(0);
    let sign = if power < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", power.abs())
}

fn general(value: f64, precision: usize, keep_zeros: bool) -> String {
    let precision = precision.max(1);
    let scientific = exponent(value, precision - 1);
    let power = scientific
        .rsplit_once('e')
        .and_then(|(_, power)| power.parse::<i64>().ok());
    let power = power.unwrap_or(0);
    let limit = i64::try_from(precision).unwrap_or(i64::MAX);
    let text = if power < -4 || power >= limit {
        scientific
    } else {
        let decimals = usize::try_from(limit - 1 - power).unwrap_or(0);
        format!("{value:.decimals$}")
    };
    if keep_zeros {
        return text;
    }
    let (mantissa, power) = text
        .split_once('e')
        .map_or((text.as_str(), None), |(m, p)| (m, Some(p)));
    let mantissa = if mantissa.contains('.') {
        mantissa.trim_end_matches('0').trim_end_matches('.')
    } else {
        mantissa
    };
    match power {
        Some(power) => format!("{mantissa}e{power}"),
        None => mantissa.to_owned(),
    }
}
