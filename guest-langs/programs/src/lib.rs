//! The programs that commands of a sandbox run: the shell, the tools, and the
//! languages as programs. One place assembles them for all doors.

#![forbid(unsafe_code)]

mod ps;
mod stty;

use std::sync::Arc;

use sandcell::command::{GuestProgram, InterpreterProgram, Program, Programs};
use sandcell::{Cache, Progress};
use sandcell_guest_build::{BuildError, BuiltGuest, Event, Silent, Teller};
use sandcell_shell::ShellProgram;
use sandcell_tools::Tools;

/// The image of JavaScript; every other image is one of Python.
const JAVASCRIPT: &str = "javascript";

/// Names of Python as a program: that of the sandbox's own image, with its packages.
const PYTHON: [&str; 3] = ["python", "python3", "python3.13"];

/// Names of JavaScript as a program.
const NODE: [&str; 3] = ["node", "nodejs", "tsx"];

/// The programs whose parts are there already: the tools when they are built,
/// each language when its image is there at the time that it is called. One look
/// at the file system.
#[must_use]
pub fn installed(cache: &Cache) -> Programs {
    assemble(Tools::default().recipe_in(cache.path()).built().as_ref())
}

/// All programs; the tools are built if they are not there, which takes minutes.
/// Blocks: never to be called on an async thread.
///
/// # Errors
/// [`BuildError`] of the tools.
pub fn build(cache: &Cache, progress: &mut dyn Progress) -> Result<Programs, BuildError> {
    let recipe = Tools::default().recipe_in(cache.path());
    let mut teller = Teller::new(progress);
    let tools = recipe.run(&mut |event: Event<'_>| teller.tell(&event))?;
    Ok(assemble(Some(&tools)))
}

/// As [`build`], without telling anybody.
///
/// # Errors
/// As [`build`].
pub fn build_silently(cache: &Cache) -> Result<Programs, BuildError> {
    let tools = Tools::default().recipe_in(cache.path()).run(&mut Silent)?;
    Ok(assemble(Some(&tools)))
}

fn assemble(tools: Option<&BuiltGuest>) -> Programs {
    let mut programs = Programs::new();
    if let Some(tools) = tools {
        add_tools(&mut programs, tools);
    }
    for name in PYTHON {
        programs.add(
            name,
            InterpreterProgram::of_own_image("python", &[JAVASCRIPT]),
        );
    }
    for name in NODE {
        programs.add(name, InterpreterProgram::of_image(JAVASCRIPT));
    }
    programs.add("ps", Arc::new(ps::ps));
    programs.add("stty", Arc::new(stty::stty));
    // The shell's own commands that start others take the places of tools of the
    // same names, which could not.
    ShellProgram::register(&mut programs);
    programs
}

fn add_tools(programs: &mut Programs, tools: &BuiltGuest) {
    let mut modules: Vec<(&str, Arc<GuestProgram>)> = Vec::new();
    for tool in sandcell_tools::programs() {
        let known = modules.iter().find(|(name, _)| *name == tool.module);
        let module: Arc<dyn Program> = if let Some((_, module)) = known {
            module.clone()
        } else {
            let module = GuestProgram::of_file(tools.program(tool.module));
            modules.push((tool.module, module.clone()));
            module
        };
        programs.add(&tool.name, module);
    }
}
