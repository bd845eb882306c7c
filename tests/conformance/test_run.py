"""The commands ``conformance run`` and ``conformance coverage``, word for word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from conformance.cli import main
from conformance.live.credentials import Commands, NoCredential, Wanted
from conformance.live.runner import spoiled
from conformance.suite.values import Role
from tests.conformance.test_simulators import simulated


def test_the_tests_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", "--list", "--suite", "ihe-mhd", "--filter", "*/by-*"]) == 0
    shown = capsys.readouterr().out
    assert "ihe-mhd/by-period: period finds what overlaps" in shown
    assert "provide-and-retrieve" not in shown


def test_a_run_is_told_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--suite", "ihe-repository", "--filter", "*/provide-and-retrieve", "--format", "json"]
    with simulated() as url:
        assert main(["run", "--target", url, *words]) == 0
    report = json.loads(capsys.readouterr().out)
    assert "ihe-repository/provide-and-retrieve" in json.dumps(report)


def test_a_failing_test_makes_the_status_one(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--suite", "ihe-repository", "--filter", "*/provide-and-retrieve"]
    with simulated("other-document") as url:
        doors = ["--registry", f"{url}/registry", "--repository", f"{url}/repository"]
        assert main(["run", *doors, *words]) == 1
    assert "SHA-1" in capsys.readouterr().out


def test_what_was_sent_and_received_is_in_the_report(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "report.html"
    words = ["--suite", "ihe-registry", "--filter", "*/register-and-find", "--format", "html"]
    with simulated("duplicate-ids") as url:
        assert main(["run", "--target", url, *words, "--out", str(page)]) == 1
    assert "RegistryStoredQuery" in page.read_text()


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        ([], "say what to test"),
        (["--target", "127.0.0.1:1"], "is no address"),
        (["--target", "http://127.0.0.1:9"], "nothing to test was found"),
        (["--registry", "http://127.0.0.1:9/x"], "no Document Registry answers"),
        (["--target", "http://x", "--suite", "nonsense"], "there is no suite nonsense"),
        (["--target", "http://x", "--profile", "zz"], "no suite is of zz"),
        (["--target", "http://x", "--suite", "./nowhere"], "cannot be read"),
        (["--target", "http://127.0.0.1:9", "--ca", "/nowhere"], "--ca"),
    ],
)
def test_wrong_use_is_told(
    words: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["run", *words]) == 2
    assert complaint in capsys.readouterr().err


def test_a_variable_and_an_authority_are_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with simulated() as url:
        assert main(["run", "--target", url, "--set", "nonsense"]) == 2
        assert "NAME=VALUE" in capsys.readouterr().err
        assert main(["run", "--target", url, "--authority", str(tmp_path)]) == 2
        assert "has no folder development-authority" in capsys.readouterr().err
        assert main(["run", "--target", url, "--suite", "ihe-mhd"]) == 2
        assert "no test could be carried out" in capsys.readouterr().err


def test_coverage_is_told_and_nothing_is_open(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage"]) == 0
    assert " 0 open" in capsys.readouterr().out
    assert main(["coverage", "--suite", "ihe-mhd", "--missing", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["open"] == 0
    assert all(one["reason"]["en"] for one in told["requirements"])
    assert main(["coverage", "--suite", "nonsense"]) == 2


def wanted(**wish: str) -> Wanted:
    role = Role(name="doctor", person="dr-b", facts={}, wish={})
    return Wanted(role=role, facts={}, wish=wish)


def test_a_command_of_the_operator_prints_credentials() -> None:
    issuer = Commands("printf %s:%s:%s {person} {mode} {patient}", "printf <%s> {reason}")
    assert issuer.token(wanted(patient="1^^^&2&ISO")) == "dr-b:normal:1^^^&2&ISO"
    assert issuer.assertion(wanted(reason="found unconscious")) == b"<found unconscious>"


@pytest.mark.parametrize("command", ["printf {nonsense}", "false", "/nowhere/at/all"])
def test_a_command_that_prints_none_is_told(command: str) -> None:
    with pytest.raises(NoCredential):
        Commands(command).token(wanted())
    with pytest.raises(NoCredential, match="assertion"):
        Commands(command).assertion(wanted())


def test_a_spoiled_credential_is_another_one() -> None:
    token = b"aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccccccccccccc"
    assert spoiled(token) != token
    assert len(spoiled(token)) == len(token)


def test_a_suite_of_ones_own_is_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    suite = tmp_path / "ours"
    (suite / "tests").mkdir(parents=True)
    (suite / "requests").mkdir()
    (suite / "suite.toml").write_text('id = "ours"\ntitle = "Ours"\nrequires = ["registry"]\n')
    (suite / "requests" / "ask.xml").write_text("<query:AdhocQueryRequest/>")
    (suite / "tests" / "a.toml").write_text(
        '[[test]]\nid = "refuses"\ntitle = "An empty query is refused"\n'
        '[[test.step]]\nto = "registry"\naction = "urn:ihe:iti:2007:RegistryStoredQuery"\n'
        'body = "ask"\nexpect = { response = "Failure" }\n'
    )
    with simulated() as url:
        assert main(["run", "--target", url, "--suite", str(suite), "--format", "json"]) == 0
    assert "ours/refuses" in capsys.readouterr().out
