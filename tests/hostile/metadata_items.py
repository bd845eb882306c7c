"""Submissions whose frame is good and whose metadata are not.

Source:
    Threats X7, Q8, Q10; IHE ITI TF-3: 4.2.1 to 4.2.3.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from lxml import etree

from gateway.codecs.ebrim.names import (
    CLASSIFICATION,
    DOCUMENT_ENTRY_KIND,
    EXTERNAL_IDENTIFIER,
    EXTRINSIC_OBJECT,
    FOLDER_KIND,
    FOLDER_NODE,
    NAME,
    REGISTRY_PACKAGE,
    SLOT,
    SUBMISSION_SET_KIND,
    SUBMISSION_SET_NODE,
)
from gateway.model.association import Association
from gateway.model.submission import Submission
from gateway.model.vocabulary import AssociationType
from tests.hostile.items import Failure, Item
from tests.hostile.messages import (
    ON_DEMAND,
    PROVIDE,
    REGISTER,
    REGISTRY,
    REPOSITORY,
    SOAP_TYPE,
    UPDATE,
    Shelf,
    entry,
    envelope,
    folder,
    fresh,
    link,
    mtom,
    mtom_type,
    of_patient,
    on_demand_body,
    provide_body,
    register_body,
    submission,
    update_body,
)
from tests.model.examples import OTHER_PATIENT, member, submission_set

METADATA = "XDSRegistryMetadataError"
_NOBODY = "urn:uuid:00000000-0000-4000-8000-000000000000"

# ---------------------------------------------------------------- what is required, left out


_REQUIRED_OF_ENTRY = [
    *("creationTime", "languageCode", "sourcePatientId", "hash", "size", "repositoryUniqueId"),
    *("classCode", "confidentialityCode", "formatCode", "healthcareFacilityTypeCode"),
    *("practiceSettingCode", "typeCode", "patientId", "uniqueId", "mimeType", "objectType", "id"),
]
_REQUIRED_OF_SET = ["submissionTime", "contentTypeCode", "patientId", "sourceId", "uniqueId"]
_REQUIRED_OF_FOLDER = ["codeList", "patientId", "uniqueId", "title"]
_KINDS = {
    EXTRINSIC_OBJECT: ("DocumentEntry", DOCUMENT_ENTRY_KIND),
    SUBMISSION_SET_NODE: ("SubmissionSet", SUBMISSION_SET_KIND),
    FOLDER_NODE: ("Folder", FOLDER_KIND),
}


def _objects(root: etree._Element, kind: str) -> Iterator[etree._Element]:
    """The objects of a kind, in a message."""
    if kind == "DocumentEntry":
        yield from root.iter(EXTRINSIC_OBJECT)
        return
    node = SUBMISSION_SET_NODE if kind == "SubmissionSet" else FOLDER_NODE
    for package in root.iter(REGISTRY_PACKAGE):
        if any(c.get("classificationNode") == node for c in package.iter(CLASSIFICATION)):
            yield package


def _holders(item: etree._Element, kind: str, attribute: str) -> list[etree._Element]:
    """The parts of an object that say one attribute of it."""
    wire = next(k for name, k in _KINDS.values() if name == kind)
    schemes = {name: scheme for scheme, name in {**wire.codes, **wire.identifiers}.items()}
    found = []
    for child in item:
        if (
            (child.tag == SLOT and child.get("name") == attribute)
            or (child.tag == NAME and attribute == "title")
            or (
                child.tag in (CLASSIFICATION, EXTERNAL_IDENTIFIER)
                and schemes.get(attribute)
                in (child.get("classificationScheme"), child.get("identificationScheme"))
                and attribute in schemes
            )
        ):
            found.append(child)
    return found


def without(body: str, kind: str, attribute: str) -> str:
    """A message in which the first object of a kind lacks an attribute."""
    root = etree.fromstring(body)
    item = next(_objects(root, kind))
    parts = _holders(item, kind, attribute)
    for part in parts:
        item.remove(part)
    if not parts:
        del item.attrib[attribute]
    return etree.tostring(root).decode()


def bent(body: str, path: str, change: Callable[[etree._Element], None]) -> str:
    """A message with a change made to the first element an ElementPath finds."""
    root = etree.fromstring(body)
    found = root.find(path)
    assert found is not None, path
    change(found)
    return etree.tostring(root).decode()


def _with_folder() -> str:
    return register_body(
        submission(entry(), folders=(folder(),), links=(member("f1", "d1"), member("set", "f1>d1")))
    )


_TRANSACTIONS: dict[str, tuple[Callable[[Shelf], str], str, dict[str, list[str]]]] = {
    "ITI-42": (
        lambda shelf: _with_folder(),
        REGISTER,
        {
            "DocumentEntry": _REQUIRED_OF_ENTRY,
            "SubmissionSet": _REQUIRED_OF_SET,
            "Folder": _REQUIRED_OF_FOLDER,
        },
    ),
    "ITI-41": (
        lambda shelf: provide_body(),
        PROVIDE,
        {
            "DocumentEntry": [
                a for a in _REQUIRED_OF_ENTRY if a not in ("hash", "size", "repositoryUniqueId")
            ],
            "SubmissionSet": _REQUIRED_OF_SET,
        },
    ),
    "ITI-57": (
        update_body,
        UPDATE,
        {
            "DocumentEntry": [a for a in _REQUIRED_OF_ENTRY if a not in ("hash", "size", "id")],
            "SubmissionSet": _REQUIRED_OF_SET,
        },
    ),
    "ITI-61": (
        lambda shelf: on_demand_body(),
        ON_DEMAND,
        {
            "DocumentEntry": [
                a for a in _REQUIRED_OF_ENTRY if a not in ("creationTime", "hash", "size")
            ],
            "SubmissionSet": _REQUIRED_OF_SET,
        },
    ),
}


def _request(name: str, action: str, make: Callable[[Shelf], str], expected: Failure) -> Item:
    """A request to the door of its action, as that door takes it."""
    if action == PROVIDE:
        return Item(
            name=name,
            door=REPOSITORY,
            headers={"Content-Type": mtom_type()},
            body=lambda shelf: mtom(make(shelf)),
            expected=expected,
        )
    return Item(
        name=name,
        door=REGISTRY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(make(shelf), action),
        expected=expected,
    )


def _required() -> Iterator[Item]:
    for transaction, (good, action, kinds) in _TRANSACTIONS.items():
        for kind, attributes in kinds.items():
            for attribute in attributes:

                def make(
                    shelf: Shelf,
                    good: Callable[[Shelf], str] = good,
                    kind: str = kind,
                    attribute: str = attribute,
                ) -> str:
                    return without(good(shelf), kind, attribute)

                yield _request(
                    f"{transaction}: {kind} without {attribute}",
                    action,
                    make,
                    Failure(codes=(METADATA,), names=(kind, attribute)),
                )


def _changes() -> Iterator[Item]:
    """Parts of parts left out or bent: the message says which part of which object it was."""
    scheme = next(s for s, n in DOCUMENT_ENTRY_KIND.codes.items() if n == "typeCode")
    identifier = next(s for s, n in DOCUMENT_ENTRY_KIND.identifiers.items() if n == "uniqueId")
    code = f".//{CLASSIFICATION}[@classificationScheme='{scheme}']"
    unique_id = f".//{EXTERNAL_IDENTIFIER}[@identificationScheme='{identifier}']"
    association = ".//{urn:oasis:names:tc:ebxml-regrep:xsd:rim:3.0}Association"

    def drop(attribute: str) -> Callable[[etree._Element], None]:
        return lambda element: element.attrib.__delitem__(attribute)

    def drop_child(tag: str) -> Callable[[etree._Element], None]:
        return lambda element: element.remove(element.find(tag))

    def put(attribute: str, value: str) -> Callable[[etree._Element], None]:
        return lambda element: element.set(attribute, value)

    forms: dict[str, tuple[str, Callable[[etree._Element], None], tuple[str, ...]]] = {
        "a code without its code": (code, drop("nodeRepresentation"), ("typeCode",)),
        "a code without its scheme": (code, drop_child(SLOT), ("typeCode", "codingScheme")),
        "a code without its display": (code, drop_child(NAME), ("typeCode", "Name")),
        "a code of another object": (
            code,
            put("classifiedObject", "set"),
            ("typeCode", "classifiedObject"),
        ),
        "a code in an unknown scheme": (
            code,
            put("classificationScheme", "urn:uuid:' OR 1=1 --"),
            ("scheme", "typeCode"),
        ),
        "an identifier without value": (unique_id, drop("value"), ("uniqueId",)),
        "an identifier without name": (unique_id, drop_child(NAME), ("uniqueId", "Name")),
        "an identifier of another object": (
            unique_id,
            put("registryObject", "set"),
            ("uniqueId", "registryObject"),
        ),
        "an association without type": (association, drop("associationType"), ("associationType",)),
        "an association without source": (association, drop("sourceObject"), ("sourceObject",)),
        "an association without target": (association, drop("targetObject"), ("targetObject",)),
        "an association without its status": (
            association,
            drop_child(SLOT),
            ("SubmissionSetStatus",),
        ),
        "an association of an invented type": (
            association,
            put("associationType", "urn:x' UNION SELECT 1"),
            ("associationType",),
        ),
        "a package that says not what it is": (
            f".//{CLASSIFICATION}[@classificationNode='{SUBMISSION_SET_NODE}']",
            put("classificationNode", _NOBODY),
            ("SubmissionSet", "found 0"),
        ),
    }
    for name, (path, change, places) in forms.items():
        yield _request(
            f"ITI-42: {name}",
            REGISTER,
            lambda shelf, path=path, change=change: bent(register_body(), path, change),
            Failure(codes=(METADATA,), names=places),
        )


# ---------------------------------------------------------------- ids


_ODD_IDS = {
    "a path upwards": "../../../../etc/passwd",
    "a path upwards, encoded": "%2e%2e%2f%2e%2e%2fetc%2fpasswd",
    "an absolute path": "/etc/passwd",
    "a Windows path": "C:\\Windows\\win.ini",
    "a device": "\\\\.\\PhysicalDrive0",
    "a NUL written out": "2.999.4.1%00.txt",
    "a line end": "2.999.4.1\r\nX-Injected: yes",
    "a tab": "2.999.4.1\t2",
    "a terminal's escape written out": "2.999.4.1\\x1b[31m",
    "zero-width characters": "2.999\u200b.4.1",
    "text turned around": "2.999\u202e.4.1",
    "digits of another script": "2.999.٤.١",
    "full-width digits": "２.999.4.1",
    "a leading zero": "2.999.04.1",
    "two dots": "2.999..4",
    "a root that is none": "3.999.4.1",
    "4 KiB": "2.999." + "4" * 4090,
    "4 KiB of arcs": "2" + ".9" * 2048,
    "SQL": "2.999.4.1' OR '1'='1",
    "a URL without scheme": "//example.org/x",
    "an extension with blanks": "2.999.4.1^a b",
    "two extensions": "2.999.4.1^a^b",
}


def _ids() -> Iterator[Item]:
    for name, text in _ODD_IDS.items():
        shown = repr(text[:20])[1:-1]
        yield _request(
            f"ITI-42: a document's uniqueId with {name}",
            REGISTER,
            lambda shelf, text=text: register_body(submission(replace(entry(), unique_id=text))),
            Failure(codes=(METADATA,), names=("DocumentEntry[d1].uniqueId", shown)),
        )
        yield _request(
            f"ITI-41: a document's uniqueId with {name}",
            PROVIDE,
            lambda shelf, text=text: provide_body(submission(replace(entry(), unique_id=text))),
            Failure(codes=(METADATA,), names=("DocumentEntry[d1].uniqueId", shown)),
        )
        yield _request(
            f"ITI-42: a set's uniqueId with {name}",
            REGISTER,
            lambda shelf, text=text: register_body(_with_set(submission(entry()), unique_id=text)),
            Failure(codes=(METADATA,), names=("SubmissionSet[set].uniqueId", shown)),
        )
    uuids = {
        "a path": "urn:uuid:../../../../../../etc/passwd",
        "letters no UUID has": "urn:uuid:zzzzzzzz-0000-4000-8000-000000000000",
        "a line end": "urn:uuid:5b0a7d6e-0000-4000-8000-00000000000\n1",
        "4 KiB": "urn:uuid:" + "5" * 4096,
        "nothing after its prefix": "urn:uuid:",
    }
    for name, text in uuids.items():
        yield _request(
            f"ITI-42: an entryUUID with {name}",
            REGISTER,
            lambda shelf, text=text: register_body(submission(entry(text))),
            Failure(codes=(METADATA,), names=("DocumentEntry[urn:uuid:", "UUID")),
        )
    yield _request(
        "ITI-42: an entryUUID of the registry",
        REGISTER,
        lambda shelf: register_body(submission(entry(shelf.entry))),
        Failure(codes=(METADATA,), names=("entryUUID", "already in the registry")),
    )
    yield _request(
        "ITI-42: an entryUUID of the registry in other letters",
        REGISTER,
        lambda shelf: register_body(
            submission(entry("urn:uuid:" + shelf.entry.removeprefix("urn:uuid:").upper()))
        ),
        Failure(codes=(METADATA,), names=("entryUUID", "already in the registry")),
    )
    yield _request(
        "ITI-42: one entryUUID twice in other letters",
        REGISTER,
        lambda shelf: register_body(
            submission(
                entry("urn:uuid:5b0a7d6e-0000-4000-8000-0000000000aa"),
                entry("d2"),
            )
        ).replace('"d2"', '"urn:uuid:5B0A7D6E-0000-4000-8000-0000000000AA"'),
        Failure(codes=(METADATA,), names=("same id",)),
    )
    yield _request(
        "ITI-42: one id for two objects",
        REGISTER,
        lambda shelf: register_body(submission(entry("d1"), entry("d1"))),
        Failure(codes=(METADATA,), names=("DocumentEntry[d1].id", "same id")),
    )
    yield _request(
        "ITI-42: one id for an object and a classification",
        REGISTER,
        lambda shelf: bent(
            register_body(),
            f".//{CLASSIFICATION}",
            lambda element: element.set("id", "d1"),
        ),
        Failure(codes=(METADATA,), names=("the id d1 is used more than once",)),
    )

    def one_unique_id(shelf: Shelf) -> str:
        first, second = entry("d1"), entry("d2")
        return register_body(submission(first, replace(second, unique_id=first.unique_id)))

    yield _request(
        "ITI-42: one uniqueId for two documents",
        REGISTER,
        one_unique_id,
        Failure(
            codes=("XDSRegistryDuplicateUniqueIdInMessage",),
            names=("DocumentEntry[d1].uniqueId", "DocumentEntry[d2].uniqueId"),
        ),
    )
    yield _request(
        "ITI-42: a known uniqueId with another hash",
        REGISTER,
        lambda shelf: register_body(
            submission(replace(entry(hash="0" * 40), unique_id=shelf.unique_id))
        ),
        Failure(codes=("XDSNonIdenticalHash",), names=("DocumentEntry[d1].hash",)),
    )
    yield _request(
        "ITI-41: a known uniqueId with other octets",
        PROVIDE,
        lambda shelf: provide_body(
            submission(replace(entry(hash=None, size="37"), unique_id=shelf.unique_id))
        ),
        Failure(codes=("XDSRepositoryMetadataError",), names=("DocumentEntry[d1].size",)),
    )


def _with_set(whole: Submission, **given: object) -> Submission:
    return replace(
        whole,
        submission_sets=tuple(replace(s, **given) for s in whole.submission_sets),  # type: ignore[arg-type]
    )


# ---------------------------------------------------------------- structure and associations


def _sets() -> Iterator[Item]:
    yield _request(
        "ITI-42: no SubmissionSet",
        REGISTER,
        lambda shelf: register_body(replace(submission(entry()), submission_sets=())),
        Failure(codes=(METADATA,), names=("exactly one SubmissionSet, found 0",)),
    )
    yield _request(
        "ITI-42: two SubmissionSets",
        REGISTER,
        lambda shelf: register_body(
            replace(
                submission(entry()),
                submission_sets=(
                    submission_set(fresh()),
                    submission_set(fresh(), entry_uuid="set2"),
                ),
            )
        ),
        Failure(codes=(METADATA,), names=("exactly one SubmissionSet, found 2",)),
    )
    yield _request(
        "ITI-42: nothing but associations",
        REGISTER,
        lambda shelf: register_body(
            replace(submission(entry()), submission_sets=(), document_entries=())
        ),
        Failure(codes=(METADATA,), names=("exactly one SubmissionSet, found 0",)),
    )
    yield _request(
        "ITI-42: an empty list",
        REGISTER,
        lambda shelf: register_body(Submission()),
        Failure(codes=(METADATA,), names=("exactly one SubmissionSet, found 0",)),
    )
    yield _request(
        "ITI-42: two lists",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            "</rim:RegistryObjectList><rim:RegistryObjectList></rim:RegistryObjectList>",
        ),
        Failure(codes=(METADATA,), names=("2 RegistryObjectList",)),
    )
    yield _request(
        "ITI-41: two SubmitObjectsRequests",
        PROVIDE,
        lambda shelf: _doubled(provide_body()),
        Failure(codes=("XDSRepositoryError",), names=("2 SubmitObjectsRequest",)),
    )
    yield _request(
        "ITI-42: an entry of another patient than its set",
        REGISTER,
        lambda shelf: register_body(submission(entry(patient_id=OTHER_PATIENT))),
        Failure(codes=("XDSPatientIdDoesNotMatch",), names=("DocumentEntry[d1].patientId", "7001")),
    )
    yield _request(
        "ITI-42: an entry that no set holds",
        REGISTER,
        lambda shelf: register_body(replace(submission(entry()), associations=())),
        Failure(codes=(METADATA,), names=("DocumentEntry[d1]", "HasMember")),
    )


def _doubled(body: str) -> str:
    start, end = body.index("<lcm:Submit"), body.index("</lcm:SubmitObjectsRequest>") + 27
    return body[:end] + body[start:end] + body[end:]


def _associations() -> Iterator[Item]:
    def linked(make: Callable[[Shelf], tuple[Association, ...]]) -> Callable[[Shelf], str]:
        return lambda shelf: register_body(submission(entry(), links=make(shelf)))

    def refused(
        name: str, make: Callable[[Shelf], tuple[Association, ...]], code: str, *places: str
    ) -> Item:
        return _request(
            f"ITI-42: {name}", REGISTER, linked(make), Failure(codes=(code,), names=places)
        )

    types = [t for t in AssociationType if t.name not in ("HAS_MEMBER",)]
    relations = [t for t in types if t.value.startswith("urn:ihe:iti:2007")]
    for kind in relations:
        yield refused(
            f"{kind.name} of itself",
            lambda shelf, kind=kind: (link(kind, "d1"),),
            METADATA,
            "targetObject",
            "itself",
        )
        yield refused(
            f"{kind.name} of an unknown entry",
            lambda shelf, kind=kind: (link(kind, _NOBODY),),
            "UnresolvedReferenceException",
            "targetObject",
            _NOBODY,
        )
        yield refused(
            f"{kind.name} of another patient's entry",
            lambda shelf, kind=kind: (link(kind, shelf.other_entry),),
            "XDSPatientIdDoesNotMatch",
            "Association[",
        )
        yield refused(
            f"{kind.name} of a deprecated entry",
            lambda shelf, kind=kind: (link(kind, shelf.deprecated),),
            "XDSRegistryDeprecatedDocumentError",
            "targetObject",
        )
        yield refused(
            f"{kind.name} of a folder",
            lambda shelf, kind=kind: (link(kind, shelf.folder),),
            METADATA,
            "targetObject",
            "Folder",
        )
        yield refused(
            f"{kind.name} of a set",
            lambda shelf, kind=kind: (link(kind, shelf.submission_set),),
            METADATA,
            "targetObject",
        )
        yield refused(
            f"{kind.name} of an association",
            lambda shelf, kind=kind: (link(kind, shelf.membership),),
            METADATA,
            "targetObject",
        )
        yield refused(
            f"{kind.name} from an entry of the registry",
            lambda shelf, kind=kind: (link(kind, shelf.entry, source=shelf.entry),),
            "UnresolvedReferenceException",
            "sourceObject",
        )
    yield refused(
        "IsSnapshotOf a stable entry",
        lambda shelf: (link(AssociationType.IS_SNAPSHOT_OF, shelf.entry),),
        METADATA,
        "on-demand",
    )
    for kind in (AssociationType.UPDATE_AVAILABILITY_STATUS, AssociationType.SUBMIT_ASSOCIATION):
        yield refused(
            f"{kind.name} in a registration",
            lambda shelf, kind=kind: (link(kind, shelf.entry, source="set"),),
            METADATA,
            "associationType",
        )
    memberships: dict[str, tuple[Callable[[Shelf], Association], str]] = {
        "a set in itself": (lambda shelf: member("set", "set"), "targetObject"),
        "a set in a folder": (lambda shelf: member(shelf.folder, "set"), "targetObject"),
        "a member of an entry": (lambda shelf: member("d1", shelf.entry), "sourceObject"),
        "a set of the registry in the set": (
            lambda shelf: member("set", shelf.submission_set, "Reference"),
            "targetObject",
        ),
        "a folder of the registry in its folder": (
            lambda shelf: member(shelf.folder, shelf.folder),
            "targetObject",
        ),
        "an entry of the registry as Original": (
            lambda shelf: member("set", shelf.entry, "Original"),
            "SubmissionSetStatus",
        ),
        "a member by an invented status": (
            lambda shelf: member("set", shelf.entry, "Borrowed"),
            "SubmissionSetStatus",
        ),
        "a member of another set": (
            lambda shelf: member(shelf.submission_set, "d1", "Original"),
            "sourceObject",
        ),
        "a symbol nobody defined": (lambda shelf: member("set", "d9", "Original"), "targetObject"),
        "a path for a symbol": (
            lambda shelf: member("set", "../../etc/passwd", "Original"),
            "targetObject",
        ),
    }
    for name, (make, place) in memberships.items():
        yield refused(
            name, lambda shelf, make=make: (replace(make(shelf), entry_uuid="m"),), METADATA, place
        )
    yield refused(
        "an entry in another patient's record",
        lambda shelf: (replace(member(shelf.folder, shelf.other_entry), entry_uuid="m"),),
        "XDSPatientIdDoesNotMatch",
        "Association[",
    )
    yield _request(
        "ITI-42: another patient's entry in a folder",
        REGISTER,
        lambda shelf: register_body(
            of_patient(
                submission(entry(), links=(replace(member(shelf.folder, "d1"), entry_uuid="m"),)),
                OTHER_PATIENT,
            )
        ),
        Failure(codes=("XDSPatientIdDoesNotMatch",), names=("Association[",)),
    )
    yield refused(
        "one entry replaced twice",
        lambda shelf: (
            link(AssociationType.RPLC, shelf.entry),
            replace(link(AssociationType.XFRM_RPLC, shelf.entry), entry_uuid="again"),
        ),
        METADATA,
        "targetObject",
        "same entry",
    )


# ---------------------------------------------------------------- many at once, much at once


def _many() -> Iterator[Item]:
    def broken(shelf: Shelf) -> str:
        body = register_body(
            submission(
                entry("d1", hash="no hash", size="-1", language_code="fr_FR!", mime_type="text"),
                entry("d2", patient_id=OTHER_PATIENT),
                links=(link(AssociationType.RPLC, _NOBODY), link(AssociationType.APND, "d1")),
            )
        )
        return without(without(body, "DocumentEntry", "typeCode"), "SubmissionSet", "sourceId")

    yield _request(
        "ITI-42: ten faults at once",
        REGISTER,
        broken,
        Failure(
            codes=(METADATA, "XDSPatientIdDoesNotMatch", "UnresolvedReferenceException"),
            names=(
                "DocumentEntry[d1].hash",
                "DocumentEntry[d1].size",
                "DocumentEntry[d1].languageCode",
                "DocumentEntry[d1].mimeType",
                "DocumentEntry[d1].typeCode",
                "DocumentEntry[d2].patientId",
                "SubmissionSet[set].sourceId",
                "Association[RPLC:d1].targetObject",
                "Association[APND:d1].targetObject",
            ),
        ),
    )
    eight = 8_388_608 - 20_000
    slots = {
        "8 MiB of slots": lambda: "".join(
            f'<rim:Slot name="x{n}"><rim:ValueList><rim:Value>{n}</rim:Value></rim:ValueList>'
            "</rim:Slot>"
            for n in range(49_000)
        ),
        "8 MiB of one slot's values": lambda: (
            '<rim:Slot name="x"><rim:ValueList>'
            + "<rim:Value>1</rim:Value>" * 190_000
            + "</rim:ValueList></rim:Slot>"
        ),
        "8 MiB of one slot's text": lambda: (
            '<rim:Slot name="x"><rim:ValueList><rim:Value>'
            + "y" * eight
            + "</rim:Value></rim:ValueList></rim:Slot>"
        ),
        "8 MiB of one slot's name": lambda: f'<rim:Slot name="{"y" * eight}"/>',
        "190,000 repetitions of one slot": lambda: '<rim:Slot name="size"/>' * 95_000,
        "8 MiB of authors' roles": lambda: (
            '<rim:Classification classificationScheme="'
            'urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d" classifiedObject="d2" id="many">'
            '<rim:Slot name="authorRole"><rim:ValueList>'
            + "<rim:Value>a role</rim:Value>" * 180_000
            + "</rim:ValueList></rim:Slot></rim:Classification>"
        ),
        "90,000 codes": lambda: '<rim:Classification classificationScheme="x"/>' * 90_000,
        "90,000 identifiers": lambda: '<rim:ExternalIdentifier value="x"/>' * 90_000,
    }
    for name, make in slots.items():
        yield _request(
            f"ITI-42: {name}",
            REGISTER,
            lambda shelf, make=make: _inserted(register_body(), make()),
            Failure(codes=(METADATA,), names=("DocumentEntry[d1]",)),
        )
    yield _request(
        "ITI-42: 30,000 associations",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            "".join(
                f'<rim:Association id="a{n}" sourceObject="d1" targetObject="{_NOBODY}" '
                f'associationType="{AssociationType.RPLC}"/>'
                for n in range(30_000)
            )
            + "</rim:RegistryObjectList>",
        ),
        Failure(codes=(METADATA,), names=("RegistryObjectList", "30003 objects")),
    )
    yield _request(
        "ITI-42: 150,000 empty entries",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            "<rim:ExtrinsicObject/>" * 150_000 + "</rim:RegistryObjectList>",
        ),
        Failure(codes=(METADATA,), names=("RegistryObjectList", "150003 objects")),
    )
    yield _request(
        "ITI-42: 4,900 associations with entries nobody knows",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            "".join(
                f'<rim:Association id="a{n}" sourceObject="d1" targetObject="{_uuid(n)}" '
                f'associationType="{AssociationType.RPLC}"/>'
                for n in range(4_900)
            )
            + "</rim:RegistryObjectList>",
        ),
        Failure(codes=("UnresolvedReferenceException",), names=("targetObject", _uuid(0))),
    )
    yield _request(
        "ITI-42: 4,900 memberships of one entry of the registry, and one fault",
        REGISTER,
        lambda shelf: without(
            register_body().replace(
                "</rim:RegistryObjectList>",
                "".join(
                    f'<rim:Association id="a{n}" sourceObject="set" targetObject="{shelf.entry}" '
                    f'associationType="{AssociationType.HAS_MEMBER}"/>'
                    for n in range(4_900)
                )
                + "</rim:RegistryObjectList>",
            ),
            "DocumentEntry",
            "typeCode",
        ),
        Failure(codes=(METADATA,), names=("typeCode",)),
    )
    yield _request(
        "ITI-42: 4,900 empty entries",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            "<rim:ExtrinsicObject/>" * 4_900 + "</rim:RegistryObjectList>",
        ),
        Failure(codes=(METADATA,), names=("uniqueId", "no more than 200 findings")),
    )
    yield Item(
        name="ITI-57: 2,400 late associations that mean nothing",
        door=REGISTRY,
        headers={"Content-Type": SOAP_TYPE},
        body=lambda shelf: envelope(
            register_body(
                replace(
                    submission(),
                    associations=tuple(
                        association
                        for n in range(2_400)
                        for association in (
                            Association(
                                entry_uuid=f"t{n}",
                                association_type=AssociationType.SUBMIT_ASSOCIATION,
                                source_object="set",
                                target_object=f"a{n}",
                            ),
                            Association(
                                entry_uuid=f"a{n}",
                                association_type=AssociationType.APND,
                                source_object=shelf.entry,
                                target_object=shelf.entry,
                            ),
                        )
                    ),
                )
            ),
            UPDATE,
        ),
        expected=Failure(codes=(METADATA,), names=("itself",)),
    )
    yield _request(
        "ITI-42: an id of 4 MiB that many findings could repeat",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            f'<rim:ExtrinsicObject id="{"D" * 6_000_000}"/></rim:RegistryObjectList>',
        ),
        Failure(codes=(METADATA,), names=("DocumentEntry[DDDD",)),
    )
    yield _request(
        "ITI-42: ends of 3 MiB",
        REGISTER,
        lambda shelf: register_body().replace(
            "</rim:RegistryObjectList>",
            f'<rim:Association id="a" sourceObject="{"S" * 3_000_000}" '
            f'targetObject="{"T" * 3_000_000}" associationType="x"/></rim:RegistryObjectList>',
        ),
        Failure(codes=(METADATA,), names=("sourceObject", "targetObject")),
    )


def _uuid(number: int) -> str:
    return f"urn:uuid:5b0a7d6e-0000-4000-8000-{number:012d}"


def _inserted(body: str, slots: str) -> str:
    """Slots as the first children of the entry."""
    start = body.index("<rim:ExtrinsicObject")
    at = body.index(">", start) + 1
    return body[:at] + slots + body[at:]


def metadata_items() -> Iterator[Item]:
    """Every item of this module."""
    yield from _required()
    yield from _changes()
    yield from _ids()
    yield from _sets()
    yield from _associations()
    yield from _many()
