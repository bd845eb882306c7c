"""What is wrong with a primitive value of FHIR R4: its form, its length, its range, its day.

Values come as JSON gives them: text, true or false, a number. Each type has one function, found
once by :func:`checker`; what it answers is a sentence to be told, in two languages. An ordinary
value costs a fraction of a microsecond, because this runs for every value there is.

Source:
    HL7 FHIR R4 (4.0.1): 2.24.0.1 primitive types; 2.6.2 JSON.
"""

from __future__ import annotations

import binascii
import re
from calendar import monthrange
from collections.abc import Callable
from math import isfinite
from typing import TypeAlias

LONGEST_STRING = 1024 * 1024
"""Octets FHIR allows in a string."""

_SHOWN = 40


class Complaint(str):
    """What is wrong with a value, in English; :attr:`fr` has the same in the language ``fr``.

    Attributes:
        fr: The same sentence for speakers of ``fr``.
    """

    __slots__ = ("fr",)

    fr: str

    def __new__(cls, english: str, fr: str) -> Complaint:
        """Keep both sentences."""
        said = super().__new__(cls, english)
        said.fr = fr
        return said


Checker: TypeAlias = Callable[[object], "Complaint | None"]
"""Gives the complaint about a value, or ``None`` for a good one."""


def complaint(type_code: str, value: object) -> Complaint | None:
    """Tell what is wrong with a value of a primitive type.

    Args:
        type_code: The type (``dateTime``); a type nobody knows is not checked.
        value: The value as JSON gives it, never ``null``.
    """
    check = _CHECKERS.get(type_code)
    return check(value) if check is not None else None


def checker(type_code: str) -> Checker | None:
    """Give a type's function, for who checks many values; ``None`` for no primitive type."""
    return _CHECKERS.get(type_code)


def shown(value: object) -> str:
    """A value as a message shows it: short, and without characters that disturb a terminal."""
    text = value if isinstance(value, str) else str(value)
    text = text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
    return repr(text) if isinstance(value, str) else text


# --- Text ----------------------------------------------------------------------------------------

_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def _no_text(value: object, type_code: str) -> Complaint:
    kind, genre = _json_kind(value)
    return Complaint(
        f"expected a {type_code} as a JSON string, found {kind}",
        f"{type_code} attendu sous forme de chaîne JSON, trouvé : {genre}",
    )


def _json_kind(value: object) -> tuple[str, str]:
    """What JSON calls a value, in both languages."""
    match value:
        case None:
            return "null", "null"
        case bool():
            return f"the boolean {str(value).lower()}", f"le booléen {str(value).lower()}"
        case int() | float():
            return f"the number {shown(value)}", f"le nombre {shown(value)}"
        case str():
            return f"the string {shown(value)}", f"la chaîne {shown(value)}"
        case list():
            return "an array", "un tableau"
    return "an object", "un objet"


_EMPTY = Complaint(
    "the value is empty: leave the element out instead",
    "la valeur est vide : omettre plutôt l'élément",
)
_BLANK = Complaint(
    "the value is nothing but blanks: leave the element out instead",
    "la valeur ne contient que des blancs : omettre plutôt l'élément",
)
_TOO_LONG = Complaint(
    f"the value is longer than {LONGEST_STRING} octets",
    f"la valeur dépasse {LONGEST_STRING} octets",
)
_FORBIDDEN = Complaint(
    "the value holds a control character or half of a surrogate pair",
    "la valeur contient un caractère de contrôle ou une moitié de paire de substitution",
)


def _string(value: object) -> Complaint | None:
    if type(value) is not str:
        return _no_text(value, "string")
    # A printable text without a blank in front needs no closer look.
    if value.isprintable() and value and value[0] != " " and len(value) < 65536:
        return None
    return _text(value)


def _markdown(value: object) -> Complaint | None:
    if type(value) is not str:
        return _no_text(value, "markdown")
    return _text(value)


def _text(value: str) -> Complaint | None:
    if not value:
        return _EMPTY
    if _CONTROL.search(value):
        return _FORBIDDEN
    if not value.strip():
        return _BLANK
    if len(value) > LONGEST_STRING // 4 and len(value.encode("utf-8")) > LONGEST_STRING:
        return _TOO_LONG
    return None


def _of_form(
    type_code: str, pattern: str, rule: str, regle: str, *, flags: int = 0
) -> Callable[[object], Complaint | None]:
    """A type whose values are texts of some form."""
    fits = re.compile(pattern, flags).fullmatch

    def check(value: object) -> Complaint | None:
        if type(value) is not str:
            return _no_text(value, type_code)
        if fits(value):
            return None
        if not value:
            return _EMPTY
        return Complaint(
            f"{shown(value)} is no {type_code}: {rule}",
            f"{shown(value)} n'est pas un {type_code} : {regle}",
        )

    return check


