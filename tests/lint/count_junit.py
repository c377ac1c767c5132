#!/usr/bin/python3
"""count_junit.py JUNIT.xml SKIPS: prints "passed failed skipped" of a ctest run; appends each skip and its reason to SKIPS."""
import sys
import xml.etree.ElementTree as tree

passed, failed, skips = 0, 0, []
for case in tree.parse(sys.argv[1]).getroot().iter("testcase"):
    if case.get("status") == "run":
        passed += 1
    elif case.find("skipped") is not None or case.get("status") in ("notrun", "disabled"):
        said = (case.findtext("system-out") or "").splitlines()
        reason = next((said[i + 1].strip() for i, line in enumerate(said[:-1]) if "Skipped" in line), "")
        skips.append(f"{case.get('name')}: {reason or 'no reason given'}")
    else:
        failed += 1
with open(sys.argv[2], "a", encoding="utf-8") as file:
    file.writelines(skip + "\n" for skip in skips)
print(passed, failed, len(skips))
