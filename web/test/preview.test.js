import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addParty,
  addTable,
  editParty,
  layTable,
  markTable,
  notify,
  removeTable,
  seat,
  setStatus,
  unseat,
} from '../app/floor/actions.js';
import { guestOf, preview } from '../app/floor/preview.js';
import { GUEST_STATUSES, NOW, given, party, table } from './given.js';
import { broken } from './laws.js';
import { anyDraws, anyFloor, story } from './wishes.js';

/**
 * @import { Wish } from '../app/floor/actions.js'
 * @import { Floor, GuestStatus, Operation } from '../app/floor/types.js'
 */

/** @type {Record<GuestStatus, GuestStatus[]>} */
const transitions = JSON.parse(
  await readFile(new URL('../../golden/rules/guest_transitions.json', import.meta.url), 'utf8'),
);

/**
 * @param {Floor} floor
 * @param {Wish} wish
 */
const after = (floor, wish) => preview(floor, wish.operations, NOW);

test('what always holds holds after any wishes', () => {
  fc.assert(
    fc.property(anyFloor, anyDraws, (floor, draws) => {
      assert.deepEqual(broken(floor), []);
      for (const step of story(floor, draws, NOW)) assert.deepEqual(broken(step.after), [], step.wish.verb);
    }),
    { numRuns: 500 },
  );
});

test('a wish leaves the floor that it is made on as it is', () => {
  fc.assert(
    fc.property(anyFloor, anyDraws, (floor, draws) => {
      const copy = structuredClone(floor);
      Array.from(story(floor, draws, NOW));
      assert.deepEqual(floor, copy);
    }),
  );
});

test('rows that a wish does not concern are the very same objects', () => {
  const floor = given([party('ada'), party('bo', { table_id: '1' })], [table('1'), table('2')]);
  const seated = after(floor, seat(party('ada'), table('2'), false));
  assert.equal(seated.guests.get('bo'), floor.guests.get('bo'));
  assert.equal(seated.tables.get('1'), floor.tables.get('1'));
});

test('a party may become what the golden rules say, and nothing else', () => {
  for (const from of GUEST_STATUSES) {
    for (const to of GUEST_STATUSES.filter((to) => to !== from && to !== 'seated')) {
      const guest = party('ada', { status: from, table_id: from === 'seated' ? '1' : null });
      const floor = given([guest], [table('1')]);
      const foretold = after(floor, setStatus(guest, to));
      if (transitions[from].includes(to)) assert.equal(guestOf(foretold, 'ada')?.status, to, `${from} → ${to}`);
      else assert.equal(foretold, floor, `${from} → ${to}`);
    }
  }
});

test('a party may sit down from where the golden rules say, and from nowhere else', () => {
  for (const from of GUEST_STATUSES.filter((from) => from !== 'seated')) {
    const guest = party('ada', { status: from });
    const floor = given([guest], [table('1')]);
    const foretold = after(floor, seat(guest, table('1'), false));
    if (transitions[from].includes('seated')) assert.equal(foretold.tables.get('1')?.guest_id, 'ada', from);
    else assert.equal(foretold, floor, from);
  }
});

test('what is impossible changes nothing', () => {
  const [ada, bo, six] = [party('ada'), party('bo', { table_id: 'taken' }), party('six', { partySize: 6 })];
  const tables = [
    table('free'),
    table('taken'),
    table('dirty', { status: 'dirty' }),
    table('blocked', { status: 'out_of_service' }),
  ];
  const floor = given([ada, bo, six], tables);
  const [free, taken, dirty, blocked] = /** @type {[any, any, any, any]} */ ([...floor.tables.values()]);
  /** @type {Record<string, Wish>} */
  const impossible = {
    'a table that another party has': seat(ada, taken, true),
    'a dirty table': seat(ada, dirty, true),
    'a table that is out of service': seat(ada, blocked, true),
    'a table that is too small': seat(six, free, false),
    'a table that is not there': seat(ada, table('nowhere'), false),
    'being seated without a table': setStatus(ada, 'seated'),
    'getting up and staying seated': editParty(bo, { table_id: null, status: 'seated' }),
    'sitting down and something else at once': editParty(ada, { table_id: 'free', status: 'arrived' }),
    'a party that is not there': setStatus(party('nobody'), 'arrived'),
    'a party that is there already': addParty('ada', { guestName: 'Ada', partySize: 2 }),
    'a new party seated without a table': addParty('new', { guestName: 'Cy', partySize: 2, status: 'seated' }),
    'a new party at a table that is taken': addParty('new', { guestName: 'Cy', partySize: 2, table_id: 'taken' }),
    'a table occupied by nobody': markTable(free, 'occupied'),
    'an occupied table reserved': markTable(taken, 'reserved'),
    'an occupied table out of service': markTable(taken, 'out_of_service'),
    'an occupied table removed': removeTable(taken),
    'a table removed that is not there': removeTable(table('nowhere')),
    'a table that is there already': addTable('free', { tableNumber: 'new', capacity: 2 }),
    'a new table occupied by nobody': addTable('new', { tableNumber: 'new', capacity: 2, status: 'occupied' }),
    'a new table with a number that is taken': addTable('new', { tableNumber: 'free', capacity: 2 }),
    'a number that another table has': layTable(free, { tableNumber: 'taken' }),
  };
  for (const [what, wish] of Object.entries(impossible)) assert.equal(after(floor, wish), floor, what);
});

