//! The files of the recipe and of the kernel, carried in the crate: an installed
//! binary builds the guest without a clone of the repository.

use sandcell_guest_build::{File, embedded};

/// The folder `recipe`.
pub(crate) const RECIPE: &[File] = embedded!(
    "../../recipe/";
    "c/native.c",
    "crates.lock",
    "crates.toml",
    "pack/append.c",
    "pack/bundle.mjs",
    "pack/locals.c",
    "pack/patch.py",
    "pack/sucrase.mjs",
    "package-lock.json",
    "package.json",
    "requirements-node.txt",
    "steps/bundle.sh",
    "steps/engine.sh",
    "steps/fetch-packages.sh",
    "steps/fetch-sources.sh",
    "steps/licences.sh",
    "steps/link.sh",
    "steps/native.sh",
);

/// The C files of the folder `kernel`.
pub(crate) const KERNEL_C: &[File] = embedded!(
    "../../kernel/";
    "boot.c",
    "cell.c",
    "channel.c",
    "children.c",
    "files.c",
    "holes.c",
    "hooks.c",
    "kernel.h",
    "modules.c",
    "program.c",
    "rejections.c",
    "reserve.c",
    "source.c",
    "stop.c",
    "trim.c",
    "values.c",
);

/// The scripts of the folder `kernel`.
pub(crate) const KERNEL_JS: &[File] = embedded!(
    "../../kernel/";
    "js/console.js",
    "js/display.js",
    "js/early.js",
    "js/globals.js",
    "js/heap.js",
    "js/inner.js",
    "js/inner/display.js",
    "js/inner/errors.js",
    "js/inner/main.js",
    "js/inner/outer.js",
    "js/inner/print.js",
    "js/inner/rewrite.js",
    "js/inner/table.js",
    "js/inspect.js",
    "js/intl/collator.js",
    "js/intl/index.js",
    "js/intl/locales.js",
    "js/intl/zones.js",
    "js/loop.js",
    "js/main.js",
    "js/modules/builtins.js",
    "js/modules/load.js",
    "js/modules/require.js",
    "js/modules/resolve.js",
    "js/modules/source.js",
    "js/native.js",
    "js/node/absent.js",
    "js/node/async-hooks.js",
    "js/node/basic.js",
    "js/node/child-process.js",
    "js/node/crypto.js",
    "js/node/events.js",
    "js/node/file-errors.js",
    "js/node/fs-stats.js",
    "js/node/fs-sync.js",
    "js/node/fs.js",
    "js/node/index.js",
    "js/node/os.js",
    "js/node/parse-args.js",
    "js/node/pipes.js",
    "js/node/stream.js",
    "js/node/timers.js",
    "js/node/url.js",
    "js/node/util.js",
    "js/node/vm.js",
    "js/node/zlib.js",
    "js/options.js",
    "js/primordials.js",
    "js/process.js",
    "js/program.js",
    "js/renew.js",
    "js/streams.js",
    "js/types.js",
    "js/web/abort.js",
    "js/web/atomics.js",
    "js/web/blob.js",
    "js/web/crypto.js",
    "js/web/domains.js",
    "js/web/fetch.js",
    "js/web/hashes.js",
    "js/web/index.js",
    "js/web/performance.js",
    "js/web/text-streams.js",
    "js/web/text.js",
    "js/web/url.js",
);

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn on_disk(folder: &str, wanted: fn(&str) -> bool) -> Vec<String> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        sandcell_guest_build::files_on_disk(&root, wanted).unwrap()
    }

    fn paths(files: &[File]) -> Vec<&str> {
        files.iter().map(|file| file.path).collect()
    }

    #[test]
    fn every_file_of_the_folders_is_embedded() {
        assert_eq!(paths(RECIPE), on_disk("recipe", |_| true));
        assert_eq!(
            paths(KERNEL_C),
            on_disk("kernel", |path| {
                !path.contains('/')
                    && Path::new(path)
                        .extension()
                        .is_some_and(|end| end == "c" || end == "h")
            })
        );
        assert_eq!(
            paths(KERNEL_JS),
            on_disk("kernel", |path| path.starts_with("js/"))
        );
    }
}
