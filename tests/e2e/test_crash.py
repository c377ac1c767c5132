"""kill -9 at random points: nothing is lost, nothing happens twice, the chain stays whole. The seed is printed."""
import http.client
import json
import os
import random
import time

import documents
import wire
from world import Case, eventually

ROUNDS = 50


class Crashes(Case):
    def setUp(self):
        super().setUp()
        self.seed = int(os.environ.get("E2E_SEED", "0")) or random.SystemRandom().randrange(1, 1 << 32)
        self.random = random.Random(self.seed)
        print(f"seed {self.seed} (E2E_SEED repeats it)")
        self.world.configure(server={"poll_interval": "100ms", "long_poll": "2s", "backoff": {"base": "20ms", "cap": "100ms"}})
        self.server, self.daemon = self.world.start_server(), self.world.start_agent()
        self.orders = {}

    def submit(self):
        """Submits one counting order; answers lost to a kill are asked for again with the same bytes."""
        tag = f"tag-{len(self.orders)}"
        envelope = self.world.signed(documents.COUNT, params={"tag": tag})
        self.orders[tag] = wire.payload_of(envelope)["order_id"]
        return envelope

    def deliver(self, envelope):
        def accepted():
            try:
                with self.world.operator() as client:
                    return client.submit(envelope).status in (200, 201)
            except (OSError, http.client.HTTPException):
                if not self.server.running():
                    self.server = self.world.start_server(enrol=False)
                return False

        eventually(accepted, 20, "the order to be accepted")

    def rounds(self, victims):
        for _ in range(ROUNDS):
            for _ in range(self.random.randrange(1, 3)):
                self.deliver(self.submit())
            # The instant is the test's subject: somewhere between the poll's answer and the receipt.
            time.sleep(self.random.uniform(0, 0.12))
            for victim in self.random.choice(victims):
                getattr(self, victim).kill()
            if not self.server.running():
                self.server = self.world.start_server(enrol=False)
            if not self.daemon.running():
                self.daemon = self.world.start_agent(wait=False)

    def judge(self):
        with self.world.operator() as operator:
            final = {}

            def all_final():
                for tag, id in self.orders.items():
                    if tag not in final:
                        status = operator.get(f"/api/orders/{id}/status").json
                        if status["status"] in ("pending", "executing", "deferred"):
                            return False
                        final[tag] = status
                return True

            eventually(all_final, 60, "every order to be finished", 0.1)
            eventually(lambda: self.world.agent_json("status")["queue"]["waiting"] == 0, 30, "the queue to drain", 0.1)
            self.assertEqual(self.daemon.stop(), 0)

            effects = self.read(self.world.path("files", "count")).decode().split()
            self.assertEqual(len(effects), len(set(effects)), "an order had its effect twice")
            self.assertLessEqual(set(effects), set(self.orders))
            interrupted = 0
            for tag, status in final.items():
                if status["status"] == "completed":
                    self.assertIn(tag, effects)
                else:
                    interrupted += 1
                    self.assertEqual(status["status"], "failed", status)
                    bundle = json.loads(operator.get(f"/api/evidence/{status['bundle_id']}/bundle").body)
                    self.assertIn("interrupted", bundle["error"])

            items = self.world.exported()
            count, head = wire.check_chain([bundle for bundle, _, _ in items])
            for bundle, signature, receipt in items:
                value = wire.check_bundle(bundle, signature, self.world.evidence_key.public)
                self.assertEqual(operator.get(f"/api/evidence/{value['bundle_id']}/bundle").body, bundle)
                self.assertEqual(operator.get(f"/api/evidence/{value['bundle_id']}/signature").body, signature)
                self.assertEqual(wire.open_receipt(receipt, self.world.receipt_key.public)["sha256"], wire.sha256(bundle))
            stored = operator.all_evidence()
            self.assertEqual(len(stored), count)
            self.assertFalse([item for item in stored if item["chain"]["fork"]])
            chain = operator.get("/api/hosts").json["items"][0]["chain"]
            self.assertEqual((chain["sequence"], chain["head_sha256"]), (count, head))
            about = [json.loads(bundle)["order_id"] for bundle, _, _ in items if json.loads(bundle)["order_id"]]
            self.assertEqual(len(about), len(set(about)), "an order has two final bundles")
            print(f"{len(self.orders)} orders, {interrupted} interrupted, {count} bundles")

    def test_fifty_kills_of_the_agent(self):
        self.rounds([["daemon"]])
        self.judge()

    def test_fifty_kills_of_the_server_or_of_both(self):
        self.rounds([["server"], ["server"], ["server", "daemon"]])
        self.judge()
