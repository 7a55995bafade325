//! `set` and `shopt`.

use std::sync::Arc;

use crate::run::{OPTIONS, Options, Run, SHOPTS, Shell};
use crate::text::quote_if_needed;
use crate::variable::Value;

pub(super) async fn set(shell: &mut Shell, args: &[String]) -> Run {
    if args.is_empty() {
        return variables(shell).await;
    }
    let mut at = 0;
    while let Some(word) = args.get(at) {
        let on = word.starts_with('-');
        if word == "--" || word == "-" {
            at += 1;
            if word == "-" {
                shell.options.trace = false;
                shell.options.verbose = false;
                if args.len() == at {
                    return Ok(0);
                }
            }
            shell.positional = Arc::new(args.get(at..).unwrap_or_default().to_vec());
            return Ok(0);
        }
        if word.len() < 2 || !(on || word.starts_with('+')) {
            break;
        }
        at += 1;
        for letter in word.chars().skip(1) {
            if letter == 'o' {
                let Some(name) = args.get(at) else {
                    return show(shell, on).await;
                };
                at += 1;
                if !switch(shell, name, on) {
                    return shell
                        .fail(2, &format!("set: {name}: invalid option name"))
                        .await;
                }
            } else if let Some(entry) = Options::lettered(letter) {
                *entry.2(&mut shell.options) = on;
            } else {
                return shell
                    .fail(
                        2,
                        &format!(
                            "set: {}{letter}: invalid option",
                            if on { '-' } else { '+' }
                        ),
                    )
                    .await;
            }
        }
    }
    if at < args.len() {
        shell.positional = Arc::new(args.get(at..).unwrap_or_default().to_vec());
    }
    Ok(0)
}

/// Switches an option by name; `false` if there is none.
pub(super) fn switch(shell: &mut Shell, name: &str, on: bool) -> bool {
    let Some(entry) = Options::named(name) else {
        return false;
    };
    *entry.2(&mut shell.options) = on;
    true
}

async fn show(shell: &mut Shell, readable: bool) -> Run {
    let mut text = String::new();
    for entry in &OPTIONS {
        let on = shell.options.is_on(entry);
        if readable {
            text.push_str(&format!(
                "{:<15}\t{}\n",
                entry.0,
                if on { "on" } else { "off" }
            ));
        } else {
            text.push_str(&format!(
                "set {}o {}\n",
                if on { '-' } else { '+' },
                entry.0
            ));
        }
    }
    shell.print(&text).await
}

async fn variables(shell: &mut Shell) -> Run {
    let mut text = String::new();
    for name in shell.variables.names() {
        let Some(variable) = shell.variables.get(&name) else {
            continue;
        };
        match &variable.value {
            Value::Unset => {}
            Value::Scalar(value) => text.push_str(&format!("{name}={}\n", quote_if_needed(value))),
            _ => {
                let shown = super::shown_declaration(&name, variable);
                let value = shown.split_once('=').map_or("", |(_, value)| value);
                text.push_str(&format!("{name}={value}\n"));
            }
        }
    }
    for (name, function) in shell.functions.iter() {
        text.push_str(&format!("{name} () \n{}\n", function.source));
    }
    shell.print(&text).await
}

pub(super) async fn shopt(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "supqo") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("shopt", letter).await,
    };
    let table = if letters.has('o') {
        OPTIONS.as_slice()
    } else {
        SHOPTS.as_slice()
    };
    let change = if letters.has('s') {
        Some(true)
    } else if letters.has('u') {
        Some(false)
    } else {
        None
    };
    let names: Vec<String> = if letters.rest.is_empty() {
        table
            .iter()
            .filter(|entry| change.is_none_or(|wanted| shell.options.is_on(entry) == wanted))
            .map(|entry| entry.0.to_owned())
            .collect()
    } else {
        letters.rest.to_vec()
    };
    let mut status = 0;
    for name in names {
        let Some(entry) = table.iter().find(|entry| entry.0 == name) else {
            status = shell
                .fail(1, &format!("shopt: {name}: invalid shell option name"))
                .await?;
            continue;
        };
        if let (Some(on), false) = (change, letters.rest.is_empty()) {
            *entry.2(&mut shell.options) = on;
            continue;
        }
        let on = shell.options.is_on(entry);
        if !on && !letters.rest.is_empty() {
            status = 1;
        }
        if letters.has('q') {
            continue;
        }
        let text = if letters.has('p') {
            let command = if letters.has('o') { "set" } else { "shopt" };
            let sign = match (letters.has('o'), on) {
                (true, true) => "-o",
                (true, false) => "+o",
                (false, true) => "-s",
                (false, false) => "-u",
            };
            format!("{command} {sign} {name}\n")
        } else {
            format!("{name:<15}\t{}\n", if on { "on" } else { "off" })
        };
        shell.print(&text).await?;
    }
    Ok(status)
}
