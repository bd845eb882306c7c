"""One frozen value with everything an operator can choose, read once at the start.

Values come from, strongest first: the command line, the environment (``GATEWAY_`` and the field's
name), a TOML file (``GATEWAY_CONFIG``, else ``./gateway.toml`` where present), the defaults below.
A value that cannot be used stops the start with one message that names every such field, its
variable and its rule. ``docs/reference/settings.md`` is generated from this package.
"""

from __future__ import annotations

import difflib
import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    ByteSize,
    Field,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    field_validator,
)
from pydantic_core import ErrorDetails, PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from gateway.settings.auditing import AuditSettings
from gateway.settings.connection import Port, an_address, is_loopback
from gateway.settings.field import setting
from gateway.settings.notices import NoticeSettings

PREFIX = "GATEWAY_"
CONFIG_VARIABLE = "GATEWAY_CONFIG"
CONFIG_FILE = Path("gateway.toml")

MIB = 1024**2
GIB = 1024**3

Oid = Annotated[str, StringConstraints(pattern=r"^[0-2](\.(0|[1-9][0-9]*))+$", max_length=64)]
Octets = Annotated[ByteSize, Field(ge=1024)]

_ORIGIN = re.compile(
    r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?|https?://\[[0-9a-f:]+\](?::[0-9]{1,5})?"
)

_OCTETS_RULE = "a number of octets, at least 1024; KiB, MiB and GiB are understood"


def shipped(name: str) -> Path:
    """Give the folder of data that comes with the product: ``profiles`` or ``samples``.

    In a checkout it stands beside the package, in an installed wheel inside it.
    """
    package = Path(__file__).resolve().parent.parent
    beside = package.parent / name
    return beside if beside.is_dir() else package / "shipped" / name


