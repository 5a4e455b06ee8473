import { expect, test } from "vitest";

import { retryMs } from "../src/feed";

test("a server that restarts says within what time to come back, at most half a minute", () => {
  expect(retryMs('{"retry_ms":2000}')).toBe(2000);
  expect(retryMs('{"retry_ms":0}')).toBe(0);
  expect(retryMs('{"retry_ms":600000}')).toBe(30_000);
});

test("anything else is no answer: the usual growing wait holds", () => {
  for (const reason of ["", "bye", "{}", '{"retry_ms":"2"}', '{"retry_ms":-1}', "null"]) {
    expect(retryMs(reason)).toBeUndefined();
  }
});
