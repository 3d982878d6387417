// Everything that can be done at the host stand, by mouse, by touch and by keyboard.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchBrowser } from './browser.js';
import { layFloor, readFloor } from './floor.js';
import { drag, finger, mouse, tabTo } from './hands.js';
import { startServer } from './server.js';
import { assertHas, button, eventually, openStand, party, partyButton, table } from './stand.js';

/** @typedef {import('playwright-core').Page} Page */

const file = { after };
const browser = await launchBrowser(file);
const server = await startServer(file);
let restaurants = 0;

for (const [name, hand] of Object.entries({ mouse, touch: finger })) {
  const { tap } = hand;

  test(`by ${name}, a party is added in two fields and Enter, edited, notified, and said to be here`, async (t) => {
    const { page, guest } = await open(t, hand);
    await tap(page.getByPlaceholder('Name'));
    await page.keyboard.type('Zappa');
    await tap(page.getByPlaceholder('Size'));
    await page.keyboard.type('3');
    await page.keyboard.press('Enter');
    await party(page, 'Zappa').waitFor();
    const added = await eventually(() => guest('Zappa', { status: 'waiting', partySize: 3, source: 'walk_in' }));
    assert.notEqual(added.checkInTime, null);
    assert.ok(
      await page.getByPlaceholder('Name').evaluate((field) => field.matches(':focus')),
      'the next one can be typed',
    );

    await tap(partyButton(page, 'Zappa'));
    await tap(button(page, 'Edit'));
    await page.getByLabel('Name', { exact: true }).last().fill('Zappa-Long');
    await page.getByLabel('Party size').last().fill('4');
    await page.getByLabel('Quoted wait').fill('25');
    await page.getByLabel('Tags').fill('birthday, high chair');
    await page.getByLabel('Notes').fill('By the window');
    await tap(button(page, 'Save'));
    await eventually(() =>
      guest('Zappa-Long', {
        partySize: 4,
        quotedWaitMinutes: 25,
        tags: ['birthday', 'high chair'],
        notes: 'By the window',
      }),
    );
    await party(page, 'Zappa-Long').getByText('quoted 25').waitFor();

    await tap(button(page, 'Notify'));
    const { notifiedTime } = await eventually(async () => {
      const notified = await guest('Zappa-Long');
      assert.notEqual(notified.notifiedTime, null);
      return notified;
    });
    assert.ok(Math.abs(Date.parse(notifiedTime) - Date.now()) < 60_000, notifiedTime);
    await party(page, 'Zappa-Long').getByText('notified').waitFor();

    await tap(button(page, 'Here'));
    await eventually(() => guest('Zappa-Long', { status: 'arrived' }));
    await party(page, 'Zappa-Long').getByText('Here ·').waitFor();
  });

  test(`by ${name}, who has booked comes late, in part, and at last`, async (t) => {
    const { page, guest } = await open(t, hand);
    await tap(page.getByRole('button', { name: 'Booked' }));
    await tap(partyButton(page, 'Silva'));
    await tap(button(page, 'Late'));
    await eventually(() => guest('Silva', { status: 'running_late' }));
    await party(page, 'Silva').getByText('Running late').waitFor();

    await openCard(page, hand, 'Silva');
    await tap(button(page, 'Partly here'));
    await eventually(() => guest('Silva', { status: 'partially_arrived' }));
    await party(page, 'Silva').waitFor({ state: 'detached' });
    await tap(page.getByRole('button', { name: 'Waiting' }));
    await party(page, 'Silva').getByText('Partly here').waitFor();

    await tap(page.getByRole('button', { name: 'Booked' }));
    await tap(button(page, 'Here: Brennan'));
    await eventually(() => guest('Brennan', { status: 'arrived' }));
  });

  test(`by ${name}, a party is seated by dragging it to a table, and moved by dragging that to another`, async (t) => {
    const { page, sits } = await open(t, hand);
    await drag(hand, partyButton(page, 'Tanaka'), table(page, '6'));
    await eventually(() => sits('Tanaka', '6'));
    await table(page, '6').getByText('Tanaka').waitFor();
    await party(page, 'Tanaka').waitFor({ state: 'detached' });

    await drag(hand, table(page, '6'), table(page, '12'));
    await eventually(() => sits('Tanaka', '12'));
    await table(page, '12').getByText('Tanaka').waitFor();
    await table(page, '6').getByText('Available').waitFor();
  });

  test(`by ${name}, a party is seated by two taps, and moved by three`, async (t) => {
    const { page, sits } = await open(t, hand);
    await tap(partyButton(page, 'Moreau'));
    await page.getByText('Choose a table for Moreau, party of 2').waitFor();
    await tap(table(page, '7'));
    await eventually(() => sits('Moreau', '7'));
    await page.getByText('Choose a table').waitFor({ state: 'detached' });

    await tap(table(page, '7'));
    await tap(button(page, 'Move'));
    await page.getByText('Choose another table for Moreau, party of 2').waitFor();
    await tap(table(page, '13'));
    await eventually(() => sits('Moreau', '13'));

    await tap(button(page, 'Seat: Novak'));
    await tap(table(page, '5'));
    await eventually(() => sits('Novak', '5'));
  });

  test(`by ${name}, a free table offers who waits longest and fits`, async (t) => {
    const { page, sits } = await open(t, hand);
    await tap(table(page, '5'));
    const sheet = page.getByRole('region', { name: 'Table 5' });
    const offers = await sheet.getByRole('button', { name: '·' }).allInnerTexts();
    assert.deepEqual(
      offers.map((text) => text.split(' ')[0]?.trim()),
      ['Moreau', 'Novak'],
      'the others are too many for it',
    );
    await tap(sheet.getByRole('button', { name: 'Moreau' }));
    await eventually(() => sits('Moreau', '5'));
    await sheet.waitFor({ state: 'detached' });
  });

  test(`by ${name}, who sits is put back on the list, finishes, or was never meant to sit`, async (t) => {
    const { page, guest, tableOf } = await open(t, hand);
    await tap(table(page, '1'));
    await tap(button(page, 'Back to list'));
    await eventually(() => guest('Rivera', { status: 'waiting', table_id: null, seatedTime: null }));
    await eventually(() => tableOf('1', { status: 'available', guest_id: null }));
    await party(page, 'Rivera').waitFor();

    await tap(table(page, '2'));
    await tap(button(page, 'Finish'));
    await eventually(() => guest('Okafor', { status: 'finished', table_id: null }));
    await table(page, '2').getByText('Available').waitFor();

    await tap(page.getByRole('button', { name: 'Seated', exact: false }).first());
    await tap(button(page, 'Finish: Lindqvist'));
    await eventually(() => guest('Lindqvist', { status: 'finished', table_id: null }));
  });

  test(`by ${name}, who cancels or does not come is gone, and is restored from there`, async (t) => {
    const { page, guest } = await open(t, hand);
    await tap(partyButton(page, 'Tanaka'));
    await tap(button(page, 'Cancel'));
    await eventually(() => guest('Tanaka', { status: 'cancelled' }));
    await openCard(page, hand, 'Moreau');
    await tap(button(page, 'No-show'));
    await eventually(() => guest('Moreau', { status: 'no_show' }));

    await tap(page.getByRole('button', { name: 'Gone' }));
    await party(page, 'Moreau').getByText('No-show').waitFor();
    await party(page, 'Tanaka').getByText('Cancelled').waitFor();
    await tap(button(page, 'Restore: Tanaka'));
    await eventually(() => guest('Tanaka', { status: 'waiting', finishedTime: null }));
    await party(page, 'Tanaka').waitFor({ state: 'detached' });
  });

  test(`by ${name}, a table is reserved and released, dirty and clean, out of service and back`, async (t) => {
    const { page, tableOf } = await open(t, hand);
    for (const [does, status, shown] of [
      ['Reserve', 'reserved', 'Reserved'],
      ['Release', 'available', 'Available'],
      ['Dirty', 'dirty', 'Dirty'],
      ['Clean', 'available', 'Available'],
      ['Out of service', 'out_of_service', 'Out of service'],
      ['Back in service', 'available', 'Available'],
    ]) {
      await tap(table(page, '8'));
      await tap(button(page.getByRole('region', { name: 'Table 8' }), String(does)));
      await eventually(() => tableOf('8', { status }));
      await table(page, '8').getByText(String(shown)).waitFor();
    }
  });

  test(`by ${name}, parties are found by name, phone and table, and seen by where they are`, async (t) => {
    const { page } = await open(t, hand);
    const shown = async () => (await page.locator('party-card .name').allInnerTexts()).map((text) => text.trim());
    const views = page.getByRole('group', { name: 'Which parties' });
    for (const [view, names] of /** @type {[string, string[]][]} */ ([
      ['Booked', ['Silva', 'Brennan', 'Kowalski']],
      ['Seated', ['Rivera', 'Okafor', 'Lindqvist']],
      ['Gone', []],
      ['Waiting', ['Tanaka', 'Moreau', 'Haddad', 'Novak']],
    ])) {
      await tap(views.getByRole('button', { name: view }));
      await eventually(async () => assert.deepEqual((await shown()).sort(), [...names].sort()));
      assert.match(await views.locator('[aria-pressed=true]').innerText(), new RegExp(`^${names.length}\\s+${view}$`));
    }

    const search = page.getByRole('searchbox');
    for (const [text, names] of /** @type {[string, string[]][]} */ ([
      ['silv', ['Silva']],
      ['0101', ['Okafor']],
      ['NOVÁK', ['Novak']],
      ['nobody of that name', []],
    ])) {
      await tap(search);
      await search.fill(text);
      await eventually(async () => assert.deepEqual(await shown(), names));
    }
    await page.getByText('Nobody matches “nobody of that name”.').waitFor();
    await search.fill('');
    await eventually(async () => assert.equal((await shown()).length, 4));
  });
}

