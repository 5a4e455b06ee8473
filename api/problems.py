"""Errors as RFC 9457 problem documents: a stable type, two titles, what was found and what is allowed."""

from __future__ import annotations

from typing import Any

from fastapi.responses import JSONResponse

TITLES: dict[str, tuple[int, str, str]] = {
    "unauthenticated": (401, "请先登录", "Log in first"),
    "wrong_password": (401, "用户名或密码不正确", "The user name or password is wrong"),
    "forbidden": (403, "该岗位无权执行此操作", "This post may not do this"),
    "not_found": (404, "没有找到", "There is no such thing"),
    "method_not_allowed": (405, "不支持此方法", "This method is not supported"),
    "too_large": (413, "请求内容过大", "The request is too large"),
    "malformed": (422, "请求内容不正确", "The request is malformed"),
    "unseen_character": (422, "文字中含有不可见或易混淆的控制字符", "A text holds a character that shows nothing"),
    "text_too_long": (422, "文字过长", "A text is too long"),
    "reference_faults": (422, "内容有错误,未予采用", "The contents have faults and are not taken"),
    "bad_date": (422, "日期应写作 2026-11-25", "A day is written as 2026-11-25"),
    "period_reversed": (422, "结束日期早于开始日期", "The period ends before it starts"),
    "period_too_long": (422, "统计期过长", "The period is too long"),
    "outside_calendar": (422, "日期超出工作日历的年份", "The days lie outside the calendar's years"),
    "unknown_act": (404, "没有这个事项", "There is no such act"),
    "unknown_clock": (422, "没有这种时钟", "There is no such clock"),
    "unknown_register": (404, "没有这个台账", "There is no such register"),
    "bad_level": (422, "级别只能是 0、1、2", "A level is 0, 1 or 2"),
    "limit_out_of_range": (422, "每页条数超出范围", "The limit of a page is out of range"),
    "bad_mark": (422, "翻页标记不正确", "The mark of the next page is not one of ours"),
    "unknown_figure": (404, "没有这个指标", "There is no such figure"),
    "unknown_scope": (404, "没有这个网格编码", "No grid has such a code"),
    "outside_post": (403, "该范围不在您的岗位管辖之内", "Your post does not cover this scope"),
    "slow_down": (429, "请求过于频繁", "Too many requests"),
    "internal": (500, "内部错误", "Something went wrong inside"),
    "log_unreachable": (503, "日志暂时不可用", "The log cannot be reached"),
    "rows_unreachable": (503, "数据库暂时不可用", "The database cannot be reached"),
    "starting": (503, "系统正在连接日志与数据库", "The log and the database are being connected"),
    "adoption_under_way": (503, "另一次采用尚未完成", "Another adoption is still under way"),
    "behind": (503, "投影尚未跟上", "The projections are behind"),
    "line_stands": (503, "已停止作出决定", "Deciding stands"),
}
REPEAT = "同一 action_id 重试是安全的 / repeating the same action_id is safe"
MEDIA = "application/problem+json"


class Problem(Exception):
    """Raised in a route; the application answers with its document."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code)
        self.code = code
        self.more = more


def document(code: str, **more: Any) -> JSONResponse:
    """The answer for a code of TITLES; `more` are further members (found, allowed, field, hint)."""
    status, zh, en = TITLES[code]
    body = {"type": f"urn:liandong:problem:{code}", "title": zh, "title_en": en, "status": status, "code": code, **more}
    headers = {"Retry-After": "1"} if status in (429, 503) else None
    return JSONResponse(body, status, headers, MEDIA)
