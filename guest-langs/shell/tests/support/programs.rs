//! A few programs, as far as the tests use them.

use std::sync::Arc;
use std::time::Duration;

use sandcell_shell::{ExitStatus, Launch, Open, Signal, Stream};

use super::World;

pub(crate) const NAMES: [&str; 21] = [
    "bash", "basename", "cat", "dirname", "false", "grep", "head", "ls", "mkdir", "printenv",
    "rev", "rm", "seq", "sh", "sleep", "sort", "tee", "touch", "tr", "wc", "yes",
];

struct Job {
    world: Arc<World>,
    args: Vec<String>,
    cwd: String,
    env: Vec<(Vec<u8>, Vec<u8>)>,
    streams: [Option<Stream>; 64],
}

type Done = Result<u8, Signal>;

pub(crate) async fn run(name: &str, world: &Arc<World>, launch: Launch) -> ExitStatus {
    let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
    let mut streams = [const { None }; 64];
    for (number, stream) in launch.descriptors {
        if let Some(place) = streams.get_mut(number as usize) {
            *place = Some(stream);
        }
    }
    let job = Job {
        world: Arc::clone(world),
        args: launch.argv.iter().skip(1).map(text).collect(),
        cwd: launch.cwd,
        env: launch.env,
        streams,
    };
    match job.run(name).await {
        Ok(status) => ExitStatus::Exited(status),
        Err(signal) => ExitStatus::Signalled(signal),
    }
}

impl Job {
    async fn run(&self, name: &str) -> Done {
        match name {
            "cat" => self.cat().await,
            "head" => self.head().await,
            "yes" => loop {
                self.write(1, b"y\n".repeat(1000).as_slice()).await?;
            },
            "sleep" => {
                let seconds = self
                    .args
                    .first()
                    .and_then(|text| text.parse().ok())
                    .unwrap_or(0.0);
                tokio::time::sleep(Duration::from_secs_f64(seconds)).await;
                Ok(0)
            }
            "printenv" => {
                for (name, value) in &self.env {
                    if self
                        .args
                        .first()
                        .is_some_and(|wanted| wanted.as_bytes() == name)
                    {
                        self.write(1, &[value.as_slice(), b"\n"].concat()).await?;
                        return Ok(0);
                    }
                }
                Ok(1)
            }
            "mkdir" | "rm" | "touch" | "ls" => self.files(name).await,
            "false" => Ok(1),
            _ => self.text(name).await,
        }
    }

    async fn write(&self, number: usize, mut bytes: &[u8]) -> Result<(), Signal> {
        let Some(stream) = &self.streams[number] else {
            return Ok(());
        };
        while !bytes.is_empty() {
            match stream.write(bytes).await {
                Ok(count) => bytes = &bytes[count..],
                Err(_) => return Err(Signal::PIPE),
            }
        }
        Ok(())
    }

    async fn input(&self) -> Vec<u8> {
        let mut all = Vec::new();
        if let Some(stream) = &self.streams[0] {
            while let Ok(more) = stream.read(1 << 16).await {
                if more.is_empty() {
                    break;
                }
                all.extend(more);
            }
        }
        all
    }

    fn path(&self, name: &str) -> String {
        if name.starts_with('/') {
            name.to_owned()
        } else {
            format!("{}/{name}", self.cwd)
        }
    }

    fn stream(&self, name: &str) -> Option<Stream> {
        match name.strip_prefix("/dev/fd/") {
            _ if name == "-" => self.streams[0].clone(),
            Some(number) => self.streams.get(number.parse::<usize>().ok()?)?.clone(),
            None => self.world.files.open(&self.path(name), Open::Read, 0).ok(),
        }
    }

    async fn cat(&self) -> Done {
        let names = if self.args.is_empty() {
            vec!["-".to_owned()]
        } else {
            self.args.clone()
        };
        let mut status = 0;
        for name in names {
            let Some(stream) = self.stream(&name) else {
                self.write(
                    2,
                    format!("cat: {name}: No such file or directory\n").as_bytes(),
                )
                .await?;
                status = 1;
                continue;
            };
            while let Ok(bytes) = stream.read(1 << 16).await {
                if bytes.is_empty() {
                    break;
                }
                self.write(1, &bytes).await?;
            }
        }
        Ok(status)
    }

