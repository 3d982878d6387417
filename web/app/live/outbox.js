/**
 * What was tapped, until the server has answered, and then for as long as it can be undone. Sends one request after the
 * other, in the order of the taps: a party is added before it is seated. What got no answer is sent again with the same
 * key.
 */

import { undoing } from '../floor/actions.js';
import { nextRequest, versionsIn } from '../floor/requests.js';
import { isIn } from '../floor/shown.js';
import { backoff } from './backoff.js';

/**
 * @import { Action } from '../floor/actions.js'
 * @import { Request } from '../floor/requests.js'
 * @import { Floor, Problem } from '../floor/types.js'
 * @import { Answer } from './api.js'
 *
 * @typedef {object} Surroundings
 * @property {string} restaurant
 * @property {(request: Request) => Promise<Answer>} send
 * @property {(actions: Action[]) => void} keep
 * @property {() => void} changed
 * @property {(action: Action, problem: Problem) => void} refused
 * @property {() => boolean} cutOff Whether it is known that the server can't be reached. What has not been tried then can still be
 *   taken back without a trace.
 * @property {() => void} unauthorized The server wants to know who this is.
 * @property {() => number} now The server's time, in ms.
 * @property {() => string} newId
 */

/** For how long an action can be undone, in ms. */
export const UNDO_MS = 30_000;

/** What waited longer than this to be sent is not: it was meant for another service. The server remembers keys for 24 h. */
const STALE_MS = 12 * 3_600_000;

/** How often a fault of the server is taken for a passing one. */
const MOST_FAULTS = 5;

export class Outbox {
  /** @type {Action[]} */
  actions;
  #sending = false;
  #failures = 0;
  #faults = 0;
  #stopped = false;
  /** @type {() => void} */
  #wake = () => {};

  /**
   * @param {Surroundings} surroundings
   * @param {Action[]} left What an earlier page has left.
   */
  constructor(surroundings, left) {
    this.surroundings = surroundings;
    this.actions = left;
  }

  /** How many actions the server has not answered. */
  get waiting() {
    return this.actions.filter(({ seq }) => seq === null).length;
  }

  /** @param {Action} action */
  add(action) {
    this.#set([...this.actions, action]);
    void this.send();
  }

  /**
   * The last action that can still be undone.
   *
   * @returns {Action | undefined}
   */
  get undoable() {
    const since = this.surroundings.now() - UNDO_MS;
    return this.actions.findLast(({ at, inverse, undone }) => Date.parse(at) > since && inverse.length > 0 && !undone);
  }

  /** @param {string} id */
  undo(id) {
    const action = this.actions.find((action) => action.id === id);
    if (!action || action.undone || action.inverse.length === 0) return;
    const unheard = action.seq === null && action.done === 0 && !action.tried;
    if (unheard) {
      this.#set(this.actions.filter((other) => other !== action));
      return;
    }
    this.#replace(id, { undone: true });
    // Otherwise as soon as it is answered, for only then is it known which versions are to be undone.
    if (action.seq !== null) this.#undo(action);
  }

  /**
   * The floor has changed: what is in it and can't be undone any more is let go.
   *
   * @param {Floor} floor
   * @param {boolean} anotherLog Whether its numbers are those of another log.
   */
  heard(floor, anotherLog) {
    const since = this.surroundings.now() - UNDO_MS;
    const over = (/** @type {Action} */ action) =>
      anotherLog || (isIn(action, floor) && Date.parse(action.at) <= since);
    const rest = this.actions.filter((action) => action.seq === null || !over(action));
    if (rest.length < this.actions.length) this.#set(rest);
  }

  /** The server may be there again. */
  wake() {
    this.#wake();
  }

  stop() {
    this.#stopped = true;
    this.#wake();
  }

  /** Sends until nothing is left. Does nothing where it is doing that already. */
  async send() {
    if (this.#sending) return;
    this.#sending = true;
    for (let next = this.#next(); next && !this.#stopped; next = this.#next()) {
      const pause = await this.#sendStep(next);
      if (pause !== null) await this.#rest(pause);
    }
    this.#sending = false;
  }

  #next() {
    return this.actions.find(({ seq }) => seq === null);
  }

