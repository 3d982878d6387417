// The stories' own instruments: that they find what they are there to find.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import http from 'node:http';
import { after, test } from 'node:test';
import { findBarriers } from './axe.js';
import { launchBrowser, openDevice } from './browser.js';
import { atEnd } from './ending.js';
import { layFloor, readFloor } from './floor.js';
import { now, watchForPaint } from './paint.js';
import { startServer } from './server.js';
import { takeRecording } from './smoothness.js';
import { OUTAGE } from './troubles.js';
import { openWire } from './wire.js';

const file = { after };
const browser = await launchBrowser(file);
const site = await serve(file, {
  '/': '<!doctype html><html lang="en"><title>A page</title><main><h1>A page</h1><p id="host"></p></main>',
  '/barriers': '<!doctype html><title>A page</title><main><h1>A page</h1><p id="host"></p></main>',
  '/inline': '<!doctype html><title>A page</title><script>1</script>',
});

test('a page without fault has no trouble and no barrier', async (t) => {
  const { page } = await openDevice(t, browser, site);
  await page.goto('/');
  assert.equal(await findBarriers(page), '');
});

test('each kind of trouble is found', async (t) => {
  const { page, troubles } = await openDevice(t, browser, site);
  await page.goto('/');
  await page.evaluate(() => console.error('a complaint'));
  await page.evaluate(
    () =>
      void setTimeout(() => {
        throw new Error('an accident');
      }),
  );
  await page.evaluate(() => fetch('/absent'));
  await page.evaluate(() => fetch('/broken').catch(() => {}));
  await page.evaluate(
    () => void document.body.append(Object.assign(new Image(), { src: 'http://elsewhere.example/' })),
  );
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        new WebSocket('ws://127.0.0.1:9/').onerror = resolve;
      }),
  );
  await page.evaluate(async () => {
    const policy = /** @type {any} */ (globalThis).trustedTypes.createPolicy('any', { createScriptURL: String });
    await navigator.serviceWorker.register(policy.createScriptURL('/worker.js'));
    await navigator.serviceWorker.ready;
  });
  await page.goto('/inline');

  for (const pattern of [
    /^console: a complaint \(/,
    /^uncaught: Error: an accident/,
    /^404: GET .*\/absent$/,
    /^failed: GET .*\/broken net::ERR_EMPTY_RESPONSE$/,
    /^elsewhere: http:\/\/elsewhere.example\//,
    /^elsewhere: http:\/\/127.0.0.1:9\//,
    /^console: a worker's complaint \(.*\/worker.js:1\)/,
    /^console: .*Content Security Policy/,
  ]) {
    assert.ok(
      troubles.unexpected.some((trouble) => pattern.test(trouble)),
      `${pattern}: ${troubles.unexpected}`,
    );
    troubles.expect(pattern);
  }
  troubles.expect(/elsewhere.example|127.0.0.1:9/);
  assert.deepEqual(troubles.unexpected, []);
});

