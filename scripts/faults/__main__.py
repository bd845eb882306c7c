"""Write ``samples/conformance/xds`` again, octet for octet."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from gateway.profile import read_profile
from scripts.faults import french_messages, standard
from scripts.faults.bases import ROOT
from scripts.faults.standard import FOLDER

NOW = "20261120090200"
"""The moment the samples are judged at; assertions count then."""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """One file and what is found in it.

    Attributes:
        rule: The one it breaks; empty for a right one.
        also: What is told besides.
    """

    name: str
    octets: bytes = field(repr=False)
    profile: str
    rule: str = ""
    environment: str = "test"
    also: tuple[str, ...] = ()


def samples() -> Iterator[Sample]:
    """Give every file of the folder but the index and ``mutations.toml``."""
    for name, profile, octets in standard.right():
        yield Sample(name=name, octets=octets, profile=profile)
    yield Sample(name="register-fr.xml", octets=french_messages.right(), profile="fr-dmp")
    yield Sample(name="update-fr.xml", octets=french_messages.right_update(), profile="fr-dmp")
    for told, name, profile, octets in standard.broken():
        yield Sample(
            name=name,
            octets=octets,
            profile=profile,
            rule=told["rule"],
            also=tuple(told.get("also", ())),
        )
    never = {row["rule"] for row in standard.mutations()["never"]}
    besides = {row["rule"]: row["also"] for row in standard.mutations()["together"]}
    for rule, environment, octets in french_messages.broken(
        read_profile("fr-dmp", ROOT / "profiles")
    ):
        if rule in never:
            continue
        yield Sample(
            name=f"{rule}.xml",
            octets=octets,
            profile="fr-dmp",
            rule=rule,
            environment=environment,
            also=tuple(besides.get(rule, ())),
        )


def index() -> bytes:
    """What each file breaks, for whoever runs them through another validator as well."""
    rows = [
        {
            "file": one.name,
            "profile": one.profile,
            "environment": one.environment,
            "rule": one.rule,
            "also": list(one.also),
        }
        for one in samples()
    ]
    listed = ",\n".join(json.dumps(row) for row in rows)
    return f'{{"now": "{NOW}", "samples": [\n{listed}\n]}}\n'.encode()


def main() -> None:
    written = {"mutations.toml", "README.md"}
    for one in samples():
        (FOLDER / one.name).write_bytes(one.octets)
        written.add(one.name)
    (FOLDER / "index.json").write_bytes(index())
    written.add("index.json")
    size = 0
    for path in sorted(FOLDER.iterdir()):
        if path.name not in written:
            path.unlink()
        else:
            size += path.stat().st_size
    print(f"{len(written)} files, {size} octets in {Path(FOLDER).name}")


if __name__ == "__main__":
    main()
