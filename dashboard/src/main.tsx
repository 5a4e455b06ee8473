// The wall: header, six tiles, townships, map, eleven alarm slots, ticker. Server time only.

import { signal } from "@preact/signals";
import { render } from "preact";
import { useEffect, useRef } from "preact/hooks";

import { Feed, type Audit, type Login, type Stands } from "./feed";
import { MapView, type CityMap } from "./map";
import { alarms, freshness, rate, unclear, type Board, type Case, type Numbers } from "./model";
import "./style.css";
import { clockTime, eventName, lang, longDate, span, switchLang, t } from "./text";

interface Named {
  zh: string;
  en: string;
}
interface Site {
  title_zh: string;
  title_en: string;
  zone: string;
  demo: Login | null;
  towns: ({ code: string } & Named)[];
  classes: Record<string, Named>;
  grids: Record<string, Named>;
  map: string | null;
  target_permille: number;
  version: string;
}

const OVERDUE_SLOTS = 6;
const OTHER_SLOTS = 5;

const site = signal<Site | null>(null);
const city = signal<CityMap | null>(null);
const board = signal<{ now: Board } | null>(null);
const serverNow = signal(0);
const asOf = signal(0);
const link = signal("joining");
const stands = signal<Stands | null>(null);
const audit = signal<Audit | null>(null);
let heardAt = 0;
let heardServer = 0;
let feed: Feed | null = null;
let pending: Board | null = null;

function named(one: Named | undefined, otherwise: string): string {
  return one ? (lang.value === "zh" ? one.zh : one.en) : otherwise;
}

function enter(login: Login): void {
  feed = new Feed(login, {
    board(next) {
      if (!pending) requestAnimationFrame(() => {
        // A new object each time: a component whose props stay the same is not drawn again.
        board.value = pending && { now: { ...pending } };
        pending = null;
      });
      pending = next;
    },
    heard(now, seen) {
      asOf.value = seen;
      heardAt = performance.now();
      heardServer = now;
      serverNow.value = now;
    },
    stands(why) {
      stands.value = why;
    },
    audit(found) {
      audit.value = found;
    },
    link(state) {
      // What was said of the decider and of the auditor is as old as the connection that said it.
      if (state !== "joined") stands.value = audit.value = null;
      link.value = state;
    },
  });
  void feed.start();
}

function Header({ age, state }: { age: number; state: string }) {
  const place = site.value!;
  return (
    <header>
      <h1>{lang.value === "zh" ? place.title_zh : place.title_en}</h1>
      <span class={`state ${state}`} data-testid="link-state">{t(state as "live")}</span>
      <span class="quiet" data-testid="data-time">
        {t("dataTime")} <b>{asOf.value ? clockTime(asOf.value, place.zone) : "--:--:--"}</b> · {t("lag")} {asOf.value ? (age / 1000).toFixed(1) : "–"} s
      </span>
      <Audited zone={place.zone} />
      <span class="gap" />
      <button data-testid="lang-switch" onClick={switchLang}>{lang.value === "zh" ? "EN" : "中文"}</button>
      <span class="quiet date">{longDate(serverNow.value, place.zone)}</span>
      <span class="clock" data-testid="clock">{clockTime(serverNow.value, place.zone)}</span>
    </header>
  );
}

/** Whether the board is what the log says, by a second computation that shares nothing with the first one. */
function Audited({ zone }: { zone: string }) {
  const found = audit.value;
  if (!found) return null;
  const kind = { same: "quiet", different: "late", silent: "due" }[found.state];
  const words = {
    same: t("auditSame", { t: clockTime(found.at, zone) }),
    different: t("auditDifferent", { n: found.wrong.toLocaleString("en-US") }),
    silent: found.at ? t("auditSilent", { t: clockTime(found.at, zone) }) : t("auditNever"),
  }[found.state];
  return <span class={kind} data-testid="audit" data-state={found.state}>{words}</span>;
}

function Bar({ numbers }: { numbers: Numbers }) {
  const share = numbers[5] ? Math.min(1, numbers[6] / numbers[5]) : 0;
  const below = numbers[5] > 0 && numbers[6] * 1000 < numbers[5] * site.value!.target_permille;
  return (
    <svg class={`bar ${below ? "below" : ""}`} viewBox="0 0 100 10" preserveAspectRatio="none">
      <rect class="ground" width="100" height="10" />
      <rect class="share" width={share * 100} height="10" />
      <rect class="mark" x="94.2" width="1.6" height="10" />
    </svg>
  );
}

