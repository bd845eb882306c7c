"""What payloads are judged against, and the engines that judge them: made when first needed.

One context serves a whole run. Its engines are made when the first payload asks for them, and kept
until :meth:`Context.close`; a process of its own for every core makes its own context.
"""

from __future__ import annotations

import importlib
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Protocol

from gateway.validation.issue import Issue

if TYPE_CHECKING:
    from gateway.profile import Profile
    from gateway.validation.cda import CdaJudgement
    from gateway.validation.profile_rules import ProfileRules

CORE = "fhir-r4"
"""The folder of the FHIR core package, beside the profiles."""

STANDARDS = "ihe"
"""The profile of the standards without any country."""

DEFINITIONS = "structure-definitions"
SCHEMATRONS = "schematrons"


class FhirEngine(Protocol):
    """Judges one resource; :class:`gateway.validation.fhir.Validator`."""

    def validate(self, resource: dict[str, Any], profiles: Iterable[str] = ()) -> tuple[Issue, ...]:
        """Give all that is wrong in a resource, against its type and these profiles."""
        ...


class CdaEngine(Protocol):
    """Judges one clinical document; :class:`gateway.validation.cda.CdaValidator`."""

    def judge(self, octets: bytes) -> CdaJudgement:
        """Give all that is wrong in a document, and what it was compared with."""
        ...

    def close(self) -> None:
        """End the process that runs the rule sets."""
        ...


class EngineAbsent(Exception):
    """An engine is not part of this installation; says which and what brings it."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything a judgement depends on besides the payload.

    Attributes:
        profiles: The folder that has the profiles and the FHIR core package.
        more_profiles: Folders that have what the first has not: the core package, or a profile
            that another extends.
        profile_name: The community whose rules apply; without it the standards' alone.
        profile_urls: Canonical URLs every FHIR resource is held to besides its own.
        packages: FHIR packages, later ones win over earlier ones and over the profile's.
        schematron_dir: A publisher's folder of rule sets, used as it is besides the profile's own.
        xsd: A folder, or one file, of XML schemas.
        language: Of the messages, ``en`` or ``fr``.
        environment: ``test`` or ``production``.
        transaction: What a bare SubmitObjectsRequest travels in, ``ITI-42``; told from its
            content where it is empty.
        trust: A trust file as the gateway reads it; signatures of assertions are verified with it.
        audiences: Whom an assertion may be for; empty where that is not looked at.
        now: The moment of the run, digits of a DTM in UTC; empty where times are not looked at.
        cache: Where compiled rule sets are kept; empty for the engine's own choice.
    """

    profiles: Path
    more_profiles: tuple[Path, ...] = ()
    profile_name: str = ""
    profile_urls: tuple[str, ...] = ()
    packages: tuple[Path, ...] = ()
    schematron_dir: Path | None = None
    xsd: Path | None = None
    language: str = "en"
    environment: str = "test"
    transaction: str = ""
    trust: Path | None = None
    audiences: frozenset[str] = frozenset()
    now: str = ""
    cache: Path | None = None

    @cached_property
    def profile(self) -> Profile | None:
        """The profile with everything it extends.

        It is read when a rule asks for it: reading takes a third of a second, and a FHIR resource
        needs the names of its folders only.

        Raises:
            ProfileFault: When a file is missing, does not parse, or says what nobody knows.
        """
        from gateway.profile import read_profile

        if not self.profile_name:
            return None
        return read_profile(self.profile_name, self.profiles, *self.more_profiles)

    @cached_property
    def community(self) -> Profile:
        """The profile, or the standards' own where none was named."""
        from gateway.profile import Profile, read_profile

        if self.profile is not None:
            return self.profile
        if (self.place(STANDARDS) / "profile.toml").exists():
            return read_profile(STANDARDS, self.profiles, *self.more_profiles)
        return Profile(name="")

    @cached_property
    def rules(self) -> ProfileRules:
        """The profile's numbered rules of metadata, ready to run."""
        from gateway.validation.profile_rules import ProfileRules

        return ProfileRules.of(self.community, environment=self.environment)

    @cached_property
    def chain(self) -> tuple[str, ...]:
        """Names of the profile and of all it extends, the farthest first."""
        names: list[str] = []
        name = self.profile_name
        while name and name not in names:
            names.insert(0, name)
            name = str(_toml(self.place(name) / "profile.toml").get("extends") or "")
        return tuple(names)

    def place(self, name: str) -> Path:
        """The folder of a profile, or of the core package."""
        places = [folder / name for folder in (self.profiles, *self.more_profiles)]
        return next((each for each in places if each.is_dir()), places[0])

    def folders(self, name: str) -> tuple[Path, ...]:
        """The folders of a name that the profile and those it extends have, the farthest first."""
        paths = (self.place(one) / name for one in self.chain)
        return tuple(path for path in paths if path.is_dir())

    @property
    def against(self) -> str:
        """The profile with its version, for reports."""
        if not self.profile_name:
            return ""
        version = _toml(self.place(self.profile_name) / "profile.toml").get("version", "")
        return f"{self.profile_name}@{version}"

    @cached_property
    def definitions(self) -> Any:
        """The FHIR definitions: core, the profile's, the packages'."""
        module = _engine("gateway.validation.fhir", "the validator of FHIR profiles")
        return module.Definitions.load(
            self.place(CORE) / "core.zip", packages=(*self.folders(DEFINITIONS), *self.packages)
        )

    @cached_property
    def fhir(self) -> FhirEngine:
        """The FHIR engine."""
        module = _engine("gateway.validation.fhir", "the validator of FHIR profiles")
        engine: FhirEngine = module.Validator(self.definitions)
        return engine

    @cached_property
    def cda(self) -> CdaEngine:
        """The CDA engine."""
        module = _engine("gateway.validation.cda", "the validator of clinical documents")
        engine: CdaEngine = module.CdaValidator(
            self.xsd, self.folders(SCHEMATRONS), self.cache, official=self.schematron_dir
        )
        return engine

    def close(self) -> None:
        """End what the engines started; the context can be used again afterwards."""
        cda = self.__dict__.pop("cda", None)
        if cda is not None:
            cda.close()


def _engine(name: str, what: str) -> ModuleType:
    try:
        module = importlib.import_module(name)
    except ImportError as error:
        raise EngineAbsent(f"{what} cannot be loaded: {error}") from None
    return module


def _toml(path: Path) -> dict[str, Any]:
    """A file of a profile; empty where it cannot be read, which reading the profile will say."""
    try:
        with path.open("rb") as file:
            return tomllib.load(file)
    except (OSError, ValueError):
        return {}
