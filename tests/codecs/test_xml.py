"""The door for XML: what it lets in, what it refuses and with which words."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.codecs.xml import (
    INLINE_LIMITS,
    MAX_DEPTH,
    XmlLimits,
    XmlRefused,
    XmlTooLarge,
    canonical,
    children,
    escape_attribute,
    escape_text,
    is_xml_text,
    place_of,
    read_xml,
    text_of,
    write_xml,
)

XML_CHARACTERS = st.characters(exclude_categories=["Cs"]).filter(
    lambda c: c in "\t\n\r" or (c >= "\x20" and c not in "\ufffe\uffff")
)
XML_TEXTS = st.text(XML_CHARACTERS) | st.text(
    st.sampled_from("&<>\"'\t\n\r ]\x85\u2028;#é\U0001f600")
)

REFUSED = {
    "DOCTYPE": b"<!DOCTYPE a><a/>",
    "DOCTYPE after declaration": b'<?xml version="1.0"?>\n<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    "DOCTYPE after a comment": b"<!-- harmless --><!DOCTYPE a><a/>",
    "DOCTYPE after an instruction": b"<?x y?> <!DOCTYPE a><a/>",
    "DOCTYPE hidden by a half comment": b"<!--><a/> --><!DOCTYPE a><a/>",
    "DOCTYPE after a byte order mark": b"\xef\xbb\xbf<!DOCTYPE a><a/>",
    "DOCTYPE in UTF-16": "<!DOCTYPE a><a/>".encode("utf-16"),
    "external entity": b'<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>',
    "external DTD": b'<!DOCTYPE a SYSTEM "http://127.0.0.1:9/a.dtd"><a/>',
    "parameter entity": b'<!DOCTYPE a [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x">%x;]><a/>',
    "billion laughs": b"<!DOCTYPE a ["
    + b"".join(b'<!ENTITY l%d "%s">' % (n + 1, b"&l%d;" % n * 10) for n in range(9))
    + b"]><a>&l9;</a>",
    "undeclared entity": b"<a>&nbsp;</a>",
    "undeclared entity in an attribute": b"<a b='&nbsp;'/>",
    "UTF-7": b'<?xml version="1.0" encoding="UTF-7"?><a/>',
    "UTF-7 with its mark": b"+/v8-<a/>",
    "UTF-16 without byte order mark": "<a/>".encode("utf-16-le"),
    "UTF-16 BE without byte order mark": "<a/>".encode("utf-16-be"),
    "UTF-16 declared, UTF-8 sent": b'<?xml version="1.0" encoding="UTF-16"?><a/>',
    "UTF-8 declared, UTF-16 sent": '<?xml version="1.0" encoding="UTF-8"?><a/>'.encode("utf-16"),
    "UTF-32": "<a/>".encode("utf-32"),
    "half a pair in UTF-16": b"\xff\xfe" + "<a>".encode("utf-16-le") + b"\x00\xd8</a>",
    "EBCDIC": "<?xml version='1.0'?><a/>".encode("cp500"),
    "Latin-1 declared": b'<?xml version="1.0" encoding="ISO-8859-1"?><a>\xe9</a>',
    "Latin-1 undeclared": b"<a>\xe9</a>",
    "overlong UTF-8": b"<a>\xc0\xaf</a>",
    "surrogate in UTF-8": b"<a>\xed\xa0\x80</a>",
    "control character": b"<a>\x01</a>",
    "NUL": b"<a>b\x00c</a>",
    "NUL by reference": b"<a>&#0;</a>",
    "surrogate by reference": b"<a>&#xd800;</a>",
    "noncharacter": b"<a>\xef\xbf\xbf</a>",
    "XML 1.1": b'<?xml version="1.1"?><a/>',
    "broken declaration": b'<?xml encoding="UTF-8" version="1.0"?><a/>',
    "nothing": b"",
    "blanks": b" \n ",
    "text": b"hello",
    "two roots": b"<a/><b/>",
    "unbound prefix": b"<x:a/>",
    "prefix bound to nothing": b"<x:a xmlns:x=''/>",
    "attribute twice": b"<a b='1' b='2'/>",
    "attribute twice by two prefixes": b"<a xmlns:x='u' xmlns:y='u' x:b='1' y:b='2'/>",
    "bare ampersand": b"<a>&</a>",
    "less-than in an attribute": b"<a b='<'/>",
    "truncated": b"<a><b>",
    "crossed tags": b"<a><b></a></b>",
    "unfinished comment": b"<!-- <a/>",
    "unfinished instruction": b"<?x <a/>",
    "257 levels": b"<a>" * 257 + b"</a>" * 257,
    "257 attributes": b"<r>\n<a %s/></r>" % b" ".join(b"b%d=''" % n for n in range(257)),
    "257 namespaces": b"<a %s/>" % b" ".join(b"xmlns:b%d='u:'" % n for n in range(257)),
    "one long element name": b"<r><%s/></r>" % (b"a" * 1025),
    "one long attribute name": b"<r %s=''/>" % (b"a" * 1025),
    "a long name of long characters": "<r><{}/></r>".format("é" * 1025).encode(),
}


@pytest.mark.parametrize("octets", REFUSED.values(), ids=REFUSED.keys())
def test_hostile_and_broken_xml_is_refused_with_a_place_and_our_own_words(octets: bytes) -> None:
    for limits in (XmlLimits(), INLINE_LIMITS):
        with pytest.raises(XmlRefused) as refused:
            read_xml(octets, limits=limits)
        assert refused.value.location.startswith("line ")
        assert "; " in refused.value.message, "the sentence names the way out"
        for word in ("libxml", "HUGE", "xmlParse", "PCDATA", "passwd", "StartTag"):
            assert word not in str(refused.value)
        assert refused.value.__cause__ is None


ACCEPTED = {
    "plain": b"<a>\xc3\xa9</a>",
    "leading blanks": b"\r\n <a>\xc3\xa9</a>",
    "byte order mark": b"\xef\xbb\xbf<a>\xc3\xa9</a>",
    "declared": b"<?xml version='1.0' encoding='utf-8' standalone='yes' ?><a>\xc3\xa9</a>",
    "byte order mark and declaration": b"\xef\xbb\xbf<?xml version='1.0'?>\n<a>\xc3\xa9</a>",
    "UTF-16": "<?xml version='1.0' encoding='UTF-16'?><a>é</a>".encode("utf-16"),
    "UTF-16 big end first": b"\xfe\xff" + "<a>é</a>".encode("utf-16-be"),
    "prolog": b"<?xml version='1.0'?><!-- x --><?y z?>\n<a>\xc3\xa9</a>",
    "by reference": b"<a>&#233;</a>",
}


@pytest.mark.parametrize("octets", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_the_same_text_is_read_in_every_accepted_encoding(octets: bytes) -> None:
    assert text_of(read_xml(octets)) == "é"


def test_a_document_type_that_is_only_text_is_text() -> None:
    root = read_xml(b"<a><![CDATA[<!DOCTYPE html><p>]]></a>")
    assert text_of(root) == "<!DOCTYPE html><p>"


@given(st.text("0123456789&amp", min_size=1), st.integers(0, 20), st.sampled_from(range(3)))
def test_a_value_is_read_whole_or_refused_wherever_a_comment_cuts_it(
    value: str, at: int, kind: int
) -> None:
    cut = ["<!--x-->", "<?x y?>", "<![CDATA[]]>"][kind]
    octets = f"<a>{escape_text(value[:at])}{cut}{escape_text(value[at:])}</a>".encode()
    assert text_of(read_xml(octets)) == value


@given(XML_TEXTS)
def test_escaped_text_comes_back_through_a_parser(text: str) -> None:
    assert text_of(read_xml(f"<a>{escape_text(text)}</a>".encode(), keep_blanks=True)) == text


@given(XML_TEXTS)
def test_an_escaped_attribute_comes_back_through_a_parser(text: str) -> None:
    assert read_xml(f'<a b="{escape_attribute(text)}"/>'.encode()).get("b") == text


@given(st.text())
def test_text_that_xml_cannot_carry_is_neither_legal_nor_written(text: str) -> None:
    if is_xml_text(text):
        escape_text(text)
    else:
        with pytest.raises(ValueError, match=r"U\+"):
            escape_attribute(text)


@pytest.mark.parametrize("text", ["\x00", "a\x0b", "\ud800", "\ufffe", "\uffff", "\x1b[31m"])
def test_illegal_characters_are_known(text: str) -> None:
    assert not is_xml_text(text)


@pytest.mark.parametrize("text", ["", "a\tb\r\n", "\x7f\x85", "\u202e\u200b", "\U0010ffff", "é"])
def test_strange_but_legal_characters_are_kept(text: str) -> None:
    assert is_xml_text(text)


def test_limits_hold_at_the_limit_and_one_above() -> None:
    small = XmlLimits(octets=4000, nodes=10, attributes=5, name=12)

    def reads(octets: bytes, limits: XmlLimits = small) -> bool:
        try:
            read_xml(octets, limits=limits)
        except XmlRefused:
            return False
        return True

    for octets in (3999, 4000, 4001):
        assert reads(b"<a>%s</a>" % (b"x" * (octets - 7))) is (octets <= 4000)
    for elements in (9, 10, 11):
        assert reads(b"<a>%s</a>" % (b"<b/>" * (elements - 1))) is (elements <= 10)
        assert reads(b"<a>%s</a>" % (b"<b c = '='/>" * elements)) is (elements <= 4)
        assert reads(b"<a>%s</a>" % (b"<b>=</b>" * (elements - 1))) is (elements <= 10)
    for attributes in (4, 5, 6):
        some = b"".join(b" b%d=''" % n for n in range(attributes))
        assert reads(b"<a><c%s></c></a>" % some) is (attributes <= 5)
    for name in (11, 12, 13):
        assert reads(b"<a><%s/></a>" % (b"n" * name)) is (name <= 12)
        assert reads(b"<a><b %s='1'/></a>" % (b"n" * name)) is (name <= 12)
    for depth in (MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1):
        levels = b"<a>" * depth + b"</a>" * depth
        for limits in (XmlLimits(), INLINE_LIMITS):
            assert reads(levels, limits) is (depth <= MAX_DEPTH)


def test_256_attributes_and_a_name_of_1024_characters_are_read() -> None:
    some = b"".join(b" b%d='='" % n for n in range(256))
    assert len(read_xml(b"<a%s/>" % some).attrib) == 256
    assert read_xml("<{}/>".format("é" * 1024).encode()).tag == "é" * 1024


def test_a_long_text_with_many_equal_signs_is_no_crowd_of_attributes() -> None:
    assert len(text_of(read_xml(b"<a>%s</a>" % (b" b='c'" * 5000)))) == 30_000
    assert read_xml(b"<a b='%s'/>" % (b' x="y"' * 5000)) is not None


def test_the_larger_of_two_sizes_says_so_in_its_type() -> None:
    with pytest.raises(XmlTooLarge):
        read_xml(b"<a>%s</a>" % (b"x" * (8 * 1024 * 1024)))
    with pytest.raises(XmlTooLarge):
        read_xml(b"<a>%s</a>" % (b"<b/>" * 11), limits=XmlLimits(nodes=10))


def test_a_text_over_ten_megabytes_is_read_in_the_inline_mode_only() -> None:
    octets = b"<a>%s</a>" % (b"x" * 10_000_001)
    with pytest.raises(XmlTooLarge):
        read_xml(octets)
    with pytest.raises(XmlRefused):
        read_xml(octets, limits=XmlLimits(octets=20_000_000))
    assert len(text_of(read_xml(octets, limits=INLINE_LIMITS))) == 10_000_001


def test_the_refusal_names_the_line_of_the_crowded_element() -> None:
    with pytest.raises(XmlRefused) as refused:
        read_xml(REFUSED["257 attributes"])
    assert refused.value.location == "line 2"


def test_text_of_refuses_an_element_in_a_value_and_names_both() -> None:
    value = children(read_xml(b"<a>\n<b>1<c/>2</b></a>"), "b")[0]
    assert place_of(value) == "line 2, b"
    with pytest.raises(XmlRefused, match="line 2, b: the element c"):
        text_of(value)
    assert text_of(read_xml(b"<a/>")) == ""


def test_children_are_direct_and_namespace_exact() -> None:
    root = read_xml(b"<a xmlns:x='u' xmlns:y='v'><x:b/><y:b/><b/><c><x:b/></c><x:b/></a>")
    assert [place_of(c) for c in children(root, "{u}b")] == ["line 1, b"] * 2
    assert len(children(root, "b")) == 1


def test_blanks_between_elements_go_or_stay_as_asked() -> None:
    octets = b"<a> <b> </b> </a>"
    assert write_xml(read_xml(octets)) == b"<a><b> </b></a>"
    assert write_xml(read_xml(octets, keep_blanks=True)) == octets


def test_the_canonical_form_ignores_order_quotes_and_unused_prefixes() -> None:
    one = b"<x:a xmlns:x='urn:u' xmlns:unused='urn:w' d='1' c='2'><b/></x:a>"
    other = b'<?xml version="1.0"?>\n<x:a  c="2" d="1" xmlns:x="urn:u">\n  <b></b></x:a>'
    assert canonical(one) == canonical(other) == canonical(read_xml(one))


@settings(max_examples=200)
@given(st.binary(max_size=80) | st.text("<>&!?/='\"ab \n[]-D", max_size=60).map(str.encode))
def test_any_octets_are_read_or_refused_and_nothing_else_happens(octets: bytes) -> None:
    try:
        root = read_xml(octets)
    except XmlRefused:
        return
    assert canonical(write_xml(root)) == canonical(root)
