"""The second implementation is itself held against published vectors, and its server against its client."""
import os
import unittest

import wire
from bundles import PlayedHost
from client import Client
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from world import HOST, SITE, World


class Wire(unittest.TestCase):
    def test_pae_is_that_of_the_dsse_specification(self):
        self.assertEqual(wire.pae("http://example.com/HelloWorld", b"hello world"), b"DSSEv1 29 http://example.com/HelloWorld 11 hello world")

    def test_signatures_are_those_of_rfc_8032(self):
        key = wire.Key(Ed25519PrivateKey.from_private_bytes(bytes.fromhex("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")))
        self.assertEqual(key.raw.hex(), "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
        self.assertEqual(key.sign(b"\x72").hex(), "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                                   "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00")  # fmt: skip

    def test_a_form_gives_back_the_bytes_it_was_made_of(self):
        for bundle, signature in ((b"{}", bytes(64)), (os.urandom(5000), os.urandom(64)), (b"\r\n--b", b"\r\n" * 32)):
            parts = wire.parse_multipart(*wire.multipart(bundle, signature))
            self.assertEqual((parts["bundle"][2], parts["signature"][2]), (bundle, signature))

    def test_a_chain_with_a_hole_or_a_false_link_is_no_chain(self):
        host = PlayedHost(wire.Key())
        documents = [host.make()[0] for _ in range(4)]
        self.assertEqual(wire.check_chain(documents), (4, host.head))
        for broken in (documents[:2] + documents[3:], documents[1:], documents[:3] + [host.bytes(4, "0" * 64)]):
            with self.assertRaises(AssertionError):
                wire.check_chain(broken)

    def test_the_scripted_server_stores_answers_cuts_and_holds(self):
        world = World(self)
        fake = world.start_fake()
        played = PlayedHost(world.evidence_key)
        bundle = played.make()
        with world.host() as client:
            self.assertEqual(client.get(f"/api/orders/pending?site_id={SITE}&host_id={HOST}&wait=0").json, {"orders": [], "more": False})
            answer = client.upload(*bundle)
            self.assertEqual(answer.status, 201)
            self.assertEqual(wire.open_receipt(answer.json["receipt"], world.receipt_key.public)["sha256"], wire.sha256(bundle[0]))
            self.assertEqual(client.upload(*bundle).status, 200)
            envelope = world.signed()
            fake.offer(envelope)
            offered = client.get(f"/api/orders/pending?site_id={SITE}&host_id={HOST}&wait=5").json
            self.assertEqual(offered["orders"][0]["envelope"], envelope)
            client.upload(*played.make(envelope))
            self.assertEqual(client.get("/api/orders/pending?wait=0").json["orders"], [])
            fake.answer_upload = lambda upload, tried: "cut"
            with self.assertRaises(OSError):
                client.upload(*played.make())
        self.assertEqual(len(fake.stored), 3)
        self.assertEqual(len(fake.about(wire.payload_of(envelope)["order_id"])), 1)
        with self.assertRaises(OSError):
            Client(fake.port, world.authority.file).get("/health")  # no certificate, no answer
        self.assertEqual(fake.requests[-1]["identity"], f"spiffe://example.test/site/{SITE}/host/{HOST}")
