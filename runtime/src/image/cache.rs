//! The user's private cache of images and compiled code.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustix::fs::{FlockOperation, Mode, OFlags, RenameFlags};

use crate::engine::{Engine, Metering, Ticker};
use crate::error::{Error, Result};
use crate::guest::{GuestFolder, Language, Progress, Step};
use crate::image::boot::boot;
use crate::image::compiled::CompiledCode;
use crate::image::folder::{Folder, make_private_folder};
use crate::image::loaded::module;
use crate::image::{Image, ImageSummary, archive, inspect};

/// The variable that names another cache folder.
const CACHE_VARIABLE: &str = "SANDCELL_CACHE";

/// A folder, of mode 0700, with `images/` and `compiled/` in it, and with what
/// the languages keep of their builds.
#[derive(Debug, Clone)]
pub struct Cache {
    path: PathBuf,
}

impl Cache {
    /// The cache of this user: `$SANDCELL_CACHE`, else
    /// `$XDG_CACHE_HOME/sandcell`, else `~/.cache/sandcell`. Makes the folder.
    ///
    /// # Errors
    /// [`Error::BadSetting`] without a home, or when others may write to the
    /// folder; [`Error::Io`].
    pub fn of_user() -> Result<Self> {
        let variable = |name| std::env::var_os(name).filter(|value| !value.is_empty());
        let path = if let Some(path) = variable(CACHE_VARIABLE) {
            PathBuf::from(path)
        } else if let Some(path) = variable("XDG_CACHE_HOME") {
            Path::new(&path).join("sandcell")
        } else if let Some(home) = variable("HOME") {
            Path::new(&home).join(".cache").join("sandcell")
        } else {
            return Err(Error::BadSetting {
                setting: "cache",
                value: String::new(),
                reason: "neither SANDCELL_CACHE nor XDG_CACHE_HOME nor HOME is set".to_owned(),
            });
        };
        Self::at(path)
    }

    /// A cache in a folder of its own. Makes the folder.
    ///
    /// # Errors
    /// As [`Self::of_user`].
    pub fn at(path: impl Into<PathBuf>) -> Result<Self> {
        let path = path.into();
        make_private_folder(&path)?;
        make_private_folder(&path.join("images"))?;
        Ok(Self { path })
    }

