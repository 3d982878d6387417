/**
 * One restaurant at this host stand: the floor as the server tells it, what was tapped, and how true what is shown is.
 * Draws nothing.
 */

import { action, rowsOf } from './floor/actions.js';
import { NOTHING, fold, fromSnapshot, withDeparted } from './floor/fold.js';
import { shown } from './floor/shown.js';
import { ask } from './live/api.js';
import { Link } from './live/link.js';
import { outboxOf, randomId, readFloor, writeFloor } from './live/memory.js';
import { Outbox, UNDO_MS } from './live/outbox.js';

/**
 * @import { Action, Wish } from './floor/actions.js'
 * @import { Floor, Problem, Snapshot } from './floor/types.js'
 * @import { Credentials } from './live/api.js'
 *
 * @typedef {object} Truth How true what is shown is.
 * @property {'live' | 'catching_up' | 'offline'} state
 * @property {number} since Since when it is live, or was no longer; in ms, by this device's clock.
 *
 * @typedef {object} Refusal
 * @property {Action} action
 * @property {Problem} problem
 *
 * @typedef {object} View Everything that there is to draw.
 * @property {Floor} floor
 * @property {ReadonlySet<string>} pending
 * @property {Truth} truth
 * @property {ReadonlyMap<string, Refusal>} refusals By the row at which they are told.
 * @property {number} queued How many taps the server has not answered.
 * @property {Action | undefined} undoable
 * @property {number} now The server's time, in ms.
 */

/** How long being cut off may pass for catching up, in ms: a lift, a change of access points. */
const PATIENCE_MS = 3_000;

/** How long a refusal stays to be read, in ms. */
const REFUSAL_MS = 12_000;

/** How often what changes by itself (waiting times) is drawn anew, in ms. */
const TICK_MS = 5_000;

/** How soon after a change the floor is kept on this device, in ms. */
const KEEP_AFTER_MS = 2_000;

/** How often parties that left are asked for while the floor changes meanwhile. */
const MOST_ASKED = 3;

export class Stand {
  /** @type {Floor} */
  #floor;
  /** @type {Truth} */
  #truth = { state: 'catching_up', since: Date.now() };
  /** @type {ReadonlyMap<string, Refusal>} */
  #refusals = new Map();
  /** @type {Snapshot[]} The parts of a snapshot that are there so far. */
  #parts = [];
  /** @type {{ seq: number, epoch: string } | null} What must be in the floor before it is live. */
  #target = null;
  /** The server's clock, less this device's, in ms. */
  #ahead = 0;
  #knowsDeparted = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #keepTimer;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #patienceTimer;
  #ending = new AbortController();

  /**
   * @param {string} restaurant
   * @param {Credentials} credentials
   * @param {{ changed: () => void, refused: (refusal: Refusal, row: string | undefined) => void, ended: (reason: string) => void }} listener
   */
  constructor(restaurant, credentials, listener) {
    this.restaurant = restaurant;
    this.credentials = credentials;
    this.listener = listener;
    const kept = readFloor(restaurant);
    this.#floor = kept?.floor ?? NOTHING;
    if (kept) this.#truth = { state: 'catching_up', since: kept.trueAt };
    const { left, keep } = outboxOf(restaurant);
    this.outbox = new Outbox(
      {
        restaurant,
        keep,
        // A tap is when it matters: whoever is not there to hear it is not waited for until the next silence is noticed.
        send: (request) => {
          this.link.wake();
          return ask(credentials, request);
        },
        changed: listener.changed,
        refused: (action, problem) => this.#refused(action, problem),
        // Who is offline may still reach a server on the same machine.
        cutOff: () => !navigator.onLine && this.#truth.state !== 'live',
        unauthorized: () => this.link.rejoin(),
        now: () => this.now,
        newId: randomId,
      },
      left,
    );
    const scheme = location.protocol === 'https:' ? 'wss:' : 'ws:';
    this.link = new Link(`${scheme}//${location.host}/realtime`, {
      join: () => this.#join(),
      hear: (message) => this.#hear(message),
      lost: () => this.#lost(),
      ended: (reason) => listener.ended(reason),
    });
  }

