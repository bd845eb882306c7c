from __future__ import annotations

from dataclasses import fields, replace

import pytest

from gateway.codecs.audit_octets import (
    GENESIS,
    columns,
    columns_in,
    link,
    read_audit_octets,
    write_audit_octets,
)
from gateway.model.audit import Action, AuditEvent, Outcome
from gateway.model.datatypes import Code, Identifier
from gateway.model.subject import Subject, SubjectKind
from tests.model.audited import DOCTOR, FULL, name, search

SENT = replace(FULL, received='{"resourceType":"AuditEvent"}', mentions=("agent:7^2.999",))
"""As another system sent it."""


def test_an_event_comes_back_as_it_was() -> None:
    for event in (FULL, SENT):
        assert read_audit_octets(write_audit_octets(event)) == event
    assert read_audit_octets(write_audit_octets(search())) == search()


def test_the_full_example_leaves_no_attribute_out() -> None:
    for attribute in fields(AuditEvent):
        assert getattr(SENT, attribute.name) != attribute.default, attribute.name


def test_a_subject_comes_back_as_it_was() -> None:
    subjects = (
        Subject(kind=SubjectKind.STRUCTURE),
        replace(DOCTOR, kind=SubjectKind.DELEGATE, on_behalf_of=Identifier("7^^^&2.999&ISO")),
        replace(DOCTOR, secret_connection=True, sector=Code("1", "2.999", "Un", "fr")),
    )
    for subject in subjects:
        event = search(subject=subject)
        assert read_audit_octets(write_audit_octets(event)) == event


def test_columns_are_those_of_the_event_whichever_way_they_are_read() -> None:
    structure = Subject(kind=SubjectKind.STRUCTURE, structure=DOCTOR.structure)
    for event in (
        FULL,
        search(subject=None, patient=None),
        search(subject=structure),
        search(subject=replace(DOCTOR, id=None, structure=None), patient=Identifier("")),
    ):
        assert columns_in(write_audit_octets(event)) == columns(event)


def test_what_is_empty_takes_no_room() -> None:
    event = AuditEvent(
        id=name(1),
        time="20260301120000",
        transaction="ITI-18",
        action=Action.EXECUTE,
        outcome=Outcome.SUCCESS,
    )
    assert read_audit_octets(write_audit_octets(event)) == event
    assert write_audit_octets(event).count(b":") == 6 + 2  # two of them in the id


def test_half_a_surrogate_pair_is_no_reason_to_keep_no_record() -> None:
    event = search(query="GET /\ud800")
    assert read_audit_octets(write_audit_octets(event)).query == "GET /?"


@pytest.mark.parametrize(
    "octets", [b"", b"{", b"[]", b"1", b'{"form":2}', b'{"form":1}', b'{"form":1,"id":3}']
)
def test_other_octets_are_no_event(octets: bytes) -> None:
    with pytest.raises(ValueError):
        read_audit_octets(octets)
    if not octets.startswith(b'{"form":2'):
        with pytest.raises(ValueError):
            columns_in(octets)


def test_a_link_depends_on_both_its_ends() -> None:
    one = link(GENESIS, b"a")
    assert one != link(GENESIS, b"b")
    assert one != link(b"\x01" + GENESIS[1:], b"a")
