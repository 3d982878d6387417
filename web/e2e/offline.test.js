// The app is kept on the device, whole and in one version, and nothing that a guest is.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchBrowser, openDevice } from './browser.js';
import { layFloor } from './floor.js';
import { openFront } from './release.js';
import { startServer } from './server.js';
import { eventually, openStand, party, table } from './stand.js';
import { OUTAGE } from './troubles.js';
import { add, assertOffline, assertOnce, assertTrue, seat } from './truth.js';

/** @typedef {import('playwright-core').Page} Page */

const file = { after };
const browser = await launchBrowser(file);

test('after one visit, the app opens without a server, with the floor as it was, and takes taps', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const { page, context, troubles } = await openStand(t, browser, 'bistro', server);
  troubles.expect(OUTAGE);
  await kept(page);
  await page.close();
  await server.kill9();

  const next = await context.newPage();
  await next.goto('/');
  await party(next, 'Moreau').waitFor();
  assert.match(await table(next, '1').innerText(), /Rivera/);
  await assertOffline(next, 0);
  const tapped = [...(await add(next, 'Ada')), ...(await seat(next, 'Ada', '10'))];
  await assertOffline(next, 2);
  await server.start();
  await assertTrue(server, 'bistro', next);
  await assertOnce(server, 'bistro', next, tapped);
});

test('what is kept for the app to open is the app, and nothing of guests', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const { page } = await openStand(t, browser, 'bistro', server);
  await kept(page);
  await add(page, 'Ada');
  await assertTrue(server, 'bistro', page);
  await page.reload();
  await assertTrue(server, 'bistro', page);
  const addresses = await cached(page);
  assert.ok(addresses.length > 20);
  assert.deepEqual(
    addresses.filter((address) => address !== '/' && !address.startsWith('/web/')),
    [],
  );
  const texts = await page.evaluate(async () => {
    const texts = [];
    for (const name of await caches.keys()) {
      const cache = await caches.open(name);
      for (const request of await cache.keys()) texts.push(await (await cache.match(request))?.text());
    }
    return texts.join();
  });
  for (const name of ['Rivera', 'Ada', 'bistro']) assert.ok(!texts.includes(name), name);
});

test('another version of the app takes the place of the one that was kept, whole', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const front = await openFront(t, server);
  const { page, context, troubles } = await openDevice(t, browser, front);
  troubles.expect(OUTAGE);
  await page.goto('/?restaurant=bistro');
  await kept(page);
  await assertTrue(server, 'bistro', page);
  assert.ok((await cached(page)).some((address) => address.includes(front.version)));

  front.release('Next');
  const next = await context.newPage();
  await next.goto('/?restaurant=bistro');
  // The page is new at once; what it is made of is kept as soon as it is there.
  assert.equal(await versionOf(next), front.next);
  await assertTrue(server, 'bistro', next);
  await eventually(async () => {
    const addresses = await cached(next);
    assert.ok(addresses.includes(`/web/${front.next}/app/main.js`));
    assert.deepEqual(
      addresses.filter((address) => address !== '/' && !address.startsWith(`/web/${front.next}/`)),
      [],
    );
  });
  // Nobody was thrown out of the one that was open.
  await assertTrue(server, 'bistro', page);

  await server.kill9();
  await page.close();
  await next.close();
  const last = await context.newPage();
  await last.goto('/?restaurant=bistro');
  assert.equal(await versionOf(last), front.next);
  await party(last, 'Moreau').waitFor();
  await assertOffline(last, 0);
});

/**
 * Waits until the app is kept on the device.
 * @param {Page} page
 */
async function kept(page) {
  await page.evaluate(async () => void (await navigator.serviceWorker.ready));
  await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
  // The floor is kept a little after it has changed.
  await page.waitForFunction(() => localStorage.getItem('maitred.bistro/floor') !== null);
}

/**
 * The addresses of what is kept, without the server's.
 * @param {Page} page
 */
async function cached(page) {
  return page.evaluate(async () => {
    const addresses = [];
    for (const name of await caches.keys()) {
      const requests = await (await caches.open(name)).keys();
      addresses.push(...requests.map(({ url }) => url.replace(location.origin, '')));
    }
    return addresses;
  });
}

/** @param {Page} page */
async function versionOf(page) {
  return page.locator('meta[name=version]').getAttribute('content');
}
