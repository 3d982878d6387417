// Restaurants to tell stories about: the same tables and parties every time.

/**
 * @typedef {object} FloorPlan
 * @property {number} [tables] How many tables there are, spread over the sections.
 * @property {string[]} [sections]
 * @property {number} [waiting] How many parties are at the door; they came 4 minutes apart.
 * @property {number} [seated] How many sit, at the first tables.
 * @property {number} [expected] How many have a reservation, half an hour apart.
 */

// What the server takes in one transaction.
const OPERATIONS_MOST = 200;

const names = [
  'Rivera',
  'Okafor',
  'Lindqvist',
  'Tanaka',
  'Moreau',
  'Haddad',
  'Novak',
  'Silva',
  'Brennan',
  'Kowalski',
  'Iyer',
];
const capacities = [2, 4, 4, 6, 2, 8];
const shapes = ['round', 'square', 'rectangle', 'oval'];

/**
 * Adds a restaurant with tables `table-1`, … and parties `guest-1`, …: those who sit first, then those who wait, then those
 * who are expected. Returns its floor.
 * @param {import('./server.js').Server} server
 * @param {string} id
 * @param {FloorPlan} [plan]
 */
export async function layFloor(server, id, plan = {}) {
  const { tables = 14, sections = ['Main', 'Bar', 'Terrace'], waiting = 4, seated = 3, expected = 3 } = plan;
  await server.post('/restaurants', { id, name: id });
  const operations = [
    ...count(tables, (index) => ({
      op: 'create_table',
      id: `table-${index + 1}`,
      data: layTable(index, tables, sections),
    })),
    ...count(seated + waiting + expected, (index) => ({
      op: 'create_guest',
      id: `guest-${index + 1}`,
      data: bringParty(index, seated, waiting),
    })),
  ];
  while (operations.length > 0) {
    const transaction = { operations: operations.splice(0, OPERATIONS_MOST) };
    await server.post(`/transactions/atomic?restaurant_id=${id}`, transaction);
  }
  return readFloor(server, id);
}

/**
 * Everything that a device draws, as the server has it.
 * @param {import('./server.js').Server} server
 * @param {string} id
 */
export async function readFloor(server, id) {
  return server.get(`/restaurants/${id}/floor`);
}

/**
 * @param {number} index
 * @param {number} tables
 * @param {string[]} sections
 */
function layTable(index, tables, sections) {
  const columns = Math.ceil(Math.sqrt((tables * 4) / 3));
  const rows = Math.ceil(tables / columns);
  return {
    tableNumber: String(index + 1),
    capacity: pick(capacities, index),
    shape: pick(shapes, index),
    section: sections[Math.floor((index * sections.length) / tables)],
    position: { x: ((index % columns) + 0.5) / columns, y: (Math.floor(index / columns) + 0.5) / rows },
  };
}

/**
 * @param {number} index
 * @param {number} seated
 * @param {number} waiting
 */
function bringParty(index, seated, waiting) {
  const party = {
    guestName: index < names.length ? pick(names, index) : `${pick(names, index)} ${index + 1}`,
    partySize: Math.max(1, pick(capacities, index) - (index % 2)),
    phone: `+1 555 01${String(index % 100).padStart(2, '0')}`,
  };
  if (index < seated) return { ...party, table_id: `table-${index + 1}` };
  if (index < seated + waiting) {
    const minutes = 4 * (seated + waiting - index);
    return { ...party, status: 'waiting', checkInTime: fromNow(-minutes), quotedWaitMinutes: 10 + 5 * (index % 5) };
  }
  return { ...party, reservationTime: fromNow(30 * (index - seated - waiting + 1)), source: 'phone' };
}

/** @param {number} minutes */
export function fromNow(minutes) {
  return new Date(Date.now() + minutes * 60_000).toISOString();
}

/**
 * @template T
 * @param {T[]} items
 * @param {number} index
 */
function pick(items, index) {
  return /** @type {T} */ (items[index % items.length]);
}

/**
 * @template T
 * @param {number} length
 * @param {(index: number) => T} make
 */
function count(length, make) {
  return Array.from({ length }, (_, index) => make(index));
}
