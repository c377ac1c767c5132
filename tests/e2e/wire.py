"""The wire protocol a second time, written from PROTOCOL.md alone: keys, envelopes, orders, receipts, bundles."""
import base64
import datetime
import hashlib
import json
import secrets

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ORDER_TYPE = "application/vnd.compliance-agent.order.v1+json"
RECEIPT_TYPE = "application/vnd.compliance-agent.receipt.v1+json"

BUNDLE_MEMBERS = {
    "version", "bundle_id", "site_id", "host_id", "deployment_mode", "reseller_id", "agent", "timestamp_start",
    "timestamp_end", "policy_version", "ruleset_hash", "nixos_revision", "derivation_digest", "ntp_offset_ms", "trigger",
    "check", "result", "severity", "hipaa_controls", "framework_mappings", "pre_state", "post_state", "action_taken", "plan",
    "rollback_available", "rollback_generation", "outcome", "error", "order_id", "runbook_id", "runbook_sha256", "order",
    "chain", "signer",
}  # fmt: skip


def sha256(data):
    return hashlib.sha256(data).hexdigest()


class Key:
    """An Ed25519 key of ours."""

    def __init__(self, private=None):
        self.private = private or Ed25519PrivateKey.generate()
        self.public = self.private.public_key()
        self.raw = raw_public(self.public)
        self.key_id = sha256(self.raw)

    @staticmethod
    def load(path):
        with open(path, "rb") as file:
            return Key(serialization.load_pem_private_key(file.read(), None))

    def sign(self, data):
        return self.private.sign(data)

    def write(self, path_without_suffix):
        """BASENAME.key (0600) and BASENAME.pub, as PEM that openssl reads."""
        key_file, public_file = f"{path_without_suffix}.key", f"{path_without_suffix}.pub"
        write_private(key_file, self.private)
        with open(public_file, "wb") as file:
            file.write(self.public_pem())
        return key_file, public_file

    def public_pem(self):
        return self.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def write_private(path, private):
    import os

    data = private.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(data)


def raw_public(public):
    return public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)


def load_public(path):
    with open(path, "rb") as file:
        key = serialization.load_pem_public_key(file.read())
    assert isinstance(key, Ed25519PublicKey)
    return key


def verifies(public, signature, data):
    try:
        public.verify(signature, data)
        return True
    except InvalidSignature:
        return False


