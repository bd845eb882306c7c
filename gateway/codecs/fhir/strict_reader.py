"""Reading where nothing may be passed over: every member is known, or refused with its path."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from gateway.codecs.fhir.datatypes import read_time
from gateway.codecs.fhir.identifiers import read_identifier
from gateway.codecs.fhir.reader import Json, Reader
from gateway.codecs.fhir.vocabulary import EXTENSION
from gateway.errors import ErrorCode
from gateway.model.choices import Period
from gateway.model.datatypes import DateTime, Identifier
from gateway.model.naming import NamingSystems

_TEXT, _SLOTS = EXTENSION + "text", "extension"


class StrictReader:
    """Reads the elements of a message of which all must be understood.

    Attributes:
        reader: Holds the findings.
        base_url: Of our FHIR face, without trailing slash.
    """

    def __init__(self, naming: NamingSystems, base_url: str) -> None:
        self.reader = Reader(naming)
        self.base_url = base_url

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
            # A time that FHIR cannot say to the digit has its text beside it.
            beside = ("_valueDateTime",) if urls[url] == "valueDateTime" else ()
            self.only(extension, ("url", urls[url], *beside), place)
            yield url, extension, place

    def identifier(self, reference: Json, path: str) -> Identifier | None:
        """Give the identifier of a reference."""
        element = self.reader.object(reference, "identifier", path)
        if element is None:
            return None
        place = f"{path}.identifier"
        self.only(element, ("system", "value", "type", "use", _SLOTS), place)
        self.concept(self.reader.object(element, "type", place) or {}, f"{place}.type")
        if element.get("use") in ("old", "temp"):
            self.refuse(f"{place}.use", "an identifier that is not in use names nobody")
        for _ in self.extensions(element, {_TEXT: "valueString"}, place):
            pass
        return read_identifier(self.reader, element, place)

    def time(self, parent: Json, name: str, path: str) -> DateTime | None:
        """Give a time that can be compared."""
        beside = self.reader.object(parent, f"_{name}", path)
        if beside is not None:
            self.only(beside, (_SLOTS,), f"{path}._{name}")
            for _ in self.extensions(beside, {_TEXT: "valueString"}, f"{path}._{name}"):
                pass
        time = read_time(self.reader, parent, name, path)
        if time is not None and not time.is_well_formed:
            self.refuse(f"{path}.{name}", "this time is none that could be compared")
        return time

    def concept(self, concept: Json, path: str) -> list[tuple[str, str]]:
        """Give system and code of each coding of a concept that holds nothing else."""
        self.only(concept, ("coding", "text"), path)
        codings = []
        for coding, place in self.reader.objects(concept, "coding", path):
            self.only(coding, ("system", "version", "code", "display"), place)
            codings.append((str(coding.get("system")), str(coding.get("code"))))
        return codings

    def period(self, parent: Json, name: str, path: str) -> Period:
        """Give a period; an open one where there is none."""
        period = self.reader.object(parent, name, path)
        if period is None:
            return Period()
        place = f"{path}.{name}"
        self.only(period, ("start", "_start", "end", "_end"), place)
        return Period(start=self.time(period, "start", place), end=self.time(period, "end", place))
