"""What a daemon that is not root may read, and whose its files are."""
import os
import signal

from world import Case


class Rights(Case):
    def setUp(self):
        super().setUp()
        self.user = self.world.hand_over()

    def reload(self, daemon):
        before = len(daemon.log())
        daemon.signal(signal.SIGHUP)
        daemon.wait_log(r"(?i)reloaded")
        return daemon.log()[before:]

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
