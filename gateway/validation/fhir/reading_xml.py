"""FHIR XML read to be judged: every fault is told, and what is around it is read all the same.

Source:
    HL7 FHIR R4 (4.0.1): 2.6.1 XML.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from gateway.codecs.fhir.elements import Kind, Structure
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.xml import NAMESPACE, ResourceReading
from gateway.codecs.xml import Element as Node
from gateway.validation.fhir.primitives import shown

_CLARK = f"{{{NAMESPACE}}}"
_MOST = 1000


@dataclass(frozen=True, slots=True)
class Told:
    """One fault: its rule, where, and what its message says."""

    rule: str
    location: str
    line: int
    values: dict[str, object]


class LenientReading(ResourceReading):
    """Reads what can be read, and tells the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.told: list[Told] = []

    def note(self, rule: str, node: Node, path: str, message: str) -> None:
        """Tell a fault."""
        if rule == "xml-depth":
            return  # told by the limits of the whole
        name = shown(str(node.tag).removeprefix(_CLARK))
        if rule == "xml-attribute":
            name = message.partition(" is no ")[0]
        if len(self.told) < _MOST:
            values: dict[str, object] = {"name": name, "problem": message}
            self.told.append(Told(f"fhir-{rule}", path, _line(node), values))

    def object(
        self, node: Node, of: Structure, path: str, depth: int, besides: str | None = None
    ) -> Json:
        """Read the elements of a type, and tell which of them stand too late."""
        found = super().object(node, of, path, depth, besides)
        order = {element.name: number for number, element in enumerate(of.elements)}
        last, before = -1, ""
        for child in node:
            name = str(child.tag).rpartition("}")[2]
            number = order.get(name, last)
            if number < last:
                values: dict[str, object] = {"name": shown(name), "before": shown(before)}
                line = _line(child)
                self.told.append(Told("fhir-xml-order", f"{path}.{name}", line, values))
            else:
                last, before = number, name
        return found

    def value(self, text: str, kind: Kind, node: Node, path: str) -> Any:
        """Read a value; one of another form stays text, and is judged with its type."""
        told = len(self.told)
        value = super().value(text, kind, node, path)
        del self.told[told:]
        return text if value is None else value


def _line(node: Node) -> int:
    line: Any = node.sourceline
    return line if isinstance(line, int) else 1
