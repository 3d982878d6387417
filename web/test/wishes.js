// What people might wish for at a host stand, and floors for it.

import fc from 'fast-check';
import {
  addParty,
  addTable,
  editParty,
  layTable,
  markTable,
  notify,
  removeTable,
  seat,
  setStatus,
  unseat,
} from '../app/floor/actions.js';
import { preview } from '../app/floor/preview.js';
import { GUEST_STATUSES, given, party, table } from './given.js';

/**
 * @import { Wish } from '../app/floor/actions.js'
 * @import { Floor, Guest, Shape, Table, TableStatus } from '../app/floor/types.js'
 */

/** @type {TableStatus[]} */
const TABLE_STATUSES = ['available', 'reserved', 'occupied', 'dirty', 'out_of_service'];

/** @type {Shape[]} */
const SHAPES = ['round', 'square', 'rectangle', 'oval'];

const TONIGHT = '2025-08-16T20:30:00.000Z';

/** Any floor on which everything holds that always does. */
export const anyFloor = fc
  .record({
    parties: fc.array(
      fc.record({
        status: fc.constantFrom(...GUEST_STATUSES),
        partySize: fc.integer({ min: 1, max: 9 }),
        notes: fc.constantFrom(null, 'by the window'),
        quotedWaitMinutes: fc.constantFrom(null, 20),
      }),
      { maxLength: 6 },
    ),
    tables: fc.array(
      fc.record({
        status: fc.constantFrom(...TABLE_STATUSES.filter((status) => status !== 'occupied')),
        capacity: fc.integer({ min: 1, max: 8 }),
        section: fc.constantFrom(null, 'Bar'),
        shape: fc.constantFrom(null, ...SHAPES),
      }),
      { maxLength: 5 },
    ),
    dirtyAfterFinish: fc.boolean(),
  })
  .map(({ parties, tables, dirtyAfterFinish }) => {
    const rows = tables.map((fields, index) => table(`table-${index + 1}`, fields));
    const free = rows.map(({ id }) => id);
    const guests = parties.map(({ status, ...fields }, index) => {
      const table_id = status === 'seated' ? (free.shift() ?? null) : null;
      return party(`guest-${index + 1}`, {
        ...fields,
        status: status === 'seated' && !table_id ? 'waiting' : status,
        table_id,
      });
    });
    return given(guests, rows, { dirtyAfterFinish });
  });

/** Numbers to choose wishes by, one after the other: each a kind, and one of that kind. */
export const anyDraws = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 1, maxLength: 6 });

/**
 * One of the wishes that people might have on a floor, whether it can be granted or not.
 * @param {Floor} floor
 * @param {[number, number]} draw
 * @param {string} id For what is new.
 * @param {string} at
 * @returns {Wish}
 */
export function anyWish(floor, [kind, which], id, at) {
  const kinds = wishes(floor, id, at).filter((wishes) => wishes.length > 0);
  const wishesOfKind = /** @type {Wish[]} */ (kinds[kind % kinds.length]);
  return /** @type {Wish} */ (wishesOfKind[which % wishesOfKind.length]);
}

/**
 * Wishes one after the other, each on the floor that the one before has left.
 * @param {Floor} floor
 * @param {[number, number][]} draws
 * @param {string} at
 */
export function* story(floor, draws, at) {
  for (const [index, draw] of draws.entries()) {
    const wish = anyWish(floor, draw, `new-${index + 1}`, at);
    const after = preview(floor, wish.operations, at);
    yield { before: floor, wish, after };
    floor = after;
  }
}

/**
 * Every kind of wish that there may be on a floor.
 * @param {Floor} floor
 * @param {string} id
 * @param {string} at
 * @returns {Wish[][]}
 */
function wishes(floor, id, at) {
  const guests = [...floor.guests.values(), ...floor.gone.values()];
  const tables = [...floor.tables.values()];
  const statuses = guests.flatMap((guest) => GUEST_STATUSES.map((status) => setStatus(guest, status)));
  const sittings = guests.flatMap((guest) =>
    tables.flatMap((table) => [seat(guest, table, false), seat(guest, table, true)]),
  );
  return [
    // What most follows from comes more often than the rest.
    sittings,
    sittings,
    sittings,
    sittings,
    statuses,
    statuses,
    statuses,
    newParties(floor, id),
    newTables(floor, id),
    guests.map(unseat),
    guests.map((guest) => notify(guest, at)),
    guests.flatMap(edits),
    tables.flatMap((table) => TABLE_STATUSES.map((status) => markTable(table, status))),
    tables.flatMap((table) => layings(table, tables)),
    tables.map(removeTable),
  ];
}

/**
 * @param {Floor} floor
 * @param {string} id
 */
function newParties(floor, id) {
  const party = { guestName: 'Zoë Ångström', partySize: 3 };
  const taken = [...floor.guests.keys(), ...floor.gone.keys()].slice(0, 1);
  const tables = [...floor.tables.keys()].slice(0, 2);
  return [
    addParty(id, party),
    addParty(id, { ...party, source: 'walk_in', phone: '+1 555 0100', tags: ['birthday'], quotedWaitMinutes: 15 }),
    addParty(id, { ...party, source: 'phone', reservationTime: TONIGHT, notes: 'window' }),
    addParty(id, { ...party, status: 'seated' }),
    ...tables.map((table_id) => addParty(id, { ...party, table_id })),
    ...taken.map((known) => addParty(known, party)),
  ];
}

/**
 * @param {Floor} floor
 * @param {string} id
 */
function newTables(floor, id) {
  const [first] = [...floor.tables.values()];
  return [
    addTable(id, { tableNumber: id, capacity: 4 }),
    addTable(id, { tableNumber: id, capacity: 2, shape: 'square', position: { x: 0.5, y: 0.5 }, section: 'Bar' }),
    addTable(id, { tableNumber: id, capacity: 2, status: 'reserved' }),
    addTable(id, { tableNumber: id, capacity: 2, status: 'occupied' }),
    ...(first
      ? [
          addTable(id, { tableNumber: first.tableNumber, capacity: 2 }),
          addTable(first.id, { tableNumber: id, capacity: 2 }),
        ]
      : []),
  ];
}

/** @param {Guest} guest */
function edits(guest) {
  return [
    { guestName: 'Bo', partySize: 5 },
    { partySize: 9, notes: 'a long table' },
    { phone: '+49 30 1234567', email: 'bo@example.org', tags: ['regular', 'wheelchair'] },
    { phone: null, notes: null, tags: [], quotedWaitMinutes: null },
    { reservationTime: TONIGHT, quotedWaitMinutes: 25 },
    { reservationTime: null },
    { guestName: guest.guestName },
    { status: 'cancelled', notes: 'called', partySize: 4 },
    { status: 'waiting', notes: 'came after all' },
  ].map((data) => editParty(guest, data));
}

/**
 * @param {Table} table
 * @param {Table[]} tables
 */
function layings(table, tables) {
  return [
    { position: { x: 0.25, y: 0.75 } },
    { rotation: 45, shape: 'oval' },
    { capacity: 1 },
    { capacity: 8, section: 'Terrace' },
    { section: null, position: null },
    { tableNumber: `${table.id.slice(-16)}b` },
    ...tables.slice(0, 2).map(({ tableNumber }) => ({ tableNumber })),
  ].map((data) => layTable(table, data));
}
