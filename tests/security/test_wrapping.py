"""No arrangement of genuine and forged assertions makes anybody believe what nobody signed."""

from __future__ import annotations

import pytest

from gateway.codecs.xml import XmlRefused, read_xml
from gateway.security.authenticator import Authenticator
from gateway.security.errors import NotAuthenticated
from gateway.security.saml.signature import read_assertion, verify_signature
from gateway.security.saml.statements import read_statement
from tests.security.signing import Provider, Written, signed
from tests.security.world import NOW, World, accepted, message
from tests.security.wrapping import FORGED, GENUINE, forged_assertions, messages

PROVIDER = Provider()
ASSERTION = signed(Written(), PROVIDER.pair)


@pytest.fixture
def gateway(ihe: World) -> Authenticator:
    return ihe.authenticator([PROVIDER.issuer()], [])


def test_the_genuine_message_is_accepted(gateway: Authenticator) -> None:
    access = accepted(gateway, message(ASSERTION))
    assert access.subject.id is not None
    assert access.subject.id.value == GENUINE


def test_no_wrapping_message_is_accepted_with_another_identity(gateway: Authenticator) -> None:
    seen, believed = set(), []
    for said, octets in messages(ASSERTION, message):
        seen.add(octets)
        try:
            access = accepted(gateway, octets)
        except NotAuthenticated:
            continue
        if access.subject.id is None or access.subject.id.value != GENUINE:
            believed.append(said)
    assert believed == []
    assert len(seen) >= 2000


def test_not_even_a_message_with_two_assertions_of_the_same_person_is_accepted(
    gateway: Authenticator,
) -> None:
    others = [o for _, o in messages(ASSERTION, message) if o.count(b"<saml:Assertion") > 1]
    taken = []
    for octets in others:
        try:
            accepted(gateway, octets)
        except NotAuthenticated:
            continue
        taken.append(octets)
    assert len(others) > 1000
    assert taken == []


def test_the_form_of_a_signature_alone_keeps_forged_assertions_out() -> None:
    # Without the check of the place in the message.
    taken = []
    for said, octets in forged_assertions(ASSERTION):
        try:
            read_assertion(octets)
        except NotAuthenticated:
            continue
        taken.append(said)
    # These few are left to the signature itself: the forged one kept the only one there is.
    assert all("the forged one has it" in said for said in taken)


def test_what_verification_returns_was_signed(ihe: World) -> None:
    # Without either check: whatever verifies is the genuine text.
    rules = ihe.profile.identity.assertion
    for said, octets in forged_assertions(ASSERTION):
        try:
            root = read_xml(octets, keep_blanks=True)
            tree = verify_signature(root, PROVIDER.pair.certificate, NOW)
        except (XmlRefused, NotAuthenticated):
            continue
        assert FORGED not in read_statement(tree, rules).name_id, said
