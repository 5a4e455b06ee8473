"""The failpoints of this system: every step at which a test may end, stop or fail a process, and what stands then.

Owns the names. A step of one kind of process bears its name; those that several take are called by what is at work:
`appender`, `adoption`, `contents`, `worker`. A test holds each of them to one place in the code.
"""

from __future__ import annotations

from collections.abc import Mapping

from runtime import failpoints

PROCESSES = ("api", "dispatch", "project", "clock", "react", "audit", "system", "command")
"""The kinds of processes: the parts, whoever keeps them alive (`demo`, `up`), and every other command."""

POINTS: Mapping[str, str] = {
    "appender.before_send": "an action is about to be handed to the producer: nothing of it is at the log",
    "appender.sent": "the producer has it, the log has not acknowledged it",
    "appender.acked": "it stands in the log, and whoever asked has not been told",
    "contents.before_one": "one more content is about to be published; those before it stand on refs",
    "contents.published": "all contents stand on refs, and nothing names them yet",
    "adoption.before_partition": "an adoption is about to be appended to one more partition",
    "adoption.partition_appended": "it stands in one more partition of actions, perhaps not in all",
    "adoption.appended": "it stands in all of them, and whoever asked has not been told",
    "topics.created": "the topics are there, nothing is published and nothing adopted",
    "api.before_load": "the tables are there, the board has not been read",
    "api.loaded": "the board is read from the rows, the log is not followed yet",
    "api.accounts_seeded": "the demo's accounts are written without their posts, nothing is committed",
    "api.token_kept": "a token is kept, and its owner has not been given it",
    "account.before_post": "a new account is written without its post, nothing is committed",
    "account.tokens_ended": "the tokens of an old password are gone, the new one is not written, nothing is committed",
    "api.action_read": "a request is read and let in, and nothing of it is kept",
    "api.key_kept": "the key of a case is kept, and nothing is sealed with it",
    "api.action_made": "an action is sealed and has its digest, and is not appended",
    "api.action_appended": "it stands in the log, and nobody waits for its decision",
    "api.outcome_found": "its decision is known here, or was not there in time",
    "api.before_answer": "the answer is known, and whoever asked has not been told",
    "api.adoption_decided": "what the partitions decided on an adoption is known, and whoever asked has not been told",
    "api.decision_seen": "a decision is folded into the board, and who waits for it has not been told",
    "api.folded": "a chunk of the log is folded into the board, and no screen has been told",
    "api.frame_made": "a frame is made, and no screen has been woken",
    "api.before_frame": "the screens are about to be sent a frame",
    "api.before_catch_up": "a screen that came back is about to be sent what it missed",
    "api.closing": "the server is closing its doors, and requests inside wait for their answers",
    "worker.before_join": "a processor has its connections and has not joined its group",
    "worker.placed": "it knows where to go on in the partitions it was given, and has read nothing",
    "worker.fetch_done": "it has worked through a fetch, and the group has not been told",
    "worker.revoked": "partitions are being taken away from it, and it does not know yet",
    "worker.before_drain": "it was told to stop and has no fetch in hand, but perhaps sends under way",
    "worker.drained": "all that it sent stands in the log, and it is still in its group",
    "worker.left": "it has left its group, and its connections are open",
    "dispatch.before_place": "a decider was given partitions and has read nothing of them",
    "dispatch.rows_read": "it has read the rows of their state, and not the tail of events",
    "dispatch.before_takeover": "its state is complete up to the end it saw, and no takeover record is sent",
    "dispatch.takeover_sent": "one more takeover record is handed to the producer",
    "dispatch.takeover_acked": "one more takeover record stands in events, perhaps not that of every partition",
    "dispatch.took": "all takeover records stand, and no action has been read",
    "dispatch.fetch_begun": "actions have arrived, and nothing is decided",
    "dispatch.before_decisions": "cases and contents of a fetch are there, and nothing is decided",
    "dispatch.adoption_decided": "an adoption is decided in one more partition, and its record is not sent",
    "dispatch.decided": "a decision is made and not sent",
    "dispatch.before_dead_letter": "what could not be decoded is about to be copied for people",
    "dispatch.dead_letter_sent": "the copy is handed to the producer, the record that says so is not",
    "dispatch.sent": "a decision is handed to the producer, and the log has not acknowledged it",
    "dispatch.acked": "a decision stands in events, and nobody has read it",
    "dispatch.mid_batch": "one more partition's share of a fetch is decided and sent, others' perhaps not",
    "dispatch.draining": "a decider that ends waits for sends under way",
    "project.rows_read": "the projector has read where the rows of a partition stand",
    "project.before_fill": "rows of a projection that is new here are about to be made from the timeline",
    "project.filled": "those rows are written without their place, nothing is committed",
    "project.place_begun": "a partition has its first places, and nothing is folded",
    "project.before_transaction": "records are folded in memory, and no row is written",
    "project.place_held": "the place is locked, and no row is written",
    "project.rows_of_one": "the rows of one more projection are written, nothing is committed",
    "project.before_position": "all rows are written and their place is not, nothing is committed",
    "project.before_commit": "rows and place are written, nothing is committed",
    "project.committed": "rows and place are committed, and the folds in memory still hold what ended",
    "clock.partition_loaded": "one more partition's open cases are loaded",
    "clock.folded": "a chunk is folded, and what falls due next is noted",
    "clock.before_tick": "something fell due, and no tick is sent",
    "clock.tick_appended": "a tick stands in the log, and the clock would send it again",
    "react.before_follow_up": "a decision asks for an action elsewhere, and it is not sent",
    "react.follow_up_appended": "one more of a fetch's follow-ups stands in the log, and their place is not kept",
    "react.before_place": "all follow-ups of a fetch stand in the log, and their place is not kept",
    "react.rulings_noted": "adjudications are on the list without their place, nothing is committed",
    "react.before_commit": "list and place are written, nothing is committed",
    "react.place_kept": "the place of a fetch is committed, and the reactor's own memory is behind",
    "ruling.turn_taken": "the reactor has the one turn to adopt, and has done nothing with it",
    "ruling.before_finishing": "it has found an adoption of its own that broke off halfway",
    "ruling.before_ruled": "the routing with the adjudications is in force, and the list does not say so",
    "ruling.ruled": "the list says so, nothing is committed",
    "rebuild.table_made": "one more empty table stands beside a live one",
    "rebuild.mid_fold": "one more chunk is folded into the new tables",
    "rebuild.caught_up": "the new tables stand where the log ended, and the live ones are not held",
    "rebuild.locked": "the live tables are held",
    "rebuild.before_swap": "live and rebuilt are compared, and nothing is swapped",
    "rebuild.table_dropped": "one more live table is dropped and the new one not in its place, nothing is committed",
    "rebuild.table_swapped": "one more table is swapped, nothing is committed",
    "rebuild.swapped": "the swap is committed, and nobody has been told",
    "system.part_started": "one more part is started, and others perhaps not",
    "system.before_restart": "a part has ended, and its pause is over",
    "system.part_stopped": "one more part is stopped, and others still run",
}
"""Name → what stands and what does not when it is hit."""


def begin(process: str) -> None:
    """Let failpoints be on in this process if LIANDONG_FAILPOINTS names a folder. Raises Fault as `Folder` does."""
    failpoints.switch_on(process, POINTS, PROCESSES)
