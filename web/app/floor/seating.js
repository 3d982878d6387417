/** Which tables a party may have, and why not the others. Pure. */

/**
 * @import { Floor, Guest, Table } from './types.js'
 *
 * @typedef {'here' | 'occupied' | 'dirty' | 'out_of_service' | 'too_small'} Obstacle
 */

/**
 * What keeps a party from a table; null if nothing does. One that is merely too small can be had by who insists.
 *
 * @param {Guest} guest
 * @param {Table} table
 * @returns {Obstacle | null}
 */
export function obstacle(guest, table) {
  if (table.guest_id === guest.id) return 'here';
  if (table.status === 'occupied' || table.status === 'dirty' || table.status === 'out_of_service') return table.status;
  return guest.partySize > table.capacity ? 'too_small' : null;
}

/**
 * The tables that a party may have, the best first: nobody has reserved it, and no seat is wasted that need not be.
 *
 * @param {Floor} floor
 * @param {Guest} guest
 * @returns {Table[]}
 */
export function fitting(floor, guest) {
  const fits = [...floor.tables.values()].filter((table) => obstacle(guest, table) === null);
  return fits.sort(
    (one, other) =>
      Number(one.status === 'reserved') - Number(other.status === 'reserved') ||
      one.capacity - other.capacity ||
      one.tableNumber.localeCompare(other.tableNumber, 'en', { numeric: true }),
  );
}

/**
 * The parties that wait and fit at a table, in their order.
 *
 * @param {Guest[]} waiting
 * @param {Table} table
 * @returns {Guest[]}
 */
export function candidates(waiting, table) {
  return waiting.filter((guest) => obstacle(guest, table) === null);
}