test('while a table is being chosen, those that fit stand out, and the others say why not', async (t) => {
  const { page, id, tableOf } = await open(t, mouse);
  await server.patch(`/restaurants/${id}/tables/table-8`, { status: 'dirty' });
  await server.patch(`/restaurants/${id}/tables/table-9`, { status: 'out_of_service' });
  await server.patch(`/restaurants/${id}/tables/table-10`, { status: 'reserved' });
  await table(page, '10').getByText('Reserved').waitFor();
  await partyButton(page, 'Tanaka').click();
  for (const [number, text, kind] of [
    ['1', 'taken', 'blocked'],
    ['5', 'seats 2', 'blocked'],
    ['6', 'fits', 'fits'],
    ['8', 'dirty', 'blocked'],
    ['9', 'out of service', 'blocked'],
    ['10', 'fits', 'fits'],
  ]) {
    await table(page, String(number)).getByText(String(text), { exact: true }).waitFor();
    await page.locator(`floor-table[data-id=table-${number}] .${kind}`).waitFor({ state: 'attached' });
  }

  await table(page, '1').click();
  await page.locator('floor-plan row-note').getByText('Table 1 is taken by Rivera, party of 2.').waitFor();
  await table(page, '8').click();
  await page.locator('floor-plan row-note').getByText('Table 8 is dirty.').waitFor();
  await tableOf('8', { status: 'dirty', guest_id: null });
  await button(page, 'Not now').click();
  await page.getByText('fits', { exact: true }).first().waitFor({ state: 'detached' });
});

