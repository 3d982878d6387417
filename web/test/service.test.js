import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DAY_BEGINS_AT_HOUR, dayBegan, figures, usualTurns } from '../app/floor/service.js';
import { given, party, table } from './given.js';

/**
 * @import { Guest } from '../app/floor/types.js'
 */

const EVENING = '2025-08-16T20:00:00.000Z';
const NOW_MS = Date.parse(EVENING);

/** @param {number} minutes */
const before = (minutes) => new Date(NOW_MS - minutes * 60_000).toISOString();

/**
 * Parties that stayed so long.
 * @param {number[]} minutes
 * @param {number} partySize
 * @returns {Guest[]}
 */
const stayed = (minutes, partySize = 2) =>
  minutes.map((stay, index) =>
    party(`p${partySize}-${index}`, {
      partySize,
      status: 'finished',
      seatedTime: before(stay + 10),
      finishedTime: before(10),
    }),
  );

test('an empty house has no figures to speak of', () => {
  assert.deepEqual(figures(given([]), NOW_MS), {
    parties: 0,
    covers: 0,
    seated: 0,
    capacity: 0,
    longestWait: null,
    turns: 0,
  });
});

test('the figures count who waits and sits, and the seats that there are', () => {
  const floor = given(
    [
      party('a', { partySize: 2, checkInTime: before(12) }),
      party('b', { partySize: 3, status: 'arrived', checkInTime: before(30) }),
      party('c', { partySize: 4, status: 'confirmed' }),
      party('d', { partySize: 5, table_id: '1', checkInTime: before(90) }),
    ],
    [
      table('1', { capacity: 6 }),
      table('2', { capacity: 4, status: 'dirty' }),
      table('3', { capacity: 8, status: 'out_of_service' }),
    ],
  );
  assert.deepEqual(figures(floor, NOW_MS), {
    parties: 2,
    covers: 5,
    seated: 5,
    capacity: 10,
    longestWait: 30,
    turns: 0,
  });
});

test('a turn is a party that sat and finished since the day began', () => {
  const turn = { status: /** @type {const} */ ('finished'), seatedTime: before(60), finishedTime: before(1) };
  const sinceMorning = 20 * 60 - DAY_BEGINS_AT_HOUR * 60;
  const floor = given([
    party('tonight', turn),
    party('at the beginning', { ...turn, finishedTime: before(sinceMorning) }),
    party('yesterday', { ...turn, finishedTime: before(sinceMorning + 1) }),
    party('cancelled', { ...turn, status: 'cancelled' }),
    party('never sat', { ...turn, seatedTime: null }),
  ]);
  assert.equal(figures(floor, NOW_MS).turns, 2);
});

test('a night of the restaurant goes on after midnight', () => {
  const floor = given([
    party('a', { status: 'finished', seatedTime: '2025-08-16T22:00:00Z', finishedTime: '2025-08-16T23:30:00Z' }),
  ]);
  assert.equal(figures(floor, Date.parse('2025-08-17T01:00:00Z')).turns, 1);
  assert.equal(figures(floor, Date.parse('2025-08-17T05:00:00Z')).turns, 0);
});

test('as long as few have left, a party stays as long as is usual in the trade', () => {
  const usual = usualTurns(given(stayed([10, 10, 10, 10])));
  assert.deepEqual([1, 2, 3, 4, 5, 12, 99].map(usual), [60, 60, 90, 90, 120, 120, 120]);
});

test('after five turns a party stays as long as most of its size did', () => {
  const usual = usualTurns(given([...stayed([40, 200, 41, 43, 42]), ...stayed([70, 71, 72, 73, 74, 75], 6)]));
  assert.deepEqual([2, 4, 6, 8].map(usual), [42, 90, 73, 73]);
});

test('who left without having sat tells nothing of how long parties stay', () => {
  const never = stayed([10, 10, 10, 10, 10]).map((guest) => ({
    ...guest,
    status: /** @type {const} */ ('no_show'),
    seatedTime: null,
  }));
  assert.equal(usualTurns(given(never))(2), 60);
});

for (const [zone, now, began] of /** @type {const} */ ([
  ['UTC', '2025-08-16T20:00:00Z', '2025-08-16T05:00:00Z'],
  ['UTC', '2025-08-16T05:00:00Z', '2025-08-16T05:00:00Z'],
  ['UTC', '2025-08-16T04:59:59Z', '2025-08-15T05:00:00Z'],
  ['UTC', '2025-08-16T00:00:30Z', '2025-08-15T05:00:00Z'],
  ['Europe/Berlin', '2025-08-16T22:10:00Z', '2025-08-16T03:00:00Z'],
  ['Europe/Berlin', '2025-08-17T02:59:59Z', '2025-08-16T03:00:00Z'],
  ['Europe/Berlin', '2025-08-17T03:00:00Z', '2025-08-17T03:00:00Z'],
  ['America/Los_Angeles', '2025-08-17T07:00:01Z', '2025-08-16T12:00:00Z'],
  ['America/Los_Angeles', '2025-08-17T05:00:00Z', '2025-08-16T12:00:00Z'],
  ['Asia/Kolkata', '2025-08-16T19:00:00Z', '2025-08-15T23:30:00Z'],
  ['Pacific/Auckland', '2025-08-16T12:30:00Z', '2025-08-15T17:00:00Z'],
  // The clocks were set forward in the night.
  ['Europe/Berlin', '2025-03-30T18:00:00Z', '2025-03-30T03:00:00Z'],
])) {
  test(`in ${zone}, at ${now}, the day began at ${began}`, () => {
    assert.equal(new Date(dayBegan(zone, Date.parse(now))).toISOString(), new Date(began).toISOString());
  });
}

test('of a zone that this device does not know, it takes its own for it', () => {
  const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
  assert.equal(dayBegan('Europe/Atlantis', NOW_MS), dayBegan(own, NOW_MS));
});
