// What is true of every floor, and what makes two floors alike.

/**
 * @import { Floor, Guest, Table } from '../app/floor/types.js'
 */

/**
 * Follows from what was done and when, and is not said: an undoing leaves its own.
 */
const UNSAID = ['checkInTime', 'seatedTime', 'finishedTime', 'statusSince', 'version', 'createdAt', 'updatedAt'];

/** The server writes times with more digits than a browser does. */
const TIMES = ['reservationTime', 'notifiedTime'];

/**
 * What should always hold and does not.
 * @param {Floor} floor
 * @returns {string[]}
 */
export function broken({ guests, gone, tables }) {
  const over = ['finished', 'cancelled', 'no_show'];
  const numbers = [...tables.values()].map(({ tableNumber }) => tableNumber);
  return [
    ...[...guests.values(), ...gone.values()].flatMap((guest) => [
      (guest.status === 'seated') !== (guest.table_id !== null) &&
        `${guest.id} is ${guest.status} at ${guest.table_id}`,
      guest.table_id !== null &&
        tables.get(guest.table_id)?.guest_id !== guest.id &&
        `${guest.table_id} is not ${guest.id}'s`,
      gone.has(guest.id) !== over.includes(guest.status) && `${guest.id} is ${guest.status} in the wrong place`,
      gone.has(guest.id) && guests.has(guest.id) && `${guest.id} is there twice`,
      !inOrder(guest.checkInTime, guest.seatedTime, guest.finishedTime) && `${guest.id} has its times in disorder`,
    ]),
    ...[...tables.values()].flatMap((table) => [
      (table.status === 'occupied') !== (table.guest_id !== null) &&
        `${table.id} is ${table.status} by ${table.guest_id}`,
      table.guest_id !== null &&
        guests.get(table.guest_id)?.table_id !== table.id &&
        `${table.guest_id} is not at ${table.id}`,
    ]),
    new Set(numbers).size < numbers.length && `two tables have the same number: ${numbers}`,
  ].filter((fault) => fault !== false);
}

/**
 * What a floor has to say: which rows there are, who sits where, the statuses and the fields that people write.
 * @param {Floor} floor
 */
export function essence({ guests, gone, tables }) {
  return { guests: said(guests), gone: said(gone), tables: said(tables) };
}

/** @param {ReadonlyMap<string, Guest | Table>} rows */
function said(rows) {
  const all = [...rows].map(([id, row]) => [
    id,
    Object.fromEntries(
      Object.entries(row).flatMap(([name, value]) => {
        if (UNSAID.includes(name)) return [];
        return [[name, TIMES.includes(name) && value !== null ? Date.parse(value) : value]];
      }),
    ),
  ]);
  return Object.fromEntries(all);
}

/** @param {(string | null)[]} times */
function inOrder(...times) {
  const known = times.filter((time) => time !== null).map((time) => Date.parse(time));
  return known.every((time, index) => index === 0 || time >= (known[index - 1] ?? time));
}
