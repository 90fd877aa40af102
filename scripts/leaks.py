"""Judges valgrind's XML report for scripts/leakcheck.sh.

A lost block is ours if the first frame above the allocator is a function of
libnix's C API (then it was handed to us and not given back) or of the evaluator.
What libnix loses within itself is counted and told: values, which only a
collector would free, parsed expressions, and the name of an error's class.
A libnix with a collector (Debian 13's) looks for pointers in all memory, what
nobody has written yet included: that is no fault.
"""

import collections
import sys
import xml.etree.ElementTree

ALLOCATORS = ("malloc", "calloc", "realloc", "operator new", "alloc::", "__rust", "__rdl", "<alloc", "raw_vec")
# Values: `nix_alloc_value` gives a reference; without a collector nothing frees them.
COLLECTED = ("nix_alloc_value",)
OURS = ("nix_", "cargo_nix", "evaluations::", "core::", "std::", "<core", "<std")


def owner(error):
    """The first frame that is no allocator's."""
    for frame in error.find("stack").iter("frame"):
        name = frame.findtext("fn") or "(unknown)"
        if not name.startswith(ALLOCATORS):
            return name
    return "(unknown)"


def main(path):
    ours, others = collections.Counter(), collections.Counter()
    faults = []
    for error in xml.etree.ElementTree.parse(path).getroot().iter("error"):
        kind = error.findtext("kind")
        if kind.startswith("Uninit") and owner(error).startswith("GC_"):
            continue
        if not kind.startswith("Leak_"):
            faults.append(f"{kind}: {error.findtext('what')} in {owner(error)}")
            continue
        blocks = int(error.findtext("xwhat/leakedblocks"))
        name = owner(error)
        mine = name.startswith(OURS) and name not in COLLECTED
        if mine and kind == "Leak_DefinitelyLost":
            ours[name] += blocks
        else:
            others[name] += blocks
    for name, blocks in others.most_common(8):
        print(f"leaks: libnix's own: {blocks} blocks of {name[:70]}")
    for fault in faults:
        print(f"leaks: FAULT: {fault}")
    for name, blocks in ours.most_common():
        print(f"leaks: OURS: {blocks} blocks of {name}")
    if ours or faults:
        sys.exit(1)
    print("leaks: of what the C API handed out, and of our own, nothing is lost")


main(sys.argv[1])
