/**
 * What an operation will most likely come to, so that a tap shows at once. The server decides; what it would refuse here
 * is shown as if nothing had been asked. Only whether fields are well-formed is not judged: forms see to that. Pure.
 */

import { withGuest, withTable, withoutGuest, withoutTable } from './fold.js';
import { isExpected, isOver, isUnavailable, mayBecome } from './statuses.js';

/**
 * @import { Floor, Guest, GuestStatus, Operation, Table } from './types.js'
 */

/** The fields of a guest that are as they are written. */
const GUEST_FIELDS = [
  'guestName',
  'partySize',
  'phone',
  'email',
  'notes',
  'tags',
  'source',
  'reservationTime',
  'checkInTime',
  'notifiedTime',
  'quotedWaitMinutes',
];

/** Those of a table. */
const TABLE_FIELDS = ['tableNumber', 'capacity', 'section', 'shape', 'position', 'rotation', 'notes'];

/**
 * The floor as it will be. Operations are done all together, or none of them.
 *
 * @param {Floor} floor
 * @param {Operation[]} operations
 * @param {string} at When they were asked for.
 * @returns {Floor}
 */
export function preview(floor, operations, at) {
  /** @type {Floor | null} */
  let draft = floor;
  for (const operation of operations) {
    draft = apply(draft, operation, at);
    if (draft === null) return floor;
  }
  return draft;
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
 * @returns {Floor | null} Null if it would be refused.
 */
function apply(floor, { op, id, data = {} }, at) {
  const [guest, table] = [guestOf(floor, id), floor.tables.get(id)];
  switch (op) {
    case 'create_guest':
      return guest ? null : moveGuest(floor, newGuest(id, data, at), data, at);
    case 'update_guest':
      return guest ? moveGuest(floor, { ...guest, ...written('guest', data) }, data, at) : null;
    case 'delete_guest':
      return guest ? withoutGuest(freed(floor, guest, 'available', at), id) : null;
    case 'create_table':
      return table ? null : moveTable(floor, newTable(id, data, at), data, at);
    case 'update_table':
      return table ? moveTable(floor, { ...table, ...written('table', data) }, data, at) : null;
    case 'delete_table':
      return table?.guest_id === null ? withoutTable(floor, id) : null;
  }
}

/**
 * What is said of a party's status and table.
 *
 * @param {Floor} floor
 * @param {Guest} guest With everything else that was said of it.
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Floor | null}
 */
function moveGuest(floor, guest, data, at) {
  const { table_id } = data;
  if (typeof table_id === 'string' && table_id !== guest.table_id) return seated(floor, guest, table_id, data, at);
  const getsUp = table_id === null && guest.table_id !== null;
  /** @type {GuestStatus} */
  const status = data['status'] ?? (getsUp ? 'waiting' : guest.status);
  // Nobody is seated without a table.
  if (status === 'seated') return guest.table_id !== null && !getsUp ? withGuest(floor, guest) : null;
  if (status === guest.status) return withGuest(floor, guest);
  if (!mayBecome(guest.status, status)) return null;
  const left = isOver(status) && floor.restaurant?.settings.dirtyAfterFinish ? 'dirty' : 'available';
  return withGuest(freed(floor, guest, left, at), withStatus({ ...guest, table_id: null }, status, at));
}

/**
 * @param {Floor} floor
 * @param {Table} table With everything else that was said of it.
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Floor | null}
 */
function moveTable(floor, table, data, at) {
  const namesakes = [...floor.tables.values()].filter(({ tableNumber }) => tableNumber === table.tableNumber);
  if (namesakes.some(({ id }) => id !== table.id)) return null;
  const { status = table.status } = data;
  // A table is occupied by somebody, or not at all.
  if (status === 'occupied') return table.guest_id === null ? null : withTable(floor, table);
  if (status === table.status) return withTable(floor, table);
  const guest = table.guest_id === null ? undefined : floor.guests.get(table.guest_id);
  if (guest && (status === 'reserved' || status === 'out_of_service')) return null;
  const left = guest ? withGuest(floor, withStatus({ ...guest, table_id: null }, 'finished', at)) : floor;
  return withTable(left, { ...table, status, guest_id: null, statusSince: at });
}

/**
 * @param {Floor} floor
 * @param {Guest} guest
 * @param {string} to The table.
 * @param {Record<string, any>} data
 * @param {string} at
 * @returns {Floor | null}
 */
function seated(floor, guest, to, { status = 'seated', override = false }, at) {
  const table = floor.tables.get(to);
  if (!table || table.guest_id !== null || isUnavailable(table.status)) return null;
  if (status !== 'seated' || !mayBecome(guest.status, status)) return null;
  if (guest.partySize > table.capacity && !override) return null;
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
    checkInTime:
      status === 'confirmed'
        ? null
        : isExpected(status) || isOver(status)
          ? guest.checkInTime
          : (guest.checkInTime ?? at),
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
    id,
    guestName: '',
    partySize: 1,
    status: 'waiting',
    table_id: null,
    phone: null,
    email: null,
    notes: null,
    tags: [],
    source: null,
    reservationTime: null,
    checkInTime: null,
    notifiedTime: null,
    seatedTime: null,
    finishedTime: null,
    quotedWaitMinutes: null,
    version: 0,
    createdAt: at,
    updatedAt: at,
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
    id,
    tableNumber: '',
    capacity: 1,
    status: data['status'] ?? 'available',
    guest_id: null,
    section: null,
    shape: null,
    position: null,
    rotation: null,
    notes: null,
    statusSince: at,
    version: 0,
    createdAt: at,
    updatedAt: at,
  };
  return /** @type {Table} */ ({ ...blank, ...written('table', data) });
}
