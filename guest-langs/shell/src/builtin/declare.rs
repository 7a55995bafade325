//! `declare`, `local`, `export`, `readonly`, `unset`.

use std::sync::Arc;

use crate::run::{Arguments, Run, Shell};
use crate::text::double_quote;
use crate::variable::{AssignError, Attributes, Value, Variable, split_subscript};

/// What is asked for.
#[derive(Debug, Default)]
struct Request {
    on: Attributes,
    off: Attributes,
    print: bool,
    functions: bool,
    names_only: bool,
    global: bool,
    inherit: bool,
    /// `export -n`
    remove: bool,
}

pub(super) async fn declare(shell: &mut Shell, command: &str, arguments: &Arguments) -> Run {
    let (request, first) = match request(command, &arguments.words) {
        Ok(found) => found,
        Err(letter) => return shell.bad_option(command, letter).await,
    };
    if command == "local" && !shell.variables.in_function() {
        return shell.fail(1, "local: can only be used in a function").await;
    }
    let rest = arguments.words.get(first..).unwrap_or_default();
    if request.functions {
        return functions(shell, command, &request, rest).await;
    }
    if rest.is_empty() {
        return list(shell, command, &request).await;
    }
    if request.print {
        return print_named(shell, command, rest).await;
    }
    let mut status = 0;
    for (at, word) in rest.iter().enumerate() {
        let array = arguments.arrays.get(&(first + at));
        let result = match array {
            Some(array) => {
                let made = make(shell, command, &array.name, &request, true);
                let items = array.items.clone();
                made.and_then(|()| shell.assign_items(&array.name, array.append, items))
                    .and_then(|()| seal(shell, &array.name, &request))
            }
            None => one(shell, command, word, &request),
        };
        if let Err(error) = result {
            shell.complain(&format!("{command}: {error}")).await;
            status = 1;
        }
    }
    Ok(status)
}

fn request(command: &str, words: &[String]) -> Result<(Request, usize), char> {
    let mut request = Request::default();
    match command {
        "export" => request.on.exported = true,
        "readonly" => request.on.readonly = true,
        _ => {}
    }
    let mut at = 1;
    while let Some(word) = words.get(at) {
        if word == "--" {
            at += 1;
            break;
        }
        let on = word.starts_with('-');
        if word.len() < 2 || !(on || word.starts_with('+')) {
            break;
        }
        for letter in word.chars().skip(1) {
            let side = if on {
                &mut request.on
            } else {
                &mut request.off
            };
            match letter {
                'a' => side.indexed = true,
                'A' => side.associative = true,
                'i' => side.integer = true,
                'l' => side.lower = true,
                'u' => side.upper = true,
                'r' => side.readonly = true,
                'x' => side.exported = true,
                'n' if command == "export" => request.remove = true,
                'n' => side.reference = true,
                't' => {}
                'p' => request.print = true,
                'f' => request.functions = true,
                'F' => {
                    request.functions = true;
                    request.names_only = true;
                }
                'g' => request.global = true,
                'I' => request.inherit = true,
                other => return Err(other),
            }
        }
        at += 1;
    }
    Ok((request, at))
}

/// `name`, `name=value`, `name+=value`, `name[key]=value`.
fn one(shell: &mut Shell, command: &str, word: &str, request: &Request) -> Result<(), AssignError> {
    let (target, value, append) = match word.split_once('=') {
        Some((target, value)) => match target.strip_suffix('+') {
            Some(target) => (target, Some(value), true),
            None => (target, Some(value), false),
        },
        None => (word, None, false),
    };
    let (name, key) = match split_subscript(target) {
        Some((name, key)) => (name, Some(key)),
        None => (target, None),
    };
    if !crate::syntax::is_name(name) {
        return Err(AssignError::Name(word.to_owned()));
    }
    make(
        shell,
        command,
        name,
        request,
        key.is_some() && value.is_some(),
    )?;
    if let Some(value) = value {
        assign_here(shell, name, key, value, append, request)?;
    }
    seal(shell, name, request)
}

