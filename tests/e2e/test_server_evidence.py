"""PROTOCOL.md section 6: evidence at the order server, and what the server endures."""
import http.client
import json
import os
import socket
import ssl
import threading
import time
import uuid

import wire
from bundles import PlayedHost
from pki import host_uri
from server_case import Server
from world import HOST, SITE, eventually


class Evidence(Server):
    def test_an_upload_is_answered_with_a_receipt_that_verifies_and_the_bytes_come_back(self):
        data, signature = self.played.make()
        id = json.loads(data)["bundle_id"]
        answer = self.host.upload(data, signature)
        self.assertEqual(answer.status, 201, answer)
        self.assertEqual((answer.json["bundle_id"], answer.json["sha256"]), (id, wire.sha256(data)))
        receipt = wire.open_receipt(answer.json["receipt"], self.world.receipt_key.public)
        self.assertEqual(receipt, {"bundle_id": id, "sha256": wire.sha256(data), "site_id": SITE, "host_id": HOST, "epoch": self.played.epoch,
                                   "sequence": 1, "received_at": answer.json["received_at"]})
        chain = answer.json["chain"]
        self.assertEqual((chain["epoch"], chain["sequence"], chain["gap"], chain["fork"]), (self.played.epoch, 1, False, False))
        bundle = self.operator.get(f"/api/evidence/{id}/bundle")
        self.assertEqual((bundle.body, bundle.headers["content-type"]), (data, "application/json"))
        stored = self.operator.get(f"/api/evidence/{id}/signature")
        self.assertEqual((stored.body, stored.headers["content-type"]), (signature, "application/octet-stream"))
        self.assertEqual(self.operator.get(f"/api/evidence/{id}/receipt").json, answer.json["receipt"])
        meta = self.operator.get(f"/api/evidence/{id}").json
        self.assertEqual(set(meta), {"bundle_id", "sha256", "site_id", "host_id", "received_at", "check", "result", "outcome", "order_id", "chain"})
        self.assertEqual(self.operator.get(f"/api/evidence/{uuid.uuid4()}/bundle").status, 404)

    def test_the_same_bytes_again_get_the_receipt_of_the_first_also_after_a_restart(self):
        data, signature = self.played.make()
        first = self.host.upload(data, signature)
        again = self.host.upload(data, signature)
        self.assertEqual((first.status, again.status), (201, 200))
        self.assertEqual(first.json, again.json)
        self.assertEqual(self.daemon.stop(), 0)
        self.world.start_server(enrol=False)
        with self.world.host() as client:
            later = client.upload(data, signature)
        self.assertEqual((later.status, later.json), (200, first.json))

    def test_what_is_wrong_with_an_upload_is_looked_at_in_order(self):
        data, signature = self.played.make()
        content_type, body = wire.multipart(data, signature)
        post = lambda body, kind=content_type: self.host.call("POST", "/api/evidence", body, {"Content-Type": kind})  # noqa: E731
        self.refuse(post(data, "application/json"), 400, "malformed")
        self.refuse(post(body[:-10]), 400, "malformed")
        self.refuse(post(wire.multipart(data, signature[:63])[1]), 400, "malformed")
        self.refuse(post(body.replace(b'name="signature"', b'name="sig"')), 400, "malformed")
        stranger = wire.Key()
        self.refuse(self.host.upload(data, stranger.sign(data)), 422, "bad_signature")
        self.refuse(self.host.upload(data + b" ", signature), 422, "bad_signature")
        rubbish = b'{"version":'
        self.refuse(self.host.upload(rubbish, self.world.evidence_key.sign(rubbish)), 422, "malformed")
        elsewhere = PlayedHost(self.world.evidence_key, host="srv-77").make()
        self.refuse(self.host.upload(*elsewhere), 403, "identity_mismatch")
        unknown = self.world.host(*self.world.authority.issue("unknown", host_uri(SITE, "srv-50")))
        self.refuse(unknown.upload(*PlayedHost(stranger, host="srv-50").make()), 422, "unknown_evidence_key")
        self.assertEqual(self.host.upload(data, signature).status, 201)
        value = json.loads(data)
        value["error"] = "other"
        other = wire.compact(value)
        self.refuse(self.host.upload(other, self.world.evidence_key.sign(other)), 409, "bundle_conflict")

    def test_a_bundle_over_1_mib_is_413(self):
        data = self.played.bytes(1, "0" * 64, error="x" * (1 << 20))
        content_type, body = wire.multipart(data, self.world.evidence_key.sign(data))
        try:
            answer = self.host.call("POST", "/api/evidence", body, {"Content-Type": content_type})
            self.assertEqual(answer.status, 413)
        except (ConnectionError, ssl.SSLError):
            pass  # cut off while we were still sending
        with self.world.host() as fresh:
            large = PlayedHost(self.world.evidence_key).bytes(1, "0" * 64, error="x" * ((1 << 20) - 3000))
            self.assertEqual(fresh.upload(large, self.world.evidence_key.sign(large)).status, 201)

    def test_gaps_and_forks_are_kept_and_flagged_never_refused(self):
        first, second, third = self.played.make(), self.played.make(), self.played.make()
        self.assertEqual(self.host.upload(*first).status, 201)
        gap = self.host.upload(*third)
        self.assertEqual((gap.status, gap.json["chain"]["gap"], gap.json["chain"]["fork"]), (201, True, False))
        late = self.host.upload(*second)
        self.assertEqual((late.status, late.json["chain"]["fork"]), (201, False))
        forked = self.played.bytes(3, "f" * 64)
        fork = self.host.upload(forked, self.world.evidence_key.sign(forked))
        self.assertEqual((fork.status, fork.json["chain"]["fork"]), (201, True))
        items = self.operator.all_evidence(f"site_id={SITE}")
        self.assertEqual(len(items), 4)
        self.assertEqual([item["chain"]["fork"] for item in items], [False, False, False, True])
        chain = self.operator.get("/api/hosts").json["items"][0]["chain"]
        self.assertEqual(chain["sequence"], 3)
        self.assertGreaterEqual(chain["forks"], 1)
        self.assertEqual(chain["epoch"], self.played.epoch)
        self.assertEqual(chain["head_sha256"], wire.sha256(third[0]))

    def test_evidence_is_listed_in_pages_and_by_host(self):
        ids = []
        for _ in range(7):
            data, signature = self.played.make()
            ids.append(json.loads(data)["bundle_id"])
            self.assertEqual(self.host.upload(data, signature).status, 201)
        page = self.operator.get("/api/evidence?limit=3").json
        self.assertEqual([item["bundle_id"] for item in page["items"]], ids[:3])
        self.assertIsNotNone(page["next"])
        self.assertEqual([item["bundle_id"] for item in self.operator.all_evidence("limit=3")], ids)
        self.assertEqual(self.operator.all_evidence("host_id=nobody"), [])
        self.assertEqual(len(self.operator.all_evidence(f"site_id={SITE}&host_id={HOST}&limit=100000")), 7)

    def test_a_second_evidence_key_leaves_the_first_valid(self):
        second = wire.Key()
        second.write(self.world.path("second"))
        self.world.enrol(key_file=self.world.path("second.pub"))
        for key in (second, self.world.evidence_key):
            self.assertEqual(self.host.upload(*PlayedHost(key).make()).status, 201)
        listed = self.world.server("host", "list")
        heading, *rows = listed.stdout.splitlines()
        self.assertEqual(heading.split("  ")[0].strip(), "SITE")
        self.assertEqual(heading.replace("LAST SEEN", "LAST_SEEN").split(), ["SITE", "HOST", "LAST_SEEN", "SEQUENCE", "GAPS", "FORKS"])
        self.assertEqual({len(row) for row in rows}, {len(heading)})
        self.assertLessEqual(len(heading), 80)
        self.assert_exit(listed, 0)
        self.assertIn(HOST, listed.stdout)

    def test_members_of_later_versions_are_kept(self):
        data, signature = self.played.make(added_later={"a": [1, 2, 3]})
        self.assertEqual(self.host.upload(data, signature).status, 201)
        self.assertEqual(self.operator.get(f"/api/evidence/{json.loads(data)['bundle_id']}/bundle").body, data)


