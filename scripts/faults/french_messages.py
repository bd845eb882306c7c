"""The submissions of :mod:`scripts.faults.french` as messages that are right but for one rule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields, replace
from itertools import count
from typing import Any

from gateway.codecs.ebrim.submission import write_submit_objects
from gateway.model.datatypes import Code
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from gateway.profile import Profile
from scripts.faults.french import BREAKS, ENTRY, GOOD, RPLC, STATUS, link

_STATUS_RULES = ("fr-as-006", "fr-as-007")
_PART_IDS = re.compile(rb'(<rim:(?:Classification|ExternalIdentifier) )id="[^"]*"')
_TYPES = re.compile(rb' objectType="urn:oasis:names:tc:ebxml-regrep:ObjectType:[^"]*"')


def right() -> bytes:
    """A submission that breaks no rule."""
    return _written(_sent(GOOD))


def plain() -> bytes:
    """A document and its signature, nothing else: about 15 KB."""
    return _written(_sent(_without_ballast("", GOOD)))


def right_update() -> bytes:
    """A change of status that breaks no rule."""
    return _written(_update(GOOD))


def broken(profile: Profile) -> Iterator[tuple[str, str, bytes]]:
    """Rule, environment and message of each rule."""
    environments = {rule.id: rule.environments for rule in profile.rules}
    for rule, change in BREAKS.items():
        changed = change(GOOD)
        changed = _without_ballast(rule, changed)
        message = _update(changed) if rule in _STATUS_RULES else _sent(changed)
        environment = (environments.get(rule) or ("test",))[0]
        yield rule, environment, _written(message)


def _without_ballast(rule: str, changed: Submission) -> Submission:
    """A submission without what its rule is not about, to keep the files small."""
    if "-fo-" not in rule and changed.folders == GOOD.folders:
        changed = replace(changed, folders=())
    if "-as-" not in rule:
        changed = replace(
            changed, associations=tuple(one for one in changed.associations if one != RPLC)
        )
    entries = []
    for entry in changed.document_entries:
        ballast: dict[str, Any] = {
            name: ()
            for name in ("event_code_list", "reference_id_list")
            if getattr(entry, name) == getattr(ENTRY, name)
        }
        entries.append(replace(entry, **ballast))
    return replace(changed, document_entries=tuple(entries))


def _written(submission: Submission) -> bytes:
    numbers = count(1)
    octets = write_submit_objects(_labelled(submission))
    # Names as short as a source may give them.
    octets = _PART_IDS.sub(lambda found: found[1] + b'id="p%d"' % next(numbers), octets)
    return lines(octets)


def lines(octets: bytes) -> bytes:
    """A message with each tag on a line, so that findings have places worth telling.

    What an element says of its own type without need is left out, to keep the files small.
    """
    return _TYPES.sub(b"", octets).replace(b"><", b">\n<") + b"\n"


def _update(submission: Submission) -> Submission:
    """The submission set and what it changes, nothing new."""
    status = tuple(
        one
        for one in submission.associations
        if one.association_type == AssociationType.UPDATE_AVAILABILITY_STATUS
    )
    return Submission(submission_sets=submission.submission_sets, associations=status)


def _sent(submission: Submission) -> Submission:
    """What a source sends: no change of status, every object a member, no link to nothing."""
    items = {
        one.entry_uuid
        for one in (
            *submission.submission_sets,
            *submission.document_entries,
            *submission.folders,
        )
    }
    names = {"document", "signature", "folder", "set"}
    kept = tuple(
        one
        for one in submission.associations
        if one.association_type != STATUS.association_type
        and not {one.source_object, one.target_object} & (names - items)
    )
    members = {
        one.target_object for one in kept if one.association_type == AssociationType.HAS_MEMBER
    }
    more = tuple(
        link(AssociationType.HAS_MEMBER, "set", name, submission_set_status="Original")
        for name in sorted(items - members - {"set"})
        if submission.submission_sets
    )
    return replace(submission, associations=(*kept, *more))


def _labelled(submission: Submission) -> Submission:
    """Codes without a label get one: a message cannot go without."""
    return replace(
        submission,
        submission_sets=tuple(_with_labels(one) for one in submission.submission_sets),
        document_entries=tuple(_with_labels(one) for one in submission.document_entries),
        folders=tuple(_with_labels(one) for one in submission.folders),
    )


def _with_labels(item: Any) -> Any:
    changes = {}
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, Code):
            changes[field.name] = _label(value)
        elif isinstance(value, tuple) and value and isinstance(value[0], Code):
            changes[field.name] = tuple(_label(one) for one in value)
    return replace(item, **changes)


def _label(code: Code) -> Code:
    return code if code.display else replace(code, display=code.code)
