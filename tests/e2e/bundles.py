"""Bundles of a host that the tests play themselves."""
import uuid

import wire
from world import HOST, SITE


class PlayedHost:
    """Makes a chain of signed bundles."""

    def __init__(self, key, site=SITE, host=HOST):
        self.key, self.site, self.host = key, site, host
        self.epoch, self.sequence, self.head = str(uuid.uuid4()), 0, "0" * 64

    def make(self, about=None, outcome="success", **members):
        """The next bundle of the chain as (bytes, signature); `about` is the envelope of an order."""
        self.sequence += 1
        data = self.bytes(self.sequence, self.head, about, outcome, **members)
        self.head = wire.sha256(data)
        return data, self.key.sign(data)

    def bytes(self, sequence, previous, about=None, outcome="success", **members):
        payload = wire.payload_of(about) if about else {}
        now = wire.utc(digits=3)
        value = {
            "version": "1.1", "bundle_id": str(uuid.uuid4()), "site_id": self.site, "host_id": self.host, "deployment_mode": "direct",
            "reseller_id": None, "agent": {"version": "0", "build": "test"}, "timestamp_start": now, "timestamp_end": now,
            "policy_version": "1.0", "ruleset_hash": "0" * 64, "nixos_revision": None, "derivation_digest": None, "ntp_offset_ms": None,
            "trigger": "order" if about else "manual", "check": "general", "result": None, "severity": None, "hipaa_controls": [],
            "framework_mappings": {}, "pre_state": {}, "post_state": {}, "action_taken": [], "plan": None, "rollback_available": False,
            "rollback_generation": None, "outcome": outcome, "error": None, "order_id": payload.get("order_id"),
            "runbook_id": payload.get("runbook_id"), "runbook_sha256": None,
            "order": {"id": payload["order_id"], "envelope": about,
                      "gates": [{"gate": "too_large", "verdict": "pass", "detail": ""}]} if about else None,
            "chain": {"epoch": self.epoch, "sequence": sequence, "previous_sha256": previous}, "signer": {"key_id": self.key.key_id},
        }  # fmt: skip
        value.update(members)
        return wire.compact(value)