function Tiles({ kpi }: { kpi: Numbers }) {
  const tile = (id: string, word: "open", value: number, kind = "") => (
    <div class={`tile ${value ? kind : ""}`}>
      <span>{t(word)}</span>
      <b data-testid={`tile-${id}`}>{value.toLocaleString("en-US")}</b>
    </div>
  );
  return (
    <section class="tiles">
      {tile("open", "open", kpi[0])}
      {tile("near", "near" as "open", kpi[1], "due")}
      {tile("overdue", "overdue" as "open", kpi[2], "late")}
      {tile("today-accepted", "accepted" as "open", kpi[3])}
      {tile("today-closed", "closed" as "open", kpi[4])}
      <div class="tile wide">
        <div>
          <span>{t("rate")} <small>{t("target")} · {kpi[6]}/{kpi[5]}</small></span>
          <Bar numbers={kpi} />
        </div>
        <b data-testid="tile-rate">{rate(kpi)}{kpi[5] ? "%" : ""}</b>
      </div>
    </section>
  );
}

/** The townships in the order of their codes; where a city has more of them the rows are smaller: none is out of sight. */
function Towns({ now }: { now: Board }) {
  return (
    <section class="panel towns">
      <table style={{ "--rows": site.value!.towns.length }}>
        <thead>
          <tr><th>{t("towns")}</th><th>{t("shortOpen")}</th><th>{t("shortNear")}</th><th>{t("shortOverdue")}</th><th colSpan={2}>{t("shortRate")}</th></tr>
        </thead>
        <tbody>
          {site.value!.towns.map((town) => {
            const numbers = now.towns.get(town.code) ?? [0, 0, 0, 0, 0, 0, 0];
            return (
              <tr key={town.code} data-testid={`town-${town.code}`}>
                <td title={named(town, town.code)}>{named(town, town.code)}</td>
                <td>{numbers[0]}</td>
                <td class={numbers[1] ? "due" : "none"}>{numbers[1] || "·"}</td>
                <td class={numbers[2] ? "late" : "none"}>{numbers[2] || "·"}</td>
                <td><Bar numbers={numbers} /></td>
                <td>{rate(numbers)}</td>
              </tr>
            );
          })}
        </tbody>
      </table>
    </section>
  );
}

function CityView({ now }: { now: Board }) {
  const cells = useRef<HTMLCanvasElement>(null);
  const points = useRef<HTMLCanvasElement>(null);
  const view = useRef<MapView | null>(null);
  useEffect(() => {
    view.current = new MapView(cells.current!, points.current!, city.value, () => lang.value === "en");
  }, [city.value]);
  useEffect(() => {
    view.current?.draw(now);
    hook.drawn = view.current?.drawn ?? 0;
  });
  return (
    <section class="panel map">
      <div class="layers"><canvas ref={cells} /><canvas ref={points} data-testid="map" /></div>
      <footer>
        {city.value && <span>{t("legend")} <i class="ramp" /> {t("many")}</span>}
        <span class="due">{t("near")}</span>
        <span class="late">{t("overdue")}</span>
        <span class="gap" />
        <span>{t(city.value ? "schematic" : "noMap")}</span>
      </footer>
    </section>
  );
}

function Slot({ one, index }: { one: Case | undefined; index: number }) {
  if (!one) return <li data-testid={`alarm-${index}`} />;
  const place = site.value!;
  const left = (one.dl ?? serverNow.value) - serverNow.value;
  const kind = one.due === 2 ? "late" : one.due === 1 ? "due" : "stage";
  const town = named(place.towns.find((found) => found.code === one.town), one.town);
  const grid = named(place.grids[one.grid.slice(0, 12)], "");
  return (
    <li class={kind} data-testid={`alarm-${index}`} data-case={one.id}>
      <i>{kind === "late" ? "■" : kind === "due" ? "▲" : "◇"}</i>
      <span class="no">{one.no}</span>
      <span class="what"><b>{named(place.classes[one.cls ?? ""], one.cls ?? "—")}</b><small>{town}{grid && ` · ${grid}`}</small></span>
      <span class="span">{kind === "stage" ? t("stage") : left < 0 ? t("over") : t("left")} {span(left)}</span>
    </li>
  );
}

