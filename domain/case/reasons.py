"""The sentences of the rules' refusals, in Chinese and English; the codes are stable, the sentences may improve."""

from __future__ import annotations

from domain.case.decision import ReasonCode

SENTENCES: dict[ReasonCode, tuple[str, str]] = {
    ReasonCode.WRONG_STATE: ("案件当前状态不允许此操作", "The case is not in a state that allows this action"),
    ReasonCode.WRONG_ROLE: ("该岗位无权执行此操作", "This post may not do this"),
    ReasonCode.WRONG_LEVEL: ("案件不在本级受理", "The case is at another level's desk"),
    ReasonCode.OUT_OF_SCOPE: ("超出管辖范围", "The place is outside this post's scope"),
    ReasonCode.UNKNOWN_CASE: ("没有此案件", "There is no such case"),
    ReasonCode.ALREADY_REPORTED: ("案件已存在", "The case exists already"),
    ReasonCode.UNKNOWN_CLASS: ("案件类别不存在", "There is no such case class"),
    ReasonCode.UNKNOWN_CONDITION: ("立案条件不存在", "There is no such filing condition"),
    ReasonCode.UNKNOWN_GRID: ("网格编码不存在", "There is no such grid"),
    ReasonCode.UNKNOWN_UNIT: ("处置单位不存在", "There is no such unit"),
    ReasonCode.NO_LIMIT: ("该立案条件没有处置时限", "This filing condition has no time limit"),
    ReasonCode.BAD_LIMIT: ("处置时限写法不正确", "The time limit cannot be read"),
    ReasonCode.UNIT_OUT_OF_SCOPE: ("该单位不管辖此地", "This unit does not serve that place"),
    ReasonCode.UNIT_NAMED_TWICE: ("同一单位被重复指派", "One unit was named twice"),
    ReasonCode.NOT_A_PARTY: ("该单位不是本案的主办或协办单位", "This unit is not a party to the case"),
    ReasonCode.NOT_ACKNOWLEDGED: ("单位尚未签收", "The unit has not acknowledged yet"),
    ReasonCode.PROGRESS_ORDER: ("处置进度只能向前", "Progress only goes forward"),
    ReasonCode.CO_HANDLER_OPEN: ("协办单位尚未办结", "A co-handler is still at work"),
    ReasonCode.DISCOVERER_MAY_NOT_HANDLE: ("巡办分离:发现人不得处置", "Whoever discovered it may not handle it"),
    ReasonCode.HANDLER_MAY_NOT_CHECK: ("巡办分离:处置单位不得核查", "Whoever handled it may not check it"),
    ReasonCode.DISCOVERER_MAY_NOT_CHECK: ("本标准不允许发现人核查", "This standard keeps the discoverer from checking"),
    ReasonCode.NOT_THE_CHECKER: ("核查任务派给了他人", "The check was given to somebody else"),
    ReasonCode.NO_OPEN_EXTENSION: ("没有待审批的延期申请", "There is no open request for more time"),
    ReasonCode.EXTENSION_OPEN: ("已有延期申请待审批", "A request for more time is open already"),
    ReasonCode.EXTENSION_TOO_LONG: ("延期不得超过一个原时限", "More than one original limit cannot be added"),
    ReasonCode.TOO_MANY_EXTENSIONS: ("延期次数已达上限", "The case was given more time as often as it may be"),
    ReasonCode.ALREADY_OVERDUE: ("已超时,不得再延期", "The deadline has passed: nothing is granted after it"),
    ReasonCode.URGENT_NOT_EXTENDED: ("紧急时限不得延期", "An urgent limit is never extended"),
    ReasonCode.DECIDES_OWN_REQUEST: ("不得审批本人的申请", "Nobody decides a request of their own"),
    ReasonCode.WRONG_CLOSE_KIND: ("结案类型与时限结果不符", "The kind of closing contradicts the clock"),
    ReasonCode.LINKS_ITSELF: ("案件不能与自身关联", "A case cannot repeat itself"),
    ReasonCode.LINKED_ALREADY: ("案件已关联另一案件", "The case is linked to another one already"),
    ReasonCode.TOO_MANY_RECURRENCES: ("复发关联数量已达上限", "As many cases repeat this one as it can hold"),
    ReasonCode.TOO_MANY_NOTES: ("备注数量已达上限", "The case has as many notes as it can hold"),
    ReasonCode.VERSION_CONFLICT: ("案件已有新的变化", "The case has moved on since it was read"),
    ReasonCode.ACTION_ID_REUSED: ("同一操作编号的内容不同", "This action id was used with other content"),
    ReasonCode.IMPORT_TIME_IN_FUTURE: ("导入的时间晚于当前时刻", "An imported time lies in the future"),
    ReasonCode.IMPORT_ENDS_BEFORE_START: ("结束时间早于上报时间", "An imported time lies before the report"),
    ReasonCode.IMPORT_OUT_OF_ORDER: ("导入步骤的时间先后颠倒", "Imported steps are out of order"),
    ReasonCode.OUTSIDE_CALENDAR: (
        "时限超出日历所覆盖的年份",
        "The clock would leave the years that the calendar covers",
    ),
    ReasonCode.NO_RULES: ("本分区尚未采用任何标准", "Nothing has been adopted in this partition yet"),
    ReasonCode.BASE_MOVED: ("预览之后已采用了别的版本", "Another version was adopted since the preview"),
}
"""Code → (Chinese, English)."""
