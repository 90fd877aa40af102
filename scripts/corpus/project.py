"""One project of the corpus: plain cargo, then cargo with its dependencies from
a store that has none of them, then the same in a second checkout."""

import json
import os
import re
import shutil
from dataclasses import dataclass, field
from pathlib import Path

import reproduce
from place import REPOSITORY, Failed, remove, say

TEST = re.compile(r"^test (.+?) \.\.\. (ok|FAILED|ignored)", re.M)
# What nextest says when it ends.
RAN = re.compile(r"(\d+) tests? run: (\d+) passed")
# What cargo says when a unit is not fresh.
WORK = re.compile(r"^ *(Compiling|Checking) ", re.M)
# A toolchain of its own would be downloaded; the machine's is good enough.
TOOLCHAIN_FILES = ("rust-toolchain", "rust-toolchain.toml")


@dataclass
class Project:
    name: str
    version: str = ""
    debian: list = field(default_factory=list)
    refused: str = ""
    runs: object = None
    is_member: bool = False

    @property
    def title(self):
        return f"conformance/{self.name}" if self.is_member else f"{self.name} {self.version}"

    def file(self, profile):
        kind = "conformance-" if self.is_member else ""
        return f"{kind}{self.name}.{profile}.json"

    def checkout(self, place, name):
        """A fresh copy of its sources, with a crate-env.nix; gives its directory."""
        top = place.checkouts / name / self.name
        if self.is_member:
            ignore = shutil.ignore_patterns("target", "generated.rs")
            shutil.copytree(REPOSITORY / "examples/conformance", top, ignore=ignore)
            return top / self.name
        package = f"{self.name}@{self.version}"
        place.run("the download", place.checkouts, ["cargo", "info", "--quiet", package])
        found = list(place.cargo_home.glob(f"registry/src/*/{self.name}-{self.version}"))
        if not found:
            raise Failed("the download", f"cargo did not unpack {package}")
        shutil.copytree(found[0], top)
        if not (top / "Cargo.lock").exists():
            raise Failed("the download", f"{package} was published without a Cargo.lock")
        for file in TOOLCHAIN_FILES:
            remove(top / file)
        place.cargo_nix("cargo nix init", top, "init")
        return top