function Alarms({ now }: { now: Board }) {
  const shown = alarms(now, OVERDUE_SLOTS, OTHER_SLOTS);
  const waiting = unclear(now);
  const slots = [
    ...Array.from({ length: OVERDUE_SLOTS }, (_, index) => shown.overdue[index]),
    ...Array.from({ length: OTHER_SLOTS }, (_, index) => shown.saveable[index]),
  ];
  return (
    <section class="panel alarms">
      <h2>{t("alarms")}<small data-testid="unclear" class={waiting ? "due" : ""}>{t("unclear", { n: waiting })}</small></h2>
      <ol>{slots.map((one, index) => <Slot key={index} one={one} index={index} />)}</ol>
      <footer>{shown.unlisted ? t("unlisted", { n: shown.unlisted }) : slots.some(Boolean) ? "" : t("noAlarms")}</footer>
    </section>
  );
}

function Ticker({ now }: { now: Board }) {
  const place = site.value!;
  return (
    <section class="panel ticker">
      <h2>{t("ticker")}</h2>
      <ol data-testid="ticker">
        {[...now.ticker].reverse().map(([at, event, no, cls, town]) => (
          <li key={`${at}${event}${no}`}>
            <span class="quiet">{clockTime(at, place.zone)}</span> <b>{eventName(event)}</b> {no}{" "}
            {named(place.classes[cls ?? ""], cls ?? "")} · {named(place.towns.find((found) => found.code === town), town)}
          </li>
        ))}
      </ol>
    </section>
  );
}

function Door() {
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    enter({ username: String(form.get("user")), password: String(form.get("password")) });
  };
  return (
    <form class="door" onSubmit={submit}>
      <label>{t("user")}<input name="user" autocomplete="username" required /></label>
      <label>{t("device")}<input name="password" type="password" autocomplete="current-password" required /></label>
      {link.value === "denied" && <p class="late">{t("denied")}</p>}
      <button>{t("enter")}</button>
    </form>
  );
}

function Wall() {
  const place = site.value;
  if (!place) return <p class="door">{t("joining")}</p>;
  const now = board.value?.now;
  if (!now || !serverNow.value) return place.demo || (feed && link.value !== "denied") ? <p class="door">{t("joining")}</p> : <Door />;
  const age = asOf.value ? Math.max(0, serverNow.value - asOf.value) : Infinity;
  const state = freshness(age);
  hook.seq = now.seq;
  hook.pos = now.pos;
  hook.asOf = asOf.value;
  hook.link = link.value;
  return (
    <main class={state}>
      <Header age={age} state={state} />
      {state === "lost" && (
        <p class="banner" data-testid="stale-banner">
          {asOf.value ? t("frozen", { t: clockTime(asOf.value, place.zone) }) : t("lost")}
          {stands.value?.code === "letters.limit" && (
            <small data-testid="stands">{t("standsByLetters", { n: stands.value.open.toLocaleString("en-US"), max: stands.value.max.toLocaleString("en-US") })}<br />{t("standsHand")}</small>
          )}
        </p>
      )}
      <Tiles kpi={now.kpi} />
      <div class="middle"><Towns now={now} /><CityView now={now} /><Alarms now={now} /></div>
      <Ticker now={now} />
    </main>
  );
}

const hook = {
  seq: 0,
  pos: "",
  asOf: 0,
  drawn: 0,
  link: "",
  cases: () => board.value?.now.cases.size ?? 0,
  status: (id: string) => board.value?.now.cases.get(id)?.st ?? null,
  snapshots: () => feed?.snapshots ?? 0,
};
(window as unknown as { __liandong: typeof hook }).__liandong = hook;

setInterval(() => (serverNow.value = heardAt ? heardServer + performance.now() - heardAt : 0), 200);

async function readSite(): Promise<Site> {
  const found = (await (await fetch("/api/site")).json()) as Site;
  if (found.map) city.value = (await (await fetch(found.map)).json()) as CityMap;
  site.value = found;
  document.title = found.title_zh;
  return found;
}

/** Another version of the city's contents was adopted: its names, townships and map are read again. */
async function keepSite(): Promise<void> {
  const wanted = board.value?.now.version;
  if (!wanted || wanted === site.value?.version) return;
  try {
    await readSite();
  } catch {
    /* asked again in a moment */
  }
}
setInterval(() => void keepSite(), 2000);

async function begin(): Promise<void> {
  try {
    const found = await readSite();
    if (found.demo) enter(found.demo);
  } catch {
    setTimeout(() => void begin(), 1000);
  }
}

render(<Wall />, document.getElementById("app")!);
void begin();
