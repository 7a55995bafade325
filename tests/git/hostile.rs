//! Repositories that somebody made to do harm, and large ones.

use sandcell::Sandbox;
use sandcell::command::CommandOutput;

use super::{bash, sandbox};

const HOME: &str = "/home/user";

async fn run(sandbox: &Sandbox, script: &str) -> CommandOutput {
    let who = [
        ("GIT_AUTHOR_NAME", "Ann".to_owned()),
        ("GIT_AUTHOR_EMAIL", "ann@example.org".to_owned()),
        ("GIT_COMMITTER_NAME", "Bob".to_owned()),
        ("GIT_COMMITTER_EMAIL", "bob@example.org".to_owned()),
    ];
    bash(sandbox, HOME, &who, script).await
}

/// Runs a script that must end well.
async fn good(sandbox: &Sandbox, script: &str) -> String {
    let done = run(sandbox, script).await;
    assert_eq!(
        done.exit.status.shell_code(),
        0,
        "{script}\n{}",
        done.stderr_text()
    );
    done.stdout_text()
}

/// Runs a script whose git must refuse: an error of its own, no trap.
async fn refused(sandbox: &Sandbox, script: &str) -> String {
    let done = run(sandbox, script).await;
    let (errors, status) = (done.stderr_text(), done.exit.status.shell_code());
    assert!(
        matches!(status, 1 | 128) && (errors.contains("fatal: ") || errors.contains("error: ")),
        "{script}: {status}\n{errors}"
    );
    errors
}

const START: &str = "git init -q r && cd r && echo one > a && git add a && git commit -qm one";

#[tokio::test]
async fn trees_with_names_that_lead_elsewhere() {
    let sandbox = sandbox().await;
    good(&sandbox, START).await;
    for name in [
        ".git",
        "..",
        ".",
        ".GIT",
        "a/b",
        "../x",
        ".git/config",
        ".git.",
        "git~1",
    ] {
        // A tree with one entry of that name, and a commit of it, made from bytes.
        let script = format!(
            "cd r && git checkout -qf main 2>/dev/null || git checkout -qf master; \
             blob=$(echo evil | git hash-object -w --stdin) && \
             python3 -c \"import sys; sys.stdout.buffer.write(b'100644 {name}\\0' + bytes.fromhex('$blob'))\" > ../tree && \
             tree=$(git hash-object -t tree -w ../tree) && commit=$(git commit-tree $tree -m evil) && \
             git checkout -f $commit; git reset --hard $commit; git status >/dev/null 2>&1; git ls-tree -r $commit; \
             cat .git/config | grep -c evil; ls -a .. | grep -c '^x$'"
        );
        let done = run(&sandbox, &script).await;
        let output = done.stdout_text();
        assert!(
            output.ends_with("0\n0\n"),
            "{name}: {output}{}",
            done.stderr_text()
        );
        assert!(done.exit.status.shell_code() <= 1, "{name}");
    }
}

#[tokio::test]
async fn links_are_not_written_through() {
    let sandbox = sandbox().await;
    good(
        &sandbox,
        "mkdir out && git init -q r && cd r && mkdir d && echo evil > d/x && git add d && git commit -qm folder && \
         git branch folder && git rm -rq d && ln -s ../out d && git add d && git commit -qm link",
    )
    .await;
    good(
        &sandbox,
        "cd r && git checkout -q folder && cat d/x && ls ../out | wc -l",
    )
    .await;
    let told = refused(&sandbox, "cd r && git checkout -q - && git add d/y").await;
    assert!(
        told.contains("did not match") || told.contains("symbolic link"),
        "{told}"
    );
    good(
        &sandbox,
        "cd r && git reset -q --hard folder && test -d d && test ! -L d",
    )
    .await;
    assert_eq!(good(&sandbox, "ls out | wc -l").await.trim(), "0");
}