fn assign_here(
    shell: &mut Shell,
    name: &str,
    key: Option<&str>,
    value: &str,
    append: bool,
    request: &Request,
) -> Result<(), AssignError> {
    if request.on.reference {
        // The value is the name that is meant, not a value for it.
        let attributes = Attributes {
            reference: true,
            ..Attributes::default()
        };
        let value = Value::Scalar(value.to_owned());
        return shell.put(name, Variable { value, attributes });
    }
    // `declare -a name='(1 2)'` is not read as a list: bash itself warns of it.
    shell.assign(name, key, value, append)
}

/// Gives a variable its place and its attributes before it gets its value.
fn make(
    shell: &mut Shell,
    command: &str,
    name: &str,
    request: &Request,
    array: bool,
) -> Result<(), AssignError> {
    let no_room = || AssignError::NoRoom(name.to_owned());
    let is_local = matches!(command, "local" | "declare" | "typeset");
    if is_local && !request.global && shell.variables.in_function() {
        let inherit = request.inherit || shell.options.localvar_inherit;
        shell
            .variables
            .make_local(name, inherit)
            .map_err(|_| no_room())?;
    }
    let name = if request.on.reference {
        name.to_owned()
    } else {
        shell.resolve(name)?.0
    };
    let current = shell.variables.get(&name);
    let readonly = current.is_some_and(|variable| variable.attributes.readonly);
    let changes =
        request.on.integer || request.on.lower || request.on.upper || request.off.readonly;
    if readonly && changes {
        return Err(AssignError::Readonly(name));
    }
    let on = request.on;
    let off = request.off;
    let remove = request.remove;
    let change = move |variable: &mut Variable| {
        let attributes = &mut variable.attributes;
        attributes.exported = (attributes.exported || on.exported) && !off.exported && !remove;
        attributes.integer = (attributes.integer || on.integer) && !off.integer;
        attributes.lower = (attributes.lower && !on.upper || on.lower) && !off.lower;
        attributes.upper = (attributes.upper && !on.lower || on.upper) && !off.upper;
        attributes.reference = (attributes.reference || on.reference) && !off.reference;
        if on.associative && !matches!(variable.value, Value::Indexed(_)) {
            variable.attributes.associative = true;
            if let Value::Scalar(first) = &variable.value {
                variable.value = Value::Associative([("0".to_owned(), first.clone())].into());
            }
        } else if (on.indexed || array) && !variable.is_associative() {
            variable.attributes.indexed = true;
            if let Value::Scalar(first) = &variable.value {
                variable.value = Value::Indexed([(0, first.clone())].into());
            }
        }
    };
    let changed = if request.global {
        shell.variables.change_global(&name, 48, change)
    } else {
        shell.variables.change(&name, 48, change)
    };
    changed.map_err(|_| no_room())
}

/// `readonly` counts from when the value is there.
fn seal(shell: &mut Shell, name: &str, request: &Request) -> Result<(), AssignError> {
    if !request.on.readonly {
        return Ok(());
    }
    let sealed = shell
        .variables
        .change(name, 0, |variable| variable.attributes.readonly = true);
    sealed.map_err(|_| AssignError::NoRoom(name.to_owned()))
}

/// A line of `declare -p`.
pub(crate) fn shown_declaration(name: &str, variable: &Variable) -> String {
    let flags = variable.flags();
    let flags = if flags.is_empty() {
        "--".to_owned()
    } else {
        format!("-{flags}")
    };
    match &variable.value {
        Value::Unset => format!("declare {flags} {name}"),
        Value::Scalar(text) => format!("declare {flags} {name}={}", double_quote(text)),
        Value::Indexed(items) => {
            let items = items
                .iter()
                .map(|(key, text)| format!("[{key}]={}", double_quote(text)));
            format!(
                "declare {flags} {name}=({})",
                items.collect::<Vec<_>>().join(" ")
            )
        }
        Value::Associative(items) => {
            let mut shown = String::new();
            for (key, text) in items {
                let plain = key
                    .chars()
                    .all(|c| c.is_alphanumeric() || "_-./".contains(c));
                let key = if plain && !key.is_empty() {
                    key.clone()
                } else {
                    double_quote(key)
                };
                shown.push_str(&format!("[{key}]={} ", double_quote(text)));
            }
            format!("declare {flags} {name}=({shown})")
        }
    }
}

