// What is shown before the server has answered, what is told where it says no, and what takes a tap back.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchBrowser } from './browser.js';
import { layFloor, readFloor } from './floor.js';
import { startServer } from './server.js';
import { assertHas, button, eventually, middle, openStand, party, partyButton, table } from './stand.js';
import { openWire } from './wire.js';

/** @typedef {import('playwright-core').Page} Page */

const file = { after };
const browser = await launchBrowser(file);
const server = await startServer(file);
let restaurants = 0;

test('a tap shows at once, marked as not confirmed, and is settled by what the server says', async (t) => {
  const wire = await openWire(t, server);
  const { page, id } = await open(t, wire.url);
  const before = await readFloor(server, id);
  wire.cut();
  await partyButton(page, 'Moreau').click();
  await table(page, '5').click();
  await table(page, '5').getByText('Moreau').waitFor();
  await table(page, '5').getByText('not confirmed yet').waitFor({ state: 'attached' });
  await page.locator('floor-table[data-id=table-5] .mark').waitFor();
  await page.locator('said-bar').getByText('Moreau seated at table 5').waitFor();
  assert.deepEqual(await readFloor(server, id), before, 'the server has not heard of it');

  wire.mend();
  await page.locator('floor-table[data-id=table-5] .mark').waitFor({ state: 'detached' });
  await table(page, '5').getByText('Moreau').waitFor();
  assertHas((await rows(id)).tables['5'], { status: 'occupied', guest_id: 'guest-5' });
});

test('who seats a party at a table that was taken at the same moment is told so at the table', async (t) => {
  const wire = await openWire(t, server);
  const { page, id, troubles } = await open(t, wire.url);
  await server.patch(`/restaurants/${id}/guests/guest-7`, { guestName: 'Rivera-Ortiz', partySize: 4 });
  await party(page, 'Rivera-Ortiz').waitFor();
  troubles.expect(/^409: PATCH .*\/guests\/guest-5$/);
  wire.cut();
  await partyButton(page, 'Moreau').click();
  await table(page, '12').click();
  await table(page, '12').getByText('Moreau').waitFor();
  await server.patch(`/restaurants/${id}/guests/guest-7`, { table_id: 'table-12' });
  wire.mend();

  const note = page.locator('floor-plan row-note');
  const text = 'Table 12 was just taken by Rivera-Ortiz, party of 4. Moreau is not seated.';
  await note.getByText(text).waitFor();
  await page.getByRole('alert').getByText(text).waitFor({ state: 'attached' });
  assert.equal(await page.locator('said-bar').count(), 0, 'it is said once');
  const [from, to] = [await middle(note), await middle(table(page, '12'))];
  assert.ok(Math.hypot(from.x - to.x, from.y - to.y) < 120, 'it stands at the table');

  await table(page, '12').getByText('Rivera-Ortiz').waitFor();
  await party(page, 'Moreau').getByText('Waiting').waitFor();
  assert.equal(await page.locator('floor-table .mark').count(), 0);
  assertHas((await rows(id)).guests.Moreau, { status: 'waiting', table_id: null });

  await note.getByRole('button', { name: 'Close this note' }).click();
  await note.waitFor({ state: 'detached' });
});

test('a party that somebody else has seen to is not seen to twice, and that is told at the party', async (t) => {
  const wire = await openWire(t, server);
  const { page, id, troubles } = await open(t, wire.url);
  troubles.expect(/^409: PATCH/);
  await page.getByRole('button', { name: 'Booked' }).click();
  wire.cut();
  await button(page, 'Here: Silva').click();
  await server.patch(`/restaurants/${id}/guests/guest-8`, { status: 'cancelled' });
  wire.mend();
  await page.locator('said-bar').getByText('Silva is cancelled by now. Nothing was changed.').waitFor();
  assertHas((await rows(id)).guests.Silva, { status: 'cancelled' });
  await page.locator('said-bar').getByRole('button', { name: 'Close this note' }).click();
  await page.locator('said-bar').waitFor({ state: 'detached' });
  await page.getByRole('button', { name: 'Gone' }).click();
  await party(page, 'Silva').getByText('Silva is cancelled by now.').waitFor();
});

