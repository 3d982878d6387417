import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  NEAR_MINUTES,
  VIEWS,
  counts,
  left,
  list,
  minutesBetween,
  promise,
  viewOf,
  waited,
} from '../app/floor/waitlist.js';
import { THEN, given, party, table } from './given.js';
import { anyFloor } from './wishes.js';

/**
 * @import { Floor } from '../app/floor/types.js'
 * @import { View } from '../app/floor/waitlist.js'
 */

/** @param {number} minutes */
const later = (minutes) => new Date(Date.parse(THEN) + minutes * 60_000).toISOString();

/** @param {number} minutes */
const at = (minutes) => Date.parse(THEN) + minutes * 60_000;

/**
 * @param {Floor} floor
 * @param {View} view
 * @param {string} [search]
 */
const ids = (floor, view, search = '') => list(floor, view, search).map(({ id }) => id);

test('those who wait stand in the order in which they came', () => {
  const floor = given([
    party('third', { checkInTime: later(2) }),
    party('first', { status: 'arrived', checkInTime: later(0), createdAt: later(5) }),
    party('second', { status: 'partially_arrived', checkInTime: later(1) }),
    party('booked', { status: 'confirmed' }),
  ]);
  assert.deepEqual(ids(floor, 'waiting'), ['first', 'second', 'third']);
});

test('those who have booked stand in the order of their times', () => {
  const floor = given([
    party('late', { status: 'running_late', reservationTime: later(30) }),
    party('early', { status: 'confirmed', reservationTime: later(15) }),
    party('any', { status: 'confirmed', createdAt: later(20) }),
  ]);
  assert.deepEqual(ids(floor, 'expected'), ['early', 'any', 'late']);
});

test('those who sit stand in the order in which they sat down, those who left the last first', () => {
  const floor = given(
    [
      party('b', { table_id: '1', seatedTime: later(2) }),
      party('a', { table_id: '2', seatedTime: later(1) }),
      party('x', { status: 'finished', finishedTime: later(1) }),
      party('y', { status: 'no_show', finishedTime: later(3) }),
      party('z', { status: 'cancelled', finishedTime: later(2) }),
    ],
    [table('1'), table('2')],
  );
  assert.deepEqual(ids(floor, 'seated'), ['a', 'b']);
  assert.deepEqual(ids(floor, 'gone'), ['y', 'z', 'x']);
});

test('of those who came at the same time the order is the same each time', () => {
  assert.deepEqual(ids(given([party('b'), party('a'), party('c')]), 'waiting'), ['a', 'b', 'c']);
  assert.deepEqual(ids(given([party('c'), party('b'), party('a')]), 'waiting'), ['a', 'b', 'c']);
});

test('each party is in one view, and counted there', () => {
  fc.assert(
    fc.property(anyFloor, (floor) => {
      const everybody = [...floor.guests.values(), ...floor.gone.values()];
      for (const view of VIEWS) {
        const here = everybody.filter((guest) => viewOf(guest) === view);
        assert.deepEqual(new Set(list(floor, view, '')), new Set(here));
        assert.equal(counts(floor)[view], here.length);
      }
    }),
  );
});

const searched = given(
  [
    party('zoe', { guestName: 'Zoë Ångström', phone: '+1 (555) 012-3456' }),
    party('jose', { guestName: 'José Núñez', notes: 'by the window', tags: ['Birthday', 'VIP'] }),
    party('kim', { guestName: 'Kim', table_id: '12', tags: ['regular'] }),
    party('gone', { guestName: 'Zoe Quick', status: 'finished' }),
  ],
  [table('12', { tableNumber: '12a' })],
);

for (const [text, found] of /** @type {[string, string[]][]} */ ([
  ['zoe', ['zoe', 'gone']],
  ['ZOË', ['zoe', 'gone']],
  ['angstrom', ['zoe']],
  ['Ångström', ['zoe']],
  ['A\u030angstro\u0308m', ['zoe']],
  ['nunez', ['jose']],
  ['5550123456', ['zoe']],
  ['555', ['zoe']],
  ['3456', ['zoe']],
  ['(555) 012-3456', ['zoe']],
  ['0123-456', ['zoe']],
  ['555.012.3456', ['zoe']],
  ['()-', []],
  ['birth', ['jose']],
  ['vip', ['jose']],
  ['window', ['jose']],
  ['12a', ['kim']],
  ['quick zoe', ['gone']],
  ['jose window vip', ['jose']],
  ['jose regular', []],
  ['nobody', []],
])) {
  test(`“${text}” finds ${found.join(', ') || 'nobody'}, whatever the view`, () => {
    for (const view of VIEWS) assert.deepEqual(ids(searched, view, text).sort(), [...found].sort());
  });
}

test('blanks find what the view has', () => {
  assert.deepEqual(ids(searched, 'seated', '  '), ['kim']);
});

test('the digits of a phone are looked for in the phone alone', () => {
  const floor = given([party('ada', { guestName: 'Ada 12', phone: '345' })]);
  assert.deepEqual(ids(floor, 'waiting', '123'), []);
});

test('who has waited so many minutes has waited them whole', () => {
  const guest = party('ada');
  assert.equal(waited(guest, at(0)), 0);
  assert.equal(waited(guest, at(10) - 1), 9);
  assert.equal(waited(guest, at(10)), 10);
});

test('a wait ends when the party sits down, or leaves', () => {
  assert.equal(waited(party('ada', { table_id: '1', seatedTime: later(7) }), at(60)), 7);
  assert.equal(waited(party('bo', { status: 'cancelled', finishedTime: later(8) }), at(60)), 8);
  assert.equal(waited(party('cy', { status: 'finished', seatedTime: later(7), finishedTime: later(50) }), at(60)), 7);
});

test('who has not come has not waited', () => {
  assert.equal(waited(party('ada', { status: 'confirmed' }), at(10)), null);
});

test('nobody has waited less than no time, whatever the clocks', () => {
  assert.equal(minutesBetween(later(1), at(0)), 0);
});

for (const [minutes, remaining, kept] of /** @type {[number, number, string][]} */ ([
  [0, 20, 'ahead'],
  [20 - NEAR_MINUTES - 0.1, NEAR_MINUTES + 1, 'ahead'],
  [20 - NEAR_MINUTES, NEAR_MINUTES, 'near'],
  [19.9, 1, 'near'],
  [20, 0, 'passed'],
  [20.9, 0, 'passed'],
  [21, -1, 'passed'],
])) {
  test(`of 20 minutes, after ${minutes}, ${remaining} are left: the promise is ${kept}`, () => {
    const guest = party('ada', { quotedWaitMinutes: 20 });
    assert.ok(left(guest, at(minutes)) === remaining, String(left(guest, at(minutes))));
    assert.equal(promise(guest, at(minutes)), kept);
  });
}

test('nothing is promised to who was quoted no wait, has not come, or no longer waits', () => {
  for (const guest of [
    party('ada'),
    party('bo', { status: 'confirmed', quotedWaitMinutes: 20 }),
    party('cy', { table_id: '1', quotedWaitMinutes: 20 }),
    party('di', { status: 'finished', quotedWaitMinutes: 20 }),
  ])
    assert.deepEqual([left(guest, at(30)), promise(guest, at(30))], [null, 'none'], guest.id);
});
