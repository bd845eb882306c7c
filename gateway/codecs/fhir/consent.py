"""FHIR Consent to choices: whatever is not understood to the last member makes it refused.

A Consent whose reader skips what it does not know would promise the patient what nobody keeps. So
every member at every level is either read here or named in an error with its path; nothing of the
Consent is taken unless all of it is.

Forms: :mod:`gateway.codecs.fhir.consent_form`.

Source:
    IHE PCF 1.1; HL7 FHIR R4: 6.2 Consent.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gateway.codecs.fhir import consent_form as form
from gateway.codecs.fhir.datatypes import read_coding, read_time
from gateway.codecs.fhir.identifiers import read_identifier, read_unique_id
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.references import canonical
from gateway.codecs.fhir.vocabulary import EXTENSION, LANGUAGE, UUID_URN
from gateway.errors import ErrorCode, Finding
from gateway.model.choices import (
    LABELS,
    AuthoredBy,
    Authorise,
    BasePolicy,
    Block,
    Choice,
    Close,
    Document,
    Emergency,
    FeedObjection,
    HideAll,
    Holder,
    HolderKind,
    Labelled,
    Mask,
    Masked,
    Open,
    Origin,
    Period,
    Representative,
    Revoke,
    Service,
    Statement,
    Unblock,
    Unmask,
    WrittenIn,
)
from gateway.model.datatypes import Code, DateTime, Identifier
from gateway.model.naming import NamingSystems

_CONSENT = frozenset(
    {
        *("resourceType", "id", "meta", "text", "language", "identifier", "status", "scope"),
        *("category", "patient", "dateTime", "_dateTime", "performer", "organization"),
        *("sourceAttachment", "sourceReference", "policy", "provision"),
    }
)
_REFUSING = (BasePolicy.DENY, BasePolicy.BREAK_GLASS_ONLY)
_TEXT, _SLOTS = EXTENSION + "text", "extension"


class _Actor(NamedTuple):
    kind: str
    identifier: Identifier
    path: str


def read_consent(
    consent: Json,
    naming: NamingSystems,
    policies: Mapping[str, BasePolicy],
    *,
    base_url: str = "",
) -> tuple[Statement, tuple[Finding, ...]]:
    """Read a Consent.

    Args:
        policies: The base policies that are known here, by URI.
        base_url: Of our FHIR face, without trailing slash: references may spell it out.

    Returns:
        The statement, and findings; with any error among them the statement is not to be used.
    """
    reading = _Reading(naming, policies, base_url)
    statement = reading.consent(consent)
    return statement, tuple(reading.reader.findings)


class _Reading:
    """One Consent while it is read."""

    def __init__(
        self, naming: NamingSystems, policies: Mapping[str, BasePolicy], base_url: str
    ) -> None:
        self.reader = Reader(naming)
        self.policies = policies
        self.base_url = base_url

    def consent(self, consent: Json) -> Statement:
        path = "Consent"
        if consent.get("resourceType") != "Consent":
            self.refuse("Consent.resourceType", "expected a Consent")
            return Statement(patient_id=None)
        self.only(consent, _CONSENT, path)
        status = self.reader.text(consent, "status", path)
        if status not in ("active", "inactive"):
            self.refuse("Consent.status", "a choice is active, or inactive to take it back")
        self._scope(consent)
        for name in ("category", "performer", "organization", "policy"):
            if not consent.get(name):
                self.refuse(f"Consent.{name}", "this element must be there")
        source = self._source(consent)
        patient_id, patient_reference = self._patient(consent)
        performer = self._party(consent, "performer", patient_id, patient_reference)
        organization = self._party(consent, "organization", None, "")
        date_time = self._time(consent, "dateTime", path)
        if date_time is None:
            self.refuse("Consent.dateTime", "this element must be there")
        narrative = self.reader.object(consent, "text", path) or {}
        if narrative.get("status") == "additional":
            self.refuse("Consent.text", "text that says more than the elements is not enforced")
        choices = tuple(self._choices(consent, is_active=status == "active"))
        if not choices and not self.reader.findings:
            self.refuse("Consent.provision", "it says nothing")
        return Statement(
            patient_id=patient_id,
            patient_reference=patient_reference,
            date_time=date_time,
            performer=performer,
            organization=organization,
            source=source,
            choices=choices,
        )

    # --- Refusing --------------------------------------------------------------------------------

    def refuse(self, path: str, message: str) -> None:
        """Say why nothing of the Consent is taken."""
        self.reader.note("consent-enforced", path, message, code=ErrorCode.INVALID_VALUE)

    def only(self, element: Json, names: Iterable[str], path: str) -> None:
        """Refuse every member but these: what is not implemented would not be enforced."""
        known = set(names)
        for name in element:
            # A member with an underscore holds extensions of its sibling, which may bend it.
            if name not in known:
                self.refuse(f"{path}.{name}", "not implemented here, so it would not be enforced")

    def extensions(
        self, element: Json, urls: Mapping[str, str], path: str
    ) -> Iterator[tuple[str, Json, str]]:
        """Give the extensions of ours that an element may have; any other is refused.

        Args:
            urls: The member that holds the value of each.
        """
        for extension, place in self.reader.objects(element, "extension", path):
            url = str(extension.get("url"))
            if url not in urls:
                self.refuse(place, "this extension is not known, so it would not be enforced")
                continue
            self.only(extension, ("url", urls[url]), place)
            yield url, extension, place

    # --- The frame -------------------------------------------------------------------------------

    def _scope(self, consent: Json) -> None:
        scope = self.reader.object(consent, "scope", "Consent") or {}
        codings = list(self.reader.objects(scope, "coding", "Consent.scope"))
        if not any(
            coding.get("system") == form.SCOPE_SYSTEM and coding.get("code") == form.PATIENT_PRIVACY
            for coding, _ in codings
        ):
            self.refuse("Consent.scope", f"only {form.PATIENT_PRIVACY} is taken here")
        for coding, place in codings:
            if coding.get("code") != form.PATIENT_PRIVACY:
                self.refuse(place, "a further scope would not be enforced")

    def _source(self, consent: Json) -> str:
        reference = self.reader.object(consent, "sourceReference", "Consent")
        attachment = self.reader.object(consent, "sourceAttachment", "Consent")
        if reference is None and attachment is None:
            return ""
        if reference is not None:
            text = self.reader.text(reference, "reference", "Consent.sourceReference")
            if text is not None:
                return text
            identifier = self.reader.object(reference, "identifier", "Consent.sourceReference")
            value = identifier.get("value") if identifier else None
            return value if type(value) is str else ""
        url = (attachment or {}).get("url")
        if type(url) is str and url:
            return url
        self.reader.lost(
            "Consent.sourceAttachment", "the signed form is not kept here; submit it as a document"
        )
        return ""

    def _patient(self, consent: Json) -> tuple[Identifier | None, str]:
        path = "Consent.patient"
        patient = self.reader.object(consent, "patient", "Consent")
        if patient is None:
            self.refuse(path, "this element must be there")
            return None, ""
        reference = self.reader.text(patient, "reference", path) or ""
        name = canonical(reference, self.base_url) or "" if reference else ""
        if reference and not name.startswith(("Patient/", UUID_URN)):
            self.refuse(f"{path}.reference", "the patient is not on this server")
            name = ""
        identifier = self._identifier(patient, path)
        if identifier is None and not name:
            self.refuse(path, "a patient is named by identifier or by a reference to this server")
        return identifier, name

    def _party(
        self, consent: Json, name: str, patient_id: Identifier | None, patient_reference: str
    ) -> Identifier | None:
        """Give who said it, or took note of it; ``None`` where that is the patient."""
        parties = list(self.reader.objects(consent, name, "Consent"))
        for _, path in parties[1:]:
            self.refuse(path, "one is taken here")
        if not parties:
            return None
        party, path = parties[0]
        identifier = self._identifier(party, path)
        if identifier is not None:
            return None if identifier == patient_id else identifier
        reference = self.reader.text(party, "reference", path) or ""
        if patient_reference and canonical(reference, self.base_url) == patient_reference:
            return None
        # Who took note of it is told, and nothing depends on it.
        self.reader.lost(path, "only an identifier is kept, not a reference to a resource")
        return None

    def _identifier(self, reference: Json, path: str) -> Identifier | None:
        element = self.reader.object(reference, "identifier", path)
        if element is None:
            return None
        place = f"{path}.identifier"
        self.only(element, ("system", "value", "type", "use", _SLOTS), place)
        self._concept(self.reader.object(element, "type", place) or {}, f"{place}.type")
        if element.get("use") in ("old", "temp"):
            self.refuse(f"{place}.use", "an identifier that is not in use names nobody")
        for _ in self.extensions(element, {_TEXT: "valueString"}, place):
            pass
        return read_identifier(self.reader, element, place)

    def _time(self, parent: Json, name: str, path: str) -> DateTime | None:
        beside = self.reader.object(parent, f"_{name}", path)
        if beside is not None:
            self.only(beside, (_SLOTS,), f"{path}._{name}")
            for _ in self.extensions(beside, {_TEXT: "valueString"}, f"{path}._{name}"):
                pass
        time = read_time(self.reader, parent, name, path)
        if time is not None and not time.is_well_formed:
            self.refuse(f"{path}.{name}", "this time is none that could be compared")
        return time

    # --- Choices ---------------------------------------------------------------------------------

    def _choices(self, consent: Json, *, is_active: bool) -> Iterator[Choice]:
        policies = list(self.reader.objects(consent, "policy", "Consent"))
        for _, path in policies[1:]:
            self.refuse(path, "a Consent names one policy")
        uri = ""
        if policies:
            policy, path = policies[0]
            self.only(policy, ("uri",), path)
            uri = self.reader.text(policy, "uri", path) or ""
        provision = self.reader.object(consent, "provision", "Consent")
        if provision is None:
            self.refuse("Consent.provision", "this element must be there")
            return
        kind = self.reader.text(provision, "type", "Consent.provision")
        if kind not in ("permit", "deny"):
            self.refuse("Consent.provision.type", "expected permit or deny")
            return
        match uri:
            case form.CLOSED:
                self._bare(provision, kind, "deny", "type")
                self._in_force(is_active)
                yield Close()
            case form.HIDE_ALL:
                self._bare(provision, kind, "deny", "type")
                yield HideAll(hidden=is_active)
            case form.FEED_OBJECTION:
                yield from self._feed_objection(provision, kind, is_active=is_active)
            case form.REPRESENTATIVE:
                yield from self._representative(provision, kind, is_active=is_active)
            case _ if uri in self.policies:
                base = self.policies[uri]
                yield from self._by_shape(provision, kind, base, is_active=is_active)
            case _:
                self.refuse(
                    "Consent.policy[0].uri",
                    "this policy is not known here, so it would not be enforced; known are "
                    + ", ".join(self.policies),
                )

    def _bare(self, provision: Json, kind: str, expected: str, *names: str) -> None:
        self.only(provision, names, "Consent.provision")
        if kind != expected:
            self.refuse("Consent.provision.type", f"with this policy it is {expected}")

    def _in_force(self, is_active: bool) -> None:
        if not is_active:
            self.refuse("Consent.status", "this choice is not taken back by an inactive Consent")

    def _by_shape(
        self, provision: Json, kind: str, base: BasePolicy, *, is_active: bool
    ) -> Iterator[Choice]:
        """Read what PCF has a form for, under a base policy."""
        path = "Consent.provision"
        if provision.get("provision"):
            self.only(provision, ("type", "purpose", "provision"), path)
            self._purposes(provision, path)
            if kind != "permit":
                self.refuse(f"{path}.type", "exceptions are taken from a permit only")
            if base is not BasePolicy.DOMAIN and is_active:
                yield from self._opened(base, kind)
            for nested, place in self.reader.objects(provision, "provision", path):
                yield from self._exception(nested, place, is_active=is_active)
        elif provision.get("actor"):
            if base is not BasePolicy.DOMAIN:
                self.refuse(
                    "Consent.policy[0].uri", "who may see is said under the domain's policy"
                )
            yield from self._actors(provision, kind, is_active=is_active)
        else:
            self.only(provision, ("type", "purpose"), path)
            self._purposes(provision, path)
            self._in_force(is_active)
            yield from self._opened(base, kind)

    def _opened(self, base: BasePolicy, kind: str) -> Iterator[Choice]:
        expected = "deny" if base in _REFUSING else "permit"
        if kind != expected:
            self.refuse("Consent.provision.type", f"this policy is taken as {expected}")
        yield Open(policy=base)

    def _actors(self, provision: Json, kind: str, *, is_active: bool) -> Iterator[Choice]:
        path = "Consent.provision"
        names = (
            ("type", "actor", "purpose", "period", _SLOTS)
            if kind == "permit"
            else (
                "type",
                "actor",
            )
        )
        self.only(provision, names, path)
        self._purposes(provision, path)
        period = self._period(provision, "period", path)
        origin, scope = Origin.PATIENT, []
        urls = {form.ORIGIN: "valueCode", form.SCOPE_OF_SERVICE: "valueCoding"}
        for url, extension, place in self.extensions(provision, urls, path):
            if url == form.ORIGIN:
                try:
                    origin = Origin(extension.get("valueCode"))
                except ValueError:
                    self.refuse(f"{place}.valueCode", "this origin is not known")
            else:
                scope += self._code(extension, place)
        for actor in self._each_actor(provision, path):
            if actor.kind not in form.HOLDER_OF:
                self.refuse(actor.path, f"a {actor.kind} is no actor here")
                continue
            holder = Holder(kind=form.HOLDER_OF[actor.kind], identifier=actor.identifier)
            is_service = holder.kind is HolderKind.SERVICE
            if kind == "deny":
                if holder.kind is not HolderKind.PROFESSIONAL:
                    self.refuse(actor.path, "only a professional can be blocked")
                    continue
                blocked = holder.identifier
                yield Block(professional=blocked) if is_active else Unblock(professional=blocked)
            elif not is_active:
                yield Revoke(holder=holder)
            elif is_service and not scope:
                self.refuse(
                    path, "an application is authorised for classes of documents; say service-scope"
                )
            elif is_service:
                yield Service(app=holder.identifier, scope=tuple(scope), period=period)
            elif scope:
                self.refuse(f"{path}.extension", "service-scope belongs to a Device")
            else:
                yield Authorise(holder=holder, period=period, origin=origin)

    def _code(self, extension: Json, path: str) -> Iterator[Code]:
        """Read a class of documents, with the display it may have in some language."""
        coding = self.reader.object(extension, "valueCoding", path) or {}
        place = f"{path}.valueCoding"
        self.only(coding, ("system", "code", "display", "_display", _SLOTS), place)
        for _ in self.extensions(coding, {EXTENSION + "code": "valueString"}, place):
            pass
        shown = self.reader.object(coding, "_display", place) or {}
        self.only(shown, (_SLOTS,), f"{place}._display")
        for _ in self.extensions(shown, {LANGUAGE: "valueCode"}, f"{place}._display"):
            pass
        code = read_coding(self.reader, coding, place)
        if code is not None:
            yield code

    def _concept(self, concept: Json, path: str) -> list[tuple[str, str]]:
        """Give system and code of each coding of a concept that holds nothing else."""
        self.only(concept, ("coding", "text"), path)
        codings = []
        for coding, place in self.reader.objects(concept, "coding", path):
            self.only(coding, ("system", "version", "code", "display"), place)
            codings.append((str(coding.get("system")), str(coding.get("code"))))
        return codings

    def _each_actor(self, provision: Json, path: str) -> Iterator[_Actor]:
        for actor, place in self.reader.objects(provision, "actor", path):
            self.only(actor, ("role", "reference"), place)
            role = self.reader.object(actor, "role", place) or {}
            codings = self._concept(role, f"{place}.role")
            if codings != [(form.PARTICIPATION, form.RECIPIENT)]:
                self.refuse(f"{place}.role", f"the role of an actor is {form.RECIPIENT}")
            reference = self.reader.object(actor, "reference", place) or {}
            where = f"{place}.reference"
            self.only(reference, ("type", "identifier", "display", "reference"), where)
            identifier = self._identifier(reference, where)
            literal = self.reader.text(reference, "reference", where) or ""
            kind = self.reader.text(reference, "type", where) or literal.rpartition("/")[0]
            kind = kind.rpartition("/")[2]
            if identifier is None:
                self.refuse(where, "an actor is named by identifier, which decisions are made by")
            elif not kind:
                self.refuse(f"{where}.type", "say what the actor is: Practitioner, Organization, …")
            else:
                yield _Actor(kind, identifier, where)

    def _purposes(self, provision: Json, path: str) -> None:
        """Treatment is what a record is for; no other purpose is ever granted by a choice."""
        for coding, place in self.reader.objects(provision, "purpose", path):
            self.only(coding, ("system", "code", "display"), place)
            if (coding.get("system"), coding.get("code")) != (form.ACT_REASON, form.TREATMENT):
                self.refuse(place, "only the purpose TREAT is granted here")

    def _period(self, parent: Json, name: str, path: str) -> Period:
        period = self.reader.object(parent, name, path)
        if period is None:
            return Period()
        place = f"{path}.{name}"
        self.only(period, ("start", "_start", "end", "_end"), place)
        return Period(
            start=self._time(period, "start", place), end=self._time(period, "end", place)
        )

    # --- Exceptions ------------------------------------------------------------------------------

    def _exception(self, nested: Json, path: str, *, is_active: bool) -> Iterator[Choice]:
        if self.reader.text(nested, "type", path) != "deny":
            self.refuse(f"{path}.type", "an exception from a permit is a deny")
        said = [n for n in ("purpose", "data", "dataPeriod", "securityLabel") if n in nested]
        self.only(nested, ("type", "purpose", "data", "dataPeriod", "securityLabel"), path)
        if len(said) != 1:
            self.refuse(path, "an exception says one of purpose, data, dataPeriod, securityLabel")
            return
        if not nested[said[0]]:
            self.refuse(f"{path}.{said[0]}", "it is empty, so it excepts nothing")
        elif said[0] == "purpose":
            for coding, place in self.reader.objects(nested, "purpose", path):
                self.only(coding, ("system", "code", "display"), place)
                kind = form.EMERGENCY_OF.get(str(coding.get("code")))
                if kind is None or coding.get("system") != form.ACT_REASON:
                    self.refuse(place, "only the purposes BTG and ETREAT can be excepted")
                else:
                    yield Emergency(kind=kind, allowed=not is_active)
            return
        else:
            yield from self._masks(nested, path, is_active=is_active)

    def _masks(self, nested: Json, path: str, *, is_active: bool) -> Iterator[Choice]:
        for target in self._targets(nested, path):
            yield Mask(target=target) if is_active else Unmask(target=target)

    def _targets(self, nested: Json, path: str) -> Iterator[Masked]:
        if "dataPeriod" in nested:
            period = self._period(nested, "dataPeriod", path)
            if period.start or period.end:
                yield WrittenIn(period=period)
            else:
                self.refuse(f"{path}.dataPeriod", "a period has a start or an end")
        for label, place in self.reader.objects(nested, "securityLabel", path):
            self.only(label, ("system", "code", "display"), place)
            code = label.get("code")
            if label.get("system") != form.CONFIDENTIALITY or code not in LABELS:
                self.refuse(place, "only the confidentiality codes R and V are enforced as labels")
            else:
                yield Labelled(label=str(code))
        for data, place in self.reader.objects(nested, "data", path):
            self.only(data, ("meaning", "reference"), place)
            reference = self.reader.object(data, "reference", place) or {}
            where = f"{place}.reference"
            self.only(reference, ("type", "identifier", "display", "reference"), where)
            match data.get("meaning"):
                case "instance":
                    yield from self._document(reference, where)
                case "authoredby":
                    identifier = self._identifier(reference, where)
                    kind = form.HOLDER_OF.get(str(reference.get("type")))
                    if identifier is None or kind is None:
                        self.refuse(
                            where, "an author is a Practitioner or Organization by identifier"
                        )
                    else:
                        yield AuthoredBy(author=Holder(kind=kind, identifier=identifier))
                case _:
                    self.refuse(f"{place}.meaning", "only instance and authoredby are enforced")

    def _document(self, reference: Json, path: str) -> Iterator[Masked]:
        literal = self.reader.text(reference, "reference", path)
        if literal is not None:
            name = canonical(literal, self.base_url) or ""
            kind, _, logical_id = name.partition("/")
            if kind == "DocumentReference" and logical_id:
                yield Document(id=UUID_URN + logical_id)
            else:
                self.refuse(
                    f"{path}.reference", "only a DocumentReference of this server is masked"
                )
            return
        identifier = self.reader.object(reference, "identifier", path)
        if identifier is None:
            self.refuse(path, "a document is named by reference or by identifier")
            return
        where = f"{path}.identifier"
        self.only(identifier, ("system", "value", "type", "use"), where)
        self._concept(self.reader.object(identifier, "type", where) or {}, f"{where}.type")
        value = self.reader.text(identifier, "value", where)
        if value is None:
            self.refuse(where, "an identifier needs a value")
            return
        system = self.reader.text(identifier, "system", where)
        yield Document(id=read_unique_id(system, value, self.reader.naming))

    # --- Choices with a policy of their own ------------------------------------------------------

    def _feed_objection(self, provision: Json, kind: str, *, is_active: bool) -> Iterator[Choice]:
        path = "Consent.provision"
        self._bare(provision, kind, "deny", "type", "actor", _SLOTS)
        self._in_force(is_active)
        motive, accepted_by = "", None
        urls = {form.MOTIVE: "valueString", form.ACCEPTED_BY: "valueReference"}
        for url, extension, place in self.extensions(provision, urls, path):
            if url == form.MOTIVE:
                motive = self.reader.text(extension, "valueString", place) or ""
            else:
                reference = self.reader.object(extension, "valueReference", place) or {}
                accepted_by = self._identifier(reference, f"{place}.valueReference")
        if not motive or accepted_by is None:
            self.refuse(path, "an objection needs its motive and who accepted it")
            return
        for actor in self._each_actor(provision, path):
            if actor.kind not in form.HOLDER_OF:
                self.refuse(actor.path, f"a {actor.kind} is no source here")
                continue
            source = Holder(kind=form.HOLDER_OF[actor.kind], identifier=actor.identifier)
            yield FeedObjection(source=source, motive=motive, accepted_by=accepted_by)

    def _representative(self, provision: Json, kind: str, *, is_active: bool) -> Iterator[Choice]:
        path = "Consent.provision"
        self._bare(provision, kind, "permit", "type", "actor", "period", _SLOTS)
        self._in_force(is_active)
        title = ""
        for _, extension, place in self.extensions(provision, {form.TITLE: "valueString"}, path):
            title = self.reader.text(extension, "valueString", place) or ""
        if not title:
            self.refuse(path, "a representative needs a title")
        period = self._period(provision, "period", path)
        for actor in self._each_actor(provision, path):
            if actor.kind != "RelatedPerson":
                self.refuse(actor.path, "a representative is a RelatedPerson")
                continue
            yield Representative(person=actor.identifier, title=title, period=period)
