//! Folders of the host in a sandbox, as guests see them.

use std::fs;
use std::os::unix::fs::symlink;

use sandcell::files::Access;
use sandcell::{Busy, Context, Durability, Error, SandboxBuilder, SnapshotFault};
use tempfile::TempDir;

use crate::support::{self, builder, finished, first, refusal, start};

fn shared() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir_all(folder.path().join("shared/sub")).unwrap();
    fs::write(folder.path().join("secret"), "secret").unwrap();
    fs::write(folder.path().join("shared/data.txt"), "one\ntwo\n").unwrap();
    folder
}

/// The last value of a cell, in one line.
async fn value(context: &Context, code: &str) -> String {
    support::value(context, code).await.replace("\n ", " ")
}

async fn mounted(folder: &TempDir, access: Access) -> SandboxBuilder {
    let host = folder.path().join("shared");
    builder().await.mount("/mnt/data", host, access)
}

/// What an attempt raises, by the name of its error number.
const ATTEMPT: &str = "
import errno, os
def attempt(do, *arguments):
    try:
        do(*arguments)
        return 'done'
    except OSError as error:
        return errno.errorcode[error.errno]
";

#[tokio::test]
async fn guests_read_a_folder_and_cannot_change_it() {
    let folder = shared();
    let sandbox = start(mounted(&folder, Access::ReadOnly).await).await;
    let context = first(&sandbox);
    let code = format!(
        "{ATTEMPT}
(open('/mnt/data/data.txt').read(), sorted(os.listdir('/mnt/data')),
 attempt(open, '/mnt/data/data.txt', 'w'), attempt(open, '/mnt/data/new', 'x'),
 attempt(os.remove, '/mnt/data/data.txt'), attempt(os.mkdir, '/mnt/data/d'),
 attempt(os.rename, '/mnt/data/data.txt', '/mnt/data/x'),
 attempt(os.symlink, 'data.txt', '/mnt/data/l'), attempt(os.rmdir, '/mnt/data'))"
    );
    assert_eq!(
        value(&context, &code).await,
        "('one\\ntwo\\n', ['data.txt', 'sub'], 'EROFS', 'EROFS', 'EROFS', 'EROFS', 'EROFS', \
         'EROFS', 'EBUSY')"
    );
    assert_eq!(
        sandbox.files().read("/mnt/data/data.txt").unwrap(),
        b"one\ntwo\n"
    );
}

#[tokio::test]
async fn guests_change_a_folder_when_they_may() {
    let folder = shared();
    let sandbox = start(mounted(&folder, Access::ReadWrite).await).await;
    let context = first(&sandbox);
    let code = "
import os, pathlib, shutil
root = pathlib.Path('/mnt/data')
(root / 'made').mkdir()
(root / 'made' / 'file.txt').write_text('from the guest')
with open(root / 'data.txt', 'a') as file: file.write('three\\n')
os.rename(root / 'sub', root / 'moved')
with open(root / 'gone', 'w+') as file:
    os.remove(root / 'gone')
    file.write('still there'); file.seek(0)
    text = file.read()
shutil.copytree(root / 'made', root / 'copy')
shutil.rmtree(root / 'made')
text, sorted(os.listdir(root)), os.stat(root / 'data.txt').st_size";
    assert_eq!(
        value(&context, code).await,
        "('still there', ['copy', 'data.txt', 'moved'], 14)"
    );
    let host = folder.path().join("shared");
    assert_eq!(
        fs::read_to_string(host.join("copy/file.txt")).unwrap(),
        "from the guest"
    );
    assert_eq!(
        fs::read_to_string(host.join("data.txt")).unwrap(),
        "one\ntwo\nthree\n"
    );
}

#[tokio::test]
async fn no_link_leads_out() {
    let folder = shared();
    let host = folder.path().join("shared");
    symlink("/etc/passwd", host.join("passwd")).unwrap();
    symlink("../secret", host.join("above")).unwrap();
    symlink(folder.path(), host.join("out")).unwrap();
    let sandbox = start(mounted(&folder, Access::ReadWrite).await).await;
    let code = format!(
        "{ATTEMPT}
(open('/mnt/data/passwd').read().count('root'), attempt(open, '/mnt/data/above'),
 attempt(open, '/mnt/data/out/secret'), attempt(open, '/mnt/data/../../secret'),
 attempt(os.symlink, '/etc/passwd', '/mnt/data/l'), attempt(os.symlink, '../secret', '/mnt/data/l'),
 attempt(os.symlink, 'data.txt', '/mnt/data/l'), open('/mnt/data/l').read(3))"
    );
    let shown = value(&first(&sandbox), &code).await;
    let expected = "(3, 'ENOENT', 'ENOENT', 'ENOENT', 'EPERM', 'EPERM', 'done', 'one')";
    assert_eq!(shown, expected);
    let own = "open('/etc/passwd').read() == open('/mnt/data/passwd').read()";
    assert_eq!(value(&first(&sandbox), own).await, "True");
}

#[tokio::test]
async fn a_folder_that_vanishes_is_an_error_in_the_guest() {
    let folder = shared();
    let sandbox = start(mounted(&folder, Access::ReadWrite).await).await;
    let context = first(&sandbox);
    value(
        &context,
        "file = open('/mnt/data/data.txt'); file.readline()",
    )
    .await;
    fs::remove_dir_all(folder.path().join("shared")).unwrap();
    let code = format!(
        "{ATTEMPT}
(file.read(), attempt(open, '/mnt/data/data.txt'), attempt(os.listdir, '/mnt/data'),
 attempt(open, '/mnt/data/new', 'w'))"
    );
    assert_eq!(
        value(&context, &code).await,
        "('two\\n', 'ENOENT', 'ENOENT', 'ENOENT')"
    );
}

