"""The provision of a Consent as choices; see :mod:`gateway.codecs.fhir.consent`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from gateway.codecs.fhir import consent_form as form
from gateway.codecs.fhir.datatypes import read_coding
from gateway.codecs.fhir.identifiers import read_unique_id
from gateway.codecs.fhir.reader import Json
from gateway.codecs.fhir.references import canonical
from gateway.codecs.fhir.strict_reader import StrictReader
from gateway.codecs.fhir.vocabulary import EXTENSION, LANGUAGE, UUID_URN
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
    Representative,
    Revoke,
    Service,
    Unblock,
    Unmask,
    WrittenIn,
)
from gateway.model.datatypes import Code, Identifier
from gateway.model.naming import NamingSystems

_REFUSING = (BasePolicy.DENY, BasePolicy.BREAK_GLASS_ONLY)
_SLOTS = "extension"


class _Actor(NamedTuple):
    kind: str
    identifier: Identifier
    path: str


class ProvisionReader(StrictReader):
    """Reads what a Consent decides.

    Args:
        policies: The base policies that are known, by URI.
    """

    def __init__(
        self, naming: NamingSystems, policies: Mapping[str, BasePolicy], base_url: str
    ) -> None:
        super().__init__(naming, base_url)
        self.policies = policies

    def choices(self, consent: Json, *, is_active: bool) -> Iterator[Choice]:
        """Give each choice of a Consent, by its policy and the shape of its provision."""
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
        period = self.period(provision, "period", path)
        origin = Origin.PATIENT
        agreed = None
        scope: list[Code] = []
        urls = {
            form.ORIGIN: "valueCode",
            form.AGREED: "valueDateTime",
            form.SCOPE_OF_SERVICE: "valueCoding",
        }
        for url, extension, place in self.extensions(provision, urls, path):
            if url == form.ORIGIN:
                try:
                    origin = Origin(extension.get("valueCode"))
                except ValueError:
                    self.refuse(f"{place}.valueCode", "this origin is not known")
            elif url == form.AGREED:
                agreed = self.time(extension, "valueDateTime", place)
                if agreed is None:
                    self.refuse(f"{place}.valueDateTime", "say when the patient agreed")
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
                yield Authorise(holder=holder, period=period, origin=origin, agreed=agreed)

    def _code(self, extension: Json, path: str) -> Iterator[Code]:
        """Read a class of documents, with the display it may have in some language."""
        coding = self.reader.object(extension, "valueCoding", path) or {}
        place = f"{path}.valueCoding"
        self.only(coding, ("system", "code", "display", "_display", _SLOTS), place)
        for _ in self.extensions(coding, {EXTENSION + "code": "valueString"}, place):
            pass
        shown = self.reader.object(coding, "_display", place) or {}
        self.only(shown, (_SLOTS,), f"{place}._display")
        languages = {EXTENSION + "language": "valueString", LANGUAGE: "valueCode"}
        for _ in self.extensions(shown, languages, f"{place}._display"):
            pass
        code = read_coding(self.reader, coding, place)
        if code is not None:
            yield code

    def _each_actor(self, provision: Json, path: str) -> Iterator[_Actor]:
        for actor, place in self.reader.objects(provision, "actor", path):
            self.only(actor, ("role", "reference"), place)
            role = self.reader.object(actor, "role", place) or {}
            codings = self.concept(role, f"{place}.role")
            if codings != [(form.PARTICIPATION, form.RECIPIENT)]:
                self.refuse(f"{place}.role", f"the role of an actor is {form.RECIPIENT}")
            reference = self.reader.object(actor, "reference", place) or {}
            where = f"{place}.reference"
            self.only(reference, ("type", "identifier", "display", "reference"), where)
            identifier = self.identifier(reference, where)
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
            period = self.period(nested, "dataPeriod", path)
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
                    identifier = self.identifier(reference, where)
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
        self.concept(self.reader.object(identifier, "type", where) or {}, f"{where}.type")
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
                accepted_by = self.identifier(reference, f"{place}.valueReference")
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
        period = self.period(provision, "period", path)
        for actor in self._each_actor(provision, path):
            if actor.kind != "RelatedPerson":
                self.refuse(actor.path, "a representative is a RelatedPerson")
                continue
            yield Representative(person=actor.identifier, title=title, period=period)
