"""What the rules of structure, types, values and slices are called, weigh and say.

The other half of the table is :mod:`gateway.validation.fhir.rule_texts_codes`; both are gathered
in :mod:`gateway.validation.fhir.rules`.

Source:
    HL7 FHIR R4: 5.1 Profiling, 5.3 StructureDefinition, 2.26 Resource Definitions.
"""

from __future__ import annotations

from typing import NamedTuple

from gateway.validation.issue import IssueKind, IssueSeverity

ERROR, WARNING, INFORMATION = (
    IssueSeverity.ERROR,
    IssueSeverity.WARNING,
    IssueSeverity.INFORMATION,
)


class Text(NamedTuple):
    """One rule: what it weighs, its message with places for values, and why it is."""

    kind: IssueKind
    severity: IssueSeverity
    en: str
    fr: str
    title: str
    title_fr: str
    why: str
    source: str


_S = IssueKind.STRUCTURE
_C = IssueKind.CARDINALITY
_T = IssueKind.TYPE
_V = IssueKind.VALUE
_B = IssueKind.BINDING
_L = IssueKind.SLICING
_R = IssueKind.REFERENCE
_N = IssueKind.NOT_CHECKED

STRUCTURE: dict[str, Text] = {
    "fhir-resource-type": Text(
        _S,
        ERROR,
        "{found} is no resource type of FHIR R4; give resourceType one.",
        "{found} n'est pas un type de ressource FHIR R4 ; corrigez resourceType.",
        "The resource type exists",
        "Le type de ressource existe",
        "Everything else depends on resourceType: which elements there may be, and which profiles.",
        "HL7 FHIR R4: 2.6.2 JSON representation",
    ),
    "fhir-resource-expected": Text(
        _T,
        ERROR,
        "A {found} stands where {expected} is expected.",
        "Une ressource {found} se trouve là où {expected} est attendu.",
        "A nested resource has a type its place allows",
        "Une ressource imbriquée a un type permis à cet endroit",
        "A profile may say which resources an entry, a parameter or a contained resource can be.",
        "HL7 FHIR R4: 5.1.0.11 Slicing; ElementDefinition.type",
    ),
    "fhir-unknown-element": Text(
        _S,
        ERROR,
        "{name} is not an element of {parent}; remove it, or see whether it is misspelled.",
        "{name} n'est pas un élément de {parent} ; retirez-le ou vérifiez son orthographe.",
        "No element that the type does not have",
        "Aucun élément étranger au type",
        "FHIR knows no private elements: what a type does not define goes into an extension. "
        "The usual causes are a misspelled name, an element of another FHIR version, or a choice "
        "element (value[x]) spelled without its type.",
        "HL7 FHIR R4: 2.6.2 JSON representation",
    ),
    "fhir-minimum": Text(
        _C,
        ERROR,
        "{name} is there {found} times; at least {expected} required.{hint}",
        "{name} est présent {found} fois ; au moins {expected} requis.{hint}",
        "No element is missing",
        "Aucun élément ne manque",
        "The definition asks for at least so many. Where the name has a colon, the part after it "
        "is a slice: values that are told apart by what they hold; the ones that were found do "
        "not fit it.",
        "HL7 FHIR R4: ElementDefinition.min",
    ),
    "fhir-maximum": Text(
        _C,
        ERROR,
        "{name} is there {found} times; at most {expected} allowed.",
        "{name} est présent {found} fois ; au plus {expected} permis.",
        "No element stands too often",
        "Aucun élément n'est trop fréquent",
        "The definition allows at most so many; 0 means that the profile forbids the element.",
        "HL7 FHIR R4: ElementDefinition.max",
    ),
    "fhir-array": Text(
        _S,
        ERROR,
        "{name} repeats and is written as a JSON array; {found} was found.",
        "{name} est répétable et s'écrit comme tableau JSON ; trouvé : {found}.",
        "What repeats is an array, what does not is none",
        "Un élément répétable est un tableau, les autres non",
        "Whether JSON has an array is decided by the base definition, not by how many values "
        "there are, nor by what a profile allows.",
        "HL7 FHIR R4: 2.6.2.2 Representing repeating elements",
    ),
    "fhir-empty": Text(
        _S,
        ERROR,
        "{name} is empty; leave it out, or give it content.",
        "{name} est vide ; retirez-le ou donnez-lui un contenu.",
        "Nothing is empty",
        "Rien n'est vide",
        "Objects and arrays without content, null outside an array of primitives, and empty "
        "strings are not allowed.",
        "HL7 FHIR R4: 2.6.2 JSON representation",
    ),
    "ele-1": Text(
        _S,
        ERROR,
        "{name} has neither a value nor content; leave it out, or give it some.",
        "{name} n'a ni valeur ni contenu ; retirez-le ou donnez-lui un contenu.",
        "All FHIR elements must have a @value or children",
        "Tout élément FHIR a une valeur ou un contenu",
        "An element that says nothing is left out; an id alone is no content.",
        "HL7 FHIR R4: Element, ele-1",
    ),
    "fhir-type": Text(
        _T,
        ERROR,
        "{name} is {found}; {expected} is expected.",
        "{name} est {found} ; {expected} est attendu.",
        "A value is of a type its element allows",
        "Une valeur a un type permis par son élément",
        "An object where a primitive belongs, a number where a string belongs, or a choice "
        "element (value[x]) with a type that the profile does not allow.",
        "HL7 FHIR R4: ElementDefinition.type",
    ),
    "fhir-primitive": Text(
        _V,
        ERROR,
        "{name} is no valid {type}: {problem}.",
        "{name} n'est pas un {type} valide : {problem}.",
        "A primitive value has the form of its type",
        "Une valeur primitive a la forme de son type",
        "Dates, instants, codes, identifiers, URLs and numbers have a form each.",
        "HL7 FHIR R4: 2.24.0.1 Primitive types",
    ),
    "fhir-choice": Text(
        _C,
        ERROR,
        "{name} is there in several types ({found}); keep one.",
        "{name} est présent sous plusieurs types ({found}) ; n'en gardez qu'un.",
        "A choice element has one type at a time",
        "Un élément à choix n'a qu'un type à la fois",
        "Of value[x] and its like at most one may be there.",
        "HL7 FHIR R4: 2.6.2 JSON representation; 2.1.0.5 Choice of data types",
    ),
    "fhir-fixed": Text(
        _V,
        ERROR,
        "{name} is {found}; the profile fixes it to {expected}.",
        "{name} vaut {found} ; le profil impose {expected}.",
        "A fixed value is exactly that",
        "Une valeur fixée est exactement celle-là",
        "fixed[x] allows this value and nothing more, not even a further member or extension.",
        "HL7 FHIR R4: ElementDefinition.fixed[x]",
    ),
    "fhir-pattern": Text(
        _V,
        ERROR,
        "{name} is {found}; it must hold {expected}.",
        "{name} vaut {found} ; il doit contenir {expected}.",
        "A pattern is contained in the value",
        "Le motif est contenu dans la valeur",
        "pattern[x] must be found in the value; the value may hold more.",
        "HL7 FHIR R4: ElementDefinition.pattern[x]",
    ),
    "fhir-max-length": Text(
        _V,
        ERROR,
        "{name} has {found} characters; at most {expected} allowed.",
        "{name} a {found} caractères ; au plus {expected} permis.",
        "A string is not too long",
        "Une chaîne n'est pas trop longue",
        "The definition limits the length.",
        "HL7 FHIR R4: ElementDefinition.maxLength",
    ),
    "fhir-min-value": Text(
        _V,
        ERROR,
        "{name} is {found}; at least {expected} is asked for.",
        "{name} vaut {found} ; au moins {expected} est demandé.",
        "A value is not too small",
        "Une valeur n'est pas trop petite",
        "The definition gives the smallest value allowed.",
        "HL7 FHIR R4: ElementDefinition.minValue[x]",
    ),
    "fhir-max-value": Text(
        _V,
        ERROR,
        "{name} is {found}; at most {expected} is allowed.",
        "{name} vaut {found} ; au plus {expected} est permis.",
        "A value is not too large",
        "Une valeur n'est pas trop grande",
        "The definition gives the largest value allowed.",
        "HL7 FHIR R4: ElementDefinition.maxValue[x]",
    ),
    "fhir-slicing-closed": Text(
        _L,
        ERROR,
        "{name} fits none of {expected}, and the profile allows no others.",
        "{name} ne correspond à aucun de {expected}, et le profil n'en permet pas d'autre.",
        "In a closed slicing every value fits a slice",
        "Dans un découpage fermé, chaque valeur correspond à une tranche",
        "The profile lists which values there may be and closes the list.",
        "HL7 FHIR R4: ElementDefinition.slicing.rules",
    ),
    "fhir-slicing-order": Text(
        _L,
        ERROR,
        "{name} comes too late: slice {found} belongs before {expected}.",
        "{name} vient trop tard : la tranche {found} se place avant {expected}.",
        "Ordered slices come in their order",
        "Les tranches ordonnées gardent leur ordre",
        "The profile asks for an order, or allows other values at the end only.",
        "HL7 FHIR R4: ElementDefinition.slicing.ordered, slicing.rules",
    ),
    "fhir-slicing-not-checked": Text(
        _N,
        INFORMATION,
        "Whether {name} fits slice {expected} could not be decided: {problem}.",
        "Impossible de décider si {name} correspond à la tranche {expected} : {problem}.",
        "A slice could not be decided",
        "Une tranche n'a pu être décidée",
        "What tells the slices apart lies in a definition or resource that is not at hand.",
        "HL7 FHIR R4: ElementDefinition.slicing.discriminator",
    ),
}