test('barriers are found, in shadow roots as well', async (t) => {
  const { page } = await openDevice(t, browser, site);
  await page.goto('/barriers');
  await page.evaluate(() => {
    const root = document.querySelector('#host')?.attachShadow({ mode: 'open' });
    root?.append(document.createElement('button'));
  });
  assert.match(await findBarriers(page), /^button-name: .*\n    #host >>> button: .*\nhtml-has-lang: /);
});

test('long tasks and layout shifts are recorded', async (t) => {
  const { page } = await openDevice(t, browser, site);
  await page.goto('/');
  await page.evaluate(
    () =>
      new Promise((resolve) =>
        setTimeout(() => {
          for (const end = performance.now() + 80; performance.now() < end;);
          resolve(null);
        }),
      ),
  );
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const box = document.createElement('div');
        box.style.height = '300px';
        document.body.prepend(box);
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
  const { longTasks, layoutShifts } = await takeRecording(page);
  assert.ok(
    longTasks.some(({ duration }) => duration >= 80),
    JSON.stringify(longTasks),
  );
  assert.ok(
    layoutShifts.some(({ moved }) => moved.includes('body')),
    JSON.stringify(layoutShifts),
  );
  assert.deepEqual(await takeRecording(page), { longTasks: [], layoutShifts: [] });
});

test('the moment of a paint is told, of what is in a shadow root of a shadow root', async (t) => {
  const { page } = await openDevice(t, browser, site);
  await page.goto('/');
  await page.evaluate(() => document.querySelector('#host')?.attachShadow({ mode: 'open' }));
  const painted = await watchForPaint(page, (find, name) => find(`[title=${name}]`), 'Rivera');
  const asked = now();
  const made = await page.evaluate(async () => {
    const inner = document.createElement('div');
    document.querySelector('#host')?.shadowRoot?.append(inner);
    const party = document.createElement('p');
    inner.attachShadow({ mode: 'open' }).append(party);
    await new Promise((resolve) => setTimeout(resolve, 50));
    party.title = 'Rivera';
    return performance.timeOrigin + performance.now();
  });
  const shown = await painted();
  // Both clocks are the system's, which may be set meanwhile, by little.
  assert.ok(made - asked >= 49, `asked for at ${asked}, made at ${made}`);
  assert.ok(shown > made && shown < now() + 1, `made at ${made}, painted at ${shown}`);
});

test('what never comes is told', async (t) => {
  const { page } = await openDevice(t, browser, site);
  await page.goto('/');
  const painted = await watchForPaint(page, (find) => find('#never'), null, 50);
  await assert.rejects(painted, /not there after 50 ms/);
});

test('a page sleeps and wakes', async (t) => {
  const device = await openDevice(t, browser, site);
  const { page } = device;
  await page.goto('/');
  await page.evaluate(() => {
    /** @type {string[]} */
    const heard = [];
    Object.assign(globalThis, { heard });
    for (const type of ['visibilitychange', 'freeze', 'resume']) {
      document.addEventListener(type, () => heard.push(`${type} ${document.visibilityState}`));
    }
  });
  const heard = () => page.evaluate('heard');
  await device.freeze();
  assert.deepEqual(await heard(), ['visibilitychange hidden', 'freeze hidden']);
  await device.unfreeze();
  await page.waitForFunction('heard.length == 4');
  assert.deepEqual(await heard(), [
    'visibilitychange hidden',
    'freeze hidden',
    'resume hidden',
    'visibilitychange visible',
  ]);
});

test('a device goes offline and comes back', async (t) => {
  const device = await openDevice(t, browser, site);
  const { page } = device;
  const answered = () =>
    page.evaluate(() =>
      fetch('/').then(
        ({ ok }) => ok,
        () => false,
      ),
    );
  await page.goto('/');
  await device.goOffline();
  assert.deepEqual([await page.evaluate(() => navigator.onLine), await answered()], [false, false]);
  await device.goOnline();
  assert.deepEqual([await page.evaluate(() => navigator.onLine), await answered()], [true, true]);
});

test('a wire is slow, silent and broken', async (t) => {
  const wire = await openWire(t, site);
  const device = await openDevice(t, browser, wire);
  const { page } = device;
  const answer = () =>
    page.evaluate(async () => {
      const begun = performance.now();
      await fetch('/');
      return performance.now() - begun;
    });
  await page.goto('/');
  wire.setLatency(100);
  assert.ok((await answer()) >= 200);
  wire.setLatency(0);

  wire.cut();
  const kept = answer();
  const silence = new Promise((resolve) => setTimeout(resolve, 200, 'silence'));
  assert.equal(await Promise.race([kept, silence]), 'silence');
  wire.mend();
  await kept;

  wire.cut();
  const broken = answer();
  await Promise.race([page.waitForEvent('request'), broken]);
  wire.breakOff();
  wire.mend();
  await broken.catch(() => {});
  await answer();
  device.troubles.expect(OUTAGE);
});

test('a killed server comes back at its address with its floor', async (t) => {
  const server = await startServer(t, { restaurants: { corner: 6 } });
  const floor = await layFloor(server, 'bistro', { tables: 210, seated: 2, waiting: 3, expected: 4 });
  assert.equal(floor.tables.length, 210);
  assert.equal(floor.guests.length, 9);
  assert.equal((await readFloor(server, 'corner')).tables.length, 6);
  await server.kill9();
  await assert.rejects(server.get('/healthz'), /ECONNREFUSED/);
  await server.start();
  assert.deepEqual(await readFloor(server, 'bistro'), floor);
});

test('a locked server lets in who has a token', async (t) => {
  const server = await startServer(t, { restaurants: { bistro: 2 }, locked: true });
  assert.equal((await readFloor(server, 'bistro')).tables.length, 2);
  const token = await server.makeToken('--role', 'host', '--restaurant', 'bistro');
  const asHost = { Authorization: `Bearer ${token}` };
  assert.equal((await server.request('GET', '/restaurants/bistro/floor', undefined, asHost)).status, 200);
  assert.equal((await server.request('GET', '/restaurants/bistro/audit', undefined, asHost)).status, 403);
});

/**
 * Serves pages under a policy as strict as the app's.
 * @param {import('./ending.js').Scope} scope
 * @param {Record<string, string>} pages
 */
async function serve(scope, pages) {
  const policy = "default-src 'self'; connect-src *; img-src *; require-trusted-types-for 'script'; trusted-types any";
  const server = http.createServer((request, response) => {
    const page = pages[request.url ?? ''];
    if (request.url === '/broken') {
      response.destroy();
    } else if (request.url === '/worker.js') {
      response.setHeader('Content-Type', 'text/javascript').end('console.error("a worker\'s complaint")');
    } else {
      response
        .writeHead(page ? 200 : 404, { 'Content-Type': 'text/html', 'Content-Security-Policy': policy })
        .end(page);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(scope, async () => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { url: `http://127.0.0.1:${port}`, port };
}
