//! Nothing of one sandbox is to be found in another.

use std::collections::BTreeSet;

use crate::support::{
    builder, check, finished, first, raised, runtime, start, value, warm_runtime,
};

/// Python that reads the interpreter's own memory: a tuple is indexed beyond its
/// end by a hand-made code object, which yields a made-up bytearray over all of
/// the linear memory. Not a trick that a sandbox could forbid: a guest may do to
/// its memory what it likes.
const PEEK: &str = r#"
import struct, types, opcode

def _fetch(address_of_pointer):
    "The object whose address is stored at an address."
    constants = (None, None)
    items = id(constants) + 12
    index = ((address_of_pointer - items) % 2**32) // 4
    code = bytearray()
    for shift in (24, 16, 8):
        code += bytes([opcode.opmap['EXTENDED_ARG'], (index >> shift) & 255])
    code += bytes([opcode.opmap['LOAD_CONST'], index & 255, opcode.opmap['RETURN_VALUE'], 0])
    def shape(): return None
    made = shape.__code__.replace(co_code=bytes([opcode.opmap['RESUME'], 0]) + bytes(code), co_consts=constants)
    return types.FunctionType(made, {})()

def whole_memory(size):
    "A bytearray over the addresses from 0 to size."
    global _keep
    # reference count, type, size, allocated, buffer, start, exports
    body = struct.pack('<7I', 1 << 29, id(bytearray), size, size, 0, 0, 0)
    address = id(body) + 16
    pointer = struct.pack('<I', address)
    _keep = body, pointer
    return _fetch(id(pointer) + 16)
"#;

#[tokio::test]
async fn memory_of_an_ended_sandbox_is_not_in_the_next() {
    let runtime = warm_runtime(0).await;
    // A text that stands in no source.
    let pattern = "pattern = bytes([115, 51, 99, 114, 51, 116, 33, 33])\n";
    for round in 0..3 {
        let sandbox = start(runtime.sandbox().memory_bytes(512 << 20)).await;
        let context = first(&sandbox);
        finished(&context, format!("{pattern}{PEEK}")).await;
        // The guest's memory grows over where the secret of the last round was.
        // (Reading little into a large buffer leaves the buffer as it was.)
        let grow = "import os; os.read(os.open(os.__file__, os.O_RDONLY), 100 << 20)[:0]";
        let grown = finished(&context, grow).await;
        let size = grown.outcome.usage.peak_memory_bytes;
        let count = format!("whole_memory({size}).count(pattern)");
        let found: u64 = value(&context, count.as_str()).await.parse().unwrap();
        assert!(
            found < 100,
            "round {round}: {found} traces of an earlier sandbox"
        );
        // The search does find what is there.
        finished(&context, "secret = pattern * (90 << 17)").await;
        let found: u64 = value(&context, count.as_str()).await.parse().unwrap();
        assert!(
            found > 5 << 20,
            "round {round}: the search found {found} of its own"
        );
        sandbox.close();
    }
}

#[tokio::test]
async fn sandboxes_differ_in_randomness() {
    const SANDBOXES: usize = 6;
    let runtime = warm_runtime(2).await;
    runtime.warm_up().await.unwrap();
    let sources = [
        "random.random()",
        "random.getrandbits(64)",
        "uuid.uuid4()",
        "uuid.uuid1()",
        "secrets.token_hex(16)",
        "os.urandom(16)",
        "tempfile.mktemp()",
        "open('/proc/sys/kernel/random/boot_id').read()",
    ];
    let mut seen = BTreeSet::new();
    for _ in 0..SANDBOXES {
        let context = first(&start(runtime.sandbox()).await);
        finished(&context, "import random, uuid, secrets, os, tempfile").await;
        for source in sources {
            seen.insert((source, value(&context, source).await));
        }
    }
    for source in sources {
        let different = seen.iter().filter(|(of, _)| *of == source).count();
        assert_eq!(different, SANDBOXES, "{source} repeats: {seen:?}");
    }
}

