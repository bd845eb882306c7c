"""Rules of the suite itself: what it tells of a payload before, or instead of, judging it."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.validation.issue import IssueKind, IssueSeverity, RuleText


def rules() -> Iterable[RuleText]:
    """Give them."""
    return (
        RuleText(
            rule="payload-unknown",
            kind=IssueKind.STRUCTURE,
            severity=IssueSeverity.ERROR,
            title="The file is a message of a known kind",
            title_fr="Le fichier est un message d'un type connu",
            text="What a file is shows in its first octets: `resourceType` for FHIR JSON, the "
            "namespace of the root element for XML, MIME or HTTP headers for a recorded exchange, "
            "the mark of a ZIP archive for XDM. An empty file, a page of HTML that a server sent "
            "instead of an answer, or a file cut off at its head is none of them. Look at the "
            "file; in a folder such files are left out and listed in the report.",
        ),
        RuleText(
            rule="payload-too-large",
            kind=IssueKind.STRUCTURE,
            severity=IssueSeverity.ERROR,
            title="The file is not larger than 256 MiB",
            title_fr="Le fichier ne dépasse pas 256 Mio",
            text="A payload is judged as a whole. Send large documents by reference, and judge the "
            "message without them.",
        ),
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
