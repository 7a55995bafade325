//! Processes that guests start.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::FutureExt;
use futures::future::select_all;

use crate::command::table::{Entry, Meter, Origin, Processes};
use crate::command::{ExitStatus, Group, Signal, Spawn};
use crate::engine::{Children, Errand, Waiting};
use crate::error::{NotExecutable, SpawnError};
use crate::wasi::Errno;
use crate::worker::Family;

/// Children that a guest has not waited for; of those that ended, the oldest are
/// forgotten beyond.
const KEPT: usize = 4096;

/// The children of one guest.
#[derive(Debug)]
pub(super) struct Offspring {
    table: Arc<Processes>,
    /// The process that the guest is; none for one that runs cells.
    own: Option<Arc<Entry>>,
    children: Arc<Mutex<BTreeMap<u32, Arc<Entry>>>>,
}

impl Offspring {
    pub(super) fn new(table: Arc<Processes>, own: Option<Arc<Entry>>) -> Arc<Self> {
        Arc::new(Self {
            table,
            own,
            children: Arc::default(),
        })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<u32, Arc<Entry>>> {
        self.children.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn origin(&self) -> Origin {
        match &self.own {
            Some(own) => Origin {
                parent: own.pid,
                group: own.group,
                depth: own.depth + 1,
                ignored: own.signals.ignored(),
                cwd: own.cwd.clone(),
                meter: Arc::clone(&own.meter),
                outside: None,
            },
            None => Origin {
                parent: 1,
                group: 1,
                depth: 0,
                ignored: 0,
                cwd: "/home/user".to_owned(),
                meter: Arc::new(Meter::default()),
                outside: None,
            },
        }
    }
}

impl Children for Offspring {
    fn spawn(&self, errand: Errand) -> Result<u32, Errno> {
        let env: Option<BTreeMap<Vec<u8>, Vec<u8>>> =
            errand.env.iter().map(|text| variable(text)).collect();
        let spawn = Spawn {
            argv: errand.argv,
            env: env.ok_or(Errno::Inval)?,
            cwd: errand.cwd,
            descriptors: errand.descriptors.into_iter().collect(),
            group: if errand.own_group {
                Group::Own
            } else {
                Group::Inherit
            },
            program: None,
            path: errand.path,
        };
        let entry = self
            .table
            .spawn(spawn, self.origin())
            .map_err(|error| errno(&error))?;
        let pid = entry.pid;
        let mut children = self.lock();
        if children.len() >= KEPT {
            let ended = children.iter().find(|(_, child)| child.status().is_some());
            if let Some(pid) = ended.map(|(pid, _)| *pid) {
                children.remove(&pid);
            }
        }
        children.insert(pid, entry);
        Ok(pid)
    }

    fn wait(&self, pid: Option<u32>) -> Result<Waiting, Errno> {
        let children = self.lock();
        let wanted: Vec<Arc<Entry>> = match pid {
            Some(pid) => children.get(&pid).cloned().into_iter().collect(),
            None => children.values().cloned().collect(),
        };
        drop(children);
        if wanted.is_empty() {
            return Err(Errno::Child);
        }
        let kept = Arc::clone(&self.children);
        Ok(Box::pin(async move {
            let ends = wanted
                .into_iter()
                .map(|child| async move { (child.pid, child.ended().await) }.boxed());
            let ((pid, status), _, _) = select_all(ends).await;
            kept.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(&pid);
            (pid, wait_status(status))
        }))
    }

    fn kill(&self, pid: i32, signal: i32) -> Result<(), Errno> {
        let number = pid.unsigned_abs();
        let number = match (pid, &self.own) {
            (0, Some(own)) => own.group,
            (0 | -1, _) => return Err(Errno::Perm),
            _ => number,
        };
        if signal == 0 {
            let there = self.table.live();
            let there = there.iter().any(|entry| match pid {
                1.. => entry.pid == number,
                _ => entry.group == number,
            });
            return there.then_some(()).ok_or(Errno::Srch);
        }
        let signal = Signal::from_number(signal).ok_or(Errno::Inval)?;
        let found = match pid {
            1.. => self.table.signal(number, signal),
            _ => self.table.signal_group(number, signal),
        };
        // A child that ended and was not waited for can still be told.
        let ended = || pid > 0 && self.lock().contains_key(&number);
        (found || ended()).then_some(()).ok_or(Errno::Srch)
    }

    fn numbers(&self) -> [u32; 3] {
        match &self.own {
            Some(own) => [own.pid, own.parent, own.group],
            None => [1, 0, 1],
        }
    }
}

impl Family for Processes {
    fn children(self: Arc<Self>) -> Arc<dyn Children> {
        Offspring::new(self, None)
    }
}

/// As `waitpid` says it: the signal, or the status above the low byte.
fn wait_status(status: ExitStatus) -> u32 {
    match status {
        ExitStatus::Code(code) => u32::from(code) << 8,
        ExitStatus::Signal(signal) => u32::from(signal.number()),
    }
}

fn variable(text: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    let at = text.iter().position(|byte| *byte == b'=')?;
    let (name, value) = text.split_at_checked(at)?;
    Some((name.to_vec(), value.get(1..)?.to_vec()))
}

fn errno(error: &SpawnError) -> Errno {
    match error {
        SpawnError::NotFound { .. } => Errno::Noent,
        SpawnError::NotExecutable { reason, .. } => match reason {
            NotExecutable::Directory | NotExecutable::Permission => Errno::Acces,
            NotExecutable::Format => Errno::Noexec,
            NotExecutable::Circle => Errno::Loop,
            NotExecutable::Unreadable => Errno::Io,
        },
        SpawnError::BadDirectory { error, .. } => error.clone().into(),
        SpawnError::TooMany { .. } | SpawnError::TooDeep { .. } | SpawnError::Closed => {
            Errno::Again
        }
        SpawnError::NoMemory => Errno::Nomem,
        SpawnError::TooLong { .. } => Errno::Toobig,
        SpawnError::Invalid => Errno::Inval,
    }
}
