"""A Debian in which a real systemd boots, by systemd-nspawn: nothing that happens in it outlives it or reaches this host.

Its root is made by mmdebstrap once per list of packages, below build/, and is never written to afterwards.
"""
import fcntl
import glob
import hashlib
import os
import shutil
import signal
import subprocess
import time

from world import _ROOT, eventually

PACKAGES = ("systemd", "systemd-sysv", "dbus", "chrony", "clamav-daemon", "cron", "nftables", "rsyslog")
_NAME = "compliance-e2e-"
_MAKING = 600  # seconds


class Unavailable(Exception):
    """Why no container runs here."""


def _require():
    if os.geteuid() != 0:
        raise Unavailable("a container needs root")
    for program in ("mmdebstrap", "systemd-nspawn", "nsenter", "unshare"):
        if shutil.which(program) is None:
            raise Unavailable(f"{program} is not installed")
    if not _cgroup_roots():
        raise Unavailable("no cgroup hierarchy that systemd could use")


def _suite():
    """The one of this host, so that its programs run there."""
    with open("/etc/os-release", encoding="utf-8") as file:
        facts = dict(line.strip().split("=", 1) for line in file if "=" in line)
    if facts.get("ID") != "debian" or "VERSION_CODENAME" not in facts:
        raise Unavailable("this host is not a release of Debian, of which a root could be made")
    return facts["VERSION_CODENAME"]


def _make(suite, folder):
    argv = ["mmdebstrap", "--variant=essential", "--mode=root", "--format=directory", "--include=" + ",".join(PACKAGES),
            "--dpkgopt=force-unsafe-io", *(f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("doc", "locale", "man")),
            '--aptopt=Acquire::Languages "none"', suite, folder]  # fmt: skip
    try:
        done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=_MAKING, check=False)
    except subprocess.TimeoutExpired as late:
        raise Unavailable(f"mmdebstrap made no root within {_MAKING} s") from late
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("E:")] or done.stderr.splitlines()
        raise Unavailable("mmdebstrap made no root: " + "; ".join(said[-2:]))


