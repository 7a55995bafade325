"""How agents are started: commands and surroundings."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from .process import AgentProcess

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
NATIVE = {"python": "/usr/bin/python3", "node": "node", "bash": "bash"}


def build_ours():
    """Builds the command line and our agent; their paths."""
    build = ["cargo", "build", "--release", "--workspace", "--bin", "sandcell", "--bench", "peers"]
    done = subprocess.run(
        [*build, "--message-format", "json-render-diagnostics"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    made = {}
    for line in done.stdout.splitlines():
        message = json.loads(line)
        if message.get("executable"):
            made[message["target"]["name"]] = message["executable"]
    return made["sandcell"], made["peers"]


class Starter:
    def __init__(self, places, ours):
        self.places = places
        self.binary, self.bench = ours
        node = shutil.which("node")
        self.node = node and os.path.realpath(node)
        python = NATIVE["python"]
        self.python = python if os.path.exists(python) else shutil.which("python3")

    def environment(self, peer):
        environment = {**os.environ, "RUST_BACKTRACE": "0"}
        environment["PEERS_PYTHON"] = self.python
        environment["PEERS_NODE"] = self.node or "node"
        if peer.packages in self.places:
            place = self.places[peer.packages]
            environment["PEERS_MADE"] = str(place / "made")
            environment["PEERS_CAPSULE"] = str(place / "bin/capsule")
        return environment

    def command(self, peer, more=()):
        words = [*peer.arguments, *more]
        if peer.is_ours:
            return [self.bench, *words]
        if peer.agent.endswith(".mjs"):
            # Packages are looked for beside the script.
            place = self.places[peer.packages]
            for file in ("agent.mjs", peer.agent):
                shutil.copy(HERE / "agents" / file, place / file)
            return [self.node, "--expose-gc", *peer.node, str(place / peer.agent), *words]
        python = self.python
        if peer.packages:
            python = str(self.places[peer.packages] / "bin/python")
        return [python, str(HERE / "agents" / peer.agent), *words]

    def start(self, peer, more=()):
        return AgentProcess(self.command(peer, more), self.environment(peer), self.folder(peer))

    def folder(self, peer):
        """Where it runs: some keep what they compile beside."""
        if peer.name == "capsule-run":
            return self.places[peer.packages] / "made/capsule"
        return self.places.get(peer.packages, ROOT)

    def cold(self, peer):
        """The command of a cold process: a command line where the peer has one that
        is as quick, else the shortest program over its library."""
        if peer.is_ours:
            if peer.language == "shell":
                return [self.binary, "exec", "--", "bash", "-c", "echo hi"]
            language = ["--lang", "js"] if peer.language == "javascript" else []
            return [self.binary, "run", *language, "-c", "1+1"]
        if peer.is_native:
            return {
                "python": [self.python, "-c", "print(1+1)"],
                "node": [self.node, "-e", "console.log(1+1)"],
                "bash": ["bash", "-c", "echo hi"],
            }[peer.arguments[0]]
        if peer.name == "pydantic-monty":
            return [str(self.places["monty"] / "bin/monty"), "-c", "print(1+1)"]
        if peer.name == "capsule-run":
            place = self.places["capsule"]
            task = place / "made/capsule/task.wasm"
            return [str(place / "bin/capsule"), "exec", str(task), "--json", "value", "1+1"]
        words = ["shell"] if peer.language == "shell" else []
        return self.command(peer, [*words, "--cold"])

