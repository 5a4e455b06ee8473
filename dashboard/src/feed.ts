// The feed `liandong.wall.v1`: snapshot, ticket, socket, resume. Owns the connection; the board is the caller's.

import { apply, fromSnapshot, type Board, type Delta, type Snapshot } from "./model";

const RETRY_MS_MAX = 30_000;
const SILENT_MS_MAX = 10_000;

const RESTARTING = 1012;

/** What a server that restarts gives as its reason: `{"retry_ms":N}`; undefined for anything else. */
export function retryMs(reason: string): number | undefined {
  try {
    const { retry_ms } = JSON.parse(reason) as { retry_ms?: unknown };
    return typeof retry_ms === "number" && retry_ms >= 0 ? Math.min(retry_ms, RETRY_MS_MAX) : undefined;
  } catch {
    return undefined;
  }
}

export interface Login {
  username: string;
  password: string;
}

/** Why nothing is decided, where the log tells: more dead letters are open than the limit. */
export interface Stands {
  code: string;
  open: number;
  max: number;
}

/** What the auditor found when it last compared the board with the log; `at` 0: it never did. */
export interface Audit {
  state: "same" | "different" | "silent";
  at: number;
  cases: number;
  wrong: number;
}

export interface Listener {
  board(board: Board): void;
  heard(serverNow: number, asOf: number): void;
  stands(why: Stands | null): void;
  audit(found: Audit | null): void;
  link(state: "joining" | "joined" | "away" | "denied"): void;
}

export class Feed {
  private token = "";
  private board: Board | null = null;
  private socket: WebSocket | null = null;
  private failures = 0;
  private lastFrameAt = 0;
  snapshots = 0;

  constructor(
    private readonly login: Login,
    private readonly listener: Listener,
  ) {
    setInterval(() => this.watchSilence(), 1000);
  }

  async start(): Promise<void> {
    this.listener.link("joining");
    try {
      if (!this.token) await this.logIn();
      if (!this.board) await this.loadSnapshot();
      const ticket = (await this.call("/api/wall/ticket", "POST")) as { ticket: string };
      this.open(ticket.ticket);
    } catch {
      this.retry();
    }
  }

  private async logIn(): Promise<void> {
    const answer = await fetch("/api/token", { method: "POST", body: JSON.stringify(this.login) });
    if (answer.status === 401) this.listener.link("denied");
    if (!answer.ok) throw new Error(String(answer.status));
    this.token = ((await answer.json()) as { access_token: string }).access_token;
  }

  private async call(path: string, method: string): Promise<unknown> {
    const answer = await fetch(path, { method, headers: { Authorization: `Bearer ${this.token}` } });
    if (answer.status === 401) this.token = "";
    if (!answer.ok) throw new Error(String(answer.status));
    return answer.json();
  }

  private async loadSnapshot(): Promise<void> {
    this.board = fromSnapshot((await this.call("/api/wall/snapshot?topic=city", "GET")) as Snapshot);
    this.snapshots += 1;
    this.listener.board(this.board);
  }

  private open(ticket: string): void {
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    const socket = new WebSocket(`${scheme}://${location.host}/api/wall/feed`, "liandong.wall.v1");
    this.socket = socket;
    this.lastFrameAt = performance.now();
    socket.onopen = () => socket.send(JSON.stringify({ op: "auth", ticket }));
    socket.onmessage = (message) => this.hear(socket, JSON.parse(message.data as string));
    socket.onclose = (event) => {
      if (this.socket === socket) this.retry(event.code === RESTARTING ? retryMs(event.reason) : undefined);
    };
  }

  private hear(socket: WebSocket, message: Record<string, unknown>): void {
    this.lastFrameAt = performance.now();
    const board = this.board;
    if (!board) return;
    if (message["op"] === "hello") {
      this.subscribe(socket, board);
    } else if (message["op"] === "d") {
      const delta = message as unknown as Delta & { now: number };
      if (!apply(board, delta)) return socket.close();
      this.failures = 0;
      this.listener.link("joined");
      this.listener.heard(delta.now, delta.as_of);
      this.listener.board(board);
    } else if (message["op"] === "hb") {
      const beat = message as unknown as { t: { city: number }; now: number; as_of: number; stands?: Stands; audit?: Audit };
      if (beat.t.city > board.seq) return socket.close();
      this.listener.heard(beat.now, beat.as_of);
      this.listener.stands(beat.stands ?? null);
      this.listener.audit(beat.audit ?? null);
    } else if (message["op"] === "resync") {
      void this.loadSnapshot().then(
        () => this.board && this.subscribe(socket, this.board),
        () => socket.close(),
      );
    }
  }

  private subscribe(socket: WebSocket, board: Board): void {
    socket.send(JSON.stringify({ op: "sub", t: "city", from: { log: board.log, pos: board.pos } }));
  }

  private watchSilence(): void {
    if (this.socket && performance.now() - this.lastFrameAt > SILENT_MS_MAX) this.socket.close();
  }

  private retry(told?: number): void {
    this.socket = null;
    this.listener.link("away");
    const limit = told ?? Math.min(RETRY_MS_MAX, 1000 * 2 ** this.failures);
    this.failures = Math.min(this.failures + 1, 10);
    setTimeout(() => void this.start(), Math.random() * limit);
  }
}
