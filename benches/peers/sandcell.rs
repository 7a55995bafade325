//! Our side of `benches/peers/run`: an agent that obeys orders as lines of JSON
//! and answers each with one, as the agents of the peers do
//! (`benches/peers/README.md` has the orders).

#![expect(clippy::print_stdout, reason = "answers go to standard output")]

use std::io::{BufRead, Write};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use sandcell::{Busy, Cache, Context, Durability, Limits, Runtime, Sandbox};
use serde::Deserialize;
use serde_json::{Value, json};

/// One order of the driver.
#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
enum Order {
    Open(Settings),
    New {
        count: usize,
        pause_ms: u64,
    },
    Exec {
        count: usize,
    },
    Define {
        source: String,
    },
    Run {
        call: String,
    },
    Live {
        count: usize,
    },
    Snapshot {
        prepare: String,
        value: String,
        expected: String,
        count: usize,
    },
    Holds {
        prepare: String,
        value: String,
        expected: String,
    },
    Survive {
        prepare: String,
        source: String,
        value: String,
        expected: String,
    },
}

/// What all sandboxes of an agent have, and the first thing that each runs.
#[derive(Deserialize, Clone)]
struct Settings {
    wall_ms: u64,
    memory_bytes: u64,
    first: String,
    expected: String,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Guest {
    Python,
    JavaScript,
    Shell,
}

/// A live sandbox, as its language is spoken to.
enum Session {
    Interpreter(Sandbox, Context),
    Shell(Sandbox, Duration),
}

impl Session {
    /// Runs code and answers the value of its last expression, or what it wrote.
    async fn value(&self, code: &str) -> anyhow::Result<String> {
        match self {
            Self::Interpreter(_, context) => {
                let report = context.execute(code.to_owned())?.report().await?;
                anyhow::ensure!(report.outcome.is_finished(), "{}", report.outcome.end);
                Ok(report.text().unwrap_or_default().to_owned())
            }
            Self::Shell(sandbox, wall) => {
                let command = sandbox.command(["/bin/bash", "-c", code]).timeout(*wall);
                let output = command.start()?.output(1 << 20).await?;
                anyhow::ensure!(
                    output.exit.status.is_success(),
                    "{:?} {}",
                    output.exit.status,
                    output.stderr_text()
                );
                Ok(output.stdout_text().trim_end().to_owned())
            }
        }
    }

    fn sandbox(&self) -> &Sandbox {
        match self {
            Self::Interpreter(sandbox, _) | Self::Shell(sandbox, _) => sandbox,
        }
    }
}

struct Agent {
    runtime: Runtime,
    guest: Guest,
    fuel: bool,
    settings: Settings,
    session: Option<Session>,
    live: Vec<Session>,
}

fn ms(start: Instant) -> f64 {
    start.elapsed().as_secs_f64() * 1e3
}

impl Agent {
    fn limits(&self) -> Limits {
        let mut limits = Limits::default();
        limits.wall = Some(Duration::from_millis(self.settings.wall_ms));
        limits.memory_bytes = self.settings.memory_bytes;
        limits.fuel = self.fuel.then_some(1 << 60);
        limits
    }

    fn session_of(&self, sandbox: Sandbox) -> anyhow::Result<Session> {
        if self.guest == Guest::Shell {
            let wall = Duration::from_millis(self.settings.wall_ms);
            return Ok(Session::Shell(sandbox, wall));
        }
        let context = sandbox.context()?;
        Ok(Session::Interpreter(sandbox, context))
    }

    async fn create(&self) -> anyhow::Result<Session> {
        let sandbox = self.runtime.sandbox().limits(self.limits()).start().await?;
        self.session_of(sandbox)
    }

    async fn first(&self) -> anyhow::Result<Session> {
        let session = self.create().await?;
        let value = session.value(&self.settings.first).await?;
        anyhow::ensure!(value == self.settings.expected, "{value:?}");
        Ok(session)
    }

    /// The session that lives as long as the agent.
    async fn session(&mut self) -> anyhow::Result<&Session> {
        if self.session.is_none() {
            self.session = Some(self.first().await?);
        }
        self.session.as_ref().context("no session")
    }

    async fn obey(&mut self, order: Order) -> anyhow::Result<Value> {
        match order {
            Order::Open(settings) => {
                self.settings = settings;
                Ok(json!({ "version": env!("CARGO_PKG_VERSION") }))
            }
            Order::New { count, pause_ms } => self.new_ones(count, pause_ms).await,
            Order::Exec { count } => self.cells(count).await,
            Order::Define { source } => {
                self.session().await?.value(&source).await?;
                Ok(json!({}))
            }
            Order::Run { call } => {
                let session = self.session().await?;
                let start = Instant::now();
                session.value(&call).await?;
                Ok(json!({ "ms": [ms(start)] }))
            }
            Order::Live { count } => {
                for _ in 0..count {
                    let session = self.first().await?;
                    self.live.push(session);
                }
                Ok(json!({ "live": self.live.len() }))
            }
            Order::Snapshot {
                prepare,
                value,
                expected,
                count,
            } => self.snapshots(&prepare, &value, &expected, count).await,
            Order::Holds {
                prepare,
                value,
                expected,
            } => self.holds(&prepare, &value, &expected).await,
            Order::Survive {
                prepare,
                source,
                value,
                expected,
            } => self.survive(&prepare, &source, &value, &expected).await,
        }
    }

