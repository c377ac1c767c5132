"""PROTOCOL.md sections 2, 6 and 7 from the host's side, against a server that misbehaves on purpose."""
import json
import os
import ssl
import time

import documents
import wire
from pki import Authority, host_uri
from proxy import Proxy
from world import HOST, SITE, Case, environment, eventually


class Courier(Case):
    def begin(self, **options):
        fake = self.world.start_fake(**options)
        agent = self.world.start_agent()
        return fake, agent

    def heal(self, fake, tag, **options):
        id = fake.offer(self.world.signed(documents.COUNT, params={"tag": tag}))
        return fake.wait_for_order(id, **options)[-1]

    def test_every_request_says_who_calls_and_two_connections_are_enough(self):
        fake, agent = self.begin()
        for number in range(5):
            self.heal(fake, f"n{number}")
        agent.stop()
        self.assertLessEqual(fake.connections, 2)
        self.assertGreaterEqual(len(fake.requests), 10)
        for request in fake.requests:
            headers = {name.lower(): value for name, value in request["headers"].items()}
            self.assertRegex(headers["user-agent"], r"^compliance-agent/\d+\.\d+")
            self.assertEqual((headers["x-site-id"], headers["x-host-id"], headers["x-deployment-mode"]), (SITE, HOST, "direct"))
            self.assertNotIn("x-reseller-id", headers)
            self.assertEqual(request["identity"], host_uri(SITE, HOST))
        poll = next(request for request in fake.requests if request["path"] == "/api/orders/pending")
        self.assertEqual((poll["query"]["site_id"], poll["query"]["host_id"]), (SITE, HOST))
        self.assertEqual(poll["query"]["wait"], "5")

    def test_reseller_mode_names_the_reseller(self):
        self.world.configure(deployment_mode="reseller", reseller_id="partner-7")
        fake, _ = self.begin()
        bundle = self.heal(fake, "one")
        self.assertEqual((bundle["deployment_mode"], bundle["reseller_id"]), ("reseller", "partner-7"))
        self.assertEqual({r["headers"].get("X-Reseller-ID") for r in fake.requests}, {"partner-7"})

    def test_a_long_poll_brings_an_order_at_once(self):
        self.world.configure(server={"long_poll": "20s", "poll_interval": "60s"})
        fake, _ = self.begin()
        fake.wait_for_polls()
        begun = time.monotonic()
        self.heal(fake, "quick", seconds=10)
        self.assertLess(time.monotonic() - begun, 5)

    def test_plain_polling_works_without_a_held_request(self):
        self.world.configure(server={"long_poll": "0s"})
        fake, _ = self.begin()
        self.heal(fake, "plain")
        self.assertEqual({r["query"].get("wait", "0") for r in fake.requests if "pending" in r["path"]}, {"0"})

    def test_evidence_outlives_an_outage_longer_than_the_cap_and_drains_in_order(self):
        fake, agent = self.begin()
        self.heal(fake, "before")
        port, fake_config = fake.port, (self.world.server_cert, self.world.server_key)
        fake.close()
        agent.wait_log(r"(?i)(refused|unreachable|connect)")
        for number in range(6):
            self.assert_exit(self.world.agent("heal", documents.COUNT, "--param", f"tag=away{number}"), 0)
        waiting = self.world.agent_json("status")["queue"]["waiting"]
        self.assertGreaterEqual(waiting, 6)
        begun = time.monotonic()
        eventually(lambda: time.monotonic() - begun > 3, 5, "three times the cap to pass", 0.1)
        back = self.world.start_fake(certificate=fake_config[0], key=fake_config[1], port=port)
        back.wait_for(lambda: len(back.stored) >= waiting, 20, "the queue to drain")
        sequences = [bundle["chain"]["sequence"] for bundle in back.bundles()]
        self.assertEqual(sequences, sorted(sequences))
        agent.stop()
        for twice in fake.stored.keys() & back.stored.keys():  # whose first answer the outage cut off
            self.assertEqual(fake.stored[twice].bundle, back.stored[twice].bundle)
        wire.check_chain([stored.bundle for stored in {**fake.stored, **back.stored}.values()])

    def test_a_lost_answer_costs_one_more_upload_of_the_same_bytes(self):
        fake = self.world.start_fake()
        fake.answer_upload = lambda upload, tried: "cut" if tried == 1 else None
        agent = self.world.start_agent()
        self.heal(fake, "lost")
        fake.wait_for(lambda: self.world.agent_json("status")["queue"]["waiting"] == 0, 20, "an empty queue")
        agent.stop()
        for stored in fake.stored.values():
            tries = [upload for upload in fake.uploads if upload.id == stored.id]
            self.assertEqual(len(tries), 2)
            self.assertEqual({(upload.bundle, upload.signature) for upload in tries}, {(stored.bundle, stored.signature)})
        for _, _, receipt in self.world.exported():
            self.assertIsNotNone(receipt)

    def test_5xx_429_and_408_are_retried_and_only_the_oldest_is_tried_meanwhile(self):
        fake = self.world.start_fake()
        answers = [(503, {}, b""), (429, {}, b""), (408, {}, b""), (500, {}, b"")]
        fake.answer_upload = lambda upload, tried: answers.pop(0) if answers else None
        self.world.start_agent()
        self.heal(fake, "patience")
        first = fake.uploads[0].id
        self.assertEqual({upload.id for upload in fake.uploads[:5]}, {first})
        sequences = [bundle["chain"]["sequence"] for bundle in fake.bundles()]
        self.assertEqual(sequences, sorted(sequences))

    def test_retry_after_is_a_lower_bound(self):
        fake = self.world.start_fake()
        times = []

        def answer(upload, tried):
            times.append(time.monotonic())
            return (503, {"Retry-After": "3"}, b"") if len(times) == 1 else None

        fake.answer_upload = answer
        self.world.start_agent()
        fake.wait_for(lambda: len(times) >= 2)
        self.assertGreaterEqual(times[1] - times[0], 3)

    def test_one_bad_bundle_is_quarantined_and_the_queue_goes_on_behind_it(self):
        fake = self.world.start_fake()
        victims = []

        def answer(upload, tried):
            if not victims or upload.id in victims:
                victims[:] = [upload.id]
                return 422, {"Content-Type": "application/problem+json"}, b'{"type":"about:blank","status":422,"reason":"malformed"}'
            return None

        fake.answer_upload = answer
        agent = self.world.start_agent()
        fake.offer(self.world.signed(documents.COUNT, params={"tag": "ahead"}))
        fake.wait_for(lambda: victims)
        self.heal(fake, "behind")
        self.assertEqual(sum(upload.id == victims[0] for upload in fake.uploads), 1)
        settled = {"waiting": 0, "quarantined": 1, "oldest": None}
        fake.wait_for(lambda: self.world.agent_json("status")["queue"] == settled, 20, "a queue with nothing but the bad one")
        listed = self.world.agent("queue", "list").stdout
        self.assertIn(victims[0], listed)
        self.assertIn("malformed", listed)
        fake.answer_upload = None
        self.assert_exit(self.world.agent("queue", "retry", victims[0]), 0)
        fake.wait_for(lambda: victims[0] in fake.stored)
        agent.stop()
        wire.check_chain([stored.bundle for stored in fake.stored.values()])

    def test_run_once_is_1_and_says_which_bundle_the_server_refused_and_why(self):
        fake = self.world.start_fake()
        refused = []

        def answer(upload, tried):
            if refused:
                return None
            refused.append(upload.id)
            return 422, {"Content-Type": "application/problem+json"}, b'{"type":"about:blank","status":422,"reason":"bad_signature"}'

        fake.answer_upload = answer
        documents.write_baseline(self.world, without=("patching",))  # apt would be asked twice
        done = self.world.agent("run", "--once")
        self.assert_exit(done, 1)
        self.assertRegex(done.stderr, rf"compliance-agent: .*{refused[0]}.*bad_signature")
        self.assert_exit(self.world.agent("run", "--once"), 0)

    def test_a_missing_or_wrong_receipt_does_not_count_as_sent(self):
        stranger = wire.Key()

        def plain(upload, receipt):
            return 201, {}, wire.compact({"bundle_id": upload.id, "sha256": wire.sha256(upload.bundle), "received_at": wire.utc(digits=3),
                                          "chain": {**upload.value["chain"], "gap": False, "fork": False}, **receipt})

        wrong = {
            "no receipt": lambda fake, upload: {},
            "a stranger's": lambda fake, upload: {"receipt": wire.make_receipt(stranger, upload.bundle)},
            "for other bytes": lambda fake, upload: {"receipt": wire.make_receipt(fake.receipt_key, upload.bundle, sha256="0" * 64)},
            "for another place": lambda fake, upload: {"receipt": wire.make_receipt(fake.receipt_key, upload.bundle, sequence=99)},
            "an order's type": lambda fake, upload: {"receipt": {**wire.make_receipt(fake.receipt_key, upload.bundle),
                                                                 "payloadType": wire.ORDER_TYPE}},
        }
        kinds = list(wrong.values())
        fake = self.world.start_fake()
        fake.answer_upload = lambda upload, tried: plain(upload, kinds.pop(0)(fake, upload)) if kinds else None
        agent = self.world.start_agent()
        fake.wait_for(lambda: fake.stored)
        self.assertEqual(len({upload.id for upload in fake.uploads[:6]}), 1)
        self.assertRegex(agent.log(), r"(?i)receipt")

    def test_an_answer_that_is_no_such_json_is_a_failed_poll(self):
        fake = self.world.start_fake()
        bad = [b"{", b"[]", b'{"orders":[]}', b'{"orders":{},"more":false}', b'{"orders":[],"more":false,"orders":[]}', b""]
        fake.answer_poll = lambda query: (200, {}, bad.pop(0)) if bad else None
        self.world.start_agent()
        fake.wait_for(lambda: not bad)
        failed = self.world.agent_json("status")["poll"]
        self.assertIsNotNone(failed["last_failure"])
        self.heal(fake, "after")
        self.assertIsNotNone(self.world.agent_json("status")["poll"]["last_success"])

    def test_403_raises_an_alarm_and_slows_down_to_the_cap(self):
        self.world.configure(server={"backoff": {"base": "50ms", "cap": "4s"}})
        fake = self.world.start_fake()
        times = []

        def answer(query):
            times.append(time.monotonic())
            return 403, {"Content-Type": "application/problem+json"}, b'{"type":"about:blank","status":403,"reason":"identity_mismatch"}'

        fake.answer_poll = answer
        agent = self.world.start_agent()
        fake.wait_for(lambda: len(times) >= 2)
        self.assertGreaterEqual(times[1] - times[0], 4)
        agent.wait_log("identity_mismatch")

    def test_401_and_403_degrade_health_at_once_and_status_says_why(self):
        self.world.configure(server={"poll_interval": "5s", "backoff": {"base": "50ms", "cap": "60s"}})
        fake = self.world.start_fake()
        self.world.start_agent()
        eventually(lambda: self.world.agent_json("status")["health"] == "ok", 20, "a good start")
        problem = {"Content-Type": "application/problem+json"}
        fake.answer_upload = lambda upload, tried: (401, problem, b'{"type":"about:blank","status":401,"reason":"no_entry"}')
        self.assert_exit(self.world.agent("heal", documents.COUNT, "--param", "tag=denied"), 0)
        status = eventually(lambda: (said := self.world.agent_json("status"))["upload"]["failure"] and said, 20, "the denied upload")
        self.assertEqual(status["health"], "degraded")
        self.assertIn("401 no_entry", status["upload"]["failure"])
        self.assertIn("401 no_entry", self.world.agent("status").stdout)
        fake.answer_poll = lambda query: (403, problem, b'{"type":"about:blank","status":403,"reason":"identity_mismatch"}')
        status = eventually(lambda: (said := self.world.agent_json("status"))["poll"]["failure"] and said, 20, "the denied poll")
        self.assertEqual(status["health"], "degraded")
        self.assertIn("403 identity_mismatch", status["poll"]["failure"])

    def test_redirects_are_not_followed(self):
        fake = self.world.start_fake()
        fake.answer_poll = lambda query: (307, {"Location": "/health"}, b"")
        self.world.start_agent()
        fake.wait_for_polls(2)
        self.assertNotIn("/health", {request["path"] for request in fake.requests})

    def test_a_renewed_client_certificate_is_used_without_a_restart(self):
        self.world.configure(server={"long_poll": "1s"})
        fake, agent = self.begin()
        self.heal(fake, "old")
        old = fake.requests[-1]["serial"]
        self.world.authority.issue("host", host_uri(SITE, HOST))
        fake.wait_for(lambda: fake.requests[-1]["serial"] != old, 20, "the new certificate")
        self.heal(fake, "new")
        self.assertTrue(agent.running())


    def test_a_new_connection_resumes_the_tls_session_of_the_last(self):
        fake = self.world.start_fake()
        fake.answer_poll = lambda query: (200, {"Connection": "close"}, b'{"orders":[],"more":false}')
        self.world.start_agent()
        fake.wait_for(lambda: len(fake.resumed) >= 4)
        # One line polls, one uploads; each begins anew once at most.
        self.assertGreaterEqual(fake.resumed.count(True), 2, fake.resumed)