    /// The folder.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn compiled(&self) -> CompiledCode {
        CompiledCode::new(&self.path)
    }

    pub(crate) fn folder(&self, name: &str) -> Result<Folder> {
        check_name(name)?;
        Ok(Folder::new(self.path.join("images").join(name)))
    }

    /// The folder of an image that is there.
    pub(crate) fn existing(&self, name: &str) -> Result<Folder> {
        let folder = self.folder(name)?;
        if folder.path.is_dir() {
            return Ok(folder);
        }
        Err(Error::NoImage {
            name: name.to_owned(),
            cache: self.path.clone(),
        })
    }

    /// What is in the cache, by name. A damaged image is listed with its fault.
    ///
    /// # Errors
    /// [`Error::Io`] when the folder cannot be read.
    pub fn images(&self) -> Result<Vec<ImageSummary>> {
        inspect::list(self)
    }

    /// Describes one image.
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::BadImage`].
    pub fn image(&self, name: &str) -> Result<ImageSummary> {
        inspect::summary(self, name, &self.existing(name)?)
    }

    /// Looks for what is missing or damaged; reads every byte of every image.
    ///
    /// # Errors
    /// [`Error::Io`] when the cache itself cannot be read.
    pub fn check(&self) -> Result<Vec<inspect::Finding>> {
        inspect::check(self)
    }

    /// Makes the image of `language` unless an up-to-date one is there.
    /// Minutes the first time, nothing afterwards.
    ///
    /// # Errors
    /// [`Error::Build`] when the guest cannot be built; [`Error::Boot`],
    /// [`Error::BadGuest`], [`Error::Io`]. An earlier image stays as it was.
    pub async fn ensure(&self, language: &dyn Language, progress: &mut dyn Progress) -> Result<()> {
        let current = self
            .folder(language.name())?
            .manifest()
            .is_ok_and(|manifest| manifest.recipe == language.recipe());
        if current {
            return Ok(());
        }
        self.build(language, progress).await
    }

    /// Makes the image of `language` anew. What its build keeps is used.
    ///
    /// # Errors
    /// As [`Self::ensure`].
    pub async fn build(&self, language: &dyn Language, progress: &mut dyn Progress) -> Result<()> {
        let guest = language.build(&self.path, progress).map_err(Error::Build)?;
        self.boot(&guest, language.name(), progress).await
    }

    /// Boots a built guest into the image `name`.
    ///
    /// # Errors
    /// [`Error::Boot`], [`Error::BadGuest`], [`Error::Io`].
    pub async fn boot(
        &self,
        guest: &GuestFolder,
        name: &str,
        progress: &mut dyn Progress,
    ) -> Result<()> {
        let _lock = self.lock()?;
        let timer = std::time::Instant::now();
        progress.step(Step::Started {
            name: "image",
            number: 1,
            of: 1,
            estimate: std::time::Duration::from_secs(8),
        });
        let ticker = Ticker::start().map_err(Error::io("start", "the ticker's thread"))?;
        let fresh = self.fresh_folder(name)?;
        boot(guest, name, &fresh, &ticker, &self.compiled()).await?;
        self.publish(&fresh, name)?;
        progress.step(Step::Finished {
            name: "image",
            took: timer.elapsed(),
        });
        Ok(())
    }

    /// Compiles the variant of an image that counts fuel. Seconds.
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::BadImage`], [`Error::Io`].
    pub fn add_fuel(&self, name: &str) -> Result<()> {
        let folder = self.existing(name)?;
        let ticker = Ticker::start().map_err(Error::io("start", "the ticker's thread"))?;
        let manifest = folder.manifest()?;
        let engine = Engine::new(Metering::Fuel, manifest.exceptions, &ticker)?;
        module(&folder, &manifest, &self.compiled(), &engine, true)?;
        Ok(())
    }

    /// Writes an image into one file that another machine can import: everything
    /// but native code. An existing file is replaced.
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::BadImage`] (every digest is checked),
    /// [`Error::Io`].
    pub fn export(&self, name: &str, file: &Path) -> Result<()> {
        archive::export(&self.existing(name)?, file)
    }

    /// Takes an exported image into the cache, checks it, and compiles it for
    /// this machine. Answers its name.
    ///
    /// # Errors
    /// [`Error::BadImage`] when the file is not an image or is damaged; the cache
    /// is then as before. [`Error::Io`].
    pub fn import(&self, file: &Path) -> Result<String> {
        let _lock = self.lock()?;
        let fresh = self.fresh_folder("import")?;
        let name = archive::import(file, &fresh)
            .and_then(|manifest| {
                check_name(&manifest.language)?;
                Ok(manifest.language)
            })
            .inspect_err(|_| {
                let _left_over = std::fs::remove_dir_all(&fresh.path);
            })?;
        self.publish(&fresh, &name)?;
        let ticker = Ticker::start().map_err(Error::io("start", "the ticker's thread"))?;
        let folder = self.existing(&name)?;
        let manifest = folder.manifest()?;
        let engine = Engine::new(Metering::Time, manifest.exceptions, &ticker)?;
        module(&folder, &manifest, &self.compiled(), &engine, true)?;
        Ok(name)
    }

    /// Removes an image, and its compiled code unless another image has the same
    /// module. Sandboxes that live on it go on.
    ///
    /// # Errors
    /// [`Error::NoImage`], [`Error::Io`].
    pub fn remove(&self, name: &str) -> Result<()> {
        let _lock = self.lock()?;
        let folder = self.existing(name)?;
        let digest = folder.manifest().map(|manifest| manifest.module.digest);
        std::fs::remove_dir_all(&folder.path).map_err(Error::io("remove", &folder.path))?;
        match digest {
            Ok(digest) if !self.is_used(&digest)? => self.compiled().remove(&digest),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether an image has this module: those that were made from one another
    /// have the same.
    fn is_used(&self, module: &str) -> Result<bool> {
        let names = inspect::names(self)?;
        let digest = |name: &String| {
            let manifest = self.existing(name)?.manifest()?;
            Ok::<_, Error>(manifest.module.digest)
        };
        Ok(names
            .iter()
            .any(|name| digest(name).is_ok_and(|digest| digest == module)))
    }

    /// The name of an image given by name or by the path of an exported file,
    /// which is imported unless the cache has it already.
    pub(crate) fn resolve(&self, image: &Path) -> Result<String> {
        let text = image.to_string_lossy();
        if !text.contains(['/', '.']) {
            return Ok(text.into_owned());
        }
        let manifest = archive::peek(image)?;
        let present = self
            .folder(&manifest.language)?
            .manifest()
            .is_ok_and(|present| present.id == manifest.id);
        if present {
            return Ok(manifest.language);
        }
        self.import(image)
    }

    pub(crate) fn load(&self, name: &str, ticker: &Arc<Ticker>, warm: usize) -> Result<Image> {
        Image::load(name, self.existing(name)?, self.compiled(), ticker, warm)
    }

    /// Keeps other processes from changing the cache at the same time.
    fn lock(&self) -> Result<rustix::fd::OwnedFd> {
        let path = self.path.join("images.lock");
        let io = |operation| {
            let path = path.clone();
            move |error: rustix::io::Errno| Error::Io {
                operation,
                path,
                source: error.into(),
            }
        };
        let flags = OFlags::RDWR | OFlags::CREATE | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let file =
            rustix::fs::open(&path, flags, Mode::from_raw_mode(0o600)).map_err(io("open"))?;
        rustix::fs::flock(&file, FlockOperation::LockExclusive).map_err(io("lock"))?;
        Ok(file)
    }

    fn fresh_folder(&self, name: &str) -> Result<Folder> {
        let path = self
            .path
            .join("images")
            .join(format!(".{name}.{}.new", std::process::id()));
        if path.exists() {
            std::fs::remove_dir_all(&path).map_err(Error::io("remove", &path))?;
        }
        make_private_folder(&path)?;
        Ok(Folder::new(path))
    }

    /// Moves a finished folder into the place of `name`, all at once.
    fn publish(&self, fresh: &Folder, name: &str) -> Result<()> {
        let target = self.folder(name)?.path;
        let rename = |flags| {
            rustix::fs::renameat_with(
                rustix::fs::CWD,
                &fresh.path,
                rustix::fs::CWD,
                &target,
                flags,
            )
            .map_err(|error| Error::Io {
                operation: "publish",
                path: target.clone(),
                source: error.into(),
            })
        };
        if !target.exists() {
            return rename(RenameFlags::empty());
        }
        rename(RenameFlags::EXCHANGE)?;
        std::fs::remove_dir_all(&fresh.path).map_err(Error::io("remove", &fresh.path))
    }
}

/// Names of images are short words, so that they are good file names.
fn check_name(name: &str) -> Result<()> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(good) {
        return Ok(());
    }
    Err(Error::BadSetting {
        setting: "image",
        value: name.chars().take(64).collect(),
        reason: "a name has 1 to 64 letters, digits, - and _".to_owned(),
    })
}