async fn list(shell: &mut Shell, command: &str, request: &Request) -> Run {
    let names: Vec<String> = if command == "local" {
        shell.variables.locals()
    } else {
        shell.variables.names().into_iter().collect()
    };
    let on = request.on;
    let mut text = String::new();
    for name in names {
        let Some(variable) = shell.variables.get(&name) else {
            continue;
        };
        let has = variable.attributes;
        let fits = (!on.exported || has.exported)
            && (!on.readonly || has.readonly)
            && (!on.integer || has.integer)
            && (!on.reference || has.reference)
            && (!on.indexed || matches!(variable.value, Value::Indexed(_)))
            && (!on.associative || variable.is_associative());
        if !fits {
            continue;
        }
        let plain = matches!(command, "declare" | "typeset" | "local")
            && !request.print
            && on == Attributes::default();
        if plain {
            if let Value::Scalar(value) = &variable.value {
                text.push_str(&format!("{name}={}\n", crate::text::quote_if_needed(value)));
                continue;
            }
            if variable.value == Value::Unset {
                continue;
            }
        }
        text.push_str(&shown_declaration(&name, variable));
        text.push('\n');
    }
    shell.print(&text).await
}

async fn print_named(shell: &mut Shell, command: &str, names: &[String]) -> Run {
    let mut status = 0;
    for name in names {
        let shown = shell
            .variable(name)
            .map(|variable| shown_declaration(name, &variable));
        match shown {
            Some(shown) => status = shell.print(&format!("{shown}\n")).await?.max(status),
            None => {
                status = shell
                    .fail(1, &format!("{command}: {name}: not found"))
                    .await?;
            }
        }
    }
    Ok(status)
}

/// `declare -f`, `declare -F`, `export -f`, `readonly -f`.
async fn functions(shell: &mut Shell, command: &str, request: &Request, names: &[String]) -> Run {
    let mut status = 0;
    if command == "export" && !names.is_empty() {
        for name in names {
            if !shell.functions.contains_key(name) {
                status = shell
                    .fail(1, &format!("export: {name}: not a function"))
                    .await?;
            } else if request.remove {
                Arc::make_mut(&mut shell.exported_functions).remove(name);
            } else {
                Arc::make_mut(&mut shell.exported_functions).insert(name.clone());
            }
        }
        return Ok(status);
    }
    let all: Vec<String> = shell.functions.keys().cloned().collect();
    let mut text = String::new();
    for name in if names.is_empty() { &all } else { names } {
        match shell.functions.get(name) {
            None => status = 1,
            Some(_) if request.names_only && names.is_empty() => {
                text.push_str(&format!("declare -f {name}\n"));
            }
            Some(_) if request.names_only => text.push_str(&format!("{name}\n")),
            Some(function) => text.push_str(&format!("{name} () \n{}\n", function.source)),
        }
    }
    let printed = shell.print(&text).await?;
    Ok(status.max(printed))
}

pub(super) async fn unset(shell: &mut Shell, args: &[String]) -> Run {
    let letters = match super::letters(args, "fvn") {
        Ok(letters) => letters,
        Err(letter) => return shell.bad_option("unset", letter).await,
    };
    let mut status = 0;
    for name in letters.rest {
        if letters.has('n') {
            let readonly = shell
                .variables
                .get(name)
                .is_some_and(|v| v.attributes.readonly);
            if !readonly {
                shell.variables.remove(name);
            }
            continue;
        }
        let (base, key) = match split_subscript(name) {
            Some((base, key)) => (base, Some(key)),
            None => (name.as_str(), None),
        };
        let is_variable = shell.variables.get(base).is_some();
        if letters.has('f') || (!letters.has('v') && !is_variable) {
            Arc::make_mut(&mut shell.functions).remove(name);
            continue;
        }
        if !crate::syntax::is_name(base) {
            status = shell
                .fail(1, &format!("unset: `{name}': not a valid identifier"))
                .await?;
            continue;
        }
        if let Err(error) = shell.unset(base, key) {
            let reason = error
                .to_string()
                .replace(": readonly variable", ": cannot unset: readonly variable");
            status = shell.fail(1, &format!("unset: {reason}")).await?;
        }
    }
    Ok(status)
}
