//! The command line of `sandcell image`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::language;

/// What can be done with images.
#[derive(Debug, Subcommand)]
#[command(after_help = "\
Examples:
  sandcell image build python
  sandcell image add humanize==4.9.0 --name mine
  sandcell image export python python.sandcell
  sandcell image import python.sandcell")]
pub(crate) enum ImageCommand {
    /// Build an image, unless an up-to-date one is there
    Build(BuildArguments),
    /// Make an image of your own: Python with more packages
    ///
    /// pip of this machine resolves and fetches them and what they need; they are
    /// kept by their SHA-256. Only wheels of Python alone (py3-none-any) are taken.
    /// The packages are imported before the image is frozen, so that cells find
    /// them without reading files. Code of the packages runs in the sandbox only.
    Add(AddArguments),
    /// List the images of this user
    List {
        /// Print one JSON object a line
        #[arg(long)]
        json: bool,
    },
    /// Describe an image
    Inspect {
        /// The image's name
        name: String,
        /// Print a JSON object
        #[arg(long)]
        json: bool,
    },
    /// Write an image into one file that other machines can import
    ///
    /// Guest, library, booted memory, licences and digests, but no native code:
    /// that is made on import. An existing file is replaced.
    Export {
        /// The image's name
        name: String,
        /// The file to write
        file: PathBuf,
    },
    /// Take an exported image, check it and compile it for this machine
    ///
    /// Needs no network. An image of the same name is replaced.
    Import {
        /// The file to read
        file: PathBuf,
    },
    /// Remove an image and its compiled code
    Remove {
        /// The image's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct AddArguments {
    /// Packages and their versions
    #[arg(required = true, value_name = "NAME==VERSION")]
    pub(crate) packages: Vec<String>,

    /// Name of the new image; one of that name is replaced
    #[arg(long, value_name = "NAME")]
    pub(crate) name: String,

    /// The image that it is made from, which is built if it is missing
    #[arg(long, value_name = "NAME", default_value = language::PYTHON, value_parser = [language::PYTHON, language::DATA])]
    pub(crate) base: String,
}

#[derive(Debug, Args)]
pub(crate) struct BuildArguments {
    /// The language, which is the name of its image
    pub(crate) name: String,

    /// Use this source archive of the interpreter instead of fetching it
    ///
    /// Its digest must be the one that the recipe names.
    #[arg(long, value_name = "FILE")]
    pub(crate) source: Option<PathBuf>,

    /// Compile a second variant, which counts fuel
    #[arg(long)]
    pub(crate) fuel: bool,

    /// Compilers that run at once [default: as many as there are processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub(crate) jobs: Option<u16>,

    /// Boot the image anew even when an up-to-date one is there
    #[arg(long)]
    pub(crate) force: bool,
}
