//! What a guest could do that got out of WebAssembly: this program raises the wall
//! around itself, as `sandcell serve --harden` does, and then tries. Each attempt
//! works without the wall, or the test says nothing.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that finds something else than it expects has failed"
)]

use std::fs::{self, File, OpenOptions};
use std::io::{BufRead, BufReader, Error, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::{UnixListener, UnixStream};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

use nix::mount::MsFlags;
use nix::sched::CloneFlags;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use sandcell_harden::{HardenError, Wall, confine_calls};

/// What this program is when it starts itself: one of the roles below.
const ROLE: &str = "SANDCELL_TEST_WALL";

/// What lies outside and inside of the wall.
#[derive(Debug, Clone)]
struct World {
    outside: PathBuf,
    readable: PathBuf,
    writable: PathBuf,
    /// Another process of the same user.
    victim: Pid,
    listening: SocketAddr,
}

fn main() {
    match std::env::var(ROLE).as_deref() {
        Ok("open") => escaped(false),
        Ok("confined") => escaped(true),
        Ok("without") => without_landlock(),
        Ok("threads") => with_threads(),
        _ => {
            the_wall_holds();
            for (role, expected) in [
                ("without", "this kernel has no Landlock"),
                ("threads", "there are 2"),
            ] {
                let ended = again(role).output().unwrap();
                let said = String::from_utf8_lossy(&ended.stdout);
                assert!(said.contains(expected), "{role}: {ended:?}");
            }
            println!("test result: ok. 1 passed; 0 failed");
        }
    }
}

fn again(role: &str) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.env(ROLE, role);
    command
}

/// Lines `attempt: how it ended` of both runs are compared.
fn the_wall_holds() {
    if !fs::read_to_string("/proc/self/status")
        .unwrap()
        .contains("Seccomp:")
    {
        println!("not run: this kernel has no seccomp");
        return;
    }
    let (open, confined) = (run("open"), run("confined"));
    if confined.iter().any(|line| line.contains("no Landlock")) {
        println!("not run: {}", confined.join(" "));
        return;
    }
    assert_eq!(open.len(), confined.len(), "{open:?}\n{confined:?}");
    let mut shown = 0;
    for (open, confined) in open.iter().zip(&confined) {
        let (attempt, free) = open.split_once(": ").unwrap();
        let (same, held) = confined.split_once(": ").unwrap();
        assert_eq!(attempt, same);
        if attempt.starts_with("own ") {
            assert_eq!((free, held), ("done", "done"), "{attempt}");
            continue;
        }
        let refused = [
            "os error 1)",
            "os error 13)",
            "os error 18)",
            "EPERM",
            "EACCES",
        ];
        assert!(
            refused.iter().any(|errno| held.contains(errno)),
            "{attempt} is not refused behind the wall: {held}"
        );
        // Some need more rights than who runs the tests may have.
        shown += usize::from(free == "done");
    }
    assert!(
        shown >= 40,
        "only {shown} attempts work without the wall: {open:#?}"
    );
}

