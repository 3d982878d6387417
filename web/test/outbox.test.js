import assert from 'node:assert/strict';
import { afterEach, beforeEach, mock, test } from 'node:test';
import { action, addParty, editParty, seat, setStatus } from '../app/floor/actions.js';
import { Outbox, UNDO_MS } from '../app/live/outbox.js';
import { NOW, given, party, table } from './given.js';

/**
 * @import { Action, Wish } from '../app/floor/actions.js'
 * @import { Request } from '../app/floor/requests.js'
 * @import { Answer } from '../app/live/api.js'
 * @import { Problem } from '../app/floor/types.js'
 *
 * @typedef {object} Sent A request that waits for an answer.
 * @property {Request} request
 * @property {(status: number, body?: object, retryMs?: number) => Promise<void>} answer
 * @property {() => Promise<void>} lose
 */

/** Longer than anything waits before it is sent again, in ms. */
const LONG_MS = 10_000;

const HOUR_MS = 3_600_000;

const ada = party('ada', { status: 'confirmed' });
const bo = party('bo');
const floor = given([ada, bo], [table('1')]);

beforeEach(() => mock.timers.enable({ apis: ['setTimeout'] }));
afterEach(() => mock.timers.reset());

/** What has been promised by now has come about. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** An outbox whose requests the test answers. */
class Stage {
  /** @type {Sent[]} */
  #unanswered = [];
  /** @type {Action[]} */
  kept = [];
  /** @type {{ action: Action, problem: Problem }[]} */
  refused = [];
  strangers = 0;
  isCutOff = false;
  now = Date.parse(NOW);
  #ids = 0;

  /** @param {Action[]} [left] */
  constructor(left = []) {
    this.outbox = new Outbox(
      {
        restaurant: 'bistro',
        send: (request) => this.#send(request),
        keep: (actions) => void (this.kept = JSON.parse(JSON.stringify(actions))),
        changed: () => {},
        refused: (action, problem) => void this.refused.push({ action, problem }),
        cutOff: () => this.isCutOff,
        unauthorized: () => void (this.strangers += 1),
        now: () => this.now,
        newId: () => `undoing-${++this.#ids}`,
      },
      left,
    );
  }

  /**
   * Taps.
   * @param {string} id
   * @param {Wish} wish
   */
  tap(id, wish) {
    this.outbox.add(action(wish, floor, id, new Date(this.now).toISOString()));
  }

  /** The request that has been sent, and no other. */
  async sent() {
    await settled();
    assert.equal(this.#unanswered.length, 1, 'requests under way');
    return /** @type {Sent} */ (this.#unanswered.shift());
  }

  async sentNothing() {
    await settled();
    assert.deepEqual(
      this.#unanswered.map(({ request }) => request),
      [],
    );
  }

  /** A page that opens after this one was closed. */
  reload() {
    this.outbox.stop();
    const next = new Stage(this.kept);
    next.now = this.now;
    void next.outbox.send();
    return next;
  }

  /**
   * @param {Request} request
   * @returns {Promise<Answer>}
   */
  #send(request) {
    return new Promise((resolve, reject) =>
      this.#unanswered.push({
        request,
        answer: async (status, body = {}, retryMs) => {
          resolve({ status, body: { success: status < 300, ...body }, retryMs: retryMs ?? null });
          await settled();
        },
        lose: async () => {
          reject(new TypeError('fetch failed'));
          await settled();
        },
      }),
    );
  }
}

/** @param {Sent} sent */
const key = ({ request }) => request.headers['Idempotency-Key'];

/**
 * @param {string} id
 * @param {number} version
 * @param {number} seq
 */
const guest = (id, version, seq) => ({ guest: { id, version }, seq });

test('one request is sent after the other, in the order of the taps', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  stage.tap('two', setStatus(bo, 'cancelled'));
  const first = await stage.sent();
  assert.equal(key(first), 'one.0');
  await first.answer(200, guest('ada', 2, 1));
  const second = await stage.sent();
  assert.equal(key(second), 'two.0');
  assert.equal(stage.outbox.waiting, 1);
  await second.answer(200, guest('bo', 2, 2));
  await stage.sentNothing();
  assert.equal(stage.outbox.waiting, 0);
});

