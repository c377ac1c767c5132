"""What a daemon that is not root may read, and whose its files are."""
import os
import signal

import documents
from world import ORDINARY_USER, Case, eventually


class Rights(Case):
    def setUp(self):
        super().setUp()
        self.user = self.world.hand_over()

    def reload(self, daemon):
        before = len(daemon.log())
        daemon.signal(signal.SIGHUP)
        return eventually(lambda: "reloaded" in (said := daemon.log()[before:]) and said, 20, "word of the reload")

    def test_a_key_that_the_daemon_may_not_read_is_a_fault_at_start_and_at_a_reload(self):
        daemon = self.world.start_agent(as_user=self.user)
        for mode, fault in ((0o000, "may not read it"), (0o644, "lets others read it")):
            with self.subTest(f"{mode:o}"):
                os.chmod(self.world.host_key, mode)
                said = self.reload(daemon)
                self.assertRegex(said, r"configuration not reloaded: .*agent\.yaml.*server\.key_file.*host\.key.*" + fault)
                self.assertNotIn("configuration reloaded:", said)
                self.assertTrue(daemon.running())
        os.chmod(self.world.host_key, 0o600)
        self.assertIn("configuration reloaded:", self.reload(daemon))
        daemon.stop()
        os.chmod(self.world.host_key, 0o000)
        daemon = self.world.start_agent(as_user=self.user, wait=False)
        self.assertEqual(daemon.wait(20), 78)
        self.assertRegex(daemon.log(), r"server\.key_file.*host\.key.*may not read it")

    def owners(self):
        return {name: os.stat(self.world.path("state", name)).st_uid for name in os.listdir(self.world.path("state"))}

    def test_what_root_makes_in_the_state_folder_of_another_user_belongs_to_that_user(self):
        if os.geteuid() != 0:
            self.skipTest("only root could make files for another user")
        os.remove(self.world.path("state", "evidence.key"))
        os.remove(self.world.path("state", "evidence.pub"))
        for arguments in (("hold", "--for", "1h"), ("resume",), ("heal", documents.INSTALL), ("run", "--once")):
            done = self.world.agent(*arguments)
            self.assertIn(done.returncode, (0, 2), done.stderr)  # 2: there is no server
        self.assertLessEqual({"state.db", "evidence.key", "evidence.pub", "lock"}, set(self.owners()))
        self.assertEqual(set(self.owners().values()), {ORDINARY_USER}, self.owners())
        daemon = self.world.start_agent(as_user=self.user)
        self.world.agent("heal", documents.INSTALL)  # beside the daemon: the log of the database is open
        self.assertEqual(set(self.owners().values()), {ORDINARY_USER}, self.owners())
        self.assertEqual(daemon.stop(), 0)

    def test_a_state_folder_that_cannot_be_used_and_a_lost_key_say_what_to_do(self):
        daemon = self.world.start_agent(as_user=self.user)
        self.world.agent("heal", documents.INSTALL)
        daemon.stop()
        os.remove(self.world.path("state", "evidence.key"))
        daemon = self.world.start_agent(as_user=self.user, wait=False)
        self.assertEqual(daemon.wait(20), 2)
        self.assertRegex(daemon.log(), r"evidence\.key is gone.*Put the file back.*key generate")
        os.chmod(self.world.path("state"), 0o500)
        daemon = self.world.start_agent(as_user=self.user, wait=False)
        self.assertEqual(daemon.wait(20), 2)
        self.assertRegex(daemon.log(), r"state_dir .* cannot be used by user \d+: .*Permission denied.*install -d -m 0700")
        os.chmod(self.world.path("state"), 0o700)
