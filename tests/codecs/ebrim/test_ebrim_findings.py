"""What a value cannot carry is named, all of it at once, and reading goes on."""

from __future__ import annotations

import re

import pytest

from gateway.codecs.ebrim.names import LCM, RIM, XDS_B
from gateway.codecs.ebrim.reading import MAX_FINDINGS
from gateway.codecs.ebrim.registry_objects import write_registry_object
from gateway.codecs.ebrim.remove import read_remove_objects
from gateway.codecs.ebrim.submission import (
    read_provide_and_register,
    read_submit_objects,
    write_submit_objects,
)
from gateway.codecs.xml import read_xml
from gateway.errors import ErrorCode, Finding, Severity
from gateway.model.datatypes import Slot
from gateway.model.submission import Submission
from gateway.transactions.submission import SubmitObjects
from tests.codecs.ebrim import examples

ENTRY = write_registry_object(examples.DOCUMENT_ENTRY).decode()
SET = write_registry_object(examples.SUBMISSION_SET).decode()
FOLDER = write_registry_object(examples.FOLDER_OBJECT).decode()
LINK = write_registry_object(examples.ASSOCIATION).decode()
IN_ENTRY = f"DocumentEntry[{examples.ENTRY}]"

CLASS_CODE = "urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a"
FOLDER_NODE = "urn:uuid:d9d542f3-6cc4-48b6-8870-ea235fbc94c2"
SET_NODE = "urn:uuid:a54d6aa5-d40d-43f9-88c5-b4633d873bdd"


def submit(objects: str) -> SubmitObjects:
    """Read a SubmitObjectsRequest with these objects."""
    return read_submit_objects(
        read_xml(
            f'<lcm:SubmitObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}">'
            f"<rim:RegistryObjectList>{objects}</rim:RegistryObjectList>"
            "</lcm:SubmitObjectsRequest>".encode()
        )
    )


def only(findings: tuple[Finding, ...]) -> Finding:
    """Give the one finding there is."""
    assert len(findings) == 1, findings
    return findings[0]


def with_slot(name: str, *values: str, into: str = ENTRY) -> str:
    """Put one more Slot into an object."""
    listed = "".join(f"<rim:Value>{value}</rim:Value>" for value in values)
    slot = f'<rim:Slot name="{name}"><rim:ValueList>{listed}</rim:ValueList></rim:Slot>'
    return re.sub(
        r"(<rim:(?:ExtrinsicObject|RegistryPackage|Association)\b[^>]*>)", rf"\1{slot}", into
    )


def classification(object_id: str, inside: str = "", **attributes: str) -> str:
    """Give a Classification with its own id."""
    said = "".join(f' {name}="{value}"' for name, value in attributes.items())
    return (
        f'<rim:Classification id="c" classifiedObject="{object_id}"{said}>{inside}'
        "</rim:Classification>"
    )


def with_part(part: str, into: str = ENTRY) -> str:
    """Put a classification or identifier at the end of an object."""
    start, _, end = into.rpartition("</")
    return f"{start}{part}</{end}"


CODING_SCHEME = (
    '<rim:Slot name="codingScheme"><rim:ValueList><rim:Value>1.2</rim:Value></rim:ValueList>'
    "</rim:Slot>"
)
DISPLAY = '<rim:Name><rim:LocalizedString value="d"/></rim:Name>'


def test_an_object_of_every_kind_is_read_without_findings() -> None:
    submitted = submit(SET + ENTRY + FOLDER + LINK)
    assert submitted.findings == ()
    assert submitted.submission == examples.SUBMISSION


def test_a_slot_the_standard_does_not_know_is_refused_by_name() -> None:
    finding = only(submit(with_slot("colour", "red")).findings)
    assert finding.rule == "unknown-slot"
    assert finding.code is ErrorCode.REGISTRY_METADATA_ERROR
    assert finding.location == f"{IN_ENTRY}.colour"
    assert "colour" in finding.message


def test_a_slot_of_ihe_that_is_not_defined_is_a_registry_error() -> None:
    finding = only(submit(with_slot("urn:ihe:iti:nothing", "x")).findings)
    assert finding.rule == "extra-slot-ihe"
    assert finding.code is ErrorCode.REGISTRY_ERROR


