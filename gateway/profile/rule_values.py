"""One numbered rule of a community, as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class RuleCondition:
    """A test that decides whether a rule applies; exactly one of the four tests is set.

    Attributes:
        one_of: Some value of the attribute is one of these; ``none_of``: no value is.
        matches: Some value matches this regular expression as a whole.
        present: Whether the attribute has a value.
    """

    attribute: str
    one_of: tuple[str, ...] = ()
    none_of: tuple[str, ...] = ()
    matches: str = ""
    present: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One numbered rule of a community; see :mod:`gateway.profile.rules`.

    Attributes:
        id: Never given to another rule again: peers and reports name it.
        severity: ``error`` refuses a submission, ``warning`` travels with its success.
        update_severity: The same for updates of metadata, which carry what an older document
            was registered with.
        object: ``DocumentEntry``, ``SubmissionSet``, ``Folder``, ``Association``, ``Author`` or
            ``Submission``.
        attribute: In the standard's words, ``legalAuthenticator.10`` for a component.
        kind: Which check of the catalogue.
        parameters: What that check needs to know.
        when: All must hold for the rule to apply; ``unless``: not all may.
        message: By language; ``{value}`` stands for the value found.
        code: The error code of XDS, where it is not the general one for metadata.
        mark: How sure the source is (``V`` read, ``S`` stated, ``B`` believed).
        transactions: Names such as ``ITI-41``, or ``new`` and ``update``; without any, all of them.
        environments: ``test`` or ``production``; without any, both.
    """

    id: str
    severity: str
    object: str
    kind: str
    source: str
    message: Mapping[str, str]
    update_severity: str = "error"
    attribute: str = ""
    mark: str = ""
    code: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    when: tuple[RuleCondition, ...] = ()
    unless: tuple[RuleCondition, ...] = ()
    transactions: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    file: str = ""
