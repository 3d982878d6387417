import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { action, addParty, markTable, removeTable, seat, setStatus, unseat } from '../app/floor/actions.js';
import { inverse } from '../app/floor/inverse.js';
import { preview } from '../app/floor/preview.js';
import { NOW, departed, given, party, table } from './given.js';
import { essence } from './laws.js';
import { anyDraws, anyFloor, story } from './wishes.js';

/**
 * @import { Wish } from '../app/floor/actions.js'
 * @import { Floor, Operation } from '../app/floor/types.js'
 */

/**
 * @param {Floor} floor
 * @param {Operation[][]} steps
 */
const afterAll = (floor, steps) => steps.reduce((floor, step) => preview(floor, step, NOW), floor);

/**
 * @param {Floor} floor
 * @param {Wish} wish
 */
const back = (floor, wish) => inverse(floor, wish.operations, NOW);

// The rules force no exception but this: times that follow from what is done are those of the undoing.
test('what undoes a wish leads back to the floor before it', () => {
  fc.assert(
    fc.property(anyFloor, anyDraws, (floor, draws) => {
      for (const { before, wish, after } of story(floor, draws, NOW)) {
        const steps = back(before, wish);
        assert.deepEqual(essence(afterAll(after, steps)), essence(before), JSON.stringify({ wish, steps }));
      }
    }),
    { numRuns: 500 },
  );
});

test('every step of what undoes a wish is possible where the one before has led to', () => {
  fc.assert(
    fc.property(anyFloor, anyDraws, (floor, draws) => {
      for (const { before, wish, after } of story(floor, draws, NOW)) {
        back(before, wish).reduce((floor, step) => {
          const next = preview(floor, step, NOW);
          assert.notEqual(next, floor, JSON.stringify({ wish, step }));
          return next;
        }, after);
      }
    }),
    { numRuns: 500 },
  );
});

test('what changed nothing has nothing that undoes it', () => {
  fc.assert(
    fc.property(anyFloor, anyDraws, (floor, draws) => {
      for (const { before, wish, after } of story(floor, draws, NOW)) {
        if (after === before) assert.deepEqual(back(before, wish), [], JSON.stringify(wish));
      }
    }),
  );
  const ada = party('ada', { status: 'arrived' });
  assert.deepEqual(back(given([ada]), setStatus(ada, 'arrived')), []);
});

test('an action is the same after it was written down and read', () => {
  fc.assert(
    fc.property(anyFloor, anyDraws, (floor, draws) => {
      for (const { before, wish } of story(floor, draws, NOW)) {
        const asked = action(wish, before, 'an-id', NOW);
        assert.deepEqual(JSON.parse(JSON.stringify(asked)), asked);
      }
    }),
  );
});

test('most wishes are undone by one request', () => {
  const [ada, bo] = [party('ada'), party('bo', { table_id: '2' })];
  const floor = given([ada, bo], [table('1'), table('2'), table('3')]);
  for (const wish of [
    addParty('cy', { guestName: 'Cy', partySize: 2 }),
    setStatus(ada, 'arrived'),
    setStatus(ada, 'no_show'),
    seat(ada, table('1'), false),
    seat(bo, table('3'), false),
    markTable(table('1'), 'dirty'),
    removeTable(table('1')),
  ])
    assert.equal(back(floor, wish).length, 1, wish.verb);
});

test('a booking that was seated by mistake is cancelled and booked again, and its table is as it was', () => {
  const ada = party('ada', { status: 'confirmed' });
  const floor = given([ada], [table('1', { status: 'reserved' })], { dirtyAfterFinish: true });
  assert.deepEqual(back(floor, seat(ada, table('1'), false)), [
    [
      { op: 'update_guest', id: 'ada', data: { status: 'cancelled' } },
      { op: 'update_table', id: '1', data: { status: 'reserved' } },
    ],
    [{ op: 'update_guest', id: 'ada', data: { status: 'confirmed' } }],
  ]);
});

test('a party that left by mistake is seated again even if it is too many for its table', () => {
  const ten = party('ten', { partySize: 10, table_id: '1' });
  const floor = given([ten], [table('1')]);
  const left = preview(floor, setStatus(ten, 'finished').operations, NOW);
  const seated = afterAll(left, back(floor, setStatus(ten, 'finished')));
  assert.equal(seated.tables.get('1')?.guest_id, 'ten');
});

test('a party that had finished and was restored by mistake has finished again', () => {
  const ada = party('ada', { status: 'finished', notes: 'paid' });
  const floor = given([ada]);
  const restored = preview(floor, setStatus(ada, 'waiting').operations, NOW);
  const finished = afterAll(restored, back(floor, setStatus(ada, 'waiting')));
  assert.deepEqual([finished.gone.get('ada')?.status, finished.gone.get('ada')?.notes], ['finished', 'paid']);
  assert.equal(finished.guests.size, 0);
});

test('a table that was removed is there again before its party sits down', () => {
  const floor = given([party('ada', { table_id: '1' })], [table('1', { capacity: 6 })]);
  /** @type {Wish} */
  const wish = { verb: 'any', operations: [...unseat(party('ada')).operations, ...removeTable(table('1')).operations] };
  const after = preview(floor, wish.operations, NOW);
  assert.equal(after.tables.size, 0);
  assert.deepEqual(essence(afterAll(after, back(floor, wish))), essence(floor));
});

test('only the fields that were named are written back', () => {
  const ada = party('ada', { notes: 'window', phone: '1', partySize: 2 });
  /** @type {Wish} */
  const wish = { verb: 'edit', operations: [{ op: 'update_guest', id: 'ada', data: { notes: 'bar', partySize: 2 } }] };
  assert.deepEqual(back(given([ada]), wish), [[{ op: 'update_guest', id: 'ada', data: { notes: 'window' } }]]);
});

test('nobody is made anew who only had to make room for the last that left', () => {
  const ada = party('ada', { table_id: '1' });
  const floor = given([...departed(500), ada], [table('1')]);
  const steps = back(floor, setStatus(ada, 'finished'));
  assert.deepEqual([...new Set(steps.flat().map(({ id }) => id))], ['ada']);
});
