"""Measures everybody in turns: in each round, each thing is done by one after the
other, so that what the machine does besides hits all alike."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor

from . import workload
from .catalogue import count
from .process import AgentProcess, Gone, ended_by

# Whoever prepares sandboxes in the background has this long between two.
PAUSE_MS = 5
# Calls before the first that counts; compilers of V8 have done their work then.
WARM_CALLS = 3
SURVIVE_SECONDS = 40


class Refused(Exception):
    """An agent's answer that has no figures: what it cannot do, or what failed."""


class Measured:
    """What one peer's figures are."""

    def __init__(self):
        self.version = ""
        self.times = {"cold": [], "new": [], "exec": []}
        self.cpu = {}
        self.memory = []
        self.snapshot = {}
        self.holds = {}
        self.survive = {}
        self.refused = {}

    def as_data(self):
        return dict(self.__dict__)

    @classmethod
    def of_data(cls, data):
        measured = cls()
        measured.__dict__.update(data)
        return measured


def key(peer):
    return f"{peer.language}/{peer.name}"


class Session:
    """One run of the bench."""

    def __init__(self, peers, starter, tell):
        self.peers = peers
        self.starter = starter
        self.tell = tell
        self.results = {key(peer): Measured() for peer in peers}
        self.agents = {}

    def refuse(self, peer, phase, reason):
        if phase not in self.results[key(peer)].refused:
            self.results[key(peer)].refused[phase] = str(reason)
            self.tell(f"{key(peer)}: {phase}: {reason}")

    def guarded(self, peer, phase, body):
        """Runs a part; what cannot be done is written down once and left out."""
        if phase not in peer.phases or phase in self.results[key(peer)].refused:
            return
        try:
            body()
        except (Refused, Gone, OSError, ValueError, subprocess.SubprocessError) as reason:
            self.refuse(peer, phase, reason)
            if isinstance(reason, Gone) and key(peer) in self.agents:
                self.agents.pop(key(peer)).close()

    def opened(self, peer, limits=workload.LIMITS, more=()):
        agent = self.starter.start(peer, more)
        first, expected = workload.FIRST[peer.language]
        order = {"do": "open", "first": first, "expected": expected, **limits}
        answer = answered(agent, order)
        self.results[key(peer)].version = answer["version"]
        return agent

    def agent(self, peer) -> AgentProcess:
        """The one that lives as long as the run."""
        if key(peer) not in self.agents:
            self.agents[key(peer)] = self.opened(peer)
        return self.agents[key(peer)]

    def close(self):
        for agent in self.agents.values():
            agent.close()
        self.agents = {}

    # Parts of a round.

    def cold(self, peer):
        command = self.starter.cold(peer)
        environment, folder = self.starter.environment(peer), self.starter.folder(peer)
        for _ in range(count(peer, "cold")):
            start = time.perf_counter_ns()
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                env=environment,
                cwd=folder,
                timeout=60,
            )
            took = (time.perf_counter_ns() - start) / 1e6
            if done.returncode != 0:
                said = done.stderr.decode(errors="replace").strip().splitlines()
                raise Refused(" / ".join(said[-2:]) or ended_by(done.returncode))
            self.results[key(peer)].times["cold"].append(took)

    def new(self, peer):
        order = {"do": "new", "count": count(peer, "new"), "pause_ms": PAUSE_MS}
        self.results[key(peer)].times["new"] += answered(self.agent(peer), order)["ms"]

    def exec(self, peer):
        order = {"do": "exec", "count": count(peer, "exec")}
        self.results[key(peer)].times["exec"] += answered(self.agent(peer), order)["ms"]

    def cpu(self, peer):
        agent = self.agent(peer)
        cpu = self.results[key(peer)].cpu
        is_first = not cpu
        clock = "wall" if peer.language == "shell" else "cpu"
        for program in workload.programs(peer.language):
            figures = cpu.setdefault(program.name, {"clock": clock, "cpu": [], "wall": [], "refused": None})
            if figures["refused"]:
                continue
            try:
                if is_first:
                    if program.define is not None:
                        answered(agent, {"do": "define", "source": program.define})
                    for _ in range(WARM_CALLS):
                        answered(agent, {"do": "run", "call": program.call})
                for _ in range(count(peer, "run")):
                    before = agent.cpu_ms()
                    answer = answered(agent, {"do": "run", "call": program.call})
                    figures["cpu"].append(agent.cpu_ms() - before)
                    figures["wall"] += answer["ms"]
            except Refused as reason:
                figures["refused"] = str(reason)
                self.tell(f"{key(peer)}: {program.name}: {reason}")

    def snapshot(self, peer):
        kept = self.results[key(peer)].snapshot
        if peer.snapshot_arguments:
            agent = self.opened(peer, more=peer.snapshot_arguments)
        else:
            agent = self.agent(peer)
        try:
            for name, (prepare, value, expected) in workload.STATES[peer.language].items():
                order = {"do": "snapshot", "count": count(peer, "snapshot")}
                order |= {"prepare": prepare, "value": value, "expected": expected}
                answer = answered(agent, order)
                figures = kept.setdefault(name, {"take": [], "restore": [], "bytes": 0})
                figures["take"] += answer["take_ms"]
                figures["restore"] += answer["restore_ms"]
                figures["bytes"] = answer["bytes"]
            held = self.results[key(peer)].holds
            for name, prepare, value, expected in workload.HELD[peer.language]:
                if name not in held:
                    order = {"do": "holds", "prepare": prepare}
                    order |= {"value": value, "expected": expected}
                    held[name] = answered(agent, order)["holds"]
        finally:
            if peer.snapshot_arguments:
                agent.close()

    def memory(self, peer):
        """In a process of its own: nothing that was freed before is used again."""
        agent = self.opened(peer)
        try:
            # What comes with the first ones belongs to all.
            few = min(5, count(peer, "live"))
            answered(agent, {"do": "live", "count": few})
            before = agent.private_bytes()
            many = count(peer, "live")
            answered(agent, {"do": "live", "count": many})
            grown = agent.private_bytes() - before
            self.results[key(peer)].memory.append(grown / many)
        finally:
            agent.close()

    def survive(self, peer):
        """Each in a process of its own, which it may end."""
        plan = workload.SURVIVAL[peer.language]
        for name, source in plan.cases.items():
            limits = workload.SHORT if name == workload.ENDLESS else workload.LONGER
            agent = self.opened(peer, limits)
            order = {"do": "survive", "source": source, "prepare": plan.prepare}
            order |= {"value": plan.value, "expected": plan.expected}
            try:
                answer = answered(agent, order, SURVIVE_SECONDS)
            except (Gone, Refused) as reason:
                answer = {"gone": str(reason)}
            finally:
                agent.close()
            self.results[key(peer)].survive[name] = answer

    # The whole.

    def run(self, rounds, memory_rounds):
        try:
            for number in range(rounds):
                self.tell(f"round {number + 1} of {rounds}")
                for phase in ("cold", "new", "exec", "cpu", "snapshot"):
                    part = getattr(self, phase)
                    for peer in self.turns(number):
                        self.guarded(peer, phase, lambda peer=peer, part=part: part(peer))
        finally:
            self.close()
        for number in range(memory_rounds):
            self.tell(f"memory, round {number + 1} of {memory_rounds}")
            for peer in self.turns(number):
                self.guarded(peer, "memory", lambda peer=peer: self.memory(peer))
        self.tell("what survives")
        # Nothing is timed here, so two at once.
        with ThreadPoolExecutor(2) as pool:
            done = [
                pool.submit(self.guarded, peer, "survive", lambda peer=peer: self.survive(peer))
                for peer in self.peers
            ]
            for one in done:
                one.result()

    def turns(self, number):
        """Another one begins in each round."""
        start = number % len(self.peers)
        return self.peers[start:] + self.peers[:start]


def answered(agent, order, timeout=120):
    answer = agent.ask(order, timeout)
    reason = answer.get("unsupported") or answer.get("error")
    if reason:
        raise Refused(reason)
    return answer
