"""The server finds what FHIR's search finds on the JSON of all resources, whatever is asked."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from gateway.model.datatypes import (
    Author,
    Code,
    DateTime,
    Identifier,
    LocalizedString,
    Organization,
    Person,
    ReferenceId,
)
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType, DocumentEntryType
from tests.answers import Answers
from tests.laws.search_model import matches, sort_key
from tests.model import examples
from tests.web.conftest import Open, open_gateway
from tests.web.messages import register

PATIENT = Identifier.of("law", "2.999.1.10")
WHO = ("patient.identifier", "urn:oid:2.999.1.10|law")
TIMES = ("2024", "202406", "20240615", "20240615101500", "20250101", "20241231235959")
CODES = (
    Code("A", "2.999.7.1", "a"),
    Code("A", "2.999.7.2", "a"),
    Code("B", "2.999.7.1", "b"),
    Code("C", "2.16.840.1.113883.6.1", "c"),
)
PEOPLE = (
    Author(person=Person.of("80", "Müller", "Anne", middle="Marie", authority="2.999.1.30")),
    Author(person=Person.of("81", "MULLER-Roy", "Éric", authority="2.999.1.30")),
    Author(institution=(Organization.of("Hôpital Est", "990", "2.999.1.31"),)),
    Author(
        person=Person.of("", "Durand", "Paul"),
        institution=(Organization.of("Clinic", "990", "2.999.1.32"), Organization.of("Est")),
        role=("nurse",),
    ),
)
REFERENCES = (
    ReferenceId.of("A-1", "2.999.1.41", "urn:ihe:iti:xds:2013:accession"),
    ReferenceId.of("A-1", "2.999.1.42", "urn:ihe:iti:xds:2013:order"),
    ReferenceId.of("E-1", "2.999.1.41", "urn:ihe:iti:xds:2015:encounterId"),
)
DOCUMENTS = 24


def shelf(client: TestClient) -> None:
    """Submit documents that differ in everything a search looks at; always the same ones."""
    pick = random.Random(20250114)

    def some(values: tuple[Any, ...], most: int = 2) -> tuple[Any, ...]:
        return tuple(pick.sample(values, pick.randint(0, most)))

    def time() -> DateTime:
        return DateTime(pick.choice(TIMES))

    kept: list[str] = []
    for number in range(DOCUMENTS):
        start, stop = sorted((time(), time()))
        entry = examples.entry(
            "d1",
            f"2.999.4.{number}" + ("^7" if number % 5 == 0 else ""),
            patient_id=PATIENT,
            class_code=pick.choice(CODES),
            type_code=pick.choice(CODES),
            practice_setting_code=pick.choice(CODES),
            healthcare_facility_type_code=pick.choice(CODES),
            event_code_list=some(CODES),
            confidentiality_code=some(CODES) or CODES[:1],
            creation_time=time(),
            service_start_time=pick.choice((None, start)),
            service_stop_time=pick.choice((None, stop)),
            language_code=pick.choice(("fr-FR", "en-GB")),
            author=some(PEOPLE),
            reference_id_list=some(REFERENCES),
            object_type=DocumentEntryType.STABLE,
        )
        folder = examples.folder(
            "f1",
            f"2.999.8.{number}",
            patient_id=PATIENT,
            code_list=some(CODES) or CODES[:1],
            title=(LocalizedString(pick.choice(("Grossesse", "grande", "Été"))),),
        )
        links = [examples.member("set", "d1", "Original")]
        if number % 4 == 0:
            links += [examples.member("set", "f1"), examples.member("f1", "d1")]
        if kept and pick.random() < 0.4:
            kind = pick.choice((AssociationType.RPLC, AssociationType.APND, AssociationType.XFRM))
            target = pick.choice(kept)
            links.append(examples.link(kind, "d1", target))
            if kind == AssociationType.RPLC:
                kept.remove(target)
        submission = Submission(
            submission_sets=(
                examples.submission_set(
                    f"2.999.5.{number}",
                    patient_id=PATIENT,
                    source_id=pick.choice(("2.999.6.1", "2.999.6.2")),
                    submission_time=DateTime(pick.choice(TIMES[3:4] + TIMES[5:])),
                    content_type_code=pick.choice(CODES),
                    author=some(PEOPLE, 1),
                    title=(LocalizedString(pick.choice(("Grand", "Petit"))),),
                ),
            ),
            document_entries=(entry,),
            folders=(folder,) if number % 4 == 0 else (),
            associations=tuple(links),
        )
        outcome = register(client, submission)
        assert [f.message for f in outcome.findings if f.is_error] == []
        found = search(client, "DocumentReference", [("identifier", f"urn:oid:2.999.4.{number}")])
        if found and number % 5:
            uuids = [i["value"] for i in found[0]["identifier"]]
            kept.append(next(u for u in uuids if u.startswith("urn:uuid:")))


def page(client: TestClient, url: str) -> dict[str, Any]:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.text)
    bundle: dict[str, Any] = json.loads(answer.content)
    return bundle


def search(
    client: TestClient, kind: str, asked: list[tuple[str, str]], count: int = 500
) -> list[dict[str, Any]]:
    """Everything a search finds, page after page; the total is the same on each."""
    found: list[dict[str, Any]] = []
    url: str | None = f"/fhir/{kind}?{urlencode([WHO, *asked, ('_count', str(count))])}"
    totals = set()
    while url:
        bundle = page(client, url)
        totals.add(bundle["total"])
        found += [e["resource"] for e in bundle.get("entry", ()) if e["search"]["mode"] == "match"]
        url = next((link["url"] for link in bundle["link"] if link["relation"] == "next"), None)
    assert totals == {len(found)}
    return found


class Unheard(Answers):
    """Keeps nothing of what is answered: thousands of searches are too many to be judged."""

    def listen(self, client: TestClient) -> TestClient:
        return client

    def take_events(self) -> None:
        pass


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    opened = open_gateway.__wrapped__(  # type: ignore[attr-defined]
        tmp_path_factory.mktemp("law"), Unheard()
    )
    open_: Open = next(opened)
    client = open_()
    shelf(client)
    yield client
    opened.close()


SYSTEMS = ("urn:oid:2.999.7.1", "urn:oid:2.999.7.2", "http://loinc.org", "urn:oid:2.999.99", "")
CODE_TOKENS = st.one_of(
    st.sampled_from(("A", "B", "C", "Z")),
    st.builds("{}|{}".format, st.sampled_from(SYSTEMS), st.sampled_from(("A", "B", "C"))),
    st.builds("{}|".format, st.sampled_from(SYSTEMS[:4])),
)
MOMENTS = (
    "2024",
    "2024-06",
    "2024-06-15",
    "2024-06-15T10:15:00Z",
    "2024-12-31",
    "2025",
    "2023",
    "2024-06-15T12:15:00+02:00",
)
DATE_VALUES = st.builds(
    "{}{}".format,
    st.sampled_from(("", "eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")),
    st.sampled_from(MOMENTS),
)
NAMES = st.sampled_from(
    ("mull", "Müller", "MULLER-Roy", "durand", "anne", "Marie", "ric", "éric", "hop", "est", "Est")
)
TITLES = st.sampled_from(("gra", "Grossesse", "ete", "nd", "Été", "Petit"))
PERSON_TOKENS = st.sampled_from(
    ("urn:oid:2.999.1.30|80", "81", "urn:oid:2.999.1.31|990", "990", "urn:oid:2.999.1.30|", "7")
)
THING_TOKENS = st.sampled_from(
    (
        "urn:oid:2.999.1.41|A-1",
        "A-1",
        "urn:oid:2.999.1.41|",
        "E-1",
        "urn:oid:2.999.1.41|E-1",
        "|A-1",
    )
)
ID_TOKENS = st.sampled_from(
    (
        "urn:oid:2.999.4.3",
        "urn:ietf:rfc:3986|urn:oid:2.999.4.4",
        "urn:oid:2.999.4.5|7",
        "7",
        "urn:oid:2.999.4.10|",
        "urn:ietf:rfc:3986|",
        "urn:oid:2.999.5.3",
        "urn:oid:2.999.8.4",
    )
)


def several(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, min_size=1, max_size=3).map(",".join)


def named(
    names: tuple[str, ...], values: st.SearchStrategy[str], *modifiers: str
) -> st.SearchStrategy[tuple[str, str]]:
    """One parameter of these names, with or without one of the modifiers."""
    spelled = st.builds(
        "{}{}".format, st.sampled_from(names), st.sampled_from(("", *(f":{m}" for m in modifiers)))
    )
    return st.tuples(spelled, several(values))


def missing(*names: str) -> st.SearchStrategy[tuple[str, str]]:
    return st.tuples(
        st.sampled_from(names).map("{}:missing".format), st.sampled_from(("true", "false"))
    )


def parameters(universe: list[dict[str, Any]]) -> st.SearchStrategy[tuple[str, str]]:
    kinds = {r["resourceType"] for r in universe}
    ids = st.sampled_from([r["id"] for r in universe])
    if kinds == {"DocumentReference"}:
        coded = ("type", "category", "event", "facility", "setting", "security-label")
        dates = ("creation", "period-start", "period-end", "date", "_lastUpdated")
        return st.one_of(
            named(coded, CODE_TOKENS, "not"),
            named((*dates, "period", "period", "creation"), DATE_VALUES),
            named(("author.family", "author.given"), NAMES, "exact", "contains"),
            named(("author:Organization.name",), NAMES, "exact", "contains"),
            named(("author.identifier",), PERSON_TOKENS, "not"),
            named(("related:identifier", "encounter:identifier"), THING_TOKENS),
            named(("identifier",), ID_TOKENS, "not"),
            named(("status",), st.sampled_from(("current", "superseded")), "not"),
            named(("language",), st.sampled_from(("fr-FR", "en-GB", "de")), "not"),
            named(("relation",), st.sampled_from(("replaces", "appends", "signs")), "not"),
            named(("relatesto",), ids, "not"),
            named(("relatesto",), ids.map("DocumentReference/{}".format)),
            named(("_id",), ids),
            missing(*coded, "creation", "period", "period-end", "related", "relatesto"),
        )
    documents = [i["item"]["reference"] for r in universe for i in r.get("entry", ())]
    items = st.sampled_from(["/".join(d.split("/")[-2:]) for d in documents])
    return st.one_of(
        named(("code",), st.sampled_from(("folder", "submissionset"))),
        named(("designationType",), CODE_TOKENS, "not"),
        named(("date", "_lastUpdated"), DATE_VALUES),
        named(("source.family", "source.given"), NAMES, "exact", "contains"),
        named(("title",), TITLES, "exact", "contains"),
        named(("identifier",), ID_TOKENS, "not"),
        named(("item",), items, "not"),
        named(("_id",), ids),
        missing("designationType", "title", "item"),
    )


@pytest.mark.parametrize(
    ("kind", "sorts"),
    [
        (
            "DocumentReference",
            ("creation", "date", "_lastUpdated", "period", "status", "type", "_id"),
        ),
        ("List", ("date", "_lastUpdated", "title", "status", "_id")),
    ],
)
@given(data=st.data())
@settings(max_examples=60)
def test_the_server_finds_what_a_look_at_every_resource_finds(
    gateway: TestClient, kind: str, sorts: tuple[str, ...], data: Any
) -> None:
    universe = search(gateway, kind, [])
    assert len(universe) >= DOCUMENTS
    asked = data.draw(st.lists(parameters(universe), min_size=1, max_size=3))
    order = data.draw(st.lists(st.sampled_from(sorts), max_size=2, unique=True))
    keys = [(name, data.draw(st.booleans())) for name in order]
    written = ",".join(("" if upwards else "-") + name for name, upwards in keys)
    count = data.draw(st.sampled_from((2, 7, 500)))
    expected = {r["id"] for r in universe if all(matches(r, *one) for one in asked)}
    found = search(gateway, kind, [*asked, *([("_sort", written)] if written else [])], count)
    ids = [r["id"] for r in found]
    assert len(ids) == len(set(ids))
    assert set(ids) == expected
    wanted = list(found)
    for name, upwards in reversed(keys):
        wanted.sort(key=lambda r: sort_key(r, name), reverse=not upwards)
    assert [[sort_key(r, n) for n, _ in keys] for r in wanted] == [
        [sort_key(r, n) for n, _ in keys] for r in found
    ]