  /**
   * @param {Action} action
   * @returns {Promise<number | null>} How long to wait before it is sent again, in ms; null if it need not be.
   */
  async #sendStep(action) {
    const { restaurant, cutOff, now, send, unauthorized } = this.surroundings;
    const request = nextRequest(restaurant, action);
    if (request === undefined) {
      this.#replace(action.id, { seq: 0 });
      return null;
    }
    if (now() - Date.parse(action.at) > STALE_MS) {
      this.#refuse(action, { code: 'stale', detail: '' });
      return null;
    }
    if (cutOff()) return backoff(MOST_FAULTS);
    this.#replace(action.id, { tried: true });
    const answer = await send(request).catch(() => null);
    // It is kept, and will be sent again, if anything is still to be known of it here.
    if (this.#stopped) return null;
    this.#faults = answer?.status === 500 ? this.#faults + 1 : 0;
    if (answer === null || isPassing(answer, this.#faults)) {
      this.#failures += 1;
      return answer?.retryMs ?? backoff(this.#failures);
    }
    this.#failures = 0;
    this.#faults = 0;
    if (answer.status === 401) {
      unauthorized();
      return backoff(MOST_FAULTS);
    }
    if (answer.status >= 300) this.#refuse(action, answer.body ?? { code: 'unknown', detail: String(answer.status) });
    else this.#answered(action.id, answer.body);
    return null;
  }

  /**
   * @param {string} id
   * @param {any} body
   */
  #answered(id, body) {
    const action = this.actions.find((action) => action.id === id);
    if (!action) return;
    const done = action.done + 1;
    const seq = done === action.steps.length ? body.seq : null;
    const after = { ...action, done, tried: false, seq, versions: { ...action.versions, ...versionsIn(body) } };
    this.#replace(id, after);
    if (seq !== null) this.#catchUp(after);
    if (seq !== null && action.undone) this.#undo(after);
  }

  /**
   * An undoing leaves rows as they were before what it undid, but at newer versions. What was done to them before that
   * counts from there, so that it can be undone as well; unless somebody else came in between.
   *
   * @param {Action} undoing
   */
  #catchUp({ expects, versions }) {
    if (Object.keys(expects).length === 0) return;
    const newer = (/** @type {[string, number]} */ [id, version]) => {
      const [undone, now] = [expects[id], versions[id]];
      return [id, undone && now && version < undone ? version + now - undone + 1 : version];
    };
    const caughtUp = (/** @type {Record<string, number>} */ known) =>
      Object.fromEntries(Object.entries(known).map(newer));
    this.#set(
      this.actions.map((action) => ({
        ...action,
        versions: caughtUp(action.versions),
        expects: caughtUp(action.expects),
      })),
    );
  }

  /** @param {Action} action */
  #undo(action) {
    const { newId, now } = this.surroundings;
    this.add(undoing(action, newId(), new Date(now()).toISOString()));
  }

  /**
   * @param {Action} action
   * @param {Problem} problem
   */
  #refuse(action, problem) {
    this.#set(this.actions.filter(({ id }) => id !== action.id));
    this.surroundings.refused(action, problem);
  }

  /**
   * @param {string} id
   * @param {Partial<Action>} difference
   */
  #replace(id, difference) {
    this.#set(this.actions.map((action) => (action.id === id ? { ...action, ...difference } : action)));
  }

  /** @param {Action[]} actions */
  #set(actions) {
    this.actions = actions;
    this.surroundings.keep(actions);
    this.surroundings.changed();
  }

  /**
   * Until so many ms have passed, or somebody wakes it.
   *
   * @param {number} ms
   * @returns {Promise<void>}
   */
  #rest(ms) {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/**
 * Whether an answer says nothing about the request, and the same is to be sent again.
 *
 * @param {Answer} answer
 * @param {number} faults Of the server, in a row, with this one.
 */
function isPassing({ status, body }, faults) {
  // Where the house's network wants a login first, a page of its own says that all is well.
  const isForeign = status < 400 && body?.success !== true;
  return isForeign || status === 408 || status === 429 || status > 500 || (status === 500 && faults <= MOST_FAULTS);
}
