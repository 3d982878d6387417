import assert from 'node:assert/strict';
import { test } from 'node:test';
import { size } from '../app/floor/plan.js';
import { room } from '../app/floor/room.js';

/** @typedef {import('../app/floor/types.js').Shape} Shape */

/** @param {Shape} shape @param {number} rotation @param {number} [capacity] */
const table = (shape, rotation, capacity = 8) => ({ shape, rotation, capacity });

/** @param {number} actual @param {number} expected */
const near = (actual, expected) => assert.ok(Math.abs(actual - expected) < 0.01, `${actual} is not ${expected}`);

test('across its middle, an unturned table has room as wide as it is', () => {
  for (const shape of /** @type {Shape[]} */ (['round', 'square', 'rectangle', 'oval'])) {
    near(room(table(shape, 0), 0), size(table(shape, 0)).width);
  }
});

test('a table that is turned by a right angle has room as wide as it is high', () => {
  for (const shape of /** @type {Shape[]} */ (['rectangle', 'oval']))
    near(room(table(shape, 90), 0), size(table(shape, 0)).height);
});

test('a square that stands on its corner has less room the farther from its middle', () => {
  const { width } = size(table('square', 45));
  near(room(table('square', 45), 0), width * Math.SQRT2);
  near(room(table('square', 45), 20), width * Math.SQRT2 - 40);
});

test('a round table has as much room however it is turned', () => {
  for (const rotation of [0, 30, 45, 90, -200]) near(room(table('round', rotation), 20), room(table('round', 0), 20));
});

test('what is centred on a slanting table has the room of its nearer side on both sides', () => {
  for (const shape of /** @type {Shape[]} */ (['rectangle', 'oval'])) {
    near(room(table(shape, 30), 20), room(table(shape, -30), 20));
    near(room(table(shape, 30), 20), room(table(shape, 30), -20));
    assert.ok(room(table(shape, 30), 20) < room(table(shape, 30), 0));
  }
});

test('beside a table there is no room', () => {
  for (const shape of /** @type {Shape[]} */ (['round', 'square', 'rectangle', 'oval']))
    assert.equal(room(table(shape, 0), 500), 0);
});
