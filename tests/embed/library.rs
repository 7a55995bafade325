//! What the standard library says of a world that is not there.

use crate::support::{check, context, raised};

#[tokio::test]
async fn archives_have_permissions_that_others_can_read() {
    let context = context().await;
    let code = "import io, os, stat, tarfile, zipfile\n\
        os.mkdir('folder')\n\
        open('folder/file', 'w').close()\n\
        buffer = io.BytesIO()\n\
        with tarfile.open(fileobj=buffer, mode='w') as archive: archive.add('folder')\n\
        with zipfile.ZipFile(io.BytesIO(), 'w') as archive:\n    \
            archive.write('folder/file')\n    \
            zipped = archive.infolist()[0].external_attr >> 16\n\
        buffer.seek(0)\n\
        [oct(member.mode) for member in tarfile.open(fileobj=buffer)], oct(stat.S_IMODE(zipped))";
    check(&context, code, "(['0o755', '0o644'], '0o644')").await;
}

#[tokio::test]
async fn a_database_has_one_writer_at_a_time() {
    let context = context().await;
    let open = "import sqlite3\n\
        one, two = (sqlite3.connect('data.db', timeout=0) for _ in range(2))\n\
        one.execute('create table numbers (n)')\n\
        one.execute('insert into numbers values (1)')\n\
        two.execute('insert into numbers values (2)')";
    let error = raised(&context, open).await;
    assert_eq!(
        (error.name.as_str(), error.value.as_str()),
        ("OperationalError", "database is locked")
    );
    let code = "one.commit()\n\
        two.execute('insert into numbers values (2)')\n\
        two.commit()\n\
        one.execute('select sum(n) from numbers').fetchone()";
    check(&context, code, "(3,)").await;
}

#[tokio::test]
async fn names_of_the_machine() {
    let context = context().await;
    let code = "import email.utils, platform, socket\n\
        socket.gethostname(), socket.getfqdn(), email.utils.make_msgid().endswith('@localhost>'), platform.libc_ver()";
    let expected = "('localhost', 'localhost', True, ('', ''))";
    check(&context, code, expected).await;
}

#[tokio::test]
async fn logarithms_of_powers_of_two_are_exact() {
    let context = context().await;
    let code = "import math\n\
        [n for n in range(-1074, 1024) if math.log2(2.0 ** n) != n], math.log2(10), math.log2(1e-308), math.log2(math.inf)";
    let expected = "([], 3.321928094887362, -1023.1538532253076, inf)";
    check(&context, code, expected).await;
}

#[tokio::test]
async fn a_recursion_limit_counts_from_where_it_is_set() {
    let context = context().await;
    let code = "import sys\n\
        sys.setrecursionlimit(10 ** 9)\n\
        large = sys.getrecursionlimit()\n\
        sys.setrecursionlimit(50)\n\
        def depth(n, counted=True):\n    \
            try: return depth(n + 1)\n    \
            except RecursionError: return n\n\
        large, 30 < depth(0) <= 50";
    check(&context, code, "(200000, True)").await;
    let error = raised(&context, "import sys; sys.setrecursionlimit(0)").await;
    assert_eq!(error.name, "ValueError");
}
