/**
 * What outlives the page, on this device: who it is, the floor as it was last seen, and what is not sent yet. Where
 * nothing can be kept (private windows, a full disk) everything else goes on.
 */

/**
 * @import { Action } from '../floor/actions.js'
 * @import { Floor } from '../floor/types.js'
 */

/** What is a restaurant's has its id before a slash, which no id has. */
const PREFIX = 'maitred.';

/** @returns {string} What this device calls itself. */
export function deviceId() {
  const known = read('device');
  if (typeof known === 'string') return known;
  const id = `web-${randomId().slice(0, 8)}`;
  write('device', id);
  return id;
}

/**
 * An id that nobody else draws. Not `crypto.randomUUID`, which is missing where the connection is not encrypted.
 *
 * @returns {string} 32 hexadecimal digits.
 */
export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * @param {string} name
 * @returns {any} Null if there is nothing.
 */
export function read(name) {
  try {
    return JSON.parse(localStorage.getItem(PREFIX + name) ?? 'null');
  } catch {
    return null;
  }
}

/**
 * @param {string} name
 * @param {unknown} value Null removes it.
 */
export function write(name, value) {
  try {
    if (value === null) localStorage.removeItem(PREFIX + name);
    else localStorage.setItem(PREFIX + name, JSON.stringify(value));
  } catch {
    // Then it is gone when the page is.
  }
}

/**
 * @param {string} restaurant
 * @returns {{ floor: Floor, trueAt: number } | null}
 */
export function readFloor(restaurant) {
  const kept = read(`${restaurant}/floor`);
  if (!kept) return null;
  const { trueAt, guests, tables, gone, ...rest } = kept;
  const byId = (/** @type {{ id: string }[]} */ rows) => new Map(rows.map((row) => [row.id, row]));
  return { floor: { ...rest, guests: byId(guests), tables: byId(tables), gone: byId(gone) }, trueAt };
}

/**
 * @param {string} restaurant
 * @param {Floor} floor
 * @param {number} trueAt When it was last known to be the server's, in ms.
 */
export function writeFloor(restaurant, floor, trueAt) {
  const { guests, tables, gone } = floor;
  const rows = { guests: [...guests.values()], tables: [...tables.values()], gone: [...gone.values()] };
  write(`${restaurant}/floor`, { ...floor, ...rows, trueAt });
}

/**
 * This page's list of actions. It takes over what pages before it left behind. Should one of these still be open, both
 * send the same: the idempotency keys see to it that it is done once.
 *
 * @param {string} restaurant
 * @returns {{ left: Action[], keep: (actions: Action[]) => void }}
 */
export function outboxOf(restaurant) {
  const box = `${restaurant}/outbox/`;
  const own = box + randomId();
  const others = keys().filter((key) => key.startsWith(box));
  const left = others.flatMap((key) => read(key) ?? []);
  const keep = (/** @type {Action[]} */ actions) => write(own, actions.length > 0 ? actions : null);
  keep(left);
  others.forEach((key) => write(key, null));
  return { left, keep };
}

/**
 * Forgets a restaurant, or all of them and the token: whoever was sent away keeps no guest's name.
 *
 * @param {string | null} restaurant
 */
export function forget(restaurant) {
  const known = keys().filter((key) => (restaurant === null ? key !== 'device' : key.startsWith(`${restaurant}/`)));
  known.forEach((key) => write(key, null));
}

function keys() {
  try {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith(PREFIX))
      .map((key) => key.slice(PREFIX.length));
  } catch {
    return [];
  }
}
