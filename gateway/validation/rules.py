"""Every rule that metadata and messages are held to, with what ``explain`` tells of it.

The checks of the standards are code; their texts stand in ``texts/``, one table for each rule. The
rules of a profile are data and bring their texts with them.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType

from gateway.profile import Profile, Rule
from gateway.validation.issue import IssueKind, IssueSeverity, RuleText

_FOLDER = Path(__file__).parent / "texts"
_KIND_BY_PREFIX = {
    "xds": IssueKind.METADATA,
    "saml": IssueKind.SECURITY,
}
_CERTAINTY = {
    "V": "Read in the source itself.",
    "S": "Stated in a text about the source.",
    "B": "Believed, not read in a published source; a community may leave it out.",
}


@cache
def base_rules() -> Mapping[str, RuleText]:
    """The rules of the standards, by id."""
    found: dict[str, RuleText] = {}
    for path in sorted(_FOLDER.glob("*.toml")):
        for rule, said in tomllib.loads(path.read_text(encoding="utf-8")).items():
            found[rule] = RuleText(
                rule=rule,
                kind=IssueKind(said["kind"]) if "kind" in said else _kind(rule),
                severity=IssueSeverity(said.get("severity", "error")),
                title=said["en"],
                title_fr=said["fr"],
                text=said["repair"],
                source=said["source"],
            )
    return MappingProxyType(found)


def _kind(rule: str) -> IssueKind:
    return _KIND_BY_PREFIX.get(rule.partition("-")[0], IssueKind.MESSAGE)


def rules(profile: Profile | None = None) -> Iterator[RuleText]:
    """Give the text of every rule of metadata and messages.

    Args:
        profile: Whose numbered rules are given as well.
    """
    yield from base_rules().values()
    if profile is not None:
        told: set[str] = set()
        for rule in profile.rules:
            if rule.id not in told:
                told.add(rule.id)
                yield text_of(rule)


def text_of(rule: Rule) -> RuleText:
    """Give what ``explain`` tells of a numbered rule."""
    about = f"{rule.object} {rule.attribute}".strip()
    lines = [f"Applies to {about} ({rule.kind.replace('_', ' ')})."]
    if rule.transactions:
        lines.append(f"In the transactions {', '.join(rule.transactions)}.")
    if rule.environments:
        lines.append(f"In the environment {', '.join(rule.environments)} only.")
    if rule.update_severity != rule.severity:
        lines.append(f"In updates of metadata it is a {rule.update_severity}.")
    if rule.code:
        lines.append(f"A registry answers with {rule.code}.")
    if rule.mark in _CERTAINTY:
        lines.append(_CERTAINTY[rule.mark])
    return RuleText(
        rule=rule.id,
        kind=IssueKind.METADATA,
        severity=IssueSeverity(rule.severity),
        title=_titled(about, rule.message["en"]),
        title_fr=_titled(about, rule.message.get("fr", "")),
        text="\n\n".join(lines),
        source=rule.source,
    )


def _titled(about: str, message: str) -> str:
    return f"{about}: {message}" if message else ""