def test_extra_metadata_are_kept_to_the_letter() -> None:
    submitted = submit(with_slot("urn:example:new", " x ", ""))
    (entry,) = submitted.submission.document_entries
    assert submitted.findings == ()
    assert Slot("urn:example:new", (" x ", "")) in entry.extra


def test_a_typed_text_loses_the_white_space_around_it() -> None:
    (entry,) = submit(
        ENTRY.replace("<rim:Value>51<", "<rim:Value>\n  51 <")
    ).submission.document_entries
    assert entry.size == "51"


@pytest.mark.parametrize("name", ["creationTime", "hash", "size", "languageCode"])
def test_a_slot_that_stands_twice_is_refused(name: str) -> None:
    submitted = submit(with_slot(name, "first"))
    finding = only(submitted.findings)
    assert finding.rule == "slot-repeated"
    assert finding.location == f"{IN_ENTRY}.{name}"


def test_a_single_valued_slot_with_several_values_is_refused() -> None:
    finding = only(
        submit(ENTRY.replace("<rim:Value>51<", "<rim:Value>51</rim:Value><rim:Value>52<")).findings
    )
    assert finding.rule == "slot-single-value"
    assert finding.location == f"{IN_ENTRY}.size"


def test_a_slot_without_name_is_refused() -> None:
    finding = only(submit(with_slot("", "x")).findings)
    assert finding.rule == "slot-name"


def test_a_uri_in_numbered_parts_is_joined_in_their_order() -> None:
    uri = "<rim:Value>http://example.org/doc?a=1&amp;b=2</rim:Value>"
    parts = "<rim:Value>2|c/d</rim:Value><rim:Value>1|http://a/b/</rim:Value>"
    submitted = submit(ENTRY.replace(uri, parts))
    (entry,) = submitted.submission.document_entries
    assert submitted.findings == ()
    assert entry.uri == "http://a/b/c/d"


def test_a_uri_in_parts_that_do_not_follow_one_another_is_refused() -> None:
    uri = "<rim:Value>http://example.org/doc?a=1&amp;b=2</rim:Value>"
    parts = "<rim:Value>1|c/d</rim:Value><rim:Value>3|http://a/b/</rim:Value>"
    assert only(submit(ENTRY.replace(uri, parts)).findings).rule == "uri-parts"


def test_a_classification_of_an_unknown_scheme_is_refused() -> None:
    part = classification(
        examples.ENTRY, classificationScheme="urn:uuid:none", nodeRepresentation="x"
    )
    assert only(submit(with_part(part)).findings).rule == "classification-scheme"


def test_a_second_code_of_a_single_valued_attribute_is_refused() -> None:
    part = classification(
        examples.ENTRY,
        CODING_SCHEME + DISPLAY,
        classificationScheme=CLASS_CODE,
        nodeRepresentation="x",
    )
    submitted = submit(with_part(part))
    finding = only(submitted.findings)
    assert finding.rule == "classification-repeated"
    assert finding.location == f"{IN_ENTRY}.classCode"
    (entry,) = submitted.submission.document_entries
    assert entry.class_code == examples.DOCUMENT_ENTRY.class_code


def test_a_code_that_lacks_everything_is_told_everything() -> None:
    bare = ENTRY.replace(f'classificationScheme="{CLASS_CODE}"', 'classificationScheme="gone"')
    bare = re.sub(
        r'<rim:Classification id="[^"]*" [^>]*scheme="gone".*?</rim:Classification>',
        "",
        bare,
        flags=re.I,
    )
    part = classification(examples.ENTRY, classificationScheme=CLASS_CODE)
    findings = submit(with_part(part, bare)).findings
    assert [f.rule for f in findings] == ["code-missing", "coding-scheme", "code-name"]
    assert {f.location for f in findings} == {f"{IN_ENTRY}.classCode"}
    assert {f.code for f in findings} == {ErrorCode.REGISTRY_METADATA_ERROR}


