//! The command lines of `sandcell exec` and `sandcell shell`.

use std::ffi::OsString;

use clap::Args;

use crate::args::SandboxArguments;
use crate::saved::Saved;

/// A command and how to run it.
#[derive(Debug, Args)]
#[command(
    override_usage = "sandcell exec [OPTIONS] [--] COMMAND [ARGUMENT]...",
    after_help = "\
Examples:
  sandcell exec -- bash -c 'for i in 1 2 3; do echo $i; done | sort -r'
  sandcell exec --mount .:/project --cwd /project grep -rn TODO .
  sandcell exec --save prepared -- bash setup.sh < data

With --json each line of standard output is an object with a `type`: stdout or
stderr (with `text`, or `base64` when the bytes are no UTF-8); the type of the last
line is exit (with `code`, `signal`, `timed_out` and `usage`), or failure when
nothing ran.

Exit codes: that of the command, 128 and the signal's number when one ended it;
124 the time limit is over; 125 sandcell failed; 126 the command cannot be run;
127 there is no such command; 2 a wrong command line."
)]
pub(crate) struct ExecArguments {
    /// Print one JSON object a line: what is written as it comes, the exit last
    #[arg(long, conflicts_with = "raw")]
    pub(crate) json: bool,

    /// Let what the command prints steer the terminal (colours, cursor, title)
    #[arg(long)]
    pub(crate) raw: bool,

    /// Start from a saved sandbox: its files, variables, environment and limits
    ///
    /// A file has a `/` or a `.` in its name; a plain word is the name that it was
    /// saved under, see `sandcell snapshot`.
    #[arg(long, value_name = "NAME")]
    pub(crate) snapshot: Option<Saved>,

    /// Save the sandbox when the command has ended; an existing one is replaced
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<Saved>,

    /// Working directory in the sandbox [default: /home/user]
    #[arg(long, value_name = "DIR")]
    pub(crate) cwd: Option<String>,

    /// User whose home and name the command sees [default: user]
    #[arg(long, value_name = "NAME", value_parser = ["user", "root"])]
    pub(crate) user: Option<String>,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,

    /// The command, then its arguments
    #[arg(value_name = "COMMAND", required = true, trailing_var_arg = true)]
    pub(crate) words: Vec<OsString>,
}

/// The sandbox of a shell.
#[derive(Debug, Args)]
#[command(
    override_usage = "sandcell shell [OPTIONS] [--] [COMMAND [ARGUMENT]...]",
    after_help = "\
Examples:
  sandcell shell
  sandcell shell --mount .:/project
  sandcell shell --snapshot prepared --save prepared

Exit codes: as those of `sandcell exec`."
)]
pub(crate) struct ShellArguments {
    /// Start from a saved sandbox: its files, variables, environment and limits
    ///
    /// A file has a `/` or a `.` in its name; a plain word is the name that it was
    /// saved under, see `sandcell snapshot`.
    #[arg(long, value_name = "NAME")]
    pub(crate) snapshot: Option<Saved>,

    /// Save the sandbox when the shell has ended; an existing one is replaced
    #[arg(long, value_name = "NAME")]
    pub(crate) save: Option<Saved>,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,

    /// What to run on the terminal [default: bash]
    #[arg(value_name = "COMMAND", trailing_var_arg = true)]
    pub(crate) words: Vec<OsString>,
}
