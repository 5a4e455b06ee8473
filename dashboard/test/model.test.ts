import { expect, test } from "vitest";

import { alarms, apply, freshness, fromSnapshot, rate, unclear, type Delta, type Numbers, type Snapshot } from "../src/model";

const numbers = (open: number): Numbers => [open, 0, 0, 0, 0, 0, 0];
const row = (no: string, due: number, dl: number) => [no, "010101", "4101830010010101".slice(0, 14), "410183001", null, null, "handling", due, dl, null, 0, "u", 1, due === 1 ? 1 : 0];

function empty(): Snapshot {
  return { log: "l", pos: "0", seq: 0, as_of: 0, cols: {}, agg: { day: "2026-11-24", towns: {}, kpi: numbers(0) }, e: [] };
}

function deltas(count: number): Delta[] {
  let seed = 7;
  const next = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
  return Array.from({ length: count }, (_, index) => {
    const id = `c:${Math.floor(next() * 12)}`;
    const gone = next() < 0.3;
    return { p: index, s: index + 1, pos: String(index + 1), as_of: index, c: { [id]: gone ? null : row(`n${index}`, index % 3, index) }, e: [] };
  });
}

const state = (board: ReturnType<typeof fromSnapshot>) => JSON.stringify([...board.cases.entries()].sort());

test("a delta that does not follow is refused and changes nothing", () => {
  const board = fromSnapshot(empty());
  const [first, second] = deltas(2);
  expect(apply(board, second!)).toBe(false);
  expect(board.seq).toBe(0);
  expect(apply(board, first!)).toBe(true);
});

test("dropped anywhere and resumed by one conflated delta, the board is the same", () => {
  const all = deltas(60);
  const whole = fromSnapshot(empty());
  all.forEach((delta) => apply(whole, delta));
  for (let cut = 0; cut < 60; cut += 7) {
    const board = fromSnapshot(empty());
    all.slice(0, cut).forEach((delta) => apply(board, delta));
    const rest = all.slice(cut).reduce((merged, delta) => ({ ...merged, ...delta.c }), {});
    apply(board, { p: 0, s: 60, pos: "60", as_of: 59, c: rest, e: [], con: 1 });
    expect(state(board)).toBe(state(whole));
  }
});

test("a rate is never rounded across the target", () => {
  expect(rate([0, 0, 0, 0, 0, 10_000, 9_496])).toBe("94.9");
  expect(rate([0, 0, 0, 0, 0, 0, 0])).toBe("—");
});

test("alarms keep six slots for overdue and five for the rest, and count what is not listed", () => {
  const board = fromSnapshot(empty());
  const c = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`c:${i}`, row(`n${i}`, i < 10 ? 2 : 1, 100 - i)]));
  apply(board, { p: 0, s: 1, pos: "1", as_of: 0, c, e: [] });
  const shown = alarms(board);
  expect(shown.overdue.length).toBe(6);
  expect(shown.overdue[0]!.dl).toBe(91);
  expect(shown.saveable.length).toBe(5);
  expect(shown.unlisted).toBe(9);
});

test("data is late after three seconds and lost after ten", () => {
  expect([2_999, 3_000, 9_999, 10_000].map(freshness)).toEqual(["live", "late", "late", "lost"]);
});

test("the docket of unclear ownership is counted, and another version of the contents is noticed", () => {
  const board = fromSnapshot(empty());
  apply(board, { p: 0, s: 1, pos: "1", as_of: 1, c: { "c:a": row("1", 1, 5), "c:b": row("2", 2, 6) }, e: [] });
  expect(unclear(board)).toBe(1);
  expect(board.version).toBe(null);
  apply(board, { p: 1, s: 2, pos: "2", as_of: 2, c: { "c:a": null, book: "abc" }, e: [] });
  expect([unclear(board), board.version]).toEqual([0, "abc"]);
});
