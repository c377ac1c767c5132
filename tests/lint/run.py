#!/usr/bin/python3
"""Runs the lints over the tree: tests/lint/run.py [--results FILE] [NAME...]. One line each; ends with the count."""
import argparse
import os
import re
import shutil
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import coroutines  # noqa: E402
import headers  # noqa: E402
import rules  # noqa: E402

TEXT = (".cpp", ".hpp", ".py", ".md", ".yaml", ".yml", ".json", ".txt", ".cmake", ".nix", ".sh", ".service", ".conf", "run", "quickstart",
        "install-packages")
PASSED_OVER = {"build", ".git", ".cache", "__pycache__", "result"}


def tree():
    """Every text file of the project, relative to its root."""
    found = []
    for folder, folders, files in os.walk(ROOT):
        folders[:] = sorted(name for name in folders if name not in PASSED_OVER)
        for name in sorted(files):
            if name.endswith(TEXT):
                found.append(os.path.relpath(os.path.join(folder, name), ROOT))
    return found


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8", errors="replace") as file:
        return file.read()


def lint_selftest(_):
    suite = unittest.defaultTestLoader.discover(HERE, "test_*.py")
    result = unittest.TextTestRunner(stream=open(os.devnull, "w", encoding="utf-8"), verbosity=0).run(suite)
    return [f"{test}: {trace.strip().splitlines()[-1]}" for test, trace in result.failures + result.errors]


def lint_coroutines(files):
    return [f"{path}:{line}: {fault}" for path in files if path.startswith(("agent/", "tests/")) and path.endswith(rules.CPP)
            for line, fault in coroutines.check(read(path))]


def lint_rules(files):
    return [f"{path}:{line}: {fault}" for path in files for line, fault in rules.check(path, read(path))]


def lint_format(files):
    if not shutil.which("clang-format"):
        return ["clang-format is not installed (config/install-packages test)"]
    sources = [path for path in files if path.endswith(rules.CPP)]
    done = subprocess.run(["clang-format", "--dry-run", "-Werror", *sources], cwd=ROOT, capture_output=True, text=True, timeout=300)
    first = {}
    for path, line in re.findall(r"^(\S+?):(\d+):\d+: error:", done.stderr, re.MULTILINE):
        first.setdefault(path, line)
    faults = [f"{path}:{line}: not as clang-format writes it; run clang-format -i {path}" for path, line in first.items()]
    return faults or ([done.stderr.strip()] if done.returncode else [])


def lint_headers(files):
    chosen = [path for path in files if path.startswith("agent/") and path.endswith(".hpp")]
    return [f"{path} does not compile by itself:\n    {fault}" for path, fault in headers.check(ROOT, chosen, os.path.join(ROOT, "build", "lint"))]


def lint_shell(files):
    """Shell scripts parse, stop at the first fault, and can be run."""
    found = []
    for path in files:
        source = read(path)
        if not source.startswith("#!/usr/bin/env bash"):
            continue
        done = subprocess.run(["bash", "-n", path], cwd=ROOT, capture_output=True, text=True, timeout=60)
        found += [line for line in done.stderr.splitlines() if line]
        if "set -euo pipefail" not in source:
            found.append(f"{path}: begins without set -euo pipefail")
        if not os.access(os.path.join(ROOT, path), os.X_OK):
            found.append(f"{path}: has no run bit")
    return found


def lint_promises(files):
    """Every test that tests/promises.md names exists."""
    sources = "\n".join(read(path) for path in files if path.startswith("tests/") and path.endswith((".cpp", ".py")))
    there = set(re.findall(r"\bdef (test_\w+)", sources)) | set(re.findall(r"\bTEST(?:_F|_P)?\(\s*\w+,\s*(\w+)", sources))
    named = re.findall(r"`(\w+)`", "\n".join(line for line in read("tests/promises.md").splitlines() if line.startswith("|")))
    return [f"tests/promises.md: no test is named {name}" for name in named if name not in there]


LINTS = (lint_selftest, lint_coroutines, lint_rules, lint_promises, lint_shell, lint_format, lint_headers)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", help="write passed, failed and skipped there")
    parser.add_argument("names", nargs="*", help="only these: " + ", ".join(lint.__name__[5:] for lint in LINTS))
    options = parser.parse_args()
    files, passed, failed = tree(), 0, 0
    for lint in LINTS:
        name = lint.__name__[5:]
        if options.names and name not in options.names:
            continue
        begun = time.monotonic()
        faults = lint(files)
        print(f"{'FAIL' if faults else 'ok  '} lint {name} ({time.monotonic() - begun:.1f} s)")
        for fault in faults:
            print(f"  {fault}")
        passed, failed = passed + (not faults), failed + bool(faults)
    if options.results:
        with open(options.results, "w", encoding="utf-8") as file:
            file.write(f"{passed} {failed} 0\n")
    print(f"{passed} lints passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
