"""RB-FIREWALL-001 as shipped, on the packet filter of a network namespace of the test's own."""
import contextlib
import ctypes
import json
import os
import shutil
import signal
import subprocess

from world import AGENT, Case, environment, eventually

RUNBOOK, CHECK = "RB-FIREWALL-001", "firewall_baseline"
SHIPPED = os.path.join(os.path.dirname(__file__), "..", "..", "runbooks", f"{RUNBOOK}.yaml")

APPROVED = """
table inet filter {
  set banned { type ipv4_addr; flags timeout; timeout 1h; }
  chain input {
    type filter hook input priority 0; policy drop;
    ct state established,related accept
    iif "lo" accept
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
        self.namespace, self.inside = f"/run/netns/{name}", ["ip", "netns", "exec", name]
        subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        with self.in_namespace():  # a socket stays where it was made
            self.world.start_fake()
        shutil.copy(SHIPPED, self.world.path("runbooks"))
        self.load(APPROVED)
        self.approve()
        self.approved = self.filter()

    @contextlib.contextmanager
    def in_namespace(self):
        """This thread only."""
        setns, new_net = ctypes.CDLL(None, use_errno=True).setns, 0x40000000
        with open("/proc/thread-self/ns/net", "rb") as home, open(self.namespace, "rb") as inside:
            self.assertEqual(setns(inside.fileno(), new_net), 0)
            try:
                yield
            finally:
                self.assertEqual(setns(home.fileno(), new_net), 0)

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

    def approve_one_that_cuts_the_server_off(self):
        """What is loaded afterwards lets the agent reach its server."""
        open_rules = APPROVED[: APPROVED.index("table ip nat")]  # one that is put back comes behind the others
        self.load("flush ruleset\n" + open_rules.replace('    iif "lo" accept\n', ""))
        self.approve()
        self.load("flush ruleset\n" + open_rules)
        self.assert_exit(self.agent("check", CHECK), 1)
        with open(SHIPPED, encoding="utf-8") as shipped, open(self.world.path("runbooks", f"{RUNBOOK}.yaml"), "w", encoding="utf-8") as own:
            own.write(shipped.read().replace("within: 5m", "within: 8s"))
        return self.filter()

    def test_rules_that_cut_the_server_off_are_taken_back(self):
        before = self.approve_one_that_cuts_the_server_off()
        self.assert_exit(self.agent("heal", RUNBOOK), 1)
        self.assertEqual(self.filter(), before)
        bundle = self.last_bundle()
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("proved, but not confirmed: the order server was not reached in time", bundle["error"])

    def test_the_timer_takes_them_back_where_the_agent_is_dead(self):
        before = self.approve_one_that_cuts_the_server_off()
        cut = subprocess.Popen([*self.inside, AGENT, "heal", RUNBOOK, "--config", self.world.write_config()], stderr=subprocess.DEVNULL,
                               stdout=subprocess.DEVNULL, env=environment())  # fmt: skip
        self.addCleanup(cut.wait)
        self.addCleanup(cut.kill)
        eventually(lambda: self.filter() != before, 20, "the rules that cut the server off")
        cut.send_signal(signal.SIGKILL)  # agent and courier: `ip netns exec` has become the agent
        cut.wait()
        self.assertNotEqual(self.filter(), before)
        eventually(lambda: self.filter() == before, 30, "the timer")
        closed = self.agent("run", "--once")
        self.assert_exit(closed, 0)
        bundle = [json.loads(bundle) for bundle, _, _ in self.world.exported()]
        self.assertEqual([one["outcome"] for one in bundle if one["runbook_id"] == RUNBOOK], ["reverted"])
        self.assertEqual(self.filter(), before)
