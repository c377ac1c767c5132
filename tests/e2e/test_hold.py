"""Holding and resuming healing by hand: it takes effect whatever happens, and leaves evidence where it can."""
import json
import os
import sqlite3

import documents
from world import Case


class Hold(Case):
    def bundles(self):
        return [json.loads(bundle) for bundle, _, _ in self.world.exported()]

    def told(self):
        """Of each bundle: its check, what was done, and the hold before and after."""
        for bundle in self.bundles():
            self.assertEqual((bundle["trigger"], bundle["outcome"], bundle["result"]), ("manual", "success", None))
        return [(bundle["check"], [taken["action"] for taken in bundle["action_taken"]], bundle["pre_state"]["hold"],
                 bundle["post_state"]["hold"]) for bundle in self.bundles()]  # fmt: skip

    def test_hold_and_resume_of_the_host_are_evidence(self):
        self.assert_exit(self.world.agent("hold"), 0)
        self.assert_exit(self.world.agent("hold"), 0)  # is in force already
        self.assert_exit(self.world.agent("hold", "--for", "1h"), 0)
        until = self.world.agent_json("status")["healing"]["hold_until"]
        self.assert_exit(self.world.agent("resume"), 0)
        self.assert_exit(self.world.agent("resume"), 0)  # there is nothing to resume
        self.assertEqual(self.told(), [
            ("general", ["hold"], None, {"until": None}),
            ("general", ["hold"], {"until": None}, {"until": until}),
            ("general", ["resume"], {"until": until}, None),
        ])  # fmt: skip
        self.assert_exit(self.world.agent("evidence", "verify", self.world.path("export"), "--key", self.world.path("state", "evidence.pub")),
                         0)

    def test_hold_and_resume_of_a_check_are_evidence_under_its_name(self):
        self.assert_exit(self.world.agent("hold", documents.CHECK), 0)
        again = self.world.agent("hold", documents.CHECK)
        self.assert_exit(again, 0)
        self.assertIn("and was before: held by hand", again.stdout)
        self.assert_exit(self.world.agent("hold"), 0)
        self.assert_exit(self.world.agent("resume", documents.CHECK), 0)
        self.assertIsNotNone(self.world.agent_json("status")["healing"]["hold_until"])
        self.assert_exit(self.world.agent("hold", documents.CHECK), 0)
        self.assert_exit(self.world.agent("resume"), 0)
        told = self.told()
        self.assertEqual([(check, *actions) for check, actions, _, _ in told], [
            (documents.CHECK, "hold"), ("general", "hold"), (documents.CHECK, "resume"), (documents.CHECK, "hold"),
            (documents.CHECK, "resume"), ("general", "resume"),
        ])  # fmt: skip
        self.assertIsNone(told[0][2])
        self.assertEqual(told[0][3]["reason"], "held by hand")
        self.assertEqual(told[2][2:], (told[0][3], None))

    def test_a_hold_takes_effect_where_no_evidence_can_be_recorded(self):
        os.remove(self.world.path("state", "evidence.key"))
        held = self.world.agent("hold")
        self.assert_exit(held, 0)
        self.assertIn("it is done, but without evidence: there is no evidence key", held.stderr)
        self.assertIsNotNone(self.world.agent_json("status")["healing"]["hold_until"])
        self.assertFalse(os.path.exists(self.world.path("state", "evidence.key")))
        with open(self.world.path("state", "evidence.key"), "wb") as file:
            file.write(b"no key\n")
        os.chmod(self.world.path("state", "evidence.key"), 0o600)
        held = self.world.agent("hold", documents.CHECK)
        self.assert_exit(held, 0)
        self.assertIn("`config check` finds faults; it is on hold all the same", held.stderr)
        self.assertIn("without evidence: reading the evidence key", held.stderr)
        self.assertEqual([check["check"] for check in self.world.agent_json("status")["checks_on_hold"]], [documents.CHECK])
        resumed = self.world.agent("resume")
        self.assert_exit(resumed, 0)
        self.assertIn("without evidence", resumed.stderr)
        self.assertEqual(self.world.agent_json("status")["checks_on_hold"], [])

    def test_a_fault_in_the_baseline_takes_no_evidence_from_a_hold(self):
        with open(self.world.path("baseline.yaml"), "w", encoding="utf-8") as file:
            file.write("no: baseline\n")
        held = self.world.agent("hold", "--for", "1h")
        self.assert_exit(held, 0)
        self.assertEqual(held.stderr, "")
        self.assertEqual(len(self.told()), 1)

    def test_a_heartbeat_lists_the_holds_in_force(self):
        self.world.start_fake()
        documents.write_baseline(self.world, without=("patching",))  # apt would be asked twice
        self.assert_exit(self.world.agent("run", "--once"), 0)
        self.assert_exit(self.world.agent("hold"), 0)
        self.assert_exit(self.world.agent("hold", documents.CHECK), 0)
        with sqlite3.connect(self.world.path("state", "state.db")) as state:  # the last one was two hours ago
            state.execute("UPDATE loops SET last_success = last_success - 7200000 WHERE name = 'heartbeat'")
        self.assert_exit(self.world.agent("run", "--once"), 0)
        (beat,) = [bundle for bundle in self.bundles() if bundle["trigger"] == "heartbeat"]
        self.assertEqual(beat["pre_state"]["hold"], {"until": None})
        held = beat["pre_state"]["checks_on_hold"]
        self.assertEqual([(check["check"], check["reason"]) for check in held], [(documents.CHECK, "held by hand")])

    def test_what_a_hold_defers_says_so(self):
        self.assert_exit(self.world.agent("hold"), 0)
        done = self.world.agent("heal", documents.INSTALL)
        self.assert_exit(done, 1)
        self.assertIn("healing_disabled: healing is on hold until it is resumed", done.stderr)
