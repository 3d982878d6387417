import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { MOVES, isExpected, isOver, isUnavailable, isWaiting, mayBecome, way } from '../app/floor/statuses.js';
import { GUEST_STATUSES } from './given.js';

/**
 * @import { GuestStatus, TableStatus } from '../app/floor/types.js'
 */

/** @param {string} name */
const golden = async (name) =>
  JSON.parse(await readFile(new URL(`../../golden/rules/${name}.json`, import.meta.url), 'utf8'));

/** @type {Record<GuestStatus, GuestStatus[]>} */
const transitions = await golden('guest_transitions');
const pairs = GUEST_STATUSES.flatMap((from) => GUEST_STATUSES.map((to) => /** @type {const} */ ([from, to])));

test('the moves are those of the golden rules', () => {
  assert.deepEqual(Object.keys(MOVES).sort(), Object.keys(transitions).sort());
  for (const status of GUEST_STATUSES)
    assert.deepEqual([...MOVES[status]].sort(), [...transitions[status]].sort(), status);
});

test('a party may stay what it is, or become what the moves say', () => {
  for (const [from, to] of pairs)
    assert.equal(mayBecome(from, to), from === to || transitions[from].includes(to), `${from} → ${to}`);
});

test('a table is unavailable where the golden rules say so', async () => {
  /** @type {Record<TableStatus, { unavailable: boolean }>} */
  const statuses = await golden('table_statuses');
  for (const [status, { unavailable }] of Object.entries(statuses)) {
    assert.equal(isUnavailable(/** @type {TableStatus} */ (status)), unavailable, status);
  }
});

test('a party is expected, waits, sits, or is gone: one of them', () => {
  for (const status of GUEST_STATUSES) {
    assert.equal(
      [isExpected(status), isWaiting(status), status === 'seated', isOver(status)].filter(Boolean).length,
      1,
      status,
    );
  }
});

test('a way ends where it should, by moves that there are', () => {
  for (const [from, to] of pairs) {
    const steps = way(from, to);
    if (steps === null || from === to) continue;
    assert.equal(steps.at(-1), to);
    steps.forEach((step, index) =>
      assert.ok(MOVES[index === 0 ? from : (steps[index - 1] ?? from)].includes(step), `${from} → ${steps}`),
    );
  }
});

test('a way never sits down on its way to something else, nor finishes', () => {
  for (const [from, to] of pairs) {
    const detours = (way(from, to) ?? []).slice(0, -1);
    assert.ok(!detours.includes('seated') && !detours.includes('finished'), `${from} → ${detours}`);
  }
});

test('a way is as short as can be', () => {
  for (const [from, to] of pairs) assert.equal(way(from, to)?.length ?? null, distance(from, to), `${from} → ${to}`);
});

test('there is a way to everything but finished, which only those become who sit', () => {
  for (const [from, to] of pairs)
    assert.equal(way(from, to) === null, to === 'finished' && from !== 'finished' && from !== 'seated');
});

test('a booking that was seated by mistake is cancelled before it is booked again', () => {
  assert.deepEqual(way('seated', 'confirmed'), ['cancelled', 'confirmed']);
});

/**
 * How many moves it takes, none of them over a table; by trying all ways of so many moves.
 * @param {GuestStatus} from
 * @param {GuestStatus} to
 */
function distance(from, to) {
  let reached = new Set([from]);
  for (let moves = 0; moves < GUEST_STATUSES.length; moves += 1) {
    if (reached.has(to)) return moves;
    const standing = [...reached].filter((status) => status !== 'seated' || status === from);
    reached = new Set(standing.flatMap((status) => MOVES[status]));
  }
  return null;
}