fn run(role: &str) -> Vec<String> {
    let folders = tempfile::tempdir().unwrap();
    let [outside, readable, writable] = ["outside", "readable", "writable"].map(|name| {
        let folder = folders.path().join(name);
        fs::create_dir(&folder).unwrap();
        for file in ["file", "spare"] {
            fs::write(folder.join(file), "text").unwrap();
        }
        fs::create_dir(folder.join("empty")).unwrap();
        folder
    });
    let service = UnixListener::bind(outside.join("socket")).unwrap();
    let network = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut victim = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
    let mut child = again(role)
        .args([&outside, &readable, &writable])
        .arg(victim.id().to_string())
        .arg(network.local_addr().unwrap().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut told = Vec::new();
    while let Some(Ok(line)) = lines.next() {
        if let Some(address) = line.strip_prefix("listening on ") {
            // A client of the confined server.
            let mut client = TcpStream::connect(address).unwrap();
            client.write_all(b"hello").unwrap();
            let mut answer = String::new();
            client.read_to_string(&mut answer).unwrap();
            assert_eq!(answer, "hello");
        } else {
            told.push(line);
        }
    }
    child.wait().unwrap();
    drop((service, network));
    drop(victim.stdin.take());
    victim.wait().unwrap();
    told
}

/// Sets up, raises the wall if there is to be one, and tries everything on a thread
/// that was there before and on one that came later.
fn escaped(confined: bool) {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [outside, readable, writable, victim, listening] = &words[..] else {
        panic!("{words:?}");
    };
    let world = World {
        outside: outside.into(),
        readable: readable.into(),
        writable: writable.into(),
        victim: Pid::from_raw(victim.parse().unwrap()),
        listening: listening.parse().unwrap(),
    };
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    if confined {
        let wall = Wall::new().read(&world.readable).write(&world.writable);
        if let Err(error) = wall.confine_files() {
            println!("wall: {error}");
            return;
        }
    }
    let (start, started) = mpsc::channel();
    let early = std::thread::spawn({
        let world = world.clone();
        move || {
            started.recv().unwrap();
            attempts(&world);
        }
    });
    if confined {
        confine_calls().unwrap();
    }
    println!("listening on {}", listener.local_addr().unwrap());
    let (mut client, _) = listener.accept().unwrap();
    let mut hello = [0; 5];
    client.read_exact(&mut hello).unwrap();
    client.write_all(&hello).unwrap();
    drop(client);
    start.send(()).unwrap();
    early.join().unwrap();
    std::thread::spawn(move || attempts(&world)).join().unwrap();
}

fn tell<T, E: std::fmt::Debug>(attempt: &str, result: Result<T, E>) {
    match result {
        Ok(_) => println!("{attempt}: done"),
        Err(error) => println!("{attempt}: {error:?} {}", errno(&error)),
    }
}

/// The number of the system's error, as `std::io::Error` shows it.
fn errno(error: &dyn std::fmt::Debug) -> String {
    let shown = format!("{error:?}");
    let code = shown.split("code: ").nth(1).unwrap_or_default();
    let digits: String = code.chars().take_while(char::is_ascii_digit).collect();
    format!("(os error {digits})")
}

fn attempts(world: &World) {
    own(&world.readable, &world.writable);
    on_files(world);
    on_the_system(world);
}

fn on_files(world: &World) {
    let World {
        outside,
        readable,
        writable,
        ..
    } = world;
    let within = |name: &str| outside.join(name);
    tell("read /etc/passwd", fs::read("/etc/passwd"));
    tell("list /", fs::read_dir("/"));
    tell("list the home of processes", fs::read_dir("/proc"));
    tell("read a file", fs::read(within("file")));
    tell(
        "append",
        OpenOptions::new().append(true).open(within("file")),
    );
    tell("cut by a descriptor", File::create(within("file")));
    tell("make a file", File::create(within("new")));
    tell(
        "make a folder",
        fs::create_dir(within("folder")).map(|()| fs::remove_dir(within("folder")).unwrap()),
    );
    tell(
        "remove a folder",
        fs::remove_dir(within("empty")).map(|()| fs::create_dir(within("empty")).unwrap()),
    );
    tell(
        "link",
        std::os::unix::fs::symlink("/", within("link"))
            .map(|()| fs::remove_file(within("link")).unwrap()),
    );
    tell("follow out", {
        let door = writable.join("door");
        std::os::unix::fs::symlink(within("file"), &door).unwrap();
        let read = fs::read(&door);
        fs::remove_file(door).unwrap();
        read
    });
    tell(
        "remove",
        fs::remove_file(within("spare")).map(|()| fs::write(within("spare"), "text").unwrap()),
    );
    let (theirs, mine) = (within("spare"), writable.join("moved"));
    tell(
        "move in",
        fs::rename(&theirs, &mine).map(|()| fs::rename(&mine, &theirs).unwrap()),
    );
    let (theirs, mine) = (within("moved"), writable.join("spare"));
    tell(
        "move out",
        fs::rename(&mine, &theirs).map(|()| fs::rename(&theirs, &mine).unwrap()),
    );
    tell(
        "write what is to be read",
        fs::write(readable.join("file"), "text"),
    );
    let read_only = readable.join("spare");
    tell(
        "remove what is to be read",
        fs::remove_file(&read_only).map(|()| fs::write(&read_only, "text").unwrap()),
    );
}

fn on_the_system(world: &World) {
    let World {
        outside,
        victim,
        listening,
        ..
    } = world;
    tell("run", Command::new("/bin/true").status());
    tell("replace", replaced());
    tell("connect", TcpStream::connect(listening));
    tell("listen", TcpListener::bind("127.0.0.1:0"));
    tell("datagrams", UdpSocket::bind("127.0.0.1:0"));
    tell(
        "a local service",
        UnixStream::connect(outside.join("socket")),
    );
    tell("signal", kill(*victim, Signal::SIGCONT));
    tell("trace", {
        let attached = ptrace::attach(*victim);
        if attached.is_ok() {
            nix::sys::wait::waitpid(*victim, None).ok();
            ptrace::detach(*victim, None).unwrap();
        }
        attached
    });
    let none: Option<&str> = None;
    let mounted = nix::mount::mount(Some("none"), outside, Some("tmpfs"), MsFlags::empty(), none);
    if mounted.is_ok() {
        nix::mount::umount(outside).unwrap();
    }
    tell("mount", mounted);
    tell("namespace", nix::sched::unshare(CloneFlags::CLONE_NEWUTS));
}

/// What a server goes on to do.
fn own(readable: &Path, writable: &Path) {
    tell("own read", fs::read(readable.join("file")));
    tell("own list", fs::read_dir(readable));
    let file = writable.join("state");
    tell("own write", fs::write(&file, "state"));
    tell("own rename", fs::rename(&file, writable.join("other")));
    tell("own folder", fs::create_dir(writable.join("folder")));
    tell("own removal", fs::remove_dir(writable.join("folder")));
    tell(
        "own removal of a file",
        fs::remove_file(writable.join("other")),
    );
    tell("own thread", std::thread::spawn(|| ()).join());
    tell("own signal", kill(Pid::this(), Signal::SIGCONT));
    tell("own memory", Ok::<_, Error>(vec![1_u8; 64 << 20]));
}

/// What replaces this program; a child that replaces itself shows as much without
/// the wall.
fn replaced() -> Result<(), Error> {
    if std::env::var(ROLE).as_deref() == Ok("open") {
        let ended = Command::new("/bin/sh").args(["-c", "exec true"]).status()?;
        return if ended.success() {
            Ok(())
        } else {
            Err(Error::other("failed"))
        };
    }
    Err(Command::new("/bin/true").exec())
}

/// A kernel without Landlock, as far as this process can see.
fn without_landlock() {
    use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};
    let absent = [(libc::SYS_landlock_create_ruleset, Vec::new())];
    let filter = SeccompFilter::new(
        absent.into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.cast_unsigned()),
        std::env::consts::ARCH.try_into().unwrap(),
    );
    apply_filter(&BpfProgram::try_from(filter.unwrap()).unwrap()).unwrap();
    let error = Wall::new()
        .confine_files()
        .expect_err("there is no Landlock");
    assert!(matches!(error, HardenError::NoLandlock), "{error:?}");
    println!("{error}");
}

fn with_threads() {
    let (end, ended) = mpsc::channel::<()>();
    let other = std::thread::spawn(move || ended.recv());
    let error = Wall::new()
        .confine_files()
        .expect_err("there are two threads");
    assert!(
        matches!(error, HardenError::Threads { count: 2 }),
        "{error:?}"
    );
    println!("{error}");
    drop(end);
    other.join().unwrap().expect_err("nothing was sent");
}
