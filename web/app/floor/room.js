/** How much room there is for words on a table. They stand upright, however it is turned. Lengths are in units. Pure. */

import { size } from './plan.js';

/**
 * @import { Table } from './types.js'
 */

/**
 * How wide a table is at a distance above or below its middle, for what is centred there.
 *
 * @param {Pick<Table, 'capacity' | 'shape' | 'rotation'>} table
 * @param {number} away
 * @returns {number}
 */
export function room(table, away) {
  const { width, height } = size(table);
  const angle = ((table.rotation ?? 0) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const straight = table.shape === 'square' || table.shape === 'rectangle';
  return 2 * (straight ? toSide : toCurve)(width / 2, height / 2, cos, sin, away);
}

/**
 * Along a line at that distance from the middle, how far the nearer of both ends of a turned rectangle is.
 *
 * @param {number} a Half its width.
 * @param {number} b Half its height.
 * @param {number} cos
 * @param {number} sin
 * @param {number} away
 */
function toSide(a, b, cos, sin, away) {
  const reach = (/** @type {number} */ half, /** @type {number} */ aside, /** @type {number} */ along) => {
    const left = half - Math.abs(away * aside);
    // A side that runs along the line is never met; but the line may lie outside of it.
    return Math.abs(along) < 1e-9 ? (left < 0 ? 0 : Infinity) : left / Math.abs(along);
  };
  return Math.max(0, Math.min(reach(a, sin, cos), reach(b, cos, sin)));
}

/**
 * The same for an ellipse.
 *
 * @type {typeof toSide}
 */
function toCurve(a, b, cos, sin, away) {
  const square = (cos / a) ** 2 + (sin / b) ** 2;
  const tilt = away * cos * sin * (1 / a ** 2 - 1 / b ** 2);
  const rest = away ** 2 * ((sin / a) ** 2 + (cos / b) ** 2) - 1;
  if (rest >= 0) return 0;
  return (Math.sqrt(tilt ** 2 - square * rest) - Math.abs(tilt)) / square;
}
