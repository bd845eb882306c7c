"""How a stored query writes the values of its parameters.

Text stands in single quotes, a quote in it doubled; several values stand in parentheses with
commas between them; numbers stand alone. A value is cut at its ends and never evaluated.

Source:
    IHE ITI TF-2a: 3.18.4.1.2.3.5 (revision 17).
"""

from __future__ import annotations

import re

from gateway.model.remembering import remembered

MAX_VALUES = 200
"""Values of one parameter; more make a query nobody can answer quickly."""

MAX_CHARACTERS = 64 * 1024
"""Characters of one parameter, all its values together."""

# Possessive, so that no text makes the expression try a second time.
_QUOTED = re.compile(r"'((?:[^']|'')*+)'")
_NUMBER = re.compile(r"[0-9]{1,18}\Z")
_BETWEEN = re.compile(r"[ \t\r\n]*,[ \t\r\n]*")
_BLANKS = re.compile(r"[ \t\r\n]*")


class NotInGrammar(Exception):
    """A value is not written as a stored query writes it; the message says how it would be."""


def read_text(value: str) -> str:
    """Read one text in quotes.

    Raises:
        NotInGrammar: When anything else stands there.
    """
    value = value.strip()
    found = _QUOTED.fullmatch(value)
    if found:
        return found[1].replace("''", "'")
    if value.startswith("("):
        raise NotInGrammar("takes one value; write it in single quotes without parentheses")
    raise NotInGrammar("is a text; write it in single quotes, and a quote inside it twice")


@remembered(256)
def read_list(value: str) -> tuple[str, ...]:
    """Read texts in quotes, in parentheses, with commas between them.

    What was read last is kept: most queries ask for the same few statuses and types.

    Raises:
        NotInGrammar: When anything else stands there, or nothing.
    """
    value = value.strip()
    if not (value.startswith("(") and value.endswith(")")):
        raise NotInGrammar("takes a list; write ('a','b'), also for one value: ('a')")
    texts: list[str] = []
    at = _end(_BLANKS, value, 1)
    while True:
        found = _QUOTED.match(value, at)
        if found is None:
            raise NotInGrammar(
                f"cannot be read at character {at + 1}; write ('a','b'), each text in single "
                "quotes and a quote inside it twice"
            )
        texts.append(found[1].replace("''", "'"))
        comma = _BETWEEN.match(value, found.end())
        if comma is None:
            at = _end(_BLANKS, value, found.end())
            break
        at = comma.end()
    if at != len(value) - 1:
        raise NotInGrammar(
            f"cannot be read at character {at + 1}; write ('a','b') and nothing after it"
        )
    return tuple(texts)


def read_number(value: str) -> int:
    """Read a number without quotes.

    Raises:
        NotInGrammar: When anything else stands there.
    """
    value = value.strip()
    if not _NUMBER.match(value):
        raise NotInGrammar("is a number; write digits without quotes or parentheses")
    return int(value)


def read_time(value: str) -> str:
    """Read a time, which many senders put in quotes like a text.

    Raises:
        NotInGrammar: When anything else stands there.
    """
    value = value.strip()
    if value.startswith("'"):
        value = read_text(value).strip()
    if not value.isascii() or not value.isdigit():
        raise NotInGrammar("is a time; write YYYY[MM[DD[hh[mm[ss]]]]] in UTC, without quotes")
    return value


def write_text(text: str) -> str:
    """Give a text in quotes."""
    return "'" + text.replace("'", "''") + "'"


def _end(pattern: re.Pattern[str], text: str, at: int) -> int:
    found = pattern.match(text, at)
    return found.end() if found else at
