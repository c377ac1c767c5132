"""Baseline and runbooks of the tests, as config/README.md and runbooks/README.md say how to write them."""
import hashlib
import json

INSTALL, COUNT, FAIL, SLOW = "RB-TEST-INSTALL", "RB-TEST-COUNT", "RB-TEST-FAIL", "RB-TEST-SLOW"
CHECK = "motd"
CONTENT = "managed by the tests\n"

# Appends one line in one write: an effect that can be counted afterwards.
COUNTER = """\
import os, sys
os.write(os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), (sys.argv[2] + "\\n").encode())
"""


def write_defaults(world):
    with open(world.path("counter.py"), "w", encoding="utf-8") as file:
        file.write(COUNTER)
    write_baseline(world)
    write_runbook(world, INSTALL, [
        {"action": "file.install", "path": world.path("files", "motd"), "content": CONTENT, "mode": "0644"},
    ], repairs=CHECK)  # fmt: skip
    write_runbook(world, COUNT, [
        {"action": "command.run", "argv": ["/usr/bin/python3", "-S", "-E", world.path("counter.py"), world.path("files", "count"),
                                           "{{ params.tag }}"]},
    ], params={"tag": {"type": "string", "pattern": "[a-z0-9-]+"}})  # fmt: skip
    write_runbook(world, FAIL, [{"action": "command.run", "argv": ["/bin/false"]}])
    write_runbook(world, SLOW, [{"action": "command.run", "argv": ["/bin/sleep", "600"]}])


# What needs a host that was prepared for it; tests/drift looks at these checks with their real parts.
PREPARED = ("av_edr_health", "backup_verification", "logging_continuity", "firewall_baseline", "encryption",
             "time_sync")


def write_baseline(world, extra=(), without=()):
    baseline = {"version": 1, "checks": {name: {"enabled": False} for name in (*PREPARED, *without)}, "custom": [
        {"name": CHECK, "kind": "file", "path": world.path("files", "motd"), "sha256": hashlib.sha256(CONTENT.encode()).hexdigest(),
         "mode": "0644"},
        *extra,
    ]}  # fmt: skip
    with open(world.path("baseline.yaml"), "w", encoding="utf-8") as file:
        json.dump(baseline, file, indent=1)


def write_runbook(world, id, steps, **members):
    with open(world.path("runbooks", f"{id.lower()}.yaml"), "w", encoding="utf-8") as file:
        json.dump({"id": id, "name": id, "description": "for a test", "disruptive": False, **members, "steps": steps}, file, indent=1)
