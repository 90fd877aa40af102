"""Whether a unit comes out the same when its derivation is built once more."""

import filecmp
import functools
import json
import subprocess
from pathlib import Path

from place import REPOSITORY, remove

# So many of each project: some hundred of the whole corpus.
SAMPLE = 12


def sample(paths):
    """Some of the store paths, spread over all: they begin with a hash."""
    paths = sorted(set(paths))
    return paths[:: max(1, len(paths) // SAMPLE)][:SAMPLE]


def check(place, directory, paths):
    """Builds a sample of the units again; gives how many, and which of them differ in what."""
    mounts = _mounts(place, directory)
    chosen = sample(paths)
    found = [(path, _differences(place, path, mounts)) for path in chosen]
    differing = [{"unit": path.partition("-")[2], "in": files} for path, files in found if files]
    return {"checked": len(chosen), "differing": differing}


def _mounts(place, directory):
    """The places that units see of the host tree instead of the machine."""
    _, said, _ = place.cargo_nix("the context", directory, "exec", "--quiet", "--", "printenv", "CARGO_NIX_UNITS_CONTEXT")
    # A line that says what the file is, then JSON.
    text = Path(said.strip().splitlines()[-1]).read_text()
    tree = json.loads(text.partition("\n")[2])["tree"]
    return tree["mounts"] if tree else []


def _differences(place, path, mounts):
    """Names of the files that differ; none if it is the same."""
    derivation = _store(place, "--query", "--deriver", path)[1].strip()
    inputs = _store(place, "--query", "--references", derivation)[1].split()
    trees = [path for path in inputs if path.endswith("-host-tree")]
    seen = " ".join(f"{mount}={tree}{mount}" for tree in trees for mount in mounts)
    options = {
        "sandbox": "true",
        "extra-sandbox-paths": seen,
        "build-users-group": "",
        "build-hook": "",
        "substitute": "false",
    }
    words = [word for name, value in options.items() for word in ("--option", name, value)]
    status, said = _store(place, "--realise", "--check", "--keep-failed", derivation, *words)
    again = Path(f"{path}.check")
    try:
        if status == 0:
            return []
        return _compare(Path(path), again) if again.exists() else [f"it cannot be built again: {said[-300:]}"]
    finally:
        remove(again)


def _compare(one, other):
    differing, stack = [], [Path()]
    while stack:
        at = stack.pop()
        compared = filecmp.dircmp(one / at, other / at)
        _, different, _ = filecmp.cmpfiles(one / at, other / at, compared.common_files, shallow=False)
        differing += [str(at / name) for name in [*different, *compared.left_only, *compared.right_only]]
        stack += [at / name for name in compared.common_dirs]
    return differing or ["metadata"]


@functools.cache
def _nix_store():
    """The program that belongs to our libnix."""
    script = f". {REPOSITORY}/scripts/setup/common.sh; nix_bin"
    found = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    return Path(found.stdout.strip()) / "nix-store"


def _store(place, *words):
    _, said, status = place.run("nix-store", place.top, [_nix_store(), *words], may_fail=True)
    # The group of build users that this Nix warns of is one of installations.
    lines = [text for text in said.splitlines(keepends=True) if not text.startswith("warning: ")]
    return status, "".join(lines)
