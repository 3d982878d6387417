// The network between a device and the server, which can be slow, silent or broken. Chromium's own emulation delays no
// message of a WebSocket; this does. To the browser it is the server: open pages at its address.

import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { atEnd } from './ending.js';

/** @typedef {import('node:net').Socket} Socket */

/**
 * @param {import('./ending.js').Scope} scope
 * @param {{ port: number }} server
 */
export async function openWire(scope, server) {
  const wire = new Wire(server.port);
  atEnd(scope, () => wire.close());
  await wire.open();
  return wire;
}

class Wire {
  url = '';
  #latencyMs = 0;
  #isSilent = false;
  /** @type {Set<Direction>} */
  #directions = new Set();
  #listener;

  /** @param {number} port */
  constructor(port) {
    this.#listener = createServer({ allowHalfOpen: true }, (near) => {
      const far = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
      this.#relay(near, far);
      this.#relay(far, near);
    });
  }

  async open() {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    const address = this.#listener.address();
    if (!address || typeof address === 'string') throw new Error('the wire has no port');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  async close() {
    const closed = once(this.#listener, 'close');
    this.#listener.close();
    this.breakOff();
    await closed;
  }

  /**
   * How long what is said takes, from now on, each way.
   * @param {number} latencyMs
   */
  setLatency(latencyMs) {
    this.#latencyMs = latencyMs;
  }

  /** Nothing comes through any more, and nobody is told: a device that left the Wi-Fi. */
  cut() {
    this.#isSilent = true;
    this.#directions.forEach((direction) => direction.from.pause());
  }

  /** What was said while the wire was cut comes through now. */
  mend() {
    this.#isSilent = false;
    this.#directions.forEach((direction) => direction.from.resume());
  }

  /** Breaks all connections; new ones are welcome. */
  breakOff() {
    this.#directions.forEach((direction) => direction.from.destroy());
  }

  /**
   * @param {Socket} from
   * @param {Socket} to
   */
  #relay(from, to) {
    const direction = new Direction(from, to);
    this.#directions.add(direction);
    to.setNoDelay(true);
    from.on('data', (bytes) => direction.pass(() => to.write(bytes), this.#latencyMs));
    from.on('end', () => direction.pass(() => to.end(), this.#latencyMs));
    // Both its ends hear of a broken connection by `close`.
    from.on('error', () => {});
    from.on('close', () => {
      this.#directions.delete(direction);
      if (!from.readableEnded) to.destroy();
    });
    if (this.#isSilent) from.pause();
  }
}

/** One way of one connection: what comes later arrives later, whatever the latency was. */
class Direction {
  /** @type {{ at: number, say: () => void }[]} */
  #underway = [];

  /**
   * @param {Socket} from
   * @param {Socket} to
   */
  constructor(from, to) {
    this.from = from;
    this.to = to;
  }

  /**
   * @param {() => void} say
   * @param {number} latencyMs
   */
  pass(say, latencyMs) {
    this.#underway.push({ at: performance.now() + latencyMs, say });
    if (this.#underway.length === 1) this.#arrive();
  }

  #arrive() {
    for (let next = this.#underway[0]; next; next = this.#underway[0]) {
      const left = next.at - performance.now();
      if (left > 0) {
        setTimeout(() => this.#arrive(), left);
        return;
      }
      if (this.to.writable) next.say();
      this.#underway.shift();
    }
  }
}
