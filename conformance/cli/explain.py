"""``conformance explain``: why a rule is, how it is broken, how that is repaired."""

from __future__ import annotations

import argparse
import json
import sys
import textwrap
from collections.abc import Iterator

from conformance.cli import PASSED, CannotBeDone
from conformance.cli.circumstances import PROFILES, profile_names, profiles_of, shipped
from conformance.report.rules import all_rules
from gateway.validation.issue import RuleText

_DESCRIPTION = """\
Tell what is known of a rule that a report names: what it asks, why, how it is repaired, and where
it is written.
"""

_EXAMPLES = """\
examples:
  conformance explain dom-3
  conformance explain fhir-slicing-closed --language fr
  conformance explain --list xds
  conformance explain --list --format json

exit status: 0 it is known, 2 there is no such rule.
"""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument("rule", nargs="*", metavar="RULE", help="as a report names it")
    parser.add_argument(
        "--list",
        action="store_true",
        help="list all rules, or those whose id or title has each of the words given",
    )
    parser.add_argument(
        "--profiles-folder",
        metavar="FOLDER",
        help=f"where profiles are (default: ${PROFILES} or those installed)",
    )
    parser.add_argument("--format", choices=("text", "json"), default="text")
    parser.add_argument("--language", choices=("en", "fr"), default="en")


def execute(options: argparse.Namespace) -> int:
    """Look a rule up, or list them."""
    known = _known(options.profiles_folder)
    if options.list:
        chosen = [rule for rule in known.values() if _has(rule, options.rule)]
        if not chosen:
            raise CannotBeDone(f"no rule has {' and '.join(options.rule)} in its id or title")
        _show(chosen, options, _listed(chosen, options.language))
        return PASSED
    if not options.rule:
        raise CannotBeDone("name a rule, or say --list to see all")
    unknown = [name for name in options.rule if name not in known]
    if unknown:
        raise CannotBeDone(_no_such(unknown, known))
    chosen = [known[name] for name in options.rule]
    _show(chosen, options, _explained(chosen, options.language))
    return PASSED


def _known(profiles_folder: str | None) -> dict[str, RuleText]:
    folder = profiles_of(profiles_folder)
    if not profile_names(folder):
        raise CannotBeDone(f"{folder} has no profile: no folder in it has a profile.toml")
    from gateway.profile import ProfileFault

    try:
        return all_rules(folder, shipped())
    except ProfileFault as fault:
        raise CannotBeDone(f"a profile cannot be used: {fault}") from None


# ---------------------------------------------------------------- what is shown


def _show(chosen: list[RuleText], options: argparse.Namespace, lines: Iterator[str]) -> None:
    if options.format == "json":
        values = [
            {
                "rule": rule.rule,
                "kind": rule.kind.value,
                "severity": rule.severity.value,
                "title": _title(rule, options.language),
                "text": rule.text,
                "source": rule.source,
            }
            for rule in chosen
        ]
        text = json.dumps(values, ensure_ascii=False, indent=2)
    else:
        text = "\n".join(lines)
    sys.stdout.buffer.write(f"{text}\n".encode())
    sys.stdout.buffer.flush()


def _explained(chosen: list[RuleText], language: str) -> Iterator[str]:
    for number, rule in enumerate(chosen):
        if number:
            yield ""
        yield f"{rule.rule} ({rule.severity.value}, {rule.kind.value})"
        yield ""
        yield from textwrap.wrap(
            _title(rule, language), 98, initial_indent="  ", subsequent_indent="  "
        )
        for paragraph in rule.text.split("\n\n"):
            if paragraph.strip():
                yield ""
                yield from textwrap.wrap(
                    paragraph,
                    98,
                    initial_indent="  ",
                    subsequent_indent="  ",
                    break_long_words=False,
                    break_on_hyphens=False,
                )
        if rule.source:
            yield ""
            yield f"  Source: {rule.source}"


def _listed(chosen: list[RuleText], language: str) -> Iterator[str]:
    width = max(len(rule.rule) for rule in chosen)
    for rule in chosen:
        yield f"{rule.rule:<{width}}  {rule.severity.value:<11}  {_title(rule, language)}"


def _title(rule: RuleText, language: str) -> str:
    return rule.title_fr if language == "fr" and rule.title_fr else rule.title


def _has(rule: RuleText, words: list[str]) -> bool:
    text = f"{rule.rule} {rule.title} {rule.title_fr}".lower()
    return all(word.lower() in text for word in words)


def _no_such(unknown: list[str], known: dict[str, RuleText]) -> str:
    from difflib import get_close_matches

    sentences = []
    for name in unknown:
        near = get_close_matches(name, known, n=3, cutoff=0.55)
        near += [rule for rule in known if name.lower() in rule.lower() and rule not in near][:3]
        meant = f"; did you mean {' or '.join(near)}?" if near else "; --list shows all"
        sentences.append(f"there is no rule {name}{meant}")
    return "; ".join(sentences)
