//! What a new process is made of.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::command::table::{Meter, Origin, Processes};
use crate::command::{Child, Program};
use crate::error::Result;
use crate::stream::Descriptor;

/// Where commands start without saying where.
pub(super) const USUAL_CWD: &str = "/home/user";

/// Which group of processes a new one belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Group {
    /// That of its parent.
    #[default]
    Inherit,
    /// One of its own, of its own number.
    Own,
    /// The group of this number.
    Of(u32),
}

/// A process to be started.
///
/// Defaults: no environment, the parent's working directory and group, no
/// descriptor open.
#[derive(Clone)]
#[must_use]
pub struct Spawn {
    pub(super) argv: Vec<Vec<u8>>,
    pub(super) env: BTreeMap<Vec<u8>, Vec<u8>>,
    pub(super) cwd: Option<String>,
    pub(super) descriptors: BTreeMap<u32, Descriptor>,
    pub(super) group: Group,
    pub(super) program: Option<Arc<dyn Program>>,
    pub(super) path: Option<String>,
}

impl std::fmt::Debug for Spawn {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Spawn")
            .field("argv", &self.argv)
            .field("cwd", &self.cwd)
            .field("descriptors", &self.descriptors)
            .finish_non_exhaustive()
    }
}

impl Spawn {
    /// A process of these arguments, the program's name or path first. A name
    /// without a slash is looked up in the `PATH` of [`Self::envs`].
    pub fn new<A: Into<Vec<u8>>>(argv: impl IntoIterator<Item = A>) -> Self {
        Self {
            argv: argv.into_iter().map(Into::into).collect(),
            env: BTreeMap::new(),
            cwd: None,
            descriptors: BTreeMap::new(),
            group: Group::Inherit,
            program: None,
            path: None,
        }
    }

    /// Sets a variable.
    pub fn env(mut self, name: impl Into<Vec<u8>>, value: impl Into<Vec<u8>>) -> Self {
        self.env.insert(name.into(), value.into());
        self
    }

    /// Replaces all variables.
    pub fn envs(mut self, env: BTreeMap<Vec<u8>, Vec<u8>>) -> Self {
        self.env = env;
        self
    }

    /// Its working directory; a relative one is seen from the parent's.
    pub fn cwd(mut self, path: impl Into<String>) -> Self {
        self.cwd = Some(path.into());
        self
    }

    /// Opens a descriptor for it. A guest does not see what is given under 3,
    /// which is its root directory.
    pub fn descriptor(mut self, number: u32, descriptor: impl Into<Descriptor>) -> Self {
        self.descriptors.insert(number, descriptor.into());
        self
    }

    /// Replaces all descriptors.
    pub fn descriptors(mut self, descriptors: BTreeMap<u32, Descriptor>) -> Self {
        self.descriptors = descriptors;
        self
    }

    /// Which group it belongs to.
    pub fn group(mut self, group: Group) -> Self {
        self.group = group;
        self
    }

    /// Runs this program, whatever the first argument says: how a shell runs a
    /// part of itself as a process.
    pub fn program(mut self, program: Arc<dyn Program>) -> Self {
        self.program = Some(program);
        self
    }

    /// Runs the program at this path or of this name, whatever the first argument
    /// says.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = Some(path.into());
        self
    }
}

impl Processes {
    /// Starts a process that is no command: it is not listed as one, and its
    /// streams are what it was given.
    pub(crate) fn start(self: &Arc<Self>, mut spawn: Spawn) -> Result<Child> {
        self.check_open()?;
        let mut env = self.environment(None);
        env.append(&mut spawn.env);
        spawn.env = env;
        let entry = self.spawn(
            spawn,
            Origin {
                parent: 1,
                group: 1,
                depth: 0,
                ignored: 0,
                cwd: USUAL_CWD.to_owned(),
                meter: Arc::new(Meter::default()),
                outside: None,
            },
        )?;
        Ok(Child { entry })
    }
}
