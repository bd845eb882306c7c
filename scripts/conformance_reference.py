"""Write docs/reference/conformance.md: every rule of the suite, from the engines and the profiles.

A test compares the stored page with what this module writes, so the page cannot fall behind.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from conformance.report.rules import all_rules
from gateway.validation.issue import IssueKind, RuleText

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "reference" / "conformance.md"

HEAD = """\
# Rules of the conformance suite

<!-- Written by `make rules` from the engines and profiles; edit those. -->

What `conformance check` can find, each rule with what it usually weighs. A rule's id is never given
to another rule; `conformance explain RULE` tells why it is, how it is repaired and where it is
written. How the command is used: [the conformance suite](../conformance.md).

Only errors make a file fail, unless `--fail-on warning` asks for more. What could not be looked at
is a finding too, of the kind `not-checked`, so that nobody takes it for good.
"""

GROUPS = (
    ("FHIR: structure, values, profiles", ("fhir-", "ele-1", "txt-", "ext-")),
    ("XDS metadata", ("xds-",)),
    ("Messages: SOAP, MTOM, XDM", ("soap-", "mtom-", "xdm-")),
    ("Assertions", ("saml-",)),
    ("Clinical documents", ("cda-",)),
    ("The suite itself", ("payload-", "more-", "live-")),
)


def page() -> str:
    """Write the whole page."""
    profiles = ROOT / "profiles"
    rules = all_rules(profiles, profiles)
    constraints = [rule for rule in rules.values() if rule.kind is IssueKind.INVARIANT]
    left = {rule.rule: rule for rule in rules.values() if rule.kind is not IssueKind.INVARIANT}
    parts = [HEAD]
    for title, prefixes in GROUPS:
        chosen = [rule for name, rule in left.items() if name.startswith(prefixes)]
        for rule in chosen:
            del left[rule.rule]
        if chosen:
            parts.append(_table(title, chosen))
    for prefix in sorted({name.partition("-")[0] for name in left}):
        chosen = [rule for name, rule in left.items() if name.partition("-")[0] == prefix]
        parts.append(_table(f"Rules of profiles: `{prefix}-`", chosen))
    parts.append(_table("Constraints of FHIR definitions", constraints))
    return "\n".join(parts)


def _table(title: str, rules: Iterable[RuleText]) -> str:
    rows = "".join(
        f"| `{rule.rule}` | {rule.severity.value} | {_cell(rule.title)} |\n"
        for rule in sorted(rules, key=lambda rule: _order(rule.rule))
    )
    return f"## {title}\n\n| Rule | Weighs | What it asks |\n|---|---|---|\n{rows}"


def _order(rule: str) -> tuple[object, ...]:
    return tuple(part.zfill(6) if part.isdecimal() else part for part in rule.split("-"))


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|").replace("<", "&lt;")


def main() -> None:
    """Store the page."""
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
