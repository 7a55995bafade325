"""The SDK's git helpers, on repositories in the sandbox's files."""

import sys

from e2b_code_interpreter import Sandbox

from harness import equal, raises, run

SHARED = Sandbox.create()
GIT = SHARED.git
WORK = "/home/user/work"
BARE = "/home/user/shared.git"


def states(status):
    return [(file.name, file.status, file.staged) for file in status.file_status]


def check_a_first_commit():
    GIT.configure_user("Ann", "ann@example.org")
    equal(GIT.get_config("user.name"), "Ann")
    GIT.init(WORK, initial_branch="main")
    SHARED.files.write(f"{WORK}/a.txt", "one\n")
    status = GIT.status(WORK)
    equal((status.current_branch, status.detached, states(status)), ("main", False, [("a.txt", "untracked", False)]))
    GIT.add(WORK)
    equal(states(GIT.status(WORK)), [("a.txt", "added", True)])
    result = GIT.commit(WORK, "first")
    assert "(root-commit)" in result.stdout and "1 file changed" in result.stdout, result
    equal(GIT.status(WORK).is_clean, True)


def check_authors_and_empty_commits():
    GIT.commit(WORK, "nothing", author_name="Zed", author_email="zed@example.org", allow_empty=True)
    shown = SHARED.commands.run("git log -1 --format='%an <%ae> %s'", cwd=WORK).stdout
    equal(shown, "Zed <zed@example.org> nothing\n")
    raises("CommandExitException", "", lambda: GIT.commit(WORK, "again nothing"))


def check_branches():
    GIT.create_branch(WORK, "topic")
    found = GIT.branches(WORK)
    equal((sorted(found.branches), found.current_branch), (["main", "topic"], "topic"))
    SHARED.files.write(f"{WORK}/a.txt", "one\ntwo\n")
    GIT.add(WORK, files=["a.txt"])
    GIT.commit(WORK, "second")
    GIT.checkout_branch(WORK, "main")
    raises("CommandExitException", "", lambda: GIT.delete_branch(WORK, "topic"))
    GIT.delete_branch(WORK, "topic", force=True)
    equal(GIT.branches(WORK).branches, ["main"])


def check_reset_and_restore():
    SHARED.files.write(f"{WORK}/a.txt", "changed\n")
    GIT.add(WORK)
    GIT.restore(WORK, paths=["a.txt"], staged=True)
    equal(states(GIT.status(WORK)), [("a.txt", "modified", False)])
    GIT.restore(WORK, paths=["a.txt"])
    equal(GIT.status(WORK).is_clean, True)
    SHARED.files.write(f"{WORK}/a.txt", "changed\n")
    GIT.reset(WORK, mode="hard", target="HEAD")
    equal(SHARED.files.read(f"{WORK}/a.txt"), "one\n")


def check_local_remotes():
    GIT.init(BARE, bare=True, initial_branch="main")
    GIT.remote_add(WORK, "origin", BARE)
    equal(GIT.remote_get(WORK, "origin"), BARE)
    equal(GIT.remote_get(WORK, "nobody"), None)
    raises("GitUpstreamException", "", lambda: GIT.pull(WORK))
    GIT.push(WORK, remote="origin", branch="main", set_upstream=True)
    status = GIT.status(WORK)
    equal((status.upstream, status.ahead, status.behind), ("origin/main", 0, 0))
    GIT.clone(BARE, path="/home/user/copy", branch="main")
    SHARED.files.write("/home/user/copy/b.txt", "b\n")
    GIT.add("/home/user/copy")
    GIT.commit("/home/user/copy", "from the copy")
    equal(GIT.status("/home/user/copy").ahead, 1)
    GIT.push("/home/user/copy")
    GIT.pull(WORK)
    equal(SHARED.files.read(f"{WORK}/b.txt"), "b\n")


def check_the_network_is_refused():
    error = raises("CommandExitException", "", lambda: GIT.clone("https://example.org/x.git", path="/home/user/x"))
    assert "network access is off in this sandbox" in error.stderr, error.stderr


def check_settings_and_credentials():
    GIT.set_config("pull.rebase", "false", scope="local", path=WORK)
    equal(GIT.get_config("pull.rebase", scope="local", path=WORK), "false")
    equal(GIT.get_config("no.such"), None)
    GIT.dangerously_authenticate("ann", "secret")
    equal(SHARED.files.read("/home/user/.git-credentials"), "https://ann:secret@github.com\n")


if __name__ == "__main__":
    run(sys.modules[__name__])
    SHARED.kill()
