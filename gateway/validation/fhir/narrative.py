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
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

_ELEMENTS = (
    "p br div h1 h2 h3 h4 h5 h6 a span b em i strong small big tt dfn q var abbr acronym cite "
    "blockquote hr address bdo kbd sub sup ul ol li dl dt dd pre table caption colgroup col "
    "thead tr tfoot tbody th td code samp img map area ins del u s strike center font"
)
ELEMENTS = frozenset(_ELEMENTS.split())
"""The elements that may stand in a narrative."""

_ATTRIBUTES = (
    "title style class id lang dir accesskey tabindex span width align valign char charoff abbr "
    "axis headers scope rowspan colspan name"
)
ATTRIBUTES = frozenset(_ATTRIBUTES.split())
"""The attributes any of them may have."""

ATTRIBUTES_OF = {
    element: frozenset(attributes.split())
    for element, attributes in {
        "a": "href name charset type hreflang rel rev shape coords target",
        "area": "shape coords href nohref alt",
        "blockquote": "cite",
        "col": "span",
        "font": "color face size",
        "img": "src alt longdesc height width usemap ismap border",
        "ol": "type start",
        "pre": "space",
        "q": "cite",
        "table": "summary width border frame rules cellspacing cellpadding bgcolor",
        "td": "nowrap bgcolor height",
        "th": "nowrap bgcolor height",
        "tr": "bgcolor height",
        "ul": "type",
    }.items()
}
_NO_ATTRIBUTES: frozenset[str] = frozenset()
_RUNS = re.compile(r"\s*(?:javascript|vbscript)\s*:", re.IGNORECASE)
_PLAIN = re.compile(
    r'<div xmlns="http://www\.w3\.org/1999/xhtml">\s*[^<>&\x00-\x08]*[^<>&\s]</div>'
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
            if attribute not in ATTRIBUTES and attribute not in special and attribute != _XML_LANG:
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
