"""Tables on a terminal of 80 columns, and what a pipe gets of them."""
import os
import pty
import re
import subprocess

import documents
from world import AGENT, Case, environment, eventually

LONG = "logging-continuity"


class Tables(Case):
    def setUp(self):
        super().setUp()
        documents.write_baseline(self.world, [{"name": LONG, "kind": "file", "path": "/etc/passwd", "present": True}])
        fake = self.world.start_fake()
        fake.answer_upload = lambda upload, tried: (
            (422, {"Content-Type": "application/problem+json"}, b'{"type":"about:blank","status":422,"reason":"malformed"}')
            if upload.value["check"] == LONG else None)  # fmt: skip
        agent = self.world.start_agent()
        eventually(lambda: self.world.agent_json("status")["queue"] == {"waiting": 0, "quarantined": 1, "oldest": None}, 20, "a settled queue")
        agent.stop()
        self.config = self.world.write_config()

    def on_a_terminal(self, *arguments):
        """Standard output as a terminal gets it: 80 columns where it does not say how wide it is."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen([AGENT, *arguments, "--config", self.config], stdin=subprocess.DEVNULL, stdout=theirs,
                                   stderr=subprocess.DEVNULL, env=environment())  # fmt: skip
        os.close(theirs)
        said = b""
        while True:
            try:
                part = os.read(ours, 65536)
            except OSError:
                break
            if not part:
                break
            said += part
        process.wait(20)
        os.close(ours)
        return re.sub(r"\x1b\[\d*m", "", said.decode()).splitlines()

    def test_tables_fit_a_terminal_and_the_short_ids_they_show_are_taken(self):
        for words in (("evidence", "list"), ("queue", "list"), ("status",), ("check",), ("runbook", "list")):
            with self.subTest(words):
                # The reasons above the table of `status` are sentences, to be read whole.
                lines = [line for line in self.on_a_terminal(*words) if not line.startswith("  - ")]
                self.assertGreater(len(lines), 1)
                self.assertLessEqual(max(map(len, lines)), 80, "\n".join(lines))
        short = self.on_a_terminal("queue", "list")[1].split()[-1]
        self.assertRegex(short, r"^[0-9a-f]{8}$")
        self.assertIn(f"bundle {short}-", self.world.agent("evidence", "show", short).stdout)
        self.assert_exit(self.world.agent("queue", "retry", short), 0)

    def test_a_pipe_gets_whole_ids(self):
        for words in (("evidence", "list"), ("queue", "list")):
            self.assertRegex(self.world.agent(*words).stdout.splitlines()[1], r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")
