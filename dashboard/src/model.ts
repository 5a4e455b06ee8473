// The wall's state: a fold of one snapshot and the deltas after it. Pure; nothing here reads a clock.

export const NEAR = 1;
export const OVERDUE = 2;
export const TICKER_KEPT = 5;

/** Open, near, overdue, then accepted, closed, should, handled of the day. */
export type Numbers = [number, number, number, number, number, number, number];

export interface Case {
  id: string;
  no: string;
  cls: string | null;
  grid: string;
  town: string;
  lon: number | null;
  lat: number | null;
  st: string;
  due: number;
  dl: number | null;
  nr: number | null;
  stage: number;
  unit: string | null;
  opened: number;
  un: number;
}

export type Entry = [number, string, string, string | null, string, string];
type Row = [string, string | null, string, string, number | null, number | null, string, number, number | null, number | null, number, string | null, number, number];

export interface Snapshot {
  log: string;
  pos: string;
  seq: number;
  as_of: number;
  cols: Record<string, unknown[]>;
  agg: { day: string; towns: Record<string, Numbers>; kpi: Numbers };
  e: Entry[];
}

export interface Delta {
  p: number;
  s: number;
  pos: string;
  as_of: number;
  c: Record<string, unknown>;
  e: Entry[];
  con?: number;
}

export interface Board {
  log: string;
  pos: string;
  seq: number;
  day: string;
  cases: Map<string, Case>;
  towns: Map<string, Numbers>;
  kpi: Numbers;
  version: string | null;
  ticker: Entry[];
}

const FIELDS = ["no", "cls", "grid", "town", "lon", "lat", "st", "due", "dl", "nr", "stage", "unit", "opened", "un"] as const;

function fromRow(id: string, row: Row): Case {
  const found: Record<string, unknown> = { id };
  FIELDS.forEach((name, index) => (found[name] = row[index]));
  return found as unknown as Case;
}

export function fromSnapshot(snapshot: Snapshot): Board {
  const cases = new Map<string, Case>();
  const ids = (snapshot.cols["id"] ?? []) as string[];
  ids.forEach((id, index) => {
    cases.set(id, fromRow(id, FIELDS.map((name) => snapshot.cols[name]?.[index]) as unknown as Row));
  });
  return {
    log: snapshot.log,
    pos: snapshot.pos,
    seq: snapshot.seq,
    day: snapshot.agg.day,
    cases,
    towns: new Map(Object.entries(snapshot.agg.towns)),
    kpi: snapshot.agg.kpi,
    version: null,
    ticker: snapshot.e.slice(-TICKER_KEPT),
  };
}

/** Fold one delta in place. False if it does not follow: the caller reconnects and resumes from `pos`. */
export function apply(board: Board, delta: Delta): boolean {
  if (!delta.con && delta.p !== board.seq) return false;
  for (const [key, value] of Object.entries(delta.c)) {
    if (key.startsWith("c:")) {
      const id = key.slice(2);
      if (value === null) board.cases.delete(id);
      else board.cases.set(id, fromRow(id, value as Row));
    } else if (key.startsWith("t:")) board.towns.set(key.slice(2), value as Numbers);
    else if (key === "kpi") board.kpi = value as Numbers;
    else if (key === "day") board.day = value as string;
    else if (key === "book") board.version = value as string;
  }
  board.seq = delta.s;
  board.pos = delta.pos;
  board.ticker = [...board.ticker, ...delta.e].slice(-TICKER_KEPT);
  return true;
}

/** 处置率 to one decimal, rounded down so that it never crosses the target: 94.96 is shown as 94.9. */
export function rate(numbers: Numbers): string {
  const [should, handled] = [numbers[5], numbers[6]];
  return should === 0 ? "—" : (Math.floor((handled * 1000) / should) / 10).toFixed(1);
}

export interface Alarms {
  overdue: Case[];
  saveable: Case[];
  unlisted: number;
}

/** Six longest overdue, then five that can still be saved (nearest deadline first) or whose stage is overdue. */
export function alarms(board: Board, overdueSlots = 6, otherSlots = 5): Alarms {
  const all = [...board.cases.values()];
  const byDeadline = (a: Case, b: Case) => (a.dl ?? Infinity) - (b.dl ?? Infinity) || (a.id < b.id ? -1 : 1);
  const overdue = all.filter((one) => one.due === OVERDUE).sort(byDeadline);
  const near = all.filter((one) => one.due === NEAR).sort(byDeadline);
  const stages = all.filter((one) => one.due === 0 && one.stage === 1).sort(byDeadline);
  const others = [...near, ...stages];
  const shown = Math.min(overdue.length, overdueSlots) + Math.min(others.length, otherSlots);
  return {
    overdue: overdue.slice(0, overdueSlots),
    saveable: others.slice(0, otherSlots),
    unlisted: overdue.length + others.length - shown,
  };
}

/** Open cases on the docket of unclear ownership: filed, and the routing names nobody or several. */
export function unclear(board: Board): number {
  let count = 0;
  for (const one of board.cases.values()) count += one.un ? 1 : 0;
  return count;
}

export type Freshness = "live" | "late" | "lost";

/** The age of the newest proof that the log was seen: 3 s late, 10 s lost. */
export function freshness(ageMs: number): Freshness {
  return ageMs >= 10_000 ? "lost" : ageMs >= 3_000 ? "late" : "live";
}
