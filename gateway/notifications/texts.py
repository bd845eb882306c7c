"""What notices say in words, by language: ``texts.toml`` beside this module."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from gateway.model.notice import Notice, RecipientKind

_UNKNOWN = {"en": "Somebody", "fr": "Une personne"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One message in plain text."""

    subject: str
    body: str


@cache
def _texts() -> dict[str, Any]:
    path = Path(__file__).with_name("texts.toml")
    return tomllib.loads(path.read_text(encoding="utf-8"))


def languages() -> tuple[str, ...]:
    """The languages there are texts in."""
    return tuple(_texts())


def language_of(*preferences: str) -> str:
    """Give the first preferred language there are texts in, else English."""
    for preference in preferences:
        primary = preference.partition("-")[0].lower()
        if primary in _texts():
            return primary
    return "en"


def inbox_text(notice: Notice, language: str) -> str:
    """What a notice says to somebody who signed in."""
    said: str = _texts()[language]["inbox"][notice.kind.value]
    who = notice.who or _UNKNOWN.get(language, _UNKNOWN["en"])
    return said.replace("{who}", who).replace("{time}", _moment(notice.time, language))


def mail_text(notice: Notice, language: str) -> Mail:
    """What a notice says in a mail, which anybody may read."""
    texts = _texts()[language]
    to_professional = notice.recipient_kind is RecipientKind.GP
    prefix = "professional_" if to_professional else ""
    lines = [texts[prefix + "greeting"], "", texts["mail"][notice.kind.value], ""]
    return Mail(
        subject=texts[prefix + "subject"],
        body="\n".join([*lines, "-- ", texts["signature"], ""]),
    )


def _moment(dtm: str, language: str) -> str:
    year, month, day, hour, minute = dtm[:4], dtm[4:6], dtm[6:8], dtm[8:10], dtm[10:12]
    if language == "fr":
        return f"{day}/{month}/{year} à {hour}:{minute} UTC"
    return f"{year}-{month}-{day} at {hour}:{minute} UTC"
