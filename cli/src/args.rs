//! What the command line can say.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::{Args, Parser, Subcommand};

use crate::duration::{self, TimeLimit};
pub(crate) use crate::exec_arguments::{ExecArguments, ShellArguments};
use crate::exit::ExitStatus;
pub(crate) use crate::image_arguments::{AddArguments, BuildArguments, ImageCommand};
use crate::language;
pub(crate) use crate::sandbox_arguments::{
    CreateArguments, ResumedArguments, SandboxCommand, SnapshotCommand,
};
use crate::saved::Saved;
pub(crate) use crate::serve_arguments::{EnvArguments, PORT, ServeArguments};
use crate::size;

/// Reads the command line of this process. Where there is nothing to do but to
/// say something, such as help, it is said, and the exit status answered.
pub(crate) fn parse() -> Result<Arguments, ExitStatus> {
    Arguments::try_parse().map_err(|refusal| {
        // Nothing can be done when nobody can read it.
        let _unread = refusal.print();
        if refusal.use_stderr() {
            ExitStatus::Usage
        } else {
            ExitStatus::Success
        }
    })
}

/// Runs code that nobody has reviewed, in a local sandbox.
///
/// A real interpreter, compiled to WebAssembly, with limits on time, memory and
/// output: no network, no host file, no virtual machine, no container.
#[derive(Debug, Parser)]
#[command(name = "sandcell", version, arg_required_else_help = true)]
#[command(after_help = "\
Examples:
  sandcell run examples/hello.py          run a program
  sandcell run examples/hello.ts          in TypeScript, too
  sandcell run -c 'sum(range(10))'        run a line of code
  sandcell exec -- ls -la /               run a command
  sandcell shell                          open a shell
  sandcell repl                           try things out
  sandcell serve                          let E2B's SDKs use this machine
  sandcell mcp                            give tools to a desktop agent
  sandcell doctor                         see what is missing or damaged

Exit codes: 0 all went well; 1 the program failed, met a limit or broke;
2 wrong usage; 3 a failure of sandcell or of this machine.")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run a program in a fresh sandbox
    ///
    /// What it prints goes to standard output and standard error as it is
    /// written; the value of its last expression, if it ends in one, is printed
    /// after that. The first run builds what is missing.
    Run(RunArguments),
    /// Run a command in a fresh sandbox, or in a saved one
    ///
    /// The shell, the tools that scripts use, and Python are there as commands;
    /// nothing runs on the host. Standard input is passed on as it comes.
    Exec(ExecArguments),
    /// Open a shell in a sandbox on this terminal
    ///
    /// What runs in it may steer the terminal, as with a remote shell. `exit` or
    /// Ctrl-D leaves.
    Shell(ShellArguments),
    /// Talk to an interpreter in a sandbox
    ///
    /// Variables live from cell to cell; `%undo` takes variables back to where they
    /// were before the last one. A cell of several lines ends with an
    /// empty line. Ctrl-C interrupts a running cell, Ctrl-D leaves. Pictures and
    /// other rich results are saved as files, whose paths are printed.
    Repl(ReplArguments),
    /// Make, use, copy and remove sandboxes that outlive this command
    ///
    /// Between commands they are on disk and hold no memory. They are kept in
    /// $SANDCELL_STATE, else $XDG_STATE_HOME/sandcell, else
    /// ~/.local/state/sandcell.
    #[command(subcommand)]
    Sandbox(SandboxCommand),
    /// List and remove saved sandboxes that have a name
    ///
    /// `sandcell sandbox snapshot` and `--save` make them, `--snapshot` starts from
    /// them. They are kept where sandboxes are.
    #[command(subcommand)]
    Snapshot(SnapshotCommand),
    /// Build, list, inspect, export, import or remove images
    ///
    /// They are kept in $SANDCELL_CACHE, else $XDG_CACHE_HOME/sandcell, else
    /// ~/.cache/sandcell.
    #[command(subcommand)]
    Image(ImageCommand),
    /// Serve the E2B protocol: unmodified SDKs use this machine
    ///
    /// `sandcell env` prints what to tell them. Ctrl-C ends the server and all
    /// its sandboxes.
    Serve(ServeArguments),
    /// Print the lines that point E2B's SDKs to this machine
    ///
    /// For `eval "$(sandcell env)"`: the key, which is made at first use, and the
    /// address of the running server.
    Env(EnvArguments),
    /// Serve tools over standard input and output, for desktop agents (MCP)
    ///
    /// Speaks the Model Context Protocol: code, files, copies and snapshots of
    /// sandboxes. A client starts it; its sandboxes end with its input.
    Mcp(McpArguments),
    /// Look for what is missing or damaged, and say what mends it
    ///
    /// Reads every byte of every image. Exit code 0: all is well; 3: something
    /// is missing or damaged.
    Doctor,
}

