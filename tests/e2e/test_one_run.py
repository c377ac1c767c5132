"""An order for a drift that is being healed already: one run, one effect, two bundles."""
import hashlib
import json
import os

import documents
import wire
from world import Case, eventually

NOTICE = "RB-TEST-NOTICE"
TEXT = "as declared\n"


class OneRun(Case):
    def setUp(self):
        super().setUp()
        # The run lasts until the test has looked.
        self.gate = self.world.path("gate")
        os.mkfifo(self.gate)
        self.count = self.world.path("files", "count")
        self.notice = self.world.path("files", "notice")
        documents.write_runbook(self.world, NOTICE, [
            {"action": "command.run", "argv": ["/usr/bin/python3", "-S", "-E", self.world.path("counter.py"), self.count, "once"]},
            {"action": "command.run", "argv": ["/bin/cat", self.gate], "timeout": "2m"},
            {"action": "file.install", "path": self.notice, "content": TEXT, "mode": "0644"},
        ], repairs="notice")  # fmt: skip
        documents.write_baseline(self.world, [
            {"name": "notice", "kind": "file", "path": self.notice, "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
             "runbook": NOTICE, "heal": "enforce"},
        ], without=("patching",))  # fmt: skip
        # By itself, a second run would have to wait.
        self.world.configure(healing={"cooldown": "10m", "max_per_day": 1})
        self.world.start_server()
        self.daemon = self.world.start_agent()
        self.operator = self.world.operator()
        self.addCleanup(self.operator.close)

    def evidence(self):
        bundles = [json.loads(self.operator.get(f"/api/evidence/{item['bundle_id']}/bundle").body) for item in self.operator.all_evidence()]
        return [bundle for bundle in bundles if bundle["runbook_id"] == NOTICE]

    def test_an_order_for_a_drift_that_is_being_healed_joins_that_run(self):
        eventually(lambda: os.path.exists(self.count), 20, "the drift's run to begin")
        envelope = self.world.signed(NOTICE)
        id = wire.payload_of(envelope)["order_id"]
        self.assertEqual(self.operator.submit(envelope).status, 201)
        self.daemon.wait_log("it joins the run of a drift")

        def status():
            return self.operator.get(f"/api/orders/{id}/status").json["status"]

        eventually(lambda: status() == "executing", 20, "word that it is carried out")
        self.assertEqual(self.evidence(), [])
        with open(self.gate, "wb"):
            pass
        eventually(lambda: status() == "completed", 20, "the order to be completed")
        run, joined = self.evidence()
        self.assertEqual((run["trigger"], run["order_id"], run["outcome"]), ("change", None, "success"))
        self.assertEqual((joined["trigger"], joined["order_id"], joined["outcome"]), ("order", id, "success"))
        self.assertEqual(joined["post_state"].pop("joined"), {"bundle_id": run["bundle_id"]})
        for same in ("post_state", "pre_state", "action_taken", "check", "result", "error"):
            self.assertEqual(joined[same], run[same])
        self.assertIsNone(joined["error"])
        self.assertEqual(self.read(self.count), b"once\n")
        self.assertEqual(self.read(self.notice).decode(), TEXT)
        self.assertEqual(self.daemon.stop(), 0)
