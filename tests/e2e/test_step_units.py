"""Where systemd runs, the programs of a run have transient units: a cgroup of their own, of which nothing stays, and few rights."""
import os

import documents
from booted import Booted
from world import eventually, processes_with

RUN, READ, NFT = "RB-TEST-RUN", "RB-TEST-READ", "RB-TEST-NFT"
# Seconds to sleep by which a process of this test is found, and of no other that runs beside it.
MARK, OTHER_MARK = f"9{os.getpid()}.25", f"9{os.getpid()}.75"
WAIT_FOR = "until test -e {0}; do sleep 0.02; done"


class StepUnits(Booted):
    def setUp(self):
        super().setUp()
        self.declare()

    def command(self, *argv, runbook=RUN, **members):
        documents.write_runbook(self.world, runbook, [{"action": "command.run", "argv": list(argv), **members}])

    def shell(self, text, runbook=RUN, **members):
        self.command("/bin/sh", "-c", text, runbook=runbook, **members)

    def units(self):
        return self.box.systemctl("list-units", "--all", "--no-legend", "compliance-agent-step-*")

    def exists(self, path):
        return os.path.exists(f"/proc/{self.box.init}/root{path}")

    def touch(self, path):
        self.box.write(path, "")

    def test_a_program_has_a_cgroup_of_its_own_and_gets_its_arguments_as_they_stand(self):
        self.command("/bin/cat", "/proc/self/cgroup")
        self.assertRegex(self.heal(RUN)["action_taken"][0]["output_head"], r"/compliance-agent-step-\d+-\d+-\d+\.service\n")
        odd = ["$HOME", "${PATH}", "%n", "$$", "a b", "\"", "'", "\\n", ";", "%%"]
        self.command("/usr/bin/printf", "<%s>", *odd)
        self.assertEqual(self.heal(RUN)["action_taken"][0]["output_head"], "".join(f"<{word}>" for word in odd))
        self.command("/usr/bin/env")
        settings = self.heal(RUN)["action_taken"][0]["output_head"].splitlines()
        self.assertEqual(sorted(settings), ["LC_ALL=C.UTF-8", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"])
        self.shell("echo out; echo err >&2; exit 3", expect_status=[3])
        bundle = self.heal(RUN)
        self.assertEqual((bundle["outcome"], bundle["action_taken"][0]["exit_code"]), ("success", 3))
        self.assertEqual(bundle["action_taken"][0]["output_head"], "out\n[standard error]\nerr\n")
        self.shell("kill -TERM $$")
        self.assertEqual(self.heal(RUN)["action_taken"][0]["exit_code"], 128 + 15)
        self.command("/no/such/program")
        self.assertIn("no such program: /no/such/program", self.heal(RUN)["error"])
        self.assertEqual(self.units(), "")

    def test_nothing_that_a_program_started_outlives_it_whatever_session_it_is_in(self):
        self.shell(f"setsid sleep {MARK} & sleep 0.1; echo started")
        self.assertEqual(self.heal(RUN)["action_taken"][0]["output_head"], "started\n")
        self.assertEqual(processes_with(MARK), [])
        self.shell(f"setsid sleep {MARK} & sleep {OTHER_MARK}", timeout="1s")
        bundle = self.heal(RUN)
        self.assertEqual(bundle["outcome"], "failed")
        self.assertIn("no answer within 1 s", bundle["error"])
        self.assertEqual((processes_with(MARK), processes_with(OTHER_MARK)), ([], []))
        self.assertEqual(self.units(), "")

    def test_a_program_that_is_said_to_read_only_can_do_nothing_else(self):
        attempts = "; ".join(f"({text}) 2>&1" for text in (
            "echo x > /etc/step-was-here", "echo x > /tmp/step-was-here", "echo 1 > /proc/sys/net/ipv4/ip_forward", "mknod /run/n c 1 3",
        ))  # fmt: skip
        self.shell(attempts + "; cat /etc/shadow > /dev/null && echo may read", runbook=READ, changes=False)
        bundle = self.heal(READ)
        self.assertEqual(bundle["outcome"], "success", bundle["error"])
        output = bundle["action_taken"][0]["output_head"]
        self.assertTrue(output.endswith("may read\n"), output)
        self.assertEqual(len(output.splitlines()), 5, output)
        for path in ("/etc/step-was-here", "/tmp/step-was-here", "/run/n"):
            self.assertFalse(self.exists(path), path)
        bundle = self.heal("RB-DIAG-001")
        self.assertEqual((bundle["outcome"], bundle["error"]), ("success", None), "the shipped runbook that only reads")
        self.shell("echo x > /etc/step-was-here")
        self.assertEqual(self.heal(RUN)["outcome"], "success")
        self.assertTrue(self.exists("/etc/step-was-here"))

    def test_nft_changes_the_packet_filter_with_no_other_right(self):
        documents.write_runbook(self.world, NFT, [{"action": "nft.apply", "ruleset": "table inet test { chain input { counter; }; }"}])
        bundle = self.heal(NFT)
        self.assertEqual(bundle["outcome"], "success", bundle["error"])
        self.assertIn("table inet test", self.box.run("nft", "list", "ruleset").stdout)

    def test_what_a_killed_agent_left_running_is_ended_before_its_run_is_put_back(self):
        self.shell(f"touch /begun; setsid sleep {MARK} & sleep {OTHER_MARK}", timeout="10m")
        begun = self.begin(RUN)
        eventually(lambda: self.exists("/begun") and processes_with(MARK), 20, "the program")
        self.cut(begun)
        self.assertTrue(processes_with(MARK), "a program with a unit of its own outlives an agent that is killed")
        self.shell("true", runbook=READ)
        self.heal(READ)
        self.assertEqual((processes_with(MARK), processes_with(OTHER_MARK)), ([], []))
        self.assertEqual(self.units(), "")
        bundle = self.newest(RUN)
        self.assertEqual((bundle["outcome"], bundle["severity"]), ("failed", "critical"))
        self.assertIn("interrupted: the agent stopped during step 1 (command.run)", bundle["error"])

    def test_what_must_not_be_cut_short_is_waited_for(self):
        self.shell(f"touch /begun; sleep {OTHER_MARK}", timeout="10m")
        begun = self.begin(RUN)
        eventually(lambda: self.exists("/begun"), 20, "the program")
        self.cut(begun)
        # As apt-get is run: by an agent that is gone, since process 1 of the container started when it did.
        left = "compliance-agent-step-1-1-1-whole"
        self.box.run("systemd-run", f"--unit={left}", "sh", "-c", WAIT_FOR.format("/go") + "; touch /finished")
        self.shell("true", runbook=READ)
        healing = self.begin(READ)
        said = ""
        while "waiting for a program" not in said:
            line = healing.stdout.readline()
            self.assertTrue(line, f"it ended: {said}")
            said += line
        self.assertFalse(self.exists("/finished"))
        self.touch("/go")
        healing.communicate(timeout=30)
        self.assertTrue(self.exists("/finished"))
        self.assertEqual(self.newest(READ)["outcome"], "success")
        self.assertEqual(self.newest(RUN)["outcome"], "failed")

    def test_a_program_goes_on_while_the_service_manager_and_the_bus_are_started_anew(self):
        self.shell("touch /begun; " + WAIT_FOR.format("/go") + "; echo end; exit 7", expect_status=[7], timeout="1m")
        healing = self.begin(RUN)
        eventually(lambda: self.exists("/begun"), 20, "the program")
        self.box.systemctl("daemon-reexec")
        self.box.systemctl("restart", "dbus.service")
        self.touch("/go")
        healing.communicate(timeout=60)
        bundle = self.newest(RUN)
        self.assertEqual((bundle["outcome"], bundle["error"]), ("success", None))
        self.assertEqual((bundle["action_taken"][0]["exit_code"], bundle["action_taken"][0]["output_head"]), (7, "end\n"))
