"""Stored queries, retrievals and removals that are broken, injected or far too much.

Source:
    Threats Q1, Q2; IHE ITI TF-2a: 3.18.4.1.2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from gateway.codecs.ebrim.names import QueryId
from gateway.codecs.ebrim.query_parameters import DEFINITIONS, Form
from tests.hostile.items import Expected, Failure, Harmless, Item
from tests.hostile.messages import (
    APPROVED,
    PATIENT_SLOT,
    QUERY,
    REGISTRY,
    REMOVE,
    REMOVE_DOCUMENTS,
    REPOSITORY,
    RETRIEVE,
    SOAP_TYPE,
    STATUS_SLOT,
    Shelf,
    envelope,
    query_body,
    remove_body,
    remove_documents_body,
    retrieve_body,
    slot,
)
from tests.model.examples import PATIENT

INJECTIONS = (
    "' OR '1'='1",
    "'' OR ''1''=''1",
    "7001' UNION SELECT name, sql FROM sqlite_master --",
    "x'; DROP TABLE object; --",
    "\\' OR 1=1 /*",
    "%",
    "_",
    "%%%%%%%%",
    "' or count(//*)>0 or 'a'='b",
    "x'] | //* | //*['",
    "$(id)",
    "${jndi:ldap://127.0.0.1:9/x}",
    "{{7*7}}",
    "null",
    "\u2019 OR \u20191\u2019=\u20191",
)

_CODE = "DEMO^^2.999.7.1"


def _query(name: str, make: Callable[[Shelf], str], expected: Expected) -> Item:
    return Item(
        name=f"ITI-18: {name}",
        door=REGISTRY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(make(shelf), QUERY),
        expected=expected,
    )


def _refused(name: str, code: str, body: str, *places: str) -> Item:
    return _query(name, lambda shelf: body, Failure(codes=(code,), names=places))


def _frames() -> Iterator[Item]:
    good = query_body()
    yield _refused(
        "an unknown query",
        "XDSUnknownStoredQuery",
        query_body(query_id="urn:uuid:00000000-0000-4000-8000-000000000000"),
        "AdhocQuery.id",
    )
    yield _refused(
        "SQL for a query's id",
        "XDSUnknownStoredQuery",
        query_body(query_id="SELECT * FROM object"),
        "AdhocQuery.id",
    )
    yield _refused(
        "an unknown return type",
        "XDSRegistryError",
        query_body(return_type="Everything"),
        "returnType",
    )
    yield _refused(
        "two queries",
        "XDSRegistryError",
        good.replace("</rim:AdhocQuery>", '</rim:AdhocQuery><rim:AdhocQuery id="x"/>'),
        "2 AdhocQuery",
    )
    yield _refused(
        "no query",
        "XDSRegistryError",
        good[: good.index("<rim:AdhocQuery")] + "</query:AdhocQueryRequest>",
        "0 AdhocQuery",
    )
    yield _refused(
        "a stranger in the query",
        "XDSRegistryError",
        good.replace("</rim:AdhocQuery>", "<x/></rim:AdhocQuery>"),
        "AdhocQuery",
    )
    yield _refused("no patient", "XDSStoredQueryMissingParam", query_body(STATUS_SLOT), "PatientId")
    yield _refused("no status", "XDSStoredQueryMissingParam", query_body(PATIENT_SLOT), "Status")
    yield _refused(
        "a patient twice",
        "XDSStoredQueryParamNumber",
        query_body(PATIENT_SLOT, PATIENT_SLOT, STATUS_SLOT),
        "PatientId",
    )
    yield _refused(
        "two patients in one slot",
        "XDSStoredQueryParamNumber",
        query_body(slot("$XDSDocumentEntryPatientId", "'a'", "'b'"), STATUS_SLOT),
        "PatientId",
    )
    yield _refused(
        "two kinds of id at once",
        "XDSStoredQueryParamNumber",
        query_body(
            slot("$XDSDocumentEntryEntryUUID", "('urn:uuid:x')"),
            slot("$XDSDocumentEntryUniqueId", "('2.999.1')"),
            query_id=QueryId.GET_DOCUMENTS,
        ),
        "AdhocQuery",
    )


def _values() -> Iterator[Item]:
    base = (PATIENT_SLOT, STATUS_SLOT)
    wrong = {
        "a list without parentheses": (f"'{_CODE}'", "ClassCode"),
        "a list that is empty": ("()", "ClassCode"),
        "a list that never ends": (f"('{_CODE}'", "ClassCode"),
        "a list that goes on": (f"('{_CODE}') OR 1=1", "ClassCode"),
        "a list in a list": (f"(('{_CODE}'))", "ClassCode"),
        "a text that never ends": ("('x", "ClassCode"),
        "a quote too few": ("('a''^^b)", "ClassCode"),
        "a quote too many": ("('a'b'^^c')", "ClassCode"),
        "double quotes": (f'("{_CODE}")', "ClassCode"),
        "typographic quotes": (f"(\u2018{_CODE}\u2019)", "ClassCode"),
        "a code without scheme": ("('DEMO')", "ClassCode"),
        "a code of four parts": ("('DEMO^^1^2')", "ClassCode"),
        "a code without code": ("('^^2.999.7.1')", "ClassCode"),
        "nothing": ("", "ClassCode"),
        "64 KiB and one character": ("('" + "x" * 65_536 + "^^y')", "ClassCode"),
        "201 codes": ("(" + ",".join(f"'{n}^^s'" for n in range(201)) + ")", "ClassCode"),
        "30,000 commas": ("(" + "," * 30_000 + ")", "ClassCode"),
        "60,000 quotes": ("(" + "'" * 60_001 + ")", "ClassCode"),
    }
    for name, (value, parameter) in wrong.items():
        code = "XDSStoredQueryParamNumber" if name == "201 codes" else "XDSRegistryError"
        yield _refused(
            f"a code parameter with {name}",
            code,
            query_body(*base, slot(f"$XDSDocumentEntry{parameter}", value)),
            parameter,
        )
    times = ("yesterday", "20251301", "2025-01-01", "'2025", "20250101000060", "٢٠٢٥", "9" * 100)
    for time in times:
        yield _refused(
            f"the time {time[:20]}",
            "XDSRegistryError",
            query_body(*base, slot("$XDSDocumentEntryCreationTimeFrom", time)),
            "CreationTimeFrom",
        )
    for level in ("0", "3", "-1", "1.0", "0x1", "'1'", "9" * 5000, "١"):
        yield _refused(
            f"the metadata level {level[:10]}",
            "XDSRegistryError",
            query_body(*base, slot("$MetadataLevel", level)),
            "MetadataLevel",
        )
    yield _refused(
        "a patient without quotes",
        "XDSRegistryError",
        query_body(slot("$XDSDocumentEntryPatientId", PATIENT.text), STATUS_SLOT),
        "PatientId",
    )
    yield _refused(
        "a patient in parentheses",
        "XDSRegistryError",
        query_body(slot("$XDSDocumentEntryPatientId", f"('{PATIENT.text}')"), STATUS_SLOT),
        "PatientId",
    )
    yield _refused(
        "the whole of a patient's SQL",
        "XDSRegistryError",
        query_body(slot("$XDSDocumentEntryPatientId", "'7001' OR '1'='1'"), STATUS_SLOT),
        "PatientId",
    )


def _injections() -> Iterator[Item]:
    """A query by an injected value finds what has exactly that value: nothing."""
    answered = Harmless(names=("ResponseStatusType:Success",), without=("ExtrinsicObject",))
    for number, injection in enumerate(INJECTIONS):
        text = injection.replace("'", "''")
        for query_id, definition in DEFINITIONS.items():
            for parameter in definition.parameters:
                if parameter.form in (Form.PATIENT, Form.TEXT):
                    value = f"'{text}'"
                elif parameter.form in (Form.TEXTS, Form.TEXT_GROUPS):
                    value = f"('{text}')"
                elif parameter.form in (Form.CODES, Form.CODE_GROUPS):
                    value = f"('{text.replace('^', '')}^^{text.replace('^', '')}')"
                else:
                    continue
                # Once each, not each injection everywhere: the parameters are read alike.
                if (number + len(parameter.name)) % 5:
                    continue
                matches_all = "%" in injection and parameter.name.endswith("AuthorPerson")
                if matches_all or parameter.name == "$AssociationTypes":
                    continue
                yield _query(
                    f"{definition.type.__name__} {query_id[9:17]} {parameter.name} {injection}",
                    lambda shelf, q=query_id, n=parameter.name, v=value: query_body(
                        *_others(q, n, shelf), slot(n, v), query_id=q
                    ),
                    answered,
                )


def _others(query_id: str, name: str, shelf: Shelf) -> list[str]:
    """The other parameters a query needs, with values that match something."""
    definition = DEFINITIONS[query_id]
    chosen = any(p.choice and p.name == name for p in definition.parameters)
    slots = []
    for parameter in definition.parameters:
        if parameter.name == name:
            continue
        if parameter.required:
            match parameter.form:
                case Form.PATIENT:
                    slots.append(slot(parameter.name, f"'{PATIENT.text}'"))
                case Form.STATUSES:
                    slots.append(slot(parameter.name, f"('{APPROVED}')"))
                case _:
                    slots.append(slot(parameter.name, f"('{shelf.entry}')"))
        elif parameter.choice and not chosen:
            chosen = True
            bare = parameter.form is Form.TEXT
            slots.append(slot(parameter.name, f"'{shelf.entry}'" if bare else f"('{shelf.entry}')"))
        elif name.endswith("LogicalID") and parameter.form is Form.LEVEL:
            slots.append(slot(parameter.name, "2"))
    return slots


def _much() -> Iterator[Item]:
    base = PATIENT_SLOT + STATUS_SLOT
    yield _query(
        "an author's pattern of 32,000 wild cards",
        lambda shelf: query_body(
            base, slot("$XDSDocumentEntryAuthorPerson", "('" + "%_" * 32_000 + "x')")
        ),
        Harmless(names=("ResponseStatusType:Success",), without=("ExtrinsicObject",)),
    )
    yield _query(
        "200 authors' patterns",
        lambda shelf: query_body(
            base,
            slot(
                "$XDSDocumentEntryAuthorPerson",
                *[f"('{'%a' * 100}{n}')" for n in range(200)],
            ),
        ),
        Harmless(names=("ResponseStatusType:Success",), without=("ExtrinsicObject",)),
    )
    yield _query(
        "40,000 parameters nobody knows",
        lambda shelf: query_body(base, *[slot(f"$X{n}", "'x'") for n in range(40_000)]),
        Harmless(names=("ResponseStatusType:Success",)),
    )
    yield _query(
        "5,000 repetitions of one parameter",
        lambda shelf: query_body(base, slot("$XDSDocumentEntryEventCodeList", "('a^^b')") * 5_000),
        Failure(codes=("XDSStoredQueryParamNumber",), names=("EventCodeList",)),
    )
    yield _query(
        "40,000 faults in one parameter",
        lambda shelf: query_body(base, slot("$XDSDocumentEntryEventCodeList", *["x"] * 60_000)),
        Failure(codes=("XDSRegistryError",), names=("EventCodeList",)),
    )


def _soap(
    name: str, door: str, action: str, make: Callable[[Shelf], str], expected: Expected
) -> Item:
    return Item(
        name=name,
        door=door,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(make(shelf), action),
        expected=expected,
    )


def _removals() -> Iterator[Item]:
    nobody = "urn:uuid:00000000-0000-4000-8000-000000000000"
    forms: dict[str, tuple[Callable[[Shelf], str], str, str]] = {
        "nothing": (lambda shelf: remove_body(), "XDSRegistryError", "ObjectRef"),
        "an unknown object": (
            lambda shelf: remove_body(nobody),
            "UnresolvedReferenceException",
            nobody,
        ),
        "an object that others refer to": (
            lambda shelf: remove_body(shelf.entry),
            "ReferencesExistException",
            "ObjectRef[",
        ),
        "a known and an unknown object": (
            lambda shelf: remove_body(shelf.entry, nobody),
            "UnresolvedReferenceException",
            nobody,
        ),
        "SQL": (
            lambda shelf: remove_body("' OR '1'='1"),
            "UnresolvedReferenceException",
            "' or '1'='1",
        ),
        "everything by wild card": (
            lambda shelf: remove_body("urn:uuid:%"),
            "UnresolvedReferenceException",
            "urn:uuid:%",
        ),
        "an ObjectRef without id": (
            lambda shelf: remove_body("x").replace('id="x"', ""),
            "XDSRegistryError",
            "ObjectRef",
        ),
        "a query": (
            lambda shelf: remove_body(shelf.entry).replace(
                "<rim:ObjectRefList>", '<rim:AdhocQuery id="x"/><rim:ObjectRefList>'
            ),
            "XDSRegistryError",
            "AdhocQuery",
        ),
        "60,000 objects": (
            lambda shelf: remove_body(*[f"urn:uuid:{n}" for n in range(60_000)]),
            "XDSRegistryError",
            "60000 ObjectRef",
        ),
        "5,000 unknown objects": (
            lambda shelf: remove_body(*[f"urn:uuid:{n}" for n in range(5_000)]),
            "UnresolvedReferenceException",
            "urn:uuid:0",
        ),
        "an id of 6 MiB": (
            lambda shelf: remove_body("x" * 6_000_000),
            "UnresolvedReferenceException",
            "ObjectRef",
        ),
    }
    for name, (make, code, place) in forms.items():
        yield _soap(
            f"ITI-62: {name}", REGISTRY, REMOVE, make, Failure(codes=(code,), names=(place,))
        )
    for transaction, action, body in (
        ("ITI-43", RETRIEVE, retrieve_body),
        ("ITI-86", REMOVE_DOCUMENTS, remove_documents_body),
    ):
        unknown = "XDSDocumentUniqueIdError"
        documents = {
            "nothing at all": ((), "XDSRepositoryError", "Document"),
            "an unknown document": (("2.999.4.1.1",), unknown, "2.999.4.1.1"),
            "a path": (("../../registry.sqlite",), unknown, "DocumentUniqueId"),
            "SQL": (("' OR '1'='1",), unknown, "DocumentUniqueId"),
            "a wild card": (("%",), unknown, "DocumentUniqueId"),
            "an empty id": (("",), unknown, "DocumentUniqueId"),
            "an id of 6 MiB": (("x" * 6_000_000,), unknown, "DocumentUniqueId"),
            "1,000 unknown documents": (
                tuple(f"2.999.{n}" for n in range(1_000)),
                unknown,
                "2.999.0",
            ),
            "30,000 documents": (
                tuple(f"2.999.{n}" for n in range(30_000)),
                "XDSRepositoryError",
                "30000 documents",
            ),
        }
        for name, (ids, code, place) in documents.items():
            yield _soap(
                f"{transaction}: {name}",
                REPOSITORY,
                action,
                lambda shelf, body=body, ids=ids: body(*ids),
                Failure(codes=(code,), names=(place,)),
            )
    yield _soap(
        "ITI-43: another repository",
        REPOSITORY,
        RETRIEVE,
        lambda shelf: retrieve_body(shelf.unique_id, repository="2.999.9.9"),
        Failure(codes=("XDSUnknownRepositoryId",), names=("RepositoryUniqueId",)),
    )


def query_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _frames()
    yield from _values()
    yield from _injections()
    yield from _much()
    yield from _removals()
