"""INTERFACE.md: commands, exit statuses, messages; no server needed."""
import json
import os
import re
import shutil
import signal
import stat
import subprocess

import documents
import wire
from pki import host_uri
from world import AGENT, SERVER, SITE, Case, environment, eventually, read_export


class CommandLine(Case):
    def plain(self, *arguments, program=AGENT, input=None):
        return subprocess.run([program, *arguments], capture_output=True, text=True, timeout=30, env=environment(), input=input)

    def test_every_command_has_help_and_wrong_usage_is_64(self):
        for words in ([], ["run"], ["check"], ["status"], ["config", "check"], ["key", "generate"], ["order", "sign"], ["order", "verify"],
                      ["order", "submit"], ["order", "status"], ["evidence", "list"], ["evidence", "show"], ["evidence", "export"],
                      ["evidence", "verify"], ["queue", "list"], ["queue", "retry"], ["runbook", "list"], ["runbook", "show"],
                      ["runbook", "new"], ["runbook", "sign"], ["heal"],
                      ["hold"], ["resume"]):  # fmt: skip
            with self.subTest(words):
                done = self.plain(*words, "--help")
                self.assert_exit(done, 0)
                self.assertIn("sage", done.stdout)
                self.assertRegex(done.stdout, r"--config FILE.*/etc/compliance-agent/agent\.yaml")
        for words in (["frobnicate"], ["status", "--frobnicate"], ["order"], ["order", "sign"], ["key", "generate"]):
            with self.subTest(words):
                done = self.plain(*words)
                self.assert_exit(done, 64)
                self.assertEqual(done.stdout, "")
        self.assert_exit(self.plain("--help", program=SERVER), 0)
        self.assert_exit(self.plain("frobnicate", program=SERVER), 64)

    def test_key_generate_writes_keys_that_stock_tools_read(self):
        done = self.plain("key", "generate", self.world.path("fresh"))
        self.assert_exit(done, 0)
        public = wire.load_public(self.world.path("fresh.pub"))
        self.assertIn(wire.sha256(wire.raw_public(public)), done.stdout)
        self.assertEqual(wire.Key.load(self.world.path("fresh.key")).raw, wire.raw_public(public))
        self.assertEqual(stat.S_IMODE(os.stat(self.world.path("fresh.key")).st_mode), 0o600)
        again = self.plain("key", "generate", self.world.path("fresh"))
        self.assertNotEqual(again.returncode, 0)  # a key in use is not overwritten
        self.assertEqual(wire.Key.load(self.world.path("fresh.key")).raw, wire.raw_public(public))

    def test_order_sign_fills_in_what_is_missing_and_signs_the_very_bytes(self):
        given = {"site_id": "s", "host_id": "h", "runbook_id": "RB-X", "params": {}, "ttl": 900}
        self.world.order_key.write(self.world.path("signer"))
        second = wire.Key()
        second.write(self.world.path("second"))
        done = self.plain("order", "sign", "--key", self.world.path("signer.key"), "--key", self.world.path("second.key"), input=json.dumps(given))
        self.assert_exit(done, 0)
        envelope = json.loads(done.stdout)
        payload = wire.payload_of(envelope)
        self.assertEqual({name: payload[name] for name in given}, given)
        self.assertRegex(payload["nonce"], r"^[0-9a-f]{32,128}$")
        self.assertRegex(payload["order_id"], r"^[A-Za-z0-9._-]{1,128}$")
        self.assertRegex(payload["issued_at"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,3})?Z$")
        import base64

        signed = wire.pae(envelope["payloadType"], base64.b64decode(envelope["payload"]))
        for key, entry in zip((self.world.order_key, second), envelope["signatures"], strict=True):
            self.assertEqual(entry["keyid"], key.key_id)
            self.assertTrue(wire.verifies(key.public, base64.b64decode(entry["sig"]), signed))

    def test_order_verify_tells_every_gate_and_accepts_nothing(self):
        good = self.world.path("good.json")
        with open(good, "wb") as file:
            file.write(wire.compact(self.world.signed()))
        for _ in range(2):
            self.assert_exit(self.world.agent("order", "verify", good), 0)
        for name, envelope, reason in (
            ("stranger", self.world.signed(keys=[wire.Key()]), "untrusted_key"),
            ("elsewhere", self.world.signed(host_id="other"), "wrong_audience"),
            ("late", self.world.signed(issued_at=wire.utc(-500), ttl=60), "expired"),
            ("unknown", self.world.signed("RB-NOT-THERE"), "unknown_runbook"),
        ):
            with self.subTest(name):
                path = self.world.path(f"{name}.json")
                with open(path, "wb") as file:
                    file.write(wire.compact(envelope))
                done = self.world.agent("order", "verify", path)
                self.assert_exit(done, 1)
                self.assertIn(reason, done.stdout)
                json.loads(self.world.agent("order", "verify", path, "--json").stdout)
        self.world.configure(healing={"mode": "dry_run"})
        done = self.world.agent("order", "verify", good)
        self.assert_exit(done, 1)
        self.assertIn("healing_disabled", done.stdout)

    def test_order_verify_tells_what_became_of_an_order_that_was_handled(self):
        fake = self.world.start_fake()
        envelope = self.world.signed(documents.COUNT, params={"tag": "once"})
        path = self.world.path("handled.json")
        with open(path, "wb") as file:
            file.write(wire.compact(envelope))
        agent = self.world.start_agent()
        fake.wait_for_order(fake.offer(envelope))
        agent.stop()
        done = self.world.agent("order", "verify", path)
        self.assert_exit(done, 1)
        self.assertRegex(done.stdout, r"verdict: handled, order \S+ was accepted at \S+Z and ended at \S+Z with outcome success")
        gates = json.loads(self.world.agent("order", "verify", path, "--json").stdout)["gates"]
        self.assertEqual([gate["gate"] for gate in gates], ["too_large", "malformed", "untrusted_key", "bad_signature", "threshold_not_met",
                                                            "malformed_payload"])  # fmt: skip
        self.assertEqual({gate["verdict"] for gate in gates}, {"pass"})

    def test_config_check_names_file_line_and_key_of_every_fault_at_once(self):
        self.assert_exit(self.world.agent("config", "check"), 0)
        path = self.world.path("bad.yaml")
        with open(path, "w", encoding="utf-8") as file:
            file.write(
                "site_id: clinic-001\n"
                "host_id: 'not a name'\n"
                f"state_dir: {self.world.path('state')}\n"
                "servr: {}\n"
                "server:\n"
                f"  url: http://localhost:{self.world.port}\n"
                f"  ca_file: {self.world.path('nowhere.pem')}\n"
                f"  cert_file: {self.world.host_cert}\n"
                f"  key_file: {self.world.host_key}\n"
                f"  receipt_keys: [{self.world.path('receipt.pub')}]\n"
                "  poll_intervall: 60s\n"
                "  timeout: 30\n"
                "healing: {mode: force}\n"
                f"checks: {{baseline: {self.world.path('baseline.yaml')}}}\n"
            )
        done = self.world.agent("config", "check", path, config=False)
        self.assert_exit(done, 78)
        said = done.stdout + done.stderr
        for line, words in {2: "host_id", 4: "servr", 6: "url", 7: "nowhere.pem", 11: "poll_intervall", 12: "timeout", 13: "mode"}.items():
            with self.subTest(words):
                self.assertRegex(said, rf"bad\.yaml:{line}\b.*{re.escape(words)}")
        self.assertIn("poll_interval", said.replace("poll_intervall", ""))  # the key that was meant
        self.assertRegex(said.replace("servr", ""), r"\bserver\b")

    def test_a_key_that_others_can_read_is_a_fault(self):
        os.chmod(self.world.host_key, 0o644)
        done = self.world.agent("config", "check")
        self.assert_exit(done, 78)
        self.assertIn("host.key", done.stdout + done.stderr)
        daemon = self.world.start_agent(wait=False)
        self.assertEqual(daemon.wait(10), 78)

    def test_config_check_reads_baseline_and_runbooks_too(self):
        with open(self.world.path("runbooks", "broken.yaml"), "w", encoding="utf-8") as file:
            file.write("id: RB-BROKEN\nname: broken\ndescription: broken\nsteps:\n  - {action: file.instal}\n")
        done = self.world.agent("config", "check")
        self.assert_exit(done, 78)
        self.assertRegex(done.stdout + done.stderr, r"broken\.yaml:5\b.*file\.instal")
        os.remove(self.world.path("runbooks", "broken.yaml"))
        with open(self.world.path("baseline.yaml"), "a", encoding="utf-8") as file:
            file.write("\nunknown_thing: 1\n")
        self.assert_exit(self.world.agent("config", "check"), 78)

    def test_what_is_no_fault_but_will_surprise_is_a_remark_of_config_check_and_at_the_start(self):
        certificate, key = self.world.authority.issue("neighbour", host_uri(SITE, "srv-02"))
        self.world.configure(server={"cert_file": certificate, "key_file": key})
        documents.write_baseline(self.world, [{"name": "issue", "kind": "file", "path": "/etc/issue", "present": True, "runbook": "RB-NOT-THERE"}])
        remarks = (r"neighbour\.pem speaks for site clinic-001, host srv-02.*site clinic-001, host srv-01",
                   r"check issue names runbook RB-NOT-THERE")  # fmt: skip
        done = self.world.agent("config", "check")
        self.assert_exit(done, 0)
        for remark in remarks:
            self.assertRegex(done.stdout, "note: .*" + remark)
        daemon = self.world.start_agent()
        for remark in remarks:
            self.assertRegex(daemon.log(), remark)

    def test_check_tells_drift_by_exit_status_and_changes_nothing(self):
        done = self.world.agent("check", documents.CHECK)
        self.assert_exit(done, 1)
        self.assertIn("drift", done.stdout)
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        with open(self.world.path("files", "motd"), "w", encoding="utf-8") as file:
            file.write(documents.CONTENT)
        os.chmod(self.world.path("files", "motd"), 0o644)
        self.assert_exit(self.world.agent("check", documents.CHECK), 0)
        json.loads(self.world.agent("check", documents.CHECK, "--json").stdout)
        self.assert_exit(self.world.agent("check", "motdd"), 64)

    def test_status_without_a_daemon_says_so_and_is_1(self):
        done = self.world.agent("status", "--json")
        self.assert_exit(done, 1)
        status = json.loads(done.stdout)
        self.assertEqual(status["daemon"], "stopped")
        self.assertNotEqual(status["health"], "ok")
        self.assertLessEqual({"health", "daemon", "version", "site_id", "host_id", "poll", "upload", "checks", "queue", "chain", "certificate",
                              "healing"}, set(status))
        self.assertLessEqual({"last_success", "last_failure", "failure"}, set(status["poll"]))
        self.assertLessEqual({"waiting", "quarantined", "oldest"}, set(status["queue"]))
        self.assertLessEqual({"epoch", "sequence", "head_sha256", "receipted"}, set(status["chain"]))
        self.assertGreaterEqual(status["certificate"]["days_left"], 28)
        self.assertEqual(status["healing"], {"mode": "enforce", "hold_until": None})

    def test_runbooks_are_listed_and_shown(self):
        listed = self.world.agent("runbook", "list")
        self.assert_exit(listed, 0)
        self.assertIn(documents.INSTALL, listed.stdout)
        shown = self.world.agent("runbook", "show", documents.INSTALL)
        self.assert_exit(shown, 0)
        self.assertIn("file.install", shown.stdout)
        self.assertNotEqual(self.world.agent("runbook", "show", "RB-NOT-THERE").returncode, 0)

    def test_heal_by_hand_heals_under_local_policy_and_leaves_evidence(self):
        dry = self.world.agent("heal", documents.INSTALL, "--dry-run")
        self.assertFalse(os.path.exists(self.world.path("files", "motd")), dry.stdout)
        self.assert_exit(self.world.agent("hold", "--for", "1h"), 0)
        self.assertIsNotNone(json.loads(self.world.agent("status", "--json").stdout)["healing"]["hold_until"])
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 1)
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        self.assert_exit(self.world.agent("resume"), 0)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        self.assertEqual(self.read(self.world.path("files", "motd")).decode(), documents.CONTENT)
        bundles = [json.loads(bundle) for bundle, _, _ in self.world.exported()]
        self.assertEqual(bundles[-1]["trigger"], "manual")
        self.assertEqual(bundles[-1]["outcome"], "success")

    def test_a_second_daemon_on_one_state_folder_is_refused(self):
        first = self.world.start_agent()
        eventually(lambda: self.world.agent_json("status")["daemon"] == "running", 10, "the daemon to run")
        second = self.world.start_agent(wait=False)
        self.assertNotEqual(second.wait(10), 0)
        self.assertTrue(first.running())

    def test_sighup_reloads_all_or_nothing(self):
        daemon = self.world.start_agent()
        eventually(lambda: self.world.agent_json("status")["daemon"] == "running", 10, "the daemon to run")
        good = self.read(self.world.path("agent.yaml"))
        with open(self.world.path("agent.yaml"), "wb") as file:
            file.write(good.replace(b'"1000"', b'"x"').replace(b'"cooldown"', b'"cooldwn"'))
        daemon.signal(signal.SIGHUP)
        daemon.wait_log("cooldwn")
        self.assertTrue(daemon.running())
        with open(self.world.path("agent.yaml"), "wb") as file:
            file.write(good)
        before = len(daemon.log())
        daemon.signal(signal.SIGHUP)
        eventually(lambda: re.search(r"(?i)reload", daemon.log()[before:]), 10, "word of the reload")
        self.assertTrue(daemon.running())
        self.assertEqual(daemon.stop(), 0)