  start() {
    const { signal } = this.#ending;
    const wake = () => this.#wake();
    for (const event of ['online', 'offline', 'focus', 'pageshow']) addEventListener(event, wake, { signal });
    for (const event of ['visibilitychange', 'resume']) document.addEventListener(event, wake, { signal });
    addEventListener('pagehide', () => this.#keep(), { signal });
    const ticking = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener('abort', () => clearInterval(ticking));
    this.#losePatience();
    this.link.start();
    void this.outbox.send();
  }

  stop() {
    this.#ending.abort();
    clearTimeout(this.#keepTimer);
    clearTimeout(this.#patienceTimer);
    this.link.stop();
    this.outbox.stop();
  }

  /** The server's time, in ms. */
  get now() {
    return Date.now() + this.#ahead;
  }

  /** @returns {View} */
  get view() {
    const { floor, pending } = shown(this.#floor, this.outbox.actions);
    return {
      floor,
      pending,
      truth: this.#truth,
      refusals: this.#refusals,
      queued: this.outbox.waiting,
      undoable: this.outbox.undoable,
      now: this.now,
    };
  }

  /**
   * Does what is wished for: at once on the screen, and as soon as can be at the server.
   *
   * @param {Wish} wish
   * @returns {Action}
   */
  act(wish) {
    const done = action(wish, this.view.floor, randomId(), new Date(this.now).toISOString());
    rowsOf(done).forEach((row) => this.dismiss(row));
    this.outbox.add(done);
    // For when it can no longer be undone.
    setTimeout(() => this.#tick(), UNDO_MS + 1);
    return done;
  }

  /** @param {string} [id] The last action, if none is named. */
  undo(id = this.outbox.undoable?.id) {
    if (id !== undefined) this.outbox.undo(id);
  }

  /**
   * A refusal has been read.
   *
   * @param {string} row
   */
  dismiss(row) {
    if (!this.#refusals.has(row)) return;
    this.#refusals = new Map([...this.#refusals].filter(([other]) => other !== row));
    this.listener.changed();
  }

  #join() {
    const { token, device } = this.credentials;
    this.#parts = [];
    this.#target = null;
    const { seq, epoch } = this.#floor;
    const who = { platform: 'web', device_id: device, ...(token === null ? {} : { token }) };
    return { type: 'restaurant_connect', restaurant_id: this.restaurant, ...who, since: seq, epoch };
  }

  /** @param {any} message */
  #hear(message) {
    switch (message.type) {
      case 'restaurant_connect':
        this.#ahead = Date.parse(message.timestamp) - Date.now();
        this.#target = { seq: message.seq, epoch: message.epoch };
        this.#truth = { ...this.#truth, state: 'catching_up' };
        break;
      case 'pong':
      case 'heartbeat':
        this.#ahead = Date.parse(message.timestamp) - Date.now();
        // It has sent all of these before.
        if (this.#truth.state === 'live' && message.seq > this.#floor.seq) this.link.rejoin();
        return;
      case 'snapshot':
        this.#parts.push(message);
        if (message.part < message.parts) return;
        // In another life of the log, others may have left.
        this.#adopt(fromSnapshot(this.#parts, message.epoch === this.#floor.epoch ? this.#floor.gone : NOTHING.gone));
        this.#parts = [];
        // Who left while this device was away is not in it.
        this.#knowsDeparted = false;
        break;
      case 'error':
      case 'bye':
      case 'token_expiring':
        return;
      default:
        try {
          this.#adopt(fold(this.#floor, message));
        } catch (hole) {
          if (!(hole instanceof RangeError)) throw hole;
          this.link.rejoin();
          return;
        }
    }
    this.#liveIfWhole();
    this.listener.changed();
  }

  /** @param {Floor} floor */
  #adopt(floor) {
    if (floor === this.#floor) return;
    const anotherLog = floor.epoch !== this.#floor.epoch;
    this.#floor = floor;
    this.outbox.heard(floor, anotherLog);
    this.#keepTimer ??= setTimeout(() => this.#keep(), KEEP_AFTER_MS);
  }

  #liveIfWhole() {
    const target = this.#target;
    if (!target || this.#truth.state === 'live') return;
    if (this.#floor.epoch !== target.epoch || this.#floor.seq < target.seq) return;
    clearTimeout(this.#patienceTimer);
    this.#patienceTimer = undefined;
    this.#truth = { state: 'live', since: Date.now() };
    this.outbox.wake();
    if (!this.#knowsDeparted) void this.#askForDeparted();
  }

  #lost() {
    if (this.#truth.state === 'live') this.#truth = { state: 'catching_up', since: Date.now() };
    if (this.#truth.state === 'catching_up') this.#losePatience();
    this.listener.changed();
  }

  /** If it takes too long to come back, it is said so, and since when; trying again and again does not make it longer. */
  #losePatience() {
    this.#patienceTimer ??= setTimeout(() => {
      this.#patienceTimer = undefined;
      this.#truth = { ...this.#truth, state: 'offline' };
      this.listener.changed();
    }, PATIENCE_MS);
  }

  #wake() {
    this.link.wake();
    this.outbox.wake();
    this.listener.changed();
  }

  #tick() {
    this.outbox.heard(this.#floor, false);
    this.listener.changed();
  }

  /** A floor tells only who is there; how the night went is asked for once. */
  async #askForDeparted() {
    this.#knowsDeparted = true;
    const over = ['finished', 'cancelled', 'no_show'].map((status) => `status=${status}`).join('&');
    const path = `/restaurants/${encodeURIComponent(this.restaurant)}/guests?${over}&limit=500`;
    for (let tries = 0; tries < MOST_ASKED; tries += 1) {
      const answer = await ask(this.credentials, { method: 'GET', path }).catch(() => null);
      if (answer?.status !== 200) break;
      // Somebody may have been deleted while it was read: such an answer is not taken.
      if (answer.body.seq < this.#floor.seq) continue;
      this.#adopt(withDeparted(this.#floor, answer.body.guests));
      this.listener.changed();
      return;
    }
    this.#knowsDeparted = false;
  }

  /**
   * @param {Action} action
   * @param {Problem} problem
   */
  #refused(action, problem) {
    const refusal = { action, problem };
    const row = this.#placeOf(action, problem);
    if (row !== undefined) {
      this.#refusals = new Map(this.#refusals).set(row, refusal);
      setTimeout(() => {
        if (this.#refusals.get(row) === refusal) this.dismiss(row);
      }, REFUSAL_MS);
    }
    this.listener.refused(refusal, row);
    this.listener.changed();
  }

  /**
   * The row at which a refusal is told: the one that stood in the way, or the one that was tapped.
   *
   * @param {Action} action
   * @param {Problem} problem
   * @returns {string | undefined}
   */
  #placeOf(action, problem) {
    const own = rowsOf(action);
    // A number is wrong where it was written, not where it is right.
    const rows =
      problem.code === 'duplicate_table_number' ? [...own, problem.current?.id] : [problem.current?.id, ...own];
    return rows.find((row) => this.#floor.guests.has(row) || this.#floor.gone.has(row) || this.#floor.tables.has(row));
  }

  #keep() {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    const { state, since } = this.#truth;
    writeFloor(this.restaurant, this.#floor, state === 'live' ? Date.now() : since);
  }
}
