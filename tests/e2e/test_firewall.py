"""RB-FIREWALL-001 as shipped, on the packet filter of a network namespace of the test's own."""
import json
import os
import shutil
import subprocess

from world import AGENT, Case, environment

RUNBOOK, CHECK = "RB-FIREWALL-001", "firewall_baseline"
SHIPPED = os.path.join(os.path.dirname(__file__), "..", "..", "runbooks", f"{RUNBOOK}.yaml")

APPROVED = """
table inet filter {
  set banned { type ipv4_addr; flags timeout; timeout 1h; }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    ip saddr @banned drop
    tcp dport 22 counter accept
  }
}
table ip nat { chain post { type nat hook postrouting priority 100; oifname "eth0" masquerade; }; }
"""
DRIFT = """
chain inet filter input { policy accept; }
insert rule inet filter input tcp dport 8080 accept
add element inet filter banned { 198.51.100.7 }
delete table ip nat
table inet extra { chain c { udp dport 53 drop; }; }
"""


class Firewall(Case):
    def setUp(self):
        super().setUp()
        if os.geteuid() != 0:
            self.skipTest("a network namespace needs root")
        if not shutil.which("ip") or not shutil.which("nft"):
            self.skipTest("needs Debian's iproute2 and nftables")
        name = f"compliance-e2e-{os.getpid()}"
        if subprocess.run(["ip", "netns", "add", name], capture_output=True, check=False).returncode != 0:
            self.skipTest("no network namespace can be made here")
        self.addCleanup(subprocess.run, ["ip", "netns", "delete", name], check=True)
        self.inside = ["ip", "netns", "exec", name]
        shutil.copy(SHIPPED, self.world.path("runbooks"))
        self.load(APPROVED)
        self.approve()
        self.approved = self.filter()

    def load(self, rules):
        subprocess.run([*self.inside, "nft", "-f", "-"], input=rules, text=True, check=True)

    def filter(self):
        """Everything but counters and what elements have left."""
        return subprocess.run([*self.inside, "nft", "-s", "list", "ruleset"], capture_output=True, text=True, check=True).stdout

    def agent(self, *arguments):
        return subprocess.run([*self.inside, AGENT, *arguments, "--config", self.world.write_config()], capture_output=True, text=True,
                              timeout=60, env=environment(), check=False)  # fmt: skip

    def write_baseline(self, text):
        with open(self.world.path("baseline.yaml"), "w", encoding="utf-8") as file:
            file.write(text)

    def approve(self):
        self.write_baseline("version: 1\n")
        learnt = self.agent("check", "--learn", CHECK)
        self.assert_exit(learnt, 0)
        self.write_baseline(learnt.stdout)
        self.assert_exit(self.agent("check", CHECK), 0)

    def drift(self):
        self.load(DRIFT)
        self.assert_exit(self.agent("check", CHECK), 1)
        return self.filter()

    def last_bundle(self):
        return [json.loads(bundle) for bundle, _, _ in self.world.exported()][-1]

    def test_a_drifted_firewall_is_as_approved_again_and_keeps_its_bans(self):
        drifted = self.drift()
        planned = self.agent("heal", RUNBOOK, "--dry-run")
        self.assert_exit(planned, 0)
        self.assertIn("tcp dport 8080 accept", planned.stdout + planned.stderr)
        self.assertEqual(self.filter(), drifted)
        done = self.agent("heal", RUNBOOK)
        self.assert_exit(done, 0)
        banned = self.filter().replace("\t\telements = { 198.51.100.7 }\n", "")
        self.assertEqual((banned, banned == self.filter()), (self.approved, False))
        self.assert_exit(self.agent("check", CHECK), 0)
        bundle = self.last_bundle()
        self.assertEqual((bundle["outcome"], bundle["check"], bundle["result"]), ("success", CHECK, "pass"))
        self.assertIn("added in inet filter input, rule 1: tcp dport 8080 accept", bundle["action_taken"][0]["output_head"])
        again = self.agent("heal", RUNBOOK)
        self.assert_exit(again, 0)
        self.assertEqual(self.last_bundle()["action_taken"][0]["result"], "unchanged")

    def test_where_the_check_is_not_fine_afterwards_the_firewall_is_as_it_was(self):
        with open(self.world.path("baseline.yaml"), encoding="utf-8") as file:
            approved = file.read()
        never = '    ip6tables: ["*filter", ":INPUT DROP [0:0]", "COMMIT"]\n'
        self.write_baseline(approved.replace(f"  {CHECK}:\n", f"  {CHECK}:\n{never}"))
        drifted = self.drift()
        done = self.agent("heal", RUNBOOK)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.filter(), drifted)
        bundle = self.last_bundle()
        self.assertEqual((bundle["outcome"], bundle["result"]), ("reverted", "drift"))
        self.assertEqual([step["result"] for step in bundle["action_taken"]], ["done", "undone"])

    def test_without_an_approved_ruleset_nothing_is_touched(self):
        drifted = self.drift()
        self.write_baseline("version: 1\n")
        done = self.agent("heal", RUNBOOK)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        self.assertIn("the baseline approves no ruleset", done.stdout + done.stderr)
        self.assertEqual(self.filter(), drifted)
