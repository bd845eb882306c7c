"""XDM archives: form of the ZIP, folders and names, metadata of each submission, its documents.

Nothing is unpacked to a disk. What an archive announces is held to limits before an octet of it is
inflated, and to what it announced while it is.

Source:
    IHE ITI TF-2b: 3.32.4.1.2.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from posixpath import normpath

from conformance.judges.attachments import compare, inside, judge_inside
from conformance.judges.context import Context
from conformance.judges.judged import Judged
from conformance.judges.placing import placed
from conformance.judges.schemas import schema_issues
from gateway.codecs.ebrim.submission import read_submit_objects
from gateway.codecs.xml import XmlRefused, read_xml
from gateway.model.document_entry import DocumentEntry
from gateway.model.lifecycle.ids import place
from gateway.validation.issue import Issue
from gateway.validation.metadata import message_issue, metadata_issues
from gateway.validation.objects import Transaction

MAX_FILES = 5_000
MAX_OCTETS = 512 * 1024 * 1024
"""Of all files of an archive, unpacked."""
MAX_RATIO = 200
"""How much a file may swell; text shrinks to a twentieth, an attack to a thousandth."""
_SMALL = 1024 * 1024

_FOLDER, _METADATA, _INDEX, _README = "IHE_XDM", "METADATA.XML", "INDEX.HTM", "README.TXT"
_SEGMENT = re.compile(r"[A-Z0-9_]{1,8}")
_FILE = re.compile(r"[A-Z0-9_]{1,8}(?:\.[A-Z0-9_]{1,3})?")
_DRIVE = re.compile(r"[A-Za-z]:")
_BESIDE = (".XSL", ".CSS", ".JPG", ".PNG", ".GIF", ".HTM")
"""What documents show themselves with; such files need no entry."""


def judge(octets: bytes, context: Context) -> Judged:
    """Judge an archive and everything in it."""
    media = "Distribute Document Set on Media [ITI-32]"
    against = (media, context.against) if context.against else (media,)
    try:
        archive = zipfile.ZipFile(io.BytesIO(octets))
        infos = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError) as error:
        return Judged(
            findings=(message_issue("xdm-zip", f"{type(error).__name__}: {error}"[:200]),),
            against=against,
        )
    issues = list(_form(infos))
    if any(issue.rule == "xdm-size" for issue in issues):
        return Judged(findings=tuple(issues), against=against)
    files: dict[str, bytes] = {}
    for info in infos:
        if info.is_dir():
            continue
        content = _content(archive, info)
        if content is None:
            issues.append(message_issue("xdm-zip", "it cannot be unpacked", info.filename[:200]))
        else:
            files.setdefault(info.filename, content)
    issues += _layout(files)
    for folder in sorted(_submissions(files)):
        issues += _submission(folder, files, context)
    return Judged(findings=tuple(issues), against=against)


# ------------------------------------------------------------ the archive


def _form(infos: list[zipfile.ZipInfo]) -> Iterator[Issue]:
    total = sum(info.file_size for info in infos)
    if len(infos) > MAX_FILES or total > MAX_OCTETS:
        yield message_issue("xdm-size", f"it has {len(infos)} files of {total} octets")
    seen: set[str] = set()
    for info in infos:
        name = info.filename
        where = name[:200]
        if info.file_size > _SMALL and info.file_size > MAX_RATIO * max(info.compress_size, 1):
            yield message_issue(
                "xdm-size", f"{info.compress_size} octets swell to {info.file_size}", where
            )
        if info.flag_bits & 0x1:
            yield message_issue("xdm-zip", "it is encrypted", where)
        if name.startswith("/") or "\\" in name or _DRIVE.match(name) or ".." in name.split("/"):
            yield message_issue("xdm-path", f"found {name[:120]!r}", where)
        elif not _is_8_3(name):
            yield message_issue("xdm-name", f"found {name[:120]!r}", where)
        key = name.casefold()
        if key in seen:
            yield message_issue("xdm-duplicate", "", where)
        seen.add(key)


def _is_8_3(name: str) -> bool:
    *folders, last = name.rstrip("/").split("/")
    is_good = _SEGMENT if name.endswith("/") else _FILE
    return all(_SEGMENT.fullmatch(one) for one in folders) and bool(is_good.fullmatch(last))


def _content(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes | None:
    """The octets of a file, no more than it announced; ``None`` where they cannot be had."""
    try:
        with archive.open(info) as file:
            octets = file.read(info.file_size + 1)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        OSError,
        RuntimeError,
        NotImplementedError,
        ValueError,
    ):
        return None
    return octets if len(octets) == info.file_size else None


def _layout(files: Mapping[str, bytes]) -> Iterator[Issue]:
    if _INDEX not in files:
        yield message_issue("xdm-index", "")
    if _README not in files:
        yield message_issue("xdm-readme", "")
    folders = {
        name.split("/")[1]
        for name in files
        if name.startswith(f"{_FOLDER}/") and name.count("/") > 1
    }
    if not folders:
        yield message_issue("xdm-folder", "", _FOLDER)
    for folder in sorted(folders):
        if f"{_FOLDER}/{folder}/{_METADATA}" not in files:
            yield message_issue("xdm-metadata", "", f"{_FOLDER}/{folder}")


def _submissions(files: Mapping[str, bytes]) -> Iterator[str]:
    for name in files:
        parts = name.split("/")
        if len(parts) == 3 and parts[0] == _FOLDER and parts[2] == _METADATA:
            yield f"{_FOLDER}/{parts[1]}/"


# ------------------------------------------------------------ one submission


def _submission(folder: str, files: Mapping[str, bytes], context: Context) -> Iterator[Issue]:
    metadata = folder + _METADATA
    try:
        root = read_xml(files[metadata])
    except XmlRefused as refused:
        yield message_issue("xds-xml", refused.message, inside(metadata, refused.location))
        return
    found = list(schema_issues(root, context))
    submitted = read_submit_objects(root)
    found += metadata_issues(submitted, Transaction.DISTRIBUTE_ON_MEDIA, context.rules, context.now)
    named: set[str] = set()
    documents: list[Issue] = []
    for entry in submitted.submission.document_entries:
        path = _path(folder, entry)
        if path is None or path not in files:
            uri = entry.uri or ""
            message = f"found {uri[:120]!r}" if uri else "found nothing"
            found.append(message_issue("xdm-uri", message, place(entry, "URI")))
            continue
        named.add(path)
        found += compare(entry, files[path], context)
        documents += judge_inside(files[path], path, context)
    for issue in placed(found, root, files[metadata]):
        yield replace(issue, location=inside(metadata, issue.location))
    yield from documents
    for name in files:
        if (
            name.startswith(folder)
            and name != metadata
            and name not in named
            and not name.upper().endswith(_BESIDE)
        ):
            yield message_issue("xdm-unreferenced", "", name[:200])


def _path(folder: str, entry: DocumentEntry) -> str | None:
    """The file an entry names, in the archive; ``None`` where it names none inside its folder."""
    uri = entry.uri or ""
    if not uri or "\\" in uri or ":" in uri or uri.startswith("/"):
        return None
    path = normpath(folder + uri)
    return path if path.startswith(folder) else None