test('a table that is too small asks first, and can be had all the same', async (t) => {
  const { page, guest, sits } = await open(t, mouse);
  const question = page.getByRole('alertdialog');
  await partyButton(page, 'Tanaka').click();
  await table(page, '5').click();
  await question.getByText('Table 5 seats 2. Seat Tanaka, party of 5 anyway?').waitFor();
  await button(question, 'No').click();
  await question.waitFor({ state: 'detached' });
  await guest('Tanaka', { status: 'waiting', table_id: null });

  await drag(mouse, partyButton(page, 'Tanaka'), table(page, '5'));
  await button(question, 'Seat anyway').click();
  await eventually(() => sits('Tanaka', '5'));
});

test('with keys alone, a party comes, is notified, edited, seated, moved, un-seated, finishes and is restored', async (t) => {
  const { page, guest, sits } = await open(t, mouse);
  const { keyboard } = page;
  await keyboard.press('n');
  await keyboard.type('Zappa');
  await keyboard.press('Tab');
  await keyboard.type('2');
  await keyboard.press('Enter');
  await eventually(() => guest('Zappa', { status: 'waiting', partySize: 2 }));

  await keyboard.press('Escape');
  await keyboard.press('/');
  await keyboard.type('zap');
  await eventually(async () => assert.equal(await page.locator('party-card').count(), 1));
  await keyboard.press('Enter');
  assert.ok(
    await partyButton(page, 'Zappa').evaluate((element) => element.matches(':focus')),
    'the cursor is on the first that was found',
  );
  await keyboard.press('Enter');
  await tabTo(button(page, 'Notify'));
  await keyboard.press('Enter');
  await eventually(async () => assert.notEqual((await guest('Zappa')).notifiedTime, null));
  await tabTo(button(page, 'Edit'));
  await keyboard.press('Enter');
  await page.getByRole('dialog').waitFor();
  await tabTo(page.getByLabel('Notes'));
  await keyboard.type('Vegan');
  await tabTo(button(page, 'Save'));
  await keyboard.press('Enter');
  await eventually(() => guest('Zappa', { notes: 'Vegan' }));
  assert.ok(await isIn(page, 'party-card'), 'the cursor is where it was before the editor');

  await keyboard.press('s');
  await page.getByText('Choose a table for Zappa, party of 2').waitFor();
  await eventually(async () => assert.ok(await hasCursor(page, '5'), 'the cursor is on the best table'));
  await keyboard.press('ArrowDown');
  await eventually(async () => assert.ok(await hasCursor(page, '10')));
  await keyboard.press('ArrowLeft');
  await eventually(async () => assert.ok(await hasCursor(page, '9')));
  await keyboard.press('Enter');
  await eventually(() => sits('Zappa', '9'));

  await keyboard.press('z');
  await eventually(() => guest('Zappa', { status: 'waiting', table_id: null }));
  await keyboard.press('s');
  await keyboard.press('Escape');
  await page.getByText('Choose a table').waitFor({ state: 'detached' });
});