const RUN_EXAMPLES: &str = "\
Examples:
  sandcell run program.py --its-own --options
  sandcell run -c 'print(input())' < data.txt
  generate-code | sandcell run --timeout 10s --memory 256M -
  sandcell run --json -c '1 + 1'
  sandcell run prepare.py --save prepared
  sandcell run --snapshot prepared --fork 3 -c 'import random; random.random()'
  sandcell run --seed 7 -c 'import random; random.random()'";

const RUN_NOTES: &str = "\
The file's extension says what it is: .js, .ts and their like are JavaScript and
TypeScript, .sh and .bash commands of the sandbox's shell, run as by `sandcell
exec`, with its output and exit codes; all others are Python.

Standard input is data for the program, unless it is the program (`-`) or a
terminal; at most 64 MiB, read before the program starts.

With --json each line of standard output is an object with a `type`: stdout or
stderr (with `text`, or `base64` when the bytes are no UTF-8); result, display or
update_display (with `data` and `metadata` by MIME type); clear_output; error
(with `name`, `value` and `traceback`). The type of the last line is outcome (with
`end`, which is finished, raised, interrupted, exhausted or trapped, and `exit`,
`usage` and `lost`), or failure when nothing ran.

Exit codes: 0 all went well; 1 the program failed, met a limit or broke;
2 wrong usage; 3 a failure of sandcell or of this machine.";

/// A program and how to run it.
#[derive(Debug, Args)]
#[command(
    override_usage = "sandcell run [OPTIONS] FILE [ARGUMENT]...\n       \
                      sandcell run [OPTIONS] -c CODE [ARGUMENT]...",
    after_help = RUN_EXAMPLES,
    after_long_help = format!("{RUN_NOTES}\n\n{RUN_EXAMPLES}")
)]
pub(crate) struct RunArguments {
    /// Code to run in place of a file
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true)]
    pub(crate) code: Option<OsString>,

    /// Print one JSON object a line: the events as they come, the outcome last
    #[arg(long, conflicts_with_all = ["raw", "save_dir"])]
    pub(crate) json: bool,

    /// Start from a saved sandbox: its variables, files, environment and limits
    ///
    /// A file has a `/` or a `.` in its name; a plain word is the name that it was
    /// saved under, see `sandcell snapshot`.
    #[arg(long, value_name = "NAME")]
    pub(crate) snapshot: Option<Saved>,

    /// Save the sandbox when the program has ended; an existing one is replaced
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<Saved>,

    /// Make so many copies of the sandbox and run the program in each of them
    ///
    /// One after the other; SANDCELL_CHILD counts them from 1. They differ in
    /// randomness and share nothing that they change.
    #[arg(long, value_name = "N", conflicts_with = "save",
          value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) fork: Option<u32>,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,

    #[command(flatten)]
    pub(crate) show: ShowArguments,

    /// The program, `-` for standard input; then its arguments (`sys.argv`)
    #[arg(
        value_name = "FILE",
        required_unless_present = "code",
        trailing_var_arg = true
    )]
    pub(crate) words: Vec<OsString>,
}

/// The sandbox to talk to.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  sandcell repl
  sandcell repl --lang js
  sandcell repl --memory 1GiB --timeout none --save-dir pictures")]
pub(crate) struct ReplArguments {
    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,

    #[command(flatten)]
    pub(crate) show: ShowArguments,
}

/// What a sandbox is made of.
#[derive(Debug, Args)]
pub(crate) struct SandboxArguments {
    /// Image to start from: a name, or the path of an exported image
    ///
    /// A path has a `/` or a `.` in it; its image is imported unless it was
    /// before.
    #[arg(long, value_name = "NAME|PATH")]
    pub(crate) image: Option<PathBuf>,

    /// Language: python, javascript (js) or typescript (ts)
    ///
    /// Without it and without --image, the ending of the program's file decides,
    /// and anything else is Python.
    #[arg(long, value_name = "NAME", value_parser = image_of_language, conflicts_with = "image")]
    pub(crate) lang: Option<&'static str>,

    /// Memory limit, the interpreter included [default: 512M, at most 4G]
    #[arg(long, value_name = "SIZE", value_parser = size::bytes)]
    pub(crate) memory: Option<u64>,

    /// Time limit of each run, for example 30s, 500ms, 2m or none [default: 5m]
    #[arg(long, value_name = "DURATION", value_parser = duration::limit)]
    pub(crate) timeout: Option<TimeLimit>,

    /// Fuel limit of each run: about one unit an instruction [default: none]
    ///
    /// Needs an image that counts fuel: `sandcell image build NAME --fuel`.
    #[arg(long, value_name = "N", value_parser = size::count)]
    pub(crate) fuel: Option<u64>,

    /// Limit of all output of each run [default: 64M]
    #[arg(long, value_name = "SIZE", value_parser = size::bytes)]
    pub(crate) output_limit: Option<u64>,

    /// Set an environment variable; NAME alone copies it from the host
    ///
    /// Can be given several times. Nothing else of the host's environment is
    /// visible in the sandbox.
    #[arg(long, value_name = "NAME[=VALUE]")]
    pub(crate) env: Vec<OsString>,

    /// Show a folder of the host in the sandbox, read-only unless `:rw` follows
    ///
    /// Can be given several times. What a program writes there is on the host at
    /// once, and stays.
    #[arg(long, value_name = "HOST:GUEST[:rw]")]
    pub(crate) mount: Vec<OsString>,

    /// Make runs repeatable: fixes randomness, and the clock to 2026-01-01
    ///
    /// Two runs of the same program with the same seed then print the same.
    #[arg(long, value_name = "N")]
    pub(crate) seed: Option<u64>,
}

/// How to show what a program does.
#[derive(Debug, Args)]
pub(crate) struct ShowArguments {
    /// Let what the program prints steer the terminal (colours, cursor, title)
    #[arg(long)]
    pub(crate) raw: bool,

    /// Save pictures and other rich results as files in this folder
    #[arg(long, value_name = "DIR")]
    pub(crate) save_dir: Option<PathBuf>,
}

/// What the tools work with.
#[derive(Debug, Args)]
pub(crate) struct McpArguments {
    /// Memory limit of each sandbox's interpreters [default: 512M, at most 4G]
    #[arg(long, value_name = "SIZE", value_parser = size::bytes)]
    pub(crate) memory: Option<u64>,

    /// Sandboxes that may live at once
    #[arg(long, value_name = "N", default_value_t = 16, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) max_sandboxes: u32,
}

impl SandboxArguments {
    /// The image to start from, for a program in this file.
    pub(crate) fn image_for(&self, file: Option<&Path>) -> PathBuf {
        match (&self.image, self.lang) {
            (Some(image), _) => image.clone(),
            (None, Some(image)) => PathBuf::from(image),
            (None, None) => PathBuf::from(language::image_for(file)),
        }
    }
}

fn image_of_language(name: &str) -> Result<&'static str, String> {
    language::image_of(name).ok_or_else(|| "there is no such language".to_owned())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Arguments::command().debug_assert();
    }

    #[track_caller]
    fn run(words: &[&str]) -> RunArguments {
        let words = ["sandcell", "run"].iter().chain(words);
        match Arguments::try_parse_from(words).unwrap().command {
            Command::Run(run) => run,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn what_follows_the_file_belongs_to_the_program() {
        let parsed = run(&["--memory", "1G", "a.py", "--memory", "2G", "-c", "x", "--"]);
        assert_eq!(parsed.sandbox.memory, Some(1 << 30));
        assert_eq!(parsed.code, None);
        assert_eq!(parsed.words, ["a.py", "--memory", "2G", "-c", "x", "--"]);
    }

    #[test]
    fn a_dash_is_a_file() {
        assert_eq!(run(&["-"]).words, ["-"]);
        assert_eq!(run(&["--json", "-", "-x"]).words, ["-", "-x"]);
    }

    #[test]
    fn code_may_start_with_a_dash() {
        assert_eq!(run(&["-c", "-1"]).code, Some("-1".into()));
        assert_eq!(run(&["-c", "1", "a", "-b"]).words, ["a", "-b"]);
    }

    #[test]
    fn settings_without_effect_are_refused() {
        for words in [["--json", "--raw"], ["--json", "--save-dir=x"]] {
            let words = ["sandcell", "run", "-c", "1"].iter().chain(&words);
            assert!(Arguments::try_parse_from(words).is_err());
        }
    }
}
