"""Confirm or revert: a change stays only where the order server is reached afterwards, whatever becomes of the agent."""
import json
import os
import signal
import sqlite3
import subprocess

import documents
from world import AGENT, Case, eventually

SET = "RB-TEST-CONFIRM"
BEFORE, AFTER = "before\n", "after\n"


class Confirming(Case):
    def setUp(self):
        super().setUp()
        self.file = self.world.path("files", "rules")
        self.write(BEFORE)
        self.runbook("20s")
        documents.write_baseline(self.world, without=("patching",))

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(self.file, 0o644)

    def content(self):
        return self.read(self.file).decode()

    def runbook(self, within, *further, **members):
        documents.write_runbook(self.world, SET, [
            {"action": "file.install", "path": self.file, "content": AFTER, "mode": "0644"}, *further,
        ], confirm={"within": within}, **members)  # fmt: skip

    def bundles(self):
        items = [json.loads(bundle) for bundle, _, _ in self.world.exported()]
        return [bundle for bundle in items if bundle["runbook_id"] == SET]

    def last_bundle(self):
        return self.bundles()[-1]

    def journal(self, question):
        """What the journal says of the run under way."""
        path = self.world.path("state", "state.db")
        if not os.path.exists(path):
            return None
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            try:
                row = database.execute(question).fetchone()
            except sqlite3.OperationalError:
                return None
            return row and row[0]

    def state(self):
        return self.journal("SELECT state FROM open_runs")

    def timers(self):
        """Processes that wait to put a run of this test back."""
        found = []
        for pid in filter(str.isdigit, os.listdir("/proc")):
            try:
                with open(f"/proc/{pid}/cmdline", "rb") as file:
                    words = file.read().split(b"\0")
            except OSError:
                continue
            if b"revert" in words and self.world.path("state").encode() in words:
                found.append(int(pid))
        return found

    def heal_and_wait_for_the_question(self):
        cut = subprocess.Popen([AGENT, "heal", SET, "--config", self.world.write_config()], stderr=subprocess.DEVNULL)
        self.addCleanup(cut.wait)
        self.addCleanup(cut.kill)
        eventually(lambda: self.state() == 3, 20, "the run to wait for its confirmation")
        self.assertEqual(self.content(), AFTER)
        return cut

    def test_a_change_stays_where_the_server_is_reached(self):
        self.world.start_fake()
        self.assert_exit(self.world.agent("heal", SET), 0)
        self.assertEqual(self.content(), AFTER)
        bundle = self.last_bundle()
        self.assertEqual(bundle["outcome"], "success")
        self.assertEqual(bundle["post_state"]["confirmation"], {"within": "20 s", "confirmed": True})
        self.assertEqual(self.timers(), [])

    def test_a_change_is_put_back_where_the_server_is_not_reached(self):
        self.runbook("5s")
        self.assert_exit(self.world.agent("heal", SET), 1)
        self.assertEqual(self.content(), BEFORE)
        bundle = self.last_bundle()
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("not confirmed: the order server was not reached in time", bundle["error"])
        self.assertEqual(self.timers(), [])

    def test_the_timer_puts_back_what_a_killed_agent_left(self):
        self.runbook("6s")
        cut = self.heal_and_wait_for_the_question()
        cut.send_signal(signal.SIGKILL)
        cut.wait()
        self.assertEqual(len(self.timers()), 1)
        eventually(lambda: self.content() == BEFORE, 30, "the timer")
        eventually(lambda: not self.timers(), 20, "the end of the timer")
        self.assertEqual(self.state(), 5)
        self.assert_exit(self.world.agent("run", "--once"), 2)  # no server, but what was cut short is closed
        bundle = self.last_bundle()
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("interrupted: the agent stopped before the change was confirmed, and its timer", bundle["error"])
        self.assertEqual(self.content(), BEFORE)
        self.assertIsNone(self.state())

    def test_the_timer_carries_the_rollback_out_as_well(self):
        told = self.world.path("files", "told")
        self.runbook("6s", {"action": "command.run", "argv": ["/usr/bin/touch", told]},
                     rollback=[{"action": "command.run", "argv": ["/bin/cp", self.file, told]}])  # fmt: skip
        cut = self.heal_and_wait_for_the_question()
        cut.send_signal(signal.SIGKILL)
        cut.wait()
        eventually(lambda: self.read(told).decode() == BEFORE, 30, "the rollback, behind the undo")
        eventually(lambda: not self.timers(), 20, "the end of the timer")
        self.assert_exit(self.world.agent("run", "--once"), 2)  # no server, but what was cut short is closed
        bundle = self.last_bundle()
        self.assertEqual(bundle["outcome"], "reverted", bundle["error"])
        taken = [(step["step"], step["result"], step["command"]) for step in bundle["action_taken"]]
        self.assertEqual(taken, [(1, "done", None), (2, "done", ["/usr/bin/touch", told]), (1, "undone", None),
                                 (3, "done", ["/bin/cp", self.file, told])])  # fmt: skip
        self.assertTrue(bundle["rollback_available"])

    def test_the_next_start_is_not_undone_by_a_timer_of_before(self):
        self.runbook("8s")
        cut = self.heal_and_wait_for_the_question()
        cut.send_signal(signal.SIGKILL)
        cut.wait()
        timer = self.timers()
        self.assertEqual(len(timer), 1)
        self.world.start_fake()
        self.assert_exit(self.world.agent("heal", SET), 0)  # closes the first, and changes it anew
        self.assertEqual(self.content(), AFTER)
        eventually(lambda: not self.timers(), 40, "the end of the first timer")
        self.assertEqual(self.content(), AFTER)

    def test_an_order_is_completed_once_confirmed(self):
        fake = self.world.start_fake()
        self.world.start_agent()
        fake.offer(self.world.signed(SET))
        told = fake.wait_for(lambda: [up for up in fake.uploads if up.value["runbook_id"] == SET])
        self.assertEqual(told[0].value["outcome"], "success")
        self.assertTrue(told[0].value["post_state"]["confirmation"]["confirmed"])
