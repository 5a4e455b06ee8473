"""The documents' requests are sent as they stand: what integrators read is what the system does."""

from __future__ import annotations

import re
import time
import uuid
from pathlib import Path
from typing import Any

import httpx

from tests.support.live import Live

DOCS = Path(__file__).parents[3] / "docs"
FILE = DOCS / "requests.http"
STATED = re.compile(r"→ (?P<status>\d{3})(?:, (?P<outcome>\w+))?")


def _filled(text: str, api: str, answers: dict[str, Any]) -> str:
    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "api":
            return api
        if name == "$guid":
            return str(uuid.uuid4())
        if name == "$timestamp 7 d":
            return str(int(time.time()) + 7 * 86_400)
        request, _, field = name.partition(".response.body.")
        return str(answers[request][field])

    return re.sub(r"\{\{(.+?)\}\}", value, text)


def test_every_request_of_the_document_answers_as_the_document_says(live: Live) -> None:
    answers: dict[str, Any] = {}
    stated = 0
    for part in FILE.read_text().split("\n### ")[1:]:
        title, _, rest = part.partition("\n")
        name = re.match(r"# @name (\w+)\n", rest)
        request = _filled(rest[name.end() :] if name else rest, live.address, answers)
        head, _, body = request.strip().partition("\n\n")
        method, address, *headers = head.replace("\n", " ", 1).split(" ", 2)
        sent = dict(line.split(": ", 1) for line in headers if line)
        answer = httpx.request(method, address, content=body.encode() or None, headers=sent, timeout=20)
        assert answer.is_success, f"{title}: {answer.text}"
        if name:
            answers[name[1]] = answer.json()
        if says := STATED.search(title):
            stated += 1
            assert answer.status_code == int(says["status"]), title
            assert says["outcome"] in {None, answer.json().get("outcome")}, f"{title}: {answer.text}"
    assert stated >= 34, "the document says what comes back"
    assert answers["report"]["case_id"]


def _sent(text: str) -> httpx.Response:
    head, _, body = text.strip().partition("\n\n")
    first, *headers = head.splitlines()
    method, address = first.split(" ")
    sent = dict(line.split(": ", 1) for line in headers)
    return httpx.request(method, address, content=body.encode() or None, headers=sent, timeout=20)


def test_every_example_of_the_api_document_answers_as_the_document_says(live: Live) -> None:
    answers: dict[str, Any] = {}
    ids: dict[str, str] = {}

    def value(match: re.Match[str]) -> str:
        name = match[1]
        if name == "api":
            return live.address
        if name.startswith("guid:"):
            return ids.setdefault(name, str(uuid.uuid4()))
        request, _, field = name.partition(".")
        return str(answers[request][field])

    seen: list[str] = []
    for block in re.findall(r"```http\n(.*?)```", (DOCS / "api.md").read_text(), re.DOTALL):
        title, _, rest = block.partition("\n")
        says = re.search(r"→ (\d{3})(?: (\w+))?$", title)
        assert says, f"an example that does not say what comes back: {title}"
        answer = _sent(re.sub(r"\{\{(.+?)\}\}", value, rest))
        found = answer.json() if "json" in answer.headers["content-type"] else {}
        assert answer.status_code == int(says[1]), f"{title}: {answer.text}"
        assert says[2] in {None, found.get("outcome"), found.get("code")}, f"{title}: {answer.text}"
        if name := re.match(r"# @name (\w+)", title):
            answers[name[1]] = found
        seen.append(says[1])
    assert set(seen) >= {"200", "201", "401", "403", "404", "409", "422"}
