"""Lists of registry objects, as submissions and answers carry them.

Source:
    IHE ITI TF-3: 4.2.1.4 and 4.2.3.1 (revision 17).
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.codecs.ebrim.association import (
    association_fragment,
    read_association,
    write_association,
)
from gateway.codecs.ebrim.document_entry import (
    document_entry_fragment,
    read_document_entry,
    write_document_entry,
)
from gateway.codecs.ebrim.folder import folder_fragment, read_folder, write_folder
from gateway.codecs.ebrim.names import (
    ASSOCIATION,
    CLASSIFICATION,
    EXTRINSIC_OBJECT,
    LABELS,
    OBJECT_REF,
    REGISTRY_PACKAGE,
    SUBMISSION_SET_KIND,
    declare,
)
from gateway.codecs.ebrim.reading import Reading, attribute
from gateway.codecs.ebrim.submission_set import (
    read_submission_set,
    submission_set_fragment,
    write_submission_set,
)
from gateway.codecs.xml import Element, read_xml
from gateway.model.association import Association
from gateway.model.document_entry import DocumentEntry
from gateway.model.folder import Folder
from gateway.model.submission import RegistryObject, Submission
from gateway.model.submission_set import SubmissionSet

MAX_OBJECTS = 5000
"""Objects of one message; a thousand documents with all their links are fewer."""

_FRAGMENT_START = f"<rim:RegistryObjectList{declare('rim')}>".encode()
_FRAGMENT_END = b"</rim:RegistryObjectList>"


def read_registry_objects(elements: Iterable[Element], reading: Reading) -> Submission:
    """Read the objects of a RegistryObjectList; references to other objects are left out."""
    objects: list[Element] = []
    beside: dict[str, list[Element]] = {}
    for element in elements:
        tag = element.tag
        if tag == CLASSIFICATION:
            _read_beside(element, beside, reading)
        elif tag in (EXTRINSIC_OBJECT, REGISTRY_PACKAGE, ASSOCIATION):
            objects.append(element)
        elif tag != OBJECT_REF:
            reading.unexpected(element, "RegistryObjectList")
    submission_sets: list[SubmissionSet] = []
    document_entries: list[DocumentEntry] = []
    folders: list[Folder] = []
    associations: list[Association] = []
    if len(objects) > MAX_OBJECTS:
        reading.problem(
            "too-many-objects",
            "RegistryObjectList",
            f"there are {len(objects)} objects and at most {MAX_OBJECTS} are read; send several "
            "submissions",
        )
        return Submission()
    for element in objects:
        labels = beside.pop(attribute(element, "id") or "", []) if beside else ()
        tag = element.tag
        if tag == EXTRINSIC_OBJECT:
            document_entries.append(read_document_entry(element, reading, labels))
        elif tag == ASSOCIATION:
            associations.append(read_association(element, reading, labels))
        else:
            _read_package(element, labels, submission_sets, folders, reading)
    for owner in beside:
        reading.problem(
            "classified-object",
            f"Classification[{owner[:128]}]",
            f"classifiedObject names {owner[:128] or 'nothing'}, which is no object of this list; "
            "correct or remove it",
        )
    return Submission(
        submission_sets=tuple(submission_sets),
        document_entries=tuple(document_entries),
        folders=tuple(folders),
        associations=tuple(associations),
    )


def _read_beside(element: Element, beside: dict[str, list[Element]], reading: Reading) -> None:
    """Take in a Classification that stands beside the object it classifies."""
    owner = attribute(element, "classifiedObject") or ""
    where = f"Classification[{owner[:128]}]"
    part_id = attribute(element, "id")
    if part_id:
        reading.part_id(part_id, where)
    if element.get("classificationScheme") is not None:
        reading.problem(
            "classification-beside",
            where,
            "a Classification by scheme stands beside its object; put it inside",
        )
    else:
        beside.setdefault(owner, []).append(element)


def _read_package(
    element: Element,
    beside: Iterable[Element],
    submission_sets: list[SubmissionSet],
    folders: list[Folder],
    reading: Reading,
) -> None:
    inside = [child for child in element if child.tag == CLASSIFICATION]
    nodes = [attribute(label, "classificationNode") or "" for label in (*inside, *beside)]
    kinds = [LABELS[node] for node in nodes if node in LABELS]
    if not kinds or kinds.count(kinds[0]) != len(kinds):
        found = "neither" if not kinds else "both"
        package_id = attribute(element, "id") or ""
        reading.problem(
            "package-kind",
            f"RegistryPackage[{package_id[:128]}]",
            f"the RegistryPackage is labelled as {found} of SubmissionSet and Folder; "
            "classify it with the classificationNode of one of them",
        )
    elif kinds[0] is SUBMISSION_SET_KIND:
        submission_sets.append(read_submission_set(element, reading, beside))
    else:
        folders.append(read_folder(element, reading, beside))


def write_registry_object(item: RegistryObject) -> bytes:
    """Give any registry object with the prefix ``rim``, which the message declares."""
    match item:
        case DocumentEntry():
            return write_document_entry(item)
        case SubmissionSet():
            return write_submission_set(item)
        case Folder():
            return write_folder(item)
        case Association():
            return write_association(item)


def fragment(item: RegistryObject) -> bytes:
    """Give a registry object to be stored: written, with marks for what may change.

    ``splice(fragment(x), status=…)`` with the object's own status, patient id and update time is
    ``write_registry_object(x)``. An attribute the object does not have gets no mark.
    """
    match item:
        case DocumentEntry():
            return document_entry_fragment(item)
        case SubmissionSet():
            return submission_set_fragment(item)
        case Folder():
            return folder_fragment(item)
        case Association():
            return association_fragment(item)


def read_fragment(octets: bytes) -> RegistryObject:
    """Read one object back from its spliced fragment.

    Raises:
        ValueError: When the octets are not exactly one registry object.
    """
    root = read_xml(_FRAGMENT_START + octets + _FRAGMENT_END)
    objects = tuple(read_registry_objects(root, Reading()).objects())
    if len(objects) != 1:
        raise ValueError(f"a fragment holds one registry object, this one {len(objects)}")
    return objects[0]