    async fn head(&self) -> Done {
        let number = self.args.iter().find_map(|arg| {
            arg.trim_start_matches("-n")
                .trim_start_matches('-')
                .parse()
                .ok()
        });
        let most: usize = number.unwrap_or(10);
        if let Some(stream) = &self.streams[0] {
            for _ in 0..most {
                match stream.read_until(b'\n', 1 << 20).await {
                    Ok(line) if !line.is_empty() => self.write(1, &line).await?,
                    _ => break,
                }
            }
        }
        Ok(0)
    }

    async fn files(&self, name: &str) -> Done {
        let files = &self.world.files;
        let names: Vec<&String> = self
            .args
            .iter()
            .filter(|arg| !arg.starts_with('-'))
            .collect();
        if name == "ls" {
            let folder = names
                .first()
                .map_or_else(|| self.cwd.clone(), |name| self.path(name));
            for name in files.list(&folder).unwrap_or_default() {
                if !name.starts_with('.') {
                    self.write(1, format!("{name}\n").as_bytes()).await?;
                }
            }
        }
        for path in names.iter().map(|name| self.path(name)) {
            match name {
                "mkdir" => files.make_dirs(&path),
                "rm" => drop(files.remove(&path)),
                "touch" if files.metadata(&path).is_err() => files.put(&path, b"", 0o644),
                _ => {}
            }
        }
        Ok(0)
    }

    async fn text(&self, name: &str) -> Done {
        let args: Vec<&str> = self.args.iter().map(String::as_str).collect();
        let output = match (name, args.as_slice()) {
            ("seq", [last]) => sequence(1, last),
            ("seq", [first, last]) => sequence(first.parse().unwrap(), last),
            ("basename", [path, ..]) => format!("{}\n", path.rsplit('/').next().unwrap()),
            ("dirname", [path, ..]) => format!(
                "{}\n",
                path.rsplit_once('/').map_or(".", |(folder, _)| folder)
            ),
            _ => {
                let input = String::from_utf8_lossy(&self.input().await).into_owned();
                match self.filter(name, &args, &input) {
                    Ok(output) => output,
                    Err(status) => return Ok(status),
                }
            }
        };
        self.write(1, output.as_bytes()).await?;
        Ok(0)
    }

    fn filter(&self, name: &str, args: &[&str], input: &str) -> Result<String, u8> {
        let mut lines: Vec<&str> = input.lines().collect();
        Ok(match (name, args) {
            ("wc", ["-l"]) => format!("{}\n", lines.len()),
            ("wc", ["-w"]) => format!("{}\n", input.split_whitespace().count()),
            ("wc", ["-c"]) => format!("{}\n", input.len()),
            ("sort", args) => {
                lines.sort_unstable();
                if args.contains(&"-n") {
                    lines.sort_by_key(|line| line.trim().parse::<i64>().unwrap_or(0));
                }
                if args.contains(&"-r") {
                    lines.reverse();
                }
                if args.contains(&"-u") {
                    lines.dedup();
                }
                lines.iter().map(|line| format!("{line}\n")).collect()
            }
            ("rev", _) => lines
                .iter()
                .map(|line| line.chars().rev().collect::<String>() + "\n")
                .collect(),
            ("tr", ["a-z", "A-Z"]) => input.to_uppercase(),
            ("tr", ["-d", gone]) => input.replace(&gone.replace("\\n", "\n"), ""),
            ("tr", [from, to]) => {
                input.replace(&from.replace("\\n", "\n"), &to.replace("\\n", "\n"))
            }
            ("tee", [file]) => {
                self.world
                    .files
                    .put(&self.path(file), input.as_bytes(), 0o644);
                input.to_owned()
            }
            ("grep", ["-c", wanted]) => format!(
                "{}\n",
                lines.iter().filter(|line| line.contains(wanted)).count()
            ),
            ("grep", args) => {
                let quiet = args.contains(&"-q");
                let wanted = args.last().unwrap();
                let found: Vec<_> = lines.iter().filter(|line| line.contains(wanted)).collect();
                if found.is_empty() {
                    return Err(1);
                }
                if quiet {
                    String::new()
                } else {
                    found.iter().map(|line| format!("{line}\n")).collect()
                }
            }
            _ => return Err(2),
        })
    }
}

fn sequence(first: i64, last: &str) -> String {
    (first..=last.parse().unwrap())
        .map(|number| format!("{number}\n"))
        .collect()
}
