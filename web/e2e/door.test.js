// Who comes in, and who no longer: devices are paired by a code, and keep nothing once they are sent away.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchBrowser, openDevice } from './browser.js';
import { layFloor } from './floor.js';
import { startServer } from './server.js';
import { button, openStand, party } from './stand.js';
import { add, assertOnce, assertTrue } from './truth.js';

/** @typedef {import('playwright-core').Page} Page */

const file = { after };
const browser = await launchBrowser(file);

// A device that is sent away is told within this time.
const SENT_AWAY_MS = 2_000;

test('a locked house lets a device in by a code, and sends it away again without a guest in its memory', async (t) => {
  const server = await startServer(t, { locked: true });
  await layFloor(server, 'bistro');
  const manager = { Authorization: `Bearer ${await server.makeToken('--role', 'manager', '--restaurant', 'bistro')}` };
  const device = await openDevice(t, browser, server);
  const { page, troubles } = device;
  const addresses = watchAddresses(device);

  troubles.expect(/^401: GET .*\/restaurants$/);
  await page.goto('/');
  await page.getByRole('heading', { name: 'Let this device in' }).waitFor();
  const offer = await server.request('POST', '/restaurants/bistro/pairing_codes', { role: 'host' }, manager);
  assert.equal(offer.status, 201);
  await pair(page, 'bistro', offer.body.pairing_code.code);
  await party(page, 'Moreau').waitFor();
  await assertTrue(server, 'bistro', page);
  assert.equal(new URL(page.url()).search, '?restaurant=bistro');

  await page.reload();
  await assertTrue(server, 'bistro', page);
  const tapped = await add(page, 'Ada');
  await assertTrue(server, 'bistro', page);
  await assertOnce(server, 'bistro', page, tapped);
  await page.waitForFunction(() => localStorage.getItem('maitred.bistro/floor')?.includes('Ada'));
  const [, token = ''] = (await memory(page)).match(/maitred.token (.*)/) ?? [];
  assert.ok(token.length > 20);

  const {
    body: { devices },
  } = await server.request('GET', '/restaurants/bistro/devices', undefined, manager);
  assert.deepEqual(
    devices.map((/** @type {{ name: string }} */ { name }) => name),
    ['By the door'],
  );
  const sentAway = page.getByText('This device may no longer come in.').waitFor({ timeout: SENT_AWAY_MS });
  const [{ status }] = await Promise.all([
    server.request('DELETE', `/restaurants/bistro/devices/${devices[0].id}`, undefined, manager),
    sentAway,
  ]);
  assert.equal(status, 200);
  await page.getByRole('heading', { name: 'Let this device in' }).waitFor();
  // What was about to be kept is not, either.
  await page.reload();
  await page.getByRole('heading', { name: 'Let this device in' }).waitFor();
  for (const secret of ['Moreau', 'Ada', token]) assert.ok(!(await memory(page)).includes(secret), await memory(page));
  const { code } = offer.body.pairing_code;
  assert.deepEqual(
    addresses.filter((address) => address.includes(token) || address.includes(code)),
    [],
  );
});

test('a device that is sent away while it is closed forgets its guests when it is opened', async (t) => {
  const server = await startServer(t, { locked: true });
  await layFloor(server, 'bistro');
  const { page, troubles } = await openDevice(t, browser, server);
  troubles.expect(/^401: GET .*\/restaurants$/);
  for (const address of ['/', '/?restaurant=bistro']) {
    await page.goto('/');
    const {
      pairing_code: { code },
    } = await server.post('/restaurants/bistro/pairing_codes', { role: 'host' });
    await pair(page, 'bistro', code);
    await assertTrue(server, 'bistro', page);
    await page.waitForFunction(() => localStorage.getItem('maitred.bistro/floor')?.includes('Moreau'));
    await page.goto('about:blank');
    const { devices } = await server.get('/restaurants/bistro/devices');
    const { id } = devices.find((/** @type {{ revokedAt: string | null }} */ { revokedAt }) => revokedAt === null);
    await server.delete(`/restaurants/bistro/devices/${id}`);
    await page.goto(address);
    await page.getByRole('heading', { name: 'Let this device in' }).waitFor();
    assert.ok(!(await memory(page)).includes('Moreau'), address);
  }
});

