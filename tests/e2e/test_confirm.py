"""Confirm or revert: a change stays only where the order server is reached afterwards, whatever becomes of the agent."""
import json
import os
import signal
import sqlite3
import subprocess

import documents
from world import AGENT, Case, eventually, processes_with

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
        return processes_with("revert", self.world.path("state"))

    def heal(self):
        cut = subprocess.Popen([AGENT, "heal", SET, "--config", self.world.write_config()], stderr=subprocess.DEVNULL)
        self.addCleanup(cut.wait)
        self.addCleanup(cut.kill)
        return cut

    def stop(self, process):
        """It hangs from here on, and its own timer has not come yet."""
        process.send_signal(signal.SIGSTOP)
        _, status = os.waitpid(process.pid, os.WUNTRACED)
        self.assertTrue(os.WIFSTOPPED(status))
        self.assertEqual(len(self.timers()), 1)
        self.addCleanup(lambda: [os.kill(timer, signal.SIGKILL) for timer in self.timers()])

    def revert_at_once(self):
        """What the timer does when the time is over, without its patience with an agent that lives."""
        run = self.journal("SELECT number FROM open_runs")
        done = subprocess.run([AGENT, "revert", "--state", self.world.path("state"), "--run", str(run), "--patience", "0s"],
                              capture_output=True, text=True, timeout=60)  # fmt: skip
        self.assert_exit(done, 0)
        self.assertIn("hangs; it is put back all the same", done.stderr)
        self.assertEqual(self.state(), 5)

    def heal_and_wait_for_the_question(self):
        cut = self.heal()
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

    def test_the_timer_does_not_wait_for_an_agent_that_hangs(self):
        self.runbook("5m")
        hung = self.heal_and_wait_for_the_question()
        self.stop(hung)
        self.revert_at_once()
        self.assertEqual(self.content(), BEFORE)
        put_back = os.stat(self.file)
        self.world.start_fake(port=self.world.port)  # what it waits for comes too late
        hung.send_signal(signal.SIGCONT)
        self.assertEqual(hung.wait(60), 1)
        self.assertEqual(self.content(), BEFORE)
        now = os.stat(self.file)
        self.assertEqual((now.st_ino, now.st_mtime_ns), (put_back.st_ino, put_back.st_mtime_ns), "put back once")
        self.assertIsNone(self.state())
        self.assertEqual(self.timers(), [])
        bundle = self.last_bundle()
        self.assertEqual(len(self.bundles()), 1)
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("its timer came first and puts everything back", bundle["error"])
        self.assertFalse(bundle["post_state"]["confirmation"]["confirmed"])

    def test_an_agent_that_hung_amid_a_step_begins_no_further_one(self):
        pipe, further = self.world.path("files", "pipe"), self.world.path("files", "further")
        os.mkfifo(pipe)
        self.runbook("5m", {"action": "command.run", "argv": ["/bin/cat", pipe], "changes": False, "timeout": "5m"},
                     {"action": "file.install", "path": further, "content": AFTER, "mode": "0644"})  # fmt: skip
        hung = self.heal()

        def its_end():
            try:
                return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
            except OSError:
                return None  # nobody reads yet

        end = eventually(its_end, 20, "the second step to read")
        self.assertEqual(self.content(), AFTER)
        self.stop(hung)
        self.revert_at_once()
        self.assertEqual(self.content(), BEFORE)
        os.close(end)
        hung.send_signal(signal.SIGCONT)
        self.assertEqual(hung.wait(60), 1)
        self.assertEqual(self.content(), BEFORE)
        self.assertFalse(os.path.exists(further))
        self.assertIsNone(self.state())
        bundle = self.last_bundle()
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("step 3 (file.install) failed", bundle["error"])
        self.assertIn("its timer came first and puts everything back", bundle["error"])
        results = [(step["step"], step["result"]) for step in bundle["action_taken"]]
        self.assertEqual(results, [(1, "done"), (2, "done"), (3, "failed"), (1, "undone")])

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
