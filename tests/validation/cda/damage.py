"""Damaged copies of a document, the same ones each time."""

from __future__ import annotations

import random

from lxml import etree


def damaged(document: bytes, seed: int, faults: int = 12) -> bytes:
    """A well-formed copy with some things missing, doubled, emptied or changed."""
    choice = random.Random(seed)
    parser = etree.XMLParser(remove_comments=True, remove_pis=True)
    root = etree.fromstring(document, parser)
    header = [e for child in root if not str(child.tag).endswith("component") for e in child.iter()]
    for _ in range(faults):
        elements = [e for e in root.iter("*") if e is not root and e.getparent() is not None]
        # The header is a tenth of most documents, and half of the rules are about it.
        inside = [e for e in header if e.getparent() is not None and e in set(elements)]
        element = choice.choice(inside if inside and choice.random() < 0.4 else elements)
        FAULTS[choice.randrange(len(FAULTS))](element, choice)
    return etree.tostring(root, encoding="utf-8", xml_declaration=True)


def _remove(element: etree._Element, choice: random.Random) -> None:
    element.getparent().remove(element)


def _double(element: etree._Element, choice: random.Random) -> None:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    element.addnext(copy)


def _unset(element: etree._Element, choice: random.Random) -> None:
    if element.attrib:
        del element.attrib[choice.choice(sorted(element.attrib))]


def _change(element: etree._Element, choice: random.Random) -> None:
    if element.attrib:
        name = choice.choice(sorted(element.attrib))
        values = ("", "X", "1.2.3", element.get(name)[:-1], element.get(name) + "9")
        element.set(name, choice.choice(values))


def _unknown(element: etree._Element, choice: random.Random) -> None:
    element.set("nullFlavor", choice.choice(("UNK", "NI", "NAV", "ZZ")))


def _empty(element: etree._Element, choice: random.Random) -> None:
    for child in list(element):
        element.remove(child)
    element.text = choice.choice((None, "?", "0"))


FAULTS = (_remove, _remove, _double, _unset, _unset, _change, _change, _unknown, _empty)