    async fn new_ones(&self, count: usize, pause_ms: u64) -> anyhow::Result<Value> {
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            // Who keeps guests ready gets the time to do so.
            tokio::time::sleep(Duration::from_millis(pause_ms)).await;
            let start = Instant::now();
            let session = self.first().await?;
            times.push(ms(start));
            drop(session);
        }
        Ok(json!({ "ms": times }))
    }

    async fn cells(&mut self, count: usize) -> anyhow::Result<Value> {
        let code = self.settings.first.clone();
        let session = self.session().await?;
        let mut times = Vec::with_capacity(count);
        for _ in 0..count {
            let start = Instant::now();
            session.value(&code).await?;
            times.push(ms(start));
        }
        Ok(json!({ "ms": times }))
    }

    async fn restored(&self, snapshot: &sandcell::Snapshot) -> anyhow::Result<Session> {
        let builder = self.runtime.sandbox().limits(self.limits());
        let sandbox = builder.snapshot(snapshot).start().await?;
        self.session_of(sandbox)
    }

    async fn snapshots(
        &self,
        prepare: &str,
        value: &str,
        expected: &str,
        count: usize,
    ) -> anyhow::Result<Value> {
        let session = self.create().await?;
        session.value(prepare).await?;
        let folder = tempfile::tempdir()?;
        let file = folder.path().join("snapshot");
        let (mut taken, mut restored, mut bytes) = (Vec::new(), Vec::new(), 0);
        for _ in 0..count {
            let start = Instant::now();
            let snapshot = session.sandbox().snapshot(Busy::Refuse).await?;
            taken.push(ms(start));
            snapshot.save(&file, Durability::Process).await?;
            bytes = file.metadata()?.len();
            let start = Instant::now();
            let copy = self.restored(&snapshot).await?;
            let got = copy.value(value).await?;
            restored.push(ms(start));
            anyhow::ensure!(got == expected, "{got:?}");
        }
        Ok(json!({ "take_ms": taken, "restore_ms": restored, "bytes": bytes }))
    }

    async fn holds(&self, prepare: &str, value: &str, expected: &str) -> anyhow::Result<Value> {
        let session = self.create().await?;
        session.value(prepare).await?;
        let snapshot = session.sandbox().snapshot(Busy::Refuse).await?;
        let copy = self.restored(&snapshot).await?;
        let got = copy.value(value).await;
        Ok(json!({ "holds": got.is_ok_and(|got| got == expected) }))
    }

    async fn survive(
        &self,
        prepare: &str,
        source: &str,
        value: &str,
        expected: &str,
    ) -> anyhow::Result<Value> {
        let session = self.create().await?;
        session.value(prepare).await?;
        let start = Instant::now();
        let ended = match session.value(source).await {
            Ok(_) => "finished".to_owned(),
            Err(error) => format!("{error:#}"),
        };
        let took = ms(start);
        let kept = session.value(value).await.is_ok_and(|got| got == expected);
        let fresh = self.first().await.is_ok();
        Ok(json!({ "ended": ended, "ms": took, "variables": kept, "new": fresh }))
    }
}

async fn opened(guest: Guest, fuel: bool, warm: Option<usize>) -> anyhow::Result<Agent> {
    let cache = Cache::of_user()?;
    let image = if guest == Guest::JavaScript {
        let language = sandcell_javascript::JavaScript::default();
        cache.ensure(&language, &mut ()).await?;
        "javascript"
    } else {
        let language = sandcell_python::Python::default();
        cache.ensure(&language, &mut ()).await?;
        "python"
    };
    if fuel {
        cache.add_fuel(image)?;
    }
    let mut builder = Runtime::builder();
    if guest == Guest::Shell {
        let built = cache.clone();
        let programs = move || sandcell_programs::build_silently(&built);
        builder = builder.programs(tokio::task::spawn_blocking(programs).await??);
    }
    if let Some(warm) = warm {
        builder = builder.warm(warm);
    }
    let runtime = builder.cache(cache).image(image).open()?;
    Ok(Agent {
        runtime,
        guest,
        fuel,
        settings: Settings {
            wall_ms: 30_000,
            memory_bytes: 256 << 20,
            first: String::new(),
            expected: String::new(),
        },
        session: None,
        live: Vec::new(),
    })
}

fn main() -> anyhow::Result<()> {
    // What `cargo bench` adds is of no meaning here.
    let words: Vec<String> = std::env::args().skip(1).collect();
    let has = |word: &str| words.iter().any(|given| given == word);
    let guest = match () {
        () if has("python") => Guest::Python,
        () if has("javascript") => Guest::JavaScript,
        () if has("shell") => Guest::Shell,
        () => {
            println!("benches/peers/run drives this");
            return Ok(());
        }
    };
    let warm = has("--no-pool").then_some(0);
    let mut tokio = if guest == Guest::Shell {
        // Processes of a pipeline run beside each other.
        tokio::runtime::Builder::new_multi_thread()
    } else {
        tokio::runtime::Builder::new_current_thread()
    };
    let tokio = tokio.enable_all().build()?;
    let mut agent = tokio.block_on(opened(guest, has("--fuel"), warm))?;
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        let answer = match serde_json::from_str(&line) {
            Ok(order) => tokio.block_on(agent.obey(order)),
            Err(error) => Err(error.into()),
        };
        let answer = answer.unwrap_or_else(|error| json!({ "error": format!("{error:#}") }));
        let mut stdout = std::io::stdout().lock();
        writeln!(stdout, "{answer}")?;
        stdout.flush()?;
    }
    Ok(())
}