test('whatever was tapped is taken back, and the server has what was', async (t) => {
  const { page, id } = await open(t, server.url);
  await server.post(`/restaurants/${id}/guests`, {
    id: 'guest-gone',
    guestName: 'Schmidt',
    partySize: 2,
    status: 'cancelled',
  });
  const view = (/** @type {string} */ name) =>
    page.getByRole('group', { name: 'Which parties' }).getByRole('button', { name }).click();
  const inSheet = async (/** @type {string} */ number, /** @type {string} */ does) => {
    await table(page, number).click();
    await button(page.getByRole('region', { name: `Table ${number}` }), does).click();
  };
  const onCard = async (/** @type {string} */ name, /** @type {string} */ does) => {
    if ((await partyButton(page, name).getAttribute('aria-expanded')) === 'false')
      await partyButton(page, name).click();
    await button(page, does).click();
  };
  const inPlan = async (/** @type {() => Promise<void>} */ does) => {
    await button(page, 'Edit plan').click();
    await does();
  };

  /** @type {[string, () => Promise<void>][]} */
  const taps = [
    [
      'seat',
      async () => {
        await partyButton(page, 'Moreau').click();
        await table(page, '5').click();
      },
    ],
    [
      'move',
      async () => {
        await inSheet('2', 'Move');
        await table(page, '8').click();
      },
    ],
    ['back to the list', () => inSheet('3', 'Back to list')],
    ['finish', () => inSheet('2', 'Finish')],
    [
      'finish where tables are dirty after it',
      async () => {
        await server.patch(`/restaurants/${id}`, { settings: { dirtyAfterFinish: true } });
        await inSheet('2', 'Finish');
        await table(page, '2').getByText('Dirty').waitFor();
      },
    ],
    ['cancel', () => onCard('Tanaka', 'Cancel')],
    ['no-show', () => onCard('Haddad', 'No-show')],
    ['late', () => onCard('Haddad', 'Late')],
    [
      'arrived, of who booked',
      async () => {
        await view('Booked');
        await button(page, 'Here: Silva').click();
      },
    ],
    [
      'restore',
      async () => {
        await view('Gone');
        await button(page, 'Restore: Schmidt').click();
      },
    ],
    [
      'notify',
      async () => {
        await view('Waiting');
        await onCard('Tanaka', 'Notify');
      },
    ],
    [
      'edit',
      async () => {
        await onCard('Tanaka', 'Edit');
        await page.getByLabel('Notes').fill('By the window');
        await page.getByLabel('Tags').fill('vegan');
        await page.getByLabel('Party size').last().fill('3');
        await button(page, 'Save').click();
      },
    ],
    [
      'add',
      async () => {
        await page.getByPlaceholder('Name').fill('Zappa');
        await page.getByPlaceholder('Size').fill('2');
        await page.keyboard.press('Enter');
      },
    ],
    ['reserve', () => inSheet('6', 'Reserve')],
    ['dirty', () => inSheet('6', 'Dirty')],
    ['out of service', () => inSheet('6', 'Out of service')],
    ['add a table', () => inPlan(() => button(page, 'Add table').click())],
    [
      'a table’s number, seats, shape, turn, section, place',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await button(page, 'More seats').click();
        }),
    ],
    [
      'turn a table',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await button(page, 'Turn right').click();
        }),
    ],
    [
      'shape of a table',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await page.getByLabel('Shape').selectOption('oval');
        }),
    ],
    [
      'number of a table',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await page.getByLabel('Number').fill('99');
          await page.keyboard.press('Enter');
        }),
    ],
    [
      'section of a table',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await page.getByLabel('Section', { exact: true }).fill('Garden');
          await page.keyboard.press('Enter');
        }),
    ],
    [
      'place of a table',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await page.keyboard.press('ArrowLeft');
        }),
    ],
    [
      'remove a table',
      () =>
        inPlan(async () => {
          await table(page, '9').click();
          await button(page, 'Remove table').click();
        }),
    ],
  ];
  for (const [name, tap] of taps) {
    const before = await rows(id);
    await tap();
    await eventually(async () => assert.notDeepEqual(await rows(id), before, `${name} does nothing`));
    await page.getByRole('button', { name: /^Undo: / }).click();
    await eventually(async () => assert.deepEqual(await rows(id), before, `${name} is not undone`));
    await page.keyboard.press('Escape');
    if (await button(page, 'Done').isVisible()) await button(page, 'Done').click();
    await page.keyboard.press('Escape');
  }
});

