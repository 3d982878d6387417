import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { backoff } from '../app/live/backoff.js';

/**
 * The least and the most that chance makes of it.
 * @param {number} failures
 */
function between(failures) {
  return [0, 1].map((chance) => {
    const random = mock.method(Math, 'random', () => chance);
    const ms = backoff(failures);
    random.mock.restore();
    return ms;
  });
}

test('each failure makes the wait twice as long, up to ten seconds, and chance up to half of it shorter', () => {
  assert.deepEqual([1, 2, 3, 4].map(between), [
    [125, 250],
    [250, 500],
    [500, 1_000],
    [1_000, 2_000],
  ]);
  assert.deepEqual([7, 50, 2_000].map(between), [
    [5_000, 10_000],
    [5_000, 10_000],
    [5_000, 10_000],
  ]);
});
