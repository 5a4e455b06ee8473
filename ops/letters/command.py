"""The commands of `liandong dead-letters`: their words, their choices, their refusals."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import msgspec
import typer

from eventlog.letters import BY_CHARS_MAX, NOTE_CHARS_MAX, Done, Kept, Letters
from eventlog.resubmitting import resubmission
from eventlog.topics import TopicNames
from eventlog.verdict import UnreadReason
from ops.letters.acting import Desk
from ops.letters.telling import ROWS_SHOWN_MAX, as_plain, counted, listed, short, shown
from ops.reference.options import moment, now_ms
from ops.reference.tables import console
from ops.system import join
from reference.profile import load_profile
from runtime.faults import Fault
from runtime.settings import Settings

letters_app = typer.Typer(
    help="Records that nobody could decode. Each was copied here, its place is recorded as undecodable, and nothing of "
    "it is lost: look at it, resubmit it (corrected) as a new action, or discard it with a reason. Nothing is deleted. "
    "When more are open than LIANDONG_OPEN_LETTERS_MAX, deciding stands until enough were seen to.",
    no_args_is_help=True,
)

AsJson = Annotated[bool, typer.Option("--json", help="One JSON object, for machines.")]
OneOrigin = Annotated[str, typer.Argument(metavar="ORIGIN", help="PARTITION/OFFSET as listed, or with the topic's id.")]
By = Annotated[str, typer.Option("--by", metavar="PERSON", help="Who does it; stands in the log.")]

_BY = re.compile(rf"[\w.-]{{1,{BY_CHARS_MAX}}}")


@letters_app.command("list")
def show_all(
    everything: Annotated[bool, typer.Option("--all", help="Also what was resubmitted or discarded.")] = False,
    as_json: AsJson = False,
) -> None:
    """The open letters: how many, why, and the newest of them."""
    settings, _, letters = _read()
    chosen = [kept for kept in letters.found.values() if everything or kept.mark is None]
    if as_json:
        told = {
            "open": letters.open,
            "limit": settings.open_letters_max,
            "letters": [as_plain(kept) for kept in chosen],
        }
        typer.echo(msgspec.json.encode(told).decode())
        return
    zone, out = _zone(settings), console()
    if chosen:
        out.print(listed(chosen, zone))
    if len(chosen) > ROWS_SHOWN_MAX:
        out.print(f"另有 {len(chosen) - ROWS_SHOWN_MAX} 条,--json 列出全部。 More are not shown; --json has all.")
    out.print(counted(chosen, zone))
    out.print(f"待处理 open {letters.open}, 上限 limit {settings.open_letters_max}")


@letters_app.command()
def show(
    origin: OneOrigin,
    raw: Annotated[
        bool, typer.Option("--raw", help="The bytes as they came, and nothing else: may hold personal data in clear.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """One letter: why it could not be decoded, its form, what was done with it. Never its text, unless by --raw.

    liandong dead-letters show 3/17 --raw > letter.json
    """
    settings, desk, letters = _read()
    kept = _find(letters, origin)
    value = desk.value(kept.letter)
    if raw:
        sys.stdout.buffer.write(value)
        sys.stdout.buffer.flush()
    elif as_json:
        typer.echo(msgspec.json.encode(as_plain(kept)).decode())
    else:
        console().print(shown(kept, value, _zone(settings)))


@letters_app.command()
def resubmit(
    origin: OneOrigin,
    by: By,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="The corrected body; without it, the letter's own.")
    ] = None,
    note: Annotated[str, typer.Option("--note", help="Why; stands in the log.")] = "",
) -> None:
    """Append a letter as a new action, under an id that its origin decides: doing it twice adds nothing.

    A body that still can not be decoded is refused with what is wrong, before anything is written. The action is
    decided like any other, by the actor that its body names; it may be rejected. First see whether it was done in the
    meantime: liandong replay --case ID.

    liandong dead-letters show 3/17 --raw > letter.json
    (correct letter.json)
    liandong dead-letters resubmit 3/17 --file letter.json --by li --note "版本不符,已改正"
    """
    _require_person(by, note)
    _, desk, letters = _read()
    kept = _find(letters, origin)
    if kept.mark is not None and kept.mark.done is Done.RESUBMITTED:
        typer.echo(f"此前已重新提交,未再写入。 Resubmitted before, nothing was added: {_told(kept)}")
        return
    body = desk.value(kept.letter) if file is None else _body(file)
    attempt = resubmission(kept.letter.origin, body, now_ms())
    place = desk.resubmit(kept.letter.origin, attempt, by, note)
    typer.echo(f"已提交 appended: actions/{place.partition}/{place.offset}, {attempt.id}")
    typer.echo(f"结果 outcome: liandong replay --case {attempt.case}")


@letters_app.command()
def discard(
    by: By,
    note: Annotated[str, typer.Option("--note", metavar="WHY", help="Why nothing of it is wanted; stands in the log.")],
    origins: Annotated[list[str] | None, typer.Argument(metavar="ORIGIN", help="One or more, as listed.")] = None,
    before: Annotated[
        str | None,
        typer.Option("--before", metavar="TIME", help="All that came before; the city's zone unless stated."),
    ] = None,
    reason: Annotated[UnreadReason | None, typer.Option("--reason", help="All with that reason.")] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask, however many.")] = False,
) -> None:
    """Put open letters aside with a reason. They stay in the topic, and may still be resubmitted.

    --before and --reason together mean both. How many it would be is shown first, and asked unless they were named.

    liandong dead-letters discard 3/17 3/18 --by li --note "联调测试"
    liandong dead-letters discard --reason not_json --before 2026-11-28T09:00 --by li --note "压测误发"
    """
    _require_person(by, note, note_wanted=True)
    if bool(origins) == bool(before or reason or everything):
        raise Fault(
            "letters.nothing_chosen",
            "请给出 ORIGIN,或用 --before、--reason、--all 选择,二者取一。",
            "Name letters by ORIGIN, or choose them by --before, --reason, --all: one of the two.",
        )
    settings, desk, letters = _read()
    zone = _zone(settings)
    if origins:
        chosen = [_still_open(_find(letters, origin)) for origin in dict.fromkeys(origins)]
    else:
        before_ms = None if before is None else moment(before, zone)
        chosen = [kept for kept in letters.found.values() if _meant(kept, before_ms, reason)]
    typer.echo(counted(chosen, zone))
    if not origins and not yes:
        _ask(len(chosen))
    desk.discard(chosen, by, note)
    typer.echo(
        f"已弃置 discarded {len(chosen)}; 待处理 open {desk.letters.open}, 上限 limit {settings.open_letters_max}"
    )


def _read() -> tuple[Settings, Desk, Letters]:
    settings = join()
    if not settings.kafka:
        raise Fault(
            "settings.no_cluster",
            "未指定 LIANDONG_KAFKA,也没有在运行的系统。",
            "LIANDONG_KAFKA is not set, and no system is running on this data folder.",
            hint_zh="单机请先运行 liandong up。",
            hint_en="On one machine start liandong up first.",
        )
    desk = Desk(settings.kafka, TopicNames(settings.topic_prefix))
    return settings, desk, desk.read()


def _zone(settings: Settings) -> ZoneInfo:
    return ZoneInfo(load_profile(settings.profile).about.zone)


def _find(letters: Letters, origin: str) -> Kept:
    if (exact := letters.found.get(origin)) is not None:
        return exact
    found = [kept for kept in letters.found.values() if short(kept.letter.origin) == origin]
    if len(found) == 1:
        return found[0]
    if found:
        several = ", ".join(kept.letter.origin for kept in found)
        raise Fault(
            "letters.ambiguous",
            f"“{origin}”对应多条记录:{several}。",
            f"'{origin}' is the place of several: {several}.",
            hint_zh="请写全。",
            hint_en="Write it out.",
        )
    raise Fault(
        "letters.unknown",
        f"没有原位为“{origin}”的记录。",
        f"There is no letter with the origin '{origin}'.",
        hint_zh="liandong dead-letters list --all 列出全部。",
        hint_en="liandong dead-letters list --all shows them.",
    )


def _still_open(kept: Kept) -> Kept:
    if kept.mark is None:
        return kept
    raise Fault(
        "letters.settled",
        f"{short(kept.letter.origin)} 已处理过:{_told(kept)}。",
        f"{short(kept.letter.origin)} was seen to already: {_told(kept)}.",
    )


def _told(kept: Kept) -> str:
    mark = kept.mark
    if mark is None:
        return ""
    place = "" if mark.place is None else f", actions/{mark.place.partition}/{mark.place.offset}, {mark.action}"
    return f"{mark.done}, {mark.by}{place}"


def _meant(kept: Kept, before_ms: int | None, reason: UnreadReason | None) -> bool:
    letter = kept.letter
    in_time = before_ms is None or letter.at_ms < before_ms
    return kept.mark is None and in_time and (reason is None or letter.reason is reason)


def _require_person(by: str, note: str, note_wanted: bool = False) -> None:
    if not _BY.fullmatch(by):
        raise Fault(
            "letters.by",
            f"--by “{by}”不可用,应为 1–{BY_CHARS_MAX} 个字母、数字、汉字或 _ . -。",
            f"--by '{by}' cannot be used: 1-{BY_CHARS_MAX} letters, digits, _ . -",
        )
    if len(note) > NOTE_CHARS_MAX or (note_wanted and not note.strip()):
        raise Fault(
            "letters.note",
            f"--note 应说明原因,最多 {NOTE_CHARS_MAX} 个字符。",
            f"--note has to say why, in {NOTE_CHARS_MAX} characters at most.",
        )


def _body(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise Fault(
            "letters.file",
            f"无法读取文件 {file}:{error.strerror}。",
            f"The file {file} can not be read: {error.strerror}.",
        ) from None


def _ask(count: int) -> None:
    if not sys.stdin.isatty():
        raise Fault(
            "letters.no_terminal",
            "没有终端可以询问是否弃置。",
            "There is no terminal to ask whether to discard them.",
            hint_zh="核对上面的数量后,请加 --yes。",
            hint_en="Look at the number above, then give --yes.",
        )
    typer.confirm(f"弃置 {count} 条?Discard {count} letters?", abort=True)
