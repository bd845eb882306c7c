"""From the options of a command to what payloads are judged against, or clear words why not."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path

import gateway
from conformance.cli import CannotBeDone
from conformance.judges.context import Context

PROFILES = "CONFORMANCE_PROFILES"
"""The variable that names the folder of profiles."""

DEFAULT_PROFILE = "ihe"
_PROFILE_FILE = "profile.toml"
_PACKAGES = Path(".fhir") / "packages"
"""Below the user's home: where FHIR tools keep packages, a folder NAME#VERSION each."""


def context_of(options: Namespace) -> Context:
    """Make what the payloads of one run are judged against.

    Raises:
        CannotBeDone: When something that was asked for is not there.
    """
    folder = profiles_of(options.profiles_folder)
    urls = tuple(name for name in options.profile if is_canonical(name))
    names = [name for name in options.profile if not is_canonical(name)]
    if len(names) > 1:
        raise CannotBeDone(
            f"--profile: {' and '.join(names)} are two communities and files are judged by the "
            "rules of one; canonical URLs of FHIR profiles may be added to it"
        )
    folder, name = _profile(names[0] if names else DEFAULT_PROFILE, folder)
    context = Context(
        profiles=folder,
        more_profiles=() if folder == shipped() else (shipped(),),
        profile_name=name,
        profile_urls=urls,
        packages=tuple(_package(text) for text in options.package),
        schematron_dir=_existing("--schematron-dir", options.schematron_dir, folder=True),
        xsd=_existing("--xsd", options.xsd),
        language=options.language,
        environment=options.environment,
    )
    _look_at(context)
    return context


def is_canonical(text: str) -> bool:
    """Tell a canonical URL from the name or the folder of a profile."""
    return "://" in text or text.lower().startswith(("urn:oid:", "urn:uuid:"))


def shipped() -> Path:
    """Give the folder of profiles that comes with the suite.

    In a checkout it stands beside the packages, in an installed wheel inside one.
    """
    package = Path(gateway.__file__).resolve().parent
    beside = package.parent / "profiles"
    return beside if beside.is_dir() else package / "shipped" / "profiles"


def profile_names(folder: Path) -> list[str]:
    """Name the profiles of a folder."""
    return sorted(path.parent.name for path in folder.glob(f"*/{_PROFILE_FILE}"))


def profiles_of(option: str | None) -> Path:
    """Give the folder of profiles: of the option, of the environment, or the shipped one.

    Raises:
        CannotBeDone: When there is no such folder.
    """
    text = option or os.environ.get(PROFILES)
    if not text:
        return shipped()
    folder = Path(text)
    if not folder.is_dir():
        asked = "--profiles-folder" if option else PROFILES
        raise CannotBeDone(f"{asked}: there is no folder {text}")
    return folder


def _profile(name: str, folder: Path) -> tuple[Path, str]:
    """Find a profile by its name, or by the path of its folder."""
    for place in dict.fromkeys((folder, shipped())):
        if (place / name / _PROFILE_FILE).is_file() and Path(name).name == name:
            return place, name
    path = Path(name)
    if path.name == _PROFILE_FILE:
        path = path.parent
    if (path / _PROFILE_FILE).is_file():
        path = path.resolve()
        return path.parent, path.name
    known = sorted({*profile_names(folder), *profile_names(shipped())})
    if path.is_dir():
        raise CannotBeDone(f"--profile: the folder {name} has no {_PROFILE_FILE}")
    near = get_close_matches(name, known, n=1)
    meant = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
    raise CannotBeDone(
        f"--profile: there is no profile {name!r}; {meant} The folder of one of your own and the "
        "canonical URL of a FHIR profile are taken as well"
    )


def _package(text: str) -> Path:
    """Find a package: a file, a folder, or an entry of the user's cache."""
    path = Path(text)
    if path.is_dir() or path.is_file():
        return path
    cache = Path.home() / _PACKAGES
    name, _, version = text.partition("#")
    if not version:
        name, _, version = text.partition("@")
    entries = _cached(cache)
    if version and f"{name}#{version}" in entries:
        return cache / f"{name}#{version}"
    versions = [entry for entry in entries if entry.startswith(f"{name}#")]
    if not version and len(versions) == 1:
        return cache / versions[0]
    raise CannotBeDone(f"--package: {_no_package(text, versions, entries)}")


def _no_package(text: str, versions: list[str], entries: list[str]) -> str:
    if versions:
        return f"{text}: the cache has {', '.join(versions)}; say which"
    near = get_close_matches(text, entries, n=1)
    meant = f"did you mean {near[0]}?" if near else "give the path of a .tgz or of a folder"
    return f"there is no {text}, neither as a path nor in ~/{_PACKAGES.as_posix()}; {meant}"


def _cached(cache: Path) -> list[str]:
    try:
        return sorted(path.name for path in cache.iterdir() if path.is_dir())
    except OSError:
        return []


def _existing(option: str, text: str | None, *, folder: bool = False) -> Path | None:
    if text is None:
        return None
    path = Path(text)
    if folder and not path.is_dir():
        raise CannotBeDone(f"{option}: there is no folder {text}")
    if not path.exists():
        raise CannotBeDone(f"{option}: there is no {text}")
    return path


def _look_at(context: Context) -> None:
    """Open what was named on the command line at once: a mistake in it concerns every file."""
    if not context.packages and not context.profile_urls:
        return
    from gateway.validation.fhir.packages import PackageError

    try:
        definitions = context.definitions
        unknown = [url for url in context.profile_urls if definitions.profile(url) is None]
    except (PackageError, OSError, ValueError, EOFError, LookupError) as error:
        reason = " ".join(str(error).split())
        raise CannotBeDone(f"--package: {_named(context.packages)}: {reason}") from None
    if unknown:
        raise CannotBeDone(
            f"--profile: nothing that is loaded defines {', '.join(unknown)}; give the package "
            "that does with --package"
        )


def _named(packages: Iterable[Path]) -> str:
    return ", ".join(str(path) for path in packages)
