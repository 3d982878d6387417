/**
 * Where tables stand and how large they are drawn. Lengths are in units unless it says pixels: the plan is 1000 wide and
 * 750 high. Pure.
 */

/**
 * @import { Table } from './types.js'
 *
 * @typedef {{ x: number, y: number }} Point
 * @typedef {Point & { width: number, height: number }} Placed
 * @typedef {{ left: number, top: number, width: number, height: number }} Frame
 * @typedef {'up' | 'down' | 'left' | 'right'} Direction
 *
 * @typedef {object} Layout How a plan is drawn; all but the frame in pixels.
 * @property {Frame} frame
 * @property {number} width
 * @property {number} height
 * @property {number} scale Pixels a unit of a table's size.
 */

export const PLAN_WIDTH = 1000;
export const PLAN_HEIGHT = 750;

/** How much room chairs take between two tables, in units. */
const BETWEEN = 30;

/** How many pixels a unit of a table's size is at the most, where there is all the room in the world. */
const LARGEST = 1.45;

/** How many at the least: a table for two is 52 pixels then, so that a finger hits it. */
const SMALLEST = 0.72;

/** By how much a plan grows at a time, and how often at the most: 200 tables on a phone take 30 steps. */
const STEP = 1.08;
const MOST_STEPS = 40;

/** Tables whose middles are not even so far apart, in units, lie on each other on a plan of any size. */
const SAME_SPOT = 15;

/** How far the middle of a table stays from the edge of the plan, as a share of its width, and in pixels at the most. */
const EDGE_SHARE = 0.13;
const EDGE = 84;

/**
 * The centre of a table. Those without a position stand in rows along the lower edge until somebody moves them.
 *
 * @param {Table} table
 * @param {number} index Its place among those without a position.
 * @returns {Point}
 */
export function centre(table, index = 0) {
  const [column, row] = [index % 12, Math.floor(index / 12) % 17];
  const { x, y } = table.position ?? { x: 0.06 + column * 0.08, y: 0.94 - row * 0.055 };
  return { x: x * PLAN_WIDTH, y: y * PLAN_HEIGHT };
}

/**
 * How large a table is drawn, without its chairs: the more people it seats, the larger.
 *
 * @param {Pick<Table, 'capacity' | 'shape'>} table
 * @returns {{ width: number, height: number }}
 */
export function size({ capacity, shape }) {
  const seats = Math.min(capacity, 16);
  const even = 72 + Math.max(0, seats - 2) * 7;
  switch (shape) {
    case 'rectangle':
      return { width: 60 + Math.max(1, Math.ceil(seats / 2)) * 20, height: 78 };
    case 'oval':
      return { width: 64 + Math.max(1, Math.ceil(seats / 2)) * 19, height: 84 };
    default:
      return { width: even, height: even };
  }
}

/**
 * The places of a table's chairs around its centre, each with the way that it faces, in degrees.
 *
 * @param {Pick<Table, 'capacity' | 'shape'>} table
 * @returns {(Point & { turn: number })[]}
 */
export function chairs({ capacity, shape }) {
  const seats = Math.min(capacity, 16);
  const { width, height } = size({ capacity, shape });
  if (shape === 'square' || shape === 'rectangle') return straightChairs(seats, width, height);
  return Array.from({ length: seats }, (_, index) => {
    const angle = (index / seats) * 2 * Math.PI - Math.PI / 2;
    const [x, y] = [Math.cos(angle) * (width / 2 + 7), Math.sin(angle) * (height / 2 + 7)];
    return { x, y, turn: (angle * 180) / Math.PI + 90 };
  });
}

/**
 * @param {number} seats
 * @param {number} width
 * @param {number} height
 */
function straightChairs(seats, width, height) {
  const square = width === height;
  const sides = square ? [0, 2, 1, 3] : [0, 2];
  const counts = [0, 0, 0, 0];
  for (let seat = 0; seat < seats; seat += 1) {
    const side = sides[seat % sides.length] ?? 0;
    counts[side] = (counts[side] ?? 0) + 1;
  }
  return counts.flatMap((count, side) =>
    Array.from({ length: count }, (_, index) => {
      const along = (index + 0.5) / count - 0.5;
      const upright = side % 2 === 0;
      const sign = side === 0 || side === 3 ? -1 : 1;
      return upright
        ? { x: along * width, y: sign * (height / 2 + 7), turn: 0 }
        : { x: sign * (width / 2 + 7), y: along * height, turn: 90 };
    }),
  );
}

