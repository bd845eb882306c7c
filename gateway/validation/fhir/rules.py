"""The rules of the profile validator: their texts gathered, and issues made of them.

One table: the walker and its helpers name a rule and give the values, :func:`issue` makes the
sentence. ``conformance explain`` shows the same entries.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.validation.fhir.rule_texts import ERROR, INFORMATION, STRUCTURE, WARNING, Text
from gateway.validation.fhir.rule_texts_codes import CODES
from gateway.validation.issue import Issue, IssueSeverity, RuleText

__all__ = ["ERROR", "INFORMATION", "TEXTS", "WARNING", "Text", "issue", "rules"]

TEXTS: dict[str, Text] = {**STRUCTURE, **CODES}


def issue(
    rule: str,
    location: str,
    *,
    element: str = "",
    profile: str = "",
    severity: IssueSeverity | None = None,
    **values: object,
) -> Issue:
    """Make an issue of a rule: the table's sentence with these values in it.

    A value whose form in ``fr`` differs is a :class:`~.primitives.Complaint`, or is given twice,
    as ``x`` and ``x_fr``.
    """
    text = TEXTS[rule]
    fr = {name: getattr(value, "fr", value) for name, value in values.items()}
    fr |= {n[:-3]: v for n, v in values.items() if n.endswith("_fr")}
    return Issue(
        rule=rule,
        severity=severity or text.severity,
        kind=text.kind,
        message=text.en.format(**values),
        message_fr=text.fr.format(**fr),
        location=location,
        element=element,
        profile=profile,
        source=text.source,
    )


def rules() -> Iterable[RuleText]:
    """Give every rule of the validator itself; constraints explain themselves by their key."""
    return (
        RuleText(
            rule=rule,
            kind=text.kind,
            severity=text.severity,
            title=text.title,
            title_fr=text.title_fr,
            text=text.why,
            source=text.source,
        )
        for rule, text in TEXTS.items()
    )
