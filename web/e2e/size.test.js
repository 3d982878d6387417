// What a first visit takes: how many bytes, how many turns, and how long until a party can be added. The bytes are bounded; the
// times are printed, being the machine's affair.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchBrowser, openDevice } from './browser.js';
import { layFloor } from './floor.js';
import { now, watchForPaint } from './paint.js';
import { startServer } from './server.js';
import { assertTrue } from './truth.js';
import { openWire } from './wire.js';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ path: string, kind: string, by: string, initiator: string, bytes: number }} Loaded */

const file = { after };
const browser = await launchBrowser(file);

// Of everything together, as it travels, headers included.
const BYTES_MOST = 120_000;

// As far as from a restaurant to a server in another country.
const LATENCY_MS = 50;

test('a first visit takes less than 120,000 bytes, all of them named by the document and from the server itself', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const { page, context } = await openDevice(t, browser, server);
  const network = await watchNetwork(page);
  await page.goto('/?restaurant=bistro');
  await assertTrue(server, 'bistro', page);
  const loaded = await network.loaded();
  loaded.sort((one, other) => other.bytes - one.bytes);
  for (const { path, bytes, kind } of loaded) t.diagnostic(`${String(bytes).padStart(6)} ${kind} ${path}`);
  const sum = loaded.reduce((sum, { bytes }) => sum + bytes, 0);
  t.diagnostic(`${sum} bytes in ${loaded.length} answers`);
  assert.ok(sum < BYTES_MOST, `${sum} bytes`);

  // The document names all of it: no module is found out only from another one, when that has come.
  const modules = loaded.filter(({ kind }) => kind === 'Script');
  assert.ok(modules.length > 20);
  assert.deepEqual(
    modules.filter(({ initiator }) => !initiator.endsWith('/?restaurant=bistro')),
    [],
  );
  assert.equal(new Set(modules.map(({ path }) => path)).size, modules.length, 'a module was asked for twice');
  t.diagnostic(`${await workerBytes(context)} bytes more for what is kept`);
});

test('all modules are asked for before the first one has come', async (t) => {
  const server = await startServer(t);
  await layFloor(server, 'bistro');
  const wire = await openWire(t, server);
  wire.setLatency(LATENCY_MS);
  const { page } = await openDevice(t, browser, wire);
  await page.goto('/?restaurant=bistro');
  await assertTrue(server, 'bistro', page);
  const modules = await page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map((entry) => /** @type {PerformanceResourceTiming} */ (entry))
      .filter(({ name }) => name.endsWith('.js'))
      .map(({ name, startTime, responseEnd }) => ({ name, startTime, responseEnd })),
  );
  assert.ok(modules.length > 20);
  const first = Math.min(...modules.map(({ responseEnd }) => responseEnd));
  assert.deepEqual(
    modules.filter(({ startTime }) => startTime > first),
    [],
  );
});

for (const latencyMs of [0, LATENCY_MS]) {
  test(`a party can be added soon after the first visit began, ${latencyMs} ms away`, async (t) => {
    const server = await startServer(t);
    await layFloor(server, 'bistro');
    const wire = await openWire(t, server);
    wire.setLatency(latencyMs);
    const { page } = await openDevice(t, browser, wire);
    const begun = now();
    await page.goto('/?restaurant=bistro', { waitUntil: 'commit' });
    await page.locator('[name=guestName]').fill('Ada');
    const shown = await watchForPaint(page, (find) =>
      [...(find('wait-list')?.shadowRoot?.querySelectorAll('party-card') ?? [])].some(
        (card) => card.shadowRoot?.querySelector('.name')?.textContent === 'Ada',
      ),
    );
    await page.locator('[name=partySize]').fill('2');
    await page.locator('[name=partySize]').press('Enter');
    const took = (await shown()) - begun;
    const painted = await page.evaluate(() => performance.getEntriesByName('first-contentful-paint')[0]?.startTime);
    t.diagnostic(`${latencyMs} ms each way: first contentful paint after ${painted?.toFixed(0)} ms`);
    t.diagnostic(
      `${latencyMs} ms each way: a party was added and shown after ${took.toFixed(0)} ms, of which some are the typist's`,
    );
    await assertTrue(server, 'bistro', page);
  });
}

/**
 * How many bytes the worker loaded by itself, once it keeps the app: what the page had loaded it takes from there.
 * @param {import('playwright-core').BrowserContext} context
 */
async function workerBytes(context) {
  const [page] = context.pages();
  await page?.evaluate(async () => void (await navigator.serviceWorker.ready));
  const [worker] = context.serviceWorkers();
  const sizes = await worker?.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .map((entry) => /** @type {PerformanceResourceTiming} */ (entry).transferSize),
  );
  return sizes?.reduce((sum, size) => sum + size, 0);
}

/**
 * Watches what a page loads, from now on.
 * @param {Page} page
 */
async function watchNetwork(page) {
  const session = await page.context().newCDPSession(page);
  /** @type {Map<string, Loaded>} */
  const all = new Map();
  session.on('Network.requestWillBeSent', ({ requestId, request, type = '', initiator }) => {
    const { pathname, search } = new URL(request.url);
    all.set(requestId, {
      path: pathname + search,
      kind: type,
      by: initiator.type,
      initiator: initiator.url ?? '',
      bytes: 0,
    });
  });
  session.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
    const loaded = all.get(requestId);
    if (loaded) loaded.bytes = encodedDataLength;
  });
  await session.send('Network.enable');
  return {
    async loaded() {
      await page.waitForLoadState('networkidle');
      return [...all.values()];
    },
  };
}
