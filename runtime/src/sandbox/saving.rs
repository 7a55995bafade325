//! Snapshots, forks and pauses: what saves a sandbox between its cells, or in an `await` of one.

use std::sync::{Arc, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use futures::future::try_join_all;
use tokio::sync::oneshot;

use crate::command::{Held, Processes};
use crate::error::{Error, Result};
use crate::execution::InterruptCause;
use crate::id::{ContextId, SnapshotId};
use crate::sandbox::{Sandbox, SandboxBuilder};
use crate::snapshot::{Busy, EndedCommand, Inner as Saved, Snapshot, blocking};
use crate::state::State;
use crate::worker::{Mailbox, Order, Park, Release, Start};

/// How often cells that wait behind an interrupted one are interrupted, too.
const INSIST: Duration = Duration::from_millis(20);

/// Most sandboxes of one fork.
const CHILDREN: usize = 100_000;

impl Sandbox {
    /// Saves the sandbox as it is between two cells, or with [`Busy::Awaiting`] in
    /// an `await` of one: variables, open files, files, environment, clocks. All
    /// its contexts stand still for that moment and go on.
    ///
    /// Asyncio tasks live on in the copies; host calls that were under way fail
    /// there with `HostFunctionError`. Running commands are not saved: they are
    /// waited for, ended or a reason to refuse, as `busy` says, and
    /// [`Snapshot::ended_commands`] names those that were ended.
    ///
    /// # Errors
    /// [`Error::Running`] and [`Error::CommandRunning`] with [`Busy::Refuse`]; [`Error::Spill`] when the disk
    /// is full; [`Error::Paused`]; [`Error::Ended`]. The sandbox goes on.
    pub async fn snapshot(&self, busy: Busy) -> Result<Snapshot> {
        self.state().running()?;
        let parked = self.park(busy).await?;
        let snapshot = self.saved(&parked);
        parked.release(Release::GoOn);
        snapshot
    }

    /// Makes `count` sandboxes that go on from where this one is. They share
    /// memory pages with the image, and differ from each other in their ids, in
    /// randomness and in `boot_id`; host functions and limits are the same.
    ///
    /// The seed of string hashes is that of the image in all of them.
    ///
    /// They share long runs of the pages of this sandbox, too, until they write to
    /// them. Where copying the short ones for each child would take more memory than
    /// one image of this sandbox, that is made first (1-2 microseconds a page) and
    /// they share all of them. A child is renewed with its first cell: where code damaged what the
    /// interpreter stands on, the outcome of that cell says what was lost.
    ///
    /// # Errors
    /// As [`Self::snapshot`], and as [`SandboxBuilder::start`]; then there are no
    /// children. [`Error::BadSetting`] for more than 100,000.
    pub async fn fork(&self, count: usize, busy: Busy) -> Result<Vec<Self>> {
        if count > CHILDREN {
            return Err(Error::BadSetting {
                setting: "children",
                value: count.to_string(),
                reason: format!("they are at most {CHILDREN}"),
            });
        }
        let snapshot = self.snapshot(busy).await?;
        self.share(&snapshot, count).await?;
        let mut children = Vec::with_capacity(count);
        for _ in 0..count {
            children.push(self.copy_of(&snapshot).asleep().start().await?);
        }
        Ok(children)
    }

    /// Makes images of the states in a snapshot that are worth it for so many
    /// children. Where there is no memory for one, they get copies of its pages.
    async fn share(&self, snapshot: &Snapshot, children: usize) -> Result<()> {
        let image = self.inner.settings.image.clone();
        let contexts = Arc::clone(&snapshot.inner);
        blocking(move || {
            let starts = contexts.contexts.iter().map(|(_, start)| start);
            for state in starts.filter_map(|start| start.state.as_ref()) {
                match image.share_for(state, children) {
                    Err(Error::Create { .. }) | Ok(()) => {}
                    Err(other) => return Err(other),
                }
            }
            Ok(())
        })
        .await
    }

    fn copy_of(&self, snapshot: &Snapshot) -> SandboxBuilder {
        let settings = &self.inner.settings;
        SandboxBuilder::new(self.inner.runtime.clone())
            .snapshot(snapshot)
            .functions((*settings.functions).clone())
            .checkpoints(settings.checkpoints)
    }

    /// Saves the sandbox and gives its memory back. Until [`Self::resume`] it runs
    /// no cell; files can be read and written. The state is on disk as long as
    /// this process lives; [`Snapshot::save`] of the answer makes it outlive that,
    /// see [`SandboxBuilder::resume`].
    ///
    /// With [`Busy::Hold`], a sandbox in the middle of a cell is held instead, and
    /// the answer is `None`.
    ///
    /// # Errors
    /// As [`Self::snapshot`].
    pub async fn pause(&self, busy: Busy) -> Result<Option<Snapshot>> {
        {
            let mut contexts = self.inner.lock();
            contexts.state.running()?;
            contexts.state = State::Pausing;
            for mailbox in contexts.live.values() {
                mailbox.set_paused(true);
            }
        }
        // Also when this call is given up in its middle, the sandbox goes on.
        let mut pausing = Pausing {
            sandbox: self,
            reached: None,
        };
        if busy == Busy::Hold && self.hold().await {
            pausing.reached = Some(State::Held);
            return Ok(None);
        }
        let busy = match busy {
            // Whoever puts a cell away in its middle would lose its end.
            Busy::Awaiting(time) => Busy::Wait(time),
            other => other,
        };
        let parked = self.park(busy).await?;
        let snapshot = self.saved(&parked)?;
        self.inner.processes.set_paused(true);
        parked.release(Release::PutAway);
        pausing.reached = Some(State::Paused);
        Ok(Some(snapshot))
    }

    /// Has the contexts that run cells stand still. False when none does, and
    /// nothing is held.
    async fn hold(&self) -> bool {
        let live: Vec<Mailbox> = self.inner.lock().live.values().cloned().collect();
        let mut held = false;
        for mailbox in &live {
            if !mailbox.is_busy() {
                continue;
            }
            mailbox.hold().await;
            // Its last cell may have come to its end meanwhile.
            if mailbox.is_busy() {
                held = true;
            } else {
                mailbox.let_go();
            }
        }
        held
    }

    /// Lets a paused or held sandbox go on. The interpreters of a paused one are
    /// there again with the first cell of each context.
    ///
    /// # Errors
    /// [`Error::Ended`]. A running sandbox goes on running.
    pub fn resume(&self) -> Result<()> {
        let mut contexts = self.inner.lock();
        match contexts.state {
            State::Ended => Err(Error::Ended {
                what: "the sandbox",
            }),
            State::Pausing => Err(Error::Paused),
            State::Running => Ok(()),
            State::Paused | State::Held => {
                self.inner.processes.set_paused(false);
                contexts.go_on();
                Ok(())
            }
        }
    }

    fn saved(&self, parked: &Parked) -> Result<Snapshot> {
        let inner = &self.inner;
        let settings = &inner.settings;
        let tree = settings.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let mut tree = tree.clone();
        tree.forget_holders();
        Ok(Snapshot {
            inner: Arc::new(Saved {
                id: SnapshotId::random(),
                sandbox: inner.id,
                created: now(),
                image: (
                    settings.image.name().to_owned(),
                    settings.image.id().to_owned(),
                ),
                environment: settings.environment.clone(),
                limits: settings.limits.clone(),
                determinism: settings.determinism,
                first: inner.first,
                contexts: parked.starts.clone(),
                tree,
                ended_commands: parked.ended.clone(),
                key: inner.runtime.snapshot_key()?,
                unnamed: OnceLock::new(),
            }),
        })
    }

    /// Has all contexts stand still between two cells, or where a cell rests.
    async fn park(&self, busy: Busy) -> Result<Parked> {
        let live: Vec<(ContextId, Mailbox)> = {
            let contexts = self.inner.lock();
            let live = contexts.live.iter();
            live.map(|(id, mailbox)| (*id, mailbox.clone())).collect()
        };
        if matches!(busy, Busy::Refuse | Busy::Hold)
            && let Some((id, _)) = live.iter().find(|(_, mailbox)| mailbox.is_busy())
        {
            return Err(Error::Running {
                context: id.to_string(),
            });
        }
        let begun = Instant::now();
        let processes = &self.inner.processes;
        if matches!(busy, Busy::Refuse | Busy::Hold) {
            refuse_running(processes)?;
        }
        let mut releases = Vec::new();
        let mut answers = Vec::new();
        for (id, mailbox) in &live {
            let (reply, answer) = oneshot::channel();
            let (release, released) = oneshot::channel();
            let park = Park {
                reply,
                release: released,
            };
            match busy {
                Busy::Awaiting(_) => mailbox.park_soon(park)?,
                _ => mailbox.put_even_paused(Order::Park(park))?,
            }
            releases.push(release);
            answers.push(async {
                let start = answer.await.map_err(|_| Error::Ended {
                    what: "the context",
                })??;
                Ok::<_, Error>((*id, start))
            });
        }
        let starts = tokio::select! {
            biased;
            starts = try_join_all(answers) => starts?,
            () = insist(&live, busy) => return Err(Error::bug("insisting came to an end")),
        };
        // From here on nobody starts a process.
        let held = processes.hold();
        let ended = match busy {
            Busy::Refuse | Busy::Hold => {
                refuse_running(processes)?;
                Vec::new()
            }
            Busy::Wait(time) | Busy::Awaiting(time) => {
                end_commands(processes, time.saturating_sub(begun.elapsed())).await
            }
            Busy::Interrupt => end_commands(processes, Duration::ZERO).await,
        };
        Ok(Parked {
            starts,
            releases,
            ended,
            _held: held,
        })
    }
}

fn refuse_running(processes: &Processes) -> Result<()> {
    match processes.running().into_iter().next() {
        None => Ok(()),
        Some((pid, argv)) => {
            let name = argv.first().map_or(&b""[..], |name| name);
            Err(Error::CommandRunning {
                pid,
                name: String::from_utf8_lossy(name).into_owned(),
            })
        }
    }
}

/// Waits so long for processes to end, then ends them; answers which.
async fn end_commands(processes: &Processes, time: Duration) -> Vec<EndedCommand> {
    if processes.running().is_empty() || tokio::time::timeout(time, processes.idle()).await.is_ok()
    {
        return Vec::new();
    }
    let ended = processes.running();
    processes.end_all().await;
    ended
        .into_iter()
        .map(|(pid, argv)| EndedCommand { pid, argv })
        .collect()
}

/// A pause that is under way.
struct Pausing<'a> {
    sandbox: &'a Sandbox,
    /// The state that it led to.
    reached: Option<State>,
}

