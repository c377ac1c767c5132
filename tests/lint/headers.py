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


def _digest(root, path, known):
    """Covers the header and, through its includes, all of the project that it sees."""
    if path in known:
        return known[path]
    known[path] = ""  # a circle ends here
    try:
        with open(os.path.join(root, path), "rb") as file:
            data = file.read()
    except FileNotFoundError:
        return ""
    total = hashlib.sha256(data)
    for name in _INCLUDE.findall(data.decode("utf-8", "replace")):
        total.update(_digest(root, os.path.join("agent", name), known).encode())
    known[path] = total.hexdigest()
    return known[path]


def _boost(root, path, known):
    """The Boost includes of the header and of all of the project that it sees."""
    if path in known:
        return known[path]
    known[path] = found = set()
    try:
        with open(os.path.join(root, path), encoding="utf-8", errors="replace") as file:
            text = file.read()
    except FileNotFoundError:
        return found
    found.update(_BOOST.findall(text))
    for name in _INCLUDE.findall(text):
        found |= _boost(root, os.path.join("agent", name), known)
    return found


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
    known, boost = {}, {}
    for path in headers:
        _boost(root, path, boost)
    precompiled = _precompile(root, set().union(*boost.values()), cache_folder, compiler)

    def compile_one(path):
        key = hashlib.sha256("\n".join([compiler, *_FLAGS, _digest(root, path, known)]).encode()).hexdigest()
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

    for path in headers:
        _digest(root, path, known)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        return [fault for fault in pool.map(compile_one, headers) if fault]
