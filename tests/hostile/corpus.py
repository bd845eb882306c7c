"""The corpus: hostile requests by name, with the answer each is owed."""

from __future__ import annotations

from tests.hostile.fhir_items import fhir_items
from tests.hostile.http_items import http_items
from tests.hostile.items import Item
from tests.hostile.metadata_items import metadata_items
from tests.hostile.packaging_items import packaging_items
from tests.hostile.query_items import query_items
from tests.hostile.soap_items import soap_items
from tests.hostile.xml_items import xml_items

CORPUS: tuple[Item, ...] = (
    *xml_items(),
    *packaging_items(),
    *soap_items(),
    *metadata_items(),
    *query_items(),
    *http_items(),
    *fhir_items(),
)

_names = [item.name for item in CORPUS]
assert len(set(_names)) == len(_names), [n for n in _names if _names.count(n) > 1]
