"""A changed value is what dataclasses.replace would give, and no copy where nothing changes."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, replace

import pytest

from gateway.model.changed import changed
from gateway.model.datatypes import Code
from gateway.model.document_entry import DocumentEntry

ENTRY = DocumentEntry(entry_uuid="one", class_code=Code("c", "s"), size="7", limited_metadata=True)


def test_a_changed_value_is_a_value_of_its_kind() -> None:
    new = changed(ENTRY, entry_uuid="two", size=None)
    assert type(new) is DocumentEntry
    assert new == replace(ENTRY, entry_uuid="two", size=None)
    assert hash(new) == hash(replace(ENTRY, entry_uuid="two", size=None))
    assert ENTRY.entry_uuid == "one"


def test_a_changed_value_stays_as_it_is() -> None:
    with pytest.raises(FrozenInstanceError):
        changed(ENTRY, size="8").size = "9"  # type: ignore[misc]


def test_a_value_that_has_all_of_it_is_not_copied() -> None:
    assert changed(ENTRY, entry_uuid=ENTRY.entry_uuid, class_code=ENTRY.class_code) is ENTRY


def test_what_is_no_attribute_cannot_be_changed() -> None:
    with pytest.raises(KeyError):
        changed(ENTRY, weight="7")
