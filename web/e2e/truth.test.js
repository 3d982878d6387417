// The floor on a device is the server's, whatever happens to the server, the network or the device; what was tapped meanwhile is
// done, once; and the device says how true it is.

import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { launchBrowser, openDevice } from './browser.js';
import { atEnd } from './ending.js';
import { layFloor } from './floor.js';
import { startServer } from './server.js';
import { eventually, openStand } from './stand.js';
import { OUTAGE } from './troubles.js';
import { add, assertOffline, assertOnce, assertTrue, finish, floorOn, mark, seat, sign } from './truth.js';
import { openWire } from './wire.js';

/** @typedef {import('./server.js').Server} Server */

const file = { after };
const browser = await launchBrowser(file);

// So many kills are survived in a row.
const KILLS = 3;

// How often somebody else writes meanwhile, in milliseconds.
const WRITE_MS = 40;

test('a server that is killed while people tap comes back to the same floor, with every tap in it once', async (t) => {
  const { server, here, there } = await openHouse(t);
  const tapped = [];
  for (let kill = 1; kill <= KILLS; kill += 1) {
    const stopWriting = startWriter(t, server);
    tapped.push(...(await add(here.page, `Before ${kill}`)));
    // It may have heard that, written that, or answered that.
    await server.kill9();
    tapped.push(...(await add(here.page, `Meanwhile ${kill}`)));
    tapped.push(...(await seat(here.page, `Before ${kill}`, String(9 + kill))));
    await server.start();
    tapped.push(...(await finish(here.page, `Before ${kill}`, String(9 + kill))));
    stopWriting();
    await assertTrue(server, 'bistro', here.page);
    await assertTrue(server, 'bistro', there.page);
  }
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a server that stays away is said to be, with what waits for it', async (t) => {
  const { server, here, there } = await openHouse(t);
  await server.kill9();
  const tapped = [
    ...(await add(here.page, 'Ada')),
    ...(await seat(here.page, 'Ada', '10')),
    ...(await finish(here.page, 'Rivera', '1')),
  ];
  await assertOffline(here.page, 3);
  await assertOffline(there.page, 0);
  await server.start();
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a network that falls silent is said to, and what was tapped meanwhile is done when it speaks again', async (t) => {
  const { server, wire, here, there } = await openHouse(t);
  wire.cut();
  const tapped = [...(await add(here.page, 'Ada')), ...(await seat(here.page, 'Ada', '10'))];
  await server.patch('/restaurants/bistro/guests/guest-4', { notes: 'By the window' });
  await server.patch('/restaurants/bistro/guests/guest-5', { table_id: 'table-12' });
  tapped.push(...(await finish(here.page, 'Rivera', '1')));
  await assertOffline(here.page, 3);
  await assertTrue(server, 'bistro', there.page);
  wire.mend();
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a network that breaks again and again loses no tap and doubles none', async (t) => {
  const { server, wire, here, there } = await openHouse(t);
  wire.setLatency(20);
  const breaking = setInterval(() => wire.breakOff(), 150);
  atEnd(t, async () => clearInterval(breaking));
  const tapped = [];
  for (const [index, number] of ['10', '11', '12', '13'].entries()) {
    tapped.push(...(await add(here.page, `Party ${index}`)));
    tapped.push(...(await seat(here.page, `Party ${index}`, number)));
    tapped.push(...(await finish(here.page, `Party ${index}`, number)));
    await server.patch('/restaurants/bistro/guests/guest-4', { quotedWaitMinutes: 20 + index });
  }
  clearInterval(breaking);
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a device that slept is live soon after it wakes', async (t) => {
  const { server, here, there } = await openHouse(t);
  const tapped = await add(here.page, 'Ada');
  await here.freeze();
  for (let minutes = 1; minutes <= 30; minutes += 1) {
    await server.patch('/restaurants/bistro/guests/guest-4', { quotedWaitMinutes: minutes });
  }
  await server.patch('/restaurants/bistro/guests/guest-5', { table_id: 'table-12' });
  await server.delete('/restaurants/bistro/guests/guest-6');
  await assertTrue(server, 'bistro', there.page);
  await here.unfreeze();
  await assertTrue(server, 'bistro', here.page);
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a device that knows itself to be offline says so, keeps what is tapped, and sends it when it is back', async (t) => {
  const { server, here, there } = await openHouse(t);
  await here.goOffline();
  const tapped = [
    ...(await add(here.page, 'Ada')),
    ...(await seat(here.page, 'Ada', '10')),
    ...(await add(here.page, 'Ben')),
  ];
  await server.patch('/restaurants/bistro/guests/guest-5', { table_id: 'table-12' });
  await assertOffline(here.page, 3);
  await here.goOnline();
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a page that is loaded anew, or closed and opened again, sends what the one before it could not', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const device = await openStand(t, browser, 'bistro', server);
  device.troubles.expect(OUTAGE);
  const first = device.page;
  await first.evaluate(async () => void (await navigator.serviceWorker.ready));
  await server.kill9();
  const tapped = [...(await add(first, 'Ada')), ...(await seat(first, 'Ada', '10'))];
  await first.reload();
  await assertOffline(first, 2);
  tapped.push(...(await finish(first, 'Ada', '10')));
  await first.close();
  const second = await device.context.newPage();
  await second.goto('/?restaurant=bistro');
  await assertOffline(second, 3);
  tapped.push(...(await add(second, 'Ben')));
  await server.start();
  await assertTrue(server, 'bistro', second);
  await assertOnce(server, 'bistro', second, tapped);
});

