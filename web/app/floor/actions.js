/**
 * What people do at the host stand, as operations. An action is one tap: it shows at once, is sent until the server has
 * answered, and knows how to be undone. It is plain data, so that it outlives the page. Pure.
 */

import { inverse } from './inverse.js';

/**
 * @import { Floor, Guest, GuestStatus, Operation, Table, TableStatus } from './types.js'
 *
 * @typedef {object} Wish What somebody wants.
 * @property {string} verb For the words about it.
 * @property {Operation[]} operations One request.
 * @property {{ guest?: string, size?: number, table?: string, status?: string }} [about] Who and what, for the words about it.
 *
 * @typedef {object} Action
 * @property {string} id Part of the idempotency keys: one of its own for each step.
 * @property {string} verb
 * @property {{ guest?: string, size?: number, table?: string, status?: string }} about
 * @property {string} at When it was asked for, by the server's clock.
 * @property {Operation[][]} steps Requests, one after the other.
 * @property {number} done How many of them are answered.
 * @property {boolean} tried Whether the server may have heard of the next step already.
 * @property {Record<string, number>} expects The versions that rows must still have at the first step, by their ids.
 * @property {Record<string, number>} versions Those that the rows had when it was answered.
 * @property {Operation[][]} inverse What undoes it; nothing, if it is itself an undoing.
 * @property {boolean} undone Whether it is to be undone as soon as it is answered.
 * @property {number | null} seq Of its last message; null until all steps are answered.
 */

/**
 * @param {Wish} wish
 * @param {Floor} floor As it is shown when it is asked for.
 * @param {string} id
 * @param {string} at
 * @returns {Action}
 */
export function action(wish, floor, id, at) {
  const { verb, operations, about = {} } = wish;
  return {
    id,
    verb,
    about,
    at,
    steps: [operations],
    done: 0,
    tried: false,
    expects: {},
    versions: {},
    inverse: inverse(floor, operations, at),
    undone: false,
    seq: null,
  };
}

/**
 * What undoes an action. It is refused if somebody has changed the same rows since.
 *
 * @param {Action} undone
 * @param {string} id
 * @param {string} at
 * @returns {Action}
 */
export function undoing(undone, id, at) {
  return {
    id,
    verb: 'undo',
    about: undone.about,
    at,
    steps: undone.inverse,
    done: 0,
    tried: false,
    expects: undone.versions,
    versions: {},
    inverse: [],
    undone: false,
    seq: null,
  };
}

/**
 * The ids of the rows that an action names.
 *
 * @param {Pick<Action, 'steps'>} action
 * @returns {string[]}
 */
export function rowsOf({ steps }) {
  const names = (/** @type {Operation} */ { id, data }) =>
    [id, data?.['table_id']].filter((name) => typeof name === 'string');
  return [...new Set(steps.flat().flatMap(names))];
}

/**
 * A party comes in, or books.
 *
 * @param {string} id
 * @param {{ guestName: string, partySize: number } & Record<string, unknown>} data
 * @returns {Wish}
 */
export function addParty(id, data) {
  const verb = data['reservationTime'] ? 'book' : 'add';
  return {
    verb,
    operations: [{ op: 'create_guest', id, data }],
    about: { guest: data.guestName, size: data.partySize },
  };
}

/**
 * @param {Guest} guest
 * @param {Record<string, unknown>} data
 * @returns {Wish}
 */
export function editParty(guest, data) {
  return {
    ...update('edit', guest, data),
    about: { guest: String(data['guestName'] ?? guest.guestName), size: guest.partySize },
  };
}

/**
 * The party is told that its table is ready.
 *
 * @param {Guest} guest
 * @param {string} at
 * @returns {Wish}
 */
export function notify(guest, at) {
  return update('notify', guest, { notifiedTime: at });
}

/**
 * Arrive, wait, be late, finish, cancel, not come, be restored.
 *
 * @param {Guest} guest
 * @param {GuestStatus} status
 * @returns {Wish}
 */
export function setStatus(guest, status) {
  return { ...update('status', guest, { status }), about: { guest: guest.guestName, size: guest.partySize, status } };
}

/**
 * Seat a party, or move it to another table.
 *
 * @param {Guest} guest
 * @param {Table} table
 * @param {boolean} override Whether it may be too many for the table.
 * @returns {Wish}
 */
export function seat(guest, table, override) {
  const wish = update(guest.status === 'seated' ? 'move' : 'seat', guest, {
    table_id: table.id,
    ...(override ? { override } : {}),
  });
  return { ...wish, about: { guest: guest.guestName, size: guest.partySize, table: table.tableNumber } };
}

/**
 * Back to the list.
 *
 * @param {Guest} guest
 * @returns {Wish}
 */
export function unseat(guest) {
  return update('unseat', guest, { table_id: null });
}

/**
 * @param {Table} table
 * @param {TableStatus} status
 * @returns {Wish}
 */
export function markTable(table, status) {
  return { ...updateTable('mark', table, { status }), about: { table: table.tableNumber, status } };
}

/**
 * @param {string} id
 * @param {{ tableNumber: string, capacity: number } & Record<string, unknown>} data
 * @returns {Wish}
 */
export function addTable(id, data) {
  return { verb: 'add_table', operations: [{ op: 'create_table', id, data }], about: { table: data.tableNumber } };
}

/**
 * Move, turn, resize or rename a table.
 *
 * @param {Table} table
 * @param {Record<string, unknown>} data
 * @returns {Wish}
 */
export function layTable(table, data) {
  return updateTable('lay', table, data);
}

/**
 * @param {Table} table
 * @returns {Wish}
 */
export function removeTable(table) {
  return {
    verb: 'remove_table',
    operations: [{ op: 'delete_table', id: table.id }],
    about: { table: table.tableNumber },
  };
}

/**
 * @param {string} verb
 * @param {Guest} guest
 * @param {Record<string, unknown>} data
 * @returns {Wish}
 */
function update(verb, guest, data) {
  const about = { guest: guest.guestName, size: guest.partySize };
  return { verb, operations: [{ op: 'update_guest', id: guest.id, data }], about };
}

/**
 * @param {string} verb
 * @param {Table} table
 * @param {Record<string, unknown>} data
 * @returns {Wish}
 */
function updateTable(verb, table, data) {
  return { verb, operations: [{ op: 'update_table', id: table.id, data }], about: { table: table.tableNumber } };
}
