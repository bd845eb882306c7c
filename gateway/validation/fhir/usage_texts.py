"""What the rules beyond the definitions are called and say: Bundles, contents, narratives.

They join the table of :mod:`gateway.validation.fhir.rules`. The definitions cannot express them:
they are prose in the specification, and compare places far from each other.
"""

from __future__ import annotations

from gateway.validation.fhir.rules import ERROR, TEXTS, WARNING, Text
from gateway.validation.issue import IssueKind

_REF = IssueKind.REFERENCE
_VALUE = IssueKind.VALUE
_SHAPE = IssueKind.STRUCTURE
_BUNDLE = "HL7 FHIR R4: 2.36 Bundle"

USAGE: dict[str, Text] = {
    "fhir-bundle-full-url": Text(
        _SHAPE,
        ERROR,
        "The fullUrl {found} is no absolute URL; write the server's, or urn:uuid: with a UUID.",
        "Le fullUrl {found} n'est pas une URL absolue ; écrire celle du serveur, ou urn:uuid: "
        "et un UUID.",
        "A fullUrl is absolute",
        "Un fullUrl est absolu",
        "References between the entries are resolved along fullUrl, which works with absolute "
        "URLs only.",
        f"{_BUNDLE}; 2.36.4.1 Resolving references in Bundles",
    ),
    "fhir-bundle-full-url-id": Text(
        _SHAPE,
        ERROR,
        "The fullUrl {found} is the URL of a resource on a server, so it ends with {expected}.",
        "Le fullUrl {found} est l'URL d'une ressource sur un serveur, il se termine donc par "
        "{expected}.",
        "A fullUrl and the resource's type and id agree",
        "Un fullUrl s'accorde avec le type et l'id de la ressource",
        "The fullUrl of a resource that lives on a server is where it lives, and there its type "
        "and id are in the URL.",
        "HL7 FHIR R4: Bundle.entry.fullUrl",
    ),
    "fhir-bundle-full-url-missing": Text(
        _SHAPE,
        ERROR,
        "The entry has no fullUrl; only those of batches and transactions may do without.",
        "L'entrée n'a pas de fullUrl ; seules celles des batches et transactions s'en passent.",
        "Each entry says which resource it holds",
        "Chaque entrée dit quelle ressource elle contient",
        "Except for transactions and batches, each entry has a fullUrl, the identity of the "
        "resource in it.",
        f"{_BUNDLE}; 2.36.4 Resource URL & Uniqueness rules in a bundle",
    ),
    "fhir-bundle-first": Text(
        _SHAPE,
        ERROR,
        "A {type} Bundle begins with a {expected}, and this one has {found}.",
        "Un Bundle {type} commence par {expected}, celui-ci par {found_fr}.",
        "A document begins with its Composition, a message with its MessageHeader",
        "Un document commence par sa Composition, un message par son MessageHeader",
        "The first entry says what the others are there for.",
        "HL7 FHIR R4: 3.3 Documents; 2.39 Messaging",
    ),
    "fhir-bundle-unresolved": Text(
        _REF,
        ERROR,
        "{found} leads to none of the entries{hint}.",
        "{found} ne mène à aucune des entrées{hint}.",
        "What a document or message speaks of is inside",
        "Ce dont parle un document ou un message s'y trouve",
        "A document holds whatever its Composition refers to, a message whatever its header "
        "points at, a transaction whatever is referred to by a urn:uuid. A relative reference is "
        "resolved against the base of the fullUrl of the entry it stands in: with urn:uuid: "
        "fullUrls, references are urn:uuid: too.",
        f"{_BUNDLE}; 2.36.4.1 Resolving references in Bundles; 3.3.1 Document content",
    ),
    "fhir-bundle-ambiguous": Text(
        _REF,
        ERROR,
        "{found} leads to {number} entries; say the version, or leave one entry out.",
        "{found} mène à {number} entrées ; préciser la version ou n'en garder qu'une.",
        "A reference leads to one entry",
        "Une référence mène à une seule entrée",
        "Two versions of a resource can be in one Bundle; a reference without version then says "
        "nothing.",
        f"{_BUNDLE}; 2.36.4.1 Resolving references in Bundles",
    ),
    "fhir-bundle-unreachable": Text(
        _REF,
        WARNING,
        "Nothing leads from the Composition to this entry, or back.",
        "Rien ne mène de la Composition à cette entrée, ni inversement.",
        "A document holds what belongs to it",
        "Un document contient ce qui lui appartient",
        "Entries of a document are there because the Composition, or something it leads to, "
        "refers to them or is referred to by them.",
        "HL7 FHIR R4: 3.3.1 Document content",
    ),
    "fhir-bundle-link": Text(
        _SHAPE,
        ERROR,
        "The link relation {found} stands more than once.",
        "La relation de lien {found} figure plusieurs fois.",
        "A relation of a Bundle has one link",
        "Une relation d'un Bundle a un seul lien",
        "Who pages through results follows the one link of a relation.",
        "HL7 FHIR R4: Bundle.link; 3.1.1 Search, paging",
    ),
    "fhir-bundle-paging": Text(
        _SHAPE,
        WARNING,
        "The link relation {found} pages through results, and a {type} Bundle has no pages.",
        "La relation de lien {found} sert à paginer, et un Bundle {type} n'a pas de pages.",
        "Only results have pages",
        "Seuls les résultats ont des pages",
        "first, previous, next and last are relations of search results and histories.",
        "HL7 FHIR R4: Bundle.link; 3.1.1 Search, paging",
    ),
    "fhir-bundle-search-id": Text(
        _SHAPE,
        ERROR,
        "A search result has an id; this {found} has none.",
        "Un résultat de recherche a un id ; cette ressource {found} n'en a pas.",
        "Search results have ids",
        "Les résultats de recherche ont un id",
        "Results live on the server that found them, under their id; only an OperationOutcome "
        "about the search has none.",
        "HL7 FHIR R4: 3.1.1 Search, response",
    ),
    "fhir-bundle-search-mode": Text(
        _SHAPE,
        ERROR,
        "The search mode is {mode} and the resource a {found}; {expected} is expected.",
        "Le mode de recherche est {mode} et la ressource {found} ; {expected} est attendu.",
        "The search mode fits the resource",
        "Le mode de recherche convient à la ressource",
        "A match is of the type that was searched for, as the self link tells; an outcome is an "
        "OperationOutcome.",
        "HL7 FHIR R4: Bundle.entry.search.mode",
    ),
    "fhir-bundle-request": Text(
        _SHAPE,
        ERROR,
        "The request {method} {found} does not fit the resource in the entry: {expected}.",
        "La requête {method} {found} ne convient pas à la ressource de l'entrée : {expected_fr}.",
        "A request and its resource are about the same",
        "Une requête et sa ressource parlent de la même chose",
        "POST goes to the type of the resource, PUT to its type and id, and both carry a resource.",
        "HL7 FHIR R4: Bundle.entry.request; 3.1.0.11 batch/transaction",
    ),
    "fhir-extension-part": Text(
        _SHAPE,
        ERROR,
        "The extension has no part {found}; it has {expected}.",
        "L'extension n'a pas de partie {found} ; elle a {expected}.",
        "An extension's parts are those of its definition",
        "Les parties d'une extension sont celles de sa définition",
        "A relative url means something only where the definition of the extension names it.",
        "HL7 FHIR R4: Extension.url",
    ),
    "fhir-attachment-hash": Text(
        _VALUE,
        ERROR,
        "The hash is {found}, and that of the data {expected} (SHA-1 in base64).",
        "L'empreinte est {found}, et celle des données {expected} (SHA-1 en base64).",
        "An attachment's hash is that of its data",
        "L'empreinte d'une pièce jointe est celle de ses données",
        "The hash is SHA-1 over the octets before base64, itself in base64 and not in hexadecimal.",
        "HL7 FHIR R4: Attachment.hash",
    ),
    "fhir-reference-absent": Text(
        _REF,
        ERROR,
        "{found} leads to nothing in this message.",
        "{found} ne mène à rien dans ce message.",
        "What is referred to is in the message",
        "Ce qui est référencé se trouve dans le message",
        "Asked for only: usually a reference may lead to another server.",
        "HL7 FHIR R4: 2.3.0.1 References",
    ),
    "fhir-narrative-link": Text(
        _REF,
        ERROR,
        "The link {found} in the narrative leads to nothing in this resource.",
        "Le lien {found} du texte narratif ne mène à rien dans cette ressource.",
        "Links inside a narrative have a target",
        "Les liens internes d'un texte narratif ont une cible",
        "href='#name' leads to an id or an anchor in the narrative, or to a part of the resource "
        "that has this id.",
        "HL7 FHIR R4: 2.4.0 Narrative",
    ),
    "fhir-string-markup": Text(
        _VALUE,
        ERROR,
        "The text looks as if it held a tag of HTML; whoever shows it unprepared runs it.",
        "Le texte semble contenir une balise HTML ; l'afficher tel quel l'exécuterait.",
        "Texts hold no markup",
        "Les textes ne contiennent pas de balises",
        "Asked for with the security checks only: FHIR allows any text, and careless programs "
        "put it on a page.",
        "HL7 FHIR R4: 6.1.0.10 Narrative security",
    ),
    "fhir-example-url": Text(
        _VALUE,
        ERROR,
        "The URL {found} is an example's, and examples are not asked for here.",
        "L'URL {found} est un exemple, et ce n'est pas un exemple qui est attendu ici.",
        "Real resources have real URLs",
        "Les vraies ressources ont de vraies URL",
        "example.org, example.com, example.net and acme.com never lead anywhere.",
        "RFC 2606",
    ),
}
TEXTS.update(USAGE)
