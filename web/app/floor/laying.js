/** What becomes of a table that is moved, turned or resized on the plan, by a pointer or by keys. Pure. */

import { PLAN_HEIGHT, PLAN_WIDTH } from './plan.js';

/**
 * @import { Direction, Point } from './plan.js'
 * @import { Table } from './types.js'
 */

/** How far an arrow key moves a table, in units. */
const NUDGE = 10;

/** By how much a table turns at a time, in degrees. */
const TURN = 15;

/** How far the handle at its corner is pulled for one seat more, in pixels. */
const SEAT_PX = 12;

/**
 * At a place of the plan, to a hundredth, so that tables line up.
 *
 * @param {Point} centre In units.
 * @returns {Pick<Table, 'position'>}
 */
export function put({ x, y }) {
  const snap = (/** @type {number} */ share) => Math.round(Math.min(1, Math.max(0, share)) * 100) / 100;
  return { position: { x: snap(x / PLAN_WIDTH), y: snap(y / PLAN_HEIGHT) } };
}

/**
 * A little further on.
 *
 * @param {Point} centre In units.
 * @param {Direction} direction
 */
export function nudged({ x, y }, direction) {
  const [dx, dy] = /** @type {const} */ ({ up: [0, -1], down: [0, 1], left: [-1, 0], right: [1, 0] })[direction];
  return put({ x: x + dx * NUDGE, y: y + dy * NUDGE });
}

/**
 * Turned so that its upper side looks at the pointer.
 *
 * @param {Point} middle In pixels, like the pointer.
 * @param {Point} pointer
 * @returns {Pick<Table, 'rotation'>}
 */
export function turned(middle, pointer) {
  const angle = (Math.atan2(pointer.x - middle.x, middle.y - pointer.y) * 180) / Math.PI;
  return { rotation: (Math.round(angle / TURN) * TURN + 360) % 360 };
}

/**
 * Turned by so many steps.
 *
 * @param {Pick<Table, 'rotation'>} table
 * @param {number} steps
 * @returns {Pick<Table, 'rotation'>}
 */
export function turnedBy({ rotation }, steps) {
  return { rotation: ((rotation ?? 0) + steps * TURN + 360) % 360 };
}

/**
 * With so many seats more; a table is as large as the people it seats.
 *
 * @param {Pick<Table, 'capacity'>} table
 * @param {number} seats
 * @returns {Pick<Table, 'capacity'>}
 */
export function resizedBy({ capacity }, seats) {
  return { capacity: Math.min(99, Math.max(1, capacity + seats)) };
}

/**
 * As far as the handle at its corner was pulled.
 *
 * @param {Pick<Table, 'capacity'>} table
 * @param {Point} middle In pixels, like the others.
 * @param {Point} from
 * @param {Point} to
 */
export function resized(table, middle, from, to) {
  const reach = (/** @type {Point} */ { x, y }) => Math.hypot(x - middle.x, y - middle.y);
  return resizedBy(table, Math.round((reach(to) - reach(from)) / SEAT_PX));
}
