import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { seat } from '../app/floor/actions.js';
import { preview } from '../app/floor/preview.js';
import { candidates, fitting, obstacle } from '../app/floor/seating.js';
import { NOW, given, party, table } from './given.js';
import { anyFloor } from './wishes.js';

const four = party('four', { partySize: 4 });

test('a party that fits may have a table that is available or reserved', () => {
  assert.equal(obstacle(four, table('1')), null);
  assert.equal(obstacle(four, table('1', { status: 'reserved' })), null);
});

test('what keeps a party from a table is named', () => {
  assert.equal(obstacle(four, table('1', { status: 'occupied', guest_id: 'four' })), 'here');
  assert.equal(obstacle(four, table('1', { status: 'occupied', guest_id: 'bo' })), 'occupied');
  assert.equal(obstacle(four, table('1', { status: 'dirty' })), 'dirty');
  assert.equal(obstacle(four, table('1', { status: 'out_of_service' })), 'out_of_service');
  assert.equal(obstacle(four, table('1', { capacity: 3 })), 'too_small');
});

test('what could not be had by insisting is told before that it is too small', () => {
  assert.equal(obstacle(four, table('1', { capacity: 1, status: 'dirty' })), 'dirty');
  assert.equal(obstacle(four, table('1', { capacity: 1, status: 'occupied', guest_id: 'four' })), 'here');
});

test('the tables that a party may have are those at which it can be seated', () => {
  fc.assert(
    fc.property(anyFloor, (floor) => {
      for (const guest of [...floor.guests.values()].filter(({ status }) => status !== 'seated')) {
        const seatable = [...floor.tables.values()].filter(
          (table) => preview(floor, seat(guest, table, false).operations, NOW) !== floor,
        );
        assert.deepEqual(new Set(fitting(floor, guest)), new Set(seatable));
      }
    }),
  );
});

test('the best table is not reserved, wastes no seat, and has the lowest number', () => {
  const floor = given(
    [four, party('bo', { table_id: 'taken' })],
    [
      table('reserved', { capacity: 4, status: 'reserved' }),
      table('10', { capacity: 4 }),
      table('9', { capacity: 4 }),
      table('8', { capacity: 8 }),
      table('6', { capacity: 6 }),
      table('2', { capacity: 2 }),
      table('taken'),
      table('dirty', { status: 'dirty' }),
    ],
  );
  assert.deepEqual(
    fitting(floor, four).map(({ id }) => id),
    ['9', '10', '6', '8', 'reserved'],
  );
});

test('those who wait and fit at a table are offered it in their order', () => {
  const [two, five, one] = [party('two'), party('five', { partySize: 5 }), party('one', { partySize: 1 })];
  assert.deepEqual(candidates([two, five, one, four], table('1')), [two, one, four]);
  assert.deepEqual(candidates([two, one], table('1', { status: 'dirty' })), []);
});
