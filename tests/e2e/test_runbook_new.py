"""`runbook new`."""
import os

import documents
from world import Case


class New(Case):
    def test_a_new_runbook_passes_config_check_and_only_looks(self):
        done = self.world.agent("runbook", "new", "firewall")
        self.assert_exit(done, 0)
        path = self.world.path("runbooks", "RB-FIREWALL-001.yaml")
        self.assertEqual(done.stdout.strip(), path)
        self.assert_exit(self.world.agent("config", "check"), 0)
        self.assertIn("RB-FIREWALL-001", self.world.agent("runbook", "list").stdout)
        self.assert_exit(self.world.agent("heal", "RB-FIREWALL-001", "--dry-run"), 0)

    def test_nothing_that_is_there_is_overwritten(self):
        path = self.world.path("runbooks", "RB-FIREWALL-001.yaml")
        os.symlink(self.world.path("files", "elsewhere"), path)
        self.assert_exit(self.world.agent("runbook", "new", "firewall"), 1)
        self.assertFalse(os.path.exists(self.world.path("files", "elsewhere")))
        os.remove(path)
        with open(path, "w", encoding="utf-8") as file:
            file.write("half written")
        done = self.world.agent("runbook", "new", "firewall")
        self.assert_exit(done, 1)
        self.assertIn(path, done.stderr)
        self.assertEqual(self.read(path), b"half written")
        os.remove(path)
        documents.write_runbook(self.world, "RB-FIREWALL-001", [{"action": "check.run", "checks": "all"}])
        done = self.world.agent("runbook", "new", "firewall")
        self.assert_exit(done, 1)
        self.assertIn("RB-FIREWALL-001 is already the id of", done.stderr)

    def test_a_folder_of_its_own_needs_no_configuration(self):
        done = self.world.agent("runbook", "new", "RB-DISK-007", "--dir", self.world.path("files"), config="/nonexistent")
        self.assert_exit(done, 0)
        self.assertIn(b"id: RB-DISK-007\n", self.read(self.world.path("files", "RB-DISK-007.yaml")))

    def test_a_name_that_makes_no_id_is_64(self):
        for name in ("../evil", "a b", "", "x" * 60):
            with self.subTest(name):
                self.assert_exit(self.world.agent("runbook", "new", name), 64)
        self.assertEqual(sorted(os.listdir(self.world.path("runbooks"))), sorted(f"{id.lower()}.yaml" for id in (
            documents.INSTALL, documents.COUNT, documents.FAIL, documents.SLOW)))  # fmt: skip