#[tokio::test]
async fn what_is_written_to_a_folder_is_bounded() {
    let folder = shared();
    let mut limits = sandcell::Limits::default();
    limits.mount_bytes = 1000;
    let builder = mounted(&folder, Access::ReadWrite).await.limits(limits);
    let sandbox = start(builder).await;
    let code = format!(
        "{ATTEMPT}
file = open('/mnt/data/big', 'wb', buffering=0)
(file.write(bytes(900)), attempt(file.write, bytes(101)), file.write(bytes(100)),
 attempt(file.write, b'x'), os.stat('/mnt/data/big').st_size)"
    );
    assert_eq!(
        value(&first(&sandbox), &code).await,
        "(900, 'ENOSPC', 100, 'ENOSPC', 1000)"
    );
}

#[tokio::test]
async fn places_that_cannot_be_mounted_are_refused() {
    let folder = shared();
    let missing = folder.path().join("none");
    let plan = builder().await.mount("/mnt", &missing, Access::ReadOnly);
    let error = refusal(plan.start().await);
    assert!(matches!(error, Error::Io { .. }), "{error}");
    for guest in ["/", "/usr/lib", "relative", "/dev/null", "/proc/new", ""] {
        let plan = builder()
            .await
            .mount(guest, folder.path(), Access::ReadOnly);
        let error = refusal(plan.start().await);
        let told = matches!(
            error,
            Error::BadSetting {
                setting: "mount",
                ..
            }
        );
        assert!(told, "{guest}: {error}");
    }
}

#[tokio::test]
async fn a_saved_sandbox_is_given_its_folders_again() {
    let (folder, other) = (shared(), shared());
    fs::write(other.path().join("shared/data.txt"), "ONE\nTWO\n").unwrap();
    let path = folder.path().join("s");
    let sandbox = start(mounted(&folder, Access::ReadOnly).await).await;
    let open = "f = open('/mnt/data/data.txt'); a = f.readline(); g = open('/mnt/data/sub/x')";
    fs::write(folder.path().join("shared/sub/x"), "x").unwrap();
    finished(&first(&sandbox), open).await;
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    assert!(snapshot.mounts().contains(&"/mnt/data".to_owned()));
    snapshot.save(&path, Durability::Process).await.unwrap();

    let runtime = support::runtime().await;
    let fault = |loaded| match loaded {
        Err(Error::BadSnapshot { reason, .. }) => reason,
        other => panic!("{other:?}"),
    };
    let missing = SnapshotFault::MissingMount {
        path: "/mnt/data".to_owned(),
    };
    assert_eq!(fault(runtime.load_snapshot(&path).await), missing);
    let host = other.path().join("shared");
    let file = || runtime.snapshot_file(&path);
    let elsewhere = file().mount("/mnt", &host, Access::ReadOnly).load().await;
    assert_eq!(fault(elsewhere), missing);
    let writable = file()
        .mount("/mnt/data", &host, Access::ReadWrite)
        .load()
        .await;
    let wrong = fault(writable);
    assert!(
        matches!(wrong, SnapshotFault::WrongMount { .. }),
        "{wrong:?}"
    );
    let gone = other.path().join("gone");
    let gone = file()
        .mount("/mnt/data", gone, Access::ReadOnly)
        .load()
        .await;
    assert!(matches!(gone, Err(Error::Io { .. })), "{gone:?}");

    let loading = file().mount("/mnt/data", &host, Access::ReadOnly).mount(
        "/mnt/more",
        folder.path(),
        Access::ReadOnly,
    );
    let snapshot = loading.load().await.unwrap();
    let copy = start(runtime.sandbox().snapshot(&snapshot)).await;
    let context = first(&copy);
    let code = "f.readline(), open('/mnt/data/data.txt').read(), open('/mnt/more/secret').read()";
    // The guest had read the second line of the other folder's file already.
    let expected = "('two\\n', 'ONE\\nTWO\\n', 'secret')";
    assert_eq!(value(&context, code).await, expected);
    // What was open and is not there stays open, and says so.
    let code = format!("{ATTEMPT}\nattempt(g.read), attempt(open, '/mnt/data/data.txt', 'w')");
    assert_eq!(value(&context, &code).await, "('ESTALE', 'EROFS')");
}

#[tokio::test]
async fn a_folder_that_vanishes_costs_its_files_only() {
    let folder = shared();
    let sandbox = start(mounted(&folder, Access::ReadWrite).await).await;
    let context = first(&sandbox);
    finished(&context, "import os; f = open('/mnt/data/data.txt'); x = 1").await;
    fs::remove_dir_all(folder.path().join("shared")).unwrap();
    let code = format!(
        "{ATTEMPT}
(attempt(open, '/mnt/data/data.txt'), attempt(open, '/mnt/data/new', 'w'),
 attempt(os.mkdir, '/mnt/data/d'), os.listdir('/'), x)"
    );
    let found = value(&context, &code).await;
    assert!(
        found.starts_with("('ENOENT', 'ENOENT', 'ENOENT', ["),
        "{found}"
    );
    assert!(found.ends_with(", 1)"), "{found}");
    // It can still be saved, copied and ended.
    let snapshot = sandbox.snapshot(Busy::default()).await.unwrap();
    let path = folder.path().join("s");
    snapshot.save(&path, Durability::Process).await.unwrap();
    let copy = start(support::runtime().await.sandbox().snapshot(&snapshot)).await;
    assert_eq!(value(&first(&copy), "x").await, "1");
}
