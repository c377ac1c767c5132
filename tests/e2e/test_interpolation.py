"""What runbooks take from the baseline and from what their earlier steps printed."""
import os
import signal

import documents
from world import Case, eventually

BANNER = "RB-TEST-BANNER"


class Interpolation(Case):
    def setUp(self):
        super().setUp()
        self.declare("banner")
        documents.write_runbook(self.world, BANNER, [
            {"action": "command.run", "changes": False, "argv": ["/bin/echo", "{{ baseline.custom.banner.path }}"]},
            {"action": "file.install", "path": "{{ steps.1.output }}", "content": "x\n", "mode": "0644"},
        ])  # fmt: skip

    def declare(self, name):
        documents.write_baseline(self.world, [
            {"name": "banner", "kind": "file", "path": self.world.path("files", name), "present": True},
        ])  # fmt: skip

    def reload(self, daemon, name, count):
        self.declare(name)
        daemon.signal(signal.SIGHUP)
        eventually(lambda: daemon.log().count("configuration reloaded") == count, 20, "the new baseline")

    def test_an_order_that_quotes_a_plan_is_refused_once_the_baseline_says_something_else(self):
        fake = self.world.start_fake()
        daemon = self.world.start_agent()
        (described,) = fake.wait_for_order(fake.offer(self.world.signed(BANNER, mode="plan")))
        first, second = described["plan"]["steps"]
        self.assertEqual(first["desired"]["command"], ["/bin/echo", self.world.path("files", "banner")])
        self.assertEqual(second["desired"], {"path": "{{ steps.1.output }}"})
        self.assertIsNone(second["current"])
        quoted = described["plan"]["sha256"]
        self.reload(daemon, "other", 1)
        (refused,) = fake.wait_for_order(fake.offer(self.world.signed(BANNER, plan_sha256=quoted)))
        self.assertTrue(refused["error"].startswith("plan_changed"), refused["error"])
        self.reload(daemon, "banner", 2)
        (done,) = fake.wait_for_order(fake.offer(self.world.signed(BANNER, plan_sha256=quoted)))
        self.assertEqual(done["outcome"], "success", done["error"])
        self.assertEqual(self.read(self.world.path("files", "banner")), b"x\n")
        self.assertFalse(os.path.exists(self.world.path("files", "other")))

    def test_a_value_that_the_baseline_does_not_have_is_told_before_and_fails_the_run(self):
        documents.write_baseline(self.world)
        checked = self.world.agent("config", "check")
        self.assert_exit(checked, 0)
        why = "steps[1].argv: the baseline has no custom.banner.path"
        self.assertIn(f"note: runbook {BANNER} can do nothing here: {why}", checked.stdout)
        done = self.world.agent_json("heal", BANNER)
        self.assertEqual(done["outcome"], "failed")
        self.assertEqual(done["error"], f"nothing was changed: {why}")

    def test_a_dry_run_shows_the_marker_of_what_nobody_knows_yet(self):
        done = self.world.agent("heal", BANNER, "--dry-run")
        self.assert_exit(done, 0)
        self.assertIn(self.world.path("files", "banner"), done.stdout)
        self.assertIn("{{ steps.1.output }}", done.stdout)