def root():
    """The folder of the root, which is made if it is not there yet."""
    _require()
    suite = _suite()
    key = hashlib.sha256(" ".join((suite, *PACKAGES)).encode()).hexdigest()[:16]
    folder = os.path.join(_ROOT, "build", "container", key)
    os.makedirs(os.path.dirname(folder), exist_ok=True)
    with open(folder + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not os.path.isdir(folder):
            making = folder + ".new"
            shutil.rmtree(making, True)
            _make(suite, making)
            os.rename(making, folder)
    return folder


def _cgroup_roots():
    """That of the one hierarchy, or the two of a host that has the older kind as well."""
    found = [path for path in ("/sys/fs/cgroup/systemd", "/sys/fs/cgroup/unified") if os.path.exists(f"{path}/cgroup.procs")]
    return found or [path for path in ("/sys/fs/cgroup",) if os.path.exists(f"{path}/cgroup.procs")]


def _remove_cgroups(name):
    for top in _cgroup_roots():
        for place, _, _ in os.walk(os.path.join(top, name), topdown=False):
            try:
                os.rmdir(place)
            except OSError:
                pass  # of a container that runs, or is just ending


def _remove_stale_cgroups():
    """Of tests that were killed."""
    for place in glob.glob(f"{_cgroup_roots()[0]}/{_NAME}*"):
        name = os.path.basename(place)
        if not os.path.exists("/proc/" + name.removeprefix(_NAME)):
            _remove_cgroups(name)


def _libraries(program, folder):
    """What `program` is linked with and the root does not have: (path here, path there)."""
    said = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    paths = [line.split()[2] for line in said.splitlines() if "=> /" in line]
    return [(path, "/opt/lib/" + os.path.basename(path)) for path in paths if not os.path.exists(folder + path)]


def _children(process):
    try:
        with open(f"/proc/{process}/task/{process}/children", encoding="ascii") as file:
            return file.read().split()
    except OSError:
        return []


def _pid_namespace(process):
    try:
        return os.readlink(f"/proc/{process}/ns/pid")
    except OSError:
        return None


class Container:
    """Booted when made; `test` stops it at its end. `shared` folders are the same within, and writable."""

    def __init__(self, test, program, shared=()):
        folder = root()
        _remove_stale_cgroups()
        self.name = f"{_NAME}{os.getpid()}"
        self.program = "/opt/" + os.path.basename(program)
        binds = [(program, self.program), *_libraries(program, folder)]
        self.log_file = os.path.join(shared[0], "boot.log")
        # In a PID namespace of its own, since systemd-nspawn may be killed together with its test: then all of it ends.
        argv = ["unshare", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc",
                "systemd-nspawn", "--directory", folder, "--volatile=overlay", "--boot", "--quiet", "--register=no", "--keep-unit",
                "--private-network", "--machine", self.name, "--console=pipe", "--kill-signal=SIGKILL",
                *(f"--bind-ro={here}:{there}" for here, there in binds), *(f"--bind={path}" for path in shared)]  # fmt: skip
        self.nspawn = None
        test.addCleanup(self.stop)
        with open(self.log_file, "wb") as log:
            try:
                self.process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log, preexec_fn=self._enter_cgroups)
            except subprocess.SubprocessError as refused:
                raise Unavailable("no cgroup can be made here") from refused
        self.init = eventually(self._first_child, 20, "the container's first process")
        eventually(self._is_up, 60, "systemd in the container", pause=0.1)

    def _enter_cgroups(self):
        """systemd-nspawn makes cgroups beside itself: two of them would collide."""
        for top in _cgroup_roots():
            os.makedirs(os.path.join(top, self.name), exist_ok=True)
            with open(os.path.join(top, self.name, "cgroup.procs"), "w", encoding="ascii") as file:
                file.write("0")

    def _first_child(self):
        if self.process.poll() is not None:
            with open(self.log_file, encoding="utf-8", errors="replace") as file:
                raise Unavailable("systemd-nspawn: " + file.read()[-300:].strip())
        for nspawn in _children(self.process.pid):
            for child in _children(nspawn):
                # The one before it, which only prepares, has no namespace of its own.
                if _pid_namespace(child) not in (None, _pid_namespace(nspawn)):
                    self.nspawn = int(nspawn)
                    return int(child)
        return None

    def _is_up(self):
        return self.run("systemctl", "is-system-running").stdout.strip() in ("running", "degraded")

    def argv(self, *words, env=()):
        variables = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8", **dict(env)}
        return ["nsenter", "--target", str(self.init), "--all", "env", "-i", *(f"{name}={text}" for name, text in variables.items()), *words]

    def run(self, *words, env=(), seconds=120):
        return subprocess.run(self.argv(*words, env=env), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=seconds,
                              check=False)

    def systemctl(self, *words):
        """What it prints. It must succeed, unless a state is asked for."""
        done = self.run("systemctl", *words)
        if not words[0].startswith("is-") and done.returncode != 0:
            raise AssertionError(f"systemctl {' '.join(words)}: {done.stderr}")
        return done.stdout.strip()

    def write(self, path, text):
        """A file in the container, with the folders on the way."""
        there = f"/proc/{self.init}/root{path}"
        os.makedirs(os.path.dirname(there), exist_ok=True)
        with open(there, "w", encoding="utf-8") as file:
            file.write(text)

    def stop(self):
        """Takes everything in it along, and waits until it is gone."""
        if not hasattr(self, "process"):
            return
        try:
            if self.nspawn and self.process.poll() is None:
                os.kill(self.nspawn, signal.SIGTERM)
                self.process.wait(10)
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass
        self.process.kill()
        self.process.wait(10)
        deadline = time.monotonic() + 5
        while any(os.path.exists(f"{top}/{self.name}") for top in _cgroup_roots()) and time.monotonic() < deadline:
            _remove_cgroups(self.name)
            time.sleep(0.05)
