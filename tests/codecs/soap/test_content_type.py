"""The Content-Type header: one meaning or a refusal."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.codecs.soap.content_type import (
    LONGEST_HEADER,
    ContentType,
    announced_actions,
    check_mtom_type,
    check_root_type,
    check_soap_type,
    read_content_id,
    read_content_type,
    write_content_type,
)
from gateway.codecs.soap.fault import MultipartRefused

GOOD = {
    "text/xml": ("text/xml", {}),
    " Application/SOAP+xml ; Charset=UTF-8 ;": ("application/soap+xml", {"charset": "UTF-8"}),
    'a/b;x="";y=z': ("a/b", {"x": "", "y": "z"}),
    r'a/b; x="say \"hi\" \\ ; y=z"': ("a/b", {"x": r'say "hi" \ ; y=z'}),
    'multipart/related; boundary="uuid:3767+id=17"; start="<http://tempuri.org/0>"': (
        "multipart/related",
        {"boundary": "uuid:3767+id=17", "start": "<http://tempuri.org/0>"},
    ),
    "a/b;;;x=1": ("a/b", {"x": "1"}),
}


@pytest.mark.parametrize(("header", "expected"), GOOD.items())
def test_a_header_is_read_without_its_quotes(
    header: str, expected: tuple[str, dict[str, str]]
) -> None:
    read = read_content_type(header)
    assert (read.media_type, dict(read.parameters)) == expected


@pytest.mark.parametrize(
    "header",
    [
        "",
        "text",
        "text/",
        "/xml",
        "text/xml charset=UTF-8",
        "text/xml; charset",
        "text/xml; charset=",
        "text/xml; charset = UTF-8",
        "text/xml; start=<root@h>",
        "text/xml; type=application/xop+xml",
        'text/xml; a="b',
        'text/xml; a="b"c',
        'text/xml; a="b\\',
        'text/xml; a="b\nc"',
        'text/xml; a="\x00"',
        "text/xml, text/plain",
        "text/xml; a=1; A=2",
        'text/xml; boundary=x; boundary="x"',
        "text/xml; é=1",
        "text/xml; " + "a" * LONGEST_HEADER,
    ],
)
def test_a_header_with_no_or_two_meanings_is_refused(header: str) -> None:
    with pytest.raises(MultipartRefused) as refused:
        read_content_type(header)
    assert refused.value.where == "Content-Type"
    assert "; " in refused.value.message
    assert refused.value.http_status == 400


@given(
    st.dictionaries(
        st.text("abcdefghijklmnopqrstuvwxyz-", min_size=1, max_size=10),
        st.text(st.characters(categories=("L", "N", "P", "S")), max_size=30),
        max_size=5,
    )
)
def test_what_is_written_is_read_again(parameters: dict[str, str]) -> None:
    content_type = ContentType("multipart/related", MappingProxyType(parameters))
    assert read_content_type(write_content_type(content_type)) == content_type


def test_a_control_character_is_never_written() -> None:
    with pytest.raises(ValueError, match="control"):
        write_content_type(ContentType("a/b", MappingProxyType({"x": "a\r\nSet-Cookie: y"})))


def test_every_announced_action_is_found() -> None:
    outer = read_content_type(
        'multipart/related; boundary=b; start-info="application/soap+xml; action=\\"urn:inner\\""; '
        'action="urn:outer"'
    )
    root = read_content_type('application/xop+xml; type="application/soap+xml;action=\\"urn:r\\""')
    assert announced_actions(outer, None, root, soap_action='"urn:header"') == (
        "urn:header",
        "urn:outer",
        "urn:inner",
        "urn:r",
    )
    assert announced_actions(read_content_type("a/b"), soap_action='""') == ()


SOAP_TYPES = {
    "application/soap+xml": None,
    "application/soap+xml; charset=utf-8; action=x": None,
    "application/soap+xml; charset=UTF-16": None,
    "application/soap+xml; charset=iso-8859-1": 415,
    "application/soap+xml; charset=utf-7": 415,
    "text/xml": 415,
    "application/xml": 415,
    "application/xop+xml": 415,
    "application/json": 415,
}


@pytest.mark.parametrize(("header", "status"), SOAP_TYPES.items())
def test_a_plain_message_is_soap_1_2_in_unicode(header: str, status: int | None) -> None:
    content_type = read_content_type(header)
    if status is None:
        check_soap_type(content_type)
    else:
        with pytest.raises(MultipartRefused) as refused:
            check_soap_type(content_type)
        assert refused.value.http_status == status


BOUNDARY = "multipart/related; boundary=b"
MTOM_TYPES = {
    BOUNDARY: None,
    BOUNDARY + '; type="application/xop+xml"': None,
    BOUNDARY + '; type="application/XOP+XML"; start="<root@h>"': "root@h",
    BOUNDARY + '; start="root@h"': "root@h",
    BOUNDARY + '; start-info="application/soap+xml"': None,
    BOUNDARY + '; start-info="application/soap+xml; action=\\"urn:x\\""': None,
    f"multipart/related; boundary={'b' * 70}": None,
    'multipart/related; boundary="uuid:3767+id=17"': None,
}
REFUSED_MTOM_TYPES = {
    "multipart/related": "Content-Type, boundary",
    'multipart/related; boundary=""': "Content-Type, boundary",
    f"multipart/related; boundary={'b' * 71}": "Content-Type, boundary",
    'multipart/related; boundary="b "': "Content-Type, boundary",
    'multipart/related; boundary="b*"': "Content-Type, boundary",
    'multipart/related; boundary="é"': "Content-Type, boundary",
    BOUNDARY + '; type="text/xml"': "Content-Type, type",
    BOUNDARY + '; type="application/soap+xml"': "Content-Type, type",
    BOUNDARY + '; start-info="text/xml"': "Content-Type, start-info",
    BOUNDARY + '; start-info=""': "Content-Type, start-info",
    BOUNDARY + '; start=""': "Content-Type, start",
    BOUNDARY + '; start="<a b>"': "Content-Type, start",
    BOUNDARY + '; start="<a"': "Content-Type, start",
    "multipart/form-data; boundary=b": "Content-Type",
    "multipart/mixed; boundary=b": "Content-Type",
}


@pytest.mark.parametrize(("header", "start"), MTOM_TYPES.items())
def test_an_mtom_message_tells_its_root_part_or_nothing(header: str, start: str | None) -> None:
    assert check_mtom_type(read_content_type(header)) == start


@pytest.mark.parametrize(("header", "where"), REFUSED_MTOM_TYPES.items())
def test_another_kind_of_multipart_message_is_refused(header: str, where: str) -> None:
    with pytest.raises(MultipartRefused) as refused:
        check_mtom_type(read_content_type(header))
    assert refused.value.where == where
    assert refused.value.http_status in (400, 415)
    assert "; " in refused.value.message


@pytest.mark.parametrize(
    "header",
    [
        None,
        "text/xml",
        "application/soap+xml",
        'application/xop+xml; type="text/xml"',
        'application/xop+xml; charset="us-ascii"',
    ],
)
def test_a_root_part_that_is_not_soap_1_2_in_xop_is_refused(header: str | None) -> None:
    with pytest.raises(MultipartRefused, match="part 1"):
        check_root_type(header and read_content_type(header) or None, "part 1")


@pytest.mark.parametrize("value", ["<>", "", "<a", "a>", "<a><b>", "<a b>", "<é>", "<a\x00 >"])
def test_a_content_id_is_one_word_in_brackets(value: str) -> None:
    assert read_content_id("<a@b>", "x") == read_content_id("a@b", "x") == "a@b"
    with pytest.raises(MultipartRefused):
        read_content_id(value, "x")
