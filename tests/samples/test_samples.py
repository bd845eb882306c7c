"""The demonstration record is what its generator writes, and what its README says."""

from __future__ import annotations

import base64
import re
from pathlib import Path

from gateway.codecs.cda.header import read_header
from gateway.codecs.xml import read_xml
from scripts.samples.french import FRENCH_DOCUMENTS
from scripts.samples.header import clinical_document
from scripts.samples.markup import document
from scripts.samples.plain import PLAIN_DOCUMENTS

FOLDER = Path(__file__).resolve().parents[2] / "samples"
DOCUMENTS = sorted((FOLDER / "cda").glob("*.xml"))
TEST_IDENTITIES = "1.2.250.1.213.1.4.10"


def test_the_generator_writes_the_same_octets() -> None:
    written = {
        one.file: document(clinical_document(one)) for one in (*FRENCH_DOCUMENTS, *PLAIN_DOCUMENTS)
    }
    assert written == {path.name: path.read_bytes() for path in DOCUMENTS}


def test_no_two_documents_share_an_id() -> None:
    identifiers = [read_header(path.read_bytes()).identifier.unique_id for path in DOCUMENTS]
    assert len(DOCUMENTS) >= 12
    assert len(set(identifiers)) == len(identifiers)


def test_a_replacement_comes_after_what_it_replaces() -> None:
    seen: set[str] = set()
    replaced = 0
    for path in DOCUMENTS:
        header = read_header(path.read_bytes())
        assert seen.issuperset(header.replaces)
        replaced += len(header.replaces)
        seen.add(header.identifier.unique_id)
    assert replaced == 1


def test_french_patients_are_test_identities_with_right_keys() -> None:
    for path in DOCUMENTS:
        if not path.name.startswith("fr-"):
            continue
        number = read_header(path.read_bytes()).patient.identifiers[0]
        assert number.root == TEST_IDENTITIES
        assert re.fullmatch(r"[1-478]\d{4}(\d{2}|2[AB])\d{6}\d{2}", number.extension)
        digits, key = number.extension[:13], number.extension[13:]
        assert 97 - int(digits) % 97 == int(key)
        assert digits[5:10] == "37999"


def test_every_pdf_inside_says_that_it_is_one() -> None:
    pdfs = 0
    for path in DOCUMENTS:
        for element in read_xml(path.read_bytes()).iter("{urn:hl7-org:v3}*"):
            if element.get("mediaType") == "application/pdf":
                octets = base64.b64decode(element.text or "")
                assert octets.startswith(b"%PDF-1.4\n")
                assert octets.endswith(b"%%EOF\n")
                table = int(octets.rsplit(b"startxref\n", 1)[1].split(b"\n")[0])
                assert octets[table:].startswith(b"xref\n")
                pdfs += 1
    assert pdfs == 9


def test_the_readme_names_every_document() -> None:
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    assert set(re.findall(r"`((?:fr|en)-\d\d-[\w-]+\.xml)`", text)) == {p.name for p in DOCUMENTS}
