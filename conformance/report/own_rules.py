"""Rules of the suite itself: what it tells of its own report."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.validation.issue import IssueKind, IssueSeverity, RuleText


def rules() -> Iterable[RuleText]:
    """Give them."""
    return (
        RuleText(
            rule="more-issues",
            kind=IssueKind.NOT_CHECKED,
            severity=IssueSeverity.INFORMATION,
            title="More was found than is shown",
            title_fr="Tous les constats ne sont pas affichés",
            text="--max-issues limits what is kept for each file, errors first. The verdict is "
            "that of all findings that were kept. Run without it to see everything.",
        ),
    )
