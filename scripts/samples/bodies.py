"""Bodies: sections with a narrative, and bodies in another format."""

from __future__ import annotations

import base64
import textwrap
import uuid

from scripts.samples.header import coded
from scripts.samples.markup import Content, Element, element
from scripts.samples.people import Coded

LOINC = "2.16.840.1.113883.6.1"
ICD_10 = "2.16.840.1.113883.6.3"
ATC = "2.16.840.1.113883.6.73"
CIS = "1.2.250.1.213.2.3.1"

_NAMESPACE = uuid.UUID("6f2ab2f0-4a4e-5c57-9d0b-3f1c6f2f9e01")


def loinc(code: str, display: str) -> Coded:
    return Coded(code=code, system=LOINC, display=display, system_name="LOINC")


def icd10(code: str, display: str) -> Coded:
    return Coded(code=code, system=ICD_10, display=display, system_name="CIM-10")


def stable_id(*words: str) -> str:
    """A UUID that is the same at every run."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(words))).upper()


def instance(*words: str) -> Element:
    return element("id", root=stable_id(*words))


def templates(*roots: str) -> tuple[Element, ...]:
    return tuple(element("templateId", root=root) for root in roots)


def _base64(octets: bytes) -> str:
    lines = textwrap.wrap(base64.b64encode(octets).decode(), 76)
    return "\n" + "\n".join(lines) + "\n"


def structured(*sections: Element) -> Element:
    return element("structuredBody", *(element("component", section) for section in sections))


def attached(media_type: str, octets: bytes) -> Element:
    """A body in another format, in base64 with lines of 76 characters."""
    return element(
        "nonXMLBody",
        element("text", _base64(octets), mediaType=media_type, representation="B64"),
    )


def section(
    code: Coded,
    title: str,
    *content: Content,
    marks: tuple[str, ...] = (),
    key: str,
    entries: tuple[Element, ...] = (),
    parts: tuple[Element, ...] = (),
) -> Element:
    """A section: what it is, its narrative, its entries, the sections below it."""
    return element(
        "section",
        *templates(*marks),
        instance("section", key, code.code),
        coded("code", code),
        element("title", title),
        element("text", *content) if content else None,
        *entries,
        *(element("component", part) for part in parts),
    )


def paragraph(text: str) -> Element:
    return element("paragraph", text)


def bullets(*items: str) -> Element:
    return element("list", *(element("item", item) for item in items))


def table(head: tuple[str, ...], *rows: tuple[Content, ...]) -> Element:
    return element(
        "table",
        element("thead", element("tr", *(element("th", cell) for cell in head))),
        element("tbody", *(element("tr", *(element("td", cell) for cell in row)) for row in rows)),
        border="1",
    )


def marked(identifier: str, text: str) -> Element:
    """A piece of narrative that an entry can point at."""
    return element("content", text, ID=identifier)


def reference(identifier: str) -> Element:
    return element("text", element("reference", value=f"#{identifier}"))


def copy_section(key: str, octets: bytes) -> Element:
    """The section that carries the readable PDF copy of a structured laboratory report.

    Source:
        CI-SIS, volet CR-BIO 2024.01: FR-Document-PDF-copie (1.2.250.1.213.1.1.2.243).
    """
    copy = loinc("55108-5", "Copie du document")
    entry = element(
        "entry",
        element(
            "organizer",
            *templates("1.2.250.1.213.1.1.3.18"),
            instance("copy", key),
            coded("code", loinc("55107-7", "Document attaché")),
            element("statusCode", code="completed"),
            element(
                "component",
                element(
                    "observation",
                    *templates(
                        "1.3.6.1.4.1.19376.1.5.3.1.4.13",
                        "1.2.250.1.213.1.1.3.48",
                        "1.2.250.1.213.1.1.3.48.18",
                    ),
                    instance("copy-type", key),
                    coded("code", loinc("69764-9", "Type de document")),
                    reference(f"{key}-copie"),
                    element("statusCode", code="completed"),
                    element("effectiveTime", nullFlavor="NA"),
                    coded("value", copy, type_="CD"),
                    classCode="OBS",
                    moodCode="EVN",
                ),
            ),
            element(
                "component",
                element(
                    "observationMedia",
                    element(
                        "value",
                        _base64(octets),
                        mediaType="application/pdf",
                        representation="B64",
                    ),
                    classCode="OBS",
                    moodCode="EVN",
                    ID=f"{key}-pdf",
                ),
            ),
            classCode="CLUSTER",
            moodCode="EVN",
        ),
    )
    return section(
        copy,
        "Copie du document",
        marked(f"{key}-copie", "Copie lisible du compte rendu (PDF)"),
        element("renderMultiMedia", referencedObject=f"{key}-pdf"),
        marks=("1.2.250.1.213.1.1.2.243",),
        key=f"{key}-copy",
        entries=(entry,),
    )
