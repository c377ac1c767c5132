"""Each header of agent/ compiles by itself. A header whose text and project includes are unchanged is not compiled again.

Most of the time would go to Boost, which half of them see: those that do get all of its headers that the project's headers name,
precompiled. That one of them names its own Boost headers is thus left to the eye; that it names anything else is not.
"""
import concurrent.futures
import hashlib
import os
import re
import subprocess

_FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-Wno-pragma-once-outside-header", "-Iagent", "-x", "c++",
          "-DBOOST_ASIO_SEPARATE_COMPILATION", "-DBOOST_ASIO_NO_DEPRECATED", "-DBOOST_BEAST_SEPARATE_COMPILATION"]
_INCLUDE = re.compile(r'^#include "([^"]+)"', re.MULTILINE)
_BOOST = re.compile(r"^#include <boost/[^>]+>", re.MULTILINE)


class _Project:
    """The headers of the project, each with all that it sees through its includes, itself among them."""

    def __init__(self, root):
        self._root, self._texts, self._seen = root, {}, {}

    def text(self, path):
        if path not in self._texts:
            try:
                with open(os.path.join(self._root, path), encoding="utf-8", errors="replace") as file:
                    self._texts[path] = file.read()
            except FileNotFoundError:
                self._texts[path] = ""
        return self._texts[path]

    def seen_by(self, path):
        if path not in self._seen:
            self._seen[path] = {path}  # a circle ends here
            for name in _INCLUDE.findall(self.text(path)):
                self._seen[path] |= self.seen_by(os.path.join("agent", name))
        return self._seen[path]

    def digest(self, path):
        return hashlib.sha256("\0".join(self.text(seen) for seen in sorted(self.seen_by(path))).encode()).hexdigest()

    def boost_includes(self, path):
        return {line for seen in self.seen_by(path) for line in _BOOST.findall(self.text(seen))}


def _precompile(root, includes, folder, compiler):
    """The flags that make these includes cheap."""
    text = "".join(f"{line}\n" for line in sorted(includes))
    header = os.path.join(folder, hashlib.sha256("\n".join([compiler, *_FLAGS, text]).encode()).hexdigest() + ".hpp")
    if includes and not os.path.exists(header + ".gch"):
        with open(header, "w", encoding="utf-8") as file:
            file.write(text)
        flags = [flag for flag in _FLAGS if flag not in ("-fsyntax-only", "-x", "c++")]
        subprocess.run(["g++", *flags, "-x", "c++-header", header, "-o", header + ".gch"], cwd=root, check=True, timeout=300)
    return ["-include", header, "-Winvalid-pch"]


def check(root, headers, cache_folder):
    """Pairs of header and what the compiler said."""
    os.makedirs(cache_folder, exist_ok=True)
    compiler = subprocess.run(["g++", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    project = _Project(root)
    boost = {path: project.boost_includes(path) for path in headers}
    precompiled = _precompile(root, set().union(*boost.values()), cache_folder, compiler)

    def compile_one(path):
        key = hashlib.sha256("\n".join([compiler, *_FLAGS, project.digest(path)]).encode()).hexdigest()
        mark = os.path.join(cache_folder, key)
        if os.path.exists(mark):
            return None
        # Included from a file of one line: a header is no main file, and says so with #pragma once.
        flags = _FLAGS + (precompiled if boost[path] else [])
        done = subprocess.run(["g++", *flags, "-"], cwd=root, input=f'#include "{os.path.relpath(path, "agent")}"\n',
                              capture_output=True, text=True, timeout=300)
        if done.returncode == 0:
            with open(mark, "w", encoding="utf-8"):
                return None
        first = [line for line in done.stderr.splitlines() if "error" in line][:3]
        return path, "\n    ".join(first or done.stderr.splitlines()[:3])

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [fault for fault in pool.map(compile_one, headers) if fault]
