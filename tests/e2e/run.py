#!/usr/bin/python3
"""End-to-end tests with the real executables: tests/e2e/run.py [--jobs N] [--results FILE] [--skips FILE] [PATTERN...].

AGENT_BIN and SERVER_BIN name the executables (default: build/release). PATTERN: part of a test's name. One line a test;
a failed one is shown with the end of its daemons' logs.
"""
import argparse
import concurrent.futures
import glob
import os
import signal
import subprocess
import sys
import time
import traceback
import unittest

import container

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
MOST_SECONDS = 240  # of one test, kill -9 rounds included


def names():
    found = []

    def walk(suite):
        for item in suite:
            if isinstance(item, unittest.TestSuite):
                walk(item)
            else:
                found.append(item.id())

    for path in sorted(glob.glob(os.path.join(HERE, "test_*.py"))):
        walk(unittest.defaultTestLoader.loadTestsFromName(os.path.splitext(os.path.basename(path))[0]))
    return found


def run_one(name):
    """Each test in a process group of its own: what hangs or dies takes nothing else with it, and leaves nothing behind."""
    begun = time.monotonic()
    argv = [sys.executable, os.path.join(HERE, "run.py"), "--one", name]
    process = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                               start_new_session=True)
    try:
        said, status = process.communicate(timeout=MOST_SECONDS)[0], process.returncode
    except subprocess.TimeoutExpired:
        said, status = f"cut off after {MOST_SECONDS} s", 1
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
    return name, status, said.strip(), time.monotonic() - begun


class _Result(unittest.TestResult):
    """Prints a failure with the ends of the daemons' logs while they are still there."""

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._show(test, err)

    addError = addFailure

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            print(f"in {subtest}:")
            self._show(test, err)

    @staticmethod
    def _show(test, err):
        print("".join(traceback.format_exception(*err, limit=-4)))
        if hasattr(test, "world"):
            print(test.said())


def only(name):
    suite = unittest.defaultTestLoader.loadTestsFromName(name)
    result = _Result()
    suite.run(result)
    for _, reason in result.skipped:
        print(reason)
    return 1 if not result.wasSuccessful() else 77 if result.skipped else 0


def make_container_root():
    """Takes half a minute, once: beside the other tests, and not within the time of one."""
    try:
        container.root()
    except container.Unavailable:
        pass  # the tests that need it say why


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--results")
    parser.add_argument("--skips")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("patterns", nargs="*")
    options = parser.parse_args()
    if options.one:
        return only(options.one)
    chosen = [name for name in names() if not options.patterns or any(pattern in name for pattern in options.patterns)]
    counts, skips, begun = {0: 0, 1: 0, 77: 0}, [], time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(max(1, min(options.jobs, os.cpu_count()))) as pool:
        if any(name.startswith(("test_units.", "test_step_units.")) for name in chosen):
            pool.submit(make_container_root)
        for name, status, said, seconds in pool.map(run_one, chosen):
            status = status if status in (0, 77) else 1
            counts[status] += 1
            print(f"{ {0: 'ok  ', 1: 'FAIL', 77: 'skip'}[status]} {name} ({seconds:.1f} s)", flush=True)
            if status:
                print("  " + said.replace("\n", "\n  "), flush=True)
            elif said.startswith("seed"):
                print("  " + said.splitlines()[0], flush=True)
            if status == 77:
                skips.append(f"{name}: {said}")
    if options.results:
        with open(options.results, "w", encoding="utf-8") as file:
            file.write(f"{counts[0]} {counts[1]} {counts[77]}\n")
    if options.skips and skips:
        with open(options.skips, "a", encoding="utf-8") as file:
            file.writelines(skip + "\n" for skip in skips)
    print(f"{counts[0]} end-to-end tests passed, {counts[1]} failed, {counts[77]} skipped in {time.monotonic() - begun:.0f} s")
    return 1 if counts[1] else 0


if __name__ == "__main__":
    sys.exit(main())
