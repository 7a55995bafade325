//! What a new sandbox is made of.

use std::collections::BTreeMap;
use std::future::Future;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use serde_json::Value;

use crate::checkpoints::Checkpoints;
use crate::command::PROGRAM_PATH;
use crate::determinism::Determinism;
use crate::error::{Error, Result};
use crate::files::{Access, BOOT_ID_PATH, FileLimits, Tree, boot_id_text};
use crate::host_function::{HostError, HostFunctions};
use crate::id::SandboxId;
use crate::image::Image;
use crate::limits::Limits;
use crate::runtime::Runtime;
use crate::sandbox::{Origin, Sandbox};
use crate::snapshot::{MountPlan, Snapshot};
use crate::worker::{Beginning, Settings, Start};

/// Settings of a new sandbox.
///
/// Defaults:
/// * the limits of [`Limits::default`];
/// * no host function: the guest can call nothing of the host's;
/// * no environment but `HOME`, `USER`, `PATH`, `LANG` and `TZ`;
/// * fresh randomness, the host's clocks;
/// * checkpoints as in [`Checkpoints::Auto`];
/// * files of its own, empty but for the usual folders and the library;
/// * no network, no folder of the host.
#[derive(Debug, Clone)]
#[must_use]
pub struct SandboxBuilder {
    runtime: Runtime,
    image: Option<String>,
    limits: Limits,
    functions: HostFunctions,
    environment: BTreeMap<String, String>,
    determinism: Option<Determinism>,
    checkpoints: Checkpoints,
    snapshot: Option<(Snapshot, Beginning)>,
    asleep: bool,
    mounts: Vec<MountPlan>,
    fault: Option<Arc<Error>>,
}

impl SandboxBuilder {
    pub(crate) fn new(runtime: Runtime) -> Self {
        Self {
            runtime,
            image: None,
            limits: Limits::default(),
            functions: HostFunctions::default(),
            environment: BTreeMap::new(),
            determinism: None,
            checkpoints: Checkpoints::default(),
            snapshot: None,
            asleep: false,
            mounts: Vec::new(),
            fault: None,
        }
    }

    /// The image to start from, by its name in the cache. Default: the one that
    /// the runtime was opened with.
    pub fn image(mut self, name: impl Into<String>) -> Self {
        self.image = Some(name.into());
        self
    }

    /// All limits at once.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// See [`Limits::memory_bytes`].
    pub fn memory_bytes(mut self, bytes: u64) -> Self {
        self.limits.memory_bytes = bytes;
        self
    }

    /// See [`Limits::wall`].
    pub fn wall(mut self, limit: impl Into<Option<Duration>>) -> Self {
        self.limits.wall = limit.into();
        self
    }

    /// See [`Limits::grace`].
    pub fn grace(mut self, grace: Duration) -> Self {
        self.limits.grace = grace;
        self
    }

    /// See [`Limits::fuel`].
    pub fn fuel(mut self, fuel: impl Into<Option<u64>>) -> Self {
        self.limits.fuel = fuel.into();
        self
    }

    /// See [`Limits::output_bytes`].
    pub fn output_bytes(mut self, bytes: u64) -> Self {
        self.limits.output_bytes = bytes;
        self
    }

    /// An environment variable of all contexts.
    pub fn env(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.environment.insert(name.into(), value.into());
        self
    }

    /// Starts from a snapshot: a new sandbox with its contexts, files, environment
    /// and limits. What is set after this call replaces what the snapshot says;
    /// host functions have to be given again.
    ///
    /// The copy's randomness is its own, see [`Sandbox::fork`].
    pub fn snapshot(self, snapshot: &Snapshot) -> Self {
        self.from(snapshot, Beginning::Copied)
    }

    /// As [`Self::snapshot`], but the sandbox is the one that was saved, under its
    /// own id, and its random states go on where they were. Meant for a paused
    /// sandbox whose process has ended: nobody looks whether it lives elsewhere.
    pub fn resume(self, snapshot: &Snapshot) -> Self {
        self.from(snapshot, Beginning::Resumed)
    }