class Endurance(Server):
    def test_kill_9_loses_nothing_that_was_answered(self):
        answered = []
        for _ in range(5):
            daemon = self.daemon
            killer = threading.Timer(0.15, daemon.kill)
            killer.start()
            try:
                with self.world.host() as client:
                    while True:
                        data, signature = self.played.make()
                        answer = client.upload(data, signature)
                        self.assertEqual(answer.status, 201)
                        answered.append((data, answer.json["receipt"]))
            except (OSError, http.client.HTTPException):
                pass  # killed while we were talking to it
            killer.join()
            self.daemon = self.world.start_server(enrol=False)
        self.assertGreater(len(answered), 5)
        with self.world.operator() as operator:
            for data, receipt in answered:
                id = json.loads(data)["bundle_id"]
                self.assertEqual(operator.get(f"/api/evidence/{id}/bundle").body, data)
                self.assertEqual(operator.get(f"/api/evidence/{id}/receipt").json, receipt)

    def test_a_graceful_stop_ends_held_polls_and_is_quick(self):
        raised = []

        def poll():
            try:
                raised.append(self.pending(wait=60).status)
            except Exception as error:
                raised.append(type(error).__name__)

        waiting = threading.Thread(target=poll)
        waiting.start()
        eventually(lambda: self.operator.get("/api/hosts").json["items"][0]["last_seen"], 5)
        begun = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - begun, 10)
        waiting.join(10)
        self.assertTrue(raised)

    def test_a_stop_does_not_wait_for_a_request_that_is_only_half_there(self):
        halves = [b"GET /health HTTP/1.1\r\nHo", b"POST /api/orders/o-1/status HTTP/1.1\r\nHost: a\r\nContent-Length: 90\r\n\r\n{"]
        clients = [self.world.host() for _ in halves]
        for client, half in zip(clients, halves):
            client.connection.connect()
            client.connection.sock.sendall(half)
        begun = time.monotonic()
        self.assertEqual(self.daemon.stop(), 0)
        self.assertLess(time.monotonic() - begun, 3)
        for client in clients:
            client.close()

    def test_held_polls_need_no_thread_each(self):
        def threads():
            return len(os.listdir(f"/proc/{self.daemon.pid}/task"))

        before = threads()
        clients = [self.world.host() for _ in range(60)]
        for client in clients:
            client.connection.request("GET", f"/api/orders/pending?site_id={SITE}&host_id={HOST}&wait=30")
        self.assertLessEqual(threads(), before + 1)
        envelope = self.submit()
        for client in clients:
            response = client.connection.getresponse()
            self.assertEqual(json.loads(response.read())["orders"][0]["envelope"], envelope)
            client.close()

    def test_rubbish_on_the_wire_does_not_disturb_others(self):
        for noise in (b"GET / HTTP/1.1\r\n\r\n", os.urandom(2000), b"", b"\x16\x03\x01\xff\xff" + bytes(100)):
            with socket.create_connection(("127.0.0.1", self.world.port)) as raw:
                raw.sendall(noise)
        with self.world.operator() as client:
            huge = client.get("/health", {"X-Filler": "x" * 100_000})
            self.assertEqual((huge.status, huge.reason), (431, "too_large"))
        self.assertEqual(self.operator.get("/health").status, 200)
        self.assertTrue(self.daemon.running())