class Proxies(Case):
    def test_the_configured_proxy_is_used_with_its_password_which_no_log_shows(self):
        proxy = Proxy("courier", "s3cret")
        self.addCleanup(proxy.close)
        self.world.configure(server={"proxy": f"http://courier:s3cret@127.0.0.1:{proxy.port}"})
        fake = self.world.start_fake()
        agent = self.world.start_agent()
        fake.wait_for_polls(2)
        self.assertEqual(set(proxy.asked), {(f"localhost:{fake.port}", True)})
        self.assertNotIn("s3cret", agent.log())

    def test_a_proxy_that_refuses_is_named_without_the_password(self):
        proxy = Proxy("courier", "another")
        self.addCleanup(proxy.close)
        self.world.configure(server={"proxy": f"http://courier:s3cret@127.0.0.1:{proxy.port}"})
        self.world.start_fake()
        agent = self.world.start_agent()
        agent.wait_log("407")
        self.assertIn(str(proxy.port), agent.log())
        self.assertNotIn("s3cret", agent.log() + self.world.agent("status").stdout)

    def test_the_environments_proxy_is_used_unless_no_proxy_names_the_server(self):
        proxy = Proxy()
        self.addCleanup(proxy.close)
        fake = self.world.start_fake()
        agent = self.world.start_agent({**environment(), "https_proxy": f"http://127.0.0.1:{proxy.port}"})
        fake.wait_for_polls()
        self.assertTrue(proxy.asked)
        agent.stop()
        asked = len(proxy.asked)
        self.world.start_agent({**environment(), "https_proxy": f"http://127.0.0.1:{proxy.port}", "no_proxy": "example.com,localhost"})
        fake.wait_for_polls(2)
        self.assertEqual(len(proxy.asked), asked)


