"""check --learn: a baseline from the host as it is, for a person to review."""
import os
import re
import subprocess

import documents
from world import AGENT, Case, environment

BUILT_IN = ("patching", *documents.PREPARED)


class Learn(Case):
    def learn(self, *names, exit=0):
        done = self.world.agent("check", "--learn", *names)
        self.assert_exit(done, exit)
        return done.stdout

    def use(self, text):
        """Makes `text` the baseline, as somebody who kept it would."""
        with open(self.world.path("learnt.yaml"), "w", encoding="utf-8") as file:
            file.write(text)
        self.world.configure(checks={"baseline": self.world.path("learnt.yaml")})
        done = self.world.agent("config", "check")
        self.assert_exit(done, 0)

    def write(self, name, content, mode):
        with open(self.world.path("files", name), "w", encoding="utf-8") as file:
            file.write(content)
        os.chmod(self.world.path("files", name), mode)
        return self.world.path("files", name)

    def everything(self):
        """What the folder of this test holds, by content."""
        found = {}
        for folder, _, names in os.walk(self.world.folder):
            for name in names:
                path = os.path.join(folder, name)
                with open(path, "rb") as file:
                    found[path] = (os.stat(path).st_mode, file.read())
        return found

    def test_what_is_learnt_is_a_baseline_that_this_host_passes(self):
        self.write("motd", "not what was expected\n", 0o600)
        documents.write_baseline(self.world, [
            {"name": "new-file", "kind": "file", "path": self.write("new", "x: y # z\n", 0o640), "present": True},
            {"name": "kernel", "kind": "sysctl", "key": "kernel.ostype", "value": "Minix"},
            {"name": "libc", "kind": "package", "package": "libc6", "version": "1"},
            {"name": "roots", "kind": "user", "uid_0": ["nobody"]},
            {"name": "proc", "kind": "mount", "path": "/proc", "fstype": "ext4"},
            {"name": "says", "kind": "command", "argv": ["/bin/echo", "off"], "status": 1, "output": "on"},
        ])  # fmt: skip
        names = (documents.CHECK, "new-file", "kernel", "libc", "roots", "proc", "says")
        self.assert_exit(self.world.agent("check", *names), 1)
        self.world.write_config()
        before = self.everything()
        learnt = self.learn()
        self.assertEqual(self.everything(), before)
        self.assertEqual(self.learn(), learnt)
        self.assertIn('before: mode: "0644"', learnt)
        self.use(learnt)
        done = self.world.agent("check", *names)
        self.assertEqual((done.returncode, done.stdout.count("pass")), (0, len(names)), done.stdout)
        self.assertNotIn("before:", self.learn())

    def test_without_a_baseline_every_built_in_check_is_proposed_and_every_gap_named(self):
        with open(self.world.path("baseline.yaml"), "w", encoding="utf-8") as file:
            file.write("version: 1\n")
        done = self.world.agent("check", "--learn")
        gaps = re.findall(r"^compliance-agent: not learnt: (\w+): .+", done.stderr, re.M)
        self.assert_exit(done, 2 if gaps else 0)
        for name in BUILT_IN:
            self.assertRegex(done.stdout, rf"(?m)^  # .+\n(  # .*\n)*  {name}:")
        self.assertEqual(done.stdout.count("# NOT LEARNT: "), len(gaps))
        self.use(done.stdout)

    def test_what_may_not_be_read_is_named_and_stays_as_it_was(self):
        if os.geteuid() != 0:
            self.skipTest("only root can take a right away from somebody else")
        digest = "0" * 64
        documents.write_baseline(self.world, [{"name": "secret", "kind": "file", "path": self.write("secret", "x", 0o600), "sha256": digest}])
        config = self.world.write_config()
        user = self.world.hand_over()
        os.chown(self.world.path("files", "secret"), 0, 0)
        done = subprocess.run([*user, AGENT, "check", "--learn", "secret", "--config", config], capture_output=True, text=True, timeout=60,
                              env=environment(), check=False)  # fmt: skip
        self.assert_exit(done, 2)
        self.assertRegex(done.stderr, r"not learnt: secret: needs read permission on \S*files/secret")
        self.assertRegex(done.stdout.replace("\n  #", ""), r" NOT LEARNT: .*needs read permission")
        self.assertIn(digest, done.stdout)
        self.use(done.stdout)

    def test_a_name_learns_of_that_check_only(self):
        path = self.write("motd", documents.CONTENT, 0o600)
        documents.write_baseline(self.world, [{"name": "other", "kind": "file", "path": path, "mode": "0777"}])
        learnt = self.learn("other")
        self.assertEqual(re.findall(r'^    mode: "(\d+)"', learnt, re.M), ["0644", "0600"])
        self.assert_exit(self.world.agent("check", "--learn", "others"), 64)
        for words in (("--json",), ("--explain",)):
            self.assert_exit(self.world.agent("check", "--learn", *words), 64)
