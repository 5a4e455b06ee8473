// The map: two stacked canvases, no library. Cells below (redrawn when shading or size changes), points above.

import { NEAR, OVERDUE, type Board, type Case } from "./model";

type Ring = [number, number][];
interface Feature {
  properties: { code: string; level: number; name_zh: string; name_en: string };
  geometry: { type: "Polygon"; coordinates: Ring[] } | { type: "MultiPolygon"; coordinates: Ring[][] };
}
export interface CityMap {
  features: Feature[];
}

const RAMP = ["#14191e", "#1c242c", "#26313b", "#2e3c48", "#364552"];
const STEPS = [0, 1, 2, 4, 7];
const EDGE = 12;

export class MapView {
  private toX = (_lon: number) => 0;
  private toY = (_lat: number) => 0;
  private shading = "";
  drawn = 0;

  constructor(
    private readonly cells: HTMLCanvasElement,
    private readonly points: HTMLCanvasElement,
    private readonly city: CityMap | null,
    private readonly english: () => boolean,
  ) {
    new ResizeObserver(() => (this.shading = "")).observe(cells);
  }

  draw(board: Board): void {
    const width = this.cells.clientWidth;
    const height = this.cells.clientHeight;
    if (!width || !height) return;
    const ratio = window.devicePixelRatio || 1;
    const counts = new Map<string, number>();
    for (const one of board.cases.values()) counts.set(one.grid.slice(0, 12), (counts.get(one.grid.slice(0, 12)) ?? 0) + 1);
    const shading = `${width}x${height}${this.english()}${[...counts].sort().join()}`;
    if (shading !== this.shading || !this.city) {
      this.shading = shading;
      this.place(board, width, height);
      this.drawCells(this.fit(this.cells, width, height, ratio), counts);
    }
    this.drawPoints(this.fit(this.points, width, height, ratio), board);
  }

  private fit(canvas: HTMLCanvasElement, width: number, height: number, ratio: number): CanvasRenderingContext2D {
    const [w, h] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (canvas.width !== w || canvas.height !== h) [canvas.width, canvas.height] = [w, h];
    const context = canvas.getContext("2d")!;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  private place(board: Board, width: number, height: number): void {
    const places: [number, number][] = this.city
      ? rings(this.city.features.filter((f) => f.properties.level === 0)).flat()
      : [...board.cases.values()].flatMap((one) => (one.lon === null || one.lat === null ? [] : [[one.lon, one.lat] as [number, number]]));
    if (!places.length) return;
    const mercator = (lat: number) => Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360)) * (180 / Math.PI);
    const xs = places.map((place) => place[0]);
    const ys = places.map((place) => mercator(place[1]));
    const [west, east] = [Math.min(...xs), Math.max(...xs)];
    const [south, north] = [Math.min(...ys), Math.max(...ys)];
    const scale = Math.min((width - 2 * EDGE) / (east - west || 1), (height - 2 * EDGE) / (north - south || 1));
    const [left, top] = [(width - scale * (east - west)) / 2, (height - scale * (north - south)) / 2];
    this.toX = (lon) => left + (lon - west) * scale;
    this.toY = (lat) => top + (north - mercator(lat)) * scale;
  }

  private drawCells(context: CanvasRenderingContext2D, counts: Map<string, number>): void {
    if (!this.city) return;
    for (const level of [2, 1, 0]) {
      for (const feature of this.city.features.filter((f) => f.properties.level === level)) {
        context.beginPath();
        for (const ring of rings([feature])) {
          ring.forEach(([lon, lat], index) => (index ? context.lineTo(this.toX(lon), this.toY(lat)) : context.moveTo(this.toX(lon), this.toY(lat))));
          context.closePath();
        }
        if (level === 2) {
          const count = counts.get(feature.properties.code) ?? 0;
          context.fillStyle = RAMP[STEPS.filter((step) => count >= step).length - 1] ?? RAMP[0]!;
          context.fill("evenodd");
        }
        context.lineWidth = level === 2 ? 0.5 : level === 1 ? 1.2 : 2;
        context.strokeStyle = level === 2 ? "#0f1317" : level === 1 ? "#55636f" : "#7d8a97";
        context.stroke();
      }
    }
    this.drawNames(context);
  }

  private drawNames(context: CanvasRenderingContext2D): void {
    const size = Math.max(11, this.cells.clientHeight / 52);
    context.font = `${size}px system-ui, "Noto Sans CJK SC", "Noto Sans SC", sans-serif`;
    context.textAlign = "center";
    context.lineWidth = 3;
    context.strokeStyle = "#0f1317";
    context.fillStyle = "#aab4be";
    const taken: [number, number, number][] = [];
    for (const feature of this.city?.features.filter((f) => f.properties.level === 1) ?? []) {
      const name = this.english() ? feature.properties.name_en : feature.properties.name_zh;
      const [x, y] = middle(rings([feature])[0] ?? []).map((value, index) => (index ? this.toY(value) : this.toX(value))) as [number, number];
      const width = context.measureText(name).width;
      if (taken.some(([a, b, w]) => Math.abs(a - x) < (w + width) / 2 && Math.abs(b - y) < size * 1.1)) continue;
      taken.push([x, y, width]);
      context.strokeText(name, x, y);
      context.fillText(name, x, y);
    }
  }

  private drawPoints(context: CanvasRenderingContext2D, board: Board): void {
    const unit = Math.max(1, this.cells.clientHeight / 640);
    const placed = [...board.cases.values()].filter((one) => one.lon !== null && one.lat !== null);
    for (const due of [0, NEAR, OVERDUE]) {
      for (const one of placed) if (one.due === due) this.drawPoint(context, one, unit);
    }
    this.drawn = placed.length;
  }

  private drawPoint(context: CanvasRenderingContext2D, one: Case, unit: number): void {
    const [x, y] = [this.toX(one.lon!), this.toY(one.lat!)];
    if (one.due === OVERDUE) {
      context.fillStyle = "#ff4d4f";
      context.fillRect(x - 4 * unit, y - 4 * unit, 8 * unit, 8 * unit);
    } else if (one.due === NEAR) {
      context.fillStyle = "#ff9a2e";
      context.beginPath();
      context.moveTo(x, y - 5 * unit);
      context.lineTo(x + 5 * unit, y + 4 * unit);
      context.lineTo(x - 5 * unit, y + 4 * unit);
      context.fill();
    } else {
      context.fillStyle = "#9aa5b1";
      context.fillRect(x - 1.5 * unit, y - 1.5 * unit, 3 * unit, 3 * unit);
    }
  }
}

function rings(features: Feature[]): Ring[] {
  return features.flatMap((f) => (f.geometry.type === "Polygon" ? f.geometry.coordinates : f.geometry.coordinates.flat()));
}

function middle(ring: Ring): [number, number] {
  let [area, x, y] = [0, 0, 0];
  for (let i = 0; i + 1 < ring.length; i += 1) {
    const [a, b] = [ring[i]!, ring[i + 1]!];
    const cross = a[0] * b[1] - b[0] * a[1];
    area += cross;
    x += (a[0] + b[0]) * cross;
    y += (a[1] + b[1]) * cross;
  }
  return area ? [x / (3 * area), y / (3 * area)] : [0, 0];
}