test('of operations that are sent together, all are done or none', () => {
  const floor = given([party('ada')], [table('1')]);
  /** @type {Operation[]} */
  const operations = [
    { op: 'update_guest', id: 'ada', data: { status: 'arrived' } },
    { op: 'update_table', id: '1', data: { status: 'occupied' } },
  ];
  assert.equal(preview(floor, operations, NOW), floor);
});

test('a party that is too many for a table has it if somebody insists', () => {
  const six = party('six', { partySize: 6 });
  const foretold = after(given([six], [table('1')]), seat(six, table('1'), true));
  assert.equal(foretold.tables.get('1')?.guest_id, 'six');
});

test('whoever moves leaves its table available, and stays seated since it sat down', () => {
  const floor = given([party('ada', { table_id: '1' })], [table('1'), table('2', { status: 'reserved' })]);
  const moved = after(floor, seat(party('ada', { table_id: '1' }), table('2'), false));
  assert.equal(moved.tables.get('1')?.status, 'available');
  assert.equal(moved.tables.get('2')?.guest_id, 'ada');
  assert.equal(moved.guests.get('ada')?.seatedTime, floor.guests.get('ada')?.seatedTime);
});

test('whoever leaves for good leaves a dirty table where the restaurant says so', () => {
  const ada = party('ada', { table_id: '1' });
  /** @type {[Wish, boolean, string][]} */
  const cases = [
    [setStatus(ada, 'finished'), true, 'dirty'],
    [setStatus(ada, 'cancelled'), true, 'dirty'],
    [setStatus(ada, 'no_show'), true, 'dirty'],
    [setStatus(ada, 'finished'), false, 'available'],
    [unseat(ada), true, 'available'],
    [markTable(table('1'), 'available'), true, 'available'],
    [markTable(table('1'), 'dirty'), false, 'dirty'],
  ];
  for (const [wish, dirtyAfterFinish, status] of cases) {
    const foretold = after(given([ada], [table('1')], { dirtyAfterFinish }), wish);
    assert.equal(foretold.tables.get('1')?.status, status, JSON.stringify(wish.operations));
    assert.equal(foretold.tables.get('1')?.guest_id, null);
  }
});

test('an occupied table that is marked free has its party leave', () => {
  const floor = given([party('ada', { table_id: '1' })], [table('1')]);
  for (const status of /** @type {const} */ (['available', 'dirty'])) {
    const { guests, gone } = after(floor, markTable(table('1'), status));
    assert.equal(guests.size, 0);
    assert.equal(gone.get('ada')?.status, 'finished');
    assert.equal(gone.get('ada')?.finishedTime, NOW);
  }
});

test('a walk-in waits from now on, a booking is confirmed and has not come', () => {
  const floor = given([]);
  const walkIn = after(floor, addParty('ada', { guestName: 'Ada', partySize: 2 })).guests.get('ada');
  assert.deepEqual([walkIn?.status, walkIn?.checkInTime], ['waiting', NOW]);
  const booking = after(floor, addParty('bo', { guestName: 'Bo', partySize: 2, reservationTime: NOW })).guests.get(
    'bo',
  );
  assert.deepEqual([booking?.status, booking?.checkInTime], ['confirmed', null]);
});

test('a restored party has neither sat nor left', () => {
  const ada = party('ada', { status: 'finished', seatedTime: NOW });
  const restored = after(given([ada]), setStatus(ada, 'waiting')).guests.get('ada');
  assert.deepEqual([restored?.seatedTime, restored?.finishedTime], [null, null]);
});

test('the same status again changes no time', () => {
  const floor = given([party('ada', { table_id: '1' })], [table('1')]);
  const again = after(floor, notify(party('ada'), NOW));
  assert.deepEqual(again.guests.get('ada'), { ...floor.guests.get('ada'), notifiedTime: NOW });
  assert.deepEqual(after(floor, markTable(table('1'), 'occupied')), floor);
});
