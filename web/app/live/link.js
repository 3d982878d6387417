/**
 * One restaurant's socket: keeps it open through sleep and bad networks, and knows when it only seems to be. What is
 * said on it is for whoever listens.
 */

import { backoff } from './backoff.js';

/**
 * @typedef {object} Listener
 * @property {() => Record<string, unknown>} join What to say first, each time.
 * @property {(message: any) => void} hear
 * @property {() => void} lost The socket is gone; another one is on its way.
 * @property {(reason: string) => void} ended The server does not want this device back.
 */

/** After how long without a word the server is asked whether it is there, in ms. */
const QUIET_MS = 10_000;

/** How long it may take to answer that, or to take a device in. */
const ANSWER_MS = 4_000;

/** Why the server would say the same again. */
const FINAL = new Set(['not_allowed', 'not_found', 'restaurant_deleted']);

export class Link {
  /** @type {WebSocket | null} */
  #socket = null;
  #failures = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** Whether the server was asked if it is there, and has said nothing since. */
  #asked = false;
  /** @type {number | null} How long the server asked not to be bothered, in ms. */
  #retryMs = null;
  /** Until when it asked for that. */
  #notBefore = 0;
  #stopped = true;

  /**
   * @param {string} url
   * @param {Listener} listener
   */
  constructor(url, listener) {
    this.url = url;
    this.listener = listener;
  }

  start() {
    this.#stopped = false;
    this.#connect();
  }

  stop() {
    this.#stopped = true;
    this.#drop();
    clearTimeout(this.#timer);
  }

  /** Something may have changed for the better, or the socket may have died unnoticed: find out at once. */
  wake() {
    if (this.#stopped) return;
    if (this.#socket?.readyState === WebSocket.OPEN) this.#probe();
    else if (this.#socket === null && Date.now() >= this.#notBefore) this.#connect();
  }

  /** What was heard has a hole: joins again, from where it was whole. */
  rejoin() {
    this.#lose();
  }

  #connect() {
    clearTimeout(this.#timer);
    const socket = new WebSocket(this.url);
    this.#socket = socket;
    socket.onopen = () => socket.send(JSON.stringify(this.listener.join()));
    socket.onmessage = ({ data }) => this.#hear(socket, data);
    socket.onclose = () => this.#lose();
    this.#expect(ANSWER_MS, () => this.#lose());
  }

  /**
   * @param {WebSocket} socket
   * @param {string} data
   */
  #hear(socket, data) {
    if (socket !== this.#socket) return;
    this.#asked = false;
    const message = JSON.parse(data);
    if (message.type === 'restaurant_connect') this.#failures = 0;
    if (message.type === 'bye') {
      this.#retryMs = message.retry_ms;
      if (FINAL.has(message.reason)) {
        this.stop();
        this.listener.ended(message.reason);
        return;
      }
    }
    this.#expect(QUIET_MS, () => this.#probe());
    this.listener.hear(message);
  }

  #probe() {
    // Who has not answered yet is not given more time by being asked again.
    if (this.#asked) return;
    this.#asked = true;
    this.#socket?.send('{"type":"ping"}');
    this.#expect(ANSWER_MS, () => this.#lose());
  }

  /**
   * @param {number} ms
   * @param {() => void} otherwise
   */
  #expect(ms, otherwise) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(otherwise, ms);
  }

  /** Gives the socket up without waiting for it: one whose network is gone takes minutes to notice. */
  #lose() {
    if (this.#stopped) return;
    this.#drop();
    this.#failures += 1;
    this.#notBefore = Date.now() + (this.#retryMs ?? 0);
    this.#expect(this.#retryMs ?? backoff(this.#failures), () => this.#connect());
    this.#retryMs = null;
    this.listener.lost();
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    this.#asked = false;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
