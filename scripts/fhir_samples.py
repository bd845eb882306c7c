"""Write samples/conformance/fhir/broken: for each rule a FHIR file that breaks it, and no other.

``valid/`` holds resources without a fault, of invented people; ``faults.toml`` says for each rule
which of them is changed, and how. Every file here is written from these two, so that a valid sample
that changes takes its broken copies along: ``python -m scripts.fhir_samples``.
"""

from __future__ import annotations

import copy
import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).resolve().parents[1] / "samples" / "conformance" / "fhir"

Json = dict[str, Any]

_STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]")


def changed(resource: Json, change: str, path: str, value: object = None) -> Json:
    """Give a copy of a resource with one change.

    Args:
        change: ``set`` or ``remove`` what the path leads to, ``add`` to the list there, ``rename``
            it to the value.
        path: Like ``content[0].attachment.url``.
    """
    spoiled = copy.deepcopy(resource)
    *way, last = [int(i) if i else name for name, i in _STEP.findall(path)]
    target: Any = spoiled
    for step in way:
        target = target[step]
    match change:
        case "set":
            target[last] = value
        case "add":
            target.setdefault(last, []).append(value)
        case "remove":
            del target[last]
        case "rename":
            target[value] = target.pop(last)
        case _:
            raise ValueError(change)
    if spoiled == resource:
        raise ValueError(f"{change} {path}: nothing changed")
    return spoiled


def faults() -> list[Json]:
    """Read the table of faults."""
    text = (FOLDER / "faults.toml").read_text(encoding="utf-8")
    table: list[Json] = tomllib.loads(text)["fault"]
    return table


def broken() -> Iterator[tuple[str, str]]:
    """Give the name and content of each broken file."""
    for fault in faults():
        valid = json.loads((FOLDER / "valid" / f"{fault['file']}.json").read_text(encoding="utf-8"))
        value = json.loads(fault["value"]) if "value" in fault else None
        resource = changed(valid, fault["change"], fault["path"], value)
        yield f"{fault['rule']}.json", json.dumps(resource, ensure_ascii=False, indent=1) + "\n"


def main() -> None:
    """Write every broken file, and remove what no rule has any more."""
    target = FOLDER / "broken"
    target.mkdir(exist_ok=True)
    written = dict(broken())
    for name, text in written.items():
        (target / name).write_text(text, encoding="utf-8")
    for file in target.glob("*.json"):
        if file.name not in written:
            file.unlink()


if __name__ == "__main__":
    main()
