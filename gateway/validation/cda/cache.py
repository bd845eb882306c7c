"""Compiled rule sets on disk, so that a command that runs for one document starts at once.

An entry is good for as long as every file it was made of has the digest it had, and what was absent
still is; anything else, and anything unreadable, is compiled again.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from gateway.validation.cda.compiler import compile_sources
from gateway.validation.cda.folders import Folders
from gateway.validation.cda.ruleset import AbstractRule, Assertion, Line, Rule, RuleSet
from gateway.validation.cda.sources import Sources, read_sources
from gateway.validation.issue import IssueSeverity


def default_cache() -> Path | None:
    """The folder for what can be made again, as the user's system names it."""
    named = os.environ.get("XDG_CACHE_HOME", "")
    if named.startswith("/"):
        return Path(named) / "fhir-xds-gateway" / "schematron"
    try:
        return Path.home() / ".cache" / "fhir-xds-gateway" / "schematron"
    except RuntimeError:
        return None


class RuleSets:
    """Where compiled rule sets are asked for.

    Attributes:
        hits: How many came from the disk.
        compiled: How many were compiled.
    """

    def __init__(self, cache: Path | None) -> None:
        self._cache = cache
        self.hits = 0
        self.compiled = 0

    def get(self, schema: Path, folders: Folders, phase: str = "") -> RuleSet:
        """Give the rule set of a schema file.

        Raises:
            SchematronFault: When it is none, see :func:`read_sources`.
        """
        schema = schema.resolve()
        entry = self._entry(schema, folders, phase)
        if entry is not None:
            found = _read(entry)
            if found is not None:
                self.hits += 1
                return found
        sources = read_sources(schema, folders)
        rules = compile_sources(schema.stem, sources, phase)
        self.compiled += 1
        if entry is not None:
            _write(entry, sources, rules)
        return rules

    def _entry(self, schema: Path, folders: Folders, phase: str) -> Path | None:
        if self._cache is None:
            return None
        key = "\0".join([str(schema), phase, *map(str, folders.roots)])
        digest = hashlib.sha256(key.encode("utf-8", "surrogateescape")).hexdigest()
        return self._cache / f"{schema.stem[:60]}-{digest[:24]}.json"


@cache
def _engine() -> str:
    """What tells a rule set compiled by this very code from others."""
    digest = hashlib.sha256()
    for name in (
        "activation", "cache", "compiler", "expressions", "folders", "ruleset", "sources", "wording"
    ):  # fmt: skip
        digest.update(Path(__file__).with_name(f"{name}.py").read_bytes())
    return digest.hexdigest()


def _read(entry: Path) -> RuleSet | None:
    try:
        stored = json.loads(entry.read_bytes())
        if stored["engine"] != _engine():
            return None
        for name, digest in stored["files"].items():
            if hashlib.sha256(Path(name).read_bytes()).hexdigest() != digest:
                return None
        if any(Path(name).exists() for name in stored["absent"]):
            return None
        return _rule_set(stored["rules"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _write(entry: Path, sources: Sources, rules: RuleSet) -> None:
    """Write an entry so that a reader sees all of it or nothing; a cache that is full is none."""
    stored = {
        "engine": _engine(),
        "files": {str(path): digest for path, digest in sources.files.items()},
        "absent": [str(path) for path in sources.absent],
        "rules": _values(rules),
    }
    temporary = None
    try:
        entry.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=entry.parent, prefix=".", suffix=".new")
        with os.fdopen(handle, "wb") as stream:
            stream.write(json.dumps(stored, ensure_ascii=False).encode("utf-8", "surrogatepass"))
        Path(temporary).replace(entry)
    except (OSError, ValueError):
        if temporary is not None:
            Path(temporary).unlink(missing_ok=True)


def _values(rules: RuleSet) -> dict[str, Any]:
    return {
        "name": rules.name,
        "title": rules.title,
        "namespaces": rules.namespaces,
        "head": _of_lines(rules.head),
        "patterns": rules.patterns,
        "rules": [
            [
                rule.pattern,
                rule.select,
                [sorted(need) for need in rule.needs],
                _of_lines(rule.lines),
                sorted(rule.uses),
                sorted(rule.documents),
            ]
            for rule in rules.rules
        ],
        "abstract": {
            name: [_of_lines(rule.lines), sorted(rule.uses)]
            for name, rule in rules.abstract_rules.items()
        },
        "assertions": [
            [a.rule, a.severity, a.text, a.text_fr, a.source, a.pattern] for a in rules.assertions
        ],
        "notes": rules.notes,
    }


def _rule_set(stored: dict[str, Any]) -> RuleSet:
    return RuleSet(
        name=stored["name"],
        title=stored["title"],
        namespaces=stored["namespaces"],
        head=_lines(stored["head"]),
        patterns=tuple(stored["patterns"]),
        rules=tuple(
            Rule(
                pattern=pattern,
                select=select,
                needs=tuple(frozenset(need) for need in needs),
                lines=_lines(lines),
                uses=frozenset(uses),
                documents=frozenset(documents),
            )
            for pattern, select, needs, lines, uses, documents in stored["rules"]
        ),
        abstract_rules={
            name: AbstractRule(lines=_lines(lines), uses=frozenset(uses))
            for name, (lines, uses) in stored["abstract"].items()
        },
        assertions=tuple(
            Assertion(
                rule=rule,
                severity=IssueSeverity(severity),
                text=tuple(text),
                text_fr=tuple(text_fr),
                source=source,
                pattern=pattern,
            )
            for rule, severity, text, text_fr, source, pattern in stored["assertions"]
        ),
        notes=tuple(stored["notes"]),
    )


def _of_lines(lines: tuple[Line, ...]) -> list[list[str]]:
    return [[line.text, line.owner] for line in lines]


def _lines(stored: list[list[str]]) -> tuple[Line, ...]:
    return tuple(Line(text, owner) for text, owner in stored)
