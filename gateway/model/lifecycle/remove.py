"""Removal of registry objects, all or nothing.

Source:
    IHE ITI Remove Metadata and Documents supplement: 3.62.4.1.3.
"""

from __future__ import annotations

from gateway.errors import MAX_FINDINGS, ErrorCode, Finding, first_findings, refuse_errors
from gateway.model.association import Association
from gateway.model.conventions import STANDARD_STATUSES, StatusRules
from gateway.model.lifecycle.known import Changes, Known


def remove(
    object_ids: tuple[str, ...],
    known: Known,
    findings: tuple[Finding, ...] = (),
    statuses: StatusRules = STANDARD_STATUSES,
) -> Changes:
    """Decide whether objects can go, and take them away.

    Each must exist, nothing that stays may refer to one that goes, and nothing that loses an
    association may be left without any.

    Raises:
        Refused: With every finding.
    """
    noticed = list(findings)
    going = {identifier.lower(): None for identifier in object_ids}
    neighbours: dict[str, None] = {}
    for uuid in going:
        if len(noticed) > MAX_FINDINGS:
            break
        item = known.object(uuid)
        if item is None or statuses.is_withdrawn(item.availability_status):
            noticed.append(
                Finding(
                    rule="remove-exists",
                    code=ErrorCode.UNRESOLVED_REFERENCE_EXCEPTION,
                    location=f"ObjectRef[{uuid}]",
                    context=uuid,
                    message="the registry has no object with this id",
                )
            )
            continue
        if isinstance(item, Association):
            neighbours |= dict.fromkeys((item.source_object, item.target_object))
        for association in known.associations(uuid):
            if association.entry_uuid not in going:
                noticed.append(
                    Finding(
                        rule="remove-unreferenced",
                        code=ErrorCode.REFERENCES_EXIST_EXCEPTION,
                        location=f"ObjectRef[{uuid}]",
                        context=uuid,
                        message=f"association {association.entry_uuid} refers to this object and "
                        "would stay; remove both in one request",
                    )
                )
    for uuid in neighbours:
        if uuid in going or known.object(uuid) is None:
            continue
        if all(a.entry_uuid in going for a in known.associations(uuid)):
            noticed.append(
                Finding(
                    rule="remove-keeps-linked",
                    code=ErrorCode.UNREFERENCED_OBJECT_EXCEPTION,
                    location=f"ObjectRef[{uuid}]",
                    context=uuid,
                    message="this object would be left without any association; remove it too",
                )
            )
    refuse_errors(first_findings(noticed))
    return Changes(removed=tuple(going), events=("removed",))
