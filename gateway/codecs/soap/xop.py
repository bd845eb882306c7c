"""Which document stands in which part: ``xop:Include`` and inline base64.

Source:
    XOP 1.0: 3.2, 4. RFC 2392 (cid: addresses). Threats M1, M2.
"""

from __future__ import annotations

import binascii
from collections.abc import Collection, Iterable
from urllib.parse import quote, unquote

from gateway.codecs.soap.fault import MultipartRefused, shown
from gateway.codecs.soap.namespaces import XOP
from gateway.codecs.xml import Element, escape_attribute, place_of, text_of

_INCLUDE = f"{{{XOP}}}Include"
_LEFT_AS_IT_IS = "@!$'()*+,;=:-._~"
_WHITE_SPACE = {ord(c): None for c in " \t\r\n"}


def read_includes(body: Element, content_ids: Collection[str] = ()) -> dict[Element, str]:
    """Say for each element whose content travels beside the message which part holds it.

    An element that holds its document as base64 does not occur; see :func:`read_inline`.

    Args:
        body: The element in the Body.
        content_ids: The names of the document parts that came; none for a message without parts.

    Returns:
        The holder of each Include to the name of its part; every part occurs exactly once.

    Raises:
        MultipartRefused: When a reference is anything but ``cid:`` with the name of a part of this
            message, when two mean the same part, or when a part is referred to by none.
    """
    found: dict[Element, str] = {}
    taken: set[str] = set()
    for include in body.iter(_INCLUDE):
        where = place_of(include)
        holder = include.getparent()
        if holder is None or not _stands_alone(include, holder):
            raise MultipartRefused(where, "xop:Include must stand alone and empty; correct it")
        name = _part_meant_by(include.get("href"), content_ids, where)
        if name in taken:
            raise MultipartRefused(
                where, f"the part <{name}> is used by two documents; send one part for each"
            )
        taken.add(name)
        found[holder] = name
    for name in content_ids:
        if name not in taken:
            raise MultipartRefused(
                f"part <{name}>", "no xop:Include refers to this part; refer to it or remove it"
            )
    return found


def check_holders(includes: Iterable[Element], documents: Collection[Element]) -> None:
    """Refuse content beside the message for any element that is no document.

    Args:
        includes: The holders that :func:`read_includes` found.
        documents: The elements that may hold one.

    Raises:
        MultipartRefused: Naming the first other holder.

    Source:
        Threat M2: a part that nothing reads is a part left over.
    """
    for holder in includes:
        if holder not in documents:
            raise MultipartRefused(
                place_of(holder), "only a Document may refer to a part by xop:Include; correct it"
            )


def read_inline(element: Element) -> bytes:
    """Give the octets of a document that stands in the message as base64.

    Raises:
        MultipartRefused: When the element holds anything but base64.
        XmlRefused: When the element holds other elements.

    Source:
        XML Schema part 2: 3.2.16 (base64Binary, white space allowed).
    """
    try:
        text = text_of(element).translate(_WHITE_SPACE).encode("ascii")
        if len(text) % 4:
            raise binascii.Error
        return binascii.a2b_base64(text, strict_mode=True)
    except (UnicodeEncodeError, binascii.Error):
        raise MultipartRefused(
            place_of(element),
            "the content is neither base64 nor an xop:Include; send the document in a part",
        ) from None


def write_include(content_id: str) -> bytes:
    """Give the element that refers to a part by its Content-ID."""
    href = "cid:" + quote(content_id, safe=_LEFT_AS_IT_IS)
    return f'<xop:Include xmlns:xop="{XOP}" href="{escape_attribute(href)}"/>'.encode()


def _stands_alone(include: Element, holder: Element) -> bool:
    text = (holder.text or "") + (include.tail or "")
    return len(holder) == 1 and len(include) == 0 and not text.strip()


def _part_meant_by(href: str | None, content_ids: Collection[str], where: str) -> str:
    if href is None or href[:4].lower() != "cid:":
        raise MultipartRefused(
            where,
            f"xop:Include refers to {shown(href or '')}; only cid: with the Content-ID of a part "
            "of this message is followed",
        )
    verbatim = href[4:]
    try:
        decoded = unquote(verbatim, errors="strict")
    except UnicodeDecodeError:
        decoded = verbatim
    # RFC 2392 has the header carry the decoded name. Apache CXF writes the encoded one in both
    # places (its issues 7317, 8698 and 8733), so that one counts where no part has the decoded.
    meant = {name for name in (decoded, verbatim) if name in content_ids}
    if len(meant) != 1:
        problem = "no part has" if not meant else "two parts could have"
        raise MultipartRefused(
            where, f"{problem} the Content-ID {shown(decoded)}; name one part of this message"
        )
    return meant.pop()
