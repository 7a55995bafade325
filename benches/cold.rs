//! A cold process: from `exec` to the first result, all cached on disk.
//!
//! `cargo bench --bench cold` (needs `cargo build --release` for the binary)

use std::path::PathBuf;
use std::process::{Command, Stdio};

mod support;
use support::{Series, head, row, runtime};

const ROUNDS: usize = 60;

fn spawn(program: &PathBuf, arguments: &[&str], series: &mut Series) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = series.time(|| command.status())?;
    anyhow::ensure!(status.success(), "{program:?} failed");
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    drop(runtime(0).await?);
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target"),
        PathBuf::from,
    );
    let binary = target.join("release/sandcell");
    anyhow::ensure!(
        binary.exists(),
        "cargo build --release makes {}",
        binary.display()
    );
    let native = PathBuf::from("/usr/bin/python3");
    let nothing = PathBuf::from("/bin/true");
    let (mut ours, mut theirs, mut floor) =
        (Series::default(), Series::default(), Series::default());
    for _ in 0..ROUNDS {
        spawn(&binary, &["run", "-c", "1+1"], &mut ours)?;
        if native.exists() {
            spawn(&native, &["-c", "print(1+1)"], &mut theirs)?;
        }
        spawn(&nothing, &[], &mut floor)?;
    }
    head(
        "Cold process to first result",
        "cargo build --release && cargo bench --bench cold",
    );
    let beside = format!(
        "python3 -c: {:.2} ms; /bin/true: {:.2} ms",
        theirs.min_ms(),
        floor.min_ms()
    );
    row("`sandcell run -c 1+1`", &ours, &beside);
    Ok(())
}