test('with keys alone, who sits moves to another table, goes back to the list, or finishes', async (t) => {
  const { page, guest, sits, tableOf } = await open(t, mouse);
  const { keyboard } = page;
  await keyboard.press('ArrowRight');
  await eventually(async () => assert.ok(await hasCursor(page, '1')));
  await keyboard.press('Enter');
  await tabTo(button(page, 'Move'));
  await keyboard.press('Enter');
  await page.getByText('Choose another table for Rivera, party of 2').waitFor();
  await eventually(async () => assert.ok(await isIn(page, 'floor-table'), 'the arrows go through the tables'));
  await tabTo(page.locator('floor-table button[tabindex="0"]'));
  await keyboard.press('ArrowDown');
  await eventually(async () => assert.ok(await hasCursor(page, '6')));
  await keyboard.press('Enter');
  await eventually(() => sits('Rivera', '6'));
  await tableOf('1', { status: 'available', guest_id: null });

  await keyboard.press('Enter');
  await tabTo(button(page, 'Back to list'));
  await keyboard.press('Enter');
  await eventually(() => guest('Rivera', { status: 'waiting', table_id: null }));

  await tabTo(page.locator('floor-table button[tabindex="0"]'));
  await keyboard.press('ArrowUp');
  await keyboard.press('ArrowRight');
  await eventually(async () => assert.ok(await hasCursor(page, '2')));
  await keyboard.press('Enter');
  await tabTo(button(page, 'Finish'));
  await keyboard.press('Enter');
  await eventually(() => guest('Okafor', { status: 'finished' }));
});

test('with keys alone, a table is reserved, released, dirty, clean, out of service and back', async (t) => {
  const { page, tableOf } = await open(t, mouse);
  const { keyboard } = page;
  await keyboard.press('ArrowRight');
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'ArrowRight']) await keyboard.press(key);
  await eventually(async () => assert.ok(await hasCursor(page, '5')));
  for (const [does, status] of [
    ['Reserve', 'reserved'],
    ['Release', 'available'],
    ['Dirty', 'dirty'],
    ['Clean', 'available'],
    ['Out of service', 'out_of_service'],
    ['Back in service', 'available'],
  ]) {
    if (!(await hasCursor(page, '5'))) await tabTo(table(page, '5'));
    await keyboard.press('Enter');
    await tabTo(button(page.getByRole('region', { name: 'Table 5' }), String(does)));
    await keyboard.press('Enter');
    await eventually(() => tableOf('5', { status }));
  }
});

test('with keys alone, who booked comes late, in part and whole; who cancels or does not come is restored', async (t) => {
  const { page, guest } = await open(t, mouse);
  const { keyboard } = page;
  const press = async (/** @type {import('playwright-core').Locator} */ locator) => {
    await tabTo(locator);
    await keyboard.press('Enter');
  };
  const view = (/** @type {string} */ name) =>
    press(page.getByRole('group', { name: 'Which parties' }).getByRole('button', { name }));
  await view('Booked');
  await press(partyButton(page, 'Silva'));
  await press(button(page, 'Late'));
  await eventually(() => guest('Silva', { status: 'running_late' }));
  await press(partyButton(page, 'Silva'));
  await press(button(page, 'Partly here'));
  await eventually(() => guest('Silva', { status: 'partially_arrived' }));
  await press(button(page, 'Here: Brennan'));
  await eventually(() => guest('Brennan', { status: 'arrived' }));
  await press(partyButton(page, 'Kowalski'));
  await press(button(page, 'No-show'));
  await eventually(() => guest('Kowalski', { status: 'no_show' }));
  await view('Waiting');
  await press(partyButton(page, 'Tanaka'));
  await press(button(page, 'Cancel'));
  await eventually(() => guest('Tanaka', { status: 'cancelled' }));
  await view('Gone');
  await press(button(page, 'Restore: Kowalski'));
  await eventually(() => guest('Kowalski', { status: 'waiting' }));
});

