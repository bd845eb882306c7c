"""Codes, times and texts: XDS values as FHIR elements and back.

Every writer gives the natural FHIR form and, only where that form cannot carry the whole value,
adds the HL7 v2 text in an extension. A reader believes the extension only when writing it again
gives the very element it stands on: a peer that edits the element is not overruled by its leftover.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

from gateway.codecs.fhir.reader import Json, Reader, own, own_text
from gateway.codecs.fhir.vocabulary import EXTENSION, LANGUAGE, TRANSLATION
from gateway.model.datatypes import Code, DateTime, LocalizedString
from gateway.model.naming import NamingSystems
from gateway.model.remembering import remembered

_CODE = re.compile(r"[^\s\x00-\x1f]+(?: [^\s\x00-\x1f]+)*\Z")


def is_code(text: str) -> bool:
    """Whether a text can be a FHIR ``code``: words with single spaces between."""
    return _CODE.match(text) is not None


# --- Codes -------------------------------------------------------------------------------------


@remembered(4096)
def write_coding(code: Code, naming: NamingSystems) -> Json:
    """Write a code as a Coding.

    A few hundred codes make up most metadata; what was written is kept, and not to be changed.
    """
    coding: Json = {}
    if code.scheme:
        coding["system"] = naming.uri(code.scheme)
    if is_code(code.code):
        coding["code"] = code.code
    elif code.code:
        coding["extension"] = [own("code", code.code)]
    if code.display:
        coding["display"] = code.display
        if code.language:
            coding["_display"] = {"extension": [own("language", code.language)]}
    return coding


@remembered(4096)
def write_concept(code: Code, naming: NamingSystems) -> Json:
    """Write a code as a CodeableConcept with one Coding; kept likewise."""
    return {"coding": [write_coding(code, naming)]}


@remembered(4096)
def _known_code(
    system: str, code: str, display: str, language: str | None, naming: NamingSystems
) -> Code:
    """Give the code of a Coding; those of value sets come again and again, and are made once."""
    return Code(code, naming.scheme(system), display, language)


def _whole_code(reader: Reader, coding: Json) -> Code | None:
    """Read a Coding that says system, code and display, as most do; ``None`` for any other."""
    system, code, display = coding.get("system"), coding.get("code"), coding.get("display")
    if type(system) is type(code) is type(display) is str and system and code and display:
        beside = coding.get("_display")
        language = None if beside is None else _read_language(beside)
        return _known_code(system, code, display, language, reader.naming)
    return None


def read_coding(reader: Reader, coding: Json, path: str) -> Code | None:
    """Read a Coding; one without code is reported."""
    whole = _whole_code(reader, coding)
    if whole is not None:
        return whole
    code = reader.text(coding, "code", path) or own_text(coding, "code")
    if code is None:
        reader.note("code-missing", path, "a coding without a code says nothing XDS can carry")
        return None
    system = reader.text(coding, "system", path)
    display = reader.text(coding, "display", path)
    language = _read_language(coding.get("_display")) if display else None
    return Code(code, reader.naming.scheme(system) if system else "", display, language)


def _only_code(reader: Reader, concept: Json) -> Code | None:
    """Read a CodeableConcept of one whole Coding, as most are; ``None`` for any other."""
    codings = concept.get("coding")
    if type(codings) is list and len(codings) == 1 == len(concept) and type(codings[0]) is dict:
        return _whole_code(reader, codings[0])
    return None


def read_concept(reader: Reader, concept: Json, path: str) -> Code | None:
    """Read the one code XDS has room for: the coding chosen by a user, else the first."""
    only = _only_code(reader, concept)
    if only is not None:
        return only
    codings = list(reader.objects(concept, "coding", path))
    if not codings:
        reader.note("code-missing", path, "XDS needs a coding here; text alone has no place")
        return None
    chosen = next((c for c in codings if c[0].get("userSelected") is True), codings[0])
    for coding, place in codings:
        if coding is not chosen[0]:
            reader.lost(place, "XDS carries one coding of a concept; this further one is left out")
    return _with_text(reader, read_coding(reader, *chosen), concept, path)


def read_all_codings(reader: Reader, concept: Json, path: str) -> list[Code]:
    """Read every coding as a code of its own: for labels, where leaving one out is not safe.

    A peer that puts several labels into one CodeableConcept says "the same in other words" by
    FHIR's rule and means "all of these" in practice; keeping all is right for both.
    """
    codings = list(reader.objects(concept, "coding", path))
    if not codings:
        reader.note("code-missing", path, "XDS needs a coding here; text alone has no place")
    codes = (read_coding(reader, coding, place) for coding, place in codings)
    if len(codings) == 1:
        codes = (_with_text(reader, code, concept, path) for code in codes)
    return [code for code in codes if code is not None]


def _with_text(reader: Reader, code: Code | None, concept: Json, path: str) -> Code | None:
    """Use the concept's text where its coding has no display."""
    text = reader.text(concept, "text", path)
    if code is not None and code.display is None and text:
        return Code(code.code, code.scheme, text)
    return code