    fn from(mut self, snapshot: &Snapshot, beginning: Beginning) -> Self {
        let saved = &snapshot.inner;
        self.image = Some(saved.image.0.clone());
        self.limits = saved.limits.clone();
        self.environment = saved.environment.clone();
        self.determinism = saved.determinism;
        self.snapshot = Some((snapshot.clone(), beginning));
        self
    }

    /// The copies of a snapshot are renewed with their first cells.
    pub(crate) fn asleep(mut self) -> Self {
        self.asleep = true;
        self
    }

    /// All host functions at once.
    pub(crate) fn functions(mut self, functions: HostFunctions) -> Self {
        self.functions = functions;
        self
    }

    /// When interpreters are saved so that a hard stop costs little, see
    /// [`Checkpoints`].
    pub fn checkpoints(mut self, checkpoints: Checkpoints) -> Self {
        self.checkpoints = checkpoints;
        self
    }

    /// Shows a folder of the host at an absolute path of the sandbox, which is
    /// made if it is missing; what it holds is covered. The folder must be there
    /// when the sandbox starts.
    ///
    /// It is the one thing of the host that guests see. Nothing outside of it is
    /// within reach, whatever links are in it: a link leads to where its target
    /// is in the sandbox. Pipes, sockets and devices cannot be opened, names
    /// that are not UTF-8 are not shown, permission bits and owners of the host
    /// are not either.
    ///
    /// With [`Access::ReadWrite`] guests change the folder itself, at once and
    /// for good: neither quotas of the sandbox's files nor copies of the sandbox
    /// contain it. [`Limits::mount_bytes`] bounds what is written. Links that
    /// guests make there cannot lead out of the folder when they are made. Let
    /// no program that follows links trust what such a folder holds.
    ///
    /// Changes in it are not told to watchers.
    pub fn mount(
        mut self,
        guest: impl Into<String>,
        host: impl Into<PathBuf>,
        access: Access,
    ) -> Self {
        self.mounts.push(MountPlan {
            guest: guest.into(),
            host: host.into(),
            access,
        });
        self
    }

    /// Fixes randomness and time, see [`Determinism`].
    pub fn determinism(mut self, determinism: Determinism) -> Self {
        self.determinism = Some(determinism);
        self
    }

    /// Lets guests call a function of the host, as `await name(...)` or plainly.
    ///
    /// `schema` is a JSON schema of an object: its `properties` are the
    /// parameters, its `description` becomes the guest's documentation. The
    /// function is given an object of the arguments by name; positional ones get
    /// their names from `required`, in order, then from the other properties by
    /// name. Without a schema, named arguments come as an object, one positional
    /// argument as itself, several as an array.
    ///
    /// It runs as a task of its own on the tokio runtime, several at once under
    /// `asyncio.gather`; an `Err` is an exception in the guest. It must not
    /// execute code in the context that calls it. Arguments come from hostile
    /// code: check them.
    ///
    /// A name that is no identifier is an error of [`Self::start`].
    pub fn host_function<F, A>(
        mut self,
        name: &str,
        schema: impl Into<Option<Value>>,
        body: F,
    ) -> Self
    where
        F: Fn(Value) -> A + Send + Sync + 'static,
        A: Future<Output = std::result::Result<Value, HostError>> + Send + 'static,
    {
        if let Err(error) = self.functions.add(name, schema.into(), body) {
            self.fault.get_or_insert_with(|| Arc::new(error));
        }
        self
    }

    /// As [`Self::host_function`], for contexts over the sandbox's own image only:
    /// for what belongs to its language, as a function that its kernel calls.
    pub fn own_host_function<F, A>(
        self,
        name: &str,
        schema: impl Into<Option<Value>>,
        body: F,
    ) -> Self
    where
        F: Fn(Value) -> A + Send + Sync + 'static,
        A: Future<Output = std::result::Result<Value, HostError>> + Send + 'static,
    {
        let mut builder = self.host_function(name, schema, body);
        builder.functions.keep_own(name);
        builder
    }