def test_a_code_with_two_coding_schemes_is_refused() -> None:
    two = ENTRY.replace(
        "<rim:Value>2.999.7<", "<rim:Value>2.999.7</rim:Value><rim:Value>2.999.8<", 1
    )
    assert only(submit(two).findings).rule == "coding-scheme"


def test_a_part_that_says_it_belongs_to_another_object_is_refused() -> None:
    moved = ENTRY.replace(f'classifiedObject="{examples.ENTRY}"', 'classifiedObject="other"', 1)
    assert only(submit(moved).findings).rule == "part-of-another"
    moved = ENTRY.replace(f'registryObject="{examples.ENTRY}"', 'registryObject="other"', 1)
    finding = only(submit(moved).findings)
    assert finding.rule == "part-of-another"
    assert finding.location == f"{IN_ENTRY}.patientId"


def test_an_identifier_that_is_unknown_repeated_empty_or_nameless_is_refused() -> None:
    def identifier(scheme: str, value: str, inside: str = DISPLAY) -> str:
        return (
            f'<rim:ExternalIdentifier id="e" registryObject="{examples.ENTRY}" '
            f'identificationScheme="{scheme}" value="{value}">{inside}</rim:ExternalIdentifier>'
        )

    unique_id = "urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab"
    without = re.sub(
        rf"<rim:ExternalIdentifier (?:(?!>).)*{unique_id}.*?</rim:ExternalIdentifier>", "", ENTRY
    )
    rules = {
        "identification-scheme": with_part(identifier("urn:uuid:none", "x")),
        "identifier-repeated": with_part(identifier(unique_id, "x")),
        "identifier-value": with_part(identifier(unique_id, " "), without),
        "identifier-name": with_part(identifier(unique_id, "x", ""), without),
    }
    for rule, objects in rules.items():
        assert only(submit(objects).findings).rule == rule


def test_a_package_is_a_submission_set_or_a_folder_by_its_label() -> None:
    unlabelled = SET.replace(f'classificationNode="{SET_NODE}"', 'classificationNode="other"')
    finding = only(submit(unlabelled).findings)
    assert finding.rule == "package-kind"
    assert finding.location == f"RegistryPackage[{examples.SET}]"
    both = with_part(classification(examples.SET, classificationNode=FOLDER_NODE), SET)
    assert only(submit(both).findings).rule == "package-kind"


def test_a_label_may_stand_beside_the_package() -> None:
    label = re.search(rf'<rim:Classification [^>]*"{SET_NODE}"[^>]*/>', SET)
    assert label is not None
    beside = SET.replace(label[0], "") + label[0]
    submitted = submit(beside)
    assert submitted.findings == ()
    assert submitted.submission.submission_sets == (examples.SUBMISSION_SET,)
    assert submit(label[0] + SET.replace(label[0], "")).submission == submitted.submission


def test_a_label_beside_no_object_of_the_list_is_refused() -> None:
    beside = classification("nobody", classificationNode=SET_NODE)
    assert only(submit(SET + beside).findings).rule == "classified-object"


def test_a_code_beside_its_object_is_refused() -> None:
    beside = classification(examples.ENTRY, classificationScheme=CLASS_CODE, nodeRepresentation="x")
    assert only(submit(ENTRY + beside).findings).rule == "classification-beside"


def test_an_id_that_a_part_shares_with_something_else_is_refused() -> None:
    ids = re.findall(r'<rim:Classification id="([^"]*)"', ENTRY)
    twice = ENTRY.replace(f'id="{ids[1]}"', f'id="{ids[0]}"')
    assert only(submit(twice).findings).rule == "duplicate-id"
    as_object = ENTRY.replace(f'id="{ids[1]}"', f'id="{examples.ENTRY}"')
    assert only(submit(as_object).findings).rule == "duplicate-id"
    later_object = ENTRY.replace(f'id="{ids[1]}"', f'id="{examples.SET}"')
    assert only(submit(later_object + SET).findings).rule == "duplicate-id"


def test_an_id_of_a_part_that_is_no_uuid_though_it_says_so_is_refused() -> None:
    (first, *_) = re.findall(r'<rim:Classification id="([^"]*)"', ENTRY)
    assert only(submit(ENTRY.replace(first, "urn:uuid:1-2")).findings).rule == "id-uuid"


