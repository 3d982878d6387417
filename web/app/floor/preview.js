/**
 * What an operation will most likely come to, so that a tap shows at once. The server decides; what it would refuse here
 * is shown as if nothing had been asked. Pure.
 */

import { withGuest, withTable, withoutGuest, withoutTable } from './fold.js';
import { isExpected, isOver, isUnavailable } from './statuses.js';

/**
 * @import { Floor, Guest, GuestStatus, Operation, Table } from './types.js'
 */

/** The fields of a guest that are as they are written. */
const GUEST_FIELDS = [
  'guestName', 'partySize', 'phone', 'email', 'notes', 'tags', 'source', 'reservationTime', 'checkInTime',
  'notifiedTime', 'quotedWaitMinutes',
];

/** Those of a table. */
const TABLE_FIELDS = ['tableNumber', 'capacity', 'section', 'shape', 'position', 'rotation', 'notes'];

/**
 * The floor as it will be.
 *
 * @param {Floor} floor
 * @param {Operation[]} operations
 * @param {string} at When they were asked for.
 * @returns {Floor}
 */
export function preview(floor, operations, at) {
  return operations.reduce((draft, operation) => apply(draft, operation, at), floor);
}

/**
 * The fields of a row that a client may write, out of `row`.
 *
 * @param {'guest' | 'table'} kind
 * @param {Record<string, any>} row
 * @returns {Record<string, any>}
 */
export function written(kind, row) {
  const fields = kind === 'guest' ? GUEST_FIELDS : TABLE_FIELDS;
  return Object.fromEntries(fields.filter((field) => field in row).map((field) => [field, row[field]]));
}

/**
 * @param {Floor} floor
 * @param {string} id
 * @returns {Guest | undefined}
 */
export function guestOf(floor, id) {
  return floor.guests.get(id) ?? floor.gone.get(id);
}

/**
 * @param {Floor} floor
 * @param {Operation} operation
 * @param {string} at
 * @returns {Floor}
 */
function apply(floor, { op, id, data = {} }, at) {
  switch (op) {
    case 'create_guest':
      return guestOf(floor, id) ? floor : moveGuest(floor, newGuest(id, data, at), data, at);
    case 'update_guest': {
      const guest = guestOf(floor, id);
      return guest ? moveGuest(floor, { ...guest, ...written('guest', data) }, data, at) : floor;
    }
    case 'delete_guest': {
      const guest = guestOf(floor, id);
      return guest ? withoutGuest(freed(floor, guest, 'available', at), id) : floor;
    }
    case 'create_table':
      return floor.tables.has(id) ? floor : withTable(floor, newTable(id, data, at));
    case 'update_table': {
      const table = floor.tables.get(id);
      return table ? moveTable(floor, { ...table, ...written('table', data) }, data, at) : floor;
    }
    case 'delete_table':
      return floor.tables.get(id)?.guest_id === null ? withoutTable(floor, id) : floor;
  }
}

/**
 * What is said of a party's status and table.
 *
 * @param {Floor} floor
 * @param {Guest} guest With everything else that was said of it.
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Floor}
 */
function moveGuest(floor, guest, data, at) {
  const table_id = data['table_id'];
  if (typeof table_id === 'string' && table_id !== guest.table_id) {
    const table = floor.tables.get(table_id);
    const mayTake = table && table.guest_id === null && !isUnavailable(table.status);
    return mayTake ? seated(floor, guest, table, at) : floor;
  }
  /** @type {GuestStatus} */
  const status = data['status'] ?? (table_id === null && guest.status === 'seated' ? 'waiting' : guest.status);
  if (status === guest.status || status === 'seated') return withGuest(floor, guest);
  const left = isOver(status) && floor.restaurant?.settings.dirtyAfterFinish ? 'dirty' : 'available';
  return withGuest(freed(floor, guest, left, at), withStatus({ ...guest, table_id: null }, status, at));
}

/**
 * @param {Floor} floor
 * @param {Table} table With everything else that was said of it.
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Floor}
 */
function moveTable(floor, table, data, at) {
  const { status } = data;
  if (status === undefined || status === table.status) return withTable(floor, table);
  const guest = table.guest_id === null ? undefined : floor.guests.get(table.guest_id);
  if (guest && (status === 'reserved' || status === 'out_of_service')) return floor;
  const left = guest ? withGuest(floor, withStatus({ ...guest, table_id: null }, 'finished', at)) : floor;
  return withTable(left, { ...table, status, guest_id: null, statusSince: at });
}

/**
 * @param {Floor} floor
 * @param {Guest} guest
 * @param {Table} table
 * @param {string} at
 * @returns {Floor}
 */
function seated(floor, guest, table, at) {
  const sitting = withStatus({ ...guest, table_id: table.id }, 'seated', at);
  const taken = withTable(freed(floor, guest, 'available', at), {
    ...table,
    status: 'occupied',
    guest_id: guest.id,
    statusSince: at,
  });
  return withGuest(taken, sitting);
}

/**
 * The floor with a guest's table left.
 *
 * @param {Floor} floor
 * @param {Guest} guest
 * @param {'available' | 'dirty'} status
 * @param {string} at
 * @returns {Floor}
 */
function freed(floor, guest, status, at) {
  const table = guest.table_id === null ? undefined : floor.tables.get(guest.table_id);
  return table ? withTable(floor, { ...table, status, guest_id: null, statusSince: at }) : floor;
}

/**
 * A party in another status, with the times that follow from it.
 *
 * @param {Guest} guest
 * @param {GuestStatus} status
 * @param {string} at
 * @returns {Guest}
 */
function withStatus(guest, status, at) {
  const restored = isOver(guest.status);
  const seatedTime = status === 'seated' ? (guest.seatedTime ?? at) : guest.seatedTime;
  return {
    ...guest,
    status,
    checkInTime: status === 'confirmed' ? null : isExpected(status) || isOver(status) ? guest.checkInTime : (guest.checkInTime ?? at),
    seatedTime: status === 'seated' || (isOver(status) && !restored) ? seatedTime : null,
    finishedTime: isOver(status) ? at : null,
  };
}

/**
 * @param {string} id
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Guest}
 */
function newGuest(id, data, at) {
  const blank = {
    id, guestName: '', partySize: 1, status: 'waiting', table_id: null, phone: null, email: null, notes: null, tags: [],
    source: null, reservationTime: null, checkInTime: null, notifiedTime: null, seatedTime: null, finishedTime: null,
    quotedWaitMinutes: null, version: 0, createdAt: at, updatedAt: at,
  };
  const status = data['status'] ?? (data['reservationTime'] ? 'confirmed' : 'waiting');
  return withStatus(/** @type {Guest} */ ({ ...blank, ...written('guest', data) }), status, at);
}

/**
 * @param {string} id
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Table}
 */
function newTable(id, data, at) {
  const blank = {
    id, tableNumber: '', capacity: 1, status: data['status'] ?? 'available', guest_id: null, section: null, shape: null,
    position: null, rotation: null, notes: null, statusSince: at, version: 0, createdAt: at, updatedAt: at,
  };
  return /** @type {Table} */ ({ ...blank, ...written('table', data) });
}
