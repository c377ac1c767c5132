"""PROTOCOL.md section 6: identities and orders at the order server, spoken to by a client that is not ours."""
import base64
import json
import ssl
import threading
import time
import uuid

import wire
from bundles import PlayedHost
from client import Client
from pki import Authority, host_uri, operator_uri
from server_case import Server
from world import HOST, SITE, eventually


class Identities(Server):
    def test_health_is_for_anyone_with_a_certificate(self):
        stranger = self.world.host(*self.world.authority.issue("nameless"))
        for client in (self.operator, self.host, stranger):
            answer = client.get("/health")
            self.assertEqual(answer.status, 200)
            self.assertEqual(answer.json["status"], "ok")
            wire.parse_utc(answer.json["time"])
            self.assertTrue(answer.json["version"])

    def test_without_a_certificate_of_the_authority_there_is_no_answer(self):
        other = Authority(self.world.path("other"), "Other CA")
        foreign = other.issue("host", host_uri(SITE, HOST))
        expired = self.world.authority.issue("expired", host_uri(SITE, HOST), days=-2)
        for name, pair in {"none": (None, None), "another authority's": foreign, "expired": expired}.items():
            with self.subTest(name):
                with self.assertRaises((ssl.SSLError, ConnectionError, OSError)):
                    Client(self.world.port, self.world.authority.file, *pair).get("/health")

    def test_tls_1_2_is_refused(self):
        with self.assertRaises((ssl.SSLError, ConnectionError)):
            Client(self.world.port, self.world.authority.file, self.world.host_cert, self.world.host_key,
                   ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_2).get("/health")  # fmt: skip

    def test_a_certificate_without_a_usable_identity_is_unknown(self):
        for number, uri in enumerate((None, "spiffe://other.test/operator/alice", "spiffe://example.test/site/a", "https://example.test/operator/x",
                                      "spiffe://example.test/site/clinic-001/host/bad name", "spiffe://example.test/operator/",
                                      "spiffe://example.test/site/clinic-001/host/srv-01/more")):  # fmt: skip
            with self.subTest(uri):
                client = self.world.host(*self.world.authority.issue(f"odd-{number}", uri.replace(" ", "%20") if uri else None))
                self.refuse(client.get("/api/hosts"), 403, "unknown_identity")

    def test_calls_of_the_other_side_are_forbidden(self):
        id = wire.payload_of(self.submit())["order_id"]
        bundle = self.played.make()
        for answer in (self.host.get("/api/hosts"), self.host.get("/api/evidence"), self.host.submit(self.world.signed("RB-X")),
                       self.host.get(f"/api/evidence/{uuid.uuid4()}"),
                       self.pending(client=self.operator), self.operator.upload(*bundle),
                       self.operator.call("POST", f"/api/orders/{id}/status", b'{"status":"executing"}', {"Content-Type": "application/json"})):
            self.refuse(answer, 403, "forbidden")

    def test_headers_that_contradict_the_certificate_are_a_mismatch(self):
        self.assertEqual(self.pending().status, 200)
        target = f"/api/orders/pending?site_id={SITE}&host_id={HOST}&wait=0"
        self.assertEqual(self.host.get(target, {"X-Site-ID": SITE, "X-Host-ID": HOST}).status, 200)
        self.refuse(self.host.get(target, {"X-Site-ID": "clinic-002"}), 403, "identity_mismatch")
        self.refuse(self.host.get(target, {"X-Host-ID": "srv-02"}), 403, "identity_mismatch")
        self.refuse(self.pending(host_id="srv-02"), 403, "identity_mismatch")
        self.refuse(self.pending(site_id="clinic-002"), 403, "identity_mismatch")

    def test_unknown_paths_and_methods(self):
        self.assertEqual(self.operator.get("/api/nothing").status, 404)
        self.assertEqual(self.operator.get("/").status, 404)
        self.assertEqual(self.operator.call("DELETE", "/api/hosts").status, 405)
        self.assertEqual(self.operator.get(f"/api/orders/{uuid.uuid4()}/status").status, 404)
        self.assertEqual(self.operator.get("/health").status, 200)  # and the connection lives on


