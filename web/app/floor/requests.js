/** Operations as HTTP requests. Pure. */

/**
 * @import { Action } from './actions.js'
 * @import { Operation } from './types.js'
 *
 * @typedef {object} Request
 * @property {'POST' | 'PATCH' | 'DELETE'} method
 * @property {string} path
 * @property {unknown} [body]
 * @property {Record<string, string>} headers
 */

/**
 * The next step of an action. The same again has the same key: it is carried out once, however often it is sent.
 *
 * @param {string} restaurant
 * @param {Action} action
 * @returns {Request | undefined} Undefined if nothing is left to be done.
 */
export function nextRequest(restaurant, action) {
  const operations = action.steps[action.done];
  if (operations === undefined) return undefined;
  const request = toRequest(restaurant, operations, action.done === 0 ? action.expects : {});
  return { ...request, headers: { ...request.headers, 'Idempotency-Key': `${action.id}.${action.done}` } };
}

/**
 * @param {string} restaurant
 * @param {Operation[]} operations
 * @param {Record<string, number>} expects
 * @returns {Request}
 */
function toRequest(restaurant, operations, expects) {
  const [only] = operations;
  if (only && operations.length === 1) return single(restaurant, only, expects[only.id]);
  const conditional = operations.map((operation) =>
    expects[operation.id] === undefined ? operation : { ...operation, expected_version: expects[operation.id] },
  );
  const path = `/transactions/atomic?restaurant_id=${encodeURIComponent(restaurant)}`;
  return { method: 'POST', path, body: { operations: conditional }, headers: {} };
}

/**
 * @param {string} restaurant
 * @param {Operation} operation
 * @param {number | undefined} version
 * @returns {Request}
 */
function single(restaurant, { op, id, data = {} }, version) {
  const rows = `/restaurants/${encodeURIComponent(restaurant)}/${op.endsWith('guest') ? 'guests' : 'tables'}`;
  const path = `${rows}/${encodeURIComponent(id)}`;
  /** @type {Record<string, string>} */
  const headers = version === undefined ? {} : { 'If-Match': `"${version}"` };
  if (op.startsWith('create')) return { method: 'POST', path: rows, body: { id, ...data }, headers };
  if (op.startsWith('delete')) return { method: 'DELETE', path, headers };
  return { method: 'PATCH', path, body: data, headers };
}

/**
 * The versions of the rows in an answer, by their ids.
 *
 * @param {any} answer
 * @returns {Record<string, number>}
 */
export function versionsIn(answer) {
  const rows = [
    answer.guest,
    answer.table,
    ...(answer.results ?? []).map((/** @type {any} */ result) => result.guest ?? result.table),
  ];
  return Object.fromEntries(rows.filter((row) => row?.id).map((row) => [row.id, row.version]));
}
