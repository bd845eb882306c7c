"""What a wire form did to a submission: before and after, compared attribute by attribute.

A translator writes a form, reads it back as a receiver would, and calls :func:`differences`: what
did not come back as it went is named with its place. So nothing is lost silently, whatever the
codecs do, now or after a change.

Two things are no loss. Ids that are only names inside a message may change, as may the order of
links. An object without availabilityStatus may come back as approved: it is about to become so
(IHE ITI TF-2b: 3.42.4.1.3.3.1), and FHIR insists on a status.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import fields, is_dataclass

from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.association import Association
from gateway.model.datatypes import is_uuid_urn
from gateway.model.submission import RegistryObject, Submission

_IDS_TOLD_AT_ONCE = 12


def differences(before: Submission, after: Submission, form: str) -> tuple[Finding, ...]:
    """Name everything of a submission that a form did not bring back.

    Args:
        before: What was written.
        after: What was read back from it.
        form: What to call the form in messages, ``a FHIR document bundle``.
    """
    findings: list[Finding] = []
    for old, new in (
        (before.submission_sets, after.submission_sets),
        (before.document_entries, after.document_entries),
        (before.folders, after.folders),
    ):
        for item, back in _pairs(old, new):
            if back is None:
                findings.append(_lost(place(item), f"{form} cannot carry this object"))
                continue
            findings.extend(
                _lost(f"{place(item)}.{path}", f"{form} cannot carry this as it is")
                for path in _changed(item, back)
            )
    findings.extend(_links(before.associations, after.associations, form))
    return tuple(findings)


def place(item: RegistryObject) -> str:
    """Name an object in a finding: its kind and id."""
    return f"{type(item).__name__}[{item.entry_uuid}]"


def _lost(location: str, message: str) -> Finding:
    return Finding(
        rule="not-carried",
        code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
        location=location,
        message=message,
        severity=Severity.WARNING,
    )


def _pairs(
    old: Sequence[RegistryObject], new: Sequence[RegistryObject]
) -> Iterator[tuple[RegistryObject, RegistryObject | None]]:
    """Join each object with what came back for it: the one of its id, else of its place."""
    named = {item.entry_uuid: item for item in new if item.entry_uuid}
    for number, item in enumerate(old):
        found = named.get(item.entry_uuid)
        if found is None and len(old) == len(new):
            found = new[number]
        yield item, found


def _changed(old: object, new: object) -> Iterator[str]:
    """Give the paths below two values of one kind where they differ."""
    for attribute in fields(old):  # type: ignore[arg-type]
        name = attribute.name
        yield from _paths(name, getattr(old, name), getattr(new, name, None))


def _paths(path: str, old: object, new: object) -> Iterator[str]:
    if old == new or old in (None, "", ()):
        # What came from nowhere is an addition, and the status above all.
        if not old and new and path != "availability_status":
            yield path
        return
    if path == "entry_uuid" and not is_uuid_urn(str(old)):
        return
    if isinstance(old, tuple) and isinstance(new, tuple) and len(old) == len(new):
        for number, (one, other) in enumerate(zip(old, new, strict=True)):
            yield from _paths(f"{path}[{number}]", one, other)
    elif is_dataclass(old) and type(old) is type(new) and not hasattr(old, "text"):
        for below in _changed(old, new):
            yield f"{path}.{below}"
    else:
        yield path


# --- Links -------------------------------------------------------------------------------------

_Link = tuple[str, str, object]


def _links(old: Sequence[Association], new: Sequence[Association], form: str) -> Iterator[Finding]:
    """Compare links by what they join: their own ids are names, unless they are UUIDs."""
    ends_before = {a.entry_uuid: (a.source_object, a.target_object) for a in old if a.entry_uuid}
    ends_after = {a.entry_uuid: (a.source_object, a.target_object) for a in new if a.entry_uuid}
    waiting: dict[_Link, list[Association]] = {}
    for link in new:
        waiting.setdefault(_key(link, ends_after), []).append(link)
    renamed: list[str] = []
    for link in old:
        matches = waiting.get(_key(link, ends_before))
        if not matches:
            yield _lost(place(link), f"{form} cannot carry this {_word(link)} link")
            continue
        back = matches.pop(0)
        if is_uuid_urn(link.entry_uuid) and back.entry_uuid != link.entry_uuid:
            renamed.append(link.entry_uuid)
        for path in _changed(link, back):
            if path not in ("entry_uuid", "source_object", "target_object"):
                yield _lost(f"{place(link)}.{path}", f"{form} cannot carry this as it is")
    for start in range(0, len(renamed), _IDS_TOLD_AT_ONCE):
        some = renamed[start : start + _IDS_TOLD_AT_ONCE]
        yield _lost(
            ", ".join(f"Association[{name}].entry_uuid" for name in some),
            f"links have no ids of their own in {form}; a registry gives new ones",
        )
    for links in waiting.values():
        for link in links:
            yield Finding(
                rule="assumed",
                code=ErrorCode.EXTRA_METADATA_NOT_SAVED,
                location=place(link),
                message=f"{form} says a {_word(link)} link that the source does not",
                severity=Severity.WARNING,
            )


def _key(link: Association, ends: dict[str, tuple[str, str]]) -> _Link:
    # A link to a link (a folder's content filed by a submission set) is known by both its ends.
    return (
        link.association_type,
        link.source_object,
        ends.get(link.target_object, link.target_object),
    )


def _word(link: Association) -> str:
    return link.association_type.rpartition(":")[2] or "nameless"
