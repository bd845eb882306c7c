"""Slots: a name with a list of texts, the way ebRIM carries most attributes of XDS.

Source:
    IHE ITI TF-3: 4.2.3.1.2 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codecs.ebrim.names import SLOT, VALUE, VALUE_LIST
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.xml import Element, escape_attribute, escape_text
from gateway.errors import ErrorCode
from gateway.model.datatypes import Slot


class Slots:
    """The slots of one element, taken out by name as they are understood.

    Args:
        where: What a finding calls the element the slots belong to.
    """

    __slots__ = ("_reading", "_values", "where")

    def __init__(self, where: str, reading: Reading) -> None:
        self.where = where
        self._reading = reading
        self._values: dict[str, list[str]] = {}

    def add(self, slot: Element) -> None:
        """Take in one Slot element."""
        name = slot.get("name")
        # As in read_values, without the call: Slots are most of a message.
        if (
            len(slot) == 1
            and len(value_list := slot[0]) == 1
            and (value := value_list[0]).tag == VALUE
            and value_list.tag == VALUE_LIST
            and not len(value)
        ):
            values = [value.text or ""]
        else:
            values = read_values(slot, self.where, self._reading)
        if name and name not in self._values:
            self._values[name] = values
        else:
            self.put(name, values)

    def put(self, name: str | None, values: list[str]) -> None:
        """Take in the values of one Slot."""
        if not name:
            self._reading.problem(
                "slot-name", self.where, "a Slot has no name; write its name attribute"
            )
        elif name not in self._values:
            self._values[name] = values
        else:
            self._reading.problem(
                "slot-repeated",
                f"{self.where}.{name[:256]}",
                f"the Slot {name[:256]} stands more than once; put all values in one ValueList",
            )

    def text(self, name: str) -> str | None:
        """Take out the value of a slot that has one at most; empty counts as absent."""
        values = self._values.pop(name, None)
        if values is None:
            return None
        if len(values) > 1:
            self._reading.problem(
                "slot-single-value",
                f"{self.where}.{name}",
                f"{name} has {len(values)} values and may have one only",
            )
        return (values[0].strip() or None) if values else None

    def texts(self, name: str) -> tuple[str, ...]:
        """Take out all values of a slot, without surrounding white space and without empty ones."""
        values = self._values.pop(name, None)
        if values is None:
            return ()
        return tuple([text for value in values if (text := value.strip())])

    def raw(self, name: str) -> list[str] | None:
        """Take out the values of a slot as they came."""
        return self._values.pop(name, None)

    def extra(self) -> tuple[Slot, ...]:
        """Give the slots nobody took out whose names are left to communities; note all others.

        Source:
            IHE ITI TF-3: 4.2.3.1.6: such a name is a URN that does not start with ``urn:ihe:``.
        """
        if not self._values:
            return ()
        kept = []
        for name, values in self._values.items():
            start = name[:8].lower()
            if start == "urn:ihe:":
                self._reading.problem(
                    "extra-slot-ihe",
                    f"{self.where}.{name[:256]}",
                    f"the Slot {name[:256]} is not defined by IHE; names starting urn:ihe: are "
                    "reserved, so use a URN of your own",
                    ErrorCode.REGISTRY_ERROR,
                )
            elif start.startswith("urn:"):
                kept.append(Slot(name, tuple(values)))
            else:
                self._reading.problem(
                    "unknown-slot",
                    f"{self.where}.{name[:256]}",
                    f"{self.where.partition('[')[0]} has no Slot {name[:256]}; remove it, or give "
                    "it a URN as name to send extra metadata",
                )
        return tuple(kept)


def read_values(slot: Element, where: str, reading: Reading) -> list[str]:
    """Give the texts of a Slot's values as they came."""
    # Nearly every Slot has one value, and reaching it by index is three times as fast as two loops.
    if len(slot) == 1 and len(value_list := slot[0]) == 1:
        value = value_list[0]
        if value.tag == VALUE and value_list.tag == VALUE_LIST and not len(value):
            return [value.text or ""]
    values = []
    for value_list in slot:
        if value_list.tag != VALUE_LIST:
            reading.unexpected(value_list, f"{where}.Slot")
            continue
        for value in value_list:
            if value.tag != VALUE or len(value):
                reading.unexpected(value, f"{where}.Slot.ValueList")
                continue
            values.append(value.text or "")
    return values


def read_slot_list(elements: Iterable[Element], where: str, reading: Reading) -> Slots:
    """Give the slots among some elements."""
    slots = Slots(where, reading)
    for element in elements:
        if element.tag == SLOT:
            slots.add(element)
    return slots


def write_slot(name: str, values: Iterable[str]) -> str:
    """Give a Slot whose name needs no escaping."""
    joined = "</rim:Value><rim:Value>".join([escape_text(value) for value in values])
    return (
        f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{joined}'
        "</rim:Value></rim:ValueList></rim:Slot>"
    )


def write_text_slot(name: str, value: str) -> str:
    """Give a Slot with one value, whose name needs no escaping."""
    return (
        f'<rim:Slot name="{name}"><rim:ValueList><rim:Value>{escape_text(value)}'
        "</rim:Value></rim:ValueList></rim:Slot>"
    )


def write_extra(extra: Iterable[Slot]) -> str:
    """Give slots of extra metadata, exactly as they came."""
    return "".join(
        [
            write_slot(escape_attribute(slot.name), slot.values)
            if slot.values
            else f'<rim:Slot name="{escape_attribute(slot.name)}"><rim:ValueList/></rim:Slot>'
            for slot in extra
        ]
    )
