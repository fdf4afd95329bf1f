#!/usr/bin/env python3
"""Adds up what a test run did: ctest's own report, and per program the GoogleTest report it wrote.

A program without a GoogleTest report (the simulation, or one that crashed before writing it) counts
as one, or with --cases-only not at all when it went well. Prints `passed failed skipped`, and on stderr the name of each failure.

usage: summary.py CTEST_JUNIT_XML GTEST_XML_FOLDER [--cases-only]
"""
import pathlib
import sys
import xml.etree.ElementTree as xml


def cases_of(report):
    """(passed, failed names, skipped) of one GoogleTest report."""
    passed, failed, skipped = 0, [], 0
    for case in xml.parse(report).getroot().iter("testcase"):
        name = f"{case.get('classname')}.{case.get('name')}"
        if case.find("failure") is not None:
            failed.append(name)
        elif case.get("result") == "skipped" or case.get("status") == "notrun":
            skipped += 1
        else:
            passed += 1
    return passed, failed, skipped


def main(ctest_report, gtest_folder, alone_counts):
    passed, failures, skipped = 0, [], 0
    for program in xml.parse(ctest_report).getroot().iter("testcase"):
        name = program.get("name")
        went_well = program.get("status") == "run"
        report = pathlib.Path(gtest_folder) / f"{name}.xml"
        try:
            p, f, s = cases_of(report)
        except (OSError, xml.ParseError):
            p, f, s = (alone_counts, [], 0) if went_well else (0, [name], 0)
        if not went_well and not f:
            f = [f"{name} (ended badly)"]
        passed, skipped = passed + p, skipped + s
        failures += f
    for name in failures:
        print(f"failed: {name}", file=sys.stderr)
    print(passed, len(failures), skipped)


if __name__ == "__main__":
    if len(sys.argv) not in (3, 4):
        sys.exit(__doc__)
    main(sys.argv[1], sys.argv[2], alone_counts=0 if "--cases-only" in sys.argv else 1)
