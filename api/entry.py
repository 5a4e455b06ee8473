"""What is open to everybody: the site's names and map, and the log-in."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.responses import FileResponse

from api.accounts import DEMO_PASSWORD
from api.intake import read_body
from api.parts import Parts, now_ms
from api.problems import Problem
from domain.grid.tree import GridTree
from reference.contents import Contents

GEOJSON = "application/geo+json"


def add_entry(app: FastAPI, parts: Parts) -> None:
    """The routes that need no token."""
    maps: dict[str, bytes] = {}

    @app.get("/api/site")
    async def site() -> dict[str, Any]:
        version, contents = await parts.in_force()
        return _site(parts, version, contents)

    @app.get("/api/site/map")
    async def city_map() -> Response:
        version, contents = await parts.in_force()
        if contents.grids != parts.profile.contents.grids:
            if version not in maps:
                maps.clear()
                maps[version] = await asyncio.to_thread(_drawn, contents)
            return Response(maps[version], media_type=GEOJSON)
        path = parts.profile.map_path
        if path is None:
            raise Problem("not_found")
        return FileResponse(path, media_type=GEOJSON)

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


def _drawn(contents: Contents) -> bytes:
    """The map of a tree that is no longer the profile's: the grids of now down to the villages."""
    from reference.geojson import export_tree  # only here: the API comes up sooner without the geometry library

    tree, at_ms = GridTree(contents.grids), now_ms()
    features = [one for level in range(3) for one in export_tree(tree, at_ms, level)["features"] if _has_area(one)]
    return msgspec.json.encode({"type": "FeatureCollection", "features": features})


def _has_area(feature: dict[str, Any]) -> bool:
    return feature["geometry"] is not None and feature["geometry"]["type"] != "Point"


def _site(parts: Parts, version: str, contents: Contents) -> dict[str, Any]:
    about, at_ms = parts.profile.about, now_ms()
    towns = sorted((g for g in contents.grids if g.level == 1 and g.valid(at_ms)), key=lambda g: g.code)
    drawn = parts.profile.map_path is not None or any(grid.area for grid in contents.grids)
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
        "version": version,
        "demo": {"username": "wall", "password": DEMO_PASSWORD} if parts.settings.demo else None,
        "towns": [{"code": g.code, "zh": g.zh, "en": g.en or g.zh} for g in towns],
        "classes": {c.code: {"zh": c.zh, "en": c.en} for c in contents.standard.classes},
        "units": {u.code: {"zh": u.zh, "en": u.en} for u in contents.units},
        "grids": {g.code: {"zh": g.zh, "en": g.en or g.zh} for g in contents.grids if g.level == 2},
        "map": f"/api/site/map?version={version[:12]}" if drawn else None,
        "target_permille": 950,
    }
