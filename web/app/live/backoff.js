/** How long to wait before something is tried again. Pure but for chance. */

const FIRST_MS = 250;
const LONGEST_MS = 10_000;

/**
 * Twice as long each time, somewhere between half and all of it, so that a house of devices does not come back at once.
 *
 * @param {number} failures In a row, from 1.
 * @returns {number} In ms.
 */
export function backoff(failures) {
  const longest = Math.min(LONGEST_MS, FIRST_MS * 2 ** (failures - 1));
  return longest / 2 + (Math.random() * longest) / 2;
}
