"""Healing that nobody ordered: started by a drift, or by hand, and cut short."""
import hashlib
import json
import os
import pty
import re
import signal
import sqlite3
import subprocess

import documents
from world import AGENT, Case, environment, eventually

NOTICE, NAP = "RB-TEST-NOTICE", "RB-TEST-NAP"
TEXT = "as declared\n"


class Healing(Case):
    def setUp(self):
        super().setUp()
        self.notice = self.world.path("files", "notice")
        documents.write_runbook(self.world, NOTICE, [
            {"action": "file.install", "path": self.notice, "content": TEXT, "mode": "0644"},
        ], repairs="notice")  # fmt: skip
        documents.write_runbook(self.world, NAP, [
            {"action": "command.run", "argv": ["/bin/echo", "good night"]},
            {"action": "command.run", "argv": ["/bin/sleep", "8"], "timeout": "20s"},
        ])  # fmt: skip

    def declare(self, heal):
        documents.write_baseline(self.world, [
            {"name": "notice", "kind": "file", "path": self.notice, "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
             "runbook": NOTICE, "heal": heal},
        ], without=("patching",))  # fmt: skip

    def bundles(self, runbook):
        """Evidence of the runs of a runbook, oldest first."""
        items = [json.loads(bundle) for bundle, _, _ in self.world.exported()]
        return [bundle for bundle in items if bundle["runbook_id"] == runbook]

    def test_a_drift_heals_itself_where_the_baseline_says_so(self):
        self.declare("enforce")
        fake = self.world.start_fake()
        self.world.start_agent()
        eventually(lambda: os.path.exists(self.notice), 20, "the declared file")
        told = fake.wait_for(lambda: [up for up in fake.uploads if up.value["runbook_id"] == NOTICE])
        bundle = told[0].value
        self.assertEqual((bundle["outcome"], bundle["trigger"], bundle["order_id"]), ("success", "change", None))
        self.assertEqual((bundle["check"], bundle["result"]), ("notice", "pass"))
        self.assertEqual(self.read(self.notice).decode(), TEXT)

    def test_a_drift_under_dry_run_is_told_with_its_plan_and_left_alone(self):
        self.declare("dry_run")
        self.world.start_fake()
        self.world.agent("run", "--once")
        self.world.agent("run", "--once")
        told = self.bundles(NOTICE)
        self.assertEqual({bundle["outcome"] for bundle in told}, {"deferred"})
        self.assertTrue(told[0]["plan"]["sha256"])
        self.assertFalse(os.path.exists(self.notice))

    def test_config_check_names_the_check_whose_runbook_cannot_heal_it(self):
        documents.write_baseline(self.world, [
            {"name": "notice", "kind": "file", "path": self.notice, "mode": "0644", "runbook": documents.INSTALL, "heal": "enforce"},
        ])  # fmt: skip
        done = self.world.agent("config", "check")
        self.assert_exit(done, 78)
        self.assertRegex(done.stdout, rf"baseline\.yaml:\d+: notice\.heal: {documents.INSTALL} repairs the check {documents.CHECK}")

    def test_heal_that_was_killed_is_closed_by_the_next_one(self):
        self.declare("off")
        cut = subprocess.Popen([AGENT, "heal", NAP, "--config", self.world.write_config()], stderr=subprocess.DEVNULL)
        self.addCleanup(cut.wait)
        self.addCleanup(cut.kill)
        state = self.world.path("state", "state.db")

        def naps():
            if not os.path.exists(state):
                return False
            with sqlite3.connect(f"file:{state}?mode=ro", uri=True) as database:
                try:
                    return database.execute("SELECT count(*) FROM begun_steps").fetchone()[0] == 2
                except sqlite3.OperationalError:
                    return False

        eventually(naps, 20, "the second step to begin")
        beside = self.world.agent("heal", NOTICE)
        self.assert_exit(beside, 2)
        self.assertIn(f"(process {cut.pid}) is changing this host", beside.stderr)
        cut.send_signal(signal.SIGKILL)
        cut.wait()
        done = self.world.agent("heal", NOTICE)
        self.assert_exit(done, 0)
        self.assertIn(f"an earlier run of {NAP} was closed: failed: interrupted", done.stderr)
        told = self.bundles(NAP)
        self.assertEqual([bundle["outcome"] for bundle in told], ["failed"])
        self.assertEqual(told[0]["trigger"], "manual")
        self.assertIn("during step 2 (command.run)", told[0]["error"])
        self.assertIn("step 1 (command.run) cannot be undone", told[0]["error"])
        first, second = told[0]["action_taken"]
        self.assertEqual((first["result"], first["exit_code"], first["output_head"]), ("done", 0, "good night\n"))
        self.assertEqual(first["command"], ["/bin/echo", "good night"])
        self.assertEqual((second["result"], second["command"]), ("interrupted", None))

    def heal_at_a_terminal(self, *arguments):
        """Standard error is a terminal, standard output a pipe; what each got."""
        ours, theirs = pty.openpty()
        try:
            argv = [AGENT, "heal", *arguments, "--config", self.world.write_config()]
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=theirs, timeout=60, check=False,
                                  env=environment())  # fmt: skip
            self.assertIn(done.returncode, (0, 1))
            os.close(theirs)
            theirs = None
            said = b""
            while True:
                try:
                    more = os.read(ours, 65536)
                except OSError:  # what Linux says at the end of a terminal
                    more = b""
                if not more:
                    return done.stdout.decode(), said.decode().replace("\r\n", "\n")
                said += more
        finally:
            os.close(ours)
            if theirs is not None:
                os.close(theirs)

    def test_heal_says_at_a_terminal_what_it_is_doing(self):
        self.declare("off")
        shown, said = self.heal_at_a_terminal(NOTICE)
        self.assertIn("outcome success", shown)
        self.assertEqual(re.sub(r"\d+\.\d{3} s", "N s", said), "".join(line + "\n" for line in (
            "looking at what is there and at the check notice", "1/1 file.install ...", "1/1 file.install: done, N s",
            "verifying by the check notice",
        )))  # fmt: skip
        self.assertEqual(self.heal_at_a_terminal(NOTICE, "--json")[1], "")
        self.assertEqual(self.world.agent("heal", NOTICE).stderr, "")

    def test_a_check_on_hold_is_left_to_a_person(self):
        self.declare("off")
        self.assert_exit(self.world.agent("hold", "notice"), 0)
        held = self.world.agent_json("status")["checks_on_hold"]
        self.assertEqual([(check["check"], check["reason"]) for check in held], [("notice", "held by hand")])
        waits = self.world.agent("heal", NOTICE)
        self.assert_exit(waits, 1)
        self.assertIn("healing_disabled: healing of the check that it repairs is on hold", waits.stderr)
        self.assert_exit(self.world.agent("resume", "another"), 1)
        done = self.world.agent("resume", "notice")
        self.assert_exit(done, 0)
        self.assertIn("healing of notice resumes; it was on hold since", done.stdout)
        self.assertEqual(self.world.agent_json("status")["checks_on_hold"], [])
        self.assert_exit(self.world.agent("heal", NOTICE), 0)
        self.assert_exit(self.world.agent("hold", "nothing-of-the-baseline"), 64)

    def test_a_flapping_check_is_healed_no_more_until_it_is_resumed(self):
        self.declare("enforce")
        self.world.start_fake()
        for _ in range(4):  # drift and repaired, and again
            if os.path.exists(self.notice):
                os.remove(self.notice)
            self.world.agent("run", "--once")
            self.world.agent("run", "--once")
        self.assertFalse(os.path.exists(self.notice))
        held = self.world.agent_json("status")["checks_on_hold"]
        self.assertEqual([check["check"] for check in held], ["notice"])
        self.assertIn("flapping: 4 changes within 30", held[0]["reason"])
        self.assert_exit(self.world.agent("resume"), 0)
        self.world.agent("run", "--once")
        self.assertTrue(os.path.exists(self.notice))
