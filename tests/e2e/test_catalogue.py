"""Runbooks that a signed catalogue approves, to the byte."""
import base64
import hashlib
import json
import os
import signal

import documents
import wire
from world import Case, eventually


class Catalogue(Case):
    def setUp(self):
        super().setUp()
        self.key = wire.Key()
        self.key_file, self.public_file = self.key.write(self.world.path("catalogue"))
        self.catalogue = self.world.path("runbooks.dsse")
        self.world.configure(healing={"catalogue": self.catalogue, "catalogue_keys": [self.public_file]})
        self.assert_exit(self.sign(), 0)

    def sign(self, *more, key=None):
        return self.world.agent("runbook", "sign", "--key", key or self.key_file, "--out", self.catalogue, *more, self.world.path("runbooks"))

    def file_of(self, runbook):
        return self.world.path("runbooks", f"{runbook.lower()}.yaml")

    def edit(self, runbook):
        """What whoever can write to the folder could do; both digests."""
        signed = self.digest_of(runbook)
        with open(self.file_of(runbook), "a", encoding="utf-8") as file:
            file.write("\n")
        return signed, self.digest_of(runbook)

    def digest_of(self, runbook):
        return hashlib.sha256(self.read(self.file_of(runbook))).hexdigest()

    def assert_names_the_edit(self, text, digests):
        for part in (os.path.basename(self.file_of(documents.INSTALL)), *digests):
            self.assertIn(part, text)

    def assert_refused(self, fake, runbook=documents.INSTALL):
        (bundle,) = fake.wait_for_order(fake.offer(self.world.signed(runbook)))
        self.assertEqual(bundle["outcome"], "rejected")
        self.assertTrue(bundle["error"].startswith("unknown_runbook"), bundle["error"])
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        return bundle["order"]["gates"][-1]["detail"]

    def test_the_catalogue_lists_every_file_and_is_an_ordinary_dsse_envelope(self):
        envelope = json.loads(self.read(self.catalogue))
        payload = base64.b64decode(envelope["payload"])
        kind = envelope["payloadType"]
        self.assertEqual(kind, "application/vnd.compliance-agent.runbooks.v1+json")
        (signature,) = envelope["signatures"]
        self.assertEqual(signature["keyid"], self.key.key_id)
        self.key.public.verify(base64.b64decode(signature["sig"]), b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload))
        listed = {line["file"]: (line["id"], line["sha256"]) for line in json.loads(payload)["runbooks"]}
        ids = (documents.INSTALL, documents.COUNT, documents.FAIL, documents.SLOW)
        self.assertEqual(listed, {f"{id.lower()}.yaml": (id, self.digest_of(id)) for id in ids})
        self.assert_exit(self.world.agent("config", "check"), 0)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)

    def test_heal_refuses_a_runbook_that_was_edited_after_it_was_signed(self):
        digests = self.edit(documents.INSTALL)
        done = self.world.agent("heal", documents.INSTALL)
        self.assert_exit(done, 2)
        self.assert_names_the_edit(done.stderr, digests)
        self.assertFalse(os.path.exists(self.world.path("files", "motd")))
        checked = self.world.agent("config", "check")
        self.assert_exit(checked, 78)
        self.assert_names_the_edit(checked.stdout, digests)
        listed = self.world.agent("runbook", "list")
        self.assertNotIn(documents.INSTALL, listed.stdout)
        self.assert_names_the_edit(listed.stderr, digests)
        self.assert_exit(self.sign(), 0)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)

    def test_an_order_for_a_runbook_that_was_edited_is_refused_and_the_others_still_run(self):
        fake = self.world.start_fake()
        daemon = self.world.start_agent()
        digests = self.edit(documents.INSTALL)
        fake.wait_for_polls()
        daemon.signal(signal.SIGHUP)
        daemon.wait_log("configuration reloaded")
        self.assertRegex(daemon.log(), "warning not usable: .*not as signed")
        self.assert_names_the_edit(self.assert_refused(fake), digests)
        (bundle,) = fake.wait_for_order(fake.offer(self.world.signed(documents.COUNT, params={"tag": "still"})))
        self.assertEqual(bundle["outcome"], "success")

    def test_a_daemon_with_a_catalogue_that_is_not_to_be_trusted_runs_its_checks_and_no_runbook(self):
        whole = self.read(self.catalogue)
        stranger, _ = wire.Key().write(self.world.path("stranger"))
        self.assert_exit(self.sign(key=stranger), 0)
        foreign = self.read(self.catalogue)
        order = wire.compact(wire.envelope(self.world.order(), [self.key]))
        for name, content, why in (("cut", whole[:-3], "not the whole of one"), ("foreign", foreign, "no signature is of a key"),
                                   ("an order", order, "payloadType"), ("gone", None, "no such file")):  # fmt: skip
            with self.subTest(name):
                if content is None:
                    os.remove(self.catalogue)
                else:
                    with open(self.catalogue, "wb") as file:
                        file.write(content)
                checked = self.world.agent("config", "check")
                self.assert_exit(checked, 78)
                self.assertRegex(checked.stdout, rf"agent\.yaml:\d+: healing\.catalogue: .*{why}")
                self.assert_exit(self.world.agent("heal", documents.INSTALL), 2)
        fake = self.world.start_fake()
        daemon = self.world.start_agent()
        daemon.wait_log("warning not usable: .*healing.catalogue")
        self.assertIn("healing.catalogue", self.assert_refused(fake))
        eventually(lambda: self.world.agent_json("status")["checks"]["results"].get(documents.CHECK) == "drift", 20, "a look at the check")

    def test_a_drift_starts_no_runbook_that_is_not_as_signed(self):
        path = self.world.path("files", "notice")
        documents.write_baseline(self.world, [{"name": "notice", "kind": "file", "path": path, "present": True, "runbook": "RB-NOTICE",
                                               "heal": "enforce"}])  # fmt: skip
        documents.write_runbook(self.world, "RB-NOTICE", [{"action": "file.install", "path": path, "content": "x", "mode": "0644"}],
                                repairs="notice")
        self.world.agent("run", "--once")
        self.assertEqual(self.world.agent_json("status")["checks"]["results"]["notice"], "drift")
        self.assertFalse(os.path.exists(path))
        self.assert_exit(self.sign(), 0)
        self.world.start_fake()
        self.world.start_agent()
        eventually(lambda: os.path.exists(path), 20, "the drift to be healed")

    def put_back(self, catalogue):
        with open(self.catalogue, "wb") as file:
            file.write(catalogue)

    def issued_at(self):
        return json.loads(base64.b64decode(json.loads(self.read(self.catalogue))["payload"]))["issued_at"]

    def test_an_older_catalogue_is_refused_until_it_is_signed_anew(self):
        old, old_runbook, old_time = self.read(self.catalogue), self.read(self.file_of(documents.INSTALL)), self.issued_at()
        self.edit(documents.INSTALL)
        self.assert_exit(self.sign(), 0)
        new_time = self.issued_at()
        fake = self.world.start_fake()
        daemon = self.world.start_agent()
        self.assertNotIn("not usable", daemon.log())
        self.put_back(old)
        with open(self.file_of(documents.INSTALL), "wb") as file:
            file.write(old_runbook)
        fake.wait_for_polls()
        daemon.signal(signal.SIGHUP)
        daemon.wait_log("configuration reloaded")
        detail = self.assert_refused(fake)
        for part in (f"signed at {old_time}", f"signed at {new_time}", "runbook sign"):
            self.assertIn(part, detail)
        checked = self.world.agent("config", "check")
        self.assert_exit(checked, 78)
        self.assertRegex(checked.stdout, rf"agent\.yaml:\d+: healing\.catalogue: .*signed at {old_time}")
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 2)
        daemon.stop()
        self.assert_exit(self.sign(), 0)
        self.world.start_agent()
        (bundle,) = fake.wait_for_order(fake.offer(self.world.signed()))
        self.assertEqual(bundle["outcome"], "success", bundle["error"])

    def test_looking_does_not_make_a_catalogue_the_newest(self):
        old = self.read(self.catalogue)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        self.assert_exit(self.sign(), 0)
        newer = self.read(self.catalogue)
        for look in (("config", "check"), ("runbook", "list"), ("heal", documents.INSTALL, "--dry-run")):
            self.assert_exit(self.world.agent(*look), 0)
        self.put_back(old)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        self.put_back(newer)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        self.put_back(old)
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 2)

    def test_a_catalogue_that_does_not_say_when_it_was_signed_counts_until_one_did(self):
        def write(**members):
            listed = [{"file": f"{id.lower()}.yaml", "id": id, "sha256": self.digest_of(id)} for id in (documents.INSTALL, documents.COUNT,
                      documents.FAIL, documents.SLOW)]  # fmt: skip
            kind = "application/vnd.compliance-agent.runbooks.v1+json"
            self.put_back(wire.compact(wire.envelope({"runbooks": listed, **members}, [self.key], kind)))

        write()
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        write(issued_at="2999-01-01T00:00:00Z")
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)
        write()
        done = self.world.agent("heal", documents.INSTALL)
        self.assert_exit(done, 2)
        self.assertIn("does not say when it was signed", done.stderr)
        self.assert_exit(self.sign(), 0)  # a clock that was wrong once shuts nothing out
        self.assert_exit(self.world.agent("heal", documents.INSTALL), 0)

    def test_catalogue_and_keys_go_together(self):
        self.world.configure(healing={"catalogue_keys": []})
        done = self.world.agent("config", "check")
        self.assert_exit(done, 78)
        self.assertIn("healing.catalogue: needs the key catalogue_keys", done.stdout)
        self.world.configure(healing={"catalogue": None, "catalogue_keys": [self.public_file]})
        done = self.world.agent("config", "check")
        self.assert_exit(done, 78)
        self.assertIn("healing.catalogue_keys: has a meaning only with the key catalogue", done.stdout)

    def test_a_folder_with_a_fault_is_not_signed(self):
        before = self.read(self.catalogue)
        with open(self.file_of(documents.FAIL), "a", encoding="utf-8") as file:
            file.write("x\n")
        done = self.sign()
        self.assert_exit(done, 1)
        self.assertIn("nothing was signed", done.stderr)
        self.assertEqual(self.read(self.catalogue), before)
        self.assert_exit(self.world.agent("runbook", "sign", "--key", self.key_file, self.world.path("files")), 1)
