"""What live tests say, in both languages: sentences with names where values stand.

A value is what the server sent or the test asked for, alike in both; or it is said itself, and
stands in each language as it is said there.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from conformance.suite.values import Text


@dataclass(frozen=True, slots=True)
class Said(Text):
    """Something said in both languages; alike where there are no words of ours in it."""

    def of(self, **values: object) -> Said:
        """Give the sentence with values in their places."""
        said = {name: _said(value) for name, value in values.items()}
        return Said(
            self.en.format_map({name: one.en for name, one in said.items()}),
            self.fr.format_map({name: one.says("fr") for name, one in said.items()}),
        )


def _said(value: object) -> Said:
    return value if isinstance(value, Said) else Said(str(value))


def joined(parts: Iterable[object], between: Said) -> Said:
    """Give several things with something between them."""
    said = [_said(part) for part in parts]
    return Said(
        between.en.join(one.en for one in said), between.fr.join(one.says("fr") for one in said)
    )


OR = Said(" or ", " ou ")
AND = Said(" and ", " et ")
AND_NO = Said(" and no ", " ni ")
SEMICOLON = Said("; ", " ; ")

# --- What an answer has to be -----------------------------------------------------------------

RECEIVED = Said("expected {wanted}, received {found}", "attendu : {wanted} ; reçu : {found}")
A_FAULT = Said("the fault {codes}", "l'erreur SOAP {codes}")
NO_SUCH_ANSWER = Said("no such answer", "aucune réponse de cette sorte")
A_STATUS = Said("status {status}", "statut {status}")
NO_ERROR_EXPECTED = Said("expected no error, received", "attendu : aucune erreur ; reçu :")
AN_ERROR = Said("the error {code}", "l'erreur {code}")
ONE_OF_ERRORS = Said("one of the errors {codes}", "une des erreurs {codes}")
A_WARNING = Said("the warning {code}", "l'avertissement {code}")
SOME_FAULT = Said("a fault {code}", "une erreur SOAP {code}")
NO_ERROR = Said("none", "aucune")
NO_WARNING = Said("none", "aucun")
NOT_IN_ANSWER = Said("{text} does not stand in the answer", "{text} ne figure pas dans la réponse")
NO_HEADER = Said("there is no header {name}", "l'en-tête {name} est absent")
NO_RESOURCE = Said("there is no resource to judge", "il n'y a pas de ressource à vérifier")
NO_JUDGE = Said(
    "the resource was not compared with its profiles: no judge is at hand",
    "la ressource n'a pas été comparée à ses profils : rien ici ne sait le faire",
)

# --- Its documents ----------------------------------------------------------------------------

DOCUMENTS = Said(
    "expected {wanted} documents, received {found}",
    "nombre de documents attendu : {wanted} ; reçu : {found}",
)
DOCUMENT = Said("document {number}", "le document {number}")
THE_BODY = Said("the body", "le corps")
DID_NOT_COME = Said(
    "document {number} is referred to and did not come",
    "le document {number} est référencé et n'est pas venu",
)
OTHER_OCTETS = Said(
    "{what} has {found} octets (SHA-1 {found_hash}), expected {wanted} (SHA-1 {wanted_hash})",
    "{what} fait {found} octets (SHA-1 {found_hash}), attendu : {wanted} (SHA-1 {wanted_hash})",
)
DOCUMENTS_BESIDE = Said(
    "multipart/related with the documents beside it", "multipart/related, documents à côté"
)
MESSAGE_ALONE = Said("a message alone", "un message seul")
NO_CONTENT_TYPE = Said("no content type", "aucun Content-Type")
DOCUMENTS_INSIDE = Said(
    "the documents are inside the message, not beside it",
    "les documents sont dans le message, pas à côté",
)

# --- Values in it -----------------------------------------------------------------------------

FOUND = Said("expected {wanted}, found {found}", "attendu : {wanted} ; trouvé : {found}")
NOTHING = Said("nothing", "rien")
SOMETHING = Said("something", "une valeur")
IN_ANY_ORDER = Said("in any order {values}", "dans n'importe quel ordre {values}")
OF_THE_FORM = Said("every value of the form {pattern}", "chaque valeur de la forme {pattern}")
AMONG_THEM = Said("{values} among them", "{values} parmi les valeurs")
NOT_AMONG_THEM = Said("no {values} among them", "ni {values} parmi les valeurs")
SO_MANY = Said("{count} of them", "des valeurs au nombre de {count}")
AT_LEAST = Said("{count} of them at least", "des valeurs au nombre de {count} au moins")
ONE_OF = Said("one of {values}", "une des valeurs {values}")
ANOTHER = Said("another value than {value}", "une autre valeur que {value}")
NEEDED = Said("{name} is needed afterwards: {why}", "{name} est nécessaire à la suite : {why}")
ABSENT = Said("it is not in the answer", "ne figure pas dans la réponse")

# --- Answers that cannot be read, or tell something else --------------------------------------

NO_MULTIPART = Said(
    "the multipart message cannot be read: {why}",
    "le message multipart ne peut pas être lu : {why}",
)
NO_XML = Said(
    "the XML cannot be read: {where}: {why}", "le XML ne peut pas être lu : {where} : {why}"
)
NO_JSON = Said("the JSON cannot be read: {why}", "le JSON ne peut pas être lu : {why}")
NEITHER = Said(
    "the answer is neither XML nor JSON: {why}", "la réponse n'est ni du XML ni du JSON : {why}"
)
OF_A_TYPE = Said("it is {type}", "elle est du type {type}")
OF_NO_TYPE = Said("it is of no type", "elle n'a pas de type")
NO_XPATH = Said("{path} is no XPath: {why}", "{path} n'est pas un XPath : {why}")
NO_VALUE = Said("{path} cannot be evaluated: {why}", "{path} ne peut pas être évalué : {why}")
DIFFERS = Said(
    "this answer and that of “{name}” differ: {told}",
    "cette réponse et celle de « {name} » diffèrent : {told}",
)
OTHER_STATUS = Said("status {here} and status {there}", "statut {here} et statut {there}")
OTHER_HEADER = Said("header {name}: {here} and {there}", "en-tête {name} : {here} et {there}")
OTHER_OCTET = Said("octet {at}: {here} and {there}", "octet {at} : {here} et {there}")
OTHER_PARTS = Said("the documents beside the message", "les documents à côté du message")
NO_ANSWER = Said("{url} did not answer: {why}", "{url} n'a pas répondu : {why}")
LATE = Said(
    "the answer took more than {limit} seconds", "la réponse a pris plus de {limit} secondes"
)

# --- Why a test is not carried out ------------------------------------------------------------

LACKING = {
    "registry": Said(
        "no Document Registry was named or found (--registry)",
        "aucun Document Registry n'a été indiqué ou trouvé (--registry)",
    ),
    "repository": Said(
        "no Document Repository was named or found (--repository)",
        "aucun Document Repository n'a été indiqué ou trouvé (--repository)",
    ),
    "fhir": Said(
        "no FHIR interface was named or found (--fhir)",
        "aucune interface FHIR n'a été indiquée ou trouvée (--fhir)",
    ),
    "open": Said(
        "the server asks who comes; these tests are for one that does not",
        "le serveur demande qui vient ; ces tests sont pour un serveur qui ne le demande pas",
    ),
    "credentials": Said(
        "the server does not ask who comes; these tests are for one that does",
        "le serveur ne demande pas qui vient ; ces tests sont pour un serveur qui le demande",
    ),
}
LACKS = Said("the server has no {what}", "le serveur n'a pas de {what}")
CANNOT = Said("the server does not say that it can: {what}", "le serveur n'annonce pas : {what}")
NOT_BEGUN = Said(
    "what the test begins with did not come about: {title}",
    "ce par quoi le test commence n'a pas eu lieu : {title}",
)

# --- Why there is no credential ---------------------------------------------------------------

NO_CREDENTIAL = Said(
    "the server asks who comes, and no {what} can be had: name a command or address with {option}, "
    "or the folder of a development authority with --authority",
    "le serveur demande qui vient, et il n'y a pas de {what} : indiquer une commande ou une "
    "adresse par {option}, ou le dossier d'une autorité de développement par --authority",
)
TOKEN = Said("token", "jeton")
ASSERTION = Said("assertion", "assertion")
NO_SUCH_WORD = Said(
    "{command}: there is no {word}; there are {known}",
    "{command} : {word} n'existe pas ; il y a {known}",
)
ENDED = Said("{command} ended with {status}: {told}", "{command} a fini avec {status} : {told}")
NOT_RUN = Said("{command}: {why}", "{command} : {why}")
NO_TOKEN = Said("{url} issues no token: {why}", "{url} n'émet pas de jeton : {why}")
NO_AUTHORITY = Said(
    "{folder} has no folder {name}: name the data folder of a gateway run with "
    "GATEWAY_DEVELOPMENT_AUTHORITY=on",
    "{folder} n'a pas de dossier {name} : indiquer le dossier de données d'une passerelle lancée "
    "avec GATEWAY_DEVELOPMENT_AUTHORITY=on",
)
NO_PERSON = Said(
    "the development authority knows no {person}; it knows {people}",
    "l'autorité de développement ne connaît pas {person} ; elle connaît {people}",
)
