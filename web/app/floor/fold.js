/** Makes a floor out of what the server says: a message at a time, or whole. Pure. */

import { isOver } from './statuses.js';

/**
 * @import { Change, Floor, Guest, Message, Snapshot, Table } from './types.js'
 */

/** How many parties that left are kept: more than a house turns in a night. */
const MOST_GONE = 500;

/** @type {Floor} Nothing is known yet; no log has this epoch, so that whoever resumes from here is sent the floor. */
export const NOTHING = {
  restaurant: null,
  guests: new Map(),
  tables: new Map(),
  gone: new Map(),
  seq: 0,
  epoch: 'none',
};

/**
 * The floor after a message. One that is in it already changes nothing.
 *
 * @param {Floor} floor
 * @param {Message} message
 * @returns {Floor}
 * @throws {RangeError} If messages are missing in between: the floor would be wrong from there on.
 */
export function fold(floor, message) {
  if (message.seq <= floor.seq) return floor;
  if (message.seq > floor.seq + 1) throw new RangeError(`after ${floor.seq} comes ${message.seq}`);
  const changes = message.type === 'atomic_transaction_complete' ? (message.changes ?? []) : [message];
  return { ...changes.reduce(apply, floor), seq: message.seq };
}

/**
 * A floor out of all parts of a snapshot, in order. Who left meanwhile is not in a snapshot: `gone` is what was known.
 *
 * @param {Snapshot[]} parts
 * @param {ReadonlyMap<string, Guest>} gone
 * @returns {Floor}
 */
export function fromSnapshot(parts, gone) {
  const last = parts[parts.length - 1];
  if (last === undefined) throw new RangeError('a snapshot has at least one part');
  const guests = byId(parts.flatMap((part) => part.data.guests));
  return {
    restaurant: last.data.restaurant,
    guests,
    tables: byId(parts.flatMap((part) => part.data.tables)),
    gone: new Map([...gone].filter(([id]) => !guests.has(id))),
    seq: last.seq,
    epoch: last.epoch,
  };
}

/**
 * The floor with parties that left, as a read of the server has them. What was heard since is newer than the read.
 *
 * @param {Floor} floor
 * @param {Guest[]} departed
 * @returns {Floor}
 */
export function withDeparted(floor, departed) {
  const unheard = departed.filter((guest) => !floor.guests.has(guest.id) && !floor.gone.has(guest.id));
  return { ...floor, gone: newest([...unheard, ...floor.gone.values()]) };
}

/**
 * @param {Floor} floor
 * @param {Change} change
 * @returns {Floor}
 */
function apply(floor, change) {
  switch (change.type) {
    case 'guest_created':
    case 'guest_updated':
      return withGuest(floor, change.data);
    case 'guest_deleted':
      return withoutGuest(floor, change.data.id);
    case 'table_created':
    case 'table_updated':
      return withTable(floor, change.data);
    case 'table_deleted':
      return withoutTable(floor, change.data.id);
    case 'restaurant_updated':
      return { ...floor, restaurant: change.data };
    default:
      // A newer server may tell more than is known here.
      return floor;
  }
}

/**
 * @param {Floor} floor
 * @param {Guest} guest
 * @returns {Floor}
 */
export function withGuest(floor, guest) {
  if (!isOver(guest.status)) {
    const gone = floor.gone.has(guest.id) ? without(floor.gone, guest.id) : floor.gone;
    return { ...floor, guests: new Map(floor.guests).set(guest.id, guest), gone };
  }
  const gone = newest([...without(floor.gone, guest.id).values(), guest]);
  return { ...floor, guests: without(floor.guests, guest.id), gone };
}

/**
 * @param {Floor} floor
 * @param {string} id
 * @returns {Floor}
 */
export function withoutGuest(floor, id) {
  return { ...floor, guests: without(floor.guests, id), gone: without(floor.gone, id) };
}

/**
 * @param {Floor} floor
 * @param {Table} table
 * @returns {Floor}
 */
export function withTable(floor, table) {
  return { ...floor, tables: new Map(floor.tables).set(table.id, table) };
}

/**
 * @param {Floor} floor
 * @param {string} id
 * @returns {Floor}
 */
export function withoutTable(floor, id) {
  return { ...floor, tables: without(floor.tables, id) };
}

/**
 * @param {Guest[]} guests
 * @returns {ReadonlyMap<string, Guest>}
 */
function newest(guests) {
  if (guests.length <= MOST_GONE) return byId(guests);
  const left = (/** @type {Guest} */ guest) => guest.finishedTime ?? guest.updatedAt;
  return byId([...guests].sort((one, other) => (left(one) < left(other) ? -1 : 1)).slice(-MOST_GONE));
}

/**
 * @template {{ id: string }} T
 * @param {T[]} rows
 * @returns {Map<string, T>}
 */
function byId(rows) {
  return new Map(rows.map((row) => [row.id, row]));
}

/**
 * @template T
 * @param {ReadonlyMap<string, T>} rows
 * @param {string} id
 * @returns {ReadonlyMap<string, T>}
 */
function without(rows, id) {
  if (!rows.has(id)) return rows;
  const rest = new Map(rows);
  rest.delete(id);
  return rest;
}
