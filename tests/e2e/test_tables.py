"""Tables on a terminal of 80 columns, and what a pipe gets of them."""
import json
import os
import pty
import re
import subprocess

import documents
from world import AGENT, Case, environment, eventually

LONG = "logging-continuity"


def on_a_terminal(config, *arguments, seconds=20):
    """Standard output as a terminal gets it: 80 columns where it does not say how wide it is."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen([AGENT, *arguments, "--config", config], stdin=subprocess.DEVNULL, stdout=theirs,
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
    process.wait(seconds)
    os.close(ours)
    return re.sub(r"\x1b\[\d*m", "", said.decode()).splitlines()


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

    def test_tables_fit_a_terminal_and_the_short_ids_they_show_are_taken(self):
        for words in (("evidence", "list"), ("queue", "list"), ("status",), ("check",), ("runbook", "list")):
            with self.subTest(words):
                # The reasons above the table of `status` are sentences, to be read whole.
                lines = [line for line in on_a_terminal(self.config, *words) if not line.startswith("  - ")]
                self.assertGreater(len(lines), 1)
                self.assertLessEqual(max(map(len, lines)), 80, "\n".join(lines))
        short = on_a_terminal(self.config, "queue", "list")[1].split()[-1]
        self.assertRegex(short, r"^[0-9a-f]{8}$")
        self.assertIn(f"bundle {short}-", self.world.agent("evidence", "show", short).stdout)
        self.assert_exit(self.world.agent("queue", "retry", short), 0)

    def test_a_pipe_gets_whole_ids(self):
        for words in (("evidence", "list"), ("queue", "list")):
            self.assertRegex(self.world.agent(*words).stdout.splitlines()[1], r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


# One of every kind, some of which cannot pass.
CUSTOM = [
    {"name": "a-file", "kind": "file", "path": "/etc/passwd", "sha256": "0" * 64, "mode": "0777"},
    {"name": "a-unit", "kind": "unit", "unit": "no-such-unit-of-this-host.service", "active": True, "enabled": True},
    {"name": "a-package", "kind": "package", "package": "no-such-package-of-this-host"},
    {"name": "a-setting", "kind": "sysctl", "key": "net.ipv4.no_such_setting_of_this_kernel", "value": 1},
    {"name": "a-mount", "kind": "mount", "path": "/proc", "fstype": "ext4", "options": ["nosuid", "noexec", "nodev", "lazytime"]},
    {"name": "the-ports", "kind": "port", "allowed": []},
    {"name": "a-user", "kind": "user", "uid_0": ["nobody", "somebody", "everybody", "anybody", "a-person-with-a-long-name"]},
    {"name": "a-command", "kind": "command", "argv": ["/bin/echo", "nothing of what was expected of it, and that at length"], "output": "x"},
]  # fmt: skip
BUILT_IN = ("patching", *documents.PREPARED)


class EveryCheck(Case):
    def setUp(self):
        super().setUp()
        with open(self.world.path("baseline.yaml"), "w", encoding="utf-8") as file:
            json.dump({"version": 1, "checks": {"logging_continuity": {"within": "200ms"}}, "custom": CUSTOM}, file)
        self.config = self.world.write_config()
        self.names = [*BUILT_IN, *(entry["name"] for entry in CUSTOM)]

    def test_the_table_of_every_check_there_is_fits_a_terminal(self):
        lines = on_a_terminal(self.config, "check", seconds=100)
        self.assertLessEqual(max(map(len, lines)), 80, "\n".join(lines))
        rows = [line.split()[0] for line in lines[1:] if not line.startswith(" ")]
        self.assertEqual(rows, self.names)

    def test_each_explains_itself_and_names_its_controls(self):
        for name in self.names:
            with self.subTest(name):
                done = self.world.agent("check", "--explain", name)
                self.assert_exit(done, 0)
                first, *text = done.stdout.splitlines()
                self.assertEqual(first, name)
                self.assertGreater(len(" ".join(text)), 100)
                self.assertRegex(text[-1], r"^Its evidence counts for: 45 CFR 164\.3\d\d\(.*; NIST 800-53 [A-Z]{2}-\d")
        told = self.world.agent_json("check", "--explain")["checks"]
        self.assertEqual([item["check"] for item in told], self.names)
        self.assertTrue(all(item["explanation"] and item["hipaa_controls"] for item in told))
        self.assert_exit(self.world.agent("check", "--explain", "no-such-check"), 64)
