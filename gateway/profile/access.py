"""Who may see what in a community: every switch of the access rules, its codes, and its matrix.

Read from ``profiles/<name>/access.toml`` and the tables it names by
:mod:`gateway.profile.access_reading`. The defaults of :class:`AccessPolicy` open nothing: a profile
that says nothing has no roles, no emergencies and a matrix without a single yes.

Source:
    docs/reference/access-control.md, which lists every key with its reason.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from gateway.model.datatypes import Code
from gateway.model.restriction import Restriction
from gateway.model.subject import Operation, SubjectKind

Key = tuple[str, str]
"""A code and its coding scheme."""

ANY = "*"
"""In a list of roles or structures: whoever it is."""


class Cell(NamedTuple):
    """One cell of the matrix.

    Attributes:
        read: Whether the role may read documents of the type.
        verified: Whether that was read in a text, and not assumed.
        source: Which text, or why it was assumed.
    """

    read: bool
    verified: bool
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class MatrixVersion:
    """Role by document type, from one day on.

    Attributes:
        effective: The legal midnight it holds from, DTM of 14 digits, UTC.
        cells: By row, then by code and scheme of the type; a cell that is missing means no.
        readable: By row, the types that may be read: what ``cells`` say, ready for use.
    """

    version: str
    effective: str
    cells: Mapping[str, Mapping[Key, Cell]] = field(repr=False)
    readable: Mapping[str, frozenset[Key]] = field(repr=False)


class RoleRow(NamedTuple):
    """Which row of the matrix a role code stands for.

    Attributes:
        of: The code of the profession that this code says more about; empty for a profession.
    """

    row: str
    of: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessPolicy:
    """What a community decided about access.

    Attributes:
        legal_zone: Time zone whose midnight counts (IANA name).
        restriction_codes: By code and scheme of a confidentialityCode, what it restricts.
        harmless_codes: Codes of the same schemes that restrict nobody; any other code of these
            schemes is refused at submission, since nobody would enforce it.
        cumulate_restrictions: Whether a document may be masked and hidden from the patient.
        cumulating_classes: Classes for which that is allowed all the same (signatures).
        roles: By code and scheme of a role, its row.
        matrix_applies: Whether roles limit what is read; without it any role reads all types.
        matrix: Versions, the oldest first.
        minors_enabled: Whether parents act for minors and secret connections exist.
        majority_age: In years; reached at the legal midnight of the birthday.
        minors_default_visible: Whether a deposit for a minor that says nothing about
            representatives is visible to them, or refused.
        protection_titles: Titles of representatives whose link does not end with majority.
        block_beats_emergency: Whether a blocked professional stays out in an emergency.
        hide_all_beats_author: Whether hiding everything hides from authors as well.
        gp_sees_masked: Whether the attending doctor sees masked documents.
        mask_hides_from_services: Whether masked documents are hidden from applications.
        emergency_reason: Whether an emergency needs a reason.
        emergency_new_reason: Whether it must differ from those of windows that ended.
        emergency_roles: Rows whose holders may break the glass; :data:`ANY` for everybody.
        emergency_hours: How long a declaration holds.
        emergency_per_day: Declarations of one professional or structure in a day, beyond which a
            security event is raised.
        emergency_reveals_masked: Whether emergencies show masked documents.
        emergency_matrix_applies: Whether the matrix limits emergencies.
        regulation_roles: Rows whose holders may use the mode of regulation centres.
        regulation_structures: Keys of the centres; :data:`ANY` for every structure.
        team_max_days: How long the authorisation of a care team holds at most.
        nonteam_max_hours: How long one that was declared without an end holds.
        self_declared_per_minute: More declared authorisations than this are refused.
        express_consent_roles: Who needs the patient's own authorisation: role codes.
        express_consent_sectors: Likewise, by the sector of the structure.
        structure_needs_reinforced: Whether a structure's authorisation serves only a person
            whom the structure authenticated (AIR).
        delegate_read_operations: What delegates may do beside entering documents.
        services_may_write: Whether applications may deposit in the classes they are given.
        administer_kinds: Who may change patients, their identity and delegations.
        forbidden_purposes: Purposes nobody may open a record for, whatever was agreed.
        forbidden_roles: Roles likewise.
        outside_purposes: Purposes that are served outside this interface.
        hidden_release_months: After how many months a document is no longer hidden from the
            patient.
        hidden_notice_days: After how many days the patient is told that something is there.
        retention_years: How long a closed record is kept.
        patient_classes: Classes of documents that patients deposit themselves.
        document_archived: availabilityStatus of archived documents; empty where there is none.
        document_deleted: Likewise of logically deleted ones.
        deny_registry_code: The error name of a refusal by a registry; ``deny_repository_code`` by
            a repository.
    """

    legal_zone: str = "UTC"
    restriction_codes: Mapping[Key, Restriction] = field(default_factory=dict)
    harmless_codes: frozenset[Key] = frozenset()
    cumulate_restrictions: bool = False
    cumulating_classes: frozenset[Key] = frozenset()
    roles: Mapping[Key, RoleRow] = field(default_factory=dict, repr=False)
    matrix_applies: bool = True
    matrix: tuple[MatrixVersion, ...] = ()
    minors_enabled: bool = True
    majority_age: int = 18
    minors_default_visible: bool = True
    protection_titles: frozenset[str] = frozenset()
    block_beats_emergency: bool = True
    hide_all_beats_author: bool = False
    gp_sees_masked: bool = True
    mask_hides_from_services: bool = True
    emergency_reason: bool = True
    emergency_new_reason: bool = True
    emergency_roles: frozenset[str] = frozenset()
    emergency_hours: int = 24
    emergency_per_day: int = 10
    emergency_reveals_masked: bool = False
    emergency_matrix_applies: bool = True
    regulation_roles: frozenset[str] = frozenset()
    regulation_structures: frozenset[str] = frozenset()
    team_max_days: int = 365
    nonteam_max_hours: int = 24
    self_declared_per_minute: int = 10
    express_consent_roles: frozenset[Key] = frozenset()
    express_consent_sectors: frozenset[Key] = frozenset()
    structure_needs_reinforced: bool = True
    delegate_read_operations: frozenset[Operation] = frozenset()
    services_may_write: bool = False
    administer_kinds: frozenset[SubjectKind] = frozenset({SubjectKind.OPERATOR})
    forbidden_purposes: frozenset[Key] = frozenset()
    forbidden_roles: frozenset[Key] = frozenset()
    outside_purposes: frozenset[Key] = frozenset()
    hidden_release_months: int = 1
    hidden_notice_days: int = 14
    retention_years: int = 10
    patient_classes: frozenset[Key] = frozenset()
    document_archived: str = ""
    document_deleted: str = ""
    deny_registry_code: str = "XDSRegistryError"
    deny_repository_code: str = "XDSRepositoryError"

    @property
    def restriction_schemes(self) -> frozenset[str]:
        """The coding schemes restrictions are taken from."""
        return frozenset(scheme for _, scheme in self.restriction_codes)

    def restrictions(self, codes: Iterable[Code]) -> frozenset[Restriction]:
        """What the confidentialityCodes of one entry restrict."""
        known = self.restriction_codes
        return frozenset(known[code.key] for code in codes if code.key in known)

    def restriction_code(self, restriction: Restriction) -> Code | None:
        """The code that says a restriction; ``None`` where the community has none."""
        for (code, scheme), known in self.restriction_codes.items():
            if known is restriction:
                return Code(code, scheme)
        return None

    def is_deleted(self, availability_status: str | None) -> bool:
        """Whether a document of this status was logically deleted."""
        return bool(self.document_deleted) and availability_status == self.document_deleted

    def row(self, roles: Iterable[Code]) -> str | None:
        """The one row of the matrix that roles stand for.

        A profession gives way to a code that says more about it. What remains must agree: neither
        the union nor the intersection of rows is a right anybody was given.

        Returns:
            ``None`` when a role is unknown, when there is none, or when they differ.
        """
        found = [(role.code, self.roles.get(role.key)) for role in roles]
        qualified = {known.of for _, known in found if known}
        rows = set()
        for code, known in found:
            if known is None:
                return None
            if known.of or code not in qualified:
                rows.add(known.row)
        return rows.pop() if len(rows) == 1 else None

    def matrix_at(self, now: str) -> MatrixVersion | None:
        """The version of the matrix in force at a moment (DTM of 14 digits, UTC)."""
        return next((v for v in reversed(self.matrix) if v.effective <= now), None)

    def readable_types(self, row: str | None, now: str) -> frozenset[Key]:
        """The types of documents that a row may read at a moment; none where roles are unclear."""
        version = self.matrix_at(now)
        if row is None or version is None:
            return frozenset()
        return version.readable.get(row, frozenset())
