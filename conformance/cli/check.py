"""``conformance check``: judge files, folders and standard input."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Self

from conformance.cli import FAILED, PASSED, USAGE, CannotBeDone
from conformance.cli.circumstances import DEFAULT_PROFILE, PROFILES, context_of
from conformance.cli.output import add_output_options, deliver, engine, now
from conformance.cli.selection import STDIN, Chosen, Unreadable, choose, octets_of
from conformance.judges.kinds import recognise
from conformance.report.facts import shortened
from conformance.report.values import Judgement, PayloadKind, Problem, Report
from gateway.validation.issue import Issue, IssueKind, IssueSeverity

if TYPE_CHECKING:
    from conformance.judges.context import Context

    Outcome = Judgement | Problem | None
    """What became of a file; nothing where a folder's file is no message at all."""

_DESCRIPTION = """\
Judge files: every problem at once, each with its place, its rule and what to do.

What a PATH is shows in its content: a FHIR R4 resource (JSON or XML), a CDA document, an XDS
message as bare ebRIM, as SOAP or as a recorded MTOM exchange, an XDM archive, a SAML assertion.
A folder stands for the messages in it, `-` for standard input.

A FHIR resource is held to its base type, to the profiles its meta.profile names and to every
canonical URL given with --profile; all else to the rules of the named profile.
"""

_EXAMPLES = """\
examples:
  conformance check note.xml
  conformance check submission.mtom --profile NAME
  conformance check Bundle.json --profile https://profiles.ihe.net/ITI/MHD/StructureDefinition/\
IHE.MHD.Comprehensive.ProvideBundle
  conformance check resources/ --package our-guide.tgz --jobs 4 --format junit --out report.xml
  conformance check messages/ --format html --out report.html
  curl -s URL | conformance check -

exit status: 0 all passes, 1 something fails, 2 wrong use or a file that cannot be read.
"""

DEBUG = "CONFORMANCE_DEBUG"
_SHOWN_FROM = 5
"""Files from which on the progress is shown."""


