"""One site in a temporary folder: certificates, keys, configurations, the two executables as processes of the test."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest

import documents
import wire
from client import Client
from fake_server import FakeServer
from pki import TRUST_DOMAIN, Authority, host_uri, operator_uri

_ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
AGENT = os.environ.get("AGENT_BIN") or os.path.join(_ROOT, "build", "release", "compliance-agent")
SERVER = os.environ.get("SERVER_BIN") or os.path.join(_ROOT, "build", "release", "compliance-server")
SITE, HOST = "clinic-001", "srv-01"
ORDINARY_USER = 65534  # nobody


def eventually(condition, seconds=20, what="it", pause=0.02):
    """Polls until `condition()` is true, and gives its value; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {seconds} s for {what}")
        time.sleep(pause)


def processes_with(*words):
    """Numbers of the processes, wherever they are, that have all these words on their command lines."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/cmdline", "rb") as file:
                there = file.read().split(b"\0")
        except OSError:
            continue  # it has ended
        if all(word.encode() in there for word in words):
            found.append(int(pid))
    return found


def free_port():
    """A port the kernel chose; a server that is started again needs the same one twice."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def environment():
    """What the programs see: no proxy, no service manager, nothing of the person who runs the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH") if name in os.environ}
    return {**kept, "LC_ALL": "C.UTF-8", "HOME": "/nonexistent"}


class Daemon:
    """A process of ours whose stderr is kept."""

    def __init__(self, argv, log_file, env=None):
        self.argv, self.log_file = argv, log_file
        self.begun_at = os.path.getsize(log_file) if os.path.exists(log_file) else 0
        with open(log_file, "ab") as log:
            self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=env or environment())

    @property
    def pid(self):
        return self.process.pid

    def log(self):
        """What this process has said, not those before it in the same file."""
        with open(self.log_file, encoding="utf-8", errors="replace") as file:
            file.seek(self.begun_at)
            return file.read()

    def wait_log(self, pattern, seconds=20):
        try:
            return eventually(lambda: re.search(pattern, self.log()), seconds, f"/{pattern}/ in the log")
        except AssertionError as error:
            raise AssertionError(f"{error}; the log:\n{self.log()[-3000:]}") from None

    def running(self):
        return self.process.poll() is None

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=20):
        return self.process.wait(seconds)

    def stop(self, seconds=20):
        """A clean stop; gives the exit status."""
        if self.running():
            self.process.send_signal(signal.SIGTERM)
        return self.wait(seconds)

    def kill(self):
        if self.running():
            self.process.kill()
        self.process.wait(10)


class World:
    def __init__(self, test):
        self.test = test
        self.folder = tempfile.mkdtemp(prefix="compliance-e2e-")
        test.addCleanup(shutil.rmtree, self.folder, True)
        self.authority = Authority(self.path("pki"))
        self.host_cert, self.host_key = self.authority.issue("host", host_uri(SITE, HOST))
        self.operator_cert, self.operator_key = self.authority.issue("operator", operator_uri("alice"))
        self.server_cert, self.server_key = self.authority.issue("server", names=("localhost", "127.0.0.1"), server=True)
        self.order_key, self.receipt_key, self.evidence_key = wire.Key(), wire.Key(), wire.Key()
        self.order_key.write(self.path("orders"))
        self.receipt_key.write(self.path("receipt"))
        for name in ("runbooks", "files"):
            os.makedirs(self.path(name))
        os.makedirs(self.path("state"), mode=0o700)
        os.makedirs(self.path("server-state"), mode=0o700)
        self.evidence_key.write(self.path("state", "evidence"))
        self.port = free_port()
        self.server_running = None
        self.fake = None
        self._agent_config = self._default_agent_config()
        documents.write_defaults(self)

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    # Configurations: YAML that is JSON.

    def _default_agent_config(self):
        return {
            "site_id": SITE, "host_id": HOST, "state_dir": self.path("state"),
            "server": {
                "url": f"https://localhost:{self.port}", "ca_file": self.authority.file, "cert_file": self.host_cert,
                "key_file": self.host_key, "receipt_keys": [self.path("receipt.pub")], "poll_interval": "1s", "long_poll": "5s",
                "timeout": "5s", "backoff": {"base": "100ms", "cap": "1s"},
            },
            "orders": {"keys": [{"file": self.path("orders.pub"), "runbooks": ["*"]}]},
            "evidence": {"key_file": self.path("state", "evidence.key")},
            "checks": {"interval": "1h", "baseline": self.path("baseline.yaml")},
            "healing": {"mode": "enforce", "runbooks": self.path("runbooks"), "maintenance_window": None, "cooldown": "0s",
                        "max_per_day": 1000},
            "log": {"level": "debug", "target": "stderr"},
        }  # fmt: skip

    def configure(self, **sections):
        """Merges into the agent's configuration: configure(server={"long_poll": "1s"}). Written at the next use."""
        for name, value in sections.items():
            if isinstance(value, dict) and isinstance(self._agent_config.get(name), dict):
                self._agent_config[name].update(value)
            else:
                self._agent_config[name] = value

    def write_config(self):
        with open(self.path("agent.yaml"), "w", encoding="utf-8") as file:
            json.dump(self._agent_config, file, indent=1)
        return self.path("agent.yaml")

    def operator_config(self):
        config = json.loads(json.dumps(self._agent_config))
        config["server"].update(cert_file=self.operator_cert, key_file=self.operator_key)
        with open(self.path("operator.yaml"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
        return self.path("operator.yaml")

    # The agent.

    def start_agent(self, env=None, wait=True, as_user=()):
        """The daemon; with `wait`, one that has opened its state and listens to signals. `as_user`: see hand_over."""
        self.write_config()
        agent = Daemon([*as_user, AGENT, "run", "--config", self.path("agent.yaml")], self.path("agent.log"), env)
        self.test.addCleanup(agent.kill)
        if wait:
            agent.wait_log(r"compliance-agent \S+ starts")
        return agent

    def hand_over(self):
        """Gives the world to a user who is not root; what starts a program as that user. As that user already: nothing."""
        if os.geteuid() != 0:
            return []
        user = str(ORDINARY_USER)
        subprocess.run(["chown", "-R", f"{user}:{user}", self.folder], check=True)
        prefix = ["setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"]
        if subprocess.run([*prefix, AGENT, "--version"], capture_output=True, check=False).returncode != 0:
            self.test.skipTest(f"user {user} may not run {AGENT}")
        return prefix

    def agent(self, *arguments, config=None, input=None, seconds=60):
        """Runs one command of the agent to its end."""
        if config is None:
            config = self.write_config()
        argv = [AGENT, *arguments, *(["--config", config] if config else [])]
        return subprocess.run(argv, input=input, capture_output=True, text=True, timeout=seconds, env=environment())

    def agent_json(self, *arguments, config=None):
        done = self.agent(*arguments, "--json", config=config)
        assert done.stdout, f"{arguments}: exit status {done.returncode}, nothing on stdout; stderr: {done.stderr}"
        return json.loads(done.stdout)

    # The order server.

    def server_config(self):
        config = {
            "listen": f"127.0.0.1:{self.port}", "trust_domain": TRUST_DOMAIN,
            "tls": {"ca_file": self.authority.file, "cert_file": self.server_cert, "key_file": self.server_key},
            "state_dir": self.path("server-state"), "receipt_key_file": self.path("receipt.key"),
            "order_keys": [self.path("orders.pub")],
        }  # fmt: skip
        with open(self.path("server.yaml"), "w", encoding="utf-8") as file:
            json.dump(config, file, indent=1)
        return self.path("server.yaml")

    def start_server(self, enrol=True):
        server = Daemon([SERVER, "run", "--config", self.server_config()], self.path("server.log"))
        self.test.addCleanup(server.kill)
        self.await_port(server)
        if enrol:
            self.enrol()
        self.server_running = server
        return server

    @staticmethod
    def await_port(daemon):
        def listening():
            if not daemon.running():
                raise AssertionError(f"{daemon.argv[0]} ended with {daemon.process.returncode}:\n{daemon.log()[-2000:]}")
            return "listening on" in daemon.log()

        eventually(listening, 15, "the server to listen")

    def server(self, *arguments):
        return subprocess.run([SERVER, *arguments, "--config", self.server_config()], capture_output=True, text=True, timeout=60,
                              env=environment())

    def enrol(self, site=SITE, host=HOST, key_file=None):
        done = self.server("host", "add", "--site", site, "--host", host, "--evidence-key", key_file or self.path("state", "evidence.pub"))
        assert done.returncode == 0, f"host add: {done.returncode} {done.stderr}"

    def operator(self):
        return Client(self.port, self.authority.file, self.operator_cert, self.operator_key)

    def host(self, certificate=None, key=None):
        return Client(self.port, self.authority.file, certificate or self.host_cert, key or self.host_key)

    # The scripted server.

    def start_fake(self, **options):
        self.fake = FakeServer(options.pop("certificate", self.server_cert), options.pop("key", self.server_key), self.authority.file,
                               self.receipt_key, **options)
        self.test.addCleanup(self.fake.close)
        self.port = self.fake.port
        self.configure(server={"url": self.fake.url})
        return self.fake

    # Orders.

    def order(self, runbook_id=documents.INSTALL, **members):
        site_id, host_id = members.pop("site_id", SITE), members.pop("host_id", HOST)
        return wire.order(site_id, host_id, runbook_id, **members)

    def signed(self, runbook_id=documents.INSTALL, keys=None, **members):
        return wire.envelope(self.order(runbook_id, **members), keys or [self.order_key])

    def exported(self, folder=None):
        """What `evidence export` wrote: (bundle bytes, signature bytes, receipt or None) in chain order."""
        folder = folder or self.path("export")
        shutil.rmtree(folder, True)
        done = self.agent("evidence", "export", "--dir", folder)
        assert done.returncode == 0, f"evidence export: {done.returncode} {done.stderr}"
        return read_export(folder)


def read_export(folder):
    found = []
    for place, _, names in os.walk(folder):
        if "bundle.json" in names:
            parts = {}
            for name in ("bundle.json", "bundle.sig", "receipt.json"):
                parts[name] = open(os.path.join(place, name), "rb").read() if name in names else None
            found.append((parts["bundle.json"], parts["bundle.sig"], json.loads(parts["receipt.json"]) if parts["receipt.json"] else None))
    return sorted(found, key=lambda item: json.loads(item[0])["chain"]["sequence"])


class Case(unittest.TestCase):
    """A test with a world of its own."""

    maxDiff = 4000

    def setUp(self):
        for program in (AGENT, SERVER):
            self.assertTrue(os.access(program, os.X_OK), f"{program} is not built")
        self.world = World(self)

    def said(self):
        """The ends of the daemons' logs, shown with a failure."""
        parts = []
        for name in ("agent.log", "server.log"):
            path = self.world.path(name)
            if os.path.exists(path):
                with open(path, encoding="utf-8", errors="replace") as file:
                    parts.append(f"-- {name} ends:\n{file.read()[-2500:]}")
        return "\n".join(parts)

    def assert_exit(self, done, status):
        self.assertEqual(done.returncode, status, f"{' '.join(done.args)}\nstdout: {done.stdout[-1500:]}\nstderr: {done.stderr[-1500:]}")

    def read(self, path):
        with open(path, "rb") as file:
            return file.read()
