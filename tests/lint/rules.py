"""Rules of the house that a pattern can check, each with the reason it exists. `lint-ok: <reason>` on a line allows one."""
import re
from typing import NamedTuple

from cpp import without_comments

MOST_LINES = 400

# Files that may be longer, each with its reason.
LONG_FILES = {}

CPP = (".cpp", ".hpp")


class Rule(NamedTuple):
    pattern: re.Pattern
    where: re.Pattern
    code_only: bool  # comments and literals do not count
    fault: str
    but: tuple = ()  # files that are the one home of the thing


def _rule(pattern, where, code_only, fault, but=()):
    return Rule(re.compile(pattern), re.compile(where), code_only, fault, but)


_AGENT = r"^agent/.*\.[ch]pp$"
_BOTH = r"^(agent|tests)/.*\.[ch]pp$"

RULES = (
    _rule(r"(?<![\w.>])(?:::|std::)?(?:system|popen)\s*\(", _BOTH, True, "no shell: programs run by argv through ProcessRunner"),
    _rule(r"\bthis_thread::sleep_|\b(?:usleep|nanosleep)\s*\(", _BOTH, True, "no sleeping: wait for the event, with a deadline"),
    _rule(r"\bdetached\b(?!_)", _AGENT, True, "no detached coroutine: every one has an owner (TaskGroup)"),
    _rule(r"\b(?:system_clock|steady_clock)::now\b|\bclock_gettime\b", _AGENT, True, "the clock is handed in: only the time source reads it",
          ("agent/async/system_time_source.cpp", "agent/daemon/service_manager.cpp")),  # the latter: RELOADING=1 wants it
    _rule(r"\busing namespace std\b", r"^(agent|tests)/.*\.hpp$", True, "no using namespace in a header"),
    _rule(r"\bFRIEND_TEST\b|#ifdef\s+\w*TEST", _AGENT, True, "no test seams in production code"),
    _rule(r"#include <(?:boost/beast|boost/asio/ssl|nlohmann|yaml-cpp|CLI/|sqlite3|openssl/(?!types\.h))", r"^agent/.*\.hpp$", False,
          "heavy headers stay in the .cpp that needs them", ("agent/cli/command_line.hpp",)),  # what every subcommand is made of
    _rule(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b", r".", False, "finish it, or write it into the issue"),
    _rule(r"(?<![\w.])/(?:home|work|Users|ro" r"ot)/", r".", False, "no machine's own paths in the tree"),
    _rule(r"[ \t]+$", r".", False, "white space at the end of a line"),
    _rule(r"\bGTEST_SKIP\(\)\s*;", r"^tests/.*\.cpp$", True, "a skip says why"),
    _rule(r"\bDISABLED_\w", r"^tests/.*\.cpp$", True, "no disabled tests"),
)


def check(path, source):
    """Pairs of line and fault for the file at `path`, relative to the project."""
    found = []
    code = without_comments(source).splitlines() if path.endswith(CPP) else None
    lines = source.splitlines()
    for rule in RULES:
        if not rule.where.search(path) or path in rule.but:
            continue
        for number, line in enumerate(code if rule.code_only and code is not None else lines, 1):
            if rule.pattern.search(line) and "lint-ok: " not in lines[number - 1]:
                found.append((number, rule.fault))
    if path.endswith(".hpp") and not any(line == "#pragma once" for line in lines[:3]):
        found.append((1, "a header begins with #pragma once"))
    if path.endswith(CPP + (".py",)) and len(lines) > MOST_LINES and path not in LONG_FILES:
        found.append((len(lines), f"over {MOST_LINES} lines: is it still one idea? Split it, or give a reason in LONG_FILES"))
    return found
