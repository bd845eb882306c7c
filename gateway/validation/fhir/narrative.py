"""What is wrong with a narrative: the XHTML people read when no program understands the rest.

Whoever shows a record shows this text as it is, so nothing in it may run, load or hide: elements
and attributes are those FHIR lists, one by one.

Source:
    HL7 FHIR R4 (4.0.1): 2.4.0 Narrative, txt-1 and txt-2; HTML 4.01, chapters 7-11 and 15.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from gateway.validation.fhir.primitives import Complaint, shown

XHTML = "{http://www.w3.org/1999/xhtml}"
_XML = "{http://www.w3.org/XML/1998/namespace}"
_OF_XML = frozenset((f"{_XML}lang", f"{_XML}space"))

_ELEMENTS = (
    "a abbr acronym b big blockquote br caption cite code col colgroup dd dfn div dl dt em h1 "
    "h2 h3 h4 h5 h6 hr i img li ol p pre q samp small span strong sub sup table tbody td tfoot "
    "th thead tr tt ul var address area bdo kbd map"
)
ELEMENTS = frozenset(_ELEMENTS.split())
"""The elements that may stand in a narrative: those txt-1 lists, and their kin of chapters 7-11."""

_ATTRIBUTES = (
    "abbr accesskey align alt axis bgcolor border cellhalign cellpadding cellspacing cellvalign "
    "char charoff charset cite class colspan compact coords dir frame headers height hreflang "
    "hspace id ismap lang longdesc name nohref nowrap rel rev rowspan rules scope shape span "
    "start style summary tabindex title type usemap valign value vspace width"
)
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
"""The attributes any of them may have."""

ATTRIBUTES_OF = {
    "a": frozenset(("href",)),
    "area": frozenset(("href",)),
    "img": frozenset(("src",)),
}
_NO_ATTRIBUTES: frozenset[str] = frozenset()
_RUNS = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)
_PLAIN = re.compile(
    r'<div xmlns="http://www\.w3\.org/1999/xhtml">(?=\s*+[^<])[^<>&\x00-\x08]++</div>'
)


def complaints(div: object) -> Iterator[Complaint]:
    """Tell everything that is wrong with the text of a ``div``."""
    yield from markup_complaints(div)
    if type(div) is str and is_empty(div):
        yield Complaint(
            "the narrative says nothing: it needs some text or an image",
            "le texte narratif est vide : il y faut du texte ou une image",
        )


def markup_complaints(div: object) -> Iterator[Complaint]:
    """Tell what FHIR does not allow in a narrative; whether it says anything is not asked."""
    if type(div) is not str:
        yield Complaint(
            "expected one <div> of XHTML in a JSON string",
            "une <div> XHTML attendue dans une chaîne JSON",
        )
        return
    if _PLAIN.fullmatch(div):
        return
    # The parser's library is loaded for narratives that need it, not for every check.
    from gateway.codecs.fhir.narrative import read_narrative
    from gateway.codecs.xml import XmlRefused

    try:
        root = read_narrative(div)
    except XmlRefused as refused:
        yield Complaint(
            f"the narrative cannot be read, {refused.location}: {refused.message}",
            f"le texte narratif est illisible, {refused.location} : {refused.message}",
        )
        return
    for element in root.iter():
        tag = str(element.tag)
        name = tag.removeprefix(XHTML)
        if name == tag or name not in ELEMENTS:
            yield Complaint(
                f"the element {shown(name)} may not stand in a narrative",
                f"l'élément {shown(name)} n'est pas admis dans un texte narratif",
            )
            continue
        special = ATTRIBUTES_OF.get(name, _NO_ATTRIBUTES)
        for key, value in element.attrib.items():
            attribute = str(key)
            if (
                attribute not in ATTRIBUTES
                and attribute not in special
                and attribute not in _OF_XML
            ):
                yield Complaint(
                    f"the attribute {shown(attribute)} may not stand on <{name}> in a narrative",
                    f"l'attribut {shown(attribute)} n'est pas admis sur <{name}>"
                    " dans un texte narratif",
                )
            elif attribute in ("href", "src", "cite", "longdesc") and _RUNS.match(str(value)):
                yield Complaint(
                    f"the attribute {shown(attribute)} on <{name}> holds a script",
                    f"l'attribut {shown(attribute)} sur <{name}> contient un script",
                )


def is_empty(div: str) -> bool:
    """Whether a narrative that can be read has neither text nor image."""
    if _PLAIN.fullmatch(div):
        return False
    from gateway.codecs.fhir.narrative import read_narrative
    from gateway.codecs.xml import XmlRefused

    try:
        root = read_narrative(div)
    except XmlRefused:
        return False
    # What HTML calls a no-break space is a blank as well.
    if "".join(str(text) for text in root.itertext()).strip():
        return False
    return root.find(f".//{XHTML}img") is None


def image_references(div: str) -> Iterator[str]:
    """The images of a narrative that are parts of its resource (``#name``)."""
    if "<img" not in div:
        return
    from gateway.codecs.fhir.narrative import read_narrative
    from gateway.codecs.xml import XmlRefused

    try:
        root = read_narrative(div)
    except XmlRefused:
        return
    for image in root.iter(f"{XHTML}img"):
        source = image.get("src")
        if source is not None and source.startswith("#"):
            yield source[1:]
