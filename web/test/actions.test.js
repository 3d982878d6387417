import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  action,
  addParty,
  addTable,
  editParty,
  layTable,
  markTable,
  notify,
  removeTable,
  rowsOf,
  seat,
  setStatus,
  undoing,
  unseat,
} from '../app/floor/actions.js';
import { NOW, given, party, table } from './given.js';

/**
 * @import { Wish } from '../app/floor/actions.js'
 * @import { Operation } from '../app/floor/types.js'
 */

const [ada, bo] = [party('ada'), party('bo', { table_id: '7' })];
const five = table('5');
const floor = given([ada, bo], [five, table('7')]);

test('each wish is one operation on its row', () => {
  /** @type {[Wish, string, Operation][]} */
  const cases = [
    [
      addParty('cy', { guestName: 'Cy', partySize: 2 }),
      'add',
      { op: 'create_guest', id: 'cy', data: { guestName: 'Cy', partySize: 2 } },
    ],
    [editParty(ada, { notes: null }), 'edit', { op: 'update_guest', id: 'ada', data: { notes: null } }],
    [notify(ada, NOW), 'notify', { op: 'update_guest', id: 'ada', data: { notifiedTime: NOW } }],
    [setStatus(ada, 'arrived'), 'status', { op: 'update_guest', id: 'ada', data: { status: 'arrived' } }],
    [seat(ada, five, false), 'seat', { op: 'update_guest', id: 'ada', data: { table_id: '5' } }],
    [seat(ada, five, true), 'seat', { op: 'update_guest', id: 'ada', data: { table_id: '5', override: true } }],
    [seat(bo, five, false), 'move', { op: 'update_guest', id: 'bo', data: { table_id: '5' } }],
    [unseat(bo), 'unseat', { op: 'update_guest', id: 'bo', data: { table_id: null } }],
    [markTable(five, 'dirty'), 'mark', { op: 'update_table', id: '5', data: { status: 'dirty' } }],
    [
      addTable('8', { tableNumber: '8', capacity: 2 }),
      'add_table',
      { op: 'create_table', id: '8', data: { tableNumber: '8', capacity: 2 } },
    ],
    [layTable(five, { rotation: 15 }), 'lay', { op: 'update_table', id: '5', data: { rotation: 15 } }],
    [removeTable(five), 'remove_table', { op: 'delete_table', id: '5' }],
  ];
  for (const [wish, verb, operation] of cases) assert.deepEqual([wish.verb, wish.operations], [verb, [operation]]);
});

test('a party with a time is booked', () => {
  assert.equal(addParty('cy', { guestName: 'Cy', partySize: 2, reservationTime: NOW }).verb, 'book');
  assert.equal(addParty('cy', { guestName: 'Cy', partySize: 2, reservationTime: null }).verb, 'add');
});

test('an action begins with nothing sent, and knows what undoes it', () => {
  const asked = action(setStatus(ada, 'cancelled'), floor, 'an-id', NOW);
  assert.deepEqual(asked, {
    id: 'an-id',
    verb: 'status',
    about: { guest: 'ada', size: 2, status: 'cancelled' },
    at: NOW,
    steps: [[{ op: 'update_guest', id: 'ada', data: { status: 'cancelled' } }]],
    done: 0,
    tried: false,
    expects: {},
    versions: {},
    inverse: [[{ op: 'update_guest', id: 'ada', data: { status: 'waiting' } }]],
    undone: false,
    seq: null,
  });
});

test('an undoing expects what was undone as it was answered, and is not undone itself', () => {
  const answered = {
    ...action(setStatus(ada, 'cancelled'), floor, 'an-id', NOW),
    done: 1,
    versions: { ada: 4 },
    seq: 9,
  };
  const undone = undoing(answered, 'another-id', NOW);
  assert.deepEqual(
    [undone.id, undone.verb, undone.steps, undone.expects],
    ['another-id', 'undo', answered.inverse, { ada: 4 }],
  );
  assert.deepEqual([undone.inverse, undone.done, undone.seq], [[], 0, null]);
});

test('the rows of an action are those that it is about, and the table that it takes, each once', () => {
  assert.deepEqual(rowsOf(action(seat(ada, five, false), floor, 'a', NOW)), ['ada', '5']);
  assert.deepEqual(rowsOf(action(unseat(bo), floor, 'a', NOW)), ['bo']);
  /** @type {Operation} */
  const operation = { op: 'update_table', id: '5', data: {} };
  assert.deepEqual(rowsOf({ steps: [[operation], [operation]] }), ['5']);
});
