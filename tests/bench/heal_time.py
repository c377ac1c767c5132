#!/usr/bin/python3
"""How long a signed order takes, from POST /api/orders until the agent has stored the receipt of its evidence, while a poll is held;
what a run costs that finds nothing to do, of an order and of `heal`: CPU and disk syncs. Figures, not verdicts. Wants build/release,
strace. ORDERS=200 in the environment: how many.
"""
import os
import re
import resource
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.dont_write_bytecode = True
import documents  # noqa: E402
from world import AGENT, Case, environment, eventually  # noqa: E402

ORDERS = int(os.environ.get("ORDERS", "100"))
HEALS = 20
SETTLED = 0.1  # seconds without anything to send: the poll is held again


def percentiles(seconds):
    ordered = sorted(value * 1000 for value in seconds)
    return f"p50 {statistics.median(ordered):.1f} ms, p95 {ordered[int(len(ordered) * 0.95)]:.1f} ms, most {ordered[-1]:.1f} ms"


class HealTime(Case):
    def begin(self):
        self.world.configure(server={"long_poll": "25s", "poll_interval": "60s"}, log={"level": "info"})
        self.world.start_server()
        self.daemon = self.world.start_agent()
        self.operator = self.world.operator()
        self.addCleanup(self.operator.close)
        self.state = sqlite3.connect(f"file:{self.world.path('state', 'state.db')}?mode=ro", uri=True)
        self.addCleanup(self.state.close)
        eventually(lambda: self.world.agent_json("status")["queue"]["waiting"] == 0 and self.receipts(), 60, "an empty queue")

    def receipts(self):
        return self.state.execute("SELECT count(*) FROM receipts").fetchone()[0]

    def carry_out(self, runbook=documents.INSTALL):
        """Seconds of one order."""
        time.sleep(SETTLED)
        envelope, before = self.world.signed(runbook), self.receipts()
        begun = time.monotonic()
        answer = self.operator.submit(envelope)
        self.assertIn(answer.status, (200, 201, 202), answer)
        while self.receipts() == before:
            time.sleep(0.0005)
        return time.monotonic() - begun

    def bare_syncs(self):
        """Seconds of appending 4 KiB and syncing it, in the state folder: what no durable step can beat."""
        times = []
        with open(self.world.path("state", "bare"), "wb", buffering=0) as file:
            for _ in range(ORDERS):
                begun = time.monotonic()
                file.write(bytes(4096))
                os.fdatasync(file.fileno())
                times.append(time.monotonic() - begun)
        return times

    def cpu(self):
        """Seconds of the daemon so far, the programs it ran left out."""
        with open(f"/proc/{self.daemon.pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[0]) / 1e9

    def test_time_to_heal(self):
        self.begin()
        motd = self.world.path("files", "motd")
        self.carry_out()
        times = []
        for _ in range(ORDERS):
            os.unlink(motd)
            times.append(self.carry_out())
            self.assertTrue(os.path.exists(motd))
        print(f"order submitted to receipt stored, a file installed and its check passed: {percentiles(times)}; {ORDERS} orders")
        print(f"beside it, 4 KiB appended and synced: {percentiles(self.bare_syncs())}")

    def test_an_order_that_finds_nothing_to_do(self):
        self.begin()
        self.carry_out()
        before = self.cpu()
        times = [self.carry_out() for _ in range(ORDERS)]
        spent = (self.cpu() - before) / ORDERS
        trace = self.world.path("trace")
        with subprocess.Popen(["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", trace, "-p", str(self.daemon.pid)]) as strace:
            eventually(lambda: self.is_traced(), 10, "strace")
            for _ in range(HEALS):
                self.carry_out()
            strace.send_signal(signal.SIGINT)
        print(f"order with nothing to do: {percentiles(times)}; {spent * 1000:.2f} ms CPU of the daemon, "
              f"{self.syncs(trace) / HEALS:.1f} syncs; {ORDERS} orders")

    def is_traced(self):
        with open(f"/proc/{self.daemon.pid}/status", encoding="ascii") as file:
            return re.search(r"^TracerPid:\s+[1-9]", file.read(), re.M)

    def syncs(self, trace):
        with open(trace, encoding="ascii") as file:
            return len(re.findall(r"(?:fdatasync|fsync)\(\d+\)", file.read()))

    def test_heal_that_finds_nothing_to_do(self):
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        argv = [AGENT, "heal", documents.INSTALL, "--config", self.world.write_config()]
        wall, cpu = [], []
        for _ in range(HEALS):
            before, begun = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
            subprocess.run(argv, env=environment(), capture_output=True, check=True)
            wall.append(time.monotonic() - begun)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            cpu.append(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        trace = self.world.path("trace")
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", trace, *argv], env=environment(), capture_output=True,
                       check=True)
        print(f"heal with nothing to do: {percentiles(wall)}; {statistics.median(cpu) * 1000:.1f} ms CPU, {self.syncs(trace)} syncs; "
              f"{HEALS} runs, the start of the program included")


if __name__ == "__main__":
    print(f"load {os.getloadavg()}")
    unittest.main(verbosity=0)
