/** What is drawn: the floor as the server has told it, with what was tapped and is not in it yet. Pure. */

import { preview } from './preview.js';

/**
 * @import { Action } from './actions.js'
 * @import { Floor } from './types.js'
 *
 * @typedef {object} Shown
 * @property {Floor} floor
 * @property {ReadonlySet<string>} pending The ids of the rows that are not as the server has told them.
 */

/**
 * @param {Floor} floor
 * @param {readonly Action[]} actions
 * @returns {Shown}
 */
export function shown(floor, actions) {
  const open = actions.filter((action) => !isIn(action, floor) && !action.undone);
  if (open.length === 0) return { floor, pending: new Set() };
  const draft = open.reduce(
    (draft, { steps, at }) => steps.reduce((draft, step) => preview(draft, step, at), draft),
    floor,
  );
  return { floor: draft, pending: differing(floor, draft) };
}

/**
 * @param {Floor} told
 * @param {Floor} draft
 * @returns {ReadonlySet<string>}
 */
function differing(told, draft) {
  const kinds = /** @type {const} */ (['guests', 'gone', 'tables']);
  return new Set(
    kinds.flatMap((kind) =>
      [...draft[kind].values()].filter((row) => told[kind].get(row.id) !== row).map(({ id }) => id),
    ),
  );
}

/**
 * Whether the floor has all that came of an action.
 *
 * @param {Action} action
 * @param {Floor} floor
 */
export function isIn(action, floor) {
  return action.seq !== null && action.seq <= floor.seq;
}