def describe(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.description = _DESCRIPTION
    parser.epilog = _EXAMPLES
    parser.add_argument(
        "paths", nargs="+", metavar="PATH", help="files or folders; - for standard input"
    )
    against = parser.add_argument_group("what to judge against")
    against.add_argument(
        "--profile",
        action="append",
        default=[],
        metavar="NAME|FOLDER|URL",
        help="a shipped profile, the folder of one of your own, or the canonical URL of a FHIR "
        f"profile; once for each (default: {DEFAULT_PROFILE})",
    )
    against.add_argument(
        "--package",
        action="append",
        default=[],
        metavar="PATH",
        help="a FHIR package: .tgz, folder, or NAME#VERSION of the user's ~/.fhir/packages",
    )
    against.add_argument(
        "--schematron-dir", metavar="FOLDER", help="rule sets for CDA, used as they are"
    )
    against.add_argument("--xsd", metavar="PATH", help="XML schema for CDA, file or folder")
    against.add_argument(
        "--environment",
        choices=("test", "production"),
        default="test",
        help="production refuses what is for tests only (default: test)",
    )
    against.add_argument(
        "--profiles-folder",
        metavar="FOLDER",
        help=f"where profiles are (default: ${PROFILES} or those installed)",
    )
    add_output_options(parser)
    how = parser.add_argument_group("how")
    how.add_argument(
        "--fail-on",
        choices=("error", "warning"),
        default="error",
        help="the lightest finding that makes a file fail (default: error)",
    )
    how.add_argument(
        "--max-issues",
        type=_positive,
        metavar="N",
        help="findings kept for each file, errors first",
    )
    how.add_argument("--no-position", action="store_true", help="do not look for lines and columns")
    how.add_argument(
        "--jobs",
        type=_count,
        default=1,
        metavar="N",
        help="processes at once (default: 1; 0 for one a core)",
    )


def execute(options: argparse.Namespace) -> int:
    """Judge everything, write the report."""
    files = list(choose(options.paths))
    context = context_of(options)
    started = now()
    judgements: list[Judgement] = []
    problems: list[Problem] = []
    left_out: list[str] = []
    for chosen, outcome in zip(files, _outcomes(files, context, options), strict=True):
        match outcome:
            case Judgement():
                judgements.append(outcome)
            case Problem():
                problems.append(outcome)
            case _:
                left_out.append(chosen.path)
    report = Report(
        engine=engine(),
        profile=context.against,
        judgements=tuple(judgements),
        language=options.language,
        started=started,
        fail_on=IssueSeverity(options.fail_on),
        problems=tuple(problems),
        left_out=tuple(left_out),
    )
    deliver(report, options)
    if problems:
        return USAGE
    if not judgements:
        raise CannotBeDone(_nothing(options.paths, left_out))
    return FAILED if report.failed else PASSED


# ---------------------------------------------------------------- one file after the other


def _outcomes(
    files: Sequence[Chosen], context: Context, options: argparse.Namespace
) -> Iterator[Outcome]:
    """Give what became of each file, in the order of the files."""
    make = partial(_Bench, context, options)
    jobs = min(options.jobs or os.cpu_count() or 1, len(files))
    progress = _Progress(len(files))
    if jobs < 2 or any(chosen.path == STDIN for chosen in files):
        with make() as bench:
            for chosen in files:
                progress.show(chosen.path)
                yield bench(chosen)
            progress.clear()
        return
    from conformance.cli.workers import Died, in_processes

    done: dict[int, Outcome] = {}
    for index, result in in_processes(make, files, jobs):
        path = files[index].path
        progress.show(path)
        done[index] = (
            Problem(
                path=path,
                message=f"the process that judged it ended ({result}); the other files are "
                "judged. Judge this one alone, with more memory",
            )
            if isinstance(result, Died)
            else result
        )
    progress.clear()
    yield from (done[index] for index in range(len(files)))


class _Bench:
    """Judges one file after the other with the same engines."""

    def __init__(self, context: Context, options: argparse.Namespace):
        self._context = context
        self._most: int | None = options.max_issues
        self._positions: bool = not options.no_position

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        # Rule sets run in a process of their own, which must not stay.
        self._context.close()

    def __call__(self, chosen: Chosen) -> Outcome:
        """Give the judgement of a file, or why there is none."""
        if chosen.fault:
            return Problem(path=chosen.path, message=chosen.fault)
        try:
            octets = octets_of(chosen.path)
            if not chosen.named and recognise(octets, chosen.path) is PayloadKind.UNKNOWN:
                return None
            return self._trimmed(self._judge(chosen.path, octets))
        except (Unreadable, CannotBeDone) as reason:
            return Problem(path=chosen.path, message=str(reason))
        except MemoryError:
            return Problem(path=chosen.path, message="there is not enough memory to judge it")
        except Exception as error:
            # A mistake of ours must not keep the other files from being judged, nor pass for good.
            if os.environ.get(DEBUG):
                raise
            return Problem(
                path=chosen.path,
                message=_fault_of_a_profile(error)
                or f"its judgement broke off: {type(error).__name__}: {error}. This is a "
                f"mistake of the suite, please report it; {DEBUG}=1 shows where it is",
            )

    def _judge(self, path: str, octets: bytes) -> Judgement:
        from conformance.judges import judge

        return judge(path, octets, self._context)

    def _trimmed(self, judgement: Judgement) -> Judgement:
        from dataclasses import replace

        findings = judgement.findings
        if not self._positions:
            findings = tuple(replace(issue, position=None) for issue in findings)
        if self._most is not None:
            findings, rest = shortened(findings, self._most)
            if rest:
                findings = (*findings, _more(rest, self._most))
        return replace(judgement, findings=findings)


def _fault_of_a_profile(error: Exception) -> str:
    """Say what is wrong in a profile, where that is what kept a file from being judged."""
    # By now time does not matter, and only with the profile comes the name of its mistakes.
    from gateway.profile import ProfileFault

    return f"the profile cannot be used: {error}" if isinstance(error, ProfileFault) else ""


def _more(rest: int, most: int) -> Issue:
    return Issue(
        rule="more-issues",
        severity=IssueSeverity.INFORMATION,
        kind=IssueKind.NOT_CHECKED,
        message=f"{rest} more findings are not shown; --max-issues keeps {most}.",
        message_fr=f"{rest} autres constats ne sont pas affichés ; --max-issues en garde {most}.",
    )


def _nothing(paths: Sequence[str], left_out: Sequence[str]) -> str:
    places = ", ".join(paths)
    if left_out:
        return f"{places}: none of the {len(left_out)} files there is a message of a known kind"
    return (
        f"{places}: there is no file to judge; in a folder files with the usual endings count "
        "(.json, .xml, .mtom, .zip, ...): name others one by one"
    )


class _Progress:
    """How far the run is, on one line of a terminal that is wiped at the end."""

    def __init__(self, files: int):
        self._files = files
        self._count = 0
        self._shown = files >= _SHOWN_FROM and sys.stderr.isatty()

    def show(self, path: str) -> None:
        """Say which file it is about."""
        self._count += 1
        if self._shown:
            from conformance.report.facts import printable

            name = printable(path)[-60:]
            sys.stderr.write(f"\r\x1b[K{self._count}/{self._files}  {name}")
            sys.stderr.flush()

    def clear(self) -> None:
        """Leave the line as it was."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def _count(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a number")
    return int(text)


def _positive(text: str) -> int:
    if not _count(text):
        raise argparse.ArgumentTypeError("at least 1 is kept, or nobody would see why a file fails")
    return int(text)
