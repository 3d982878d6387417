import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { NOTHING, fold, fromSnapshot, withDeparted } from '../app/floor/fold.js';
import { THEN, departed, given, party, table } from './given.js';

/**
 * @import { Floor, Guest, Message, Snapshot } from '../app/floor/types.js'
 */

/** @type {{ snapshot: Snapshot[], messages: Message[], floor: any }} */
const evening = JSON.parse(await readFile(new URL('../../golden/fold/evening.json', import.meta.url), 'utf8'));

/** What the floor was at the beginning of the evening, and after each message. */
const floors = evening.messages.reduce(
  (floors, message) => [...floors, fold(/** @type {Floor} */ (floors.at(-1)), message)],
  [fromSnapshot(evening.snapshot, new Map())],
);

/**
 * A floor as `GET /floor` tells it.
 * @param {Floor} floor
 */
function told({ restaurant, guests, tables, seq, epoch }) {
  /** @type {<T extends { id: string }>(rows: ReadonlyMap<string, T>) => T[]} */
  const inOrder = (rows) => [...rows.values()].sort((one, other) => (one.id < other.id ? -1 : 1));
  return { restaurant, guests: inOrder(guests), tables: inOrder(tables), seq, epoch };
}

/**
 * @param {number} seq
 * @param {Partial<Message>} message
 * @returns {Message}
 */
const message = (seq, message) => ({ type: 'guest_updated', timestamp: THEN, seq, ...message });

/**
 * @param {number} seq
 * @param {Guest} guest
 */
const updated = (seq, guest) => message(seq, { guest_id: guest.id, data: guest });

test('the golden evening folds to the floor that the server has at its end', () => {
  const { success, ...floor } = evening.floor;
  const end = told(/** @type {Floor} */ (floors.at(-1)));
  assert.deepEqual(end, told({ ...floor, guests: byId(floor.guests), tables: byId(floor.tables), gone: new Map() }));
});

test('whoever comes in anywhere in the evening has the same floor at its end', () => {
  floors.forEach((floor, index) => {
    const data = /** @type {any} */ (told(floor));
    const snapshot = { seq: floor.seq, epoch: floor.epoch, part: 1, parts: 1, data };
    const end = evening.messages.slice(index).reduce(fold, fromSnapshot([snapshot], new Map()));
    assert.deepEqual(told(end), told(/** @type {Floor} */ (floors.at(-1))), `from ${floor.seq} on`);
  });
});

test('a message that is in the floor changes nothing', () => {
  floors.forEach((floor, index) => {
    for (const heard of evening.messages.slice(0, index)) assert.equal(fold(floor, heard), floor);
  });
});

test('a floor is never made of messages with a hole between them', () => {
  const { messages } = evening;
  floors.slice(0, -2).forEach((floor, index) => {
    assert.throws(() => fold(floor, /** @type {Message} */ (messages[index + 1])), RangeError);
  });
});

test('rows that did not change are the very same objects', () => {
  floors.slice(1).forEach((floor, index) => {
    const before = /** @type {Floor} */ (floors[index]);
    const { changes, ...only } = /** @type {Message} */ (evening.messages[index]);
    const named = (changes ?? [only]).map(({ guest_id, table_id }) => guest_id ?? table_id ?? '');
    for (const kind of /** @type {const} */ (['guests', 'tables', 'gone'])) {
      for (const [id, row] of before[kind]) {
        if (!named.includes(id)) assert.equal(floor[kind].get(id), row, `${id} in ${floor.seq}`);
      }
      if (!named.some((id) => before[kind].has(id) || floor[kind].has(id))) assert.equal(floor[kind], before[kind]);
    }
  });
});

test('a floor is not changed by what is folded into it', () => {
  const floor = fromSnapshot(evening.snapshot, new Map());
  const copy = structuredClone(floor);
  evening.messages.reduce(fold, floor);
  assert.deepEqual(floor, copy);
});

test('a message of a newer server counts, and changes nothing else', () => {
  const floor = given([party('ada')]);
  assert.deepEqual(fold(floor, message(1, { type: 'menu_updated', data: {} })), { ...floor, seq: 1 });
});