test('what was lost is sent again with the same key, before anything else', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  stage.tap('two', setStatus(bo, 'cancelled'));
  const first = await stage.sent();
  await first.lose();
  await stage.sentNothing();
  mock.timers.tick(LONG_MS);
  assert.deepEqual((await stage.sent()).request, first.request);
});

for (const [status, body] of /** @type {const} */ ([
  [408, {}],
  [429, {}],
  [500, {}],
  [502, {}],
  [503, {}],
  [200, { success: undefined }],
])) {
  test(`${status} ${JSON.stringify(body)} is no answer: it is sent again with the same key, and nobody is told`, async () => {
    const stage = new Stage();
    stage.tap('one', setStatus(ada, 'arrived'));
    const first = await stage.sent();
    await first.answer(status, body);
    mock.timers.tick(LONG_MS);
    const again = await stage.sent();
    assert.deepEqual(again.request, first.request);
    await again.answer(200, guest('ada', 2, 1));
    assert.equal(stage.outbox.waiting, 0);
    assert.deepEqual(stage.refused, []);
  });
}

test('it is not sent again before the server wants it', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  await (await stage.sent()).answer(503, {}, 3_000);
  mock.timers.tick(2_999);
  await stage.sentNothing();
  mock.timers.tick(1);
  assert.equal(key(await stage.sent()), 'one.0');
});

test('it is sent again at once when the server is there again', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  await (await stage.sent()).lose();
  stage.outbox.wake();
  assert.equal(key(await stage.sent()), 'one.0');
});

for (const status of [400, 403, 404, 409, 412, 422]) {
  test(`${status} is told, with the action, and the next one is sent`, async () => {
    const stage = new Stage();
    stage.tap('one', setStatus(ada, 'arrived'));
    stage.tap('two', setStatus(bo, 'cancelled'));
    await (await stage.sent()).answer(status, { code: 'why', detail: 'Why not.' });
    assert.deepEqual(
      stage.refused.map(({ action, problem }) => [action.id, problem.code]),
      [['one', 'why']],
    );
    assert.equal(key(await stage.sent()), 'two.0');
    assert.deepEqual(
      stage.kept.map(({ id }) => id),
      ['two'],
    );
  });
}

test('a fault of the server that does not pass is told at last', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  for (let tries = 1; tries <= 6; tries += 1) {
    await (await stage.sent()).answer(500, { code: 'internal_error' });
    mock.timers.tick(LONG_MS);
  }
  await stage.sentNothing();
  assert.deepEqual(
    stage.refused.map(({ problem }) => problem.code),
    ['internal_error'],
  );
});

test('a fault of the server may pass, however long it was away before', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  for (let tries = 1; tries <= 10; tries += 1) {
    await (await stage.sent()).lose();
    mock.timers.tick(LONG_MS);
  }
  await (await stage.sent()).answer(500, { code: 'internal_error' });
  mock.timers.tick(LONG_MS);
  assert.equal(key(await stage.sent()), 'one.0');
  assert.deepEqual(stage.refused, []);
});

test('who is not known says who it is, and what was tapped is sent after that', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  await (await stage.sent()).answer(401, { code: 'unauthorized' });
  assert.equal(stage.strangers, 1);
  stage.outbox.wake();
  assert.equal(key(await stage.sent()), 'one.0');
  assert.deepEqual(stage.refused, []);
});

test('after it was stopped nothing is sent', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  await (await stage.sent()).lose();
  stage.outbox.stop();
  mock.timers.tick(LONG_MS);
  await stage.sentNothing();
});

test('what is undone before it was sent is never sent', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  stage.tap('two', setStatus(bo, 'cancelled'));
  stage.outbox.undo('two');
  await (await stage.sent()).answer(200, guest('ada', 2, 1));
  await stage.sentNothing();
  assert.deepEqual(
    stage.outbox.actions.map(({ id }) => id),
    ['one'],
  );
});

test('nothing is sent while it is known that nobody hears it, and it is sent at once when somebody does', async () => {
  const stage = new Stage();
  stage.isCutOff = true;
  stage.tap('one', setStatus(ada, 'arrived'));
  stage.tap('two', setStatus(bo, 'cancelled'));
  await stage.sentNothing();
  stage.outbox.undo('one');
  stage.isCutOff = false;
  stage.outbox.wake();
  assert.equal(key(await stage.sent()), 'two.0');
});

