"""Every choice of a patient comes back from every form it is said in, or is named."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from fhir.resources.R4B.consent import Consent
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import Refused
from gateway.model import choices as c
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.profile import Profile, read_profile
from gateway.translators.consents import (
    from_bppc,
    from_consent,
    statement_from_json,
    statement_to_json,
    to_bppc,
    to_consent,
)
from tests.laws import fhir_strategies as some
from tests.shared import ROOT


@cache
def profile(name: str = "ihe") -> Profile:
    return read_profile(name, ROOT / "profiles")


identifiers = st.builds(Identifier.of, some.words, some.oids)
times = st.datetimes().flatmap(
    lambda t: st.sampled_from((4, 6, 8, 12, 14)).map(
        lambda n: DateTime(f"{t.year:04}{t.month:02}{t.day:02}{t:%H%M%S}"[:n])
    )
)
periods = st.builds(c.Period, start=some.maybe(times), end=some.maybe(times))
holders = st.builds(
    c.Holder,
    kind=st.sampled_from((c.HolderKind.PROFESSIONAL, c.HolderKind.STRUCTURE)),
    identifier=identifiers,
)
documents = st.builds(c.Document, id=some.unique_ids)
targets = st.one_of(
    documents,
    st.builds(c.AuthoredBy, author=holders),
    st.builds(c.WrittenIn, period=periods.filter(lambda p: p != c.Period())),
    st.builds(c.Labelled, label=st.sampled_from(c.LABELS)),
)
CHOICES = {
    c.Open: st.builds(c.Open, policy=st.sampled_from(c.BasePolicy)),
    c.Close: st.builds(c.Close),
    c.Authorise: st.builds(
        c.Authorise,
        holder=holders,
        period=periods,
        origin=st.sampled_from(c.Origin),
        # A moment of a session: FHIR says it to the second, or as a day.
        agreed=some.maybe(times.filter(lambda t: len(t.text) in (8, 14))),
    ),
    c.Revoke: st.builds(
        c.Revoke,
        holder=st.builds(c.Holder, kind=st.sampled_from(c.HolderKind), identifier=identifiers),
    ),
    c.Block: st.builds(c.Block, professional=identifiers),
    c.Unblock: st.builds(c.Unblock, professional=identifiers),
    c.Emergency: st.builds(
        c.Emergency, kind=st.sampled_from(c.EmergencyKind), allowed=st.booleans()
    ),
    c.HideAll: st.builds(c.HideAll, hidden=st.booleans()),
    c.Mask: st.builds(c.Mask, target=targets),
    c.Unmask: st.builds(c.Unmask, target=targets),
    c.FeedObjection: st.builds(
        c.FeedObjection, source=holders, motive=some.texts, accepted_by=identifiers
    ),
    c.Service: st.builds(
        c.Service,
        app=identifiers,
        scope=st.lists(
            st.builds(Code, some.words, some.oids, some.maybe(some.texts)), min_size=1, max_size=3
        ).map(tuple),
        period=periods,
    ),
    c.Representative: st.builds(
        c.Representative, person=identifiers, title=some.texts, period=periods
    ),
}
choices: st.SearchStrategy[c.Choice] = st.one_of(*CHOICES.values())  # type: ignore[arg-type]
statements = st.builds(
    c.Statement,
    patient_id=identifiers,
    patient_reference=st.one_of(st.just(""), some.words.map(lambda w: "Patient/7")),
    date_time=times,
    performer=some.maybe(identifiers),
    organization=identifiers,
    source=some.uris,
    choices=st.lists(choices, min_size=1, max_size=3).map(tuple),
).filter(lambda s: s.performer != s.patient_id)


def test_the_laws_speak_of_every_choice() -> None:
    assert set(CHOICES) == set(c.Choice.__args__)  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["ihe", "fr-dmp"])
@given(statements)
def test_a_statement_comes_back_from_consent_as_it_was(name: str, statement: c.Statement) -> None:
    written = to_consent(statement, profile(name))
    assert written.findings == ()
    octets = json.dumps(written.value)
    read = from_consent(json.loads(octets), profile(name))
    assert (read.value, read.findings) == (statement, ())


@pytest.mark.parametrize("kind", list(CHOICES), ids=lambda kind: str(kind.__name__))
@given(st.data())
def test_every_choice_is_a_valid_consent(kind: type, data: st.DataObject) -> None:
    statement = replace(data.draw(statements), choices=(data.draw(CHOICES[kind]),))
    written = to_consent(statement, profile()).value
    Consent.model_validate(written)
    assert from_consent(written, profile()).value == statement


@given(statements)
def test_a_statement_comes_back_from_plain_json_as_it_was(statement: c.Statement) -> None:
    written = json.dumps(statement_to_json(statement)).encode()
    assert statement_from_json(written).value == statement


@pytest.mark.parametrize("name", ["ihe", "fr-dmp"])
@given(
    st.lists(st.sampled_from(range(13)), min_size=1, max_size=4, unique=True),
    some.words,
    times,
)
def test_what_bppc_can_say_comes_back(
    name: str, numbers: list[int], value: str, time: DateTime
) -> None:
    known = list(profile(name).policies.acknowledged.values())
    said = tuple(dict.fromkeys(known[number % len(known)].choice for number in numbers))
    authority = next(iter(profile(name).metadata_from_cda.record_authorities), "2.999.1")
    statement = c.Statement(
        patient_id=Identifier.of(value, authority, profile(name).identifier_type(authority, value)),
        date_time=time,
        organization=Identifier.of("KEEPER", "2.999.2"),
        source="2.999.3.1",
        choices=said,
    )
    written = to_bppc(statement, profile(name))
    assert written.findings == ()
    assert written.value is not None
    assert from_bppc(written.value, profile(name)).value == statement


@given(statements)
def test_what_bppc_cannot_say_is_named(statement: c.Statement) -> None:
    written = to_bppc(statement, profile())
    told = {f.location for f in written.findings if f.is_error}
    for number, choice in enumerate(statement.choices):
        expressible = profile().policies.oid(choice) is not None
        assert (f"Statement.choices[{number}]" not in told) == expressible


def _objects(value: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if isinstance(value, dict):
        found.append(value)
        for item in value.values():
            found += _objects(item)
    elif isinstance(value, list):
        for item in value:
            found += _objects(item)
    return found


@given(statements.filter(lambda s: len(s.choices) == 1), st.data())
def test_a_provision_with_anything_unknown_in_it_is_refused(
    statement: c.Statement, data: st.DataObject
) -> None:
    consent = copy.deepcopy(to_consent(statement, profile()).value)
    inside = _objects(consent["provision"])
    chosen = inside[data.draw(st.sampled_from(range(len(inside))))]
    name = data.draw(st.sampled_from(("condition", "action", "class", "code", "modifierExtension")))
    if name in chosen:
        return
    chosen[name] = [{"x": "y"}] if name != "code" else "ELSE"
    with pytest.raises(Refused) as refused:
        from_consent(consent, profile())
    assert any(name in f.location for f in refused.value.findings)
