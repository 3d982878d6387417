// What a tap shows at once is what the server makes of it, and what undoes it leads back: random wishes, one after the
// other, on real floors. SEED=… plays the same again.

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { action, undoing } from '../app/floor/actions.js';
import { fromSnapshot } from '../app/floor/fold.js';
import { preview } from '../app/floor/preview.js';
import { nextRequest, versionsIn } from '../app/floor/requests.js';
import { Outbox } from '../app/live/outbox.js';
import { broken, essence } from '../test/laws.js';
import { anyWish } from '../test/wishes.js';
import { layFloor } from './floor.js';
import { startServer } from './server.js';

/**
 * @import { Action } from '../app/floor/actions.js'
 * @import { Floor } from '../app/floor/types.js'
 */

const seed = Number(process.env.SEED ?? 20250816);
const WISHES = 200;
const TAPS = 8;
const ROUNDS = 8;

const server = await startServer({ after });

for (const dirtyAfterFinish of [false, true]) {
  test(`what is foretold comes true and can be undone, with dirtyAfterFinish ${dirtyAfterFinish} and SEED=${seed}`, async () => {
    const restaurant = `foretold-${dirtyAfterFinish}`;
    await open(restaurant, dirtyAfterFinish);
    let floor = await readWhole(restaurant);
    for (const [index, draw] of drawn(WISHES, dirtyAfterFinish ? 1 : 0).entries()) {
      const at = new Date().toISOString();
      const wish = anyWish(floor, draw, `new-${index}`, at);
      const asked = action(wish, floor, `action-${index}`, at);
      const foretold = preview(floor, wish.operations, at);
      const told = () => `wish ${index}: ${JSON.stringify(wish.operations)}`;

      const { done, refusal } = await carryOut(restaurant, asked);
      const real = await readWhole(restaurant);
      assert.deepEqual(broken(real), [], told());
      assert.deepEqual(essence(real), essence(foretold), `${told()}, ${JSON.stringify(refusal)}`);
      if (refusal) {
        assert.equal(foretold, floor, told());
        continue;
      }

      const undone = await carryOut(restaurant, undoing(done, `undoing-${index}`, at));
      assert.equal(undone.refusal, null, told());
      const back = await readWhole(restaurant);
      assert.deepEqual(essence(back), essence(floor), `${told()}, undone by ${JSON.stringify(asked.inverse)}`);

      floor = back;
      if (index % 3 < 2) {
        await carryOut(restaurant, { ...asked, id: `again-${index}` });
        floor = await readWhole(restaurant);
      }
    }
  });
}

test(`taps on parties are undone one after the other, the last one first, with SEED=${seed}`, async () => {
  const restaurant = 'undone';
  await open(restaurant, true);
  for (let round = 0; round < ROUNDS; round += 1) {
    const before = await readWhole(restaurant);
    const taps = tapOnParties(before, drawn(TAPS * 3, 2 + round), round);
    const hand = openOutbox(restaurant);
    await hand.does((outbox) => taps.forEach((tap) => outbox.add(tap)));
    await hand.does((outbox) => taps.reverse().forEach(({ id }) => outbox.undo(id)));
    assert.deepEqual(
      essence(await readWhole(restaurant)),
      essence(before),
      JSON.stringify(taps.map(({ steps }) => steps)),
    );
  }
});

/**
 * @param {string} restaurant
 * @param {boolean} dirtyAfterFinish
 */
async function open(restaurant, dirtyAfterFinish) {
  await layFloor(server, restaurant, { tables: 6, waiting: 3, seated: 2, expected: 2 });
  await server.patch(`/restaurants/${restaurant}`, { settings: { dirtyAfterFinish } });
}

/**
 * @param {number} count
 * @param {number} stream
 */
function drawn(count, stream) {
  return fc.sample(fc.tuple(fc.noBias(fc.nat()), fc.noBias(fc.nat())), { seed: seed + stream, numRuns: count });
}

/**
 * A few taps on parties, each on the floor that the one before shows.
 * @param {Floor} floor
 * @param {[number, number][]} draws
 * @param {number} round
 */
function tapOnParties(floor, draws, round) {
  const at = new Date().toISOString();
  /** @type {Action[]} */
  const taps = [];
  for (const [index, draw] of draws.entries()) {
    const wish = anyWish(floor, draw, `new-${round}-${index}`, at);
    const shown = preview(floor, wish.operations, at);
    if (shown === floor || !wish.operations.every(({ op }) => op.endsWith('guest')) || taps.length === TAPS) continue;
    taps.push(action(wish, floor, `tap-${round}-${index}`, at));
    floor = shown;
  }
  return taps;
}

/**
 * What a device would send.
 * @param {string} restaurant
 */
function openOutbox(restaurant) {
  let changed = () => {};
  const outbox = new Outbox(
    {
      restaurant,
      send: async ({ method, path, body, headers }) => {
        const { status, body: answer } = await server.request(
          method,
          path,
          /** @type {object | undefined} */ (body),
          headers,
        );
        return { status, body: answer, retryMs: null };
      },
      keep: () => {},
      changed: () => changed(),
      refused: (refused, problem) => assert.fail(`${JSON.stringify(refused.steps)} was refused: ${problem.detail}`),
      cutOff: () => false,
      unauthorized: () => assert.fail('nobody has to say who it is'),
      now: Date.now,
      newId: randomUUID,
    },
    [],
  );
  return {
    /**
     * Does something, and returns when all of it is answered.
     * @param {(outbox: Outbox) => void} what
     */
    does: (what) =>
      new Promise((resolve) => {
        what(outbox);
        changed = () => outbox.waiting === 0 && resolve(undefined);
        changed();
      }),
  };
}

/**
 * Sends every step of an action.
 * @param {string} restaurant
 * @param {Action} asked
 */
async function carryOut(restaurant, asked) {
  let done = asked;
  for (let request = nextRequest(restaurant, done); request; request = nextRequest(restaurant, done)) {
    const { method, path, body, headers } = request;
    const answer = await server.request(method, path, /** @type {object | undefined} */ (body), headers);
    if (answer.status >= 300) return { done, refusal: answer.body };
    done = { ...done, done: done.done + 1, versions: { ...done.versions, ...versionsIn(answer.body) } };
  }
  return { done, refusal: null };
}

/**
 * The floor with those who left.
 * @param {string} restaurant
 * @returns {Promise<Floor>}
 */
async function readWhole(restaurant) {
  const { seq, epoch, ...data } = await server.get(`/restaurants/${restaurant}/floor`);
  const over = 'status=finished&status=cancelled&status=no_show';
  const { guests } = await server.get(`/restaurants/${restaurant}/guests?${over}&limit=500`);
  const gone = new Map(guests.map((/** @type {{ id: string }} */ guest) => [guest.id, guest]));
  return fromSnapshot([{ seq, epoch, part: 1, parts: 1, data }], gone);
}
