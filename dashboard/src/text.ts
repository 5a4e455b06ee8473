// The words on the screen, Chinese first, and the formats of times. Owns every sentence of the wall.

import { signal } from "@preact/signals";

export type Lang = "zh" | "en";
const KEY = "liandong.lang";
export const lang = signal<Lang>(localStorage.getItem(KEY) === "en" ? "en" : "zh");

export function switchLang(): void {
  lang.value = lang.value === "zh" ? "en" : "zh";
  localStorage.setItem(KEY, lang.value);
  document.documentElement.lang = lang.value === "zh" ? "zh-CN" : "en";
}

const WORDS = {
  live: ["实时", "LIVE"],
  late: ["数据延迟", "DELAYED"],
  lost: ["数据中断", "DATA LOST"],
  dataTime: ["数据时间", "Data time"],
  lag: ["延迟", "lag"],
  open: ["未结案件", "Open cases"],
  near: ["▲ 临期", "▲ Due soon"],
  overdue: ["■ 已超时", "■ Overdue"],
  accepted: ["今日受理", "Accepted today"],
  closed: ["今日办结", "Closed today"],
  rate: ["处置率", "Handling rate"],
  target: ["目标 ≥95%", "target ≥95%"],
  towns: ["乡镇街道", "Township"],
  shortOpen: ["未结", "Open"],
  shortNear: ["临期", "Soon"],
  shortOverdue: ["超时", "Late"],
  shortRate: ["处置率 %", "Rate %"],
  alarms: ["超时与临期案件", "Overdue and due soon"],
  unclear: ["权属不清 {n}", "Unclear owner {n}"],
  unlisted: ["另有 {n} 件未列出", "{n} more not listed"],
  noAlarms: ["没有超时或临期案件", "Nothing overdue or due soon"],
  over: ["超", "+"],
  left: ["剩", "−"],
  stage: ["流程", "Stage"],
  ticker: ["最新动态", "Latest"],
  schematic: ["网格为示意", "Cells are schematic"],
  noMap: ["本城市没有地图,按案件坐标显示", "This city has no map: cases stand by their coordinates"],
  legend: ["未结密度 少", "Open cases few"],
  many: ["多", "many"],
  device: ["大屏口令", "Screen's password"],
  user: ["账号", "Account"],
  enter: ["进入", "Enter"],
  denied: ["账号或口令不正确", "Wrong account or password"],
  joining: ["正在连接…", "Connecting…"],
  standsByLetters: [
    "已停止作出决定:{n} 条无法解读的记录待处理,上限 {max}",
    "Deciding stands: {n} unreadable records wait for a person, the limit is {max}",
  ],
  standsHand: ["值班人员处理:liandong dead-letters", "The operator sees to them: liandong dead-letters"],
  auditSame: ["对账一致 {t}", "Audited {t}"],
  auditDifferent: ["■ 对账不一致 {n} 件", "■ Audit: {n} differ"],
  auditSilent: ["▲ 对账无声,自 {t}", "▲ No audit since {t}"],
  auditNever: ["▲ 对账未运行", "▲ No auditor"],
  frozen: ["数据中断:画面停在 {t}", "Data lost: this picture is of {t}"],
} as const;

export function t(word: keyof typeof WORDS, values: Record<string, string | number> = {}): string {
  let text: string = WORDS[word][lang.value === "zh" ? 0 : 1];
  for (const [name, value] of Object.entries(values)) text = text.replace(`{${name}}`, String(value));
  return text;
}

const EVENTS: Record<string, [string, string]> = {
  reported: ["上报", "reported"],
  accepted: ["受理", "accepted"],
  declined: ["不予受理", "declined"],
  verification_requested: ["核实", "to be verified"],
  verification_given: ["核实完成", "verified"],
  completed: ["补充信息", "completed"],
  escalated: ["上报上级", "escalated"],
  handed_down: ["交办", "handed down"],
  taken: ["认领", "taken"],
  filed: ["立案", "filed"],
  filing_refused: ["不立案", "not filed"],
  dispatched: ["派遣", "dispatched"],
  acknowledged: ["签收", "acknowledged"],
  progressed: ["进展", "progress"],
  returned: ["回退", "returned"],
  reassigned: ["改派", "reassigned"],
  co_returned: ["协办回退", "co-handler returned"],
  extension_requested: ["申请延期", "more time asked"],
  extended: ["已延期", "extended"],
  suspension_requested: ["申请挂账", "pause asked"],
  suspended: ["挂账", "paused"],
  resumed: ["恢复处置", "resumed"],
  co_done: ["协办完成", "co-handler done"],
  handled: ["处置", "handled"],
  check_sent: ["核查", "check sent"],
  check_passed: ["核查通过", "check passed"],
  check_failed: ["返工", "rework"],
  closed: ["办结", "closed"],
  force_closed: ["强制结案", "closed by a leader"],
  voided: ["作废", "void"],
  self_handled: ["自行处置", "self-handled"],
  merged: ["并案", "merged"],
  unmerged: ["撤销并案", "unmerged"],
  reopened: ["重开", "opened again"],
  supervised: ["督办", "supervised"],
  supervision_replied: ["督办回复", "replied"],
  supervision_overdue: ["督办逾期", "no reply"],
  consulted: ["会商", "consultation"],
  concluded: ["会商结论", "concluded"],
  adjudicated: ["裁决", "adjudicated"],
  recurs: ["复发", "recurs"],
  near: ["临期", "due soon"],
  overdue: ["超时", "overdue"],
  imported: ["导入", "imported"],
};

export function eventName(name: string): string {
  return (EVENTS[name] ?? [name, name])[lang.value === "zh" ? 0 : 1];
}

/** HH:MM:SS in the city's zone. */
export function clockTime(ms: number, zone: string): string {
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, timeStyle: "medium" }).format(ms);
}

export function longDate(ms: number, zone: string): string {
  if (lang.value === "zh") return new Intl.DateTimeFormat("zh-CN", { timeZone: zone, dateStyle: "full" }).format(ms);
  const short = { weekday: "short", day: "numeric", month: "short" } as const; // beside everything else in one line
  return new Intl.DateTimeFormat("en-GB", { timeZone: zone, ...short }).format(ms);
}

/** A span as HH:MM:SS; from 100 hours on as days, so that it always fits its slot. */
export function span(ms: number): string {
  const seconds = Math.floor(Math.abs(ms) / 1000);
  const hours = Math.floor(seconds / 3600);
  if (hours >= 100) return `${Math.floor(hours / 24)}${lang.value === "zh" ? " 天" : " d"}`;
  const two = (value: number) => String(value).padStart(2, "0");
  return `${two(hours)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}
