// A Friday at half past seven: every state that a table or a party can be in, with names and notes as people have them.

import { fromNow } from './floor.js';

/** @typedef {import('./server.js').Server} Server */

// The evening is told to pages as if it were this time, whenever the story is played.
const HALF_PAST_SEVEN = Date.parse('2025-11-14T19:30:00Z');

// How long those sat who have left.
const TURN_MS = 70 * 60_000;

/** Number, section, seats, shape, where its middle stands, by how many degrees it is turned, status. */
const tables = /** @type {const} */ ([
  ['1', 'Main room', 2, 'round', 0.05, 0.07, 0, 'available'],
  ['2', 'Main room', 2, 'round', 0.26, 0.07, 0, 'available'],
  ['3', 'Main room', 4, 'square', 0.48, 0.1, 45, 'reserved'],
  ['4', 'Main room', 6, 'rectangle', 0.05, 0.42, 90, 'available'],
  ['5', 'Main room', 8, 'oval', 0.37, 0.44, 0, 'available'],
  ['6', 'Main room', 4, 'square', 0.05, 0.8, 0, 'dirty'],
  ['7', 'Main room', 4, 'round', 0.26, 0.8, 0, 'available'],
  ['8', 'Main room', 4, 'square', 0.48, 0.78, 45, 'available'],
  ['21', 'Terrace', 4, 'round', 0.74, 0.07, 0, 'available'],
  ['22', 'Terrace', 4, 'round', 0.95, 0.12, 0, 'available'],
  ['23', 'Terrace', 2, 'square', 0.74, 0.38, 45, 'available'],
  ['24', 'Terrace', 2, 'square', 0.95, 0.43, 45, 'out_of_service'],
  ['31', 'Bar', 2, 'round', 0.74, 0.85, 0, 'available'],
  ['32', 'Bar', 2, 'round', 0.95, 0.85, 0, 'dirty'],
]);

/** Name, size, table, for how many minutes they have sat there. */
const seated = /** @type {const} */ ([
  ['Okafor', 2, '1', 52],
  ['Lindqvist', 6, '4', 18],
  ['Papadopoulos', 8, '5', 71],
  ['Rivera', 3, '7', 96],
  ['Nguyen', 4, '8', 34],
  ['Brennan', 4, '21', 8],
  ['Silva', 2, '31', 25],
]);

/** Those who wait: since how many minutes, and what they were told. */
const waiting = [
  { guestName: 'Tanaka', partySize: 4, waited: 34, quotedWaitMinutes: 30, status: 'waiting', tags: ['birthday'] },
  { guestName: 'Moreau', partySize: 2, waited: 21, quotedWaitMinutes: 25, status: 'waiting', notified: 1 },
  {
    guestName: 'Haddad',
    partySize: 5,
    waited: 17,
    quotedWaitMinutes: 40,
    status: 'partially_arrived',
    tags: ['high chair'],
    notes: 'Two more on their way from the theatre',
  },
  {
    guestName: 'Kowalski',
    partySize: 2,
    waited: 12,
    quotedWaitMinutes: 20,
    status: 'arrived',
    tags: ['regular', 'window'],
  },
  { guestName: 'Iyer', partySize: 3, waited: 4, quotedWaitMinutes: 35, status: 'waiting', notes: 'Vegetarian' },
  { guestName: 'Mensah', partySize: 4, waited: 3, quotedWaitMinutes: 45, status: 'waiting', tags: ['first visit'] },
  { guestName: 'Novak', partySize: 2, waited: 1, status: 'waiting' },
];

/** Those who have booked: in how many minutes they are due. */
const booked = [
  { guestName: 'Andersen', partySize: 4, due: -10, status: 'running_late', phone: '+1 555 0101' },
  { guestName: 'García', partySize: 2, due: 15, status: 'confirmed', tags: ['anniversary'] },
  { guestName: 'O’Brien', partySize: 6, due: 45, status: 'confirmed', notes: 'Allergic to nuts' },
  { guestName: 'Yılmaz', partySize: 3, due: 75, status: 'confirmed' },
];

/** Those whose evening is over. */
const gone = [
  { guestName: 'Schmidt', partySize: 2, status: 'finished' },
  { guestName: 'Rossi', partySize: 4, status: 'finished' },
  { guestName: 'Dubois', partySize: 3, status: 'cancelled' },
  { guestName: 'Cohen', partySize: 2, status: 'no_show' },
];

/**
 * Adds the restaurant. Its tables are `table-1`, …; its parties `guest-Rivera`, ….
 * @param {Server} server
 * @param {string} id
 * @param {string} name
 */
export async function layEvening(server, id, name) {
  await server.post('/restaurants', { id, name, timezone: 'UTC' });
  const operations = [
    ...tables.map(([tableNumber, section, capacity, shape, x, y, rotation, status]) => ({
      op: 'create_table',
      id: `table-${tableNumber}`,
      data: { tableNumber, section, capacity, shape, position: { x, y }, rotation, status },
    })),
    ...[
      ...seated.map(([guestName, partySize, table]) => ({ guestName, partySize, table_id: `table-${table}` })),
      ...waiting.map(({ waited, notified, ...party }) => ({
        ...party,
        checkInTime: fromNow(-waited),
        ...(notified === undefined ? {} : { notifiedTime: fromNow(-notified) }),
      })),
      ...booked.map(({ due, ...party }) => ({ ...party, reservationTime: fromNow(due), source: 'phone' })),
      ...gone,
    ].map((data) => ({ op: 'create_guest', id: `guest-${idOf(data.guestName)}`, data })),
  ];
  await server.post(`/transactions/atomic?restaurant_id=${id}`, { operations });
}

/**
 * Tells a page the evening as if it were half past seven, and those who sit had come one after the other: the server knows only
 * its own clock.
 * @param {import('playwright-core').Page} page
 */
export async function passTime(page) {
  const ahead = HALF_PAST_SEVEN - Date.now();
  const since = new Map(seated.map(([name, , , minutes]) => [`guest-${idOf(name)}`, minutes]));
  const later = (/** @type {string} */ time) => new Date(Date.parse(time) + ahead).toISOString();
  const told = (/** @type {string} */ text) =>
    JSON.parse(text, (_, value) => {
      const isTime = typeof value === 'string' && /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(value);
      if (isTime) return later(value);
      if (value?.status === 'finished')
        value.seatedTime = new Date(Date.parse(value.finishedTime) - TURN_MS).toISOString();
      const minutes = since.get(value?.id);
      if (minutes !== undefined && value.seatedTime)
        value.seatedTime = new Date(HALF_PAST_SEVEN - minutes * 60_000).toISOString();
      return value;
    });
  await page.routeWebSocket(/\/realtime$/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => socket.send(JSON.stringify(told(String(message)))));
  });
  await page.route(/\/guests\?/, async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ response: answer, json: told(await answer.text()) });
  });
}

/** @param {string} name */
function idOf(name) {
  return name.normalize('NFD').replace(/[^A-Za-z]/gu, '');
}
