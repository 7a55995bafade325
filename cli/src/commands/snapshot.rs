//! `sandcell snapshot`: saved sandboxes that have a name.

use std::time::SystemTime;

use sandcell::NamedSnapshot;
use serde::Serialize;

use crate::args::SnapshotCommand;
use crate::console::{Escapes, Output};
use crate::exit::{ExitStatus, Failure};
use crate::saved;
use crate::size;

pub(crate) fn execute(command: SnapshotCommand) -> Result<ExitStatus, Failure> {
    let store = saved::store()?;
    let mut stdout = Output::stdout(Escapes::Shown);
    match command {
        SnapshotCommand::List { json } => {
            for snapshot in store.list()? {
                stdout.line(&line(&snapshot, json)?)?;
            }
        }
        SnapshotCommand::Rm { names } => {
            for name in names {
                if !store.remove(&name)? {
                    return Err(saved::missing(&name));
                }
                stdout.line(&format!("removed {name}"))?;
            }
        }
    }
    Ok(ExitStatus::Success)
}

/// What `--json` prints.
#[derive(Serialize)]
struct Row<'a> {
    name: &'a str,
    bytes: u64,
    id: Option<String>,
    parent: Option<String>,
    image: Option<&'a str>,
    created: Option<u64>,
    fault: Option<String>,
}

fn line(snapshot: &NamedSnapshot, json: bool) -> Result<String, Failure> {
    let (about, fault) = match &snapshot.about {
        Ok(about) => (Some(about), None),
        Err(fault) => (None, Some(fault.to_string())),
    };
    if json {
        let row = Row {
            name: &snapshot.name,
            bytes: snapshot.bytes,
            id: about.map(|about| about.id.to_string()),
            parent: about.map(|about| about.sandbox.to_string()),
            image: about.map(|about| about.image.as_str()),
            created: about.map(|about| seconds(about.created)),
            fault,
        };
        return serde_json::to_string(&row).map_err(|error| Failure::own(error.to_string()));
    }
    let bytes = size::show(snapshot.bytes);
    let rest = match (about, fault) {
        (Some(about), _) => format!("{}  of {}", about.image, about.sandbox),
        (None, fault) => fault.unwrap_or_default(),
    };
    Ok(format!("{:<24}  {bytes:>9}  {rest}", snapshot.name))
}

/// Seconds since 1970.
fn seconds(time: SystemTime) -> u64 {
    let since = time.duration_since(SystemTime::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs())
}
