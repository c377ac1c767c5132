"""The main job, both executables together: the flows that config/quickstart shows."""
import json
import os
import secrets
import subprocess

import documents
import wire
from world import AGENT, HOST, SITE, Case, environment, eventually


class MainJob(Case):
    def setUp(self):
        super().setUp()
        self.server = self.world.start_server()
        self.daemon = self.world.start_agent()
        self.operator = self.world.operator()
        self.addCleanup(self.operator.close)
        self.world.order_key.write(self.world.path("signer"))

    def file(self, name, value):
        with open(self.world.path(name), "wb") as file:
            file.write(value if isinstance(value, bytes) else wire.compact(value))
        return self.world.path(name)

    def sign(self, name, **members):
        """`order sign` by hand; the path of the envelope."""
        order = {"site_id": SITE, "host_id": HOST, "runbook_id": documents.INSTALL, "params": {}, "ttl": 900, **members}
        done = self.world.agent("order", "sign", "--key", self.world.path("signer.key"), self.file(f"{name}.order", order))
        self.assert_exit(done, 0)
        return self.file(f"{name}.json", done.stdout.encode())

    def submit(self, path):
        return self.world.agent("order", "submit", path, config=self.world.operator_config())

    def id_of(self, path):
        return wire.payload_of(json.loads(self.read(path)))["order_id"]

    def finished(self, id):
        def final():
            status = self.operator.get(f"/api/orders/{id}/status").json
            return status["status"] not in ("pending", "executing", "deferred") and status

        return eventually(final, 20, f"order {id} to be finished")

    def test_a_signed_order_heals_a_real_drift_and_its_evidence_verifies(self):
        self.assert_exit(self.world.agent("check", documents.CHECK), 1)
        path = self.sign("heal")
        self.assert_exit(self.world.agent("order", "verify", path), 0)
        self.assert_exit(self.submit(path), 0)
        waited = self.world.agent("order", "status", self.id_of(path), "--wait", "20s", config=self.world.operator_config())
        self.assert_exit(waited, 0)
        self.assertIn("completed", waited.stdout)
        self.assertEqual(self.read(self.world.path("files", "motd")).decode(), documents.CONTENT)
        self.assert_exit(self.world.agent("check", documents.CHECK), 0)

        head = eventually(self.receipted, 20, "every receipt")
        folder = self.world.path("export")
        items = self.world.exported(folder)
        count, digest = wire.check_chain([bundle for bundle, _, _ in items])
        self.assertEqual((count, digest), (head["sequence"], head["head_sha256"]))
        for bundle, signature, receipt in items:
            value = wire.check_bundle(bundle, signature, self.world.evidence_key.public)
            self.assertEqual(wire.open_receipt(receipt, self.world.receipt_key.public)["sha256"], wire.sha256(bundle))
            self.assertEqual(self.operator.get(f"/api/evidence/{value['bundle_id']}/bundle").body, bundle)
        done = subprocess.run([AGENT, "evidence", "verify", folder, "--key", self.world.path("state", "evidence.pub"), "--receipt-key",
                               self.world.path("receipt.pub"), "--head", f"{head['sequence']}:{head['head_sha256']}"],
                              capture_output=True, text=True, timeout=30, env=environment())  # fmt: skip
        self.assert_exit(done, 0)
        healed = next(json.loads(bundle) for bundle, _, _ in items if json.loads(bundle)["order_id"])
        self.assertEqual((healed["check"], healed["outcome"], healed["result"]), (documents.CHECK, "success", "pass"))
        self.assertNotEqual(healed["pre_state"], healed["post_state"])

    def receipted(self):
        chain = self.operator.get("/api/hosts").json["items"][0]["chain"]
        status = self.world.agent_json("status")["chain"]
        return status["receipted"] == status["sequence"] == chain["sequence"] and chain

    def test_health_is_ok_only_while_something_reaches_the_server(self):
        eventually(lambda: self.world.agent("status").returncode == 0, 15, "status to be fine")
        status = self.world.agent_json("status")
        self.assertEqual((status["health"], status["daemon"]), ("ok", "running"))
        self.assertIsNotNone(status["poll"]["last_success"])
        self.server.kill()
        eventually(lambda: self.world.agent("status").returncode == 1, 30, "status to say so")
        self.assertNotEqual(self.world.agent_json("status")["health"], "ok")
        self.world.start_server(enrol=False)
        eventually(lambda: self.world.agent("status").returncode == 0, 20, "status to be fine again")
        self.assertEqual(self.daemon.stop(), 0)
        self.assertEqual(self.world.agent_json("status")["daemon"], "stopped")
        # Three times the interval plus the long poll: 8 s.
        eventually(lambda: self.world.agent("status").returncode == 1, 20, "status to say that nothing reaches the server")

    def test_the_same_order_altered_replayed_expired_or_for_another_host_is_refused(self):
        first = self.sign("first", runbook_id=documents.COUNT, params={"tag": "first"})
        self.assert_exit(self.submit(first), 0)
        self.assertEqual(self.finished(self.id_of(first))["status"], "completed")

        envelope = json.loads(self.read(first))
        import base64

        payload = base64.b64decode(envelope["payload"]).replace(b'"first"', b'"other"')
        altered = self.file("altered.json", {**envelope, "payload": base64.b64encode(payload).decode()})
        done = self.submit(altered)
        self.assert_exit(done, 1)
        self.assertIn("bad_signature", done.stdout + done.stderr)

        order = {**wire.payload_of(envelope), "order_id": "replayed-" + secrets.token_hex(4)}
        replayed = self.file("replayed.json", wire.envelope(order, [self.world.order_key]))
        self.assert_exit(self.submit(replayed), 0)  # the server cannot know, the host does
        final = self.finished(order["order_id"])
        self.assertEqual((final["status"], final["reason"]), ("rejected", "replayed"))

        late = self.file("late.json", self.world.signed(documents.COUNT, params={"tag": "late"}, issued_at=wire.utc(-120), ttl=60))
        done = self.submit(late)
        self.assert_exit(done, 1)
        self.assertIn("expired", done.stdout + done.stderr)

        elsewhere = self.file("elsewhere.json", self.world.signed(documents.COUNT, params={"tag": "elsewhere"}, host_id="srv-02"))
        self.assert_exit(self.submit(elsewhere), 0)
        done = self.world.agent("order", "verify", elsewhere)
        self.assert_exit(done, 1)
        self.assertIn("wrong_audience", done.stdout)
        self.assertEqual(self.read(self.world.path("files", "count")), b"first\n")

    def test_order_status_tells_what_became_of_it(self):
        failing = self.sign("failing", runbook_id=documents.FAIL)
        self.assert_exit(self.submit(failing), 0)
        self.assert_exit(self.submit(failing), 0)  # again: nothing new
        done = self.world.agent("order", "status", self.id_of(failing), "--wait", "20s", config=self.world.operator_config())
        self.assert_exit(done, 1)
        self.assertIn("failed", done.stdout)
        missing = self.world.agent("order", "status", "no-such-order", config=self.world.operator_config())
        self.assertIn(missing.returncode, (1, 2))

    def test_run_once_polls_executes_checks_uploads_and_ends(self):
        eventually(lambda: self.world.agent("status").returncode == 0, 15, "the first poll")
        self.assertEqual(self.daemon.stop(), 0)
        path = self.sign("once")
        self.assert_exit(self.submit(path), 0)
        done = self.world.agent("run", "--once")
        self.assert_exit(done, 0)
        self.assertEqual(self.finished(self.id_of(path))["status"], "completed")
        self.assertEqual(self.world.agent_json("status")["queue"]["waiting"], 0)

    def test_hold_defers_orders_and_resume_lets_them_run(self):
        self.assert_exit(self.world.agent("hold"), 0)
        path = self.sign("held")
        self.assert_exit(self.submit(path), 0)
        id = self.id_of(path)
        eventually(lambda: self.operator.get(f"/api/orders/{id}/status").json["status"] == "deferred", 20, "the order to be deferred")
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        self.assert_exit(self.world.agent("resume"), 0)
        self.assertEqual(self.finished(id)["status"], "completed")

    def test_drift_found_by_a_check_is_evidence_with_or_without_an_order(self):
        def about_the_check():
            return [item for item in self.operator.all_evidence() if item["check"] == documents.CHECK]

        eventually(about_the_check, 20, "evidence of the first round")
        self.assertEqual((about_the_check()[0]["result"], about_the_check()[0]["outcome"]), ("drift", "alert"))
