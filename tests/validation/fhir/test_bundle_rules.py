"""Bundles as a whole: identities, references between entries, what each type of Bundle is for."""

from __future__ import annotations

from typing import Any

from gateway.validation.fhir.bundle_rules import check

BASE = "http://server.test/fhir"
UUIDS = [f"urn:uuid:00000000-0000-4000-8000-00000000000{number}" for number in range(5)]


def resource(kind: str, name: str | None = None, **members: Any) -> dict[str, Any]:
    return {"resourceType": kind, **({"id": name} if name else {}), **members}


def entry(url: str | None, inside: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {**({"fullUrl": url} if url else {}), "resource": inside, **members}


def bundle(kind: str, *entries: dict[str, Any], **members: Any) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": kind, "entry": list(entries), **members}


def told(value: dict[str, Any]) -> list[tuple[str, str]]:
    return [(issue.rule.removeprefix("fhir-bundle-"), issue.location) for issue in check(value)]


def test_a_full_url_is_absolute_and_names_its_resource() -> None:
    patient = resource("Patient", "1")
    assert told(bundle("collection", entry(f"{BASE}/Patient/1", patient))) == []
    assert told(bundle("collection", entry(UUIDS[0], patient))) == []
    place = "Bundle.entry[0].fullUrl"
    assert told(bundle("collection", entry("Patient/1", patient))) == [("full-url", place)]
    nameless = bundle("collection", entry(f"{BASE}/Patient/1", resource("Patient")))
    assert told(nameless) == [("full-url-id", place)]
    wrong = bundle("collection", entry(f"{BASE}/Patient/2", patient))
    assert told(wrong) == [("full-url-id", place)]


def test_only_batches_and_transactions_do_without_a_full_url() -> None:
    patient = resource("Patient", "1")
    assert told(bundle("collection", entry(None, patient))) == [
        ("full-url-missing", "Bundle.entry[0]")
    ]
    posted = entry(None, patient, request={"method": "POST", "url": "Patient"})
    assert told(bundle("transaction", posted)) == []


def test_a_document_holds_what_its_composition_refers_to() -> None:
    composition = resource("Composition", subject={"reference": UUIDS[1]})
    patient = entry(UUIDS[1], resource("Patient"))
    assert told(bundle("document", entry(UUIDS[0], composition), patient)) == []
    place = "Bundle.entry[0].resource.subject"
    assert told(bundle("document", entry(UUIDS[0], composition))) == [("unresolved", place)]


def test_a_relative_reference_is_resolved_against_the_url_of_its_entry() -> None:
    composition = resource("Composition", "c", subject={"reference": "Patient/1"})
    patient = entry(f"{BASE}/Patient/1", resource("Patient", "1"))
    assert told(bundle("document", entry(f"{BASE}/Composition/c", composition), patient)) == []
    lost = bundle("document", entry(UUIDS[0], composition), patient)
    (issue,) = check(lost)
    assert issue.rule == "fhir-bundle-unresolved"
    assert "fullUrl" in issue.message


def test_a_reference_without_version_to_two_versions_is_ambiguous() -> None:
    composition = resource("Composition", "c", subject={"reference": f"{BASE}/Patient/1"})
    versions = [
        entry(f"{BASE}/Patient/1", resource("Patient", "1", meta={"versionId": version}))
        for version in "12"
    ]
    first = entry(f"{BASE}/Composition/c", composition)
    assert ("ambiguous", "Bundle.entry[0].resource.subject") in told(
        bundle("document", first, *versions)
    )
    composition["subject"]["reference"] += "/_history/2"
    rules = [rule for rule, _ in told(bundle("document", first, *versions))]
    assert "ambiguous" not in rules
    assert "unresolved" not in rules


def test_an_entry_of_a_document_that_nothing_leads_to_is_told() -> None:
    composition = resource("Composition", subject={"reference": UUIDS[1]})
    patient = entry(UUIDS[1], resource("Patient"))
    provenance = entry(UUIDS[2], resource("Provenance", target=[{"reference": UUIDS[1]}]))
    stranger = entry(UUIDS[3], resource("Basic"))
    assert told(
        bundle("document", entry(UUIDS[0], composition), patient, provenance, stranger)
    ) == [("unreachable", "Bundle.entry[3]")]


def test_a_message_holds_its_focus_and_may_refer_to_others() -> None:
    header = resource("MessageHeader", focus=[{"reference": UUIDS[1]}], author={"reference": "a/b"})
    assert told(bundle("message", entry(UUIDS[0], header))) == [
        ("unresolved", "Bundle.entry[0].resource.focus[0]")
    ]
    assert told(bundle("message")) == [("first", "Bundle")]


def test_a_uuid_in_a_transaction_is_one_of_its_entries() -> None:
    request = {"method": "POST", "url": "List"}
    listing = resource("List", entry=[{"item": {"reference": UUIDS[1]}}])
    assert told(bundle("transaction", entry(UUIDS[0], listing, request=request))) == [
        ("unresolved", "Bundle.entry[0].resource.entry[0].item")
    ]


def test_a_request_is_about_its_resource() -> None:
    patient = resource("Patient", "1")
    for method, url, good in (
        ("POST", "Patient", True),
        ("POST", "Practitioner", False),
        ("PUT", "Patient/1", True),
        ("PUT", "Patient/2", False),
        ("PUT", "Patient?identifier=a|b", True),
    ):
        made = entry(UUIDS[0], patient, request={"method": method, "url": url})
        assert (not told(bundle("transaction", made))) is good, (method, url)
    empty = {"fullUrl": UUIDS[0], "request": {"method": "POST", "url": "Patient"}}
    assert told(bundle("transaction", empty)) == [("request", "Bundle.entry[0].request")]
    deleted = {"request": {"method": "DELETE", "url": "Patient/1"}}
    assert told(bundle("transaction", deleted)) == []


def test_results_have_ids_and_the_type_that_was_searched_for() -> None:
    link = [{"relation": "self", "url": f"{BASE}/Patient?name=a"}]
    match = {"mode": "match"}
    good = entry(f"{BASE}/Patient/1", resource("Patient", "1"), search=match)
    outcome = entry(None, resource("OperationOutcome"), search={"mode": "outcome"})
    assert told(bundle("searchset", good, outcome, link=link)) == []
    nameless = entry(f"{BASE}/Patient/1", resource("Patient"), search=match)
    assert ("search-id", "Bundle.entry[0].resource") in told(
        bundle("searchset", nameless, link=link)
    )
    other = entry(f"{BASE}/Basic/1", resource("Basic", "1"), search=match)
    assert told(bundle("searchset", other, link=link)) == [
        ("search-mode", "Bundle.entry[0].resource")
    ]
    included = {**other, "search": {"mode": "include"}}
    assert told(bundle("searchset", good, included, link=link)) == []


def test_a_relation_stands_once() -> None:
    link = {"relation": "self", "url": BASE}
    assert told(bundle("searchset", link=[link, link])) == [("link", "Bundle.link[1].relation")]


def test_wrong_shapes_are_passed_over() -> None:
    for value in (
        {"resourceType": "Bundle", "type": 1, "entry": {}, "link": 3},
        bundle("document", {"resource": "x"}, link=[1, {"relation": 2}]),
        {"resourceType": "Bundle", "type": "document", "entry": ["a", None]},
        bundle("searchset", entry("a", {"resourceType": 3}), link=[{"relation": "self"}]),
    ):
        assert isinstance(list(check(value)), list)
