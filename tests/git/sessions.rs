//! Every session, in a sandbox and with real git.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::session::{Line, Place, SETTINGS, parse};
use super::{bash, sandbox};

const FILES: [(&str, &str); 6] = [
    ("commits", include_str!("sessions/commits.txt")),
    ("branches", include_str!("sessions/branches.txt")),
    ("objects", include_str!("sessions/objects.txt")),
    ("graphs", include_str!("sessions/graphs.txt")),
    ("patches", include_str!("sessions/patches.txt")),
    ("exchange", include_str!("sessions/exchange.txt")),
];

/// Status of git for words that it does not understand: the help that follows is
/// not ours.
const USAGE: i32 = 129;

const HOME: &str = "/home/user";

struct Done {
    output: String,
    errors: String,
    status: i32,
}

/// What differs between what came and what must come.
fn difference(line: &Line, place: &Place, done: &Done) -> Option<String> {
    let mut found = String::new();
    let mut compare = |what: &str, is: &str, must: &str| {
        let must = place.here(must);
        if is != must {
            write!(found, "{what}:\n{is}\nshould be:\n{must}\n").expect("written");
        }
    };
    compare("output", &done.output, &line.output);
    if line.status != USAGE {
        compare("errors", &done.errors, &line.errors);
    }
    compare("status", &done.status.to_string(), &line.status.to_string());
    (!found.is_empty()).then(|| format!("{}: {}\n{found}", line.number, line.command))
}

async fn run_file(name: &str) -> (usize, Vec<String>) {
    let (_, text) = FILES.iter().find(|(known, _)| *known == name).unwrap();
    let (mut count, mut wrong) = (0, Vec::new());
    for session in parse(text) {
        let sandbox = sandbox().await;
        let mut place = Place::new(HOME);
        sandbox.files().make_dirs("/home/user/here").unwrap();
        sandbox
            .files()
            .write("/home/user/.gitconfig", SETTINGS)
            .unwrap();
        for line in &session {
            if place.takes(&line.command) {
                continue;
            }
            count += 1;
            let folder = place.folder.to_str().unwrap();
            let command = place.here(&line.command);
            let done = bash(&sandbox, folder, &place.variables(), &command).await;
            let done = Done {
                output: done.stdout_text(),
                errors: done.stderr_text(),
                status: done.exit.status.shell_code().into(),
            };
            if line.mark != '-' {
                wrong.extend(difference(line, &place, &done));
            }
        }
    }
    (count, wrong)
}

async fn check(name: &str, least: usize) {
    let (count, wrong) = run_file(name).await;
    let all = wrong.join("\n");
    assert!(
        wrong.is_empty(),
        "{} of {count} are wrong\n\n{all}",
        wrong.len()
    );
    assert!(count >= least, "{count} lines");
}

#[tokio::test]
async fn commits_and_histories() {
    check("commits", 150).await;
}

#[tokio::test]
async fn branches_and_merges() {
    check("branches", 150).await;
}

#[tokio::test]
async fn objects_names_and_settings() {
    check("objects", 100).await;
}

#[tokio::test]
async fn tags_stashes_rebases_and_other_repositories() {
    check("exchange", 180).await;
}

#[tokio::test]
async fn graphs_of_histories() {
    check("graphs", 20).await;
}

#[tokio::test]
async fn patches_and_searches() {
    check("patches", 35).await;
}

/// The expectations themselves, held against this machine's git when
/// `SANDCELL_HOST_GIT` is set: it should be of the series 2.47.
#[test]
fn real_git_agrees_with_the_sessions() {
    if std::env::var_os("SANDCELL_HOST_GIT").is_none() {
        eprintln!("not run: SANDCELL_HOST_GIT is not set");
        return;
    }
    let mut wrong = Vec::new();
    for (_, text) in FILES {
        for session in parse(text) {
            let folder = tempfile::TempDir::new().unwrap();
            let mut place = Place::new(folder.path().to_str().unwrap());
            std::fs::create_dir(&place.folder).unwrap();
            std::fs::write(folder.path().join(".gitconfig"), SETTINGS).unwrap();
            for line in &session {
                if place.takes(&line.command) {
                    continue;
                }
                let done = Command::new("bash")
                    .args(["-c", &place.here(&line.command)])
                    .current_dir(&place.folder)
                    .envs(place.variables())
                    .stdin(Stdio::null())
                    .output()
                    .unwrap();
                let done = Done {
                    output: String::from_utf8_lossy(&done.stdout).into_owned(),
                    errors: String::from_utf8_lossy(&done.stderr).into_owned(),
                    status: done.status.code().unwrap_or(-1),
                };
                if line.mark == '$' {
                    wrong.extend(difference(line, &place, &done));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
