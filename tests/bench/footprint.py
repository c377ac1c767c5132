#!/usr/bin/python3
"""What the running agent costs: start to ready beside a bare process that makes a TLS context, memory when idle, size and
shared objects of the executables, disk syncs per acknowledged bundle. Figures, not verdicts. Wants build/release, strace.
"""
import os
import re
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import unittest

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
sys.dont_write_bytecode = True
import documents  # noqa: E402
from world import AGENT, SERVER, Case, environment, eventually  # noqa: E402

ROUNDS = 15
BUNDLES = 320


def rollup(pid):
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return {name: int(value) for name, value in re.findall(r"^(\w+):\s+(\d+) kB", file.read(), re.M)}


class Footprint(Case):
    def ready_after(self):
        """Seconds from start to READY=1."""
        path = self.world.path("notify")
        if os.path.exists(path):
            os.unlink(path)
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.bind(path)
            notify.settimeout(20)
            config = self.world.write_config()
            begun = time.monotonic()
            agent = subprocess.Popen([AGENT, "run", "--config", config], stderr=subprocess.DEVNULL,
                                     env={**environment(), "NOTIFY_SOCKET": path})
            try:
                while b"READY=1" not in notify.recv(4096):
                    pass
                return time.monotonic() - begun
            finally:
                agent.send_signal(signal.SIGTERM)
                agent.wait(20)

    def bare_process(self):
        """Seconds that a process takes which makes a TLS context and ends: openssl itself, asked for nothing."""
        begun = time.monotonic()
        subprocess.run(["openssl", "ciphers", "-s", "-tls1_3"], stdout=subprocess.DEVNULL, check=True)
        return time.monotonic() - begun

    def test_start_to_ready(self):
        self.world.start_server()
        self.ready_after()
        pairs = [(self.ready_after(), self.bare_process()) for _ in range(ROUNDS)]
        ready, bare = (statistics.median(column) * 1000 for column in zip(*pairs))
        print(f"start to ready {ready:.1f} ms, bare process with a TLS context {bare:.1f} ms, ratio {ready / bare:.2f} (goal at most 4)")

    def test_idle_memory(self):
        os.sync()
        self.world.start_server()
        daemon = self.world.start_agent()
        eventually(lambda: self.world.agent_json("status")["poll"]["last_success"], 60, "a poll")
        eventually(lambda: self.world.agent_json("status")["queue"]["waiting"] == 0, 60, "an empty queue")
        os.sync()
        figures = rollup(daemon.pid)
        print(f"idle agent: private dirty {figures['Private_Dirty']} kB (goal at most 3072), Pss {figures['Pss']} kB, "
              f"RSS {figures['Rss']} kB (goal at most 14336)")

    def syncs_of_one_round(self):
        trace = self.world.path("trace")
        subprocess.run(["strace", "-f", "-qq", "-e", "trace=fdatasync,fsync", "-o", trace, AGENT, "run", "--once", "--config",
                        self.world.write_config()], stderr=subprocess.DEVNULL, check=True)
        with open(trace, encoding="ascii") as file:
            return len(re.findall(r"(?:fdatasync|fsync)\(\d+\)", file.read()))

    def test_syncs_per_acknowledged_bundle(self):
        self.world.start_server()
        self.syncs_of_one_round()
        empty = self.syncs_of_one_round()
        for _ in range(BUNDLES):
            self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        self.assertEqual(self.world.agent_json("status")["queue"]["waiting"], BUNDLES)
        full = self.syncs_of_one_round()
        self.assertEqual(self.world.agent_json("status")["queue"]["waiting"], 0)
        print(f"syncs: {empty} in a round without bundles, {full} with {BUNDLES}: one for {BUNDLES / (full - empty):.1f} "
              "acknowledged bundles (goal at least 32)")

    def test_size_and_shared_objects(self):
        for path in (AGENT, SERVER):
            with tempfile.NamedTemporaryFile() as stripped:
                subprocess.run(["strip", "-o", stripped.name, path], check=True)
                size = os.path.getsize(stripped.name)
            objects = subprocess.run(["ldd", path], capture_output=True, text=True, check=True).stdout.count("=>")
            print(f"{os.path.basename(path)}: {size / 1e6:.1f} MB stripped, {objects} shared objects")


if __name__ == "__main__":
    unittest.main(verbosity=0)