class WrongPeers(Case):
    """Each is refused, and the log says which certificate, and why."""

    def refused(self, pattern, **options):
        fake = self.world.start_fake(**options)
        agent = self.world.start_agent()
        agent.wait_log(pattern, 15)
        self.assertIn("localhost", agent.log())
        self.assertEqual(fake.requests, [])
        done = self.world.agent("status", "--json")
        self.assertEqual(done.returncode, 1)
        self.assertNotEqual(json.loads(done.stdout)["health"], "ok")
        self.assertRegex(json.loads(done.stdout)["poll"]["failure"], pattern)
        return agent

    def test_a_server_of_another_authority(self):
        other = Authority(self.world.path("other"), "Other CA")
        certificate, key = other.issue("server", names=("localhost", "127.0.0.1"), server=True)
        self.refused(r"(?i)(self[- ]signed|unable to get local issuer|not signed|unknown (ca|authority)|issuer)", certificate=certificate, key=key)

    def test_a_server_with_another_name(self):
        certificate, key = self.world.authority.issue("elsewhere", names=("elsewhere.example",), server=True)
        self.refused(r"(?i)(mismatch|is for elsewhere\.example, not for localhost)", certificate=certificate, key=key)

    def test_a_server_whose_certificate_has_expired(self):
        certificate, key = self.world.authority.issue("expired", names=("localhost",), server=True, days=-2)
        self.refused(r"(?i)expired", certificate=certificate, key=key)

    def test_a_client_certificate_used_as_a_servers(self):
        certificate, key = self.world.authority.issue("client-only", names=("localhost",), server=False)
        self.refused(r"(?i)purpose", certificate=certificate, key=key)

    def test_a_server_that_speaks_tls_1_2_only(self):
        self.refused(r"(?i)(protocol version|tls ?v?1\.[23])", least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_2)

    def test_tls_1_2_works_where_min_tls_says_so(self):
        self.world.configure(server={"min_tls": "1.2"})
        fake = self.world.start_fake(least=ssl.TLSVersion.TLSv1_2, most=ssl.TLSVersion.TLSv1_2)
        self.world.start_agent()
        fake.wait_for_polls()

    def test_a_server_that_does_not_accept_our_certificate(self):
        other = Authority(self.world.path("other"), "Other CA")
        certificate, key = other.issue("host", host_uri(SITE, HOST))
        self.world.configure(server={"cert_file": certificate, "key_file": key})
        self.refused(r"(?i)(unknown ca|alert)")  # "certificate" alone stands in the announcement of its expiry too

    def test_nobody_listens(self):
        self.world.configure(server={"url": f"https://localhost:{self.world.port}"})
        agent = self.world.start_agent()
        agent.wait_log(r"(?i)refused")
        self.assertIn(f"localhost:{self.world.port}", agent.log())

    def test_a_name_that_does_not_resolve(self):
        self.world.configure(server={"url": "https://no-such-host.invalid:8443"})
        agent = self.world.start_agent()
        agent.wait_log(r"no-such-host\.invalid")
        self.assertTrue(os.path.exists(self.world.path("state")))
