// Floors to begin with, said as shortly as can be. What is said of a party's table is made true of the table, too.

/**
 * @import { Floor, Guest, GuestStatus, Restaurant, Table } from '../app/floor/types.js'
 */

/** When things were as they are given. */
export const THEN = '2025-08-16T18:00:00.000000Z';

/** When what is tested happens. */
export const NOW = '2025-08-16T19:00:00.000000Z';

/** @type {GuestStatus[]} */
export const GUEST_STATUSES = [
  'confirmed',
  'running_late',
  'partially_arrived',
  'arrived',
  'waiting',
  'seated',
  'finished',
  'cancelled',
  'no_show',
];

const EXPECTED = ['confirmed', 'running_late'];
const OVER = ['finished', 'cancelled', 'no_show'];

/**
 * A party for two that waits; that sits, if it has a table.
 * @param {string} id
 * @param {Partial<Guest>} [fields]
 * @returns {Guest}
 */
export function party(id, fields = {}) {
  const status = fields.status ?? (fields.table_id ? 'seated' : 'waiting');
  return {
    id,
    guestName: id,
    partySize: 2,
    status,
    table_id: null,
    phone: null,
    email: null,
    notes: null,
    tags: [],
    source: null,
    reservationTime: null,
    checkInTime: EXPECTED.includes(status) ? null : THEN,
    notifiedTime: null,
    seatedTime: status === 'seated' ? THEN : null,
    finishedTime: OVER.includes(status) ? THEN : null,
    quotedWaitMinutes: null,
    version: 1,
    createdAt: THEN,
    updatedAt: THEN,
    ...fields,
  };
}

/**
 * A table for four that is available, with its id for a number.
 * @param {string} id
 * @param {Partial<Table>} [fields]
 * @returns {Table}
 */
export function table(id, fields = {}) {
  return {
    id,
    tableNumber: id,
    capacity: 4,
    status: 'available',
    guest_id: null,
    section: null,
    shape: null,
    position: null,
    rotation: null,
    notes: null,
    statusSince: THEN,
    version: 1,
    createdAt: THEN,
    updatedAt: THEN,
    ...fields,
  };
}

/**
 * @param {Guest[]} guests
 * @param {Table[]} [tables]
 * @param {{ dirtyAfterFinish?: boolean, timezone?: string }} [settings]
 * @returns {Floor}
 */
export function given(guests, tables = [], { dirtyAfterFinish = false, timezone = 'UTC' } = {}) {
  /** @type {Restaurant} */
  const restaurant = { id: 'bistro', name: 'Bistro', timezone, settings: { dirtyAfterFinish }, version: 1 };
  const sitters = new Map(guests.map(({ id, table_id }) => [table_id, id]));
  const taken = tables.map((table) => {
    const guest_id = sitters.get(table.id);
    return guest_id === undefined ? table : { ...table, status: /** @type {const} */ ('occupied'), guest_id };
  });
  return {
    restaurant,
    guests: byId(guests.filter(({ status }) => !OVER.includes(status))),
    tables: byId(taken),
    gone: byId(guests.filter(({ status }) => OVER.includes(status))),
    seq: 0,
    epoch: 'an epoch',
  };
}

/**
 * Parties that left, one a minute, the first of them first.
 * @param {number} count
 * @returns {Guest[]}
 */
export function departed(count) {
  return Array.from({ length: count }, (_, index) =>
    party(`left-${index + 1}`, {
      status: 'finished',
      finishedTime: new Date(Date.parse(THEN) + index * 60_000).toISOString(),
    }),
  );
}

/**
 * @template {{ id: string }} T
 * @param {T[]} rows
 * @returns {Map<string, T>}
 */
function byId(rows) {
  return new Map(rows.map((row) => [row.id, row]));
}
