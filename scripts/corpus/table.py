"""docs/corpus.md out of what was found: nothing in it is written by hand."""

import os
import platform

HEAD = """# The corpus

Written by `make corpus`, which measures what is missing and keeps what is known; `make corpus ONLY=sd` measures
one project again, `RELEASE=1` in the release profile. Each project has the Cargo.lock it was published with.
"plain" is cargo in the same environment with `CARGO_NIX_UNITS=0`; "cold" starts from a store with the toolchain,
the host tree and nothing else; "warm" is a second checkout after it, with an empty `target/`. Downloads and the environment
itself are not counted. "tests" are those that pass, with plain cargo and with dependencies from the store.
"""

COLUMNS = ("project", "units", "store-backed", "hits", "plain", "cold", "warm", "tests", "load", "failures")


def write(path, found):
    """Beside it, then renamed."""
    new = path.with_suffix(".new")
    new.write_text(render(found))
    new.rename(path)


def render(found):
    text = HEAD + f"\nThe machine: {os.cpu_count()} processors ({platform.machine()}); \"load\" is its load average before and after: with more\nthan its processors, times say little; without \"cold\", the machine's files had changed, and were brought anew in it.\n"
    for profile in ("dev", "release"):
        rows = [one for one in found if one["profile"] == profile]
        if rows:
            text += f"\n## {profile}\n\n{line(COLUMNS)}{line(['---'] * len(COLUMNS))}"
            text += "".join(line(row(one)) for one in rows)
    failures = [(one, failure) for one in found for failure in one["failures"]]
    for one, failure in failures:
        text += f"\n### {one['title']} ({one['profile']}): {failure['step']}\n\n```\n{tail(failure['said'])}\n```\n"
    for one in found:
        if ran := one.get("runs"):
            text += (
                f"\n{one['title']}, built so ({one['profile']}), ran the tests of {ran['title']}: all {ran['passed']} "
                f"passed; of the {ran['units']['units']} units of that build {ran['units']['local']} were local.\n"
            )
    text += reproduced([one for one in found if "again" in one])
    locals_ = [
        (one["title"], reason)
        for one in found
        for reason in one.get("warm units", {}).get("reasons", [])
        if one["profile"] == "dev"
    ]
    if locals_:
        text += "\n## Local units that are no members\n\n| project | unit | why |\n|---|---|---|\n"
        for title, reason in locals_:
            unit, _, why = reason.partition(": ")
            text += f"| {title} | {unit} | {why} |\n"
    return text


def reproduced(found):
    checked = sum(one["again"]["checked"] for one in found)
    differing = [(one, unit) for one in found for unit in one["again"]["differing"]]
    if not checked:
        return ""
    text = (
        "\n## Units that are built once more\n\n"
        f"Of {checked} derivations of units (a sample of each project's), `nix-store --check` finds "
        f"{checked - len(differing)} to be the same, bit for bit.\n"
    )
    if differing:
        text += "\n| project | unit | what differs |\n|---|---|---|\n"
        for one, unit in differing:
            text += line([f"{one['title']} ({one['profile']})", unit["unit"], ", ".join(unit["in"])])
    return text


def line(cells):
    return f"| {' | '.join(cells)} |\n"


def tail(said):
    return "\n".join(said.strip().splitlines()[-15:])


def row(one):
    units = one.get("warm units")
    backed = units["hits"] + units["built"] if units else None
    failures = ", ".join(failure["step"] for failure in one["failures"])
    return [
        one["title"],
        str(units["units"]) if units else "",
        str(backed) if units else "",
        f"{100 * units['hits'] / backed:.0f} %" if backed else "",
        seconds(one.get("plain")),
        ratio(one, "cold"),
        seconds(one.get("warm")),
        tests(one),
        "–".join(str(load) for load in one.get("load", [])),
        failures or ("refused, as it has to be" if "refused" in one else "none"),
    ]


def seconds(value):
    return "" if value is None else f"{value:.1f} s"


def ratio(one, name):
    if one.get(name) is None or not one.get("plain"):
        return seconds(one.get(name))
    return f"{seconds(one[name])} ({one[name] / one['plain']:.2f} ×)"


def tests(one):
    both = one.get("tests", {})
    if "plain" not in both or "warm" not in both:
        return ""
    plain, warm = (len(both[step]["passed"]) for step in ("plain", "warm"))
    return str(plain) if plain == warm else f"{plain}, {warm}"
