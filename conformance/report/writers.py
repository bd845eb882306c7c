"""The forms a report is told in, by the name somebody types; each is loaded when asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from conformance.report.runs import RunReport
    from conformance.report.values import Report

Writer: TypeAlias = "Callable[[Report | RunReport], str]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Form:
    """One form of a report.

    Attributes:
        module: Of :mod:`conformance.report`, that writes it.
        function: Of that module: a report in, the text out.
        file: How the file is called where a folder is given to write to.
        about: What it is for, in a few words.
    """

    module: str
    function: str
    file: str
    about: str

    def writer(self) -> Writer:
        """Load what writes it."""
        found: Writer = getattr(import_module(f"conformance.report.{self.module}"), self.function)
        return found


FORMS = {
    "text": Form(module="text", function="write_text", file="report.txt", about="for people"),
    "json": Form(module="plain", function="write_json", file="report.json", about="for programs"),
    "junit": Form(
        module="junit", function="write_junit", file="report.junit.xml", about="for build servers"
    ),
    "sarif": Form(
        module="sarif", function="write_sarif", file="report.sarif", about="for code scanning"
    ),
    "outcome": Form(
        module="operation_outcome",
        function="write_operation_outcome",
        file="report.outcome.json",
        about="FHIR OperationOutcome",
    ),
    "testreport": Form(
        module="test_report",
        function="write_test_report",
        file="report.testreport.json",
        about="FHIR TestReport",
    ),
    "html": Form(
        module="html",
        function="write_html",
        file="report.html",
        about="one page, to read and share",
    ),
}
