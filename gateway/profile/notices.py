"""What a community says about notices: their language, and which document is the summary.

Source:
    ``profiles/<name>/notices.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.model.datatypes import Code


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticePolicy:
    """A community's own ways with notices.

    Attributes:
        language: Of texts, for people who prefer none.
        summary_types: Types of the summary that the attending doctor keeps; none where there is
            no such document, and then nobody is reminded of it.
        summary_days: After how many days a summary is too old; a reminder that changed nothing
            comes again after as many.
    """

    language: str = "en"
    summary_types: tuple[Code, ...] = ()
    summary_days: int = 365


def notice_policy_from(data: Mapping[str, Any], parent: NoticePolicy) -> NoticePolicy:
    """Read a profile's table; what it does not say is as in the profile it extends.

    Raises:
        ValueError: When it says what nobody knows.
    """
    if unknown := set(data) - {"language", "summary"}:
        raise ValueError(f"no such table: {', '.join(sorted(unknown))}")
    language = data.get("language", parent.language)
    if not isinstance(language, str) or not language.isalpha():
        raise ValueError("language is no language tag")
    summary = data.get("summary", {})
    if unknown := set(summary) - {"types", "days"}:
        raise ValueError(f"summary: no such key: {', '.join(sorted(unknown))}")
    days = summary.get("days", parent.summary_days)
    if type(days) is not int or days < 1:
        raise ValueError("summary.days is a whole number of days")
    types = parent.summary_types
    if "types" in summary:
        types = tuple(Code(row["code"], row["scheme"]) for row in summary["types"])
    return NoticePolicy(language=language, summary_types=types, summary_days=days)