test('the up and down keys go through the parties', async (t) => {
  const { page } = await open(t, mouse);
  for (const name of ['Tanaka', 'Moreau', 'Haddad']) {
    await page.keyboard.press('ArrowDown');
    await eventually(async () =>
      assert.ok(await partyButton(page, name).evaluate((element) => element.matches(':focus')), name),
    );
  }
  await page.keyboard.press('ArrowUp');
  await eventually(async () =>
    assert.ok(await partyButton(page, 'Moreau').evaluate((element) => element.matches(':focus'))),
  );
});

test('single keys are letters where one types, and nothing where they are switched off', async (t) => {
  const { page, guest } = await open(t, mouse);
  const help = page.getByRole('dialog', { name: 'Help' });
  await page.keyboard.press('n');
  await page.keyboard.type('nsz?/');
  assert.equal(await page.getByPlaceholder('Name').inputValue(), 'nsz?/');
  await page.getByPlaceholder('Name').fill('');
  await page.keyboard.press('Escape');
  await partyButton(page, 'Tanaka').focus();

  await page.keyboard.press('?');
  await help.waitFor();
  await help.getByLabel('Use single keys').uncheck();
  await page.keyboard.press('Escape');
  await help.waitFor({ state: 'detached' });
  await partyButton(page, 'Tanaka').focus();
  for (const key of ['?', 'n', '/', 's', 'z']) await page.keyboard.press(key);
  assert.equal(await help.count(), 0);
  assert.equal(await page.getByText('Choose a table').count(), 0);
  assert.ok(await partyButton(page, 'Tanaka').evaluate((element) => element.matches(':focus')));
  await guest('Tanaka', { status: 'waiting' });

  await page.reload();
  await partyButton(page, 'Tanaka').focus();
  await page.keyboard.press('?');
  assert.equal(await help.count(), 0, 'this device remembers it');
  await button(page, 'Help and keys').click();
  await help.getByLabel('Use single keys').check();
  await button(help, 'Close').click();
  await page.keyboard.press('?');
  await help.waitFor();
});

/**
 * A restaurant of its own, on a device.
 * @param {import('node:test').TestContext} t
 * @param {import('./hands.js').Hand} hand
 */
async function open(t, { touch }) {
  const id = `bistro-${(restaurants += 1)}`;
  await layFloor(server, id);
  const device = await openStand(t, browser, id, { url: server.url, touch });

  /**
   * A party as the server has it; fails where it is not as is told.
   * @param {string} name
   * @param {Record<string, unknown>} [fields]
   */
  async function guest(name, fields = {}) {
    const { guests } = await server.get(`/restaurants/${id}/guests?limit=500`);
    const found = guests.find((/** @type {any} */ { guestName }) => guestName === name);
    assert.ok(found, `the server knows no ${name}`);
    assertHas(found, fields);
    return found;
  }

  /**
   * @param {string} number
   * @param {Record<string, unknown>} fields
   */
  async function tableOf(number, fields) {
    const { tables } = await readFloor(server, id);
    const found = tables.find((/** @type {any} */ { tableNumber }) => tableNumber === number);
    assertHas(found, fields);
    return found;
  }

  /**
   * @param {string} name
   * @param {string} number
   */
  async function sits(name, number) {
    const { id: guest_id } = await guest(name, { status: 'seated', table_id: `table-${number}` });
    await tableOf(number, { status: 'occupied', guest_id });
  }

  return { id, ...device, page: device.page, guest, tableOf, sits };
}

/**
 * Opens a party's card where it is closed.
 * @param {Page} page
 * @param {import('./hands.js').Hand} hand
 * @param {string} name
 */
async function openCard(page, { tap }, name) {
  if ((await partyButton(page, name).getAttribute('aria-expanded')) === 'false') await tap(partyButton(page, name));
}

/**
 * Whether the cursor is on a table.
 * @param {Page} page
 * @param {string} number
 */
function hasCursor(page, number) {
  return table(page, number).evaluate((element) => element.matches(':focus'));
}

/**
 * Whether the cursor is in an element of that name.
 * @param {Page} page
 * @param {string} name
 */
async function isIn(page, name) {
  return (await page.locator(`${name}:focus-within`).count()) > 0;
}
