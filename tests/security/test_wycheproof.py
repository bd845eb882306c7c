"""The published vectors for signed tokens: our verdict is theirs, or stricter for a named reason.

The vectors (Project Wycheproof, JSON Web Signature, Key and Crypto) are not part of this
repository; ``shared/data/wycheproof`` has them where they are at hand. `test_jose.py` has vectors
of our own in the same manner.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from gateway.security.errors import NotAuthenticated
from gateway.security.jwt import verify_signature
from gateway.security.keys import ASYMMETRIC, SYMMETRIC, KeyFault, TokenKeys
from tests.shared import shared

FOLDER = shared("data/wycheproof")


def vectors(name: str) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    data = json.loads((FOLDER / f"{name}_test.json").read_text(encoding="utf-8"))
    for group in data["testGroups"]:
        for test in group["tests"]:
            if isinstance(test.get("jws"), str):
                yield group, test


def is_accepted(group: dict[str, Any], token: str) -> bool:
    """Whether an issuer with the group's key, and the algorithm that key is for, is believed."""
    key = group.get("public") or group["private"]
    keys = key.get("keys", [key])
    algorithms = {one["alg"] for one in keys if one.get("alg") in ASYMMETRIC | set(SYMMETRIC)}
    if not algorithms:
        return False
    try:
        verify_signature(token, TokenKeys(algorithms, keys))
    except (KeyFault, NotAuthenticated):
        return False
    return True


# The same text as a vector marked valid: in this file the labels of four vectors changed places.
MISLABELLED = {("json_web_signature", 367), ("json_web_signature", 370)}

STRICTER = {
    **{("json_web_signature", n): "emptyPayload" for n in (259, 264, 268, 272, 320, 325)},
    # Another algorithm than the one the key is for, which an issuer of ours fixes.
    **{("json_web_signature", n): "Figure20" for n in (346, 350)},
    **{("json_web_signature", n): "Figure27" for n in (347, 351)},
    # The other two of the four: they hold a character that is not base64url.
    ("json_web_signature", 372): "InvalidCharacterInsertedInHeader",
    ("json_web_signature", 373): "InvalidCharacterInsertedInPayload",
}
"""What we refuse although it is valid: by file and number, what the vector calls itself."""


@pytest.mark.parametrize("name", ["json_web_signature", "json_web_key", "json_web_crypto"])
@pytest.mark.filterwarnings("ignore:Key size")
def test_nothing_that_is_invalid_is_accepted(name: str) -> None:
    wrong = [
        (test["tcId"], test["comment"], test["flags"])
        for group, test in vectors(name)
        if test["result"] == "invalid"
        and (name, test["tcId"]) not in MISLABELLED
        and is_accepted(group, test["jws"])
    ]
    assert wrong == []


@pytest.mark.parametrize("name", ["json_web_signature", "json_web_key", "json_web_crypto"])
def test_what_is_valid_is_accepted(name: str) -> None:
    refused = {
        (name, test["tcId"]): test["comment"]
        for group, test in vectors(name)
        if test["result"] == "valid" and not is_accepted(group, test["jws"])
    }
    assert refused == {key: STRICTER[key] for key in STRICTER if key[0] == name}