test('a database that came back from a backup is what the devices show, whatever they had heard since', async (t) => {
  const { server, here, there } = await openHouse(t);
  const backup = join(server.folder, 'backup.db');
  await server.command('backup', backup, '--database', server.database);
  const { epoch } = await floorOn(here.page);
  await add(here.page, 'Forgotten');
  await seat(here.page, 'Forgotten', '10');
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
  await server.stop();
  await server.command('restore', backup, '--database', server.database);
  const tapped = await add(here.page, 'Ada');
  await server.start();
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
  const floor = await floorOn(here.page);
  assert.notEqual(floor.epoch, epoch);
  assert.equal(
    floor.guests.some(({ guestName }) => guestName === 'Forgotten'),
    false,
  );
  await assertOnce(server, 'bistro', here.page, tapped);
});

test('a device that was away for longer than the log goes back is shown the floor anew', async (t) => {
  const { server, wire, here, there } = await openHouse(t);
  wire.cut();
  wire.breakOff();
  for (let minutes = 1; minutes <= 30; minutes += 1) {
    await server.patch('/restaurants/bistro/guests/guest-4', { quotedWaitMinutes: minutes });
  }
  await server.patch('/restaurants/bistro/guests/guest-5', { table_id: 'table-12' });
  await server.delete('/restaurants/bistro/guests/guest-6');
  await server.stop();
  server.options.push('--keep-messages', '1');
  await server.start();
  const known = (await floorOn(here.page)).seq;
  await eventually(async () => {
    assert.equal((await server.request('GET', `/restaurants/bistro/changes?since=${known}`)).status, 410);
  });
  wire.mend();
  await assertTrue(server, 'bistro', here.page);
  await assertTrue(server, 'bistro', there.page);
});

test('a floor that comes in several parts is shown when it is whole', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro', { tables: 200, expected: 2_000, waiting: 20 });
  const device = await openDevice(t, browser, server);
  const { page } = device;
  /** @type {(() => void)[]} */
  const held = [];
  let sockets = 0;
  await page.routeWebSocket('**/realtime*', (socket) => {
    sockets += 1;
    const isFirst = sockets === 1;
    const far = socket.connectToServer();
    far.onMessage((message) => {
      const { type, part, parts } = JSON.parse(String(message));
      if (type === 'snapshot' && part === parts) held.push(() => (isFirst ? far.close() : socket.send(message)));
      else socket.send(message);
    });
    far.onClose(() => socket.close());
  });
  await page.goto('/?restaurant=bistro');
  for (const isWhole of [false, true]) {
    await eventually(async () => assert.equal(held.length, 1));
    const { guests, tables } = await floorOn(page);
    assert.deepEqual([guests, tables, await sign(page)], [[], [], 'Catching up']);
    // The first time it is lost; what came before it must not count the second time.
    held.pop()?.();
    if (isWhole) await assertTrue(server, 'bistro', page);
  }
  assert.equal((await floorOn(page)).guests.length, 2_023);
});

/**
 * A restaurant and two devices, one of them on a wire. At the end, neither page was ever loaded anew.
 * @param {import('node:test').TestContext} t
 */
async function openHouse(t) {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const wire = await openWire(t, server);
  const here = await openStand(t, browser, 'bistro', wire);
  const there = await openStand(t, browser, 'bistro', server);
  for (const device of [here, there]) {
    device.troubles.expect(OUTAGE);
    const assertMarked = await mark(device.page);
    atEnd(t, assertMarked);
  }
  return { server, wire, here, there };
}

/**
 * Writes to the server from elsewhere, whether it is there or not. Returns what ends that.
 * @param {import('./ending.js').Scope} scope
 * @param {Server} server
 */
function startWriter(scope, server) {
  let minutes = 0;
  const timer = setInterval(() => {
    minutes = (minutes + 1) % 100;
    server.patch('/restaurants/bistro/guests/guest-4', { quotedWaitMinutes: minutes }).catch((failure) => {
      // What a dead server does not take is the writer's affair.
      if (!failure.code) throw failure;
    });
  }, WRITE_MS);
  const stop = () => clearInterval(timer);
  atEnd(scope, async () => stop());
  return stop;
}
