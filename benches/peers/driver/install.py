"""Installs the peers by the ordinary clients, at versions and hashes that do not
change, outside of the checkout; builds what some of them want built ahead of time."""

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent

# Who wants a Python of its own: the oldest that its wheels are made for.
PYTHON_FROM = (3, 12)
PYTHONS = ("eryx", "monty", "componentize", "capsule")
SETS = (*PYTHONS, "javascript")


class CannotInstall(Exception):
    """Why a set of packages is not there."""


def cache():
    """`$SANDCELL_PEERS_CACHE`, else with other caches."""
    own = os.environ.get("SANDCELL_PEERS_CACHE")
    if own:
        return Path(own)
    caches = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(caches) / "sandcell-peers"


def must(command, why, **options):
    try:
        done = subprocess.run(
            list(map(str, command)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=900,
            **options,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotInstall(f"{why}: {error}") from None
    if done.returncode != 0:
        said = (done.stderr.strip() or done.stdout.strip()).splitlines()
        raise CannotInstall(f"{why}: {' / '.join(said[-3:])}")
    return done.stdout


def version_of(python):
    say = "import sys; print(*sys.version_info[:2])"
    try:
        done = subprocess.run(
            [python, "-c", say], capture_output=True, text=True, timeout=60, check=True
        )
        major, minor = done.stdout.split()
    except (OSError, subprocess.SubprocessError, ValueError):
        return (0, 0)
    return int(major), int(minor)


def find_python():
    """`$SANDCELL_PEERS_PYTHON`, else the first that is new enough: those on the
    path, then those of pyenv."""
    own = os.environ.get("SANDCELL_PEERS_PYTHON")
    candidates = [own] if own else []
    if not own:
        candidates += [shutil.which(f"python3.{minor}") for minor in (12, 13, 14)]
        candidates.append(shutil.which("python3"))
        pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
        candidates += sorted(map(str, pyenv.glob("versions/3.*/bin/python3")))
    for python in filter(None, candidates):
        if version_of(python) >= PYTHON_FROM:
            return python
    least = ".".join(map(str, PYTHON_FROM))
    raise CannotInstall(
        f"no Python from {least} on is here; SANDCELL_PEERS_PYTHON can name one"
    )


def digest(*paths):
    """Of files, by name and content: what is installed depends on nothing else."""
    whole = hashlib.sha256()
    for path in paths:
        text = path.read_bytes()
        whole.update(f"{path.name} {len(text)}\n".encode() + text)
    return whole.hexdigest()[:16]


def once(name, inputs, make):
    """A folder that depends on `inputs` only: there already, or made now."""
    place = cache() / f"{name}-{digest(*inputs)}"
    if not (place / "complete").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        print(f"installing {name}", flush=True)
        make(place)
        (place / "complete").touch()
    return place


def python_set(name):
    pins = HERE / f"packages/{name}.txt"

    def make(place):
        must([find_python(), "-m", "venv", place], f"{name}: venv")
        python = place / "bin/python"
        pip = [python, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pins]
        must(pip, f"{name}: pip")
        MADE.get(name, lambda *_: None)(place, place / "made")

    return once(name, [pins, *INPUTS.get(name, ())], make)


def javascript_set():
    files = [HERE / "packages/package.json", HERE / "packages/package-lock.json"]

    def make(place):
        for file in files:
            shutil.copy(file, place)
        npm = shutil.which("npm")
        if npm is None:
            raise CannotInstall("javascript: no npm is here")
        must([npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund"], "npm ci", cwd=place)
        # The only one with native code that is needed; without a prebuilt one it is
        # compiled, which takes minutes. Without it, the others still run.
        try:
            must([npm, "rebuild", "isolated-vm"], "npm rebuild", cwd=place)
        except CannotInstall as reason:
            print(f"isolated-vm: {reason}", flush=True)

    return once("javascript", files, make)


def make_eryx(place, made):
    made.mkdir()
    script = HERE / "programs/eryx_factory.py"
    must([place / "bin/python", script, made], "eryx: factory")


def make_component(place, made):
    made.mkdir()
    for file in INPUTS["componentize"]:
        shutil.copy(file, made)
    build = [place / "bin/componentize-py", "-q", "-d", "interpreter.wit", "-w", "interpreter"]
    build += ["componentize", "component", "-o", "interpreter.wasm"]
    must(build, "componentize-py", cwd=made)
    agent = HERE / "agents/componentize_agent.py"
    native = [place / "bin/python", agent, "--compile"]
    must(native, "componentize-py: compile", env={**os.environ, "PEERS_MADE": str(made)})


def make_capsule(place, made):
    folder = made / "capsule"
    folder.mkdir(parents=True)
    shutil.copy(HERE / "programs/capsule_task.py", folder / "task.py")
    path = f"{place / 'bin'}:{os.environ['PATH']}"
    environment = {**os.environ, "VIRTUAL_ENV": str(place), "PATH": path}
    build = [place / "bin/capsule", "build", "task.py", "--export"]
    must(build, "capsule build", cwd=folder, env=environment)


MADE = {"eryx": make_eryx, "componentize": make_component, "capsule": make_capsule}
INPUTS = {
    "eryx": (HERE / "programs/eryx_factory.py",),
    "componentize": (HERE / "programs/interpreter.wit", HERE / "programs/component.py"),
    "capsule": (HERE / "programs/capsule_task.py",),
}


def install(names):
    """Folders of sets by name, and reasons for those that cannot be there."""
    places, reasons = {}, {}
    for name in names:
        try:
            places[name] = javascript_set() if name == "javascript" else python_set(name)
        except (CannotInstall, OSError) as reason:
            reasons[name] = str(reason)
    return places, reasons
