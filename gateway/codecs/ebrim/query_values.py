"""The parameters of one AdhocQuery, read by name and form.

Source:
    IHE ITI TF-2a: 3.18.4.1.2.3 (revision 17).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from gateway.codecs.ebrim import query_grammar
from gateway.codecs.ebrim.names import DESCRIPTION, NAME, SLOT, VERSION_INFO
from gateway.codecs.ebrim.query_grammar import MAX_CHARACTERS, MAX_VALUES, NotInGrammar
from gateway.codecs.ebrim.query_parameters import GROUPS, Definition, Form, Parameter
from gateway.codecs.ebrim.reading import Reading
from gateway.codecs.ebrim.slots import read_values
from gateway.codecs.xml import Element
from gateway.errors import ErrorCode
from gateway.model.datatypes import DateTime, Identifier
from gateway.transactions.conditions import TimeBound
from gateway.transactions.registry_stored_query import CodeKey

_Value = TypeVar("_Value")


class Parameters:
    """The parameters of one query; problems with them are noted, all of them."""

    def __init__(self, query: Element, reading: Reading, statuses: tuple[str, ...]) -> None:
        self._reading = reading
        self._statuses = frozenset(statuses)
        self._slots: dict[str, list[list[str]]] = {}
        for child in query:
            if child.tag == SLOT:
                name = (child.get("name") or "").strip()
                values = read_values(child, f"AdhocQuery.{name[:128]}", reading)
                self._slots.setdefault(name, []).append(values)
            elif child.tag not in (NAME, DESCRIPTION, VERSION_INFO):
                reading.unexpected(child, "AdhocQuery")

    def read(self, definition: Definition) -> dict[str, Any]:
        """Give the attributes of the query's value, as far as they were given."""
        self._check_choice(definition.choice)
        values: dict[str, Any] = {}
        times: list[TimeBound] = []
        for parameter in definition.wanted(self._slots):
            if parameter.form in (Form.TIME, Form.TIME_IF_KNOWN):
                bound = self._bound(parameter)
                if bound is not None:
                    times.append(bound)
                continue
            value = self._value(parameter)
            if value:
                values[parameter.field] = value
            elif parameter.required:
                self._missing(parameter)
        if times:
            values["times"] = tuple(times)
        if "logical_id" in values and values.get("metadata_level") != 2:
            self._reading.problem(
                "logical-id-level",
                "$MetadataLevel",
                "a query by logical id needs $MetadataLevel 2",
            )
        return values

    def _check_choice(self, choice: tuple[Parameter, ...]) -> None:
        if not choice:
            return
        given = [p.name for p in choice if p.name in self._slots]
        if len(given) != 1:
            names = ", ".join(p.name for p in choice)
            code = ErrorCode.STORED_QUERY_PARAM_NUMBER
            if not given:
                code = ErrorCode.STORED_QUERY_MISSING_PARAM
            self._reading.problem(
                "parameter-choice",
                "AdhocQuery",
                f"{len(given)} of {names} are given; send exactly one of them",
                code,
            )

    def _missing(self, parameter: Parameter) -> None:
        # A parameter that is there and cannot be read has its finding already.
        if any(f.location == parameter.name for f in self._reading.findings):
            return
        message = f"{parameter.name} is required; send it"
        if parameter.name in self._slots:
            message = f"{parameter.name} holds nothing this registry knows; send a known value"
        self._reading.problem(
            "parameter-missing",
            parameter.name,
            message,
            ErrorCode.STORED_QUERY_MISSING_PARAM,
        )

    def _value(self, parameter: Parameter) -> Any:
        match parameter.form:
            case Form.PATIENT:
                text = self._one(parameter.name, query_grammar.read_text)
                return Identifier(text) if text else None
            case Form.TEXT:
                text = self._one(parameter.name, query_grammar.read_text)
                return (text,) if text else None
            case Form.LEVEL:
                return self._level(parameter.name)
            case Form.STATUSES:
                given = [status for group in self._lists(parameter) for status in group]
                return tuple(status for status in given if status in self._statuses)
            case Form.TEXTS:
                return tuple(text for group in self._lists(parameter) for text in group)
            case Form.TEXT_GROUPS:
                return tuple(tuple(group) for group in self._lists(parameter))
            case Form.CODES:
                return tuple(c for group in self._code_lists(parameter) for c in group)
            case _:
                return tuple(tuple(group) for group in self._code_lists(parameter))

    def _level(self, name: str) -> int | None:
        level = self._one(name, query_grammar.read_number)
        if level not in (None, 1, 2):
            self._reading.problem("metadata-level", name, f"{name} is 1 or 2")
        return level

    def _bound(self, parameter: Parameter) -> TimeBound | None:
        low = self._time(f"{parameter.name}From")
        high = self._time(f"{parameter.name}To")
        if low is None and high is None:
            return None
        return TimeBound(
            attribute=parameter.field,
            low=low,
            high=high,
            missing_matches=parameter.form is Form.TIME_IF_KNOWN,
        )

    def _time(self, name: str) -> str | None:
        text = self._one(name, query_grammar.read_time)
        if text is None:
            return None
        time = DateTime(text)
        if not time.is_well_formed:
            self._reading.problem(
                "parameter-time", name, f"{name} is no time; write YYYY[MM[DD[hh[mm[ss]]]]] in UTC"
            )
            return None
        return time.lower

    def _one(self, name: str, read: Callable[[str], _Value]) -> _Value | None:
        """Read the value of a parameter that has one at most."""
        slots = self._slots.get(name)
        if slots is None:
            return None
        values = [value for slot in slots for value in slot]
        if len(slots) != 1 or len(values) > 1:
            self._too_many(name, "takes one value")
            return None
        if not values or not self._fits(name, values):
            return None
        try:
            return read(values[0])
        except NotInGrammar as problem:
            self._grammar(name, values[0], problem)
            return None

    def _lists(self, parameter: Parameter) -> list[list[str]]:
        """Read the values of a parameter that has several: one list for each Slot."""
        name = parameter.name
        slots = self._slots.get(name, [])
        if len(slots) > 1 and parameter.form not in GROUPS:
            self._too_many(name, "may not be repeated, since an object has one value of it")
            return []
        if not self._fits(name, (value for slot in slots for value in slot)):
            return []
        lists: list[list[str]] = []
        for slot in slots:
            texts: list[str] = []
            for value in slot:
                try:
                    texts += query_grammar.read_list(value)
                except NotInGrammar as problem:
                    self._grammar(name, value, problem)
            lists.append(texts)
        if sum(map(len, lists)) > MAX_VALUES:
            self._too_many(name, f"has more than {MAX_VALUES} values")
            return []
        return [texts for texts in lists if texts]

    def _code_lists(self, parameter: Parameter) -> list[list[CodeKey]]:
        return [
            [code for text in texts if (code := self._code(parameter.name, text)) is not None]
            for texts in self._lists(parameter)
        ]

    def _code(self, name: str, text: str) -> CodeKey | None:
        code, *others = text.strip().split("^")
        if len(others) != 2 or not code or not others[1]:
            self._reading.problem(
                "parameter-code",
                name,
                f"a code of {name} is not written code^^scheme; a code without its scheme is not "
                "accepted",
            )
            return None
        return code, others[1]

    def _fits(self, name: str, values: Iterable[str]) -> bool:
        characters = sum(map(len, values))
        if characters > MAX_CHARACTERS:
            self._reading.problem(
                "parameter-size",
                name,
                f"{name} has {characters} characters and at most {MAX_CHARACTERS} are read; "
                "ask for less at once",
            )
        return characters <= MAX_CHARACTERS

    def _too_many(self, name: str, message: str) -> None:
        self._reading.problem(
            "parameter-number",
            name,
            f"{name} {message}",
            ErrorCode.STORED_QUERY_PARAM_NUMBER,
        )

    def _grammar(self, name: str, value: str, problem: NotInGrammar) -> None:
        several = value.lstrip().startswith("(") and "," in value
        code = ErrorCode.REGISTRY_ERROR
        if several and str(problem).startswith("takes one value"):
            code = ErrorCode.STORED_QUERY_PARAM_NUMBER
        self._reading.problem("parameter-grammar", name, f"{name} {problem}", code)
