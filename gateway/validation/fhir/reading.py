"""A file of FHIR, read to be judged: what can be read is read, what is wrong is told.

The server's own reader (:mod:`gateway.codecs.fhir.strict_json`) refuses at the first fault of
form; here a fault of form is an issue among others, and the rest is judged all the same. Numbers
keep their spelling. Where an issue stands in the text is found by a second pass, made only when
somebody asks (:mod:`gateway.validation.fhir.positions`).

Source:
    HL7 FHIR R4 (4.0.1): 2.6.1 XML, 2.6.2 JSON; RFC 8259: 4 objects, 8.1 character encoding.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from gateway.codecs.fhir.lexical import Lexical
from gateway.validation.issue import Issue, IssueKind, IssueSeverity, Position, RuleText

Json: TypeAlias = dict[str, Any]

MAX_DEPTH = 64
MAX_OCTETS = 64 * 1024 * 1024
_LONGEST_INTEGER = 18


@dataclass(slots=True)
class Reading:
    """What could be read.

    Attributes:
        resource: As JSON, numbers with a fraction as :class:`Lexical`; ``None`` where nothing
            can be judged.
        issues: Faults of form, with their positions.
        is_xml: Which wire form it was.
    """

    resource: Json | None
    issues: tuple[Issue, ...]
    is_xml: bool = False
    _text: str = field(default="", repr=False)
    _positions: Callable[[str], Position | None] | None = field(default=None, repr=False)

    def positions(self, location: str) -> Position | None:
        """Where something stands in the text; its nearest surroundings where it is not there.

        Args:
            location: A path of FHIRPath (``DocumentReference.content[0].attachment``).
        """
        if self._positions is None:
            from gateway.validation.fhir import positions

            of_form = positions.of_xml if self.is_xml else positions.of_json
            self._positions = of_form(self._text)
        return self._positions(location)


def read(octets: bytes, media: str | None = None) -> Reading:
    """Read a resource in either wire form.

    Args:
        media: The media type it came with; without one the first character decides.
    """
    if len(octets) > MAX_OCTETS:
        return Reading(None, (_issue("fhir-size", found=len(octets), most=MAX_OCTETS),))
    is_xml = "xml" in media if media else octets.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<"
    return _read_xml(octets) if is_xml else _read_json(octets)


def _decode(octets: bytes, issues: list[Issue]) -> str:
    """The text, with a mark for every octet that is none."""
    if octets[:3] == b"\xef\xbb\xbf":
        octets = octets[3:]
        issues.append(_issue("fhir-byte-order-mark", at=Position(1, 1)))
    try:
        return octets.decode("utf-8")
    except UnicodeDecodeError as error:
        before = octets[: error.start]
        line = before.count(b"\n") + 1
        column = len(before.rpartition(b"\n")[2].decode("utf-8", "replace")) + 1
        issues.append(_issue("fhir-encoding", at=Position(line, column)))
        return octets.decode("utf-8", "replace")


# --- JSON ----------------------------------------------------------------------------------------


def _integer(text: str) -> int | Lexical:
    return Lexical(text) if text == "-0" or len(text) > _LONGEST_INTEGER else int(text)


class _Objects:
    """Makes the objects of a message, and notices what JSON forbids and Python does not."""

    def __init__(self) -> None:
        self.twice: list[str] = []
        self.constants: list[str] = []

    def object(self, pairs: list[tuple[str, Any]]) -> Json:
        members = dict(pairs)
        if len(members) != len(pairs):
            seen: set[str] = set()
            self.twice += [name for name, _ in pairs if name in seen or seen.add(name)]  # type: ignore[func-returns-value]
        return members

    def constant(self, name: str) -> str:
        self.constants.append(name)
        return name


def _read_json(octets: bytes) -> Reading:
    issues: list[Issue] = []
    text = _decode(octets, issues)
    made = _Objects()
    decoder = json.JSONDecoder(
        object_pairs_hook=made.object,
        parse_float=Lexical,
        parse_int=_integer,
        parse_constant=made.constant,
    )
    value: Any = None
    try:
        value = decoder.decode(text)
    except json.JSONDecodeError as error:
        place = Position(error.lineno, error.colno)
        issues.append(_issue("fhir-json", at=place, problem=_said(error.msg)))
        return Reading(None, tuple(issues), _text=text)
    except RecursionError:
        issues.append(_issue("fhir-depth", most=MAX_DEPTH))
        return Reading(None, tuple(issues), _text=text)
    if type(value) is not dict:
        issues.append(_issue("fhir-json", at=Position(1, 1), problem=_said("expected an object")))
        return Reading(None, tuple(issues), _text=text)
    if _is_too_deep(value):
        issues.append(_issue("fhir-depth", most=MAX_DEPTH))
        return Reading(None, tuple(issues), _text=text)
    for name in made.constants:
        issues.append(_issue("fhir-json-number", found=name))
    if made.twice:
        from gateway.validation.fhir import positions

        issues += [
            _issue("fhir-json-duplicate", location=location, at=place, name=name)
            for name, location, place in positions.repeated_members(text)
        ]
    return Reading(value, tuple(issues), _text=text)


def _is_too_deep(root: Json) -> bool:
    level: list[Any] = [root]
    for _ in range(MAX_DEPTH):
        level = [
            item
            for value in level
            for item in (value.values() if type(value) is dict else value)
            if type(item) is dict or type(item) is list
        ]
        if not level:
            return False
    return True


_FR = {
    "Expecting value": "une valeur est attendue",
    "Expecting ',' delimiter": "une virgule est attendue",
    "Expecting ':' delimiter": "deux-points attendus",
    "Expecting property name enclosed in double quotes": "un nom entre guillemets est attendu",
    "Extra data": "le texte continue après la fin de la ressource",
    "Unterminated string starting at": "une chaîne commence ici et ne finit pas",
    "Invalid control character at": "un caractère de contrôle se trouve dans une chaîne",
    "Illegal trailing comma before end of object": "virgule de trop avant la fin de l'objet",
    "expected an object": "un objet est attendu",
}


def _said(problem: str) -> tuple[str, str]:
    """What Python says of wrong JSON, in both languages."""
    problem = problem.removesuffix(".")
    return problem[:1].lower() + problem[1:], _FR.get(problem, problem)


# --- XML -----------------------------------------------------------------------------------------


def _read_xml(octets: bytes) -> Reading:
    # The parser's library is loaded for XML, not for every command.
    from gateway.codecs.xml import INLINE_LIMITS, XmlRefused, read_xml
    from gateway.validation.fhir.reading_xml import LenientReading

    issues: list[Issue] = []
    try:
        root = read_xml(octets, limits=INLINE_LIMITS, keep_blanks=True)
    except XmlRefused as refused:
        numbers = [int(number) for number in re.findall(r"[0-9]{1,9}", refused.location)]
        place = Position(numbers[0], numbers[1] if len(numbers) > 1 else 1) if numbers else None
        issues.append(_issue("fhir-xml", at=place, problem=(refused.message, refused.message)))
        return Reading(None, tuple(issues), is_xml=True)
    lenient = LenientReading()
    resource = lenient.resource(root, "", 1)
    for told in lenient.told:
        place = Position(told.line, 1)
        issues.append(_issue(told.rule, location=told.location, at=place, **told.values))
    text = octets.decode("utf-16" if octets[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8")
    return Reading(resource, tuple(issues), is_xml=True, _text=text)


# --- What is told --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Rule:
    severity: IssueSeverity
    kind: IssueKind
    title: str
    title_fr: str
    english: str
    fr: str
    text: str
    source: str


_ERROR, _STRUCTURE = IssueSeverity.ERROR, IssueKind.STRUCTURE
_JSON, _XML = "HL7 FHIR R4 (4.0.1): 2.6.2 JSON", "HL7 FHIR R4 (4.0.1): 2.6.1 XML"

_RULES = {
    "fhir-json": _Rule(
        _ERROR,
        _STRUCTURE,
        "The file is one JSON object",
        "Le fichier est un objet JSON",
        "this is no JSON: {problem}",
        "ce n'est pas du JSON : {problem}",
        "Nothing else can be judged before the text can be read. The place is where reading"
        " stopped; the fault is there or just before.",
        f"{_JSON}; RFC 8259",
    ),
    "fhir-json-duplicate": _Rule(
        _ERROR,
        _STRUCTURE,
        "A member stands once in its object",
        "Un membre figure une seule fois dans son objet",
        "the member {name} stands more than once in its object; receivers differ in which they"
        " believe: keep one",
        "le membre {name} figure plusieurs fois dans son objet ; selon le récepteur, l'un ou"
        " l'autre est retenu : n'en garder qu'un",
        "JSON leaves open what a name given twice means, so two systems can read two records.",
        f"{_JSON}; RFC 8259: 4",
    ),
    "fhir-json-number": _Rule(
        _ERROR,
        _STRUCTURE,
        "Numbers are numbers of JSON",
        "Les nombres sont des nombres JSON",
        "{found} is no number of JSON",
        "{found} n'est pas un nombre JSON",
        "NaN and the infinities have no spelling in JSON: leave the value out and say why in an"
        " extension.",
        f"{_JSON}; RFC 8259: 6",
    ),
    "fhir-byte-order-mark": _Rule(
        IssueSeverity.WARNING,
        _STRUCTURE,
        "JSON begins without a byte order mark",
        "Le JSON commence sans marque d'ordre des octets",
        "the file begins with a byte order mark, which JSON does not have: save it as UTF-8"
        " without one",
        "le fichier commence par une marque d'ordre des octets, inconnue en JSON : l'enregistrer"
        " en UTF-8 sans marque",
        "Many receivers refuse the three octets in front of the brace.",
        "RFC 8259: 8.1",
    ),
    "fhir-encoding": _Rule(
        _ERROR,
        _STRUCTURE,
        "The text is UTF-8",
        "Le texte est en UTF-8",
        "octets that are not UTF-8 stand here: save the file as UTF-8",
        "des octets étrangers à UTF-8 se trouvent ici : enregistrer le fichier en UTF-8",
        "FHIR is always UTF-8. Often a file was saved as Latin-1 or Windows-1252.",
        _JSON,
    ),
    "fhir-depth": _Rule(
        _ERROR,
        _STRUCTURE,
        "Nothing is nested without end",
        "Pas d'imbrication sans fin",
        "nested deeper than {most}: not judged",
        "imbriqué au-delà de {most} niveaux : non jugé",
        "No resource needs so many floors; readers that follow them run out of memory.",
        "house limit",
    ),
    "fhir-size": _Rule(
        _ERROR,
        _STRUCTURE,
        "A file has a bounded size",
        "Un fichier a une taille bornée",
        "the file has {found} octets, at most {most} are judged",
        "le fichier compte {found} octets, {most} au plus sont jugés",
        "Send documents as attachments by reference, or judge the parts one by one.",
        "house limit",
    ),
    "fhir-xml": _Rule(
        _ERROR,
        _STRUCTURE,
        "The file is well-formed XML",
        "Le fichier est du XML bien formé",
        "this XML cannot be read: {problem}",
        "ce XML est illisible : {problem}",
        "Nothing else can be judged before the text can be read. Document types and entities"
        " are refused.",
        _XML,
    ),
    "fhir-xml-resource": _Rule(
        _ERROR,
        _STRUCTURE,
        "A resource is named for its type, in FHIR's namespace",
        "Une ressource porte le nom de son type, dans l'espace de noms de FHIR",
        "expected one resource of FHIR R4 in the namespace http://hl7.org/fhir",
        "une ressource FHIR R4 attendue, dans l'espace de noms http://hl7.org/fhir",
        "Check the namespace of the root element and the spelling of the type.",
        _XML,
    ),
    "fhir-xml-element": _Rule(
        _ERROR,
        _STRUCTURE,
        "Every element is known to its type",
        "Chaque élément est connu de son type",
        "{name} is no element of this type",
        "{name} n'est pas un élément de ce type",
        "A name is misspelled, stands in another namespace, or belongs to another version.",
        _XML,
    ),
    "fhir-xml-attribute": _Rule(
        _ERROR,
        _STRUCTURE,
        "Every attribute is known to its element",
        "Chaque attribut est connu de son élément",
        "{name} is no attribute of this element",
        "{name} n'est pas un attribut de cet élément",
        "FHIR knows the attributes id, url and value, each in its place.",
        _XML,
    ),
    "fhir-xml-order": _Rule(
        _ERROR,
        _STRUCTURE,
        "Elements stand in the order of their definition",
        "Les éléments suivent l'ordre de leur définition",
        "{name} stands after {before}: its place is in front of it",
        "{name} figure après {before} : sa place est avant",
        "XML schemas of FHIR are sequences, so order counts, unlike in JSON.",
        _XML,
    ),
    "fhir-xml-repeated": _Rule(
        _ERROR,
        IssueKind.CARDINALITY,
        "What does not repeat stands once",
        "Ce qui ne se répète pas figure une fois",
        "{name} stands more than once and may stand once: the first was judged",
        "{name} figure plusieurs fois alors qu'une seule est admise : la première a été jugée",
        "The definition gives the element a maximum of 1.",
        _XML,
    ),
    "fhir-xml-text": _Rule(
        _ERROR,
        _STRUCTURE,
        "Values stand in attributes",
        "Les valeurs figurent dans des attributs",
        "text stands between elements; values stand in the attribute value",
        "du texte figure entre les éléments ; les valeurs sont dans l'attribut value",
        "<status>final</status> is another XML than FHIR's <status value='final'/>.",
        _XML,
    ),
    "fhir-xml-empty": _Rule(
        _ERROR,
        _STRUCTURE,
        "No element is empty",
        "Aucun élément n'est vide",
        "the element says nothing: leave it out",
        "l'élément ne dit rien : l'omettre",
        "An element has a value, children or both.",
        _XML,
    ),
    "fhir-xml-narrative": _Rule(
        _ERROR,
        _STRUCTURE,
        "The narrative is XHTML",
        "Le texte narratif est du XHTML",
        "the narrative cannot be read: {problem}",
        "le texte narratif est illisible : {problem}",
        "Everything inside the div is in XHTML's namespace.",
        "HL7 FHIR R4 (4.0.1): 2.4.0 Narrative",
    ),
}


def rules() -> Iterable[RuleText]:
    """Tell every rule of this module, for ``conformance explain``."""
    for name, rule in _RULES.items():
        yield RuleText(
            rule=name,
            kind=rule.kind,
            severity=rule.severity,
            title=rule.title,
            title_fr=rule.title_fr,
            text=rule.text,
            source=rule.source,
        )


def _issue(
    rule: str,
    *,
    location: str = "",
    at: Position | None = None,
    **values: object,
) -> Issue:
    """One issue, in both languages; a value that is a pair has one text for each."""
    known = _RULES[rule]
    english = {name: v[0] if type(v) is tuple else v for name, v in values.items()}
    fr = {name: v[1] if type(v) is tuple else v for name, v in values.items()}
    return Issue(
        rule=rule,
        severity=known.severity,
        kind=known.kind,
        message=known.english.format(**english),
        message_fr=known.fr.format(**fr),
        location=location,
        source=known.source,
        position=at,
    )
