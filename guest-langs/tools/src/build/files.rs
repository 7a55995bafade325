//! The files of the recipe and the C sources, carried in the crate: an installed
//! binary builds the tools without a clone of the repository.

use sandcell_guest_build::{File, embedded};

/// The folder `recipe`.
pub(crate) const RECIPE: &[File] = embedded!(
    "../../recipe/";
    "crates.lock",
    "crates.toml",
    "pack/patch.py",
    "pack/toybox.py",
    "pack/unpack.py",
    "sources.txt",
    "steps/awk.sh",
    "steps/debian.sh",
    "steps/fetch-tools.sh",
    "steps/git-library.sh",
    "steps/git.sh",
    "steps/jq.sh",
    "steps/licences-tools.sh",
    "steps/link-tools.sh",
    "steps/tools-flags.sh",
    "steps/tools-libraries.sh",
    "steps/toybox.sh",
    "toybox.txt",
);

/// The Unix below the tools.
pub(crate) const UNIX: &[File] = embedded!(
    "../../c/";
    "attach.h",
    "config/git2_features.h",
    "config/jq.h",
    "config/mawk.h",
    "config/oniguruma.h",
    "headers/setjmp.h",
    "start.c",
    "stop.c",
    "unix.h",
    "unix/absent.c",
    "unix/attributes.c",
    "unix/folders.c",
    "unix/processes.c",
    "unix/users.c",
);

/// Our own programs, with the headers of the Unix below them.
pub(crate) const PROGRAMS: &[File] = embedded!(
    "../../c/";
    "attach.h",
    "codec.h",
    "compare.h",
    "headers/setjmp.h",
    "main.c",
    "programs.h",
    "programs.list",
    "programs/attach.c",
    "programs/codec.c",
    "programs/compare.c",
    "programs/diff.c",
    "programs/fold.c",
    "programs/grep.c",
    "programs/lines.c",
    "programs/machine.c",
    "programs/network.c",
    "programs/pack.c",
    "programs/regex.c",
    "programs/streams.c",
    "programs/translate.c",
    "programs/tree.c",
    "programs/zip.c",
    "regex.h",
    "translate.h",
    "unix.h",
);

/// git's command line, with the headers of the Unix below it.
pub(crate) const GIT: &[File] = embedded!(
    "../../c/";
    "git/add.c",
    "git/apply.c",
    "git/blame.c",
    "git/branch.c",
    "git/checkout.c",
    "git/clone.c",
    "git/commands.list",
    "git/commit.c",
    "git/config.c",
    "git/credential.c",
    "git/diff.c",
    "git/fetch.c",
    "git/git.h",
    "git/graph.c",
    "git/graph.h",
    "git/grep.c",
    "git/init.c",
    "git/list.c",
    "git/log.c",
    "git/main.c",
    "git/merge.c",
    "git/network.c",
    "git/objects.c",
    "git/parse.c",
    "git/patch.c",
    "git/people.c",
    "git/pick.c",
    "git/place.c",
    "git/pretty.c",
    "git/push.c",
    "git/rebase.c",
    "git/refs.c",
    "git/refs.h",
    "git/remote.c",
    "git/reset.c",
    "git/restore.c",
    "git/restore.h",
    "git/revision.c",
    "git/stash.c",
    "git/status.c",
    "git/tag.c",
    "git/transfer.h",
    "git/walk.c",
    "git/words.c",
    "headers/setjmp.h",
    "unix.h",
);

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    fn on_disk(folder: &str) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        sandcell_guest_build::files_on_disk(&root, |_| true).unwrap()
    }

    #[test]
    fn every_file_of_the_folders_is_embedded() {
        let recipe: Vec<&str> = RECIPE.iter().map(|file| file.path).collect();
        assert_eq!(recipe, on_disk("recipe"));
        let all: BTreeSet<&str> = UNIX
            .iter()
            .chain(PROGRAMS)
            .chain(GIT)
            .map(|file| file.path)
            .collect();
        assert_eq!(all.into_iter().collect::<Vec<_>>(), on_disk("c"));
    }
}