#[tokio::test]
async fn broken_repositories_are_refused() {
    let sandbox = sandbox().await;
    good(&sandbox, START).await;
    for (harm, command) in [
        (
            "for f in .git/objects/??/*; do chmod +w $f; echo junk > $f; done",
            "git log",
        ),
        (
            "for f in .git/objects/??/*; do chmod +w $f; : > $f; done",
            "git show",
        ),
        (
            "for f in .git/objects/??/*; do chmod +w $f; head -c 20 $f > x; cp x $f; done",
            "git cat-file -p HEAD",
        ),
        ("head -c 40 .git/index > x; cp x .git/index", "git status"),
        ("echo DIRC > .git/index", "git add a"),
        (
            "printf 'DIRC\\0\\0\\0\\2\\377\\377\\377\\377' > .git/index",
            "git status",
        ),
        ("echo 'ref: refs/../../x' > .git/HEAD", "git commit -m x"),
        ("echo nonsense > .git/HEAD", "git log"),
        ("printf '[core\\nx' > .git/config", "git status"),
        ("echo zzzz > .git/$(git symbolic-ref HEAD)", "git log"),
        (
            "mkdir -p .git/objects/pack; rm -r .git/objects/??; \
             printf 'PACK\\0\\0\\0\\2\\377\\377\\377\\377' > .git/objects/pack/pack-0123456789012345678901234567890123456789.pack; \
             printf '\\377tOc\\0\\0\\0\\2\\377\\377\\377\\377' > .git/objects/pack/pack-0123456789012345678901234567890123456789.idx",
            "git log",
        ),
        (
            // An object that says it is four gigabytes.
            "python3 -c \"import zlib; open('x','wb').write(zlib.compress(b'blob 4294967290\\0' + bytes(100)))\"; \
             for f in .git/objects/??/*; do chmod +w $f; cp x $f; done",
            "git log",
        ),
    ] {
        let script = format!("rm -rf c && cp -r r c && cd c && {{ {harm}; }} && {command}");
        refused(&sandbox, &script).await;
    }
    // A commit whose parent and tree are not there.
    let script = "cd r && printf 'tree 1234567890123456789012345678901234567890\\nparent 1234567890123456789012345678901234567890\\nauthor a <b> 1 +0000\\ncommitter a <b> 1 +0000\\n\\nx\\n' > ../o && \
                  git update-ref refs/heads/evil $(git hash-object -t commit -w ../o) && git log evil";
    refused(&sandbox, script).await;
}

#[tokio::test]
async fn deep_and_odd_names() {
    let sandbox = sandbox().await;
    let script = "git init -q r && cd r && p=. && for i in $(seq 1 80); do p=$p/d; done && mkdir -p $p && echo x > $p/f && \
        printf x > $'tab\\there' && printf x > $'new\\nline' && printf x > 'quote\"' && printf x > 'ümlaut' && \
        git add . && git commit -qm odd && git ls-files | wc -l && git status -s && git ls-tree HEAD | cut -f 2";
    let output = good(&sandbox, script).await;
    assert_eq!(
        output,
        "5\nd\n\"new\\nline\"\n\"quote\\\"\"\n\"tab\\there\"\n\"\\303\\274mlaut\"\n"
    );
    let deeper = "git init -q e && cd e && p=. && for i in $(seq 1 200); do p=$p/d; done && mkdir -p $p && echo x > $p/f && git add .";
    refused(&sandbox, deeper).await;
    refused(&sandbox, "cd r && git branch 'a..b'").await;
    refused(&sandbox, "cd r && git tag -- -x").await;
    refused(&sandbox, "cd r && git add ../../../etc/passwd").await;
    refused(&sandbox, "cd r && git clone /etc/passwd x").await;
    refused(&sandbox, "cd r && git update-ref refs/heads/../../x HEAD").await;
}

#[tokio::test]
async fn ten_thousand_files() {
    let sandbox = sandbox().await;
    let script = "git init -q r && cd r && python3 -c \"
import os
for folder in range(100):
    os.mkdir(f'd{folder}')
    for file in range(100):
        open(f'd{folder}/f{file}', 'w').write(f'{folder} {file}\\n')
\" && git add . && git commit -qm all && git status -s && git ls-files | wc -l && \
        echo more >> d42/f42 && git status -s && git commit -qam more && git log --oneline --stat -1 | tail -n 1 && \
        git clone -q . ../copy && git -C ../copy status -s && rm -r d7 && git status -s | wc -l && git checkout -q . && git status -s";
    let output = good(&sandbox, script).await;
    assert_eq!(
        output,
        "10000\n M d42/f42\n 1 file changed, 1 insertion(+)\n100\n"
    );
}

#[tokio::test]
async fn the_network_is_refused_in_plain_words() {
    let sandbox = sandbox().await;
    for command in [
        "git clone https://example.org/x.git",
        "git clone git@example.org:x.git",
        "git clone ssh://example.org/x",
        "git init -q n; cd n; git remote add origin https://example.org/x.git; git fetch",
        "cd n; git pull origin main",
        "cd n; git commit -q --allow-empty -m x; git push origin HEAD",
    ] {
        let told = refused(&sandbox, command).await;
        assert!(
            told.contains("network access is off in this sandbox"),
            "{command}: {told}"
        );
    }
}