test('what is undone while it is under way is undone after its answer, if nobody has changed it since', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  const first = await stage.sent();
  stage.outbox.undo('one');
  await stage.sentNothing();
  await first.answer(200, guest('ada', 7, 1));
  const { request } = await stage.sent();
  assert.deepEqual(
    [request.method, request.path, request.body],
    ['PATCH', '/restaurants/bistro/guests/ada', { status: 'running_late' }],
  );
  assert.equal(request.headers['If-Match'], '"7"');
});

test('what was lost may have happened: undone, it is sent again and then undone', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(bo, 'cancelled'));
  const first = await stage.sent();
  await first.lose();
  stage.outbox.undo('one');
  mock.timers.tick(LONG_MS);
  const again = await stage.sent();
  assert.deepEqual(again.request, first.request);
  await again.answer(200, guest('bo', 2, 1));
  assert.deepEqual((await stage.sent()).request.body, { status: 'waiting' });
});

test('where what was undone under way is refused, there is nothing to undo', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  const first = await stage.sent();
  stage.outbox.undo('one');
  await first.answer(409, { code: 'invalid_transition' });
  await stage.sentNothing();
  assert.deepEqual(stage.outbox.actions, []);
});

test('what was answered is undone at once, at the versions of the answer', async () => {
  const stage = new Stage();
  stage.tap('one', seat(bo, table('1'), false));
  await (await stage.sent()).answer(200, guest('bo', 4, 3));
  stage.outbox.undo('one');
  const { request } = await stage.sent();
  assert.deepEqual(request.body, {
    operations: [
      { op: 'update_guest', id: 'bo', data: { status: 'waiting' }, expected_version: 4 },
      { op: 'update_table', id: '1', data: { status: 'available' } },
    ],
  });
});

test('nothing is undone twice, and no undoing is undone', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(bo, 'cancelled'));
  await (await stage.sent()).answer(200, guest('bo', 2, 1));
  stage.outbox.undo('one');
  stage.outbox.undo('one');
  const undoing = await stage.sent();
  stage.outbox.undo('undoing-1');
  await undoing.answer(200, guest('bo', 3, 2));
  stage.outbox.undo('one');
  await stage.sentNothing();
  assert.equal(stage.outbox.undoable, undefined);
});

test('taps on the same party can be undone one after the other', async () => {
  const stage = new Stage();
  stage.tap('one', editParty(bo, { notes: 'window' }));
  await (await stage.sent()).answer(200, guest('bo', 2, 1));
  stage.tap('two', editParty(bo, { phone: '1' }));
  await (await stage.sent()).answer(200, guest('bo', 3, 2));
  stage.tap('three', setStatus(bo, 'arrived'));
  await (await stage.sent()).answer(200, guest('bo', 4, 3));

  // The last two at once, the first when these are answered.
  stage.outbox.undo('three');
  stage.outbox.undo('two');
  const third = await stage.sent();
  assert.equal(third.request.headers['If-Match'], '"4"');
  await third.answer(200, guest('bo', 5, 4));
  const second = await stage.sent();
  assert.equal(second.request.headers['If-Match'], '"5"');
  await second.answer(200, guest('bo', 6, 5));
  stage.outbox.undo('one');
  const first = await stage.sent();
  assert.deepEqual(first.request.body, { notes: null });
  assert.equal(first.request.headers['If-Match'], '"6"');
});

test('what somebody else did between two taps is not undone with them', async () => {
  const stage = new Stage();
  stage.tap('one', editParty(bo, { notes: 'window' }));
  await (await stage.sent()).answer(200, guest('bo', 2, 1));
  stage.tap('two', setStatus(bo, 'arrived'));
  await (await stage.sent()).answer(200, guest('bo', 4, 3));
  stage.outbox.undo('two');
  await (await stage.sent()).answer(200, guest('bo', 5, 4));
  stage.outbox.undo('one');
  assert.equal((await stage.sent()).request.headers['If-Match'], '"4"', 'one less than it is');
});