test('a snapshot of several parts is one floor', () => {
  const { restaurant } = given([]);
  const part = (/** @type {number} */ part, /** @type {any} */ data) => ({
    seq: 7,
    epoch: 'e',
    part,
    parts: 3,
    data: { restaurant, ...data },
  });
  const floor = fromSnapshot(
    [
      part(1, { guests: [party('ada'), party('bo')], tables: [] }),
      part(2, { guests: [party('cy')], tables: [table('1')] }),
      part(3, { guests: [], tables: [table('2')] }),
    ],
    new Map(),
  );
  assert.deepEqual(
    [[...floor.guests.keys()], [...floor.tables.keys()]],
    [
      ['ada', 'bo', 'cy'],
      ['1', '2'],
    ],
  );
  assert.deepEqual([floor.restaurant, floor.seq, floor.epoch], [restaurant, 7, 'e']);
  assert.throws(() => fromSnapshot([], new Map()), RangeError);
});

test('no log is as old as a floor of which nothing is known', () => {
  assert.deepEqual([NOTHING.seq, NOTHING.epoch, NOTHING.restaurant], [0, 'none', null]);
});

test('parties that left before a snapshot are still known after it, but for those who are back', () => {
  const { gone } = given([party('ada', { status: 'finished' }), party('bo', { status: 'no_show' })]);
  const data = { restaurant: /** @type {any} */ (null), guests: [party('bo')], tables: [] };
  const floor = fromSnapshot([{ seq: 1, epoch: 'e', part: 1, parts: 1, data }], gone);
  assert.deepEqual([...floor.gone.keys()], ['ada']);
  assert.deepEqual([...floor.guests.keys()], ['bo']);
});

test('who leaves is gone, who is restored is back, who is deleted is neither', () => {
  let floor = given([party('ada'), party('bo')]);
  floor = fold(floor, updated(1, party('ada', { status: 'finished' })));
  assert.deepEqual([[...floor.guests.keys()], [...floor.gone.keys()]], [['bo'], ['ada']]);
  floor = fold(floor, updated(2, party('ada')));
  assert.deepEqual([[...floor.guests.keys()], [...floor.gone.keys()]], [['bo', 'ada'], []]);
  floor = fold(floor, updated(3, party('ada', { status: 'cancelled' })));
  floor = fold(floor, message(4, { type: 'guest_deleted', guest_id: 'ada', data: { id: 'ada' } }));
  floor = fold(floor, message(5, { type: 'guest_deleted', guest_id: 'bo', data: { id: 'bo' } }));
  assert.deepEqual([floor.guests.size, floor.gone.size], [0, 0]);
});

test('of those who are gone the last 500 are known', () => {
  const floor = fold(
    given(departed(500)),
    updated(1, party('ada', { status: 'finished', finishedTime: '2025-08-17T23:00:00Z' })),
  );
  assert.equal(floor.gone.size, 500);
  assert.ok(floor.gone.has('ada') && floor.gone.has('left-2') && !floor.gone.has('left-1'));

  const [first, ...rest] = departed(501);
  const read = withDeparted(given([/** @type {Guest} */ (first)]), rest);
  assert.equal(read.gone.size, 500);
  assert.ok(!read.gone.has('left-1'));
});

test('a read of those who left never overrides what was heard since', () => {
  const heard = party('ada', { status: 'cancelled', notes: 'heard' });
  const floor = given([heard, party('bo')]);
  const read = withDeparted(floor, [
    party('ada', { status: 'finished', notes: 'read' }),
    party('bo', { status: 'finished' }),
    party('cy', { status: 'finished' }),
  ]);
  assert.deepEqual([...read.gone.keys()].sort(), ['ada', 'cy']);
  assert.equal(read.gone.get('ada'), heard);
  assert.equal(read.guests, floor.guests);
});

/**
 * @template {{ id: string }} T
 * @param {T[]} rows
 */
function byId(rows) {
  return new Map(rows.map((row) => [row.id, row]));
}