class Settings(NoticeSettings, AuditSettings):
    """What an operator can choose; every field has a default that works on one machine."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="forbid",
        frozen=True,
        validate_default=True,
    )

    public_url: Annotated[
        str | None,
        setting(
            "Address under which clients reach the gateway, where it differs from host and port "
            "(a reverse proxy); links and references in answers begin with it.",
            "an http:// or https:// address without query, such as https://gateway.example",
        ),
    ] = None
    data: Annotated[
        Path,
        setting(
            "Folder that holds the database and the documents; made when missing.",
            "a folder that can be made and written",
        ),
    ] = Path("var")
    profile: Annotated[
        Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]*$")],
        setting(
            "Country or community whose rules apply: the name of a folder in `profiles`.",
            "the name of a folder in profiles",
        ),
    ] = "ihe"
    profiles: Annotated[
        Path,
        setting("Folder with the profiles.", "a folder with one folder for each profile"),
    ] = Field(default_factory=lambda: shipped("profiles"))
    environment: Annotated[
        Literal["test", "production"],
        setting(
            "Where the gateway stands. Rules of a profile may differ: identities of people who "
            "exist are refused by a test platform, invented ones in production.",
            "test or production",
        ),
    ] = "test"
    rules: Annotated[
        Literal["enforce", "report"],
        setting(
            "What becomes of submissions that break an error rule of the profile: refused "
            "(`enforce`), or taken with the same findings as warnings (`report`), for the weeks "
            "in which peers are corrected. Rules of the standard are always enforced.",
            "enforce or report",
        ),
    ] = "enforce"
    patients: Annotated[
        Literal["open", "known"],
        setting(
            "Whether documents of patients nobody announced are taken (`open`) or refused with "
            "XDSUnknownPatientId (`known`). Patients are announced by FHIR PUT, by "
            "`gateway patient add` or by the HL7 v2 feed.",
            "open or known",
        ),
    ] = "open"
    assigning_authority: Annotated[
        Oid,
        setting(
            "OID of the domain a patient's identifier belongs to where a command names none.",
            "an OID such as 2.999.1.3",
        ),
    ] = "2.999.1.3"
    repository_unique_id: Annotated[
        Oid,
        setting(
            "This repository's repositoryUniqueId. The default is an example: choose one of your "
            "own before the first real document, and keep it.",
            "an OID such as 2.999.1.1",
        ),
    ] = "2.999.1.1"
    source_id: Annotated[
        Oid,
        setting(
            "sourceId of what `gateway submit` sends, and of the submission sets made around "
            "documents that come without one. The default is an example, as above.",
            "an OID such as 2.999.1.4",
        ),
    ] = "2.999.1.4"
    home_community_id: Annotated[
        Annotated[str, StringConstraints(pattern=r"^urn:oid:[0-2](\.(0|[1-9][0-9]*))+$")] | None,
        setting(
            "This community's homeCommunityId, returned with every object; none outside "
            "cross-community exchange.",
            "urn:oid: and an OID, such as urn:oid:2.999.1.2",
        ),
    ] = None
    mllp_port: Annotated[
        Port | None,
        setting(
            "Port of the HL7 v2 patient identity feed (ITI-8 over MLLP); none or 0 switches the "
            "feed off.",
            "none, or a whole number from 0 to 65535",
        ),
    ] = None
    mllp_host: Annotated[
        str,
        setting(
            "Address the HL7 v2 feed listens on.",
            "a loopback address such as 127.0.0.1, since the feed does not ask who sends",
        ),
    ] = "127.0.0.1"
    max_root_octets: Annotated[
        Octets,
        setting(
            "Largest SOAP envelope, without the documents that travel beside it.", _OCTETS_RULE
        ),
    ] = ByteSize(8 * MIB)
    max_fhir_octets: Annotated[
        Octets,
        setting("Largest FHIR resource or Bundle, documents inside it included.", _OCTETS_RULE),
    ] = ByteSize(32 * MIB)
    max_document_octets: Annotated[
        Octets,
        setting(
            "Largest single document; documents are streamed to disk, never held in memory.",
            _OCTETS_RULE,
        ),
    ] = ByteSize(1 * GIB)
    max_submission_octets: Annotated[
        Octets, setting("Largest submission, all its documents together.", _OCTETS_RULE)
    ] = ByteSize(2 * GIB)
    max_results: Annotated[
        Annotated[int, Field(ge=1)],
        setting(
            "Most objects one stored query answers with; more is XDSTooManyResults. A FHIR search "
            "has pages instead.",
            "a whole number, at least 1",
        ),
    ] = 1000
    even_answers: Annotated[
        Annotated[int, Field(ge=0, le=1000)],
        setting(
            "Milliseconds: where credentials are asked for, an answer that shows nothing leaves a "
            "whole number of these after its request came, so that its time does not tell what is "
            "hidden from what is not there. 0 sends it at once.",
            "a whole number from 0 to 1000",
        ),
    ] = 10
    max_page_size: Annotated[
        Annotated[int, Field(ge=1, le=1000)],
        setting(
            "Most entries one page of a FHIR search has, whatever `_count` asks for.",
            "a whole number from 1 to 1000",
        ),
    ] = 500
    page_size: Annotated[
        Annotated[int, Field(ge=1)],
        setting(
            "Entries on a page of a FHIR search that does not say `_count`.",
            "a whole number from 1 to max_page_size",
        ),
    ] = 50
    deprecated_documents: Annotated[
        Literal["gone", "hidden", "served"],
        setting(
            "What a FHIR client is told that retrieves a document whose description is Deprecated: "
            "`gone`, that it was there (410, as MHD has it); `hidden`, that it is not there (404); "
            "`served`, the document. XDS clients always get it.",
            "gone, hidden or served",
        ),
    ] = "gone"
    cors_origins: Annotated[
        str,
        setting(
            "Web origins whose pages may call the FHIR face from a browser, separated by spaces; "
            "`*` means every one. Without any, browsers keep other sites' pages out.",
            "origins such as https://app.example, separated by spaces, or *",
        ),
    ] = ""
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"],
        setting(
            "Least weight of what is logged. With debug the words of unexpected errors are logged "
            "too, which may be a patient's.",
            "debug, info, warning or error",
        ),
    ] = "info"
    log_format: Annotated[
        Literal["text", "json"],
        setting(
            "Form of the log on standard error: for eyes, or one JSON object a line.",
            "text or json",
        ),
    ] = "text"

    @property
    def base_url(self) -> str:
        """The address clients use, without a slash at its end."""
        if self.public_url is not None:
            return self.public_url
        host = f"[{self.host}]" if ":" in self.host else self.host
        scheme = "http" if self.tls_certificate is None else "https"
        return f"{scheme}://{host}:{self.port}"

    @field_validator("mllp_host")
    @classmethod
    def _feed_address(cls, value: str) -> str:
        return an_address(value)

    @field_validator("public_url")
    @classmethod
    def _a_base(cls, value: str | None) -> str | None:
        if value is None:
            return None
        scheme, separator, rest = value.partition("://")
        if not separator or scheme not in {"http", "https"} or not rest.strip("/"):
            raise PydanticCustomError("url", "is not an http:// or https:// address")
        if any(c in "?#" or c.isspace() for c in rest):
            raise PydanticCustomError("url", "has a query, a fragment or a space")
        return value.rstrip("/")

    @field_validator("cors_origins")
    @classmethod
    def _origins(cls, value: str) -> str:
        for origin in value.split():
            if origin != "*" and not _ORIGIN.fullmatch(origin):
                raise PydanticCustomError("origin", "holds what is no origin")
        return value

    @field_validator("mllp_port", mode="before")
    @classmethod
    def _off(cls, value: object) -> object:
        return None if value in {"", "none", "off", "0", 0} else value

    @field_validator("mllp_host")
    @classmethod
    def _nobody_else_feeds(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("mllp_port") and not is_loopback(value):
            # MLLP knows no peer identity at all: whoever connects may merge patients.
            raise PydanticCustomError("exposed", "can be reached from other machines")
        return value

    @field_validator("log_level", mode="before")
    @classmethod
    def _any_case(cls, value: object) -> object:
        return value.lower() if isinstance(value, str) else value

    @field_validator("page_size")
    @classmethod
    def _fits(cls, value: int, info: ValidationInfo) -> int:
        most = info.data.get("max_page_size")
        if most is not None and value > most:
            raise PydanticCustomError(
                "page_size", "is more than max_page_size, {most}", {"most": most}
            )
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Command line, environment, file: in this order, and nothing else."""
        return (
            init_settings,
            env_settings,
            TomlConfigSettingsSource(settings_cls, toml_file=config_file()),
        )


