"""Programs that the host's own configuration allows runbooks to start: healing.commands."""
import os
import signal

import documents
from world import Case, eventually

PYTHON = "/usr/bin/python3"


class Commands(Case):
    def allow(self, *programs):
        self.world.configure(healing={"commands": list(programs)})

    def assert_names_the_program(self, text):
        self.assertRegex(text, rf"{documents.COUNT.lower()}\.yaml:\d+: steps\[1\]\.argv: {PYTHON} is not among the programs that "
                               r".*agent\.yaml allows in healing\.commands")  # fmt: skip

    def test_an_order_for_a_runbook_with_another_program_is_refused_and_the_others_still_run(self):
        self.allow(PYTHON, "/bin/false", "/bin/sleep")
        fake = self.world.start_fake()
        daemon = self.world.start_agent()
        fake.wait_for_polls()
        self.allow("/bin/false", "/bin/sleep")
        self.world.write_config()
        daemon.signal(signal.SIGHUP)
        daemon.wait_log("configuration reloaded")
        self.assertRegex(daemon.log(), "warning not usable: .*healing.commands")
        (refused,) = fake.wait_for_order(fake.offer(self.world.signed(documents.COUNT, params={"tag": "no"})))
        self.assertEqual(refused["outcome"], "rejected")
        self.assertTrue(refused["error"].startswith("unknown_runbook"), refused["error"])
        self.assert_names_the_program(refused["order"]["gates"][-1]["detail"])
        self.assertFalse(os.path.exists(self.world.path("files", "count")))
        (done,) = fake.wait_for_order(fake.offer(self.world.signed()))
        self.assertEqual(done["outcome"], "success")
        daemon.stop()
        daemon = self.world.start_agent()
        self.assertRegex(daemon.log(), "warning not usable: .*healing.commands")

    def test_heal_and_a_drift_start_no_runbook_with_another_program(self):
        path = self.world.path("files", "count")
        documents.write_baseline(self.world, [{"name": "counted", "kind": "file", "path": path, "present": True, "runbook": "RB-COUNTED",
                                               "heal": "enforce"}])  # fmt: skip
        documents.write_runbook(self.world, "RB-COUNTED", [
            {"action": "command.run", "argv": [PYTHON, "-S", "-E", self.world.path("counter.py"), path, "drift"]},
        ], repairs="counted")  # fmt: skip
        self.allow("/bin/false", "/bin/sleep")
        checked = self.world.agent("config", "check")
        self.assert_exit(checked, 78)
        self.assert_names_the_program(checked.stdout)
        healed = self.world.agent("heal", documents.COUNT, "--param", "tag=a")
        self.assert_exit(healed, 2)
        self.assert_names_the_program(healed.stderr)
        self.world.agent("run", "--once")
        self.assertEqual(self.world.agent_json("status")["checks"]["results"]["counted"], "drift")
        self.assertFalse(os.path.exists(path))
        self.allow(PYTHON, "/bin/false", "/bin/sleep")
        self.assert_exit(self.world.agent("config", "check"), 0)
        self.world.start_fake()
        self.world.start_agent()
        eventually(lambda: os.path.exists(path), 20, "the drift to be healed")

    def test_without_the_key_every_program_is_allowed(self):
        self.assert_exit(self.world.agent("config", "check"), 0)
        self.assert_exit(self.world.agent("heal", documents.COUNT, "--param", "tag=a"), 0)
        self.assertEqual(self.read(self.world.path("files", "count")), b"a\n")
