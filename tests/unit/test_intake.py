"""What a request's body may hold: text that is what it shows, and not too much of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from api.intake import read_action
from api.problems import Problem
from domain.case.values import TEXT_CHARS_MAX

ID = "0b2f3a54-5c3a-4b55-8f5c-6a1d7d9c2b11"


def note(text: str) -> bytes:
    return json.dumps({"action_id": ID, "action": "note", "text": text}).encode()


def problem_of(body: bytes) -> tuple[str, dict[str, Any]]:
    with pytest.raises(Problem) as refused:
        read_action(body, report=False)
    return refused.value.code, refused.value.more


@pytest.mark.parametrize("character", ["\u200b", "\u202e", "\u2066", "\x00", "\x1b", "\ufeff", "\u00ad"])
def test_a_character_that_shows_nothing_or_turns_the_text_round_is_named_with_its_field(character: str) -> None:
    code, more = problem_of(note(f"安{character}全"))
    assert (code, more) == ("unseen_character", {"field": "text", "found": f"U+{ord(character):04X}"})


def test_a_field_inside_others_is_named_too() -> None:
    waiver = {"unit": "u", "reason": "无\u200b"}
    body = json.dumps({"action_id": ID, "action": "handle", "without": [waiver]}).encode()
    assert problem_of(body) == ("unseen_character", {"field": "without[0].reason", "found": "U+200B"})


@pytest.mark.parametrize("text", ["一\n二\r\n三\t四", "🚧 ５号 — ‘好’", "字" * TEXT_CHARS_MAX])
def test_what_people_write_is_taken_as_it_is(text: str) -> None:
    _, action, plain = read_action(note(text), report=False)
    assert (getattr(action, "text", None), plain["text"]) == (text, text)


def test_a_text_of_one_character_too_many_is_refused_with_its_length() -> None:
    code, more = problem_of(note("字" * (TEXT_CHARS_MAX + 1)))
    assert (code, more) == ("text_too_long", {"field": "text", "found": 4_001, "allowed": 4_000})