@pytest.mark.parametrize(
    "objects",
    [
        ENTRY + "<rim:ExternalLink id='a'/>",
        with_part("<rim:ExternalLink id='a'/>"),
        ENTRY.replace("<rim:Value>51</rim:Value>", "<rim:Value>51</rim:Value><rim:Odd/>"),
        ENTRY.replace(
            "<rim:Value>51</rim:Value>", "<rim:Value>51</rim:Value><rim:Value><a/></rim:Value>"
        ),
    ],
)
def test_an_element_nobody_expects_is_refused(objects: str) -> None:
    finding = only(submit(objects).findings)
    assert finding.rule == "unexpected-element"


def test_references_in_a_submission_are_left_aside() -> None:
    submitted = submit(SET + "<rim:ObjectRef id='urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a'/>")
    assert submitted.findings == ()


def test_a_request_without_a_list_or_with_two_is_refused() -> None:
    empty = read_submit_objects(read_xml(f'<SubmitObjectsRequest xmlns="{LCM}"/>'.encode()))
    assert only(empty.findings).rule == "registry-object-list"
    two = write_submit_objects(Submission()).replace(b"</lcm:", b"<rim:RegistryObjectList/></lcm:")
    assert only(read_submit_objects(read_xml(two)).findings).rule == "registry-object-list"


def test_a_provide_and_register_request_without_metadata_is_refused() -> None:
    submitted, documents = read_provide_and_register(
        read_xml(
            f'<ProvideAndRegisterDocumentSetRequest xmlns="{XDS_B}"><Document id="a"/>'
            "</ProvideAndRegisterDocumentSetRequest>".encode()
        )
    )
    assert only(submitted.findings).rule == "submit-objects-request"
    assert [document_id for document_id, _ in documents] == ["a"]


def test_what_is_dropped_without_harm_is_a_warning() -> None:
    part = '<rim:Name><rim:LocalizedString value="why"/></rim:Name>'
    finding = only(submit(LINK.replace("<rim:VersionInfo", part + "<rim:VersionInfo")).findings)
    assert finding.code is ErrorCode.EXTRA_METADATA_NOT_SAVED
    assert finding.severity is Severity.WARNING


def test_all_problems_of_a_message_are_told_at_once() -> None:
    bad = with_slot("colour", "red", into=with_slot("urn:ihe:x", "y"))
    bad = bad.replace(f'registryObject="{examples.ENTRY}"', 'registryObject="other"', 1)
    rules = {finding.rule for finding in submit(bad + "<rim:Odd/>").findings}
    assert rules == {"unknown-slot", "extra-slot-ihe", "part-of-another", "unexpected-element"}


def test_an_endless_list_of_problems_is_cut_short_and_says_so() -> None:
    findings = submit("<rim:Odd/>" * 10_000).findings
    assert len(findings) == MAX_FINDINGS + 1
    assert findings[-1].rule == "more-findings"
    assert findings[-1].is_error


def test_a_removal_of_anything_but_references_is_refused() -> None:
    def remove(inside: str, attributes: str = "") -> tuple[Finding, ...]:
        request = (
            f'<lcm:RemoveObjectsRequest xmlns:lcm="{LCM}" xmlns:rim="{RIM}"{attributes}>{inside}'
            "</lcm:RemoveObjectsRequest>"
        )
        return read_remove_objects(read_xml(request.encode())).findings

    listed = "<rim:ObjectRefList>{}</rim:ObjectRefList>"
    scope = "urn:oasis:names:tc:ebxml-regrep:DeletionScopeType:"
    reference = listed.format("<rim:ObjectRef id='a'/>")
    assert remove(reference) == ()
    assert remove(reference, f' deletionScope="{scope}DeleteAll"') == ()
    for findings in (
        remove("<rim:AdhocQuery id='a'/>" + reference),
        remove(reference, f' deletionScope="{scope}DeleteRepositoryItemOnly"'),
        remove(listed.format("<rim:ObjectRef/>")),
        remove(listed.format("<rim:AdhocQuery id='a'/>")),
    ):
        assert only(findings).code is ErrorCode.REGISTRY_ERROR
