"""The linter refuses a second door for XML and a second reader of the clock."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared import ROOT

RUFF = Path(sys.executable).with_name("ruff")


def banned(name: str, code: str) -> list[str]:
    """Give what the ban says about code that stands in the file named."""
    done = subprocess.run(
        [
            *(str(RUFF), "check", "--no-cache", "--select", "TID251"),
            *("--output-format", "json", "--stdin-filename", str(ROOT / name), "-"),
        ],
        input=code,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    return [finding["message"] for finding in json.loads(done.stdout)]


XML = "from lxml import etree\n"


@pytest.mark.parametrize(
    "code",
    [
        XML + "etree.fromstring(b'<a/>')\n",
        XML + "etree.parse('a.xml')\n",
        XML + "etree.XML('<a/>')\n",
        XML + "etree.XMLParser()\n",
        XML + "etree.iterparse('a.xml')\n",
        "from lxml.etree import fromstring as read\n",
        "from lxml import objectify\n",
        "import xml.etree.ElementTree as ET\n",
        "from xml.dom import minidom\n",
        "import xml.sax\n",
    ],
)
def test_xml_is_parsed_through_one_door(code: str) -> None:
    (message, *_) = banned("gateway/codecs/ebrim/query.py", code)
    assert "gateway/codecs/xml.py" in message
    assert not banned("gateway/codecs/xml.py", code)


@pytest.mark.parametrize(
    "code",
    [
        "import time\ntime.time()\n",
        "from time import time_ns\n",
        "import datetime\ndatetime.datetime.now()\n",
        "from datetime import datetime, UTC\ndatetime.now(UTC)\n",
        "from datetime import datetime\ndatetime.utcnow()\n",
        "from datetime import date\ndate.today()\n",
    ],
)
def test_the_clock_is_read_in_the_composition_root(code: str) -> None:
    (message, *_) = banned("gateway/actors/document_registry.py", code)
    assert "gateway.ports.Clock" in message
    assert not banned("gateway/service.py", code)


def test_writing_xml_and_measuring_a_duration_are_free() -> None:
    assert not banned("gateway/codecs/ebrim/query.py", XML + "etree.tostring(etree.Element('a'))\n")
    assert not banned("gateway/storage/writer.py", "import time\ntime.perf_counter()\n")
