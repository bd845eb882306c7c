"""The outside judge: the ISO skeleton of the shared folder, run by Saxon as everybody runs it.

Files whose names differ from what asks for them in the case of letters get a second name, and what
is absent an empty pattern, because the skeleton gives up on both.
"""

from __future__ import annotations

import re
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

from gateway.validation.issue import Issue, IssueKind
from tests.shared import shared

SVRL = "{http://purl.oclc.org/dsdl/svrl}"
INCLUDE = re.compile(r'<(?:\w+:)?include\b[^>]*?href\s*=\s*"([^"#]+)"')
DOCUMENT = re.compile(r"""(?<=')[^'"<>]+\.xml(?=')""")
COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)

Failure = tuple[str, str]
"""What is said, and where."""


class Skeleton:
    """The three stylesheets, and what they make of schemas."""

    def __init__(self, folder: Path) -> None:
        from saxonche import PySaxonProcessor

        self.folder = folder
        self.processor: Any = PySaxonProcessor(license=False)
        self.compiler: Any = self.processor.new_xslt30_processor()
        self.schematrons = folder / "schematron"
        shutil.copytree(shared("data/france/schematron"), self.schematrons)
        for path in (self.schematrons, *self.schematrons.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
        (folder / "jeuxDeValeurs").symlink_to(shared("data/france/jeuxDeValeurs"))
        self._steps = [
            self.compiler.compile_stylesheet(
                stylesheet_file=str(self.schematrons / "moteur" / f"{name}.xsl")
            )
            for name in ("iso_dsdl_include", "iso_abstract_expand", "iso_svrl_for_xslt2")
        ]
        self._compiled: dict[str, Any] = {}

    def judge(self, schema: str, document: bytes) -> Counter[Failure] | None:
        """What a schema finds in a document; nothing where the run was aborted."""
        from saxonche import PySaxonApiError

        if schema not in self._compiled:
            self._compiled[schema] = self._compile(self.schematrons / schema)
        source = self.folder / "document.xml"
        source.write_bytes(document)
        try:
            report = self._compiled[schema].transform_to_string(source_file=str(source))
        except PySaxonApiError:
            return None
        return failures_of(report)

    def _compile(self, schema: Path) -> Any:
        mend(schema, set())
        name = schema.stem
        source = schema
        for number, step in enumerate(self._steps):
            # Beside the schema: its relative names start there.
            target = schema.parent / f"{name}-{number}.xsl"
            step.transform_to_file(source_file=str(source), output_file=str(target))
            source = target
        return self.compiler.compile_stylesheet(stylesheet_file=str(source))


def mend(path: Path, seen: set[Path]) -> None:
    """Give every file that is asked for the name it is asked by."""
    if path in seen:
        return
    seen.add(path)
    text = COMMENT.sub("", path.read_text(encoding="utf-8"))
    for href in INCLUDE.findall(text):
        target = second_name(path.parent, href)
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text('<pattern xmlns="http://purl.oclc.org/dsdl/schematron"/>')
        mend(target, seen)


def second_name(folder: Path, href: str) -> Path:
    place = folder
    for part in href.split("/"):
        if part not in {".", ".."} and place.is_dir() and not (place / part).exists():
            other = next(
                (one for one in place.iterdir() if one.name.casefold() == part.casefold()), None
            )
            if other is not None:
                (place / part).symlink_to(other.name)
        place = place / part
    return place


def failures_of(report: str) -> Counter[Failure]:
    from lxml import etree

    root = etree.fromstring(report.encode())
    return Counter(
        (_said(one.findtext(f"{SVRL}text") or ""), str(one.get("location")))
        for one in root.iter(f"{SVRL}failed-assert", f"{SVRL}successful-report")
    )


def failures_in(issues: tuple[Issue, ...]) -> Counter[Failure]:
    """The same of our issues; the skeleton leaves the first place of several out."""
    return Counter(
        (_said(issue.message), _place(issue.location))
        for issue in issues
        if issue.kind is IssueKind.SCHEMATRON
    )


def _place(location: str) -> str:
    return "/ClinicalDocument" if location == "/" else location.replace("[1]", "")


def _said(message: str) -> str:
    # The skeleton loses the white space between two values, and we cut what is very long.
    return "".join(message.split())[:700]
