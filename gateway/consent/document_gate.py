"""The document gate: whether one document is there for somebody, by one rule.

What a :class:`~gateway.consent.visibility.Visibility` says is evaluated here on one document, and
in storage by the conditions of a statement; the two must agree on everything.

Source:
    Section 3.2 of docs/reference/access-control.md.
"""

from __future__ import annotations

from collections.abc import Callable

from gateway.consent.times import overlaps
from gateway.consent.visibility import DocumentFacts, Restriction, Visibility
from gateway.model.choices import AuthoredBy, Labelled, WrittenIn
from gateway.model.subject import same_key

HL7_CONFIDENTIALITY = "2.16.840.1.113883.5.25"
"""The coding scheme of the labels a mask can name."""

VISIBLE = frozenset({"B3", "B99"})
"""The rules that show a document; every other one keeps it away."""


def is_visible(rule: str) -> bool:
    """Whether a rule of the document gate shows the document."""
    return rule in VISIBLE


def see(visibility: Visibility, facts: DocumentFacts) -> str:
    """The rule that decides whether a document is there.

    Returns:
        ``B3`` or ``B99`` of a visible document; ``B0``, ``B1``, ``B2``, ``B2b``, ``B4``, ``B5`` or
        ``B6`` of one that is absent. Several may keep a document away: the first one is told.
    """
    return seeing(visibility)(facts)


def seeing(visibility: Visibility) -> Callable[[DocumentFacts], str]:
    """Prepare :func:`see` for many documents."""
    owned_by = visibility.owned_by
    restrictions = visibility.restrictions
    types, classes = visibility.types, visibility.classes
    now, patient = visibility.now, visibility.patient.text
    hides_all = visibility.hides_all
    masked_by, hidden_by = rules_of(visibility)
    masks = _prepared(visibility.masks) if visibility.masks else None

    def rule(facts: DocumentFacts) -> str:
        whose = facts.patient
        if (
            facts.deleted
            or whose is None
            or (whose.text != patient and same_key(whose) != same_key(visibility.patient))
        ):
            return "B0"
        if owned_by and not owned_by.isdisjoint(facts.owners):
            return "B3"
        if hides_all:
            return masked_by
        if not restrictions.isdisjoint(facts.restrictions):
            forbidding = restrictions & facts.restrictions
            if Restriction.HIDDEN_FROM_REPRESENTATIVES in forbidding:
                return "B2"
            if Restriction.HIDDEN_FROM_PATIENT in forbidding and not (
                facts.hidden_until and facts.hidden_until <= now
            ):
                return hidden_by
            if Restriction.MASKED in forbidding:
                return masked_by
        if masks is not None and masks(facts):
            return masked_by
        if types is not None and (
            facts.type_code is None or (facts.type_code.code, facts.type_code.scheme) not in types
        ):
            return "B5"
        if classes is not None and (
            facts.class_code is None
            or (facts.class_code.code, facts.class_code.scheme) not in classes
        ):
            return "B6"
        return "B99"

    return rule


def _prepared(
    masks: tuple[AuthoredBy | WrittenIn | Labelled, ...],
) -> Callable[[DocumentFacts], bool]:
    """Whether any of some masks hides a document."""
    authors = frozenset(
        same_key(mask.author.identifier) for mask in masks if isinstance(mask, AuthoredBy)
    )
    labels = frozenset(
        (mask.label, HL7_CONFIDENTIALITY) for mask in masks if isinstance(mask, Labelled)
    )
    periods = tuple(mask.period for mask in masks if isinstance(mask, WrittenIn))

    def hides(facts: DocumentFacts) -> bool:
        if facts.lineage:
            return any(map(hides_one, facts.lineage))
        return hides_one(facts)

    def hides_one(facts: DocumentFacts) -> bool:
        return (
            not authors.isdisjoint(facts.authors)
            or (bool(labels) and any(code.key in labels for code in facts.confidentiality))
            or any(overlaps(period, facts.creation_time) for period in periods)
        )

    return hides


def rules_of(visibility: Visibility) -> tuple[str, str]:
    """Which rules hide from this reader what is masked, and what is hidden from the patient."""
    if visibility.classes is not None:
        return "B6", "B6"
    if Restriction.HIDDEN_FROM_REPRESENTATIVES in visibility.restrictions:
        return "B4", "B2b"
    return "B4", "B1"


def masks_document(mask: AuthoredBy | WrittenIn | Labelled, facts: DocumentFacts) -> bool:
    """Whether a mask of more than one document hides this one.

    A document without a time of creation was written in every period.
    """
    if facts.lineage:
        return any(masks_document(mask, one) for one in facts.lineage)
    match mask:
        case AuthoredBy(author=author):
            return same_key(author.identifier) in facts.authors
        case WrittenIn(period=period):
            return overlaps(period, facts.creation_time)
        case Labelled(label=label):
            return any(code.key == (label, HL7_CONFIDENTIALITY) for code in facts.confidentiality)