class Orders(Server):
    def test_an_order_goes_to_its_host_byte_for_byte_in_value_and_is_offered_until_it_is_finished(self):
        envelope = self.submit()
        for _ in range(2):
            answer = self.pending()
            self.assertEqual(answer.json, {"orders": [{"id": wire.payload_of(envelope)["order_id"], "envelope": envelope}], "more": False})
        self.assertEqual(self.status(envelope)["status"], "pending")
        self.assertEqual(self.status(envelope)["hosts"], [])
        bundle = self.played.make(envelope)
        self.assertEqual(self.host.upload(*bundle).status, 201)
        self.assertEqual(self.pending().json["orders"], [])
        final = self.status(envelope)
        self.assertEqual((final["status"], final["bundle_id"]), ("completed", json.loads(bundle[0])["bundle_id"]))
        wire.parse_utc(final["updated_at"])

    def test_the_same_envelope_again_is_200_and_another_under_its_id_409(self):
        order = self.world.order("RB-X")
        envelope = wire.envelope(order, [self.world.order_key])
        self.assertEqual(self.operator.submit(envelope).status, 201)
        self.assertEqual(self.operator.submit(envelope).status, 200)
        other = wire.envelope({**order, "ttl": 901}, [self.world.order_key])
        self.refuse(self.operator.submit(other), 409, "order_exists")

    def test_an_order_that_no_host_could_accept_is_422_with_the_reason(self):
        good = self.world.signed("RB-X")
        broken = json.loads(json.dumps(good))
        broken["signatures"][0]["sig"] = self.world.signed("RB-X")["signatures"][0]["sig"]
        order = self.world.order("RB-X")
        text = wire.compact(order)
        table = {
            "no JSON": (b"{", "malformed"),
            "an unknown member": ({**good, "x": 1}, "malformed"),
            "a member twice": (wire.compact(good)[:-1] + b',"payload":"e30="}', "malformed"),
            "not base64": ({**good, "payload": "****"}, "malformed"),
            "not canonical base64": ({**good, "payload": base64.b64encode(b"{}  ").decode()[:-3] + "B=="}, "malformed"),
            "a stranger's": (wire.envelope(order, [wire.Key()]), "untrusted_key"),
            "no signature": ({**good, "signatures": []}, "untrusted_key"),
            "a broken signature": (broken, "bad_signature"),
            "an unknown member of the order": (wire.envelope({**order, "x": 1}, [self.world.order_key]), "malformed"),
            "ttl as 9e2": (wire.envelope(text.replace(b":900", b":9e2"), [self.world.order_key]), "malformed"),
            "ttl too short": (self.world.signed("RB-X", ttl=59), "ttl_out_of_range"),
            "ttl too long": (self.world.signed("RB-X", ttl=86_401), "ttl_out_of_range"),
            "from tomorrow": (self.world.signed("RB-X", issued_at=wire.utc(86_400)), "not_yet_valid"),
            "from yesterday": (self.world.signed("RB-X", issued_at=wire.utc(-86_400)), "expired"),
        }
        for name, (envelope, reason) in table.items():
            with self.subTest(name):
                self.refuse(self.operator.submit(envelope), 422, reason)
        self.assertEqual(self.pending().json["orders"], [])

    def test_an_order_over_64_kib_is_too_large(self):
        answer = self.operator.submit(self.world.signed("RB-X", params={"a": "x" * 60_000}))
        self.refuse(answer, answer.status, "too_large")
        self.assertIn(answer.status, (413, 422))

    def test_a_held_poll_ends_when_an_order_arrives_and_in_the_end_anyway(self):
        begun = time.monotonic()
        self.assertEqual(self.pending(wait=1).json, {"orders": [], "more": False})
        self.assertGreaterEqual(time.monotonic() - begun, 0.9)
        answers = []
        poll = threading.Thread(target=lambda: answers.append((self.pending(wait=30).json, time.monotonic())))
        poll.start()
        eventually(lambda: self.operator.get("/api/hosts").json["items"][0]["last_seen"], 5)
        envelope = self.submit()
        sent = time.monotonic()
        poll.join(20)
        self.assertEqual(answers[0][0]["orders"][0]["envelope"], envelope)
        self.assertLess(answers[0][1] - sent, 2)

    def test_a_held_poll_does_not_wake_for_another_hosts_order(self):
        begun = time.monotonic()
        answers = []
        poll = threading.Thread(target=lambda: answers.append(self.pending(wait=2).json))
        poll.start()
        self.submit(host_id="srv-99")
        poll.join(20)
        self.assertEqual(answers[0]["orders"], [])
        self.assertGreater(time.monotonic() - begun, 1.5)

    def test_many_orders_come_oldest_first_in_pages(self):
        ids = [wire.payload_of(self.submit())["order_id"] for _ in range(12)]
        answer = self.pending().json
        self.assertEqual(([order["id"] for order in answer["orders"]], answer["more"]), (ids[:10], True))
        self.assertEqual(len(self.pending(limit=3).json["orders"]), 3)
        self.assertEqual(len(self.pending(limit=12).json["orders"]), 12)
        self.assertFalse(self.pending(limit=12).json["more"])
        self.assertGreaterEqual(len(self.pending(limit=0).json["orders"]), 1)  # clamped
        self.assertEqual(len(self.pending(limit=1_000_000).json["orders"]), 12)
        self.assertGreaterEqual(len(self.pending(wait=-5).json["orders"]), 1)

    def test_an_order_for_a_whole_site_is_finished_when_its_least_finished_host_is(self):
        second_key = wire.Key()
        second_key.write(self.world.path("second-evidence"))
        self.world.enrol(host="srv-02", key_file=self.world.path("second-evidence.pub"))
        second_client = self.world.host(*self.world.authority.issue("second", host_uri(SITE, "srv-02")))
        second = PlayedHost(second_key, host="srv-02")
        envelope = self.submit(host_id="*")
        self.assertEqual(len(self.pending(client=second_client, host_id="srv-02").json["orders"]), 1)
        self.assertEqual(self.host.upload(*self.played.make(envelope)).status, 201)
        self.assertEqual(self.pending().json["orders"], [])
        status = self.status(envelope)
        self.assertEqual(status["status"], "pending")
        self.assertEqual({entry["host_id"]: entry["status"] for entry in status["hosts"]}, {HOST: "completed", "srv-02": "pending"})
        self.assertEqual(len(self.pending(client=second_client, host_id="srv-02").json["orders"]), 1)
        self.assertEqual(second_client.upload(*second.make(envelope, "failed", error="no")).status, 201)
        self.assertEqual(self.status(envelope)["status"], "failed")

    def test_progress_is_shown_and_only_the_orders_host_may_tell_or_ask(self):
        envelope = self.submit()
        target = f"/api/orders/{wire.payload_of(envelope)['order_id']}/status"
        headers = {"Content-Type": "application/json"}
        self.assertEqual(self.host.call("POST", target, b'{"status":"executing"}', headers).status, 204)
        self.assertEqual(self.status(envelope)["status"], "executing")
        self.assertEqual(self.status(envelope, self.host)["status"], "executing")
        other = self.world.host(*self.world.authority.issue("other", host_uri(SITE, "srv-02")))
        self.refuse(other.get(target), 403, "forbidden")
        self.refuse(other.call("POST", target, b'{"status":"executing"}', headers), 403, "forbidden")
        refused = self.host.call("POST", target, b'{"status":"completed"}', headers)  # only evidence says that
        self.assertIn(refused.status, (400, 422))
        self.assertEqual(self.status(envelope)["status"], "executing")

    def test_only_evidence_about_this_very_payload_finishes_an_order(self):
        envelope = self.submit()
        id = wire.payload_of(envelope)["order_id"]
        other = self.world.signed("RB-Y")
        forged = json.loads(json.dumps(envelope))
        forged["payload"] = other["payload"]
        gates = [{"gate": "too_large", "verdict": "pass", "detail": ""}]
        for members in ({"order_id": None},  # did not pass gate 6
                        {"order": {"id": id, "envelope": forged, "gates": gates}, "order_id": id},
                        {"order": {"id": id, "envelope": None, "gates": gates}, "order_id": None}):
            made = {"order": {"id": id, "envelope": envelope, "gates": gates}, "outcome": "rejected", "trigger": "order", **members}
            self.assertEqual(self.host.upload(*self.played.make(**made)).status, 201)
            self.assertEqual(self.status(envelope)["status"], "pending")
            self.assertEqual(len(self.pending().json["orders"]), 1)
        outsider_key = wire.Key()
        outsider_key.write(self.world.path("outsider"))
        self.world.enrol(host="srv-02", key_file=self.world.path("outsider.pub"))
        outsider = self.world.host(*self.world.authority.issue("outsider", host_uri(SITE, "srv-02")))
        self.assertEqual(outsider.upload(*PlayedHost(outsider_key, host="srv-02").make(envelope)).status, 201)
        self.assertEqual(self.status(envelope)["status"], "pending")
        self.assertEqual(self.host.upload(*self.played.make(envelope, "deferred", error="outside_maintenance_window: opens later")).status, 201)
        self.assertEqual((self.status(envelope)["status"], self.status(envelope)["reason"]), ("deferred", "outside_maintenance_window"))
        self.assertEqual(self.host.upload(*self.played.make(envelope, "rejected", error="replayed: seen")).status, 201)
        self.assertEqual((self.status(envelope)["status"], self.status(envelope)["reason"]), ("rejected", "replayed"))


class Operators(Server):
    def test_any_operator_of_the_trust_domain_may_submit_and_none_of_another(self):
        bob = self.world.host(*self.world.authority.issue("bob", operator_uri("bob")))
        self.assertEqual(bob.submit(self.world.signed("RB-X")).status, 201)
        eve = self.world.host(*self.world.authority.issue("eve", "spiffe://elsewhere.test/operator/eve"))
        self.refuse(eve.submit(self.world.signed("RB-X")), 403, "unknown_identity")
