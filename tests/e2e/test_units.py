"""Healing under a real systemd, booted in a container: the shipped runbooks for services, and the actions on units."""
import os
import subprocess

import documents
from booted import Booted
from world import eventually

UP, TRY = "RB-TEST-UP", "RB-TEST-TRY"
SERVICE = """\
[Service]
ExecStart=/usr/bin/sleep infinity
[Install]
WantedBy=multi-user.target
"""
SLOW = """\
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/bin/sleep infinity
TimeoutStartSec=infinity
[Install]
WantedBy=multi-user.target
"""
# chronyd may not set a clock in a container, and only measures; its source is a second one that follows nothing.
CHRONY = """\
[Unit]
ConditionCapability=
[Service]
ExecStart=
ExecStart=!/usr/sbin/chronyd -x $DAEMON_OPTS
"""
SOURCE = "local stratum 1\nport 11123\nallow 127.0.0.1\ncmdport 0\nbindcmdaddress /\npidfile /run/source.pid\n"
FOLLOWER = "server 127.0.0.1 port 11123 iburst minpoll 0 maxpoll 0\ndriftfile /var/lib/chrony/drift\n"
# MD5 and size of the EICAR test file: all that this scanner knows.
SIGNATURES = "44d88612fea8a8f36de82e1278abb02f:68:Eicar-Test\n"
WITHOUT_CONDITION = "[Unit]\nConditionPathExistsGlob=\n"
DROP_INS = "/etc/systemd/system/{}.d/test.conf"


