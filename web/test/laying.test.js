import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nudged, put, resized, resizedBy, turned, turnedBy } from '../app/floor/laying.js';
import { PLAN_HEIGHT, PLAN_WIDTH, centre } from '../app/floor/plan.js';
import { table } from './given.js';

const MIDDLE = { x: 100, y: 100 };

test('a table is put on the plan, and on a grid of hundredths', () => {
  assert.deepEqual(put({ x: PLAN_WIDTH / 3, y: PLAN_HEIGHT / 2 }), { position: { x: 0.33, y: 0.5 } });
  assert.deepEqual(put({ x: -20, y: PLAN_HEIGHT + 20 }), { position: { x: 0, y: 1 } });
  assert.deepEqual(put(centre(table('1', { position: { x: 0.42, y: 0.07 } }))), { position: { x: 0.42, y: 0.07 } });
});

test('an arrow key moves a table by a hundredth of the plan at least', () => {
  const from = { x: PLAN_WIDTH / 2, y: PLAN_HEIGHT / 2 };
  assert.deepEqual(nudged(from, 'left'), { position: { x: 0.49, y: 0.5 } });
  assert.deepEqual(nudged(from, 'right'), { position: { x: 0.51, y: 0.5 } });
  assert.deepEqual(nudged(from, 'up'), { position: { x: 0.5, y: 0.49 } });
  assert.deepEqual(nudged(from, 'down'), { position: { x: 0.5, y: 0.51 } });
  assert.deepEqual(nudged({ x: 0, y: 0 }, 'left'), { position: { x: 0, y: 0 } });
});

test('a table turns to where its handle is pulled, by 15 degrees at a time', () => {
  for (const [x, y, rotation] of [
    [100, 0, 0],
    [200, 100, 90],
    [100, 200, 180],
    [0, 100, 270],
    [200, 0, 45],
    [130, 0, 15],
    [102, 0, 0],
    [98, 0, 0],
  ]) {
    assert.deepEqual(turned(MIDDLE, { x: x ?? 0, y: y ?? 0 }), { rotation });
  }
});

test('a table turns by steps, and all the way round', () => {
  assert.deepEqual(turnedBy({ rotation: null }, -1), { rotation: 345 });
  assert.deepEqual(turnedBy({ rotation: 345 }, 1), { rotation: 0 });
  assert.deepEqual(turnedBy({ rotation: -360 }, 1), { rotation: 15 });
});

test('a table gets a seat for every so many pixels that its corner is pulled, from 1 to 99', () => {
  const four = { capacity: 4 };
  assert.deepEqual(resized(four, MIDDLE, { x: 150, y: 100 }, { x: 150, y: 100 }), four);
  assert.deepEqual(resized(four, MIDDLE, { x: 150, y: 100 }, { x: 174, y: 100 }), { capacity: 6 });
  assert.deepEqual(resized(four, MIDDLE, { x: 150, y: 100 }, { x: 126, y: 100 }), { capacity: 2 });
  assert.deepEqual(resized(four, MIDDLE, { x: 150, y: 100 }, { x: 5_000, y: 100 }), { capacity: 99 });
  assert.deepEqual(resizedBy({ capacity: 1 }, -1), { capacity: 1 });
});
