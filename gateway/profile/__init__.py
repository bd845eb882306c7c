"""A profile: a country or community as data, read once into one frozen value.

``read_profile`` reads ``profiles/<name>/`` and what it extends: ``profile.toml``, ``naming.toml``,
the tables in ``maps/`` and ``value-sets/``, ``access.toml`` and its tables. Names in the data
choose among forms the engine knows;
a name it does not know is a :class:`ProfileFault` that says which file and which key, so that a
wrong profile stops the start and not a submission.
"""

from __future__ import annotations

from gateway.profile.access import AccessPolicy
from gateway.profile.reading import profiles_by_realm, read_profile
from gateway.profile.values import (
    IdentifierType,
    MetadataFromCda,
    Profile,
    ProfileFault,
    Rule,
    RuleCondition,
    Source,
    Validity,
    ValueSet,
)

__all__ = [
    "AccessPolicy",
    "IdentifierType",
    "MetadataFromCda",
    "Profile",
    "ProfileFault",
    "Rule",
    "RuleCondition",
    "Source",
    "Validity",
    "ValueSet",
    "profiles_by_realm",
    "read_profile",
]
