//! What is in a cache, and whether it is whole.

use crate::engine::{Engine, Metering, Ticker};
use crate::error::{Error, Result};
use crate::image::Cache;
use crate::image::folder::Folder;

/// What an image is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ImageSummary {
    /// Its name in the cache.
    pub name: String,
    /// Digest of all that its guests share.
    pub id: String,
    /// Digest of the recipe that made it, see [`crate::Language::recipe`].
    pub recipe: String,
    /// Bytes of the guest module.
    pub module_bytes: u64,
    /// Bytes of booted memory.
    pub memory_bytes: u64,
    /// Bytes of the library.
    pub library_bytes: u64,
    /// Pages that a first cell writes to, copied in advance.
    pub hot_pages: u64,
    /// Whether code for this machine is there: counting time only.
    pub compiled: bool,
    /// Whether code that counts fuel is there, too.
    pub fuel: bool,
    /// Names of the licence texts that it carries.
    pub licences: Vec<String>,
    /// What is wrong with it, if anything is; the rest is then empty.
    pub fault: Option<String>,
}

/// Something that [`Cache::check`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The image.
    pub image: String,
    /// What is wrong, or `None` when all is well.
    pub problem: Option<String>,
    /// The command that mends it.
    pub remedy: Option<String>,
}

pub(crate) fn list(cache: &Cache) -> Result<Vec<ImageSummary>> {
    let mut summaries = Vec::new();
    for name in names(cache)? {
        let folder = cache.existing(&name)?;
        summaries.push(
            summary(cache, &name, &folder).unwrap_or_else(|error| ImageSummary {
                name,
                id: String::new(),
                recipe: String::new(),
                module_bytes: 0,
                memory_bytes: 0,
                library_bytes: 0,
                hot_pages: 0,
                compiled: false,
                fuel: false,
                licences: Vec::new(),
                fault: Some(error.to_string()),
            }),
        );
    }
    Ok(summaries)
}

pub(crate) fn summary(cache: &Cache, name: &str, folder: &Folder) -> Result<ImageSummary> {
    let manifest = folder.manifest()?;
    let ticker = Ticker::start().map_err(Error::io("start", "the ticker's thread"))?;
    let has = |metering| -> Result<bool> {
        let engine = Engine::new(metering, manifest.exceptions, &ticker)?;
        Ok(cache
            .compiled()
            .load(&manifest.module.digest, &engine)
            .is_some())
    };
    Ok(ImageSummary {
        name: name.to_owned(),
        id: manifest.id.clone(),
        recipe: manifest.recipe.clone(),
        module_bytes: manifest.module.bytes,
        memory_bytes: manifest.memory.bytes,
        library_bytes: manifest.library.bytes,
        hot_pages: sandcell_sys::page_count(&manifest.hot_runs()),
        compiled: has(Metering::Time)?,
        fuel: has(Metering::Fuel)?,
        licences: manifest.licences.clone(),
        fault: None,
    })
}

pub(crate) fn check(cache: &Cache) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for name in names(cache)? {
        let folder = cache.existing(&name)?;
        let whole = folder
            .manifest()
            .and_then(|manifest| folder.verify(&manifest));
        let finding = match whole {
            Err(error) => Finding {
                problem: Some(error.to_string()),
                remedy: Some(format!("sandcell image build {name}")),
                image: name,
            },
            Ok(()) => {
                let compiled = summary(cache, &name, &folder)?.compiled;
                let problem = "it is not compiled for this machine and this version";
                Finding {
                    problem: (!compiled).then(|| problem.to_owned()),
                    remedy: (!compiled).then(|| format!("sandcell run --image {name} -c 1")),
                    image: name,
                }
            }
        };
        findings.push(finding);
    }
    Ok(findings)
}

pub(super) fn names(cache: &Cache) -> Result<Vec<String>> {
    let folder = cache.path().join("images");
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(Error::io("list", &folder))? {
        let entry = entry.map_err(Error::io("list", &folder))?;
        let name = entry.file_name().to_string_lossy().into_owned();
        // Folders that start with a dot are being written, or were left behind.
        if entry.path().is_dir() && !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}
