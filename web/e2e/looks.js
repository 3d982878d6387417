// Every screen, on an iPad lying and standing and on a phone, in light and dark: whether everybody can read it and hit what is
// on it. Pictures of all of them are left in screenshots/ for people to look at.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { findBarriers } from './axe.js';
import { launchBrowser, openDevice } from './browser.js';
import { layEvening, passTime } from './evening.js';
import { layFloor } from './floor.js';
import { findFaults } from './judge.js';
import { startServer } from './server.js';
import { button, partyButton, table } from './stand.js';
import { OUTAGE } from './troubles.js';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('./browser.js').Device} Device */

/**
 * The stories of one device. Each device has a file of its own: together they take longer than a file may.
 * @param {string} name
 * @param {{ viewport: { width: number, height: number }, reducedMotion?: 'reduce' }} screen
 */
export async function tellLooks(name, screen) {
  const browser = await launchBrowser({ after });
  const hasDrawer = name !== 'lying';

  const openEvening = async (/** @type {import('node:test').TestContext} */ t) => {
    const server = await startServer(t);
    await layEvening(server, 'bistro', 'Bistro Lumière');
    const device = await openDevice(t, browser, { url: server.url, ...screen });
    const { page } = device;
    await passTime(page);
    await page.goto('/?restaurant=bistro');
    await page.locator('link-sign').getByText('Live').waitFor();
    return { server, device, page };
  };

  test(`${name}: everything on an evening can be read and hit`, async (t) => {
    const { server, device, page } = await openEvening(t);
    const judge = judgeOf(device, name);
    const list = async () => {
      if (hasDrawer && !(await page.locator('wait-list').isVisible()))
        await page.getByRole('button', { name: /^Waitlist/ }).click();
    };
    const noList = async () => {
      if (hasDrawer && (await page.locator('wait-list').isVisible())) await page.keyboard.press('Escape');
    };

    await table(page, '5').getByText('Papadopoulos').waitFor();
    if (hasDrawer) await judge('plan');
    await list();
    await judge('waiting');
    for (const view of ['Booked', 'Seated', 'Gone', 'Waiting']) {
      await page.getByRole('group', { name: 'Which parties' }).getByRole('button', { name: view }).click();
      if (view !== 'Waiting') await judge(view.toLowerCase());
    }
    await partyButton(page, 'Haddad').click();
    await judge('party chosen');
    await page.keyboard.press('Escape');
    await list();
    await page.getByRole('searchbox').fill('nobody of that name');
    await judge('nobody found');
    await page.getByRole('searchbox').fill('');

    await button(page, 'Seat: Haddad').click();
    await page.getByText('Choose a table for Haddad').waitFor();
    await judge('choosing');
    await table(page, '24').click();
    await page.locator('floor-plan row-note').waitFor();
    await judge('choosing what can not be had');
    await table(page, '2').click();
    await page.getByRole('alertdialog').waitFor();
    await judge('too small');
    await page.getByRole('alertdialog').getByRole('button', { name: 'No' }).click();
    await page.keyboard.press('Escape');
    await noList();

    for (const [number, status] of [
      ['22', 'available'],
      ['3', 'reserved'],
      ['5', 'occupied'],
      ['6', 'dirty'],
      ['24', 'out of service'],
    ]) {
      await table(page, String(number)).click();
      await page.getByRole('region', { name: `Table ${number}` }).waitFor();
      await judge(`sheet of a table that is ${status}`);
      await button(page, 'Close').click();
    }

    await button(page, 'Help and keys').click();
    await judge('help');
    await page.keyboard.press('Escape');
    await list();
    await partyButton(page, 'Haddad').click();
    await list();
    await button(page, 'Edit').click();
    await judge('editor');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');

    await list();
    await button(page, 'Seat: Tanaka').click();
    await page.route(/guest-Tanaka$/, async (route) => {
      await server.patch('/restaurants/bistro/guests/guest-Iyer', { table_id: 'table-22' });
      await route.continue();
    });
    device.troubles.expect(/^409: PATCH/);
    await table(page, '22').click();
    await page.locator('floor-plan row-note').getByText('just taken by Iyer').waitFor();
    await judge('refused');
    await page.locator('floor-plan row-note').getByRole('button').click();

    await noList();
    await table(page, '6').click();
    await button(page, 'Clean').click();
    await table(page, '6').getByText('Available').waitFor();
    await judge('done');

    await button(page, 'Edit plan').click();
    await judge('plan edited');
    await table(page, '5').click();
    await judge('plan edited, table chosen');
    await button(page, 'Done').click();

    await device.goOffline();
    await page.getByText('Offline since').waitFor();
    await list();
    await button(page, 'Seat: Moreau').click();
    await table(page, '2').click();
    await judge('offline');
    device.troubles.expect(OUTAGE);
  });

  test(`${name}: a full house with long names can be read and hit`, async (t) => {
    const server = await startServer(t);
    await layFloor(server, 'bistro', { tables: 200, seated: 60, waiting: 50, expected: 40 });
    await server.patch('/restaurants/bistro', {
      name: 'Zum Wirtshaus an der alten Donaudampfschifffahrtsanlegestelle',
    });
    const long = {
      guestName: 'Wolfeschlegelsteinhausenbergerdorff-Featherstonehaugh',
      notes: 'Comes with a dog, wants the window, and pays with vouchers',
    };
    const tags = ['birthday', 'high chair', 'regular', 'window', 'allergic to nuts', 'vegan', 'wheelchair'];
    await server.patch('/restaurants/bistro/guests/guest-61', {
      ...long,
      tags,
      partySize: 12,
      notifiedTime: new Date().toISOString(),
    });
    await server.patch('/restaurants/bistro/guests/guest-2', long);
    const device = await openDevice(t, browser, { url: server.url, ...screen });
    const { page } = device;
    await page.goto('/?restaurant=bistro');
    await page.locator('link-sign').getByText('Live').waitFor();
    const judge = judgeOf(device, name);
    await judge('full house');
    if (hasDrawer) await page.getByRole('button', { name: /^Waitlist/ }).click();
    await partyButton(page, 'Wolfe').click();
    await judge('full house, party chosen');
    await page.keyboard.press('Escape');
    if (hasDrawer) await page.keyboard.press('Escape');
    await table(page, '2').click();
    await judge('full house, table chosen');
  });

  test(`${name}: with letters twice as large, nothing important is lost`, async (t) => {
    const { device, page } = await openEvening(t);
    await page.evaluate(() => {
      document.documentElement.style.fontSize = '200%';
    });
    const judge = judgeOf(device, name);
    await judge('large plan');
    await page.keyboard.press('n');
    await judge('large list');
    await page.keyboard.press('Escape');
    await partyButton(page, 'Tanaka').click();
    await judge('large party chosen');
    await page.keyboard.press('Escape');
    await page.keyboard.press('Escape');
    await table(page, '5').click();
    await judge('large sheet');
    await button(page, 'Finish').waitFor();
  });

  test(`${name}: the door can be read and hit`, async (t) => {
    const locked = await startServer(t, { restaurants: { bistro: 2 }, locked: true });
    const outside = await openDevice(t, browser, { url: locked.url, ...screen });
    outside.troubles.expect(/^401: GET/);
    await outside.page.goto('/');
    await outside.page.getByRole('heading', { name: 'Let this device in' }).waitFor();
    await judgeOf(outside, name)('pairing');

    const server = await startServer(t);
    const device = await openDevice(t, browser, { url: server.url, ...screen });
    const { page } = device;
    const judge = judgeOf(device, name);
    await page.goto('/');
    await page.getByLabel('Name of the restaurant').waitFor();
    await judge('first restaurant');
    await page.getByLabel('Name of the restaurant').fill('Bistro Lumière');
    await button(page, 'Open it').click();
    await button(page, 'Lay the tables').waitFor();
    await judge('no tables');
    await server.post('/restaurants', { id: 'other', name: 'Osteria' });
    await page.goto('/');
    await button(page, 'Osteria').waitFor();
    await judge('which restaurant');
  });
}

/**
 * Judges what a device shows, in light and in dark, and keeps pictures of it.
 * @param {Device} device
 * @param {string} name
 */
function judgeOf(device, name) {
  return async (/** @type {string} */ what) => {
    for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
      await device.page.emulateMedia({ colorScheme });
      await settled(device.page);
      await device.screenshot(`${name} ${what} ${colorScheme}`.replaceAll(/[^a-z]+/g, '-'));
      // What is not a matter of colour is the same in the dark.
      const faults =
        colorScheme === 'dark'
          ? await findBarriers(device.page, ['color-contrast'])
          : [await findBarriers(device.page), await findFaults(device.page)].filter(Boolean).join('\n');
      assert.equal(faults, '', `${what}, ${colorScheme}`);
    }
  };
}

/**
 * What moves has come to rest.
 * @param {Page} page
 */
async function settled(page) {
  await page.evaluate(() => {
    /** @param {Document | ShadowRoot} root @returns {Animation[]} */
    const moving = (root) => [
      ...root.getAnimations(),
      ...[...root.querySelectorAll('*')].flatMap(({ shadowRoot }) => (shadowRoot ? moving(shadowRoot) : [])),
    ];
    return Promise.allSettled(moving(document).map(({ finished }) => finished));
  });
}