    /// Makes the sandbox, with one context.
    ///
    /// # Errors
    /// [`Error::BadSetting`], [`Error::NoImage`], [`Error::NoFuel`],
    /// [`Error::Create`]; [`Error::LimitExceeded`] when the process has as many
    /// contexts as its memory mappings allow ([`crate::Limit::Mappings`]), or when
    /// a snapshot has more memory than the limit; [`Error::Io`] for a folder to
    /// mount that cannot be opened. Nothing is left behind.
    pub async fn start(mut self) -> Result<Sandbox> {
        if let Some(fault) = self.fault.take().and_then(Arc::into_inner) {
            return Err(fault);
        }
        self.limits.check()?;
        let image = self.runtime.image(self.image.as_deref())?;
        image.check_fits(&self.limits)?;
        let (mut tree, origin) = match &self.snapshot {
            Some((snapshot, beginning)) => self.copied(&image, snapshot, *beginning)?,
            None => {
                let storage = self.runtime.storage();
                let tree = image.tree(&self.limits, self.determinism.as_ref(), &storage)?;
                (tree, Origin::fresh())
            }
        };
        mount_programs(&mut tree, &self.runtime)?;
        for plan in &self.mounts {
            plan.mount(&mut tree, plan.open(&self.limits)?)?;
        }
        let settings = Settings {
            image,
            limits: self.limits.clone(),
            functions: Arc::new(self.functions),
            environment: self.environment,
            determinism: self.determinism,
            checkpoints: self.checkpoints,
            storage: self.runtime.storage(),
            tree: Arc::new(Mutex::new(tree)),
            family: OnceLock::new(),
        };
        let tree = Arc::clone(&settings.tree);
        let sandbox = Sandbox::start(self.runtime, settings, self.limits, origin).await?;
        if self
            .snapshot
            .is_some_and(|(snapshot, _)| snapshot.inner.has_unnamed())
        {
            // Those that no context of the copy has open.
            tree.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .drop_unheld();
        }
        Ok(sandbox)
    }

    /// Files and contexts of a snapshot.
    fn copied(
        &self,
        image: &Image,
        snapshot: &Snapshot,
        beginning: Beginning,
    ) -> Result<(Tree, Origin)> {
        let saved = &snapshot.inner;
        if image.id() != saved.image.1 {
            return Err(Error::BadSetting {
                setting: "snapshot",
                value: saved.id.to_string(),
                reason: format!(
                    "it was taken over another image than this `{}`",
                    image.name()
                ),
            });
        }
        let mut tree = saved.tree.clone();
        tree.set_limits(FileLimits {
            bytes: self.limits.file_bytes,
            entries: self.limits.file_entries,
            ..FileLimits::default()
        });
        let id = match beginning {
            Beginning::Resumed => saved.sandbox,
            Beginning::Copied => {
                let now_ns = image.clocks(self.determinism.as_ref()).realtime_ns();
                let boot_id = boot_id_text(rand::random());
                tree.publish(BOOT_ID_PATH, boot_id.as_bytes(), now_ns)?;
                SandboxId::random()
            }
        };
        let contexts = saved.contexts.iter().map(|(id, start)| {
            let start = Start {
                beginning,
                asleep: self.asleep,
                ..start.clone()
            };
            (*id, start)
        });
        let origin = Origin {
            id,
            first: saved.first,
            contexts: contexts.collect(),
        };
        Ok((tree, origin))
    }
}

/// Shows the programs in `/usr/bin`, unless a copied tree does.
fn mount_programs(tree: &mut Tree, runtime: &Runtime) -> Result<()> {
    let known = tree.mounted();
    let known = known.iter().any(|(path, _)| **path == *PROGRAM_PATH);
    if known || runtime.programs().is_empty() {
        return Ok(());
    }
    Ok(tree.mount(PROGRAM_PATH, runtime.program_folder())?)
}
