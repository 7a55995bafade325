//! The files of the recipe and of the kernel, carried in the crate: an installed
//! binary builds the guest without a clone of the repository.

use sandcell_guest_build::{File, embedded};

/// The folder `recipe`.
pub(crate) const RECIPE: &[File] = embedded!(
    "../../recipe/";
    "c/ceval_objects.h",
    "c/free_ints.h",
    "c/logarithm.c",
    "c/one_process.h",
    "c/string.c",
    "config.site",
    "crates.lock",
    "crates.toml",
    "interpreter.txt",
    "pack/compile.py",
    "pack/patch.py",
    "pack/stdlib.py",
    "pack/unpack.py",
    "requirements-library.txt",
    "steps/apt.sh",
    "steps/build-python.sh",
    "steps/c-libraries.sh",
    "steps/configure.sh",
    "steps/fetch-sources.sh",
    "steps/library.sh",
    "steps/licences.sh",
    "steps/link.sh",
    "steps/make.sh",
    "steps/stdlib.sh",
    "steps/tests.sh",
);

/// The files of the folder `recipe/data`: what the data image adds.
pub(crate) const DATA: &[File] = embedded!(
    "../../recipe/";
    "data/c/blas.c",
    "data/c/blas_fortran.h",
    "data/c/blas_real.h",
    "data/c/fenv.c",
    "data/c/nothreads.h",
    "data/c/sort.c",
    "data/c/sort_digits.h",
    "data/c/sse.h",
    "data/c/tags.s",
    "data/crates.lock",
    "data/crates.toml",
    "data/cross.ini",
    "data/cxx-runtime.sh",
    "data/drive.sh",
    "data/fetch-packages.sh",
    "data/flags.sh",
    "data/graphics.sh",
    "data/link.sh",
    "data/modules.sh",
    "data/numpy.sh",
    "data/pack/build_backend.py",
    "data/pack/guest_info.py",
    "data/pack/inittab.py",
    "data/pack/localize.py",
    "data/pack/patch.py",
    "data/pack/signatures.py",
    "data/pack/tree.py",
    "data/pack/unpack_sdist.py",
    "data/packages.sh",
    "data/pandas.sh",
    "data/plotting.sh",
    "data/requirements-packages.txt",
    "data/requirements-sources.txt",
    "data/requirements-tools.txt",
);

/// The C files of the folder `kernel`.
pub(crate) const KERNEL_C: &[File] = embedded!(
    "../../kernel/";
    "boot.c",
    "cell.c",
    "channel.c",
    "children.c",
    "freeze.c",
    "kernel.h",
    "print.c",
    "program.c",
    "reserve.c",
    "result.c",
    "source.c",
    "stop.c",
    "trim.c",
);

/// The Python package of the folder `kernel`.
pub(crate) const KERNEL_PYTHON: &[File] = embedded!(
    "../../kernel/";
    "sandcell_kernel/__init__.py",
    "sandcell_kernel/calls.py",
    "sandcell_kernel/charts.py",
    "sandcell_kernel/display.py",
    "sandcell_kernel/figures.py",
    "sandcell_kernel/formats.py",
    "sandcell_kernel/frames.py",
    "sandcell_kernel/loop.py",
    "sandcell_kernel/magics/__init__.py",
    "sandcell_kernel/magics/commands.py",
    "sandcell_kernel/magics/files.py",
    "sandcell_kernel/magics/help.py",
    "sandcell_kernel/magics/namespace.py",
    "sandcell_kernel/magics/output.py",
    "sandcell_kernel/magics/packages.py",
    "sandcell_kernel/magics/registry.py",
    "sandcell_kernel/magics/system.py",
    "sandcell_kernel/magics/timing.py",
    "sandcell_kernel/magics/wheels.py",
    "sandcell_kernel/options.py",
    "sandcell_kernel/pipes.py",
    "sandcell_kernel/pools.py",
    "sandcell_kernel/preload.py",
    "sandcell_kernel/pretty.py",
    "sandcell_kernel/processes.py",
    "sandcell_kernel/program.py",
    "sandcell_kernel/renewal.py",
    "sandcell_kernel/report.py",
    "sandcell_kernel/rewrite.py",
    "sandcell_kernel/rich.py",
    "sandcell_kernel/shell.py",
    "sandcell_kernel/shim.py",
    "sandcell_kernel/sources.py",
    "sandcell_kernel/start.py",
    "sandcell_kernel/streams.py",
    "sandcell_kernel/tables.py",
    "sandcell_kernel/tracebacks.py",
    "sandcell_kernel/unavailable.py",
    "sandcell_kernel/warmup.py",
    "sandcell_kernel/wire.py",
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
        assert_eq!(
            paths(RECIPE),
            on_disk("recipe", |path| !path.starts_with("data/"))
        );
        assert_eq!(
            paths(DATA),
            on_disk("recipe", |path| path.starts_with("data/"))
        );
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
            paths(KERNEL_PYTHON),
            on_disk("kernel", |path| {
                path.starts_with("sandcell_kernel/")
                    && Path::new(path).extension().is_some_and(|end| end == "py")
            })
        );
    }
}
