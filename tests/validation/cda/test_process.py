"""The process Saxon runs in may die, hang or grow: the next document is judged all the same."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from gateway.validation.cda import CdaValidator, Saxon, Schematron
from gateway.validation.cda.saxon import Answer, Run, SaxonGone
from gateway.validation.issue import Issue, IssueKind, IssueSeverity, fails

HEAD = """<schema xmlns="http://purl.oclc.org/dsdl/schematron" queryBinding="xslt2">
<ns prefix="c" uri="urn:hl7-org:v3"/>
<pattern><rule context="c:section">{}</rule></pattern></schema>"""
QUICK = '<report id="seen" test="true()">Seen.</report>'
# Long enough to be interrupted, whatever the machine.
SLOW = (
    '<report id="slow" test="every $i in 1 to 1000000, $j in 1 to 1000000 '
    'satisfies $i + $j ne -1"/>'
)
DOCUMENT = b'<ClinicalDocument xmlns="urn:hl7-org:v3"><section/></ClinicalDocument>'


@pytest.fixture
def saxon() -> Iterator[Saxon]:
    saxon = Saxon(seconds=60)
    yield saxon
    saxon.close()


class Interrupted(Saxon):
    """Something happens when the turn of the slow rule set has come, not before."""

    def __init__(self, happens: Callable[[Interrupted], None]) -> None:
        super().__init__(seconds=60)
        self.happens = happens

    def run(self, runs: Iterable[Run], document: str) -> tuple[Answer, ...]:
        asked = tuple(runs)
        before = self._seconds
        try:
            if any(run.name.startswith("slow") for run in asked):
                self.happens(self)
            return super().run(asked, document)
        finally:
            self._seconds = before


def rules(folder: Path, content: str, name: str = "quick") -> Schematron:
    path = folder / f"{name}.sch"
    path.write_text(HEAD.format(content), encoding="utf-8")
    return Schematron(path)


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def seen(issues: tuple[Issue, ...]) -> bool:
    return [issue.rule for issue in issues] == ["seen"]


def test_no_process_runs_before_there_is_something_to_run(tmp_path: Path, saxon: Saxon) -> None:
    validator = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path, saxon=saxon)
    assert validator.validate(b"<broken") and saxon.process_id is None
    assert seen(validator.validate(DOCUMENT)) and saxon.process_id is not None


def test_closing_ends_the_process_and_the_next_document_starts_another(
    tmp_path: Path, saxon: Saxon
) -> None:
    validator = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path, saxon=saxon)
    assert seen(validator.validate(DOCUMENT))
    first = saxon.process_id
    assert first is not None
    validator.close()
    assert not alive(first) and saxon.process_id is None
    assert seen(validator.validate(DOCUMENT)) and saxon.process_id != first


def test_a_process_that_was_killed_between_two_documents_is_not_missed(
    tmp_path: Path, saxon: Saxon
) -> None:
    validator = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path, saxon=saxon)
    assert seen(validator.validate(DOCUMENT))
    assert saxon.process_id is not None
    os.kill(saxon.process_id, signal.SIGKILL)
    # It is dead from now on, and still there to be found so.
    os.waitid(os.P_PID, saxon.process_id, os.WEXITED | os.WNOWAIT)
    assert seen(validator.validate(DOCUMENT))


def test_a_process_killed_in_mid_run_is_told_and_the_next_document_is_fine(
    tmp_path: Path,
) -> None:
    killers: list[threading.Timer] = []

    def kill_soon(saxon: Saxon) -> None:
        assert saxon.process_id is not None
        killers.append(threading.Timer(0.5, os.kill, (saxon.process_id, signal.SIGKILL)))
        killers[0].start()

    quick, slow = rules(tmp_path, QUICK), rules(tmp_path, SLOW, "slow")
    saxon = Interrupted(kill_soon)
    validator = CdaValidator(None, [quick], tmp_path, saxon=saxon)
    assert seen(validator.validate(DOCUMENT))
    issues = {one.rule: one for one in validator.validate(DOCUMENT, [slow])}
    killers[0].join()
    # What the rule sets before it found is told as well.
    assert set(issues) == {"seen", "cda-engine"}
    issue = issues["cda-engine"]
    assert issue.kind is IssueKind.NOT_CHECKED
    assert issue.severity is IssueSeverity.ERROR and issue.message_fr
    assert fails((issue,))
    assert seen(validator.validate(DOCUMENT))
    validator.close()


def test_a_document_that_takes_too_long_is_given_up(tmp_path: Path) -> None:
    def give_up_soon(saxon: Interrupted) -> None:
        saxon._seconds = 0.5

    saxon = Interrupted(give_up_soon)
    try:
        validator = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path / "cache", saxon=saxon)
        assert seen(validator.validate(DOCUMENT))
        issues = validator.validate(DOCUMENT, [rules(tmp_path, SLOW, "slow")])
        told = {issue.rule: issue.message for issue in issues}
        assert "0.5 seconds" in told["cda-engine"] and "seen" in told
        assert seen(validator.validate(DOCUMENT))
    finally:
        saxon.close()


def test_a_document_that_needs_too_much_memory_is_given_up(tmp_path: Path) -> None:
    greedy = '<report id="a" test="count(reverse((1 to 90000000) ! string(.))) = 1"/>'
    saxon = Saxon(seconds=60, memory=400 * 1024 * 1024)
    try:
        validator = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path / "cache", saxon=saxon)
        assert seen(validator.validate(DOCUMENT))
        issues = validator.validate(DOCUMENT, [rules(tmp_path, greedy, "greedy")])
        assert any(issue.kind is IssueKind.NOT_CHECKED for issue in issues), issues
        assert seen(validator.validate(DOCUMENT))
    finally:
        saxon.close()


def test_two_validators_may_share_the_process(tmp_path: Path, saxon: Saxon) -> None:
    other = QUICK.replace("seen", "other")
    one = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path, saxon=saxon)
    (tmp_path / "b").mkdir()
    two = CdaValidator(None, [rules(tmp_path / "b", other)], tmp_path, saxon=saxon)
    for _ in range(2):
        assert [i.rule for i in one.validate(DOCUMENT)] == ["seen"]
        assert [i.rule for i in two.validate(DOCUMENT)] == ["other"]


def test_threads_wait_for_one_another(tmp_path: Path, saxon: Saxon) -> None:
    validators = [
        CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path, saxon=saxon) for _ in range(4)
    ]
    found: list[tuple[Issue, ...]] = []
    threads = [
        threading.Thread(target=lambda v=v: found.append(v.validate(DOCUMENT)))  # type: ignore[misc]
        for v in validators
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [seen(issues) for issues in found] == [True] * 4


def test_a_process_that_cannot_start_is_told(
    tmp_path: Path, saxon: Saxon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "no-python"))
    with pytest.raises(SaxonGone, match="cannot be started"):
        saxon.compile("a", "b")
    (issue,) = CdaValidator(None, [rules(tmp_path, QUICK)], tmp_path, saxon=saxon).validate(
        DOCUMENT
    )
    assert issue.rule == "cda-engine"


def test_the_process_has_none_of_our_secrets(saxon: Saxon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GATEWAY_SOME_SECRET", "do not tell")
    saxon.compile("a", "b")
    environment = Path(f"/proc/{saxon.process_id}/environ")
    if not environment.exists():
        pytest.skip("the environment of another process cannot be seen on this system")
    assert b"do not tell" not in environment.read_bytes()
