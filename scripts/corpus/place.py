"""Where the corpus is built: a directory with a cargo home that is kept, and a
HOME and a store that are put back to "a toolchain, the machine's own files, and
nothing else" before each project, so that cold is cold.

Never touches what is outside of that directory; nothing here outlives a run but
what the next one saves time with.
"""

import fcntl
import os
import shutil
import stat
import subprocess
import sys
import time
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
# No step of a project takes longer; one that does counts as failed.
LIMIT = 2 * 3600
# Of what a failed step said, this much is kept.
KEPT = 6000


class Failed(Exception):
    """A step that failed: what it was, and the end of what it said."""

    def __init__(self, step, said):
        super().__init__(step)
        self.step, self.said = step, said[-KEPT:]


def say(text):
    print(f"corpus: {text}", file=sys.stderr, flush=True)


def remove(path):
    """Like rm -rf, through the read-only directories of a store."""
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.exists():
        subprocess.run(["find", path, "-type", "d", "!", "-perm", "-u+w", "-exec", "chmod", "u+w", "{}", "+"], check=True)
        shutil.rmtree(path)


class Place:
    def __init__(self, top, binaries):
        self.top, self.binaries = top, binaries
        self.live = top / "live"
        self.checkouts = top / "checkouts"
        self.template = top / "template"
        self.results = top / "results"
        self.cargo_home = top / "cargo-home"
        for directory in (self.cargo_home, self.results):
            directory.mkdir(parents=True, exist_ok=True)
        self._lock = open(top / "lock", "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            sys.exit(f"corpus: another run is at work in {top}\n  wait for it, or set CORPUS_DIR to another directory")

    def environment(self, **more):
        """A few known variables, as in the tests."""
        nix = self.live / "nix"
        rustup = os.environ.get("RUSTUP_HOME") or Path.home() / ".rustup"
        return {
            "HOME": self.live / "home",
            "PATH": os.environ["PATH"],
            "LANG": "C.UTF-8",
            "RUSTUP_HOME": rustup,
            "CARGO_HOME": self.cargo_home,
            "NIX_CONFIG": "substituters =",
            "NIX_STORE_DIR": nix / "store",
            "NIX_STATE_DIR": nix / "var/nix",
            "NIX_LOG_DIR": nix / "var/log/nix",
            "NIX_CONF_DIR": nix / "etc",
            **more,
        }

    def run(self, step, directory, words, may_fail=False, **variables):
        """Runs it; gives the seconds it took and both its streams as one text."""
        began = time.monotonic()
        try:
            done = subprocess.run(
                [str(word) for word in words],
                cwd=directory,
                env={name: str(value) for name, value in self.environment(**variables).items()},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=LIMIT,
                check=False,
            )
        except subprocess.TimeoutExpired as late:
            raise Failed(step, f"it ran for more than {LIMIT} s") from late
        took = time.monotonic() - began
        said = done.stdout.decode(errors="replace")
        if done.returncode != 0 and not may_fail:
            raise Failed(step, said)
        return took, said, done.returncode

    def cargo_nix(self, step, directory, *words, **more):
        return self.run(step, directory, [self.binaries / "cargo-nix", *words], **more)

    def fresh(self):
        """A store that holds the toolchain, and an empty cache but for it."""
        if not self.template.exists():
            self._make_template()
        self._wait_for_services()
        remove(self.live)
        self.live.mkdir()
        remove(self.checkouts)
        self.checkouts.mkdir()
        # Files of a store never change: links are as good as copies. Its
        # database and the cache do change.
        store, state = self.live / "nix/store", self.live / "nix/var"
        store.parent.mkdir()
        subprocess.run(["cp", "-al", self.template / "nix/store", store], check=True)
        subprocess.run(["cp", "-a", self.template / "nix/var", state], check=True)
        subprocess.run(["cp", "-a", self.template / "home", self.live / "home"], check=True)
        # The machine may have changed since, and its tree is not to be counted.
        self._bring_the_toolchain()

    def _make_template(self):
        say("a store with the toolchain and the host tree")
        remove(self.live)
        (self.live / "home").mkdir(parents=True)
        self._bring_the_toolchain()
        self._wait_for_services()
        self.live.rename(self.template)

    def _bring_the_toolchain(self):
        """Builds a package that nobody edits, by this file: its unit brings the host tree."""
        for name, more in (
            ("empty", "[dependencies]\ndependency.path = \"dependency\"\n"),
            ("empty/dependency", ""),
        ):
            package = self.live / name
            (package / "src").mkdir(parents=True)
            text = f'[package]\nname = "{package.name}"\nversion = "0.1.0"\nedition = "2024"\n{more}'
            (package / "Cargo.toml").write_text(text)
            (package / "src/lib.rs").write_text("")
        (package / ".cargo-checksum.json").write_text('{"files":{}}')
        project = self.live / "empty"
        (project / "crate-env.nix").write_text("{ rust }: { toolchain = rust.default; }\n")
        self.cargo_nix("the toolchain", project, "exec", "--", "cargo", "build")
        remove(project)

    def _wait_for_services(self):
        """Build services end by themselves when nobody asks them for a while."""
        for _ in range(60):
            if not any(is_socket(path) for path in (self.live / "home").rglob("*")):
                return
            time.sleep(1)
        say("a build service does not end; going on")

    def clear(self):
        """Removes what only a project that is being built needs."""
        self._wait_for_services()
        remove(self.live)
        remove(self.checkouts)


def is_socket(path):
    try:
        return stat.S_ISSOCK(path.lstat().st_mode)
    except OSError:
        return False