class Measurement:
    """What is found out about a project, step by step."""

    def __init__(self, place, project, profile):
        self.place, self.project, self.profile = place, project, profile
        self.found = {"title": project.title, "profile": profile, "failures": []}
        self.target = place.checkouts / "target-of-plain"

    def run(self):
        began = os.getloadavg()[0]
        try:
            self.place.fresh()
            self.plain()
            self.from_the_store()
        except Failed as failed:
            self.fail(failed.step, failed.said)
        self.found["load"] = [round(began, 1), round(os.getloadavg()[0], 1)]
        self.place.clear()
        return self.found

    def fail(self, step, said):
        say(f"{self.project.title}: {step} failed")
        self.found["failures"].append({"step": step, "said": said})

    def cargo(self, step, directory, verb, units, may_fail=False):
        words = ["exec", "--quiet", "--", "cargo", verb, "--locked"]
        if self.project.is_member:
            words += ["-p", self.project.name]
        if self.profile == "release":
            words.append("--release")
        if verb == "test":
            words.append("--no-fail-fast")
        variables = {} if units else {"CARGO_NIX_UNITS": 0}
        say(f"{self.project.title}: {step}")
        return self.place.cargo_nix(step, directory, *words, may_fail=may_fail, **variables)

    def prepare(self, name, units):
        """A checkout with its downloads and its environment there."""
        directory = self.project.checkout(self.place, name)
        variables = {} if units else {"CARGO_NIX_UNITS": 0}
        self.place.cargo_nix(
            f"the environment ({name})", directory, "exec", "--quiet", "--", "cargo", "fetch", "--locked", **variables
        )
        return directory

    def plain(self):
        directory = self.prepare("plain", units=False)
        took, said, status = self.cargo("plain build", directory, "build", units=False, may_fail=True)
        if status != 0:
            # Then there is nothing to compare with.
            if not self.project.refused:
                raise Failed("plain build", said)
        else:
            self.found["plain"] = took
            self.tests("plain", directory, units=False)
        remove(self.place.checkouts / "plain")

    def tests(self, step, directory, units):
        _, said, status = self.cargo(f"tests, {step}", directory, "test", units, may_fail=True)
        # Tests of documentation are called by where the file is.
        outcomes = dict(TEST.findall(said.replace(f"{self.place.checkouts}/{step}/", "")))
        tests = {"status": status, "passed": sorted(name for name, outcome in outcomes.items() if outcome == "ok")}
        if status != 0:
            tests["said"] = said[-6000:]
        self.found.setdefault("tests", {})[step] = tests

    def from_the_store(self):
        for name in ("cold", "warm"):
            directory = self.prepare(name, units=True)
            took, said, status = self.cargo(f"{name} build", directory, "build", units=True, may_fail=True)
            if self.project.refused:
                self.refused(status, said)
                return
            if status != 0:
                raise Failed(f"{name} build", said)
            self.found[name] = took
            build = self.build(directory)
            self.found[f"{name} units"] = self.units(build)
            if name == "warm":
                _, said, _ = self.cargo("no-op build", directory, "build", units=True)
                if WORK.search(said):
                    self.fail("no-op build", said)
                self.tests("warm", directory, units=True)
                self.compare_tests()
                self.reproduce(directory, build)
                if self.project.runs:
                    self.run_the_tests_of(self.project.runs, directory)
            remove(self.place.checkouts / name)

    def run_the_tests_of(self, other, directory):
        """Of another project, in a checkout of its own, by the program built here."""
        say(f"{self.project.title}: runs the tests of {other.title}")
        programs = directory / "target" / ("release" if self.profile == "release" else "debug")
        step, path = f"tests of {other.name}", f"{programs}:{os.environ['PATH']}"
        checkout = other.checkout(self.place, "other")
        words = ["exec", "--quiet", "--", "cargo", "nextest", "run", "--locked"]
        _, said, _ = self.place.cargo_nix(step, checkout, *words, PATH=path)
        ran = RAN.search(said)
        if not ran or ran[1] != ran[2]:
            raise Failed(step, said)
        self.found["runs"] = {"title": other.title, "passed": int(ran[1]), "units": self.build(checkout)["sums"]}

    def refused(self, status, said):
        if status == 0:
            self.fail("refusal", "it was built, and should not have been")
        elif self.project.refused not in said:
            self.fail("refusal", said)
        else:
            self.found["refused"] = said[-6000:]

    def build(self, directory):
        """The last build, as `cargo nix stats` tells of it."""
        top = directory.parent if self.project.is_member else directory
        _, said, _ = self.place.cargo_nix("cargo nix stats", directory, "stats", "--json", "--last", 1, "--project", top)
        return json.loads(said)["builds"][-1]

    def units(self, build):
        """Its sums, and why units that are not members were local."""
        members = {"it is a member of the workspace or a path dependency"}
        local = [
            f"{unit['stem']}: {unit.get('reason')}"
            for unit in build["units"]
            if unit["outcome"] == "local" and unit.get("reason") not in members
        ]
        return {**build["sums"], "reasons": local}

    def reproduce(self, directory, build):
        """The cold build left these derivations; some are built once more."""
        say(f"{self.project.title}: a sample of its units once more")
        paths = [unit["path"] for unit in build["units"] if unit.get("path")]
        self.found["again"] = reproduce.check(self.place, directory, paths)

    def compare_tests(self):
        plain, warm = self.found["tests"]["plain"], self.found["tests"]["warm"]
        lost = sorted(set(plain["passed"]) - set(warm["passed"]))
        if lost:
            self.fail("tests", f"passed by plain cargo only: {', '.join(lost)}\n{warm.get('said', '')}")
        elif plain["status"] == 0 and warm["status"] != 0:
            self.fail("tests", warm["said"])