#[tokio::test]
async fn variables_modules_files_and_environment_are_ones_own() {
    let runtime = runtime().await;
    let one = first(&start(runtime.sandbox().env("ONE", "1")).await);
    finished(&one, "x = 1; import sys, os, builtins, json").await;
    finished(&one, "builtins.mark = sys.mark = json.mark = 'one'; os.environ['TOO'] = '2'; sys.modules['made'] = sys").await;
    finished(&one, "open('/home/user/a.txt', 'w').write('one'); open('/tmp/b.txt', 'w').write('one'); os.mkdir('/home/user/folder')").await;
    finished(&one, "import random, decimal; random.seed(1); decimal.getcontext().prec = 3; sys.setrecursionlimit(77)").await;
    let two = first(&start(runtime.sandbox()).await);
    assert_eq!(raised(&two, "x").await.name, "NameError");
    assert_eq!(raised(&two, "mark").await.name, "NameError");
    assert_eq!(
        raised(&two, "import made").await.name,
        "ModuleNotFoundError"
    );
    check(
        &two,
        "import sys, os, json; hasattr(sys, 'mark'), hasattr(json, 'mark')",
        "(False, False)",
    )
    .await;
    check(
        &two,
        "os.environ.get('ONE'), os.environ.get('TOO')",
        "(None, None)",
    )
    .await;
    check(
        &two,
        "os.listdir('/home/user'), os.listdir('/tmp')",
        "([], [])",
    )
    .await;
    check(
        &two,
        "import decimal; decimal.getcontext().prec, sys.getrecursionlimit() > 77",
        "(28, True)",
    )
    .await;
    finished(&two, "open('/tmp/b.txt', 'w').write('two')").await;
    check(&one, "open('/tmp/b.txt').read()", "'one'").await;
}

#[tokio::test]
async fn the_library_cannot_be_changed() {
    let context = first(&start(builder().await).await);
    let code = "import errno, os
def refused(function, *arguments):
    try:
        function(*arguments)
    except OSError as error:
        return errno.errorcode[error.errno]
    return 'done'
path = '/usr/lib/python3.13/json/__init__.py'
before = open(path).read()
found = {refused(open, path, 'w'), refused(open, path, 'a'), refused(open, '/usr/lib/python3.13/new.py', 'w'), refused(os.remove, path),
         refused(os.mkdir, '/usr/lib/python3.13/d'), refused(os.truncate, path, 0), refused(os.utime, path)}
# Another mount is another device.
moved = refused(os.rename, path, '/tmp/x'), refused(os.rename, '/tmp', '/usr/lib/python3.13/tmp')
found, moved, open(path).read() == before";
    check(&context, code, "({'EROFS'}, ('EXDEV', 'EXDEV'), True)").await;
}

#[tokio::test]
async fn the_hosts_files_are_out_of_reach() {
    let context = first(&start(builder().await).await);
    let reach = "import os
def reach(path):
    try:
        os.stat(path)
        return True
    except OSError:
        return False";
    finished(&context, reach).await;
    let own = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
    for path in [
        own,
        "/etc/shadow",
        "/root/.ssh",
        "/proc/self/maps",
        "/proc/1/environ",
        "/sys/kernel",
        "/usr/bin/env",
        "/var/lib",
    ] {
        let up = "../".repeat(40);
        let code = format!(
            "path = {path:?}
os.symlink(path, 'link'); os.symlink({up:?} + path, 'far')
found = [reach(way) for way in (path, {up:?} + path, '/tmp/..' + path, 'link', 'far', '/proc/self/root' + path)]
os.remove('link'); os.remove('far')
any(found)"
        );
        check(&context, code, "False").await;
    }
    let names = value(&context, "sorted(os.listdir('/'))").await;
    assert!(!names.contains("boot") && names.contains("home"), "{names}");
}
