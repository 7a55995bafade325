//! Text files that a recipe carries: an installed program builds a guest without
//! a clone of the repository.

/// One embedded text file.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Path inside its folder, with `/`.
    pub path: &'static str,
    /// Its contents.
    pub text: &'static str,
}

/// A list of [`File`]s: `embedded!("../recipe/"; "a", "b/c")` embeds the files of
/// a folder, whose path is as `include_str!` wants it.
#[macro_export]
macro_rules! embedded {
    ($folder:literal; $($path:literal),+ $(,)?) => {
        &[$($crate::File {
            path: $path,
            text: include_str!(concat!($folder, $path)),
        }),+]
    };
}

/// What all recipes share: the compiler, its flags, the guest's allocator.
pub const SHARED: &[File] = embedded!(
    "../recipe/";
    "c/duplicate.c",
    "c/malloc.c",
    "requirements-compiler.txt",
    "steps/fetch-compiler.sh",
    "steps/flags.sh",
    "steps/pip.sh",
);

/// All files below `folder` that `wanted` accepts, by their paths inside it,
/// sorted: for the test of a recipe that it embeds all its files.
///
/// # Errors
/// When a folder cannot be read.
pub fn files_on_disk(
    folder: &std::path::Path,
    wanted: fn(&str) -> bool,
) -> std::io::Result<Vec<String>> {
    let mut found = Vec::new();
    let mut folders = vec![(folder.to_owned(), String::new())];
    while let Some((folder, inside)) = folders.pop() {
        for entry in std::fs::read_dir(folder)? {
            let entry = entry?;
            let path = format!("{inside}{}", entry.file_name().to_string_lossy());
            if entry.file_type()?.is_dir() {
                folders.push((entry.path(), format!("{path}/")));
            } else {
                found.push(path);
            }
        }
    }
    found.retain(|path| wanted(path));
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn every_shared_file_is_embedded() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("recipe");
        let embedded: Vec<&str> = SHARED.iter().map(|file| file.path).collect();
        assert_eq!(embedded, files_on_disk(&folder, |_| true).unwrap());
    }
}