test('the last tap of the last 30 seconds can be undone', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  stage.now += 1;
  stage.tap('two', setStatus(bo, 'cancelled'));
  assert.equal(stage.outbox.undoable?.id, 'two');
  stage.outbox.undo('two');
  assert.equal(stage.outbox.undoable?.id, 'one');
  stage.now += UNDO_MS - 2;
  assert.equal(stage.outbox.undoable?.id, 'one');
  stage.now += 1;
  assert.equal(stage.outbox.undoable, undefined);
});

test('a page that is closed in between leaves the next step to the next page', async () => {
  const stage = new Stage();
  stage.tap('one', seat(ada, table('1'), false));
  await (await stage.sent()).answer(200, guest('ada', 2, 2));
  stage.outbox.undo('one');
  const first = await stage.sent();
  assert.equal(key(first), 'undoing-1.0');
  await first.answer(200, {
    results: [{ guest: { id: 'ada', version: 3 } }, { table: { id: '1', version: 3 } }],
    seq: 3,
  });
  assert.equal(key(await stage.sent()), 'undoing-1.1');

  const next = stage.reload();
  const second = await next.sent();
  assert.equal(key(second), 'undoing-1.1');
  assert.deepEqual([second.request.method, second.request.body], ['PATCH', { status: 'confirmed' }]);
  assert.equal(second.request.headers['If-Match'], undefined);
  await second.answer(200, guest('ada', 4, 4));
  await next.sentNothing();
  assert.equal(next.outbox.waiting, 0);
});

test('a page that is closed before the answer leaves the same request to the next page', async () => {
  const stage = new Stage();
  stage.tap('one', addParty('cy', { guestName: 'Cy', partySize: 2 }));
  const { request } = await stage.sent();
  const next = stage.reload();
  const again = await next.sent();
  assert.deepEqual(again.request, request);

  // It may have happened: undoing it takes more than not sending it again.
  next.outbox.undo('one');
  await again.answer(201, guest('cy', 1, 1));
  assert.equal((await next.sent()).request.method, 'DELETE');
});

test('what can still be undone after the page was opened anew is undone', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(bo, 'cancelled'));
  await (await stage.sent()).answer(200, guest('bo', 2, 1));
  const next = stage.reload();
  await next.sentNothing();
  next.outbox.undo(next.outbox.undoable?.id ?? '');
  assert.equal((await next.sent()).request.headers['If-Match'], '"2"');
});

test('what was tapped for another service is told and not sent', async () => {
  const stage = new Stage();
  stage.tap('old', setStatus(ada, 'arrived'));
  const { kept } = stage;
  await stage.sent();
  stage.outbox.stop();

  const next = new Stage(kept);
  next.now += 12 * HOUR_MS + 1;
  next.tap('new', setStatus(bo, 'cancelled'));
  assert.equal(key(await next.sent()), 'new.0');
  assert.deepEqual(
    next.refused.map(({ action, problem }) => [action.id, problem.code]),
    [['old', 'stale']],
  );
});

test('what is in the floor is let go when it can no longer be undone', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  await (await stage.sent()).answer(200, guest('ada', 2, 5));
  stage.outbox.heard({ ...floor, seq: 5 }, false);
  assert.equal(stage.outbox.actions.length, 1);
  stage.now += UNDO_MS;
  stage.outbox.heard({ ...floor, seq: 4 }, false);
  assert.equal(stage.outbox.actions.length, 1);
  stage.outbox.heard({ ...floor, seq: 5 }, false);
  assert.deepEqual([stage.outbox.actions, stage.kept], [[], []]);
});

test('another log lets go of what the old one has answered, and of nothing else', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  stage.tap('two', setStatus(bo, 'cancelled'));
  await (await stage.sent()).answer(200, guest('ada', 2, 500));
  stage.outbox.heard({ ...floor, seq: 1, epoch: 'another' }, true);
  assert.deepEqual(
    stage.outbox.actions.map(({ id }) => id),
    ['two'],
  );
});

test('what was tapped is kept before it is sent, as one that may have happened', async () => {
  const stage = new Stage();
  stage.tap('one', setStatus(ada, 'arrived'));
  await stage.sent();
  assert.deepEqual(
    stage.kept.map(({ id, tried }) => [id, tried]),
    [['one', true]],
  );
});
