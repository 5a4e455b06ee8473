"""Values of a case: the words of the domain document §2-§4 as types.

Owns the closed lists (states, roles, channels, clocks) and the small immutable values that actions and events
are made of. Nothing here reads a clock or makes an id.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

NOTES_PER_CASE_MAX = 500
RECURRENCES_MAX = 100
CO_HANDLERS_MAX = 12
PHOTOS_MAX = 20
TEXT_CHARS_MAX = 4_000
IMPORT_STEPS_MAX = 40
VERIFICATIONS_MAX = 5
LEVEL_MOVES_MAX = 20
MERGED_MAX = 100
ROUNDS_MAX = 20
SUPERVISIONS_MAX = 50
CONSULTATIONS_MAX = 20
HAND_OVERS_MAX = 20
SHELVINGS_MAX = 50
SHELVED_MS_MAX = 7 * 86_400_000
EXTENSIONS_MAX = 2
EXTENSION_REQUESTS_MAX = 8
SUSPENSIONS_MAX = 1
SUSPENSION_REQUESTS_MAX = 8
SUSPENSION_MS_MAX = 366 * 86_400_000
"""At most one year, and a year may have a leap day."""


class Status(StrEnum):
    """Where a case stands (domain document §3); a case that does not exist has no status."""

    REPORTED = "reported"
    VERIFYING = "verifying"
    ACCEPTED = "accepted"
    FILED = "filed"
    DISPATCHED = "dispatched"
    HANDLING = "handling"
    SUSPENDED = "suspended"
    HANDLED = "handled"
    CHECKING = "checking"
    CHECKED = "checked"
    CLOSED = "closed"
    DECLINED = "declined"
    NOT_FILED = "not_filed"
    VOID = "void"
    MERGED = "merged"


OPEN_STATUSES: frozenset[Status] = frozenset(Status) - {
    Status.CLOSED,
    Status.DECLINED,
    Status.NOT_FILED,
    Status.VOID,
    Status.MERGED,
}

HANDLED_STATUSES: frozenset[Status] = frozenset({Status.HANDLED, Status.CHECKING, Status.CHECKED})
"""The lead has handled it and nobody sent it back."""


class Role(StrEnum):
    """Who a post makes a person (domain document §2)."""

    COLLECTOR = "collector"
    GRID_HEAD = "grid_head"
    ACCEPTOR = "acceptor"
    SHIFT_HEAD = "shift_head"
    DISPATCHER = "dispatcher"
    HANDLER = "handler"
    LEADER = "leader"
    INSPECTOR = "inspector"
    APPRAISER = "appraiser"
    AUDITOR = "auditor"
    ADMIN = "admin"
    WALL = "wall"
    PUBLIC = "public"
    SYSTEM = "system"
    IMPORTER = "importer"


class Channel(StrEnum):
    """The way a report came in (domain document §3, `report`)."""

    PATROL = "patrol"
    HOTLINE = "hotline"
    LEADER = "leader"
    MEDIA = "media"
    PETITION = "petition"
    WECHAT = "wechat"
    WALK_IN = "walk_in"
    UPPER_LEVEL = "upper_level"
    SENSOR = "sensor"


class DeclineReason(StrEnum):
    """Why intake turns a report away; a code, so that it can be counted."""

    NOT_A_MATTER = "not_a_matter"
    OUTSIDE_CITY = "outside_city"
    NOT_ADMITTED = "not_admitted"
    DUPLICATE = "duplicate"
    UNINTELLIGIBLE = "unintelligible"


class Finding(StrEnum):
    """What a collector found who was asked to verify a report on the spot 核实."""

    TRUE = "true"
    FALSE = "false"
    CANNOT_FIND = "cannot_find"


class EscalationReason(StrEnum):
    """Why a desk lifts a case one level."""

    BEYOND_OUR_POWERS = "beyond_our_powers"
    SEVERAL_PLACES = "several_places"
    MAJOR_MATTER = "major_matter"
    NEEDS_DEPARTMENTS = "needs_departments"


class HandDownReason(StrEnum):
    """Why a higher desk lowers a case one level 交办."""

    LOCAL_MATTER = "local_matter"
    DUTY_OF_THE_PLACE = "duty_of_the_place"
    BY_ORDER = "by_order"


class FilingRefusal(StrEnum):
    """Why an accepted report is not filed 不立案."""

    BELOW_CONDITION = "below_condition"
    OUTSIDE_DUTIES = "outside_duties"
    ALREADY_RESOLVED = "already_resolved"
    NOT_VERIFIED = "not_verified"
    DUPLICATE = "duplicate"


class VoidReason(StrEnum):
    """Why a case is void 作废: it should never have been one."""

    REPORTED_IN_ERROR = "reported_in_error"
    NOTHING_FOUND = "nothing_found"
    DUPLICATE = "duplicate"
    TRIAL = "trial"


class ForceReason(StrEnum):
    """Why a leader closes a case that the usual way does not end 强制结案."""

    CANNOT_BE_DONE = "cannot_be_done"
    IN_COURT = "in_court"
    OWNER_UNKNOWN = "owner_unknown"
    DONE_OTHERWISE = "done_otherwise"


class FailReason(StrEnum):
    """Why a check after disposal fails."""

    NOT_DONE = "not_done"
    PARTLY_DONE = "partly_done"
    BADLY_DONE = "badly_done"
    WRONG_PLACE = "wrong_place"


class ReturnReason(StrEnum):
    """Why a lead gives a case back to the dispatcher."""

    NOT_OURS = "not_ours"
    OUTSIDE_OUR_AREA = "outside_our_area"
    WRONG_CLASS = "wrong_class"
    CANNOT_FIND = "cannot_find"
    BEYOND_OUR_POWERS = "beyond_our_powers"


class ExtensionReason(StrEnum):
    """Why a lead asks for more time."""

    WEATHER = "weather"
    MATERIALS = "materials"
    OTHERS_NEEDED = "others_needed"
    LEGAL_STEPS = "legal_steps"
    LARGE_WORKS = "large_works"


class SuspensionReason(StrEnum):
    """Why a lead asks for a pause."""

    SEASON = "season"
    FUNDS = "funds"
    LEGAL_STEPS = "legal_steps"
    OWNER_ABSENT = "owner_absent"
    WORKS_PLANNED = "works_planned"


class ReopenReason(StrEnum):
    """Why a closed case is opened again."""

    NOT_SOLVED = "not_solved"
    COMPLAINT = "complaint"
    CLOSED_IN_ERROR = "closed_in_error"
    AUDIT = "audit"


class AppealReason(StrEnum):
    """Why a handling unit asks that a breach be left out of the statistics."""

    FORCE_MAJEURE = "force_majeure"
    WAITED_FOR_OTHERS = "waited_for_others"
    NOT_OUR_DUTY = "not_our_duty"
    SYSTEM_FAULT = "system_fault"
    WRONG_LIMIT = "wrong_limit"


class SupervisionKind(StrEnum):
    """How a leader or an inspector presses for a case 督办."""

    URGE = "urge"
    ORDER = "order"
    LISTED = "listed"


class Measure(StrEnum):
    """The form of a consultation 会商研判 (domain document §3, `consult`)."""

    SITE_VISIT = "site_visit"
    COORDINATION_MEETING = "coordination_meeting"
    JOINT_MEETING = "joint_meeting"
    JOINT_ENFORCEMENT = "joint_enforcement"


class Stance(StrEnum):
    """What a unit says in a consultation."""

    AGREES = "agrees"
    AGREES_IN_PART = "agrees_in_part"
    DISAGREES = "disagrees"
    ABSENT = "absent"


class AdjudicationReason(StrEnum):
    """On what grounds somebody is said to own a matter 裁决."""

    LAW = "law"
    DUTIES = "duties"
    ASSET = "asset"
    TERRITORY = "territory"


class ShelveReason(StrEnum):
    """Why the dispatcher puts an alarm aside for a while."""

    BEING_DEALT_WITH = "being_dealt_with"
    WAITING_FOR_OTHERS = "waiting_for_others"
    KNOWN_FAULT = "known_fault"


class DropCause(StrEnum):
    """Why an open request died without an answer."""

    STATE_LEFT = "state_left"
    OVERDUE = "overdue"
    EXPIRED = "expired"


class Stage(StrEnum):
    """How far a party has come; the order of the members is the order of the work."""

    EN_ROUTE = "en_route"
    ON_SCENE = "on_scene"
    HANDLING = "handling"


STAGE_ORDER: dict[Stage | None, int] = {None: 0, Stage.EN_ROUTE: 1, Stage.ON_SCENE: 2, Stage.HANDLING: 3}


class CloseKind(StrEnum):
    """How a case ended well (domain document §3, `closed`)."""

    NORMAL = "normal"
    OVERDUE = "overdue"
    SELF_HANDLED = "self_handled"
    SPECIAL = "special"
    FORCED = "forced"


class ClockKind(StrEnum):
    """The legal clocks of a case (domain document §4); all but `handle` and `co_handle` are stage clocks."""

    ACCEPT = "accept"
    VERIFY = "verify"
    FILE = "file"
    DISPATCH = "dispatch"
    ACKNOWLEDGE = "acknowledge"
    HANDLE = "handle"
    CO_HANDLE = "co_handle"
    SEND_CHECK = "send_check"
    CHECK = "check"
    CLOSE = "close"


HANDLING_CLOCKS: frozenset[ClockKind] = frozenset({ClockKind.HANDLE, ClockKind.CO_HANDLE})


class ClockVerdict(StrEnum):
    """What a stopped clock says: done at the deadline is on time, `missed` is strictly after it.

    `reassigned` is a clock whose unit was relieved of the case before its deadline.
    """

    MET = "met"
    MISSED = "missed"
    WAIVED = "waived"
    REASSIGNED = "reassigned"
    NO_DEADLINE = "no_deadline"


class PauseCause(StrEnum):
    """Why a clock stands still and will go on."""

    VERIFYING = "verifying"
    RETURNED = "returned"
    SUSPENDED = "suspended"
    MERGED = "merged"


class Sealed(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Personal text under a per-subject key: `kid` names the key, `box` is base64(nonce + AES-256-GCM)."""

    kid: str
    box: str


Text = str | Sealed
"""Free text: a plain string only where its author marked it public, else sealed (design document §9)."""


class Actor(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """Who acts, with the post as authenticated: role, unit, scope (a code prefix) and level (0 city … 3 cell)."""

    person: str
    role: Role
    scope: str = ""
    level: int = 0
    unit: str | None = None


class Place(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """The smallest grid code known, and a WGS84 point (degrees) where there is one."""

    grid: str
    lon: float | None = None
    lat: float | None = None


class Photo(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A photo by its SHA-256 (hex); the picture itself never enters the log."""

    sha256: str


class Waiver(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """A co-handler whom the lead finishes without, and why."""

    unit: str
    reason: Text


class Position(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """What one unit said in a consultation."""

    unit: str
    stance: Stance


class Contact(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """The reporter as a person: always sealed."""

    name: Text | None = None
    phone: Text | None = None


class Source(msgspec.Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Where an imported case comes from: the source's name and its own number."""

    name: str
    number: str