def config_file() -> Path:
    """Give the settings file: the one the environment names, else ``./gateway.toml``."""
    return Path(os.environ.get(CONFIG_VARIABLE) or CONFIG_FILE)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field's value came from, in the operator's words: ``GATEWAY_PORT``, ``default``."""

    name: str


class SettingsError(Exception):
    """The settings cannot be used; the text names each field, its variable and its rule."""


def read_settings(command_line: Mapping[str, object] | None = None) -> Settings:
    """Read the settings and make sure that the gateway can start with them.

    Args:
        command_line: Values given as options, by field name; ``None`` means not given.

    Raises:
        SettingsError: When at least one value cannot be used.
    """
    given = _given(command_line)
    sources = _sources(given)
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems = [_problem(detail, sources) for detail in error.errors()]
        raise SettingsError(_message(problems)) from None
    problems = _unusable_places(settings, sources)
    if problems:
        raise SettingsError(_message(problems))
    return settings


def sources_of(command_line: Mapping[str, object] | None = None) -> dict[str, Source]:
    """Say for each field where its value comes from."""
    given = _given(command_line)
    found = _sources(given)
    return {name: found.get(name, Source("default")) for name in Settings.model_fields}


def variable(field: str) -> str:
    """Give the environment variable of a field."""
    return PREFIX + field.upper()


def rule(field: str) -> str:
    """Give the sentence that says which values a field can have."""
    extra = Settings.model_fields[field].json_schema_extra
    return str(extra["rule"]) if isinstance(extra, dict) else ""


def _given(command_line: Mapping[str, object] | None) -> dict[str, Any]:
    return {name: value for name, value in (command_line or {}).items() if value is not None}


def _sources(given: Mapping[str, object]) -> dict[str, Source]:
    file = config_file()
    found: dict[str, Source] = {}
    if file.is_file():
        try:
            content = tomllib.loads(file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise SettingsError(f"The settings file {file} cannot be read: {error}.") from None
        found |= {name: Source(str(file)) for name in content}
    elif os.environ.get(CONFIG_VARIABLE):
        raise SettingsError(f"{CONFIG_VARIABLE} names {file}, which is not a file.")
    upper = {name.upper() for name, value in os.environ.items() if value}
    found |= {
        name: Source(variable(name)) for name in Settings.model_fields if variable(name) in upper
    }
    found |= {name: Source("--" + name.replace("_", "-")) for name in given}
    return found


@dataclass(frozen=True, slots=True)
class _Problem:
    field: str
    source: str
    value: object
    trouble: str
    rule: str


def _problem(detail: ErrorDetails, sources: Mapping[str, Source]) -> _Problem:
    field = str(detail["loc"][0]) if detail["loc"] else ""
    source = sources.get(field, Source("default")).name
    if field not in Settings.model_fields:
        near = difflib.get_close_matches(field, Settings.model_fields, n=1)
        hint = f"did you mean {near[0]}?" if near else "see docs/reference/settings.md"
        return _Problem(field, source, detail["input"], "is no setting", hint)
    own = detail["type"] in {"address", "url", "exposed", "page_size", "network"}
    trouble = detail["msg"] if own else "cannot be used"
    return _Problem(field, source, detail["input"], trouble, f"must be {rule(field)}")


def _unusable_places(settings: Settings, sources: Mapping[str, Source]) -> list[_Problem]:
    """Look at the folders the settings name; they are part of what can be wrong at a start."""
    problems = []

    def add(field: str, trouble: str) -> None:
        source = sources.get(field, Source("default")).name
        value = str(getattr(settings, field))
        problems.append(_Problem(field, source, value, trouble, f"must be {rule(field)}"))

    try:
        names = sorted(p.parent.name for p in settings.profiles.glob("*/profile.toml"))
    except OSError:
        names = []
    if not names:
        add("profiles", "has no profile in it")
    elif settings.profile not in names:
        add("profile", f"is none of {', '.join(names)}")

    for name, trouble in settings.connection_troubles():
        add(name, trouble)

    place = settings.data.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK | os.X_OK):
        add("data", "cannot be written")
    return problems


def _message(problems: list[_Problem]) -> str:
    if len(problems) == 1:
        lines = ["The gateway cannot start: one setting has a value it cannot use."]
    else:
        lines = [f"The gateway cannot start: {len(problems)} settings have values it cannot use."]
    for p in problems:
        from_ = "" if p.source in {variable(p.field), "default"} else f" (here from {p.source})"
        known = p.field in Settings.model_fields
        where = f"environment variable {variable(p.field)}{from_}" if known else f"in {p.source}"
        value = json.dumps(p.value, ensure_ascii=False, default=str)
        lines += ["", f"  {p.field}: {value} {p.trouble}", f"    {p.rule}", f"    {where}"]
    return "\n".join(lines)


def with_port(settings: Settings, port: int) -> Settings:
    """Give the same settings with the port the system chose, where 0 asked for a free one."""
    return settings.model_copy(update={"port": port})
