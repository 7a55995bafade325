//! What an image says about itself.

use serde::{Deserialize, Serialize};

use sandcell_sys::PageRun;

use crate::engine::GlobalValue;
use crate::error::ImageFault;
use crate::guest::ABI_VERSION;

/// Version of the image format.
pub(crate) const IMAGE_FORMAT: u32 = 1;

/// Most bytes of a manifest.
pub(crate) const MANIFEST_BYTES: u64 = 4 << 20;

/// Names of an image's files.
pub(crate) const MANIFEST: &str = "manifest.json";
pub(crate) const MODULE: &str = "module.wasm";
pub(crate) const MEMORY: &str = "memory.img";
pub(crate) const LIBRARY: &str = "library.zip";
pub(crate) const LICENCES: &str = "licences";
pub(crate) const BUILD: &str = "build.json";

/// A file of an image, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct FileRecord {
    pub(crate) bytes: u64,
    /// BLAKE3 of its contents, hexadecimal.
    pub(crate) digest: String,
}

/// `manifest.json` of an image.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Manifest {
    /// [`IMAGE_FORMAT`].
    pub(crate) format: u32,
    /// [`ABI_VERSION`].
    pub(crate) abi: u32,
    /// Name of the language.
    pub(crate) language: String,
    /// Digest of the recipe that built the guest.
    pub(crate) recipe: String,
    /// Digest of module, memory, library and globals: what snapshots bind to.
    pub(crate) id: String,
    pub(crate) module: FileRecord,
    pub(crate) memory: FileRecord,
    pub(crate) library: FileRecord,
    /// Names and frozen values of the module's mutable globals.
    pub(crate) globals: Vec<(String, GlobalValue)>,
    /// Address and bits of each interrupt word.
    pub(crate) interrupt_words: Vec<(u32, u32)>,
    /// Address of the word that makes a running guest look up.
    pub(crate) stop_word: u32,
    /// Its module throws exceptions: it needs an engine that runs them.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) exceptions: bool,
    /// Where the monotonic clock stood, in nanoseconds.
    pub(crate) monotonic_ns: u64,
    /// First page and length of each run that a first cell writes to.
    pub(crate) hot: Vec<(u32, u32)>,
    /// Names of the licence texts.
    pub(crate) licences: Vec<String>,
}

impl Manifest {
    /// Reads and checks a manifest.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ImageFault> {
        let malformed = |detail: String| ImageFault::Manifest { detail };
        // The version first, so that another format is told apart from damage.
        let value: serde_json::Value =
            serde_json::from_slice(bytes).map_err(|error| malformed(error.to_string()))?;
        let number = |key: &str| value.get(key).and_then(serde_json::Value::as_u64);
        let format = number("format").ok_or_else(|| malformed("no format".to_owned()))?;
        if format != u64::from(IMAGE_FORMAT) || number("abi") != Some(u64::from(ABI_VERSION)) {
            return Err(ImageFault::Format {
                found: u32::try_from(format).unwrap_or(u32::MAX),
                expected: IMAGE_FORMAT,
            });
        }
        let manifest: Self =
            serde_json::from_value(value).map_err(|error| malformed(error.to_string()))?;
        if manifest.id != manifest.computed_id() {
            return Err(malformed("its id does not fit its contents".to_owned()));
        }
        let pages = manifest.memory.bytes / sandcell_sys::PAGE_BYTES as u64;
        let hot_in_bounds = manifest
            .hot
            .iter()
            .all(|(first, count)| u64::from(*first) + u64::from(*count) <= pages && *count > 0);
        if !hot_in_bounds || manifest.hot.len() > 4096 {
            return Err(malformed("its hot set is out of bounds".to_owned()));
        }
        let plain = |name: &String| !name.contains('/') && name != ".." && !name.is_empty();
        if manifest.licences.len() > 256 || !manifest.licences.iter().all(plain) {
            return Err(malformed("a licence has no plain name".to_owned()));
        }
        Ok(manifest)
    }

    /// The digest that [`Self::id`] must be.
    pub(crate) fn computed_id(&self) -> String {
        let mut hasher = blake3::Hasher::new();
        for part in [
            &self.module.digest,
            &self.memory.digest,
            &self.library.digest,
        ] {
            hasher.update(part.as_bytes());
            hasher.update(b"\n");
        }
        let words = (&self.globals, &self.interrupt_words, self.stop_word);
        hasher.update(format!("{words:?}").as_bytes());
        hasher.finalize().to_hex().to_string()
    }

    pub(crate) fn hot_runs(&self) -> Vec<PageRun> {
        self.hot
            .iter()
            .map(|(first, count)| PageRun {
                first: *first,
                count: *count,
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn manifest() -> Manifest {
        let record = |digest: &str| FileRecord {
            bytes: 65_536,
            digest: digest.to_owned(),
        };
        let mut manifest = Manifest {
            format: IMAGE_FORMAT,
            abi: ABI_VERSION,
            language: "python".to_owned(),
            recipe: "r".to_owned(),
            id: String::new(),
            module: record("a"),
            memory: record("b"),
            library: record("c"),
            globals: vec![("g".to_owned(), GlobalValue::I32(7))],
            interrupt_words: vec![(16, 1)],
            stop_word: 64,
            exceptions: false,
            monotonic_ns: 1,
            hot: vec![(0, 2)],
            licences: vec!["zlib.txt".to_owned()],
        };
        manifest.id = manifest.computed_id();
        manifest
    }

    fn check(change: impl FnOnce(&mut Manifest), expected: &str) {
        let mut manifest = manifest();
        change(&mut manifest);
        let bytes = serde_json::to_vec(&manifest).unwrap();
        let result = Manifest::parse(&bytes)
            .map(|_| ())
            .map_err(|fault| fault.to_string());
        match result {
            Ok(()) => assert_eq!(expected, ""),
            Err(text) => assert!(text.contains(expected) && !expected.is_empty(), "{text}"),
        }
    }

    #[test]
    fn manifests_are_checked_strictly() {
        check(|_| {}, "");
        check(|manifest| manifest.format = 2, "format 2");
        check(|manifest| manifest.memory.digest = "x".to_owned(), "id");
        check(|manifest| manifest.hot = vec![(15, 2)], "hot set");
        check(
            |manifest| manifest.licences = vec!["../x".to_owned()],
            "licence",
        );
        assert!(Manifest::parse(b"{").is_err());
        assert!(Manifest::parse(b"[1]").is_err());
    }
}