_code = _of_form(
    "code",
    r"[^\s]+(?: [^\s]+)*",
    "no blanks at either end, and single ones between words",
    "pas de blanc au début ni à la fin, un seul entre deux mots",
)
_id = _of_form(
    "id",
    r"[A-Za-z0-9\-.]{1,64}",
    "1 to 64 of A-Z, a-z, 0-9, hyphen and full stop",
    "1 à 64 caractères parmi A-Z, a-z, 0-9, tiret et point",
)
_oid = _of_form(
    "oid",
    r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))+",
    "urn:oid: and numbers joined by full stops, none with a leading zero",
    "urn:oid: puis des nombres joints par des points, sans zéro en tête",
)
_uuid = _of_form(
    "uuid",
    r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
    "urn:uuid: and 8-4-4-4-12 hexadecimal digits in lower case",
    "urn:uuid: puis 8-4-4-4-12 chiffres hexadécimaux en minuscules",
)


# --- URIs ----------------------------------------------------------------------------------------

_has_blank = re.compile(r"\s").search
_urn_oid = re.compile(r"urn:oid:[0-2](?:\.(?:0|[1-9][0-9]*))*").fullmatch
_urn_uuid = re.compile(
    r"urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE
).fullmatch


def _uri(value: object) -> Complaint | None:
    if type(value) is not str:
        return _no_text(value, "uri")
    return _uri_text(value, "uri")


def _url(value: object) -> Complaint | None:
    if type(value) is not str:
        return _no_text(value, "url")
    return _uri_text(value, "url")


def _canonical(value: object) -> Complaint | None:
    if type(value) is not str:
        return _no_text(value, "canonical")
    return _uri_text(value, "canonical")


def _uri_text(value: str, type_code: str) -> Complaint | None:
    if not value:
        return _EMPTY
    if _has_blank(value):
        return Complaint(
            f"{shown(value)} is no {type_code}: it holds a blank",
            f"{shown(value)} n'est pas un {type_code} : il contient un blanc",
        )
    if value[:4] == "urn:":
        if value.startswith("urn:oid:") and not _urn_oid(value):
            return Complaint(
                f"{shown(value)} is no OID: numbers joined by full stops, none with a leading zero",
                f"{shown(value)} n'est pas un OID : des nombres joints par des points,"
                " sans zéro en tête",
            )
        if value.startswith("urn:uuid:") and not _urn_uuid(value):
            return Complaint(
                f"{shown(value)} is no UUID: 8-4-4-4-12 hexadecimal digits",
                f"{shown(value)} n'est pas un UUID : 8-4-4-4-12 chiffres hexadécimaux",
            )
    if value[:4] == "oid:" or value[:5] == "uuid:":
        return Complaint(
            f"{shown(value)} is no {type_code}: it begins with urn:oid: or urn:uuid:",
            f"{shown(value)} n'est pas un {type_code} : il commence par urn:oid: ou urn:uuid:",
        )
    return None


# --- Numbers -------------------------------------------------------------------------------------

_LARGEST = 2**31 - 1


def _boolean(value: object) -> Complaint | None:
    if value is True or value is False:
        return None
    kind, genre = _json_kind(value)
    return Complaint(
        f"expected true or false without quotes, found {kind}",
        f"true ou false attendu sans guillemets, trouvé : {genre}",
    )


def _integer_from(type_code: str, least: int) -> Callable[[object], Complaint | None]:
    """A type of whole numbers of 32 bits, from some least one."""

    def check(value: object) -> Complaint | None:
        if type(value) is int and least <= value <= _LARGEST:
            return None
        kind, genre = _json_kind(value)
        return Complaint(
            f"expected a whole number from {least} to {_LARGEST} ({type_code}), found {kind}",
            f"nombre entier de {least} à {_LARGEST} attendu ({type_code}), trouvé : {genre}",
        )

    return check


def _decimal(value: object) -> Complaint | None:
    if type(value) is int or (isinstance(value, float) and isfinite(value)):
        return None
    kind, genre = _json_kind(value)
    return Complaint(
        f"expected a decimal as a JSON number, found {kind}",
        f"decimal attendu sous forme de nombre JSON, trouvé : {genre}",
    )


# --- Base64 --------------------------------------------------------------------------------------

_BLANKS = re.compile(r"[ \t\r\n]+")


