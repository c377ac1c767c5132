"""The agent in a container in which a real systemd has booted."""
import glob
import json
import os
import shutil
import signal
import subprocess

import documents
from container import Container, Unavailable
from world import _ROOT, AGENT, Case, environment


class Booted(Case):
    def setUp(self):
        super().setUp()
        for path in glob.glob(os.path.join(_ROOT, "runbooks", "RB-*.yaml")):
            shutil.copy(path, self.world.path("runbooks"))
        try:
            self.box = Container(self, AGENT, (self.world.folder,))
        except Unavailable as reason:
            self.skipTest(str(reason))

    def declare(self, checks=None, custom=()):
        off = {name: {"enabled": False} for name in ("patching", *documents.PREPARED)}
        with open(self.world.path("baseline.yaml"), "w", encoding="utf-8") as file:
            json.dump({"version": 1, "checks": {**off, **(checks or {})}, "custom": list(custom)}, file)

    def argv(self, *words):
        """The agent in the container."""
        env = {name: text for name, text in environment().items() if name.endswith("SAN_OPTIONS")}
        return self.box.argv(self.box.program, *words, "--config", self.world.write_config(),
                             env={**env, "LD_LIBRARY_PATH": "/opt/lib"})  # fmt: skip

    def heal(self, runbook, *params):
        """Carries it out; gives its evidence, as `evidence show` prints it."""
        words = [word for param in params for word in ("--param", param)]
        done = subprocess.run(self.argv("heal", runbook, *words), capture_output=True, text=True, timeout=180, check=False)
        self.assertIn(done.returncode, (0, 1, 2), f"{runbook}: {done.stdout}{done.stderr}")
        return self.newest(runbook)

    def newest(self, runbook):
        bundles = [json.loads(bundle) for bundle, _, _ in self.world.exported()]
        return [bundle for bundle in bundles if bundle["runbook_id"] == runbook][-1]

    def is_active(self, unit):
        return self.box.systemctl("is-active", unit)

    def begin(self, runbook):
        """Carries it out beside the test, which has to kill() it or wait for it."""
        begun = subprocess.Popen(self.argv("heal", runbook), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                 text=True, start_new_session=True)  # fmt: skip
        self.addCleanup(begun.stdout.close)
        self.addCleanup(begun.wait)
        self.addCleanup(begun.kill)
        return begun

    @staticmethod
    def cut(begun):
        os.killpg(begun.pid, signal.SIGKILL)
        begun.wait()
