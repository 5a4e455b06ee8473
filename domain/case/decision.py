"""What a decision can be, and the reasons for which the rules say no. Values only."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from domain.case.events import CaseEvent


class ReasonCode(StrEnum):
    """Stable codes of the rules' refusals; their Chinese and English sentences stand in `domain.case.reasons`."""

    WRONG_STATE = "wrong_state"
    WRONG_ROLE = "wrong_role"
    WRONG_LEVEL = "wrong_level"
    OUT_OF_SCOPE = "out_of_scope"
    UNKNOWN_CASE = "unknown_case"
    ALREADY_REPORTED = "already_reported"
    UNKNOWN_CLASS = "unknown_class"
    UNKNOWN_CONDITION = "unknown_condition"
    UNKNOWN_GRID = "unknown_grid"
    UNKNOWN_UNIT = "unknown_unit"
    NO_LIMIT = "no_limit"
    BAD_LIMIT = "bad_limit"
    UNIT_OUT_OF_SCOPE = "unit_out_of_scope"
    UNIT_NAMED_TWICE = "unit_named_twice"
    NOT_A_PARTY = "not_a_party"
    TOO_MANY_VERIFICATIONS = "too_many_verifications"
    NOT_THE_VERIFIER = "not_the_verifier"
    NOTHING_TO_COMPLETE = "nothing_to_complete"
    STATED_ALREADY = "stated_already"
    NO_SUCH_LEVEL = "no_such_level"
    PLACE_TOO_COARSE = "place_too_coarse"
    NOT_SENT_HERE = "not_sent_here"
    DISPATCHED_ALREADY = "dispatched_already"
    TOO_MANY_LEVEL_MOVES = "too_many_level_moves"
    NOT_ACKNOWLEDGED = "not_acknowledged"
    PROGRESS_ORDER = "progress_order"
    CO_HANDLER_OPEN = "co_handler_open"
    DISCOVERER_MAY_NOT_HANDLE = "discoverer_may_not_handle"
    HANDLER_MAY_NOT_CHECK = "handler_may_not_check"
    DISCOVERER_MAY_NOT_CHECK = "discoverer_may_not_check"
    NOT_THE_CHECKER = "not_the_checker"
    NO_OPEN_EXTENSION = "no_open_extension"
    EXTENSION_OPEN = "extension_open"
    EXTENSION_TOO_LONG = "extension_too_long"
    TOO_MANY_EXTENSIONS = "too_many_extensions"
    NO_OPEN_SUSPENSION = "no_open_suspension"
    SUSPENSION_OPEN = "suspension_open"
    SUSPENSION_TOO_LONG = "suspension_too_long"
    SUSPENSION_OVER = "suspension_over"
    TOO_MANY_SUSPENSIONS = "too_many_suspensions"
    ALREADY_OVERDUE = "already_overdue"
    URGENT_NOT_EXTENDED = "urgent_not_extended"
    DECIDES_OWN_REQUEST = "decides_own_request"
    MERGES_INTO_ITSELF = "merges_into_itself"
    MERGE_CIRCLE = "merge_circle"
    MERGE_TARGET_ENDED = "merge_target_ended"
    TOO_MANY_MERGED = "too_many_merged"
    TOO_MANY_ROUNDS = "too_many_rounds"
    RATED_ALREADY = "rated_already"
    APPEALED_ALREADY = "appealed_already"
    NOTHING_TO_APPEAL = "nothing_to_appeal"
    APPEAL_NOT_REVIEWED = "appeal_not_reviewed"
    NO_OPEN_APPEAL = "no_open_appeal"
    NOT_SIMPLE = "not_simple"
    DRAWN_FOR_CHECK = "drawn_for_check"
    SPECIAL_WITHOUT_GROUNDS = "special_without_grounds"
    TOO_MANY_SUPERVISIONS = "too_many_supervisions"
    NO_SUCH_SUPERVISION = "no_such_supervision"
    DUE_OUT_OF_RANGE = "due_out_of_range"
    TOO_MANY_CONSULTATIONS = "too_many_consultations"
    NO_SUCH_CONSULTATION = "no_such_consultation"
    NOT_THE_PLACE = "not_the_place"
    NOT_FIRST_CONTACT = "not_first_contact"
    NOTHING_OFFERED = "nothing_offered"
    NOT_OFFERED_TO = "not_offered_to"
    TOO_MANY_HAND_OVERS = "too_many_hand_overs"
    NO_ALARM = "no_alarm"
    TOO_MANY_SHELVINGS = "too_many_shelvings"
    WRONG_CLOSE_KIND = "wrong_close_kind"
    LINKS_ITSELF = "links_itself"
    LINKED_ALREADY = "linked_already"
    TOO_MANY_RECURRENCES = "too_many_recurrences"
    TOO_MANY_NOTES = "too_many_notes"
    VERSION_CONFLICT = "version_conflict"
    ACTION_ID_REUSED = "action_id_reused"
    IMPORT_TIME_IN_FUTURE = "import_time_in_future"
    IMPORT_ENDS_BEFORE_START = "import_ends_before_start"
    IMPORT_OUT_OF_ORDER = "import_out_of_order"
    NO_RULES = "no_rules"
    OUTSIDE_CALENDAR = "outside_calendar"
    BASE_MOVED = "base_moved"


Detail = dict[str, str | int | list[str] | None]


class Rejection(msgspec.Struct, frozen=True, gc=False, omit_defaults=True, forbid_unknown_fields=True):
    """The rules say no: why, the state that was found (None: no such case), and what was found or is allowed."""

    code: ReasonCode
    state: str | None = None
    detail: Detail = {}


class Accepted(msgspec.Struct, frozen=True, gc=False):
    """The action holds: 1..n events."""

    events: tuple[CaseEvent, ...]


class Unchanged(msgspec.Struct, frozen=True, gc=False):
    """It is so already; `detail` says since when and by whom, `due` is what fell due before the action."""

    detail: Detail = {}
    due: tuple[CaseEvent, ...] = ()


class Rejected(msgspec.Struct, frozen=True, gc=False):
    """The action does not hold; `due` is what fell due before it and is recorded all the same."""

    rejection: Rejection
    due: tuple[CaseEvent, ...] = ()


Decision = Accepted | Unchanged | Rejected


class Refused(Exception):
    """Raised inside the rules to leave a step early; `decide` turns it into `Rejected`."""

    def __init__(self, code: ReasonCode, **detail: str | int | list[str] | None) -> None:
        super().__init__(code)
        self.code = code
        self.detail: Detail = detail


class AlreadySo(Exception):
    """Raised inside the rules when nothing is left to do; `decide` turns it into `Unchanged`."""

    def __init__(self, **detail: str | int | list[str] | None) -> None:
        super().__init__()
        self.detail: Detail = detail