impl Drop for Pausing<'_> {
    fn drop(&mut self) {
        let mut contexts = self.sandbox.inner.lock();
        if contexts.state == State::Pausing {
            match self.reached {
                Some(state) => contexts.state = state,
                None => contexts.go_on(),
            }
        }
    }
}

/// Interrupts cells until nobody needs it any more.
async fn insist(live: &[(ContextId, Mailbox)], busy: Busy) {
    match busy {
        Busy::Wait(time) | Busy::Awaiting(time) => tokio::time::sleep(time).await,
        Busy::Interrupt => {}
        Busy::Refuse | Busy::Hold => std::future::pending().await,
    }
    loop {
        for (_, mailbox) in live {
            mailbox.ask(InterruptCause::Saving);
        }
        tokio::time::sleep(INSIST).await;
    }
}

/// Contexts that stand still. Dropped, they go on.
struct Parked {
    starts: Vec<(ContextId, Start)>,
    releases: Vec<oneshot::Sender<Release>>,
    /// The processes that were ended for it.
    ended: Vec<EndedCommand>,
    _held: Held,
}

impl Parked {
    fn release(self, how: Release) {
        for release in self.releases {
            // A worker that is gone needs no release.
            let _gone = release.send(how);
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "a snapshot says when it was taken"
)]
fn now() -> std::time::SystemTime {
    std::time::SystemTime::now()
}