def _base64(value: object) -> Complaint | None:
    if type(value) is not str:
        return _no_text(value, "base64Binary")
    if not value:
        return _EMPTY
    try:
        binascii.a2b_base64(value, strict_mode=True)
        return None
    except ValueError:
        pass
    try:
        # Blanks between the digits are allowed, and rare.
        binascii.a2b_base64(_BLANKS.sub("", value), strict_mode=True)
        return None
    except ValueError:
        return Complaint(
            "the value is no base64: groups of four among A-Z, a-z, 0-9, + and /, padded with =",
            "la valeur n'est pas du base64 : groupes de quatre parmi A-Z, a-z, 0-9, + et /,"
            " complétés par =",
        )


# --- Dates ---------------------------------------------------------------------------------------

_ZONE = r"(?:Z|[+-](?:(?:0[0-9]|1[0-3]):[0-5][0-9]|14:00))"
_TIME = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]:(?:[0-5][0-9]|60)(?:\.[0-9]+)?"
_is_date = re.compile(r"([0-9]{4})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?").fullmatch
_is_date_time = re.compile(
    rf"([0-9]{{4}})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01])(?:T{_TIME}{_ZONE})?)?)?"
).fullmatch
_is_instant = re.compile(
    rf"([0-9]{{4}})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])T{_TIME}{_ZONE}"
).fullmatch

_DATE = ("YYYY, YYYY-MM or YYYY-MM-DD", "AAAA, AAAA-MM ou AAAA-MM-JJ")
_DATE_TIME = (
    "YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00",
    "AAAA, AAAA-MM, AAAA-MM-JJ ou AAAA-MM-JJThh:mm:ss avec Z ou un décalage comme +01:00",
)
_INSTANT = (
    "YYYY-MM-DDThh:mm:ss with Z or an offset such as +01:00",
    "AAAA-MM-JJThh:mm:ss avec Z ou un décalage comme +01:00",
)


def _day_of(
    type_code: str, fits: Callable[[str], re.Match[str] | None], form: tuple[str, str]
) -> Callable[[object], Complaint | None]:
    """A type of points in time, which all begin with a day that has to exist."""

    def check(value: object) -> Complaint | None:
        if type(value) is not str:
            return _no_text(value, type_code)
        found = fits(value)
        if found is None:
            return Complaint(
                f"{shown(value)} is no {type_code}: write {form[0]}",
                f"{shown(value)} n'est pas un {type_code} : écrire {form[1]}",
            )
        day = found[3]
        if day is None or day < "29":
            year_fits = value[:4] != "0000"
        else:
            year = int(found[1])
            year_fits = year > 0 and int(day) <= monthrange(year, int(found[2]))[1]
        if year_fits:
            return None
        return Complaint(
            f"{shown(value)} names a day that does not exist",
            f"{shown(value)} désigne un jour qui n'existe pas",
        )

    return check


_time = _of_form(
    "time",
    _TIME,
    "write hh:mm:ss, with a fraction or without, and no zone",
    "écrire hh:mm:ss, avec ou sans fraction, sans fuseau",
)


def _xhtml(value: object) -> Complaint | None:
    # What stands inside is the business of gateway.validation.fhir.narrative.
    if type(value) is not str:
        return _no_text(value, "xhtml")
    return None if value else _EMPTY


_CHECKERS: dict[str, Checker] = {
    "base64Binary": _base64,
    "boolean": _boolean,
    "canonical": _canonical,
    "code": _code,
    "date": _day_of("date", _is_date, _DATE),
    "dateTime": _day_of("dateTime", _is_date_time, _DATE_TIME),
    "decimal": _decimal,
    "id": _id,
    "instant": _day_of("instant", _is_instant, _INSTANT),
    "integer": _integer_from("integer", -(2**31)),
    "markdown": _markdown,
    "oid": _oid,
    "positiveInt": _integer_from("positiveInt", 1),
    "string": _string,
    "time": _time,
    "unsignedInt": _integer_from("unsignedInt", 0),
    "uri": _uri,
    "url": _url,
    "uuid": _uuid,
    "xhtml": _xhtml,
}
PRIMITIVES = frozenset(_CHECKERS)
"""The primitive types of R4."""
# What definitions say of the values of primitives and of ids.
_SYSTEM = "http://hl7.org/fhirpath/System."
_CHECKERS |= {
    f"{_SYSTEM}String": _string,
    f"{_SYSTEM}Boolean": _boolean,
    f"{_SYSTEM}Integer": _CHECKERS["integer"],
    f"{_SYSTEM}Decimal": _decimal,
    f"{_SYSTEM}Date": _CHECKERS["date"],
    f"{_SYSTEM}DateTime": _CHECKERS["dateTime"],
    f"{_SYSTEM}Time": _time,
}
