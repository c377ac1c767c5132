"""Every gate of PROTOCOL.md section 4, seen as an order server sees it: in the evidence the agent sends."""
import base64
import json
import os
import secrets

import documents
import wire
from world import SITE, Case

GATES = ["too_large", "malformed", "untrusted_key", "bad_signature", "threshold_not_met", "malformed_payload", "wrong_audience",
         "ttl_out_of_range", "not_yet_valid", "expired", "replayed", "unknown_runbook", "key_not_permitted", "bad_params", "plan_changed"]


class Gates(Case):
    def setUp(self):
        super().setUp()
        self.fake = self.world.start_fake()

    def begin(self):
        self.daemon = self.world.start_agent()
        self.fake.wait_for_polls()

    def refused(self, envelope, gate, id=None):
        """Offers it, and holds the evidence against section 4 and 5."""
        id = self.fake.offer(envelope, id)
        (bundle,) = self.fake.wait_for_order(id)
        data, signature = next((stored.bundle, stored.signature) for stored in self.fake.stored.values() if stored.value == bundle)
        wire.check_bundle(data, signature, self.world.evidence_key.public)
        position = GATES.index(gate)
        reason = "malformed" if gate == "malformed_payload" else gate
        self.assertEqual(bundle["outcome"], "expired" if gate == "expired" else "rejected")
        self.assertTrue(bundle["error"].startswith(reason), bundle["error"])
        self.assertEqual(bundle["trigger"], "order")
        self.assertEqual([entry["gate"] for entry in bundle["order"]["gates"]], GATES[: position + 1])
        self.assertEqual([entry["verdict"] for entry in bundle["order"]["gates"]], ["pass"] * position + ["refuse"])
        if position < 2:
            self.assertIsNone(bundle["order"]["envelope"])
            raw = envelope if isinstance(envelope, bytes) else wire.compact(envelope)
            self.assertIn(str(len(raw)), bundle["order"]["gates"][-1]["detail"])
        else:
            self.assertEqual(bundle["order"]["envelope"], envelope)
        self.assertEqual(bundle["order_id"], None if position < 6 else wire.payload_of(envelope)["order_id"])
        self.assertEqual(bundle["action_taken"], [])
        return bundle

    def accepted(self, envelope, outcome="success", count=1):
        id = self.fake.offer(envelope)
        bundle = self.fake.wait_for_order(id, count)[-1]
        self.assertEqual(bundle["outcome"], outcome, bundle["error"])
        return bundle

    def test_an_order_through_every_gate_is_carried_out_and_its_evidence_says_so(self):
        self.begin()
        envelope = self.world.signed()
        bundle = self.accepted(envelope)
        self.assertEqual(self.read(self.world.path("files", "motd")).decode(), documents.CONTENT)
        self.assertEqual(bundle["order"]["envelope"], envelope)
        self.assertEqual([entry["gate"] for entry in bundle["order"]["gates"]][:14], GATES[:14])
        self.assertEqual({entry["verdict"] for entry in bundle["order"]["gates"]}, {"pass"})
        self.assertEqual(bundle["runbook_id"], documents.INSTALL)
        self.assertEqual(bundle["runbook_sha256"], wire.sha256(self.read(self.world.path("runbooks", "rb-test-install.yaml"))))
        self.assertEqual(bundle["order_id"], wire.payload_of(envelope)["order_id"])
        self.assertEqual([step["action"] for step in bundle["action_taken"]][0], "file.install")

    def test_gates_1_and_2_refuse_what_is_too_large_or_no_envelope(self):
        self.begin()
        self.refused(self.world.signed(documents.COUNT, params={"tag": "x" * 60_000}), "too_large")
        good = self.world.signed()
        payload = wire.payload_of(good)["order_id"]
        for name, changed in {
            "an unknown member": {**good, "extra": 1},
            "no signatures member": {k: v for k, v in good.items() if k != "signatures"},
            "payload not base64": {**good, "payload": "!!!!"},
            "payload without padding": {**good, "payload": base64.b64encode(b"1234").decode().rstrip("=")},
            "an unknown member of a signature": {**good, "signatures": [{**good["signatures"][0], "x": 1}]},
            "a number for a signature": {**good, "signatures": [{"keyid": good["signatures"][0]["keyid"], "sig": 7}]},
        }.items():
            with self.subTest(name):
                self.refused(changed, "malformed", id=f"{payload}-{secrets.token_hex(4)}")

    def test_an_envelope_that_is_no_json_is_refused_alone_and_the_offers_beside_it_are_looked_at(self):
        poisons = {
            "a number beyond every double": b'{"payloadType":"x","payload":"","signatures":[],"n":1e999}',
            "half of a surrogate pair": b'{"payload":"\\ud800"}',
            "text that is not UTF-8": b'{"payload":"\xff"}',
            "a missing value": b'{"payload":}',
        }
        for number, poison in enumerate(poisons.values()):
            self.fake.offer(poison, id=f"poison-{number}")
        good = self.fake.offer(self.world.signed())
        self.begin()
        (bundle,) = self.fake.wait_for_order(good)
        self.assertEqual(bundle["outcome"], "success", bundle["error"])
        for number, (name, poison) in enumerate(poisons.items()):
            with self.subTest(name):
                (bundle,) = self.fake.wait_for_order(f"poison-{number}")
                self.assertEqual(bundle["outcome"], "rejected")
                self.assertTrue(bundle["error"].startswith("malformed"), bundle["error"])
                self.assertIsNone(bundle["order"]["envelope"])
                self.assertEqual([entry["verdict"] for entry in bundle["order"]["gates"]], ["pass", "refuse"])
                self.assertIn(f"{len(poison)} bytes with SHA-256 {wire.sha256(poison)}", bundle["order"]["gates"][1]["detail"])

    def test_gates_3_and_4_refuse_strangers_and_broken_signatures(self):
        self.begin()
        self.refused(self.world.signed(keys=[wire.Key()]), "untrusted_key")
        self.refused({**self.world.signed(), "signatures": []}, "untrusted_key")
        other = self.world.signed()
        broken = self.world.signed()
        broken["signatures"][0]["sig"] = other["signatures"][0]["sig"]
        self.refused(broken, "bad_signature")
        order = self.world.order()
        altered = wire.envelope(order, [self.world.order_key])
        altered["payload"] = base64.b64encode(wire.compact({**order, "runbook_id": documents.FAIL})).decode()
        self.refused(altered, "bad_signature")
        # One good signature does not make up for a broken one by a configured key; a stranger's beside it is ignored.
        beside = self.world.signed()
        beside["signatures"].append(dict(broken["signatures"][0]))
        self.refused(beside, "bad_signature")
        with_stranger = self.world.signed()
        with_stranger["signatures"].insert(0, {"keyid": wire.Key().key_id, "sig": base64.b64encode(bytes(64)).decode()})
        self.accepted(with_stranger)

    def test_a_signature_with_an_s_that_is_not_canonical_is_refused(self):
        self.begin()
        envelope = self.world.signed()
        signature = base64.b64decode(envelope["signatures"][0]["sig"])
        order_of_the_group = 2**252 + 27742317777372353535851937790883648493
        s = int.from_bytes(signature[32:], "little") + order_of_the_group
        envelope["signatures"][0]["sig"] = base64.b64encode(signature[:32] + s.to_bytes(32, "little")).decode()
        self.refused(envelope, "bad_signature")

    def test_gate_5_wants_as_many_keys_as_configured_and_counts_each_once(self):
        second = wire.Key()
        second.write(self.world.path("second"))
        self.world.configure(orders={"keys": [{"file": self.world.path("orders.pub")}, {"file": self.world.path("second.pub")}],
                                     "threshold": 2})
        self.begin()
        self.refused(self.world.signed(), "threshold_not_met")
        self.refused(self.world.signed(keys=[self.world.order_key, self.world.order_key]), "threshold_not_met")
        self.accepted(self.world.signed(keys=[self.world.order_key, second]))

    def test_gate_6_refuses_payloads_that_break_a_rule_of_the_table(self):
        self.begin()
        def text(change_from, change_to):
            return lambda order: wire.compact(order).replace(change_from, change_to)

        def members(**changed):
            return lambda order: {**order, **changed}

        cases = {
            "an unknown member": members(extra=1),
            "no nonce": lambda order: {name: value for name, value in order.items() if name != "nonce"},
            "a short nonce": members(nonce="ab" * 15),
            "an upper-case nonce": members(nonce="AB" * 16),
            "an order id with a slash": members(order_id="a/b"),
            "a runbook id in lower case": members(runbook_id="rb-x"),
            "params as a list": members(params=[]),
            "a time with an offset": members(issued_at="2026-01-01T00:00:00+00:00"),
            "a time with microseconds": members(issued_at="2026-01-01T00:00:00.000001Z"),
            "an unknown mode": members(mode="force"),
            "ttl as text": members(ttl="900"),
            "ttl as 9e2": text(b'"ttl":900', b'"ttl":9e2'),
            "ttl as 900.0": text(b'"ttl":900', b'"ttl":900.0'),
            "the same member twice": text(b'"ttl":900', b'"ttl":900,"ttl":900'),
            "the same member twice in params": text(b'"params":{}', b'"params":{"a":1,"a":1}'),
            "no JSON": lambda order: b"{",
            "JSON and more": lambda order: wire.compact(order) + b"x",
            "text that is not UTF-8": text(b'"params":{}', b'"params":{"a":"\xff"}'),
            "half of a surrogate pair": text(b'"params":{}', b'"params":{"a":"\\ud800"}'),
            "values too deep": text(b'"params":{}', b'"params":' + b'{"a":' * 16 + b"1" + b"}" * 16),
        }
        for name, change in cases.items():
            with self.subTest(name):
                order = self.world.order()
                payload = change(order)
                id = payload["order_id"] if isinstance(payload, dict) else order["order_id"]
                self.refused(wire.envelope(payload, [self.world.order_key]), "malformed_payload", id=id)

    def test_gates_7_to_10_refuse_other_audiences_and_wrong_times(self):
        self.begin()
        self.refused(self.world.signed(host_id="srv-02"), "wrong_audience")
        self.refused(self.world.signed(site_id="clinic-002"), "wrong_audience")
        self.refused(self.world.signed(site_id="clinic-002", host_id="*"), "wrong_audience")
        self.refused(self.world.signed(ttl=59), "ttl_out_of_range")
        self.refused(self.world.signed(ttl=86_401), "ttl_out_of_range")
        self.refused(self.world.signed(ttl=-1), "ttl_out_of_range")
        self.refused(self.world.signed(issued_at=wire.utc(90)), "not_yet_valid")
        self.refused(self.world.signed(issued_at=wire.utc(-61), ttl=60), "expired")
        self.refused(self.world.signed(issued_at=wire.utc(-100_000), ttl=86_400), "expired")
        self.accepted(self.world.signed(issued_at=wire.utc(20)))  # within the tolerance
        self.accepted(self.world.signed(host_id="*", issued_at=wire.utc(-30), ttl=120))

    def test_gate_11_refuses_a_nonce_or_an_order_id_a_second_time(self):
        self.begin()
        first = self.world.order(documents.COUNT, params={"tag": "first"})
        self.accepted(wire.envelope(first, [self.world.order_key]))
        again = {**first, "order_id": "another-id"}
        self.refused(wire.envelope(again, [self.world.order_key]), "replayed")
        renamed = {**first, "nonce": secrets.token_hex(16)}
        bundles = len(self.fake.about(first["order_id"]))
        self.fake.offer(wire.envelope(renamed, [self.world.order_key]))
        refusal = self.fake.wait_for_order(first["order_id"], bundles + 1)[-1]
        self.assertTrue(refusal["error"].startswith("replayed"), refusal["error"])
        self.assertEqual(self.read(self.world.path("files", "count")), b"first\n")

    def test_a_refused_order_does_not_use_up_its_nonce(self):
        self.begin()
        refused = self.world.order(documents.COUNT, params={"tag": "BAD TAG"})
        self.refused(wire.envelope(refused, [self.world.order_key]), "bad_params")
        good = {**refused, "order_id": "second-try", "params": {"tag": "good"}}
        self.accepted(wire.envelope(good, [self.world.order_key]))

    def test_gates_12_to_15_look_at_runbook_key_params_and_plan(self):
        limited = wire.Key()
        limited.write(self.world.path("limited"))
        self.world.configure(orders={"keys": [{"file": self.world.path("orders.pub")},
                                              {"file": self.world.path("limited.pub"), "runbooks": [documents.COUNT]}]})
        self.begin()
        self.refused(self.world.signed("RB-NOT-THERE"), "unknown_runbook")
        self.refused(self.world.signed(keys=[limited]), "key_not_permitted")
        for params in ({}, {"tag": 7}, {"tag": "UPPER"}, {"tag": "a", "more": 1}, {"tag": "a\nb"}, {"tag": "x" * 5000}):
            with self.subTest(params=str(params)[:40]):
                self.refused(self.world.signed(documents.COUNT, params=params), "bad_params")
        self.accepted(self.world.signed(documents.COUNT, params={"tag": "allowed"}, keys=[limited]))
        plan = self.accepted(self.world.signed(mode="plan"))["plan"]
        self.accepted(self.world.signed(plan_sha256=plan["sha256"]))
        self.refused(self.world.signed(plan_sha256=plan["sha256"]), "plan_changed")

    def test_the_same_payload_offered_again_has_no_second_effect_and_no_second_bundle(self):
        self.fake.withdraw = False
        self.begin()
        order = self.world.order(documents.COUNT, params={"tag": "once"})
        self.accepted(wire.envelope(order, [self.world.order_key]))
        self.fake.wait_for_polls(3)
        self.daemon.stop()
        self.daemon = self.world.start_agent()
        self.fake.wait_for_polls(2)
        # The same payload bytes in another envelope: with a stranger's signature beside the good one.
        wider = wire.envelope(order, [self.world.order_key, wire.Key()])
        self.fake.withdraw_all()
        self.fake.offer(wider)
        self.fake.wait_for_polls(2)
        self.accepted(self.world.signed(documents.COUNT, params={"tag": "last"}))
        self.assertEqual(len(self.fake.about(order["order_id"])), 1)
        self.assertEqual(self.read(self.world.path("files", "count")), b"once\nlast\n")

    def test_a_refused_envelope_is_looked_at_once(self):
        self.fake.withdraw = False
        self.begin()
        id = self.fake.offer(self.world.signed(host_id="srv-02"))
        self.fake.wait_for_order(id)
        self.fake.wait_for_polls(3)
        self.daemon.stop()
        self.world.start_agent()
        self.fake.wait_for_polls(2)
        self.assertEqual(len(self.fake.about(id)), 1)

    def test_an_id_that_is_not_the_payloads_is_malformed_and_not_held_against_the_envelope(self):
        self.begin()
        envelope = self.world.signed()
        self.fake.offer(envelope, id="a-false-claim")
        (bundle,) = self.fake.wait_for_order("a-false-claim")
        self.assertEqual(bundle["outcome"], "rejected")
        self.assertTrue(bundle["error"].startswith("malformed"), bundle["error"])
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        self.accepted(envelope)

    def test_mode_plan_reports_and_changes_nothing(self):
        self.begin()
        bundle = self.accepted(self.world.signed(mode="plan"))
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        self.assertEqual(bundle["plan"]["steps"][0]["action"], "file.install")
        self.assertNotEqual(bundle["plan"]["steps"][0]["current"], bundle["plan"]["steps"][0]["desired"])
        self.assertEqual(bundle["pre_state"], bundle["post_state"])
        self.assertEqual(bundle["action_taken"], [])

    def test_dry_run_defers_with_the_plan_and_enforce_carries_it_out_after_a_reload(self):
        self.world.configure(healing={"mode": "dry_run"})
        self.begin()
        deferred = self.accepted(self.world.signed(), "deferred")
        self.assertTrue(deferred["error"].startswith("healing_disabled"), deferred["error"])
        self.assertEqual(deferred["plan"]["steps"][0]["action"], "file.install")
        self.assertEqual(deferred["order"]["gates"][-1]["verdict"], "defer")
        self.assertEqual(deferred["order"]["gates"][-1]["gate"], "healing_disabled")
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        id = deferred["order"]["id"]
        self.fake.wait_for_polls(2)
        self.assertEqual(len(self.fake.about(id)), 1)  # one when first deferred
        self.world.configure(healing={"mode": "enforce"})
        self.world.write_config()
        self.daemon.signal(1)  # SIGHUP
        last = self.fake.wait_for_order(id, 2)[-1]
        self.assertEqual(last["outcome"], "success")
        self.assertEqual(self.read(self.world.path("files", "motd")).decode(), documents.CONTENT)

    def test_a_step_that_fails_is_failed_and_never_success(self):
        self.begin()
        bundle = self.accepted(self.world.signed(documents.FAIL), "failed")
        self.assertEqual(bundle["action_taken"][0]["exit_code"], 1)
        self.assertEqual(bundle["action_taken"][0]["command"], ["/bin/false"])

    def test_without_keys_no_order_is_accepted(self):
        self.world.configure(orders={"keys": []})
        self.begin()
        self.refused(self.world.signed(), "untrusted_key")

    def test_a_key_that_is_no_longer_valid_signs_nothing(self):
        self.world.configure(orders={"keys": [{"file": self.world.path("orders.pub"), "not_after": "2020-01-01T00:00:00Z"}]})
        self.begin()
        self.refused(self.world.signed(), "untrusted_key")

    def test_evidence_says_who_and_what_in_every_member(self):
        self.begin()
        self.accepted(self.world.signed())
        self.daemon.stop()
        for stored in self.fake.stored.values():
            bundle = wire.check_bundle(stored.bundle, stored.signature, self.world.evidence_key.public)
            self.assertEqual((bundle["site_id"], bundle["host_id"], bundle["deployment_mode"]), (SITE, "srv-01", "direct"))
            self.assertEqual(bundle["ruleset_hash"], wire.sha256(self.read(self.world.path("baseline.yaml"))))
        wire.check_chain([stored.bundle for stored in self.fake.stored.values()])
        self.assertEqual(json.loads(self.world.agent("status", "--json").stdout)["chain"]["sequence"], len(self.fake.stored))
