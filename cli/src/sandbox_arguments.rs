//! The command lines of `sandcell sandbox`.

use std::ffi::OsString;

use clap::{Args, Subcommand};

use crate::args::{SandboxArguments, ShowArguments};
use crate::duration::{self, TimeLimit};
use crate::saved::Saved;

/// What can be done with sandboxes.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  id=$(sandcell sandbox create --memory 256M)
  sandcell sandbox exec $id -c 'x = [1, 2]; len(x)'
  sandcell sandbox fork $id 3
  sandcell sandbox snapshot $id prepared
  sandcell sandbox rm $id")]
pub(crate) enum SandboxCommand {
    /// Make a sandbox and print its id
    Create(CreateArguments),
    /// List the sandboxes of this user
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Run a program in a sandbox, and put it back to disk
    ///
    /// Variables and files live from one run to the next. When the process is
    /// killed in its middle, the sandbox is as it was before.
    Exec(ResumedArguments),
    /// Talk to the interpreter of a sandbox, and put it back to disk at the end
    Resume {
        /// The sandbox's id, or the beginning of it
        id: String,

        #[command(flatten)]
        show: ShowArguments,
    },
    /// Have the command that uses a sandbox put it back to disk, and wait for that
    ///
    /// A program that runs is interrupted: variables live on. A sandbox that
    /// nobody uses is left alone.
    Pause {
        /// The sandbox's id, or the beginning of it
        id: String,
    },
    /// Save a copy of a sandbox, for `create --snapshot` and `run --snapshot`
    ///
    /// An existing one is replaced.
    Snapshot {
        /// The sandbox's id, or the beginning of it
        id: String,
        /// Its name, or a file: that has a `/` or a `.`
        name: Saved,
    },
    /// Make copies of a sandbox and print their ids, one a line
    ///
    /// They differ in randomness and share nothing that they change.
    Fork {
        /// The sandbox's id, or the beginning of it
        id: String,
        /// How many
        #[arg(default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=10_000))]
        count: u32,
    },
    /// Remove sandboxes
    Rm {
        /// Their ids, or the beginnings of them
        #[arg(required = true)]
        ids: Vec<String>,
    },
}

/// What can be done with named snapshots.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sandcell run --save prepared -c 'rows = list(range(10**6))'
  sandcell snapshot list
  sandcell run --snapshot prepared -c 'sum(rows)'
  sandcell snapshot rm prepared")]
pub(crate) enum SnapshotCommand {
    /// List them: name, size, image, and the sandbox that each was taken of
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Remove them; sandboxes that were made of them stay
    Rm {
        /// Their names
        #[arg(required = true)]
        names: Vec<String>,
    },
}

/// A sandbox to make.
#[derive(Debug, Args)]
pub(crate) struct CreateArguments {
    /// Start from a saved sandbox: its variables, files, environment and limits
    ///
    /// A file has a `/` or a `.` in its name; a plain word is the name that it was
    /// saved under, see `sandcell snapshot`.
    #[arg(long, value_name = "NAME")]
    pub(crate) snapshot: Option<Saved>,

    #[command(flatten)]
    pub(crate) sandbox: SandboxArguments,
}

/// A program to run in a sandbox.
#[derive(Debug, Args)]
#[command(
    override_usage = "sandcell sandbox exec [OPTIONS] ID FILE [ARGUMENT]...\n       \
                      sandcell sandbox exec [OPTIONS] ID -c CODE [ARGUMENT]..."
)]
pub(crate) struct ResumedArguments {
    /// The sandbox's id, or the beginning of it
    pub(crate) id: String,

    /// Code to run in place of a file
    #[arg(short, long, value_name = "CODE", allow_hyphen_values = true)]
    pub(crate) code: Option<OsString>,

    /// Print one JSON object a line: the events as they come, the outcome last
    #[arg(long, conflicts_with_all = ["raw", "save_dir"])]
    pub(crate) json: bool,

    /// Time limit of this run, in place of the sandbox's
    #[arg(long, value_name = "DURATION", value_parser = duration::limit)]
    pub(crate) timeout: Option<TimeLimit>,

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