class Units(Booted):
    def assert_healed(self, bundle, check):
        self.assertEqual((bundle["outcome"], bundle["error"]), ("success", None))
        self.assertEqual((bundle["check"], bundle["result"]), (check, "pass"))

    def is_enabled(self, unit):
        return self.box.systemctl("is-enabled", unit)

    # The shipped runbooks.

    def test_rb_time_001_heals_a_time_service_that_was_stopped(self):
        self.box.write(DROP_INS.format("chrony.service"), CHRONY)
        self.box.write("/etc/chrony/chrony.conf", FOLLOWER)
        self.box.write("/etc/source.conf", SOURCE)
        self.box.systemctl("daemon-reload")
        self.box.run("systemd-run", "--unit=source", "chronyd", "-x", "-d", "-u", "root", "-f", "/etc/source.conf")
        self.declare({"time_sync": {"service": "chrony"}})
        self.assertEqual(self.is_active("chrony"), "inactive")
        bundle = self.heal("RB-TIME-001")
        self.assert_healed(bundle, "time_sync")
        self.assertEqual(bundle["pre_state"]["check"]["result"], "drift")
        self.assertEqual(self.is_active("chrony"), "active")

    def test_rb_log_001_heals_a_logger_that_was_stopped(self):
        self.declare({"logging_continuity": {"within": "2s", "places": [{"kind": "journal"}, {"kind": "file", "path": "/var/log/syslog"}]}})
        self.box.systemctl("stop", "syslog.socket", "rsyslog.service")
        self.assertEqual(self.is_active("rsyslog"), "inactive")
        bundle = self.heal("RB-LOG-001")
        self.assert_healed(bundle, "logging_continuity")
        self.assertEqual(bundle["pre_state"]["check"]["result"], "drift")
        self.assertEqual(self.is_active("rsyslog"), "active")

    def test_rb_av_001_heals_a_scanner_that_was_stopped_and_believes_no_job_that_is_merely_done(self):
        self.declare({"av_edr_health": {}})
        self.box.write("/var/lib/clamav/test.hdb", SIGNATURES)
        # As Debian ships it: without main and daily signatures the job is done and the scanner does not run.
        bundle = self.heal("RB-AV-001")
        self.assertEqual(bundle["outcome"], "failed")
        self.assertIn("clamav-daemon.service was restarted, but it is inactive (dead), a condition of the unit is not met", bundle["error"])
        for unit in ("clamav-daemon.service", "clamav-daemon.socket"):
            self.box.write(DROP_INS.format(unit), WITHOUT_CONDITION)
        self.box.systemctl("daemon-reload")
        bundle = self.heal("RB-AV-001")
        self.assert_healed(bundle, "av_edr_health")
        self.assertEqual(bundle["pre_state"]["check"]["result"], "drift")
        self.assertEqual(self.is_active("clamav-daemon"), "active")

    def test_rb_service_001_restarts_a_service_of_its_list_and_no_other(self):
        self.declare()
        self.box.systemctl("stop", "cron.service")
        bundle = self.heal("RB-SERVICE-001", "unit=cron.service")
        self.assertEqual(bundle["outcome"], "success")
        self.assertEqual(bundle["pre_state"]["steps"][0]["state"]["active_state"], "inactive")
        self.assertEqual(self.is_active("cron"), "active")
        self.box.systemctl("stop", "cron.service")
        done = subprocess.run(self.argv("heal", "RB-SERVICE-001", "--param", "unit=dbus.service"), capture_output=True, text=True,
                              timeout=60, check=False)  # fmt: skip
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('"dbus.service" is not one of', done.stderr)
        self.assertEqual(self.is_active("cron"), "inactive")

    # The actions.

    def prepare(self, text=SERVICE):
        """A service web of this text, a runbook that must bring it up, and one that is always undone."""
        self.box.write("/etc/systemd/system/web.service", text)
        self.box.systemctl("daemon-reload")
        self.declare(custom=[
            {"name": "web", "kind": "unit", "unit": "web.service", "active": True, "enabled": True},
            {"name": "never", "kind": "file", "path": "/never", "present": True},
        ])  # fmt: skip
        documents.write_runbook(self.world, UP, [{"action": "unit.enable", "unit": "web.service", "now": True}], repairs="web")

    def attempt(self, *steps, **members):
        """A run of these steps whose verification fails."""
        documents.write_runbook(self.world, TRY, list(steps), repairs="never", **members)
        return self.heal(TRY)

    def assert_reverted(self, bundle):
        self.assertEqual(bundle["outcome"], "reverted", bundle["error"])
        self.assertIn("everything that was changed has been put back", bundle["error"])
        self.assertEqual(bundle["pre_state"]["steps"], bundle["post_state"]["steps"])

    def test_a_unit_is_enabled_and_started_and_both_are_taken_back_where_that_proves_nothing(self):
        self.prepare()
        bundle = self.attempt({"action": "unit.enable", "unit": "web.service", "now": True})
        self.assert_reverted(bundle)
        self.assertEqual([step["result"] for step in bundle["action_taken"]], ["done", "undone"])
        self.assertEqual((self.is_enabled("web"), self.is_active("web")), ("disabled", "inactive"))
        self.assert_healed(self.heal(UP), "web")
        self.assertEqual((self.is_enabled("web"), self.is_active("web")), ("enabled", "active"))

    def test_units_that_were_started_or_stopped_are_as_before_after_a_rollback(self):
        self.prepare()
        self.box.run("sh", "-c", "systemctl start web; systemctl kill --signal=KILL web")
        eventually(lambda: self.is_active("web") == "failed", 20, "the service to be seen as failed")
        before = self.box.systemctl("show", "--property=InvocationID", "web")
        bundle = self.attempt({"action": "unit.start", "unit": "web.service"})
        self.assert_reverted(bundle)
        self.assertNotEqual(self.box.systemctl("show", "--property=InvocationID", "web"), before, "it was started in between")
        self.assertEqual(self.is_active("web"), "inactive")
        self.assert_reverted(self.attempt({"action": "unit.stop", "unit": "cron.service"}))
        self.assertEqual(self.is_active("cron"), "active")

    def test_a_rollback_makes_a_service_read_again_what_was_put_back(self):
        rules, seen = self.world.path("files", "rules"), self.world.path("files", "seen")
        with open(rules, "w", encoding="utf-8") as file:
            file.write("before\n")
        self.prepare(SERVICE.replace("[Service]\n", f"[Service]\nExecStartPre=/usr/bin/cp {rules} {seen}\n"))
        self.box.systemctl("start", "web")
        bundle = self.attempt({"action": "file.install", "path": rules, "content": "after\n", "mode": "0644"},
                              {"action": "unit.restart", "unit": "web.service"})  # fmt: skip
        self.assertEqual(bundle["outcome"], "failed")
        self.assertIn("step 2 (unit.restart) cannot be undone", bundle["error"])
        self.assertEqual((self.read(rules), self.read(seen)), (b"before\n", b"after\n"), "the service goes on with what it read")
        bundle = self.attempt({"action": "file.install", "path": rules, "content": "after\n", "mode": "0644"},
                              {"action": "unit.restart", "unit": "web.service"},
                              rollback=[{"action": "unit.restart", "unit": "web.service"}])  # fmt: skip
        self.assertEqual(bundle["outcome"], "reverted", bundle["error"])
        self.assertTrue(bundle["rollback_available"])
        results = [(step["step"], step["action"], step["result"]) for step in bundle["action_taken"]]
        self.assertEqual(results, [(1, "file.install", "done"), (2, "unit.restart", "done"), (1, "file.install", "undone"),
                                   (3, "unit.restart", "done")])  # fmt: skip
        self.assertEqual((self.read(rules), self.read(seen)), (b"before\n", b"before\n"))
        self.assertEqual(self.is_active("web"), "active")

    def test_what_could_not_be_put_back_is_refused_before_anything_happens(self):
        self.prepare()
        self.box.systemctl("mask", "systemd-timesyncd.service")
        self.box.write("/etc/systemd/system/rival.service", "[Unit]\nConflicts=cron.service\n" + SERVICE)
        self.box.write("/etc/systemd/system/needs-web.service", "[Unit]\nRequires=web.service\n" + SERVICE)
        self.box.systemctl("daemon-reload")
        self.box.systemctl("start", "needs-web.service")
        self.box.systemctl("disable", "clamav-daemon.service")
        self.box.systemctl("enable", "clamav-daemon.socket")
        for action, unit, why in (
            ("unit.enable", "systemd-journald.service", "static"),
            ("unit.enable", "clamav-daemon.service", "Also=clamav-daemon.socket, which is enabled already"),
            ("unit.start", "systemd-timesyncd.service", "systemctl unmask systemd-timesyncd.service"),
            ("unit.start", "no-such.service", "not-found"),
            ("unit.start", "rival.service", "that stops cron.service as well"),
            ("unit.stop", "web.service", "that stops needs-web.service as well"),
        ):
            with self.subTest(action=action, unit=unit):
                bundle = self.attempt({"action": action, "unit": unit})
                self.assertEqual(bundle["outcome"], "failed")
                self.assertIn(why, bundle["error"])
                self.assertIn("nothing had been changed", bundle["error"])
        for unit in ("cron", "web", "needs-web"):
            self.assertEqual(self.is_active(unit), "active")
        self.assertEqual(self.is_enabled("clamav-daemon.service"), "disabled")

    def test_a_start_that_was_cut_short_by_a_kill_is_put_back_by_the_next_run(self):
        self.prepare(SLOW)
        begun = self.begin(UP)
        eventually(lambda: self.is_active("web") == "activating", 30, "the start to be under way")
        self.assertEqual(self.is_enabled("web"), "enabled")
        self.cut(begun)
        self.heal("RB-SERVICE-001", "unit=cron.service")
        bundle = self.newest(UP)
        self.assertEqual(bundle["outcome"], "reverted", bundle["error"])
        self.assertIn("interrupted: the agent stopped during step 1 (unit.enable)", bundle["error"])
        # systemd calls a start that is called off a failure of the unit.
        self.assertEqual((self.is_enabled("web"), self.is_active("web")), ("disabled", "failed"))
        self.assertEqual(self.box.systemctl("list-jobs"), "No jobs running.")

    def test_systemd_keeps_the_timer_of_a_change_that_nothing_confirms(self):
        self.declare()
        rules = self.world.path("files", "rules")
        with open(rules, "w", encoding="utf-8") as file:
            file.write("before\n")
        os.chmod(rules, 0o644)
        documents.write_runbook(self.world, TRY, [
            {"action": "file.install", "path": rules, "content": "after\n", "mode": "0644"},
        ], confirm={"within": "6s"})  # fmt: skip
        self.box.systemctl("set-environment", "LD_LIBRARY_PATH=/opt/lib")
        # There is no network in the container. An agent that lives puts it back itself and needs the timer no more.
        bundle = self.heal(TRY)
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("the order server was not reached in time", bundle["error"])
        self.assertNotIn("compliance-agent-revert", self.box.systemctl("list-timers", "--all"))
        begun = self.begin(TRY)
        eventually(lambda: self.read(rules) == b"after\n", 20, "the change")
        self.assertIn("compliance-agent-revert-2.timer", self.box.systemctl("list-timers", "--all"))
        self.cut(begun)
        eventually(lambda: self.read(rules) == b"before\n", 30, "the timer of systemd")
        self.heal("RB-SERVICE-001", "unit=cron.service")
        bundle = self.newest(TRY)
        self.assertEqual(bundle["outcome"], "reverted")
        self.assertIn("interrupted: the agent stopped before the change was confirmed, and its timer", bundle["error"])
