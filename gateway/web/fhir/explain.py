"""``Patient/{id}/$explain``: why somebody may see something, and who can see a document.

For the patient, about the own record, and for auditors. Documents that are absent for the patient
are unknown here as well.

Source:
    Section 8.2 of docs/reference/access-control.md. No guide of IHE has this operation; its answer
    is a Parameters resource.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from gateway.codecs.fhir.datatypes import read_date_time
from gateway.codecs.fhir.search_values import Token, read_token
from gateway.codecs.fhir.vocabulary import UUID_URN
from gateway.consent import Explanation, Viewer
from gateway.errors import ErrorCode, Refused
from gateway.model.audit import AuditedObject
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.patient import Patient
from gateway.model.subject import (
    AccessRequest,
    Authentication,
    Mode,
    Operation,
    Subject,
    SubjectKind,
)
from gateway.service import Actors, Service
from gateway.web.fhir.interaction import Answer, Request, refusal

ONE = (
    "who",
    "kind",
    "structure",
    "sector",
    "authentication",
    "on-behalf-of",
    "mode",
    "reason",
    "operation",
    "document",
    "at",
)
"""Parameters that are said once at most; ``role`` may be repeated."""

Json = dict[str, Any]


class Explanations:
    """Answers ``$explain``."""

    def __init__(self, service: Service) -> None:
        self._naming = service.profile.naming
        self._base_url = service.fhir_base_url

    async def explain(self, request: Request) -> Answer:
        """Tell why, where ``who`` is given; otherwise who can see ``document``."""
        asked = self._asked(request)
        visit = request.visit
        address = f"{self._base_url}/Patient/{request.path[1]}/$explain"
        if visit.guarded:
            visit.asks(request.query_string, address)
        actors = await request.enter(references=(request.path[1],))
        patient = await self._patient(request, actors)
        identifier = patient.merged_into or patient.identifiers[0]
        visit.told([AuditedObject(kind="Patient", id=patient.logical_id)])
        document = asked.get("document", "")
        if document and not document.startswith(UUID_URN):
            document = UUID_URN + document
        at = self._moment(asked)
        if "who" in asked:
            explanation = await actors.explainer.explain(
                self._access(asked, request),
                identifier,
                operation=self._word(asked, "operation", Operation, Operation.READ),
                document=document,
                at=at,
            )
            return _parameters(_explained(explanation))
        if not document:
            raise refusal(
                ErrorCode.REQUIRED_PARAMETER,
                "explain-who",
                "who",
                "say who asks as system|value, or which document somebody could see",
            )
        viewers = await actors.explainer.who_can_see(identifier, document, at=at)
        return _parameters([*_viewers(viewers), *_as_now(actors.explainer.as_now(at))])

    async def _patient(self, request: Request, actors: Actors) -> Patient:
        patient = await actors.patients.read(request.path[1])
        if patient is None or not patient.identifiers:
            raise refusal(
                ErrorCode.NOT_FOUND,
                "resource-known",
                f"Patient/{request.path[1][:64]}",
                "there is no such Patient here",
            )
        return patient

    # ------------------------------------------------------------ the question

    def _asked(self, request: Request) -> dict[str, str]:
        asked: dict[str, str] = {}
        for name, value in request.parameters:
            if name in ("role", "_format", "_pretty"):
                continue
            if name not in ONE or name in asked:
                raise _wrong(name, f"known are role, and once each {', '.join(ONE)}")
            asked[name] = value
        return asked

    def _access(self, asked: dict[str, str], request: Request) -> AccessRequest:
        """The request that is imagined."""
        kind = self._word(asked, "kind", SubjectKind, SubjectKind.PROFESSIONAL)
        who = self._identifier(asked, "who")
        structure = self._identifier(asked, "structure")
        alone = kind is SubjectKind.STRUCTURE
        default = Authentication.INDIRECT if alone else Authentication.DIRECT
        subject = Subject(
            kind=kind,
            id=None if alone else who,
            structure=who if alone else structure,
            roles=tuple(
                self._code(value, "role") for name, value in request.parameters if name == "role"
            ),
            sector=self._code(asked["sector"], "sector") if "sector" in asked else None,
            authentication=self._word(asked, "authentication", Authentication, default),
            on_behalf_of=self._identifier(asked, "on-behalf-of"),
        )
        mode = self._word(asked, "mode", Mode, Mode.NORMAL)
        return AccessRequest(subject=subject, mode=mode, reason=asked.get("reason", ""))

    def _token(self, text: str, name: str) -> Token:
        token = read_token(text)
        if not (token.system and token.code):
            raise _wrong(name, "is written as system|value")
        return token

    def _identifier(self, asked: dict[str, str], name: str) -> Identifier | None:
        if name not in asked:
            return None
        token = self._token(asked[name], name)
        return Identifier.of(token.code, self._naming.scheme(token.system or ""))

    def _code(self, text: str, name: str) -> Code:
        token = self._token(text, name)
        return Code(token.code, self._naming.scheme(token.system or ""))

    def _word(self, asked: dict[str, str], name: str, kind: Any, default: Any) -> Any:
        try:
            return kind(asked[name]) if name in asked else default
        except ValueError:
            known = ", ".join(one.value for one in kind)
            raise _wrong(name, f"is one of {known}") from None

    def _moment(self, asked: dict[str, str]) -> str:
        if "at" not in asked:
            return ""
        read = read_date_time(asked["at"])
        if read is None:
            raise _wrong("at", "is a dateTime of FHIR")
        return DateTime(read[0]).lower


def _wrong(name: str, message: str) -> Refused:
    return refusal(ErrorCode.INVALID_SEARCH, "explain-parameter", name[:64], message)


# ---------------------------------------------------------------- the answer


def _parameters(parameters: Iterable[Json]) -> Answer:
    return Answer(200, orjson.dumps({"resourceType": "Parameters", "parameter": list(parameters)}))


def _explained(explanation: Explanation) -> Iterable[Json]:
    decision = explanation.decision
    yield {"name": "permitted", "valueBoolean": decision.permitted}
    yield _code("rule", decision.rule)
    if decision.reason is not None:
        yield _text("reason", decision.reason.value)
    yield from (_text("decided-by", consent) for consent in decision.consents)
    yield from (
        _code("obligation", one)
        for one in sorted(obligation.value for obligation in decision.obligations)
    )
    for name, value in explanation.inputs:
        if value:
            yield {"name": "input", "part": [_text("name", name), _text("value", value)]}
    for tried in explanation.tried:
        parts = [_code("rule", tried.rule), _text("outcome", tried.outcome)]
        parts += [_text("decided-by", consent) for consent in tried.consents]
        yield {"name": "tried", "part": parts}
    yield from _as_now(explanation.as_now)


def _viewers(viewers: Iterable[Viewer]) -> Iterable[Json]:
    for one in viewers:
        parts = [
            _text("who", one.who),
            _code("mode", one.mode.value),
            {"name": "visible", "valueBoolean": one.visible},
            _code("rule", one.rule),
        ]
        parts += [_text("role", role) for role in one.roles]
        parts += [_text("decided-by", consent) for consent in one.decided_by]
        yield {"name": "viewer", "part": parts}


def _as_now(named: Iterable[str]) -> Iterable[Json]:
    """Say what of a past moment is not known as it was."""
    return (_text("as-now", one) for one in named)


def _text(name: str, value: str) -> Json:
    return {"name": name, "valueString": value}


def _code(name: str, value: str) -> Json:
    return {"name": name, "valueCode": value}