/**
 * Where tables are drawn, in pixels: the plan is stretched to the screen, the tables are not. Where they would be too
 * small for a finger, the plan is larger than the screen.
 *
 * @param {Placed[]} tables
 * @param {Frame} frame
 * @param {number} width Of the screen.
 * @param {number} height
 * @returns {Layout}
 */
export function layOut(tables, frame, width, height) {
  const gaps = gapsBetween(tables);
  let plan = { frame, width, height, scale: 0 };
  for (let steps = 0; plan.scale < SMALLEST && steps < MOST_STEPS; steps += 1) {
    if (steps > 0) plan = larger(plan);
    plan.scale = fittingScale(gaps, tables.length, plan);
  }
  return { ...plan, scale: Math.min(LARGEST, Math.max(SMALLEST, plan.scale)) };
}

/**
 * A plan that has more room where it is tighter.
 *
 * @param {Layout} layout
 * @returns {Layout}
 */
function larger({ frame, width, height, scale }) {
  const isNarrow = width / frame.width < height / frame.height;
  return { frame, width: width * (isNarrow ? STEP : 1), height: height * (isNarrow ? 1 : STEP), scale };
}

/**
 * A table's centre, and how wide and high it is as it is turned.
 *
 * @param {Table} table
 * @param {Point} centre
 * @returns {Placed}
 */
export function placed(table, centre) {
  const { width, height } = size(table);
  const angle = ((table.rotation ?? 0) * Math.PI) / 180;
  const [cos, sin] = [Math.abs(Math.cos(angle)), Math.abs(Math.sin(angle))];
  return { ...centre, width: width * cos + height * sin, height: width * sin + height * cos };
}

/**
 * Where a point of the plan is on the screen.
 *
 * @param {Layout} layout
 * @param {Point} point In units.
 * @returns {Point} In pixels.
 */
export function toScreen({ frame, width, height }, point) {
  const edge = edgeOf(width);
  const { across, down } = stretch(frame, width, height);
  return { x: edge + (point.x - frame.left) * across, y: edge + (point.y - frame.top) * down };
}

/**
 * Where the middle of a table is drawn: where it stands, or as near to that as lets all of it be seen.
 *
 * @param {Layout} layout
 * @param {Placed} table
 * @returns {Point} In pixels.
 */
export function middleOf(layout, table) {
  const { x, y } = toScreen(layout, table);
  const within = (/** @type {number} */ middle, /** @type {number} */ length, /** @type {number} */ end) => {
    const half = Math.min(end, (length + BETWEEN) * layout.scale) / 2;
    return Math.min(Math.max(middle, half), end - half);
  };
  return { x: within(x, table.width, layout.width), y: within(y, table.height, layout.height) };
}

/**
 * Which point of the plan is there on the screen.
 *
 * @param {Layout} layout
 * @param {Point} point In pixels.
 * @returns {Point} In units.
 */
export function toPlan({ frame, width, height }, { x, y }) {
  const edge = edgeOf(width);
  const { across, down } = stretch(frame, width, height);
  return { x: frame.left + (x - edge) / across, y: frame.top + (y - edge) / down };
}

/**
 * How many pixels a unit of the plan is.
 *
 * @param {Frame} frame
 * @param {number} width
 * @param {number} height
 */
function stretch(frame, width, height) {
  const edge = edgeOf(width);
  return { across: Math.max(1, width - 2 * edge) / frame.width, down: Math.max(1, height - 2 * edge) / frame.height };
}

/** @param {number} width */
function edgeOf(width) {
  return Math.min(EDGE, EDGE_SHARE * width);
}

/**
 * How far every two tables are apart, measured by the room that both take; but for those on the same spot.
 *
 * @param {Placed[]} tables
 */
