/** What undoes operations: others, that lead from the floor after them back to the floor before. Pure. */

import { guestOf, preview, written } from './preview.js';
import { way } from './statuses.js';

/**
 * @import { Floor, Guest, Operation, Table } from './types.js'
 */

/**
 * The steps back, each one request. Mostly it is one; where the rules know no direct way from a status to the one
 * before, it is more.
 *
 * @param {Floor} before The floor that the operations were asked for on.
 * @param {Operation[]} operations
 * @param {string} at
 * @returns {Operation[][]}
 */
export function inverse(before, operations, at) {
  const after = preview(before, operations, at);
  const rows = touched(before, after, operations);
  const guests = rows.guests.map((id) => guestBack(guestOf(before, id), guestOf(after, id), named(operations, id)));
  const tables = rows.tables.flatMap((id) =>
    tableBack(before.tables.get(id), after.tables.get(id), named(operations, id)),
  );
  // Tables first where they are made anew: somebody may have to sit at them.
  const made = tables.filter(({ op }) => op === 'create_table');
  const length = Math.max(0, ...guests.map((steps) => steps.length));
  const steps = Array.from({ length }, (_, index) => guests.flatMap((steps) => steps[index] ?? []));
  const [first = [], ...rest] = steps;
  return [[...made, ...first, ...tables.filter((operation) => !made.includes(operation))], ...rest].filter(
    (step) => step.length > 0,
  );
}

/**
 * The ids of the rows that differ. A row that is no longer there was deleted only if an operation names it: of those who
 * left, the first are let go of to make room for the last.
 *
 * @param {Floor} before
 * @param {Floor} after
 * @param {Operation[]} operations
 */
function touched(before, after, operations) {
  const named = operations.map(({ id }) => id);
  const guests = new Set([...after.guests.keys(), ...after.gone.keys(), ...named]);
  const tables = new Set([...after.tables.keys(), ...named]);
  return {
    guests: [...guests].filter((id) => guestOf(before, id) !== guestOf(after, id)),
    tables: [...tables].filter((id) => before.tables.get(id) !== after.tables.get(id)),
  };
}

/**
 * The names of the fields that operations say something of.
 *
 * @param {Operation[]} operations
 * @param {string} id
 * @returns {Set<string>}
 */
function named(operations, id) {
  return new Set(operations.filter((operation) => operation.id === id).flatMap(({ data = {} }) => Object.keys(data)));
}

/**
 * @param {Guest | undefined} before
 * @param {Guest | undefined} after
 * @param {Set<string>} fields
 * @returns {Operation[][]} What is to be done in each step.
 */
function guestBack(before, after, fields) {
  if (!before) return after ? [[{ op: 'delete_guest', id: after.id }]] : [];
  const { id, status, table_id } = before;
  const sit = { table_id, override: true };
  /** @type {Operation} */
  const anew = {
    op: 'create_guest',
    id,
    data: { ...written('guest', before), ...(table_id === null ? { status } : sit) },
  };
  if (!after) return [[anew]];
  const data = changed('guest', before, after, fields);
  const moves = way(after.status, status);
  // Who had finished and was restored does not become finished without a table, but may be made so.
  if (moves === null) return [[{ op: 'delete_guest', id }, anew]];
  if (moves.length === 0) {
    const moved = table_id !== null && table_id !== after.table_id ? sit : {};
    return update('update_guest', id, { ...data, ...moved });
  }
  return moves.map((move, index) => [
    { op: 'update_guest', id, data: { ...(index === 0 ? data : {}), ...(move === 'seated' ? sit : { status: move }) } },
  ]);
}

/**
 * @param {Table | undefined} before
 * @param {Table | undefined} after
 * @param {Set<string>} fields
 * @returns {Operation[]} What is to be done in the first step.
 */
function tableBack(before, after, fields) {
  if (!before) return after ? [{ op: 'delete_table', id: after.id }] : [];
  const { id } = before;
  // Whoever sat there makes it occupied again, if only it can be had.
  const status = before.status === 'occupied' && after?.status !== 'occupied' ? 'available' : before.status;
  if (!after) return [{ op: 'create_table', id, data: { ...written('table', before), status } }];
  const data = { ...changed('table', before, after, fields), ...(status === after.status ? {} : { status }) };
  return update('update_table', id, data).flat();
}

/**
 * @param {'update_guest' | 'update_table'} op
 * @param {string} id
 * @param {Record<string, any>} data
 * @returns {Operation[][]}
 */
function update(op, id, data) {
  return Object.keys(data).length === 0 ? [] : [[{ op, id, data }]];
}

/**
 * The fields that were named and are not as they were, as they were.
 *
 * @param {'guest' | 'table'} kind
 * @param {Guest | Table} before
 * @param {Guest | Table} after
 * @param {Set<string>} fields
 * @returns {Record<string, any>}
 */
function changed(kind, before, after, fields) {
  const [old, now] = [written(kind, before), written(kind, after)];
  const differs = (/** @type {string} */ field) => JSON.stringify(old[field]) !== JSON.stringify(now[field]);
  return Object.fromEntries(
    [...fields].filter((field) => field in old && differs(field)).map((field) => [field, old[field]]),
  );
}