test('what somebody else has changed since is not undone, and that is told', async (t) => {
  const { page, id, troubles } = await open(t, server.url);
  troubles.expect(/^409: POST .*atomic/);
  await partyButton(page, 'Moreau').click();
  await table(page, '5').click();
  await eventually(async () => assertHas((await rows(id)).guests.Moreau, { table_id: 'table-5' }));
  await page.locator('floor-table .mark').first().waitFor({ state: 'detached' });
  await server.patch(`/restaurants/${id}/guests/guest-5`, { notes: 'Wants the bill' });
  await page.keyboard.press('z');
  const text = 'Not undone: Moreau has been changed since.';
  await page.getByRole('alert').getByText(text).waitFor({ state: 'attached' });
  await page.getByText(text).first().waitFor();
  assertHas((await rows(id)).guests.Moreau, { table_id: 'table-5', notes: 'Wants the bill' });
  await table(page, '5').getByText('Moreau').waitFor();
});

test('what was tapped offline and undone before it was sent is never sent', async (t) => {
  const device = await open(t, server.url);
  const { page, id } = device;
  const before = await readFloor(server, id);
  await device.goOffline();
  await page.getByText('Offline since').waitFor();
  await partyButton(page, 'Moreau').click();
  await table(page, '5').click();
  await table(page, '5').getByText('Moreau').waitFor();
  await page.getByText('1 change to send').waitFor();
  await page.locator('said-bar').getByRole('button', { name: 'Undo' }).click();
  await party(page, 'Moreau').getByText('Waiting').waitFor();
  await page.getByText('1 change to send').waitFor({ state: 'detached' });

  /** @type {string[]} */
  const writes = [];
  page.on('request', (request) => {
    if (request.method() !== 'GET') writes.push(request.url());
  });
  await device.goOnline();
  await page.locator('link-sign').getByText('Live').waitFor();
  // What is tapped next would come after it.
  await button(page, 'Seat: Novak').click();
  await table(page, '7').click();
  await eventually(async () => assertHas((await rows(id)).guests.Novak, { table_id: 'table-7' }));
  assert.equal(writes.length, 1, String(writes));
  assert.equal(
    (await readFloor(server, id)).seq,
    before.seq + 2,
    'nothing else happened than that one party got its table',
  );
});

/**
 * A restaurant of its own, on a device.
 * @param {import('node:test').TestContext} t
 * @param {string} url The server's, or a wire's to it.
 */
async function open(t, url) {
  const id = `bistro-${(restaurants += 1)}`;
  await layFloor(server, id);
  return Object.assign(await openStand(t, browser, id, { url }), { id });
}

/**
 * What the server has, as far as people have a say in it.
 * @param {string} id
 */
async function rows(id) {
  const { tables } = await readFloor(server, id);
  const { guests } = await server.get(`/restaurants/${id}/guests?limit=500`);
  return { guests: by(guests, 'guestName'), tables: by(tables, 'tableNumber') };
}

// What the server alone says of a row.
const ITS_OWN = ['version', 'createdAt', 'updatedAt', 'statusSince', 'checkInTime', 'seatedTime', 'finishedTime'];

/**
 * @param {any[]} rows
 * @param {string} field
 * @returns {Record<string, any>}
 */
function by(rows, field) {
  const said = (/** @type {any} */ row) =>
    Object.fromEntries(Object.entries(row).filter(([name]) => !ITS_OWN.includes(name)));
  return Object.fromEntries(rows.map((row) => [row[field], said(row)]));
}