function gapsBetween(tables) {
  return tables.flatMap((a, one) =>
    tables.slice(0, one).flatMap((b, other) => {
      const [x, y] = [Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
      if (x + y < SAME_SPOT) return [];
      return {
        one,
        other,
        aside: x / ((a.width + b.width) / 2 + BETWEEN),
        above: y / ((a.height + b.height) / 2 + BETWEEN),
      };
    }),
  );
}

/**
 * How many pixels a unit of a table's size may be so that tables don't lie on each other. A few that do all the same
 * make no difference.
 *
 * @param {ReturnType<typeof gapsBetween>} gaps
 * @param {number} count Of the tables.
 * @param {Layout} layout
 */
function fittingScale(gaps, count, { frame, width, height }) {
  const { across, down } = stretch(frame, width, height);
  const scales = Array.from({ length: count }, () => LARGEST);
  for (const { one, other, aside, above } of gaps) {
    const scale = Math.max(aside * across, above * down);
    scales[one] = Math.min(scales[one] ?? scale, scale);
    scales[other] = Math.min(scales[other] ?? scale, scale);
  }
  scales.sort((one, other) => one - other);
  return scales[Math.floor(count / 10)] ?? LARGEST;
}

/**
 * What is shown of the plan: where tables stand, or all of it while it is edited.
 *
 * @param {Point[]} centres
 * @param {boolean} whole
 * @returns {Frame}
 */
export function frame(centres, whole) {
  const [xs, ys] = [centres.map(({ x }) => x), centres.map(({ y }) => y)];
  if (whole || centres.length === 0) return { left: 0, top: 0, width: PLAN_WIDTH, height: PLAN_HEIGHT };
  const [left, top] = [Math.min(...xs), Math.min(...ys)];
  // Never so near that two neighbours stand at opposite ends of the screen.
  const width = Math.max(Math.max(...xs) - left, PLAN_WIDTH / 3);
  const height = Math.max(Math.max(...ys) - top, PLAN_HEIGHT / 3);
  const [middle, centre] = [(left + Math.max(...xs)) / 2, (top + Math.max(...ys)) / 2];
  return { left: middle - width / 2, top: centre - height / 2, width, height };
}

/**
 * The nearest table in a direction, as an arrow key means it.
 *
 * @param {Map<string, Point>} centres
 * @param {string} from
 * @param {Direction} direction
 * @returns {string | undefined}
 */
export function neighbour(centres, from, direction) {
  const start = centres.get(from);
  if (!start) return undefined;
  const [dx, dy] = { up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] }[direction];
  let best = { id: /** @type {string | undefined} */ (undefined), cost: Infinity };
  for (const [id, { x, y }] of centres) {
    const ahead = (x - start.x) * (dx ?? 0) + (y - start.y) * (dy ?? 0);
    const aside = Math.abs((x - start.x) * (dy ?? 0) + (y - start.y) * (dx ?? 0));
    // Straight ahead beats near but aside.
    const cost = ahead + aside * 2;
    if (id !== from && ahead > 1 && cost < best.cost) best = { id, cost };
  }
  return best.id;
}

/**
 * The sections of the tables, in the order of their names; null stands for tables without one.
 *
 * @param {Iterable<Table>} tables
 * @returns {(string | null)[]}
 */
export function sections(tables) {
  const names = new Set([...tables].map(({ section }) => section));
  const named = [...names].filter((name) => name !== null).sort((one, other) => one.localeCompare(other));
  return names.has(null) && named.length > 0 ? [...named, null] : named;
}

/**
 * The next number that no table has.
 *
 * @param {Iterable<Table>} tables
 * @returns {string}
 */
export function freeNumber(tables) {
  const taken = new Set([...tables].map(({ tableNumber }) => tableNumber));
  let number = 1;
  while (taken.has(String(number))) number += 1;
  return String(number);
}

/**
 * A place for one more table: as far from the others as can be.
 *
 * @param {Point[]} centres
 * @returns {Point} In units.
 */
export function freePlace(centres) {
  const places = Array.from({ length: 63 }, (_, index) => ({
    x: (PLAN_WIDTH * (1 + (index % 9))) / 10,
    y: (PLAN_HEIGHT * (1 + Math.floor(index / 9))) / 8,
  }));
  const room = (/** @type {Point} */ place) =>
    Math.min(...centres.map(({ x, y }) => Math.hypot(x - place.x, y - place.y)));
  const middle = { x: PLAN_WIDTH / 2, y: PLAN_HEIGHT / 2 };
  return centres.length === 0 ? middle : places.reduce((best, place) => (room(place) > room(best) ? place : best));
}