def read_concepts(
    reader: Reader, parent: Json, name: str, path: str, *, every_coding: bool = False
) -> tuple[Code, ...]:
    """Read an array of CodeableConcepts."""
    codes: list[Code] = []
    for concept, place in reader.objects(parent, name, path):
        only = _only_code(reader, concept)
        if only is not None:
            codes.append(only)
        elif every_coding:
            codes.extend(read_all_codings(reader, concept, place))
        else:
            code = read_concept(reader, concept, place)
            if code is not None:
                codes.append(code)
    return tuple(codes)


def read_one_concept(reader: Reader, parent: Json, name: str, path: str) -> Code | None:
    """Read a CodeableConcept member."""
    concept = reader.object(parent, name, path)
    return None if concept is None else read_concept(reader, concept, f"{path}.{name}")


# --- Texts for people --------------------------------------------------------------------------


_OWN_LANGUAGE = EXTENSION + "language"


def _read_language(element: object) -> str | None:
    extensions = element.get("extension") if type(element) is dict else None
    if type(extensions) is not list:
        return None
    kept: str | None = None
    for extension in extensions:
        if type(extension) is not dict:
            continue
        url = extension.get("url")
        if url == LANGUAGE:
            value = extension.get("valueCode")
            return value if type(value) is str and value else None
        if kept is None and url == _OWN_LANGUAGE:
            value = extension.get("valueString")
            kept = value if type(value) is str else None
    return kept


def write_texts(target: Json, name: str, texts: tuple[LocalizedString, ...]) -> None:
    """Write a text: the first language as the element, further ones as translations of it.

    An empty text is written like an absent one: FHIR knows no empty string.

    Source:
        HL7 FHIR R4: extension ``translation``. Its extension ``language`` is for names, addresses
        and annotations only (its context); it is understood here, and not written.
    """
    texts = tuple([t for t in texts if t.value])
    if not texts:
        return
    target[name] = texts[0].value
    extensions = [own("language", texts[0].language)] if texts[0].language else []
    for text in texts[1:]:
        parts: list[Json] = []
        if text.language and is_code(text.language):
            parts.append({"url": "lang", "valueCode": text.language})
        elif text.language:
            parts.append(own("language", text.language))
        parts.append({"url": "content", "valueString": text.value})
        extensions.append({"url": TRANSLATION, "extension": parts})
    if extensions:
        target["_" + name] = {"extension": extensions}


def read_texts(reader: Reader, parent: Json, name: str, path: str) -> tuple[LocalizedString, ...]:
    """Read a text and its translations."""
    value = reader.text(parent, name, path)
    if value is None:
        return ()
    beside = parent.get("_" + name)
    if type(beside) is not dict:
        return (LocalizedString(value),)
    texts = [LocalizedString(value, _read_language(beside))]
    extensions = beside.get("extension")
    for extension in extensions if type(extensions) is list else ():
        if type(extension) is not dict or extension.get("url") != TRANSLATION:
            continue
        parts = extension.get("extension")
        named = (
            {str(p.get("url")): p for p in parts if type(p) is dict} if type(parts) is list else {}
        )
        content = named.get("content", {})
        translated = content.get("valueString", content.get("valueMarkdown"))
        language = named.get("lang", {}).get("valueCode") or own_text(extension, "language")
        if type(translated) is str and translated:
            texts.append(LocalizedString(translated, language if type(language) is str else None))
    return tuple(texts)


# --- Times -------------------------------------------------------------------------------------

