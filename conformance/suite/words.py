"""``${…}`` in texts and messages: names of variables, and a few functions that make values.

``${patient}`` is a variable, ``${uuid()}`` a function, ``${sha1(document)}`` a function of a
variable, ``${dtm('-2d')}`` one of a text. A variable is itself such a text; it is worked out when
it is first asked for and keeps its value to the end of the test, so that ``unique_id = "${oid()}"``
is one id. In XML and JSON what is put in is escaped for its place; ``${raw(name)}`` is put in as it
is. A shift of time is written ``-2d`` or ``+1h``.

| function | gives |
|---|---|
| `uuid()` | a new UUID, without prefix |
| `oid()` | a new OID below the arc of UUIDs |
| `digits(n)` | n random digits, the first not zero |
| `counted()` | 1, 2, 3, … in this run |
| `mod97(x)` | 97 less x modulo 97, two digits: a check key |
| `now(shift)`, `dtm(shift)`, `day(shift)` | the instant as FHIR, as DTM, as a date |
| `sha1(x)`, `sha1_base64(x)`, `size(x)`, `base64(x)` | of a text's octets (UTF-8) |
| `upper(x)` | in capitals |
| `url(x)` | percent-encoded |
| `base64_decoded(x)` | the text inside |
| `after(x, mark)`, `before(x, mark)` | what stands after, before a mark |
"""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import re
import secrets
import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from gateway.codecs.xml import escape_attribute

_MARK: Final = re.compile(r"\$\{([^{}]*)\}")
_CALL: Final = re.compile(r"([a-z_0-9]+)\((.*)\)", re.DOTALL)
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z_0-9.-]*")
_ARGUMENT: Final = re.compile(r"\s*(?:'([^']*)'|([0-9]+)|([A-Za-z_][A-Za-z_0-9.-]*))\s*(?:,|$)")
_SHIFT: Final = re.compile(r"([+-]?(?<![0-9])[0-9]++)([smhdy])")
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400, "y": 31557600}

Escape = Callable[[str], str]


class WordFault(Exception):
    """A ``${…}`` cannot be worked out; the message says which and why."""


def plain(text: str) -> str:
    """Put a value in as it is."""
    return text


def in_xml(text: str) -> str:
    """Escape a value for an element or an attribute."""
    return escape_attribute(text)


def in_json(text: str) -> str:
    """Escape a value for the inside of a JSON string."""
    return json.dumps(text, ensure_ascii=False)[1:-1]


@dataclass(slots=True)
class Scope:
    """Variables as they are seen from one place; an inner scope sees the outer ones.

    Attributes:
        now: The clock.
        values: What is known already.
        texts: What is worked out when it is asked for.
    """

    now: Callable[[], datetime]
    counter: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    texts: dict[str, str] = field(default_factory=dict)
    values: dict[str, str] = field(default_factory=dict)
    outer: Scope | None = None
    asked: list[str] = field(default_factory=list)

    def inside(self, texts: Mapping[str, Any] | None = None) -> Scope:
        """A scope within this one, with variables of its own worked out from here at once."""
        made = Scope(now=self.now, counter=self.counter, outer=self)
        for name, text in (texts or {}).items():
            made.values[name] = self.filled(text) if isinstance(text, str) else str(text)
        return made

    def define(self, texts: Mapping[str, Any]) -> None:
        """Add variables, each worked out when it is first asked for."""
        for name, text in texts.items():
            self.values.pop(name, None)
            self.texts[name] = str(text)

    def put(self, name: str, value: str) -> None:
        """Give a variable a value."""
        self.values[name] = value

    def knows(self, name: str) -> bool:
        """Whether there is such a variable."""
        return (
            name in self.values
            or name in self.texts
            or (self.outer is not None and self.outer.knows(name))
        )

    def value(self, name: str) -> str:
        """Give a variable's value.

        Raises:
            WordFault: When there is none, or it needs itself.
        """
        if name in self.values:
            return self.values[name]
        if name not in self.texts:
            if self.outer is None:
                raise WordFault(f"there is no variable {name}")
            return self.outer.value(name)
        if name in self.asked:
            raise WordFault(f"the variable {name} needs itself")
        self.asked.append(name)
        try:
            self.values[name] = self.filled(self.texts[name])
        finally:
            self.asked.remove(name)
        return self.values[name]

    def filled(self, text: str, escape: Escape = plain) -> str:
        """Give a text with every ``${…}`` worked out.

        Raises:
            WordFault: When one cannot be.
        """
        return _MARK.sub(lambda found: self._word(found[1].strip(), escape), text)

    def _word(self, word: str, escape: Escape) -> str:
        if _NAME.fullmatch(word):
            return escape(self.value(word))
        call = _CALL.fullmatch(word)
        if call is None:
            raise WordFault(f"${{{word}}} is neither a variable nor a function")
        name, given = call.groups()
        arguments = self._arguments(word, given)
        if name == "raw":
            return "".join(arguments)
        function = _FUNCTIONS.get(name)
        if function is None:
            raise WordFault(f"there is no function {name}; there are {', '.join(_FUNCTIONS)}, raw")
        try:
            return escape(function(self, *arguments))
        except (TypeError, ValueError) as error:
            raise WordFault(f"${{{word}}}: {error}") from None

    def _arguments(self, word: str, given: str) -> list[str]:
        found: list[str] = []
        at = 0
        while at < len(given):
            argument = _ARGUMENT.match(given, at)
            if argument is None:
                raise WordFault(f"${{{word}}}: write names, numbers or 'texts' with commas between")
            text, number, name = argument.groups()
            found.append(text if text is not None else number or self.value(name))
            at = argument.end()
        return found


def _shifted(scope: Scope, shift: str) -> datetime:
    now = scope.now()
    for number, unit in _SHIFT.findall(shift):
        now += timedelta(seconds=int(number) * _UNITS[unit])
    return now


def _digits(_: Scope, count: str) -> str:
    low = 10 ** (int(count) - 1)
    return str(low + secrets.randbelow(9 * low))


def _oid(_: Scope) -> str:
    return f"2.25.{uuid.uuid4().int}"


def _sha1(text: str) -> bytes:
    return hashlib.sha1(text.encode(), usedforsecurity=False).digest()


_FUNCTIONS: Final[Mapping[str, Callable[..., str]]] = {
    "uuid": lambda scope: str(uuid.uuid4()),
    "oid": _oid,
    "digits": _digits,
    "counted": lambda scope: str(next(scope.counter)),
    "mod97": lambda scope, text: f"{97 - int(text) % 97:02d}",
    "now": lambda scope, shift="": _shifted(scope, shift).strftime("%Y-%m-%dT%H:%M:%SZ"),
    "dtm": lambda scope, shift="": _shifted(scope, shift).strftime("%Y%m%d%H%M%S"),
    "day": lambda scope, shift="": _shifted(scope, shift).strftime("%Y-%m-%d"),
    "sha1": lambda scope, text: _sha1(text).hex(),
    "sha1_base64": lambda scope, text: base64.b64encode(_sha1(text)).decode(),
    "size": lambda scope, text: str(len(text.encode())),
    "base64": lambda scope, text: base64.b64encode(text.encode()).decode(),
    "base64_decoded": lambda scope, text: base64.b64decode(text).decode(),
    "upper": lambda scope, text: text.upper(),
    "url": lambda scope, text: quote(text, safe=""),
    "after": lambda scope, text, mark: text.partition(mark)[2],
    "before": lambda scope, text, mark: text.partition(mark)[0],
}
