import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextRequest, versionsIn } from '../app/floor/requests.js';
import { NOW } from './given.js';

/**
 * @import { Action } from '../app/floor/actions.js'
 * @import { Operation } from '../app/floor/types.js'
 */

/**
 * @param {Operation[][]} steps
 * @param {Partial<Action>} [more]
 * @returns {Action}
 */
const asked = (steps, more = {}) => ({
  id: 'action',
  verb: 'any',
  about: {},
  at: NOW,
  steps,
  done: 0,
  tried: false,
  expects: {},
  versions: {},
  inverse: [],
  undone: false,
  seq: null,
  ...more,
});

const HEADERS = { 'Idempotency-Key': 'action.0' };

test('an operation alone is a request to its row', () => {
  /** @type {[Operation, object][]} */
  const cases = [
    [
      { op: 'create_guest', id: 'g', data: { guestName: 'Ada' } },
      { method: 'POST', path: '/restaurants/r/guests', body: { id: 'g', guestName: 'Ada' } },
    ],
    [
      { op: 'update_guest', id: 'g', data: { notes: null } },
      { method: 'PATCH', path: '/restaurants/r/guests/g', body: { notes: null } },
    ],
    [
      { op: 'delete_guest', id: 'g' },
      { method: 'DELETE', path: '/restaurants/r/guests/g' },
    ],
    [
      { op: 'create_table', id: 't', data: { capacity: 2 } },
      { method: 'POST', path: '/restaurants/r/tables', body: { id: 't', capacity: 2 } },
    ],
    [
      { op: 'update_table', id: 't', data: { capacity: 3 } },
      { method: 'PATCH', path: '/restaurants/r/tables/t', body: { capacity: 3 } },
    ],
    [
      { op: 'delete_table', id: 't' },
      { method: 'DELETE', path: '/restaurants/r/tables/t' },
    ],
  ];
  for (const [operation, request] of cases) {
    assert.deepEqual(nextRequest('r', asked([[operation]])), { ...request, headers: HEADERS }, operation.op);
  }
});

test('operations that belong together are one transaction', () => {
  /** @type {Operation[]} */
  const operations = [
    { op: 'update_guest', id: 'g', data: { status: 'waiting' } },
    { op: 'delete_table', id: 't' },
  ];
  assert.deepEqual(nextRequest('r', asked([operations])), {
    method: 'POST',
    path: '/transactions/atomic?restaurant_id=r',
    body: { operations },
    headers: HEADERS,
  });
});

test('an id is an id, whatever is in it', () => {
  const odd = 'a/b?c=d&e#f g';
  const encoded = 'a%2Fb%3Fc%3Dd%26e%23f%20g';
  /** @type {Operation} */
  const operation = { op: 'delete_guest', id: odd };
  assert.equal(nextRequest(odd, asked([[operation]]))?.path, `/restaurants/${encoded}/guests/${encoded}`);
  assert.equal(
    nextRequest(odd, asked([[operation, operation]]))?.path,
    `/transactions/atomic?restaurant_id=${encoded}`,
  );
});

test('each step has a key of its own, the same each time; after the last there is none', () => {
  /** @type {Operation[][]} */
  const steps = [[{ op: 'delete_guest', id: 'g' }], [{ op: 'delete_table', id: 't' }]];
  const keys = [0, 0, 1, 2].map((done) => nextRequest('r', asked(steps, { done }))?.headers['Idempotency-Key']);
  assert.deepEqual(keys, ['action.0', 'action.0', 'action.1', undefined]);
});

test('what is expected is said in the first step only', () => {
  /** @type {Operation} */
  const guest = { op: 'update_guest', id: 'g', data: { status: 'waiting' } };
  /** @type {Operation} */
  const table = { op: 'update_table', id: 't', data: { status: 'dirty' } };
  const expects = { g: 7 };
  const alone = asked([[guest], [guest]], { expects });
  assert.equal(nextRequest('r', alone)?.headers['If-Match'], '"7"');
  assert.equal(nextRequest('r', { ...alone, done: 1 })?.headers['If-Match'], undefined);
  assert.equal(nextRequest('r', asked([[table]], { expects }))?.headers['If-Match'], undefined);

  const together = asked(
    [
      [guest, table],
      [guest, table],
    ],
    { expects },
  );
  assert.deepEqual(nextRequest('r', together)?.body, { operations: [{ ...guest, expected_version: 7 }, table] });
  assert.deepEqual(nextRequest('r', { ...together, done: 1 })?.body, { operations: [guest, table] });
});

test('the versions in an answer are those of its rows', () => {
  assert.deepEqual(versionsIn({ guest: { id: 'g', version: 2 } }), { g: 2 });
  assert.deepEqual(versionsIn({ table: { id: 't', version: 3 } }), { t: 3 });
  const results = [
    { guest: { id: 'g', version: 4 } },
    { table: { id: 't', version: 5 } },
    { guest: { id: 'g', version: 4 } },
  ];
  assert.deepEqual(versionsIn({ results }), { g: 4, t: 5 });
  assert.deepEqual(versionsIn({ success: true }), {});
});
