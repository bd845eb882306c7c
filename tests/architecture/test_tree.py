"""What may not stand in any file, and how large one may grow."""

from __future__ import annotations

import re

import pytest

from tests.architecture.tree import texts

NATIONAL_ARC = re.compile(r"(?<![0-9.])1\.2\.250(?![0-9])")

NATIONAL_WORDS = re.compile(
    r"(?<![a-z0-9])(?:dmp|vitale|insee|ans|asip|mon[ _-]espace|rpps|finess|adeli|insi|mssante|"
    r"mssanté|nir|ci[-_]?sis|france|french|français|française)(?![a-z0-9])",
    re.IGNORECASE,
)

# Written in two halves, so that this file does not name them either.
REGISTRY_HOSTS = re.compile(
    "|".join(
        re.escape(first + second)
        for first, second in (
            ("py", "pi.org"),
            ("python", "hosted.org"),
            ("npm", "js.org"),
            ("crates", ".io"),
            ("proxy.", "golang.org"),
            ("repo.maven.", "apache.org"),
            ("repo1.", "maven.org"),
            ("deb.", "debian.org"),
            ("archive.", "ubuntu.com"),
        )
    ),
    re.IGNORECASE,
)

MACHINE_PATHS = re.compile(r"(?<![\w.:/$}{)*-])/(?:work|opt|root|home|Users|mnt)/[\w.-]+")

LINES = 600


def places(pattern: re.Pattern[str], *folders: str) -> list[str]:
    """Name every line of the project, or of the folders, where the pattern is found."""
    return [
        f"{name}:{number}: {found.group()}"
        for name, text in texts(*folders)
        for number, line in enumerate(text.splitlines(), 1)
        if (found := pattern.search(line))
    ]


def test_no_country_stands_in_code() -> None:
    """National OIDs and words are data: in profiles/, samples/ and conformance/suites/."""
    found = places(NATIONAL_ARC, "gateway", "conformance")
    found += places(NATIONAL_WORDS, "gateway", "conformance")
    assert [place for place in found if not place.startswith("conformance/suites/")] == []


def test_no_file_names_a_package_index() -> None:
    assert places(REGISTRY_HOSTS) == []


def test_no_file_names_a_place_of_one_machine() -> None:
    assert places(MACHINE_PATHS) == []


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (NATIONAL_ARC, '"1.2.250.1.213"'),
        (NATIONAL_WORDS, "the RPPS number"),
        (NATIONAL_WORDS, "mon_espace_sante"),
        (REGISTRY_HOSTS, "https://" + "py" + "pi.org/simple"),
        (MACHINE_PATHS, "see " + "/home" + "/somebody/x"),
        (MACHINE_PATHS, '"' + "/opt" + '/venv"'),
    ],
)
def test_the_patterns_find_what_they_are_for(pattern: re.Pattern[str], text: str) -> None:
    assert pattern.search(text)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (NATIONAL_ARC, "2.1.2.2501"),
        (NATIONAL_WORDS, "plans, answer, transport, means, nirvana"),
        (MACHINE_PATHS, "gateway.example/home/page"),
        (MACHINE_PATHS, "$HOME/opt/x and ./work/y"),
    ],
)
def test_the_patterns_leave_the_rest_alone(pattern: re.Pattern[str], text: str) -> None:
    assert not pattern.search(text)


def test_files_stay_small_enough_to_be_read_in_one_sitting() -> None:
    long = {
        name: lines
        for name, text in texts("gateway", "conformance")
        if name.endswith(".py") and (lines := text.count("\n")) > LINES
    }
    assert long == {}