test('a wrong code is refused in words', async (t) => {
  const server = await startServer(t, { locked: true, restaurants: { bistro: 2 } });
  const { page, troubles } = await openDevice(t, browser, server);
  troubles.expect(/^401: GET .*\/restaurants$/);
  troubles.expect(/^4\d\d: POST .*\/devices$/);
  await page.goto('/');
  await pair(page, 'bistro', '000000');
  await page.getByRole('alert').getByText(/code/i).waitFor();
  await button(page, 'Let in').waitFor();
});

test('of several restaurants one is chosen and opens next time, until another is', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  await layFloor(server, 'corner', { waiting: 1, seated: 0, expected: 0 });
  const { page } = await openDevice(t, browser, server);
  await page.goto('/');
  await page.getByText('Which restaurant?').waitFor();
  await button(page, 'corner').click();
  await assertTrue(server, 'corner', page);
  await page.reload();
  await assertTrue(server, 'corner', page);

  await button(page, 'Help and keys').click();
  await button(page, 'Another restaurant').click();
  await button(page, 'bistro').click();
  await assertTrue(server, 'bistro', page);
});

test('the only restaurant opens by itself', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const { page } = await openDevice(t, browser, server);
  await page.goto('/');
  await assertTrue(server, 'bistro', page);
});

test('where there is no restaurant, the first one is opened', async (t) => {
  const server = await startServer(t);
  const { page } = await openDevice(t, browser, server);
  await page.goto('/');
  await page.getByLabel('Name of the restaurant').fill('Café Zoë');
  await button(page, 'Open it').click();
  await assertTrue(server, 'cafe-zoe', page);
  await page.getByRole('heading', { name: 'Café Zoë' }).waitFor();
  await add(page, 'Ada');
  await assertTrue(server, 'cafe-zoe', page);
});

test('a restaurant that is not there is said not to be, and others are offered', async (t) => {
  const server = await startServer(t, { restaurants: { bistro: 2 } });
  const { page } = await openDevice(t, browser, server);
  await page.goto('/?restaurant=elsewhere');
  await page.getByRole('alert').getByText('There is no restaurant “elsewhere” here.').waitFor();
  await button(page, 'bistro').click();
  await assertTrue(server, 'bistro', page);
});

test('a restaurant that is removed is left by its devices, without a guest in their memory', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const { page } = await openStand(t, browser, 'bistro', server);
  await page.waitForFunction(() => localStorage.getItem('maitred.bistro/floor')?.includes('Moreau'));
  await server.delete('/restaurants/bistro');
  await page.getByText('This restaurant has been removed.').waitFor();
  assert.ok(!(await memory(page)).includes('Moreau'), await memory(page));
});

/**
 * @param {Page} page
 * @param {string} restaurant
 * @param {string} code
 */
async function pair(page, restaurant, code) {
  await page.getByLabel('Restaurant').fill(restaurant);
  await page.getByLabel('Code').fill(code);
  await page.getByLabel('Name of this device').fill('By the door');
  await button(page, 'Let in').click();
}

/**
 * All that a page's device remembers.
 * @param {Page} page
 */
async function memory(page) {
  return page.evaluate(() =>
    Object.entries(localStorage)
      .map(([key, value]) => `${key} ${value.replaceAll('"', '')}`)
      .join('\n'),
  );
}

/**
 * The addresses of everything that is asked for from now on, sockets included.
 * @param {import('./browser.js').Device} device
 */
function watchAddresses({ context, page }) {
  /** @type {string[]} */
  const addresses = [];
  context.on('request', (request) => addresses.push(request.url()));
  page.on('websocket', (socket) => addresses.push(socket.url()));
  page.on('framenavigated', (frame) => addresses.push(frame.url()));
  return addresses;
}
