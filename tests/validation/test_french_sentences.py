"""Every sentence of the checks of metadata and messages has its French, with all its values."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator
from functools import cache
from itertools import chain

from conformance.judges import Context, judge
from conformance.report.rules import engine_rules
from gateway.codecs import xml
from gateway.translators.cda_consistency import _SAID_IN
from gateway.validation.issue import Issue
from gateway.validation.rules import base_rules
from gateway.validation.sentences import in_fr, sentences_of, tables
from tests.shared import ROOT
from tests.validation.said import MARK, RETURN, Said, sentences

EBRIM, CHECKS = "gateway/codecs/ebrim", "gateway/validation"
JUDGES, SOAP = "conformance/judges", "gateway/codecs/soap"
CONSISTENCY = "gateway/translators/cda_consistency.py"

ENGLISH = re.compile(
    r"\b(?:the|an|is|are|was|has|have|must|may|found|nothing|none|no|of|and|or|with|without|"
    r"write|send|remove|absent(?=;)|neither|both|there|it|its)\b"
)
"""Words no French sentence has."""

_QUOTED = re.compile("«[^»]*»")

WHOLE = {
    "xds-schema": "{told}",
    "soap-fault": "{reason}",
    "saml-signature-not-checked": "{told}",
}
"""Rules that pass on what others say, in whatever language they say it."""

NOT_OURS = {
    "answered",  # what an answer says, told by the judge of answers
    "not-expressible",  # of questions this software writes
}
FORMATS = {
    "check_date_time": "xds-format",
    "check_oid": "xds-format",
    "_check_cx": "xds-format",
    "check_reference_id": "xds-format-cxi",
    "check_person": "xds-format xds-format-xcn xds-format-recipient",
    "check_organization": "xds-format-xon xds-format-recipient",
    "_check_authority": "xds-format xds-format-xcn xds-format-xon xds-format-recipient",
    "check_telecom": "xds-format-xtn xds-format-recipient",
    "check_language": "xds-format",
    "check_hash": "xds-format",
    "check_size": "xds-format",
    "check_mime_type": "xds-format",
    "check_document_unique_id": "xds-format",
    "check_home": "xds-format",
}
"""By function, the rules whose findings say what it returns."""
PACKAGING = {
    "read_content_type": "soap-content-type mtom-content-type mtom-part-headers",
    "read_content_id": "mtom-part-headers",
    "read_part_headers": "mtom-part-headers",
    "decoder_for": "mtom-transfer-encoding",
    "read_inline": "xds-document-content",
}


def said(
    pattern: str, call: str, place: int | str = 0, rule: int | str | None = None
) -> Iterator[Said]:
    paths = sorted(ROOT.glob(pattern))
    assert paths, pattern
    for path in paths:
        yield from sentences(path, call, place, rule)


def of_the_server() -> Iterator[tuple[str, str]]:
    """What gathers findings names their rules."""
    for one in chain(
        said(f"{EBRIM}/*.py", "problem", 2, 0),
        said(f"{EBRIM}/*.py", "Finding", "message", "rule"),
        said(f"{CHECKS}/*.py", "complaint", 3, 2),
        said(f"{CHECKS}/*.py", "_finding", 3, 2),
        said(f"{CHECKS}/*.py", "Finding", "message", "rule"),
    ):
        if one.rule not in NOT_OURS:
            yield f"xds-{one.rule}", one.text
    for one in said(f"{EBRIM}/*.py", "not_kept", 1):
        yield "xds-extra-metadata", one.text
    for rule, call, place in (
        ("xds-parameter-grammar", "NotInGrammar", 0),
        ("xds-parameter-number", "_too_many", 1),
    ):
        for one in said(f"{EBRIM}/query_*.py", call, place):
            yield rule, f"⟦9⟧ {one.text}"


def of_formats() -> Iterator[tuple[str, str]]:
    for one in said(f"{CHECKS}/formats.py", RETURN):
        for rule in FORMATS[one.function].split():
            yield rule, one.text
        if one.function == "_check_cx":
            yield "xds-source-patient-info", f"PID-3 {one.text}"
    for one in said(f"{CHECKS}/formats.py", "append"):
        yield "xds-source-patient-info", one.text
    yield (
        "xds-author-named",
        "must have an authorPerson, authorInstitution or authorTelecommunication",
    )


def of_clinical_documents() -> Iterator[tuple[str, str]]:
    """Its sentences are put together of parts, each in a table of its own."""
    begun = "the document cannot be compared with its entry:"
    yield "xds-cda-consistency", f"{begun} ⟦1⟧: the document has no id; give it one"
    yield "xds-cda-consistency", "the title is not the document's (ClinicalDocument/⟦1⟧)"
    for one in said(CONSISTENCY, RETURN):
        yield "disagreement", one.text
    for where in _SAID_IN.values():
        if " " in where:
            yield "place", where
    for one in said("gateway/codecs/cda/header.py", "_refusal", 2):
        yield "unreadable", one.text
    for one in said(CONSISTENCY, "_unreadable", 2):
        if not one.text.startswith("⟦"):
            yield "xds-cda-consistency", f"{begun} {one.text}"


def of_rule_sets() -> Iterator[tuple[str, str]]:
    """What could not be looked at in clinical documents."""
    folder = f"{CHECKS}/cda"
    for rule, pattern, call in (
        ("cda-schema-unusable", "schema.py", "SchemaFault"),
        ("cda-schematron-unusable", "*.py", "SchematronFault"),
        ("cda-schematron-absent", "catalogue.py", "append"),
        ("cda-schematron-incomplete", "*.py", "_note"),
        ("cda-schematron-incomplete", "activation.py", "note"),
        ("engine-gone", "saxon.py", "SaxonGone"),
    ):
        for one in said(f"{folder}/{pattern}", call):
            yield rule, one.text
    for one in said(f"{folder}/validator.py", "_not_checked", 1, 0):
        yield one.rule, one.text
    for one in said(f"{folder}/validator.py", RETURN):
        if one.function == "_named":
            yield "rule-set-part", one.text
            yield "cda-schematron-unevaluated", f"{one.text} could not be evaluated: ⟦8⟧ (⟦9⟧)"
        elif not one.text.startswith("⟦"):
            yield "missing-document", one.text


def of_judges() -> Iterator[tuple[str, str]]:
    for one in said(f"{JUDGES}/*.py", "message_issue", 1, 0):
        yield one.rule, one.text
    for one in said(f"{JUDGES}/answers.py", RETURN):
        if one.function == "_contradiction":
            yield "xds-response-status", one.text


def of_what_is_refused() -> Iterator[tuple[str, str]]:
    refused = [
        one
        for call in ("XmlRefused", "XmlTooLarge")
        for one in said("gateway/codecs/xml.py", call, 1)
    ]
    texts = [one.text for one in refused if one.function != "text_of"]
    for text in (*texts, *xml._sentences().values(), xml._NOT_WELL_FORMED):
        for rule in ("xds-xml", "soap-xml", "saml-xml", "cda-xml", "unreadable"):
            yield rule, text
    yield from (("xds-document-content", one.text) for one in refused if one.function == "text_of")
    for where in ("line ⟦1⟧", "line ⟦1⟧, column ⟦2⟧"):
        yield "location", where
    for one in said(f"{SOAP}/*.py", "MultipartRefused", 1):
        for rule in PACKAGING.get(one.function, "").split():
            yield rule, one.text
    for one in said(f"{SOAP}/transfer_encoding.py", "MultipartRefused", 1):
        if not one.text.startswith("⟦"):
            yield "mtom-transfer-encoding", one.text
    for one in said(f"{SOAP}/transfer_encoding.py", "_refuse"):
        yield "mtom-transfer-encoding", f"{one.text}; correct it, or send the part as binary"


def of_security() -> Iterator[tuple[str, str]]:
    for one in chain(
        said("gateway/security/saml/statements.py", "_refused"),
        said("gateway/security/subjects.py", "_refused"),
    ):
        # The suite lets every issuer vouch for everybody.
        if not one.text.startswith("the issuer may not vouch"):
            yield "saml-facts", one.text
    for one in said("gateway/security/saml/signature.py", "_refused"):
        yield "saml-signature-form", one.text
        yield "saml-signature-value", one.text
    for one in said("gateway/security/certificates.py", "CertificateRefused"):
        yield "saml-signature-trust", one.text
    for one in said(f"{JUDGES}/saml_signature.py", "message_issue", 1, 0):
        yield one.rule, one.text


@cache
def everything() -> frozenset[tuple[str, str]]:
    return frozenset(
        chain(
            of_the_server(),
            of_formats(),
            of_clinical_documents(),
            of_rule_sets(),
            of_judges(),
            of_what_is_refused(),
            of_security(),
        )
    )


def test_every_sentence_has_its_french_with_all_its_values() -> None:
    assert len(everything()) > 300
    faults = [
        (rule, text, french)
        for rule, text in sorted(everything())
        if not (french := in_fr(rule, text))
        or sorted(MARK.findall(french)) != sorted(MARK.findall(text))
        or ENGLISH.search(_QUOTED.sub("", french))
    ]
    assert faults == []


def test_no_french_sentence_belongs_to_an_english_one_nobody_says() -> None:
    by_rule: dict[str, list[str]] = {}
    for rule, text in everything():
        by_rule.setdefault(rule, []).append(text)
    idle = [
        (rule, sentence.en)
        for rule in tables()
        for sentence in sentences_of(rule)
        if WHOLE.get(rule) != sentence.en
        and not any(sentence.pattern.fullmatch(text) for text in by_rule.get(rule, ()))
    ]
    assert idle == []


def test_sentences_belong_to_rules_and_name_the_same_values_in_both_languages() -> None:
    parts = {
        table for rule in tables() for one in sentences_of(rule) for table in one.parts.values()
    } | {"engine-gone"}
    for rule in tables():
        assert rule in parts or rule in engine_rules(), rule
        for one in sentences_of(rule):
            assert set(one.pattern.groupindex) == set(re.findall(r"\{(\w+)\}", one.fr)), one
            assert not re.search(r"[^&\W]+(?<!&lt)(?<!&amp)(?<!&gt);(?: |$)|  ", one.fr)


# ------------------------------------------------------------ what messages provoke

SAMPLES = ROOT / "samples" / "conformance" / "xds"
_VALUE = re.compile(r'(?<==")[^"<>]*(?=")|(?<=>)[^<>\s][^<>]*(?=<)')
_ELEMENT = re.compile(
    r"<(rim:(?:Slot|Name|Classification|ExternalIdentifier))\b.*?</\1>", re.DOTALL
)
_VALUES = re.compile(r"'[^']*'|\"[^\"]*\"|\d+|urn:[\w:.-]+")


def messages() -> Iterator[tuple[str, bytes]]:
    """Give every sample, which break each rule once; then some with one thing changed by chance."""
    paths = sorted(
        path
        for path in SAMPLES.iterdir()
        if path.suffix not in (".md", ".toml") and not path.name.startswith("fr-")
    )
    yield from ((path.name, path.read_bytes()) for path in paths)
    chance = random.Random(11)
    texts = [path for path in paths if path.suffix != ".zip"]
    for number in range(60):
        path = chance.choice(texts)
        text = path.read_bytes().decode("latin-1")
        places = list((_ELEMENT if number % 3 == 0 else _VALUE).finditer(text))
        if places:
            place = chance.choice(places)
            put = chance.choice(("", place[0] * 2)) if number % 3 == 0 else f"wrong {number}"
            yield path.name, (text[: place.start()] + put + text[place.end() :]).encode("latin-1")


def provoked() -> Iterator[Issue]:
    context = Context(profiles=ROOT / "profiles", profile_name="ihe", now="20261120090200")
    for name, octets in messages():
        yield from judge(name, octets, context).findings


def test_what_messages_provoke_is_said_in_french_with_its_values() -> None:
    texts = base_rules()
    seen: set[str] = set()
    for issue in provoked():
        text = texts.get(issue.rule)
        if text is None or issue.message == text.title:
            continue
        seen.add(issue.rule)
        assert issue.message_fr not in ("", text.title_fr), issue
        lost = [one for one in _VALUES.findall(issue.message) if one not in issue.message_fr]
        assert lost == [], issue
    assert len(seen) > 100, sorted(seen)
