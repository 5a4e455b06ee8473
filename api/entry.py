"""What is open to everybody: the site's names and map, and the log-in."""

from __future__ import annotations

from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from api.accounts import DEMO_PASSWORD
from api.intake import read_body
from api.parts import Parts
from api.problems import Problem


def add_entry(app: FastAPI, parts: Parts) -> None:
    """The routes that need no token."""

    @app.get("/api/site")
    async def site() -> dict[str, Any]:
        return _site(parts)

    @app.get("/api/site/map")
    async def city_map() -> Response:
        path = parts.profile.map_path
        if path is None:
            raise Problem("not_found")
        return FileResponse(path, media_type="application/geo+json", headers={"Cache-Control": "max-age=3600"})

    @app.post("/api/token")
    async def token(request: Request) -> dict[str, Any]:
        try:
            body = msgspec.json.decode(await read_body(request), type=dict[str, str])
            username, password = body["username"], body["password"]
        except (msgspec.DecodeError, KeyError, UnicodeDecodeError) as error:
            raise Problem("malformed", found=str(error), allowed=["username", "password"]) from error
        if parts.accounts.locked(username):
            raise Problem("slow_down")
        entered = await parts.accounts.log_in(username, password)
        if entered is None:
            raise Problem("wrong_password")
        secret, life, person = entered
        post = person.posts[0]
        return {
            "access_token": secret,
            "token_type": "bearer",
            "expires_in": life // 1000,
            "role": str(post.role),
            "scope": post.scope,
        }


def _site(parts: Parts) -> dict[str, Any]:
    about, profile = parts.profile.about, parts.profile
    named = {
        "profile": about.name,
        "title_zh": about.title_zh,
        "title_en": about.title_en,
        "name_zh": about.name_zh,
        "name_en": about.name_en,
        "zone": about.zone,
    }
    return {
        **named,
        "build": parts.build,
        "demo": {"username": "wall", "password": DEMO_PASSWORD} if parts.settings.demo else None,
        "towns": [{"code": g.code, "zh": g.zh, "en": g.en or g.zh} for g in profile.contents.grids if g.level == 1],
        "classes": {c.code: {"zh": c.zh, "en": c.en} for c in profile.contents.standard.classes},
        "units": {u.code: {"zh": u.zh, "en": u.en} for u in profile.contents.units},
        "grids": {g.code: {"zh": g.zh, "en": g.en or g.zh} for g in profile.contents.grids if g.level == 2},
        "map": "/api/site/map" if profile.map_path else None,
        "target_permille": 950,
    }
