//! The sandbox's files, as guests see them: what is there from the start, what
//! does not fit, and what the host is told.

use sandcell::files::ChangeKind;
use sandcell::{Context, Limits, Sandbox};

use crate::support::{builder, first, sandbox, start, value};

async fn with_limits(change: impl FnOnce(&mut Limits)) -> Sandbox {
    let mut limits = Limits::default();
    change(&mut limits);
    start(builder().await.limits(limits)).await
}

async fn shown(context: &Context, code: &str) -> String {
    value(context, code).await.replace("\n ", " ")
}

#[tokio::test]
async fn the_usual_files_are_there_and_whole() {
    let sandbox = sandbox().await;
    let context = first(&sandbox);
    let code = "
import os, uuid
boot = open('/proc/sys/kernel/random/boot_id').read()
release = dict(line.split('=', 1) for line in open('/etc/os-release').read().splitlines())
(os.getcwd(), os.path.expanduser('~'), open('/etc/hostname').read(), release['ID'],
 str(uuid.UUID(boot.strip())) + '\\n' == boot, uuid.UUID(boot.strip()).version,
 os.path.isdir('/tmp'), os.path.isdir('/root'), len(os.urandom(8)),
 open('/dev/null').read(), len(open('/dev/urandom', 'rb').read(4)), open('/dev/zero', 'rb').read(2))";
    assert_eq!(
        shown(&context, code).await,
        "('/home/user', '/home/user', 'sandcell\\n', 'sandcell', True, 4, True, True, 8, '', 4, \
         b'\\x00\\x00')"
    );
    let code = "
import errno, os, platform
def attempt(do, *arguments):
    try: do(*arguments); return 'done'
    except OSError as error: return errno.errorcode[error.errno]
path = '/proc/sys/kernel/random/boot_id'
(attempt(open, path, 'w'), attempt(os.remove, path), attempt(os.rename, '/proc', '/x'),
 attempt(os.mkdir, '/proc/1'), attempt(os.remove, '/dev/null'),
 attempt(open, '/usr/lib/new', 'w'), platform.freedesktop_os_release()['NAME'])";
    assert_eq!(
        shown(&context, code).await,
        "('EACCES', 'EACCES', 'EACCES', 'EACCES', 'EACCES', 'EROFS', 'Sandcell')"
    );
}

#[tokio::test]
async fn boot_ids_differ_between_sandboxes() {
    let code = "open('/proc/sys/kernel/random/boot_id').read()";
    let (one, other) = (sandbox().await, sandbox().await);
    let id = shown(&first(&one), code).await;
    assert_ne!(id, shown(&first(&other), code).await);
    assert_eq!(id, shown(&first(&one), code).await);
}

#[tokio::test]
async fn a_write_that_does_not_fit_leaves_nothing_half() {
    let sandbox = with_limits(|limits| limits.file_bytes = 1 << 20).await;
    let code = "
import errno, os
file = open('/tmp/big', 'wb', buffering=0)
first = file.write(bytes(600_000))
try: file.write(bytes(600_000)); second = 'done'
except OSError as error: second = errno.errorcode[error.errno]
size = os.stat('/tmp/big').st_size
file.close(); os.remove('/tmp/big')
with open('/tmp/again', 'wb', buffering=0) as file: third = file.write(bytes(1_000_000))
first, second, size, third";
    assert_eq!(
        shown(&first(&sandbox), code).await,
        "(600000, 'ENOSPC', 600000, 1000000)"
    );
    assert_eq!(sandbox.files().stat("/tmp/again").unwrap().size, 1_000_000);
}

#[tokio::test]
async fn names_and_depths_are_bounded_and_nothing_hangs() {
    let sandbox = with_limits(|limits| limits.file_entries = 3000).await;
    let code = "
import errno, os
def attempt(do, *arguments):
    try: do(*arguments); return 'done'
    except (OSError, ValueError) as error: return errno.errorcode.get(getattr(error, 'errno', 0), type(error).__name__)
os.chdir('/tmp')
for number in range(5000):
    last = attempt(os.mkdir, f'{number}')
    if last != 'done': break
made = len(os.listdir('.'))
for name in os.listdir('.'): os.rmdir(name)
depth = 0
try:
    while depth < 2000:
        os.mkdir('d'); os.chdir('d'); depth += 1
except OSError as error: deep = errno.errorcode[error.errno]
os.chdir('/tmp')
os.symlink('b', 'a'); os.symlink('a', 'b')
open('new\\nline', 'w').write('x')
(last, 2900 < made < 3000, deep, 500 < depth <= 1024, attempt(open, 'a'),
 attempt(open, 'n' * 256, 'w'), attempt(open, b'no\\xffutf8', 'w'), attempt(open, 'nul\\0', 'w'),
 'new\\nline' in os.listdir('.'), attempt(os.rename, 'new\\nline', 'd'))";
    let shown = shown(&first(&sandbox), code).await;
    assert_eq!(
        shown,
        "('ENOSPC', True, 'ENAMETOOLONG', True, 'ELOOP', 'ENAMETOOLONG', 'EILSEQ', 'ValueError', \
         True, 'EISDIR')"
    );
    sandbox.files().remove("/tmp/d").unwrap();
}

#[tokio::test]
async fn large_files_leave_memory_and_come_back() {
    let sandbox = sandbox().await;
    let code = "
import hashlib
block = bytes(range(256)) * 4096
with open('/tmp/large', 'wb') as file:
    for _ in range(200): file.write(block)
digest = hashlib.sha256()
with open('/tmp/large', 'rb') as file:
    while part := file.read(1 << 20): digest.update(part)
digest.hexdigest() == hashlib.sha256(block * 200).hexdigest()";
    assert_eq!(shown(&first(&sandbox), code).await, "True");
    assert_eq!(sandbox.files().stat("/tmp/large").unwrap().size, 200 << 20);
}

#[tokio::test]
async fn the_host_is_told_what_guests_change() {
    let sandbox = sandbox().await;
    let mut watcher = sandbox.files().watch(100);
    let code = "
import os
os.mkdir('/tmp/d')
with open('/tmp/d/file', 'w') as file: file.write('text')
os.utime('/tmp/d/file', (1, 2))
os.rename('/tmp/d/file', '/tmp/d/other')
os.remove('/tmp/d/other')
os.rmdir('/tmp/d')";
    crate::support::finished(&first(&sandbox), code).await;
    let mut told = Vec::new();
    while let Some(change) = watcher.try_next() {
        if change.path.starts_with("/tmp/d") {
            told.push((change.kind, change.path, change.to));
        }
    }
    let change =
        |kind, path: &str, to: Option<&str>| (kind, path.to_owned(), to.map(str::to_owned));
    assert_eq!(
        told,
        [
            change(ChangeKind::Create, "/tmp/d", None),
            change(ChangeKind::Create, "/tmp/d/file", None),
            change(ChangeKind::Write, "/tmp/d/file", None),
            change(ChangeKind::Chmod, "/tmp/d/file", None),
            change(ChangeKind::Rename, "/tmp/d/file", Some("/tmp/d/other")),
            change(ChangeKind::Remove, "/tmp/d/other", None),
            change(ChangeKind::Remove, "/tmp/d", None),
        ]
    );
}
