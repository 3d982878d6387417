// What a page holds to be true, beside what is.

import assert from 'node:assert/strict';
import { readFloor } from './floor.js';
import { button, eventually, party, table } from './stand.js';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./server.js').Server} Server */

/**
 * Waits until a page is live and its floor is the server's, row by row.
 * @param {Server} server
 * @param {string} restaurant
 * @param {Page} page
 */
export async function assertTrue(server, restaurant, page) {
  await eventually(async () => {
    assert.equal(await sign(page), 'Live');
    const { guests, tables, seq, epoch } = await readFloor(server, restaurant);
    assert.deepEqual(await floorOn(page), { guests: sorted(guests), tables: sorted(tables), seq, epoch });
  });
}

/**
 * The floor that a page shows.
 * @param {Page} page
 */
export async function floorOn(page) {
  const { guests, tables, seq, epoch } = await page.evaluate(() => {
    const { floor } = /** @type {any} */ (document.querySelector('host-stand')).seen;
    return {
      guests: [...floor.guests.values()],
      tables: [...floor.tables.values()],
      seq: floor.seq,
      epoch: floor.epoch,
    };
  });
  return { guests: sorted(guests), tables: sorted(tables), seq, epoch };
}

/**
 * How true the page says that it is.
 * @param {Page} page
 */
export async function sign(page) {
  return page.locator('link-sign .text').innerText();
}

/**
 * Waits until a page says that it is offline, and how much it has to send.
 * @param {Page} page
 * @param {number} queued
 */
export async function assertOffline(page, queued) {
  // A server that has fallen silent is given 10 s, asked, given another 4 s, and 3 s to come back.
  await page
    .locator('link-sign')
    .getByText(/^Offline since \d\d:\d\d$/)
    .waitFor({ timeout: 25_000 });
  const text = queued === 1 ? '1 change to send' : `${queued} changes to send`;
  if (queued > 0) await page.locator('link-sign').getByText(text, { exact: true }).waitFor();
  else assert.equal(await page.locator('link-sign .queued').count(), 0);
}

/**
 * Puts a mark on the page that is gone when it is loaded anew. Returns what asserts that it is there.
 * @param {Page} page
 */
export async function mark(page) {
  await page.evaluate(() => Object.assign(globalThis, { isMarked: true }));
  return async () => assert.equal(await page.evaluate('globalThis.isMarked'), true, 'the page was loaded anew');
}

/**
 * Adds a party by the form.
 * @param {Page} page
 * @param {string} name
 */
export async function add(page, name) {
  await page.locator('[name=guestName]').fill(name);
  await page.locator('[name=partySize]').fill('2');
  await page.locator('[name=partySize]').press('Enter');
  return [`guest_created ${name} waiting`];
}

/**
 * Seats a party by two taps.
 * @param {Page} page
 * @param {string} name
 * @param {string} number
 */
export async function seat(page, name, number) {
  await party(page, name).locator('.quick').click();
  await table(page, number).click();
  return [`guest_updated ${name} seated`, `table_updated ${number} occupied`];
}

/**
 * Lets the party leave that sits at a table.
 * @param {Page} page
 * @param {string} name
 * @param {string} number
 */
export async function finish(page, name, number) {
  await table(page, number).click();
  await button(page, 'Finish').click();
  return [`guest_updated ${name} finished`, `table_updated ${number} available`];
}

/**
 * Asserts that the log has what was tapped on a page, once, and nothing else of it.
 * @param {Server} server
 * @param {string} restaurant
 * @param {Page} page
 * @param {string[]} expected What taps came to, as these functions tell.
 */
export async function assertOnce(server, restaurant, page, expected) {
  const device = await page.evaluate(() => JSON.parse(localStorage.getItem('maitred.device') ?? 'null'));
  assert.ok(device);
  const heard = (await readLog(server, restaurant)).filter(({ origin }) => origin === device);
  const told = heard.map(({ type, data }) => `${type} ${data.guestName ?? data.tableNumber} ${data.status}`);
  assert.deepEqual(told.toSorted(), expected.toSorted());
}

/**
 * @param {Server} server
 * @param {string} restaurant
 */
async function readLog(server, restaurant) {
  const log = [];
  for (let since = 0; since !== null;) {
    const { changes, next } = await server.get(`/restaurants/${restaurant}/changes?since=${since}`);
    log.push(...changes);
    since = next;
  }
  return log;
}

/**
 * @template {{ id: string }} T
 * @param {T[]} rows
 */
function sorted(rows) {
  return rows.toSorted((one, other) => (one.id < other.id ? -1 : 1));
}