def utc(when=None, digits=0):
    """RFC 3339, UTC, with that many decimals; `when` is a datetime, or seconds from now."""
    if not isinstance(when, datetime.datetime):
        when = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=when or 0)
    text = when.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{text}.{when.microsecond // 10 ** (6 - digits):0{digits}d}Z" if digits else f"{text}Z"


def parse_utc(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00"))


def pae(payload_type, payload):
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def compact(value):
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def envelope(payload, keys, payload_type=ORDER_TYPE):
    """A DSSE envelope, as a dict, over `payload` (bytes, or a value to be serialised)."""
    data = payload if isinstance(payload, bytes) else compact(payload)
    signed = pae(payload_type, data)
    return {
        "payloadType": payload_type,
        "payload": base64.b64encode(data).decode(),
        "signatures": [{"keyid": key.key_id, "sig": base64.b64encode(key.sign(signed)).decode()} for key in keys],
    }


def order(site_id, host_id, runbook_id, params=None, **members):
    """The payload of an order as a dict; a member given as None is left out."""
    payload = {
        "order_id": f"order-{secrets.token_hex(8)}",
        "site_id": site_id,
        "host_id": host_id,
        "runbook_id": runbook_id,
        "params": params or {},
        "nonce": secrets.token_hex(16),
        "ttl": 900,
        "issued_at": utc(),
    }
    payload.update(members)
    return {name: value for name, value in payload.items() if value is not None}


def payload_of(signed):
    return json.loads(base64.b64decode(signed["payload"], validate=True))


def open_receipt(signed, public):
    """The payload of a receipt that `public` signed, or an AssertionError that says why it is none."""
    assert set(signed) == {"payloadType", "payload", "signatures"}, f"members of the envelope: {sorted(signed)}"
    assert signed["payloadType"] == RECEIPT_TYPE, signed["payloadType"]
    data = base64.b64decode(signed["payload"], validate=True)
    key_id = sha256(raw_public(public))
    mine = [entry for entry in signed["signatures"] if entry["keyid"] == key_id]
    assert mine, "no signature by the receipt key"
    for entry in mine:
        assert verifies(public, base64.b64decode(entry["sig"], validate=True), pae(RECEIPT_TYPE, data)), "bad signature"
    receipt = json.loads(data)
    assert set(receipt) == {"bundle_id", "sha256", "site_id", "host_id", "epoch", "sequence", "received_at"}, sorted(receipt)
    return receipt


def make_receipt(key, bundle_bytes, received_at=None, **changed):
    bundle = json.loads(bundle_bytes)
    payload = {
        "bundle_id": bundle["bundle_id"],
        "sha256": sha256(bundle_bytes),
        "site_id": bundle["site_id"],
        "host_id": bundle["host_id"],
        "epoch": bundle["chain"]["epoch"],
        "sequence": bundle["chain"]["sequence"],
        "received_at": received_at or utc(digits=3),
    }
    payload.update(changed)
    return envelope(payload, [key], RECEIPT_TYPE)


def check_bundle(data, signature, public):
    """The bundle as a dict, after its signature and the promises every bundle keeps."""
    assert len(signature) == 64, len(signature)
    assert verifies(public, signature, data), "the signature does not verify"
    assert len(data) <= 1 << 20, len(data)
    bundle = json.loads(data)
    assert set(bundle) >= BUNDLE_MEMBERS, f"missing members: {sorted(BUNDLE_MEMBERS - set(bundle))}"
    assert bundle["version"] == "1.1", bundle["version"]
    assert bundle["signer"]["key_id"] == sha256(raw_public(public))
    for name in ("timestamp_start", "timestamp_end"):
        assert len(bundle[name]) == 24 and bundle[name].endswith("Z") and bundle[name][19] == ".", bundle[name]
    assert bundle["outcome"] in ("success", "failed", "reverted", "deferred", "alert", "rejected", "expired"), bundle["outcome"]
    assert bundle["trigger"] in ("startup", "change", "heartbeat", "order", "manual"), bundle["trigger"]
    return bundle


def check_chain(documents):
    """`documents`, the bytes of one host's bundles in any order, form one unbroken chain of one epoch from 1 on."""
    links = sorted((json.loads(data)["chain"]["sequence"], data) for data in documents)
    previous = "0" * 64
    epochs = {json.loads(data)["chain"]["epoch"] for _, data in links}
    assert len(epochs) <= 1, f"several epochs: {epochs}"
    for position, (sequence, data) in enumerate(links, 1):
        assert sequence == position, f"the chain has {sequence} where {position} belongs"
        assert json.loads(data)["chain"]["previous_sha256"] == previous, f"broken link at {sequence}"
        previous = sha256(data)
    return len(links), previous


def multipart(bundle, signature, boundary="boundary-of-the-tests"):
    """Content type and body of an upload."""
    body = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="bundle"; filename="bundle.json"\r\n'
        "Content-Type: application/json\r\n\r\n"
    ).encode()
    body += bundle
    body += (
        f'\r\n--{boundary}\r\nContent-Disposition: form-data; name="signature"; filename="bundle.sig"\r\n'
        "Content-Type: application/octet-stream\r\n\r\n"
    ).encode()
    body += signature + f"\r\n--{boundary}--\r\n".encode()
    return f"multipart/form-data; boundary={boundary}", body


def parse_multipart(content_type, body):
    """The parts of a form as {name: (filename, type, bytes)}."""
    assert content_type.startswith("multipart/form-data"), content_type
    boundary = content_type.split("boundary=", 1)[1].split(";")[0].strip().strip('"').encode()
    pieces = (b"\r\n" + body).split(b"\r\n--" + boundary)
    assert pieces[-1].startswith(b"--"), "the form does not end"
    parts = {}
    for piece in pieces[1:-1]:
        head, _, content = piece[2:].partition(b"\r\n\r\n")
        headers = dict((line.split(":", 1)[0].lower(), line.split(":", 1)[1].strip()) for line in head.decode().split("\r\n"))
        said = dict(item.strip().split("=", 1) for item in headers["content-disposition"].split(";")[1:])
        parts[said["name"].strip('"')] = (said.get("filename", "").strip('"'), headers.get("content-type", ""), content)
    return parts
