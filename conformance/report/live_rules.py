"""Rules of live tests: in what an answer of a server can differ from what it has to be."""

from __future__ import annotations

from collections.abc import Iterable

from gateway.validation.issue import IssueKind, IssueSeverity, RuleText

_TEXTS = (
    (
        "live-unreachable",
        "The server answers, and in time",
        "Le serveur répond, et à temps",
        "Nothing came back: the connection was refused, broke off, or the time of --timeout was "
        "over. Look at the address and at the server's log; a test that needs longer is run again "
        "with a longer --timeout.",
    ),
    (
        "live-status",
        "The HTTP status is the one the transaction asks for",
        "Le statut HTTP est celui de la transaction",
        "XDS tells what is wrong with a request in a normal answer with status 200, and with 400 "
        "or 500 only what is no message; FHIR tells it with the status. The answer is in the "
        "report.",
    ),
    (
        "live-response",
        "The status of the registry's answer is the one the case asks for",
        "Le statut de la réponse du registre est celui du cas",
        "Success, PartialSuccess or Failure. Submissions know no PartialSuccess; a query that "
        "finds nothing is a Success; a retrieval of some documents is a PartialSuccess.",
    ),
    (
        "live-error-code",
        "The error codes are those the standard gives to the case",
        "Les codes d'erreur sont ceux du standard pour ce cas",
        "Where the standard is not of one mind, a test takes every code it may mean.",
    ),
    (
        "live-fault",
        "What cannot be processed is a SOAP fault",
        "Ce qui ne peut être traité est un fault SOAP",
        "A message that is no message, an action nobody knows, a header that must be understood, "
        "a credential that is missing or wrong.",
    ),
    (
        "live-content",
        "Values of the answer are there, and are those of the case",
        "Les valeurs de la réponse sont présentes et justes",
        "The place is the path of the value: an XPath in XML, a pointer or FHIRPath in JSON.",
    ),
    (
        "live-header",
        "Headers of the answer are there, and are those of the case",
        "Les en-têtes de la réponse sont présents et justes",
        "The place is the name of the header.",
    ),
    (
        "live-octets",
        "A document comes back octet for octet",
        "Un document revient octet pour octet",
        "The issue tells the size and SHA-1 of what was sent and of what came. Usual reasons: line "
        "ends, encodings or base64 that were changed, or another document under the same id.",
    ),
    (
        "live-packaging",
        "Documents travel as the transaction asks for",
        "Les documents voyagent comme la transaction le demande",
        "Retrieve Document Set is answered as MTOM: multipart/related, the documents beside the "
        "message, each referred to by an Include.",
    ),
    (
        "live-form",
        "The answer can be read",
        "La réponse est lisible",
        "It says that it is XML, JSON or multipart, and is not; or it is something else than the "
        "wire it came over has.",
    ),
    (
        "live-difference",
        "Two answers that have to tell the same tell the same",
        "Deux réponses qui doivent dire la même chose la disent",
        "What somebody may not see is answered as what nobody ever stored: same status, same "
        "headers, same octets, but for ids of messages and instants. The issue shows the first "
        "place at which they differ.",
    ),
)


def rules() -> Iterable[RuleText]:
    """Give them."""
    return tuple(
        RuleText(
            rule=rule,
            kind=IssueKind.MESSAGE,
            severity=IssueSeverity.ERROR,
            title=title,
            title_fr=title_fr,
            text=text,
        )
        for rule, title, title_fr, text in _TEXTS
    )