class Export(Case):
    """`evidence verify` on an export, whole and tampered with; on any machine, so without a configuration."""

    def setUp(self):
        super().setUp()
        self.fake = self.world.start_fake()
        agent = self.world.start_agent()
        for tag in ("a", "b", "c"):
            self.fake.wait_for_order(self.fake.offer(self.world.signed(documents.COUNT, params={"tag": tag})))
        eventually(lambda: self.world.agent_json("status")["chain"]["receipted"] == self.world.agent_json("status")["chain"]["sequence"], 15,
                   "every receipt")
        status = self.world.agent_json("status")
        agent.stop()
        self.head = f"{status['chain']['sequence']}:{status['chain']['head_sha256']}"
        self.folder = self.world.path("export")
        self.world.exported(self.folder)

    def verify(self, *extra, folder=None):
        return subprocess.run([AGENT, "evidence", "verify", folder or self.folder, "--key", self.world.path("state", "evidence.pub"),
                               "--receipt-key", self.world.path("receipt.pub"), *extra], capture_output=True, text=True, timeout=30,
                              env=environment())  # fmt: skip

    def tampered(self, change):
        """A copy in which `change` was made to the folders of the bundles, in chain order."""
        copy = self.world.path("copy")
        shutil.rmtree(copy, True)
        shutil.copytree(self.folder, copy)
        places = []
        for place, _, names in os.walk(copy):
            if "bundle.json" in names:
                places.append((json.loads(self.read(os.path.join(place, "bundle.json")))["chain"]["sequence"], place))
        change([place for _, place in sorted(places)])
        return copy

    def test_the_export_is_laid_out_by_day_and_verifies(self):
        for place, _, names in os.walk(self.folder):
            if "bundle.json" in names:
                self.assertRegex(os.path.relpath(place, self.folder), r"^\d{4}/\d\d/\d\d/[0-9a-f-]{36}$")
                self.assertEqual(sorted(names), ["bundle.json", "bundle.sig", "receipt.json"])
                value = json.loads(self.read(os.path.join(place, "bundle.json")))
                self.assertEqual(os.path.basename(place), value["bundle_id"])
        items = read_export(self.folder)
        for bundle, signature, receipt in items:
            value = wire.check_bundle(bundle, signature, self.world.evidence_key.public)
            payload = wire.open_receipt(receipt, self.world.receipt_key.public)
            self.assertEqual((payload["bundle_id"], payload["sha256"]), (value["bundle_id"], wire.sha256(bundle)))
        count, head = wire.check_chain([bundle for bundle, _, _ in items])
        self.assertEqual(f"{count}:{head}", self.head)
        self.assert_exit(self.verify(), 0)
        self.assert_exit(self.verify("--head", self.head), 0)

    def test_stock_openssl_verifies_a_bundle(self):
        for place, _, names in os.walk(self.folder):
            if "bundle.json" in names:
                done = subprocess.run(["openssl", "pkeyutl", "-verify", "-pubin", "-inkey", self.world.path("state", "evidence.pub"), "-rawin",
                                       "-in", os.path.join(place, "bundle.json"), "-sigfile", os.path.join(place, "bundle.sig")],
                                      capture_output=True, text=True, timeout=30)  # fmt: skip
                self.assert_exit(done, 0)

    def test_whatever_is_changed_is_found_and_named(self):
        def edit(name, change):
            def apply(places):
                path = os.path.join(places[1], name)
                data = self.read(path)
                with open(path, "wb") as file:
                    file.write(change(data))
            return apply

        def other_receipt(places):
            shutil.copy(os.path.join(places[0], "receipt.json"), os.path.join(places[1], "receipt.json"))

        def resigned(places):
            data = self.read(os.path.join(places[1], "bundle.json")).replace(b'"success"', b'"alert"')
            with open(os.path.join(places[1], "bundle.json"), "wb") as file:
                file.write(data)
            with open(os.path.join(places[1], "bundle.sig"), "wb") as file:
                file.write(wire.Key().sign(data))

        table = {
            "one byte of a bundle": edit("bundle.json", lambda data: data.replace(b"clinic-001", b"clinic-002", 1)),
            "white space added": edit("bundle.json", lambda data: data + b"\n"),
            "one bit of a signature": edit("bundle.sig", lambda data: bytes([data[0] ^ 1]) + data[1:]),
            "a short signature": edit("bundle.sig", lambda data: data[:63]),
            "signed by somebody else": resigned,
            "a missing signature": lambda places: os.remove(os.path.join(places[1], "bundle.sig")),
            "a missing bundle": lambda places: os.remove(os.path.join(places[1], "bundle.json")),
            "a hole in the chain": lambda places: shutil.rmtree(places[1]),
            "no beginning": lambda places: shutil.rmtree(places[0]),
            "another's receipt": other_receipt,
            "an altered receipt": edit("receipt.json", lambda data: data.replace(b'"sig":"', b'"sig":"A', 1)),
        }
        for name, change in table.items():
            with self.subTest(name):
                done = self.verify(folder=self.tampered(change))
                self.assert_exit(done, 1)
                self.assertGreater(len(done.stdout + done.stderr), 20)

    def test_a_tail_cut_off_is_found_by_the_head(self):
        copy = self.tampered(lambda places: shutil.rmtree(places[-1]))
        self.assert_exit(self.verify("--head", self.head, folder=copy), 1)

    def test_nothing_to_verify_is_2(self):
        os.makedirs(self.world.path("empty"))
        self.assert_exit(self.verify(folder=self.world.path("empty")), 2)

    def test_the_wrong_key_verifies_nothing(self):
        wire.Key().write(self.world.path("wrong"))
        done = subprocess.run([AGENT, "evidence", "verify", self.folder, "--key", self.world.path("wrong.pub")], capture_output=True, text=True,
                              timeout=30, env=environment())  # fmt: skip
        self.assert_exit(done, 1)

    def test_evidence_is_listed_and_shown(self):
        listed = json.loads(self.world.agent("evidence", "list", "--json").stdout)
        self.assertTrue(listed)
        first = read_export(self.folder)[0][0]
        shown = self.world.agent("evidence", "show", json.loads(first)["bundle_id"])
        self.assert_exit(shown, 0)
        self.assertIn(json.loads(first)["bundle_id"], shown.stdout)
