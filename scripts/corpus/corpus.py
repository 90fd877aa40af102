#!/usr/bin/env python3
"""`make corpus`: real projects, and the members of examples/conformance, with
plain cargo and with their dependencies from the store.

Usage: corpus.py [--only NAME] [--release] [--again] [--table] BINARIES
  BINARIES   the directory of cargo-nix and cargo-nix-eval

What is found out about a project is kept below $CORPUS_DIR (default:
target/corpus), so that the next run goes on where this one was stopped, and
`docs/corpus.md` is written anew from all of it after each project.
Ends with 1 if a project has failures.
"""

import argparse
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import table
from place import REPOSITORY, Place, say
from project import Measurement, Project

PROFILES = ("dev", "release")


def projects():
    """In the order of projects.toml; tables of one name are listed together there."""
    text = (Path(__file__).parent / "projects.toml").read_text()
    listed = tomllib.loads(text)
    order = [line.split('"')[1] for line in text.splitlines() if line.startswith("name = ")]
    every = [Project(**entry) for entry in listed["project"]]
    every += [Project(**entry, is_member=True) for entry in listed["member"]]
    by_name = {project.name: project for project in every}
    for project in every:
        project.runs = by_name.get(project.runs)
    return sorted(every, key=lambda project: order.index(project.name))


def missing(project):
    """Debian packages that it needs and the machine lacks."""

    def is_missing(package):
        asked = subprocess.run(["dpkg-query", "-W", "-f", "${Status}", package], capture_output=True, check=False)
        return not asked.stdout.endswith(b" installed")

    return [package for package in project.debian if is_missing(package)]


def arguments():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--only", help="one project or member, by name")
    parser.add_argument("--release", action="store_true", help="the release profile")
    parser.add_argument("--again", action="store_true", help="measure again what is known")
    parser.add_argument("--table", action="store_true", help="only write docs/corpus.md")
    parser.add_argument("binaries", type=Path)
    return parser.parse_args()


def main():
    given = arguments()
    top = Path(os.environ.get("CORPUS_DIR") or REPOSITORY / "target/corpus").resolve()
    place = Place(top, given.binaries.resolve())
    profile = "release" if given.release else "dev"
    every = projects()
    chosen = [project for project in every if given.only in (None, project.name)]
    if not chosen:
        sys.exit(f"corpus: no project is called '{given.only}'\n  they are: {', '.join(p.name for p in every)}")
    for project in [] if given.table else chosen:
        file = place.results / project.file(profile)
        if file.exists() and not (given.again or given.only):
            continue
        if lacking := missing(project):
            say(f"{project.title} is left out: apt-get install {' '.join(lacking)}")
            continue
        found = Measurement(place, project, profile).run()
        new = file.with_suffix(".new")
        new.write_text(json.dumps(found, indent=1))
        new.rename(file)
        table.write(REPOSITORY / "docs/corpus.md", known(place, every))
    table.write(REPOSITORY / "docs/corpus.md", known(place, every))
    failed = [found["title"] for found in known(place, chosen) if found["failures"]]
    if failed:
        sys.exit(f"corpus: with failures: {', '.join(failed)}")


def known(place, every):
    files = [place.results / project.file(profile) for profile in PROFILES for project in every]
    return [json.loads(file.read_text()) for file in files if file.exists()]


if __name__ == "__main__":
    main()