_FHIR_TIME = re.compile(
    r"([0-9]{4})(?:-([0-9]{2})(?:-([0-9]{2})"
    r"(?:T([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.([0-9]{1,30}))?(Z|[+-][0-9]{2}:[0-9]{2}))?)?)?\Z"
)


_DAY_OR_ZULU = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z)?\Z"
)
"""What most times look like."""


@remembered(8192)
def write_date_time(dtm: str) -> tuple[str | None, bool]:
    """Give the FHIR dateTime of a DTM text, and whether it says exactly the same.

    Years, months and days stay what they are, without any time zone. FHIR has no hour without
    minutes and seconds: those are completed with zeros, inexactly. A text that is no time at all
    has no dateTime.

    Source:
        IHE ITI TF-3: Table 4.2.3.1.7-2 (DTM is UTC); HL7 FHIR R4: 2.24.0.1 dateTime.
    """
    length = len(dtm)
    if length not in (4, 6, 8, 10, 12, 14) or not (dtm.isascii() and dtm.isdigit()):
        return None, False
    full = dtm + "00000101000000"[length:]
    try:
        datetime(
            int(full[:4]),
            int(full[4:6]),
            int(full[6:8]),
            int(full[8:10]),
            int(full[10:12]),
            int(full[12:]),
        )
    except ValueError:
        return None, False
    year, month, day = dtm[:4], dtm[4:6], dtm[6:8]
    if length == 4:
        return year, True
    if length == 6:
        return f"{year}-{month}", True
    if length == 8:
        return f"{year}-{month}-{day}", True
    return f"{year}-{month}-{day}T{full[8:10]}:{full[10:12]}:{full[12:]}Z", length == 14


def write_instant(dtm: str) -> str:
    """Give the FHIR instant of a DTM text of 14 digits."""
    return f"{dtm[:4]}-{dtm[4:6]}-{dtm[6:8]}T{dtm[8:10]}:{dtm[10:12]}:{dtm[12:14]}Z"


def write_time(target: Json, name: str, time: DateTime | None) -> None:
    """Write a time, with its own text beside it where FHIR cannot say it exactly."""
    if time is None:
        return
    value, exact = write_date_time(time.text)
    if value is not None:
        target[name] = value
    if not exact and time.text:
        target["_" + name] = {"extension": [own("text", time.text)]}


def read_date_time(text: str) -> tuple[str, bool] | None:
    """Give the DTM text of a FHIR date, dateTime or instant; ``None`` when it is none.

    A time is moved to UTC; a day, month or year is not touched. The second answer tells whether
    nothing was lost: XDS has no fractions of a second.
    """
    if _DAY_OR_ZULU.match(text):
        try:
            date.fromisoformat(text[:10])
        except ValueError:
            return None
        digits = text.replace("-", "")
        if len(text) > 10:
            digits = digits[:-1].replace("T", "").replace(":", "")
        return digits, True
    match = _FHIR_TIME.match(text)
    if match is None:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        if hour is None:
            date(int(year), int(month or 1), int(day or 1))
            return f"{year}{month or ''}{day or ''}", True
        if zone == "Z":
            # A leap second has no DTM: it becomes the second before it.
            kept = "59" if second == "60" else second
            datetime(int(year), int(month), int(day), int(hour), int(minute), int(kept))
            return year + month + day + hour + minute + kept, not fraction
        moment = datetime.fromisoformat(
            f"{year}-{month}-{day}T{hour}:{minute}:{second}{zone}"
        ).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return moment.strftime("%Y%m%d%H%M%S").rjust(14, "0"), not fraction


def read_time(reader: Reader, parent: Json, name: str, path: str) -> DateTime | None:
    """Read a time."""
    text = reader.text(parent, name, path)
    beside = parent.get("_" + name)
    if beside is not None:
        kept = own_text(beside, "text")
        if kept is not None and write_date_time(kept)[0] == text:
            return DateTime(kept)
    if text is None:
        return None
    read = read_date_time(text)
    if read is None:
        reader.note(
            "date-time",
            f"{path}.{name}",
            f"{text[:40]!r} is no FHIR date or dateTime; a time of day needs seconds and a zone",
        )
        return None
    if not read[1]:
        reader.lost(f"{path}.{name}", "XDS keeps whole seconds; the fraction is left out")
    return DateTime(read[0])
