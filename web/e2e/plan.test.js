// The floor plan is laid and changed at the host stand itself.

import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { launchBrowser } from './browser.js';
import { layFloor, readFloor } from './floor.js';
import { finger, mouse, tabTo } from './hands.js';
import { startServer } from './server.js';
import { assertHas, button, eventually, middle, openStand, table } from './stand.js';

/** @typedef {import('playwright-core').Page} Page */

const file = { after };
const browser = await launchBrowser(file);
const server = await startServer(file);
let restaurants = 0;

test('an empty restaurant asks for tables, and what is laid is on the other devices at once', async (t) => {
  const { page, other, id, tableOf } = await open(t, mouse, 0);
  await page.getByText('There are no tables yet.').waitFor();
  await button(page, 'Lay the tables').click();
  await button(page, 'Add table').click();
  await table(page, '1').waitFor();
  await eventually(() => tableOf('1', { capacity: 4, shape: 'square', position: { x: 0.5, y: 0.5 } }));

  await page.getByLabel('Number').fill('A1');
  await page.keyboard.press('Enter');
  await eventually(() => tableOf('A1', {}));
  await button(page, 'More seats').click();
  await button(page, 'More seats').click();
  await button(page, 'Fewer seats').click();
  await eventually(() => tableOf('A1', { capacity: 5 }));
  await page.getByLabel('Shape').selectOption('round');
  await eventually(() => tableOf('A1', { shape: 'round' }));
  await button(page, 'Turn right').click();
  await button(page, 'Turn right').click();
  await button(page, 'Turn left').click();
  await eventually(() => tableOf('A1', { rotation: 15 }));
  await page.getByLabel('Section', { exact: true }).fill('Terrace');
  await page.keyboard.press('Enter');
  await eventually(() => tableOf('A1', { section: 'Terrace' }));
  await button(page, 'Done').click();

  await table(other, 'A1').getByText('seats 5').waitFor({ state: 'attached' });
  await other.getByRole('navigation', { name: 'Sections' }).getByRole('button', { name: 'Terrace' }).waitFor();
  assert.equal((await readFloor(server, id)).tables.length, 1);
});

test('a number that another table has is refused in words, at the table that was to have it', async (t) => {
  const { page, tableOf, device } = await open(t, mouse, 6);
  device.troubles.expect(/^409: PATCH/);
  await button(page, 'Edit plan').click();
  await table(page, '5').click();
  await page.getByLabel('Number').fill('2');
  await page.keyboard.press('Enter');
  await page.locator('floor-plan row-note').getByText('There is a table 2 already.').waitFor();
  const [note, at] = [
    await middle(page.locator('floor-plan row-note')),
    await middle(page.locator('floor-table[data-id=table-5]')),
  ];
  assert.ok(Math.hypot(note.x - at.x, note.y - at.y) < 120, 'it stands at the table');
  await table(page, '5').waitFor();
  await eventually(async () => assert.equal(await page.getByLabel('Number').inputValue(), '5'));
  await tableOf('5', { id: 'table-5' });
});

for (const [name, hand] of Object.entries({ mouse, touch: finger })) {
  test(`by ${name}, a table is moved, turned and resized`, async (t) => {
    const { page, other, tableOf } = await open(t, hand, 6);
    await hand.tap(button(page, 'Edit plan'));
    const before = await tableOf('6', {});
    const from = await middle(table(page, '6'));
    await hand.dragFrom(page, from, { x: from.x - 120, y: from.y - 60 });
    const { position } = await eventually(async () => {
      const moved = await tableOf('6', {});
      assert.ok(
        moved.position.x < before.position.x && moved.position.y < before.position.y,
        JSON.stringify(moved.position),
      );
      return moved;
    });
    const there = await middle(table(page, '6'));
    assert.ok(
      Math.hypot(there.x - from.x + 120, there.y - from.y + 60) < 12,
      `it lies at ${there.x}, ${there.y} and was dragged from ${from.x}, ${from.y}`,
    );

    if ((await page.getByTitle('Turn', { exact: true }).count()) === 0) await hand.tap(table(page, '6'));
    const handle = page.getByTitle('Turn', { exact: true });
    await hand.dragFrom(page, await middle(handle), { x: there.x + 90, y: there.y });
    await eventually(() => tableOf('6', { rotation: 90, position }));

    const { x, y } = await middle(page.getByTitle('Resize'));
    await hand.dragFrom(page, { x, y }, { x: x + 30, y: y + 30 });
    const { capacity } = await eventually(async () => {
      const larger = await tableOf('6', { rotation: 90, position });
      assert.ok(larger.capacity > before.capacity, String(larger.capacity));
      return larger;
    });
    await table(other, '6').getByText(`seats ${capacity}`).waitFor({ state: 'attached' });
  });

  test(`by ${name}, a table is moved by two taps`, async (t) => {
    const { page, tableOf } = await open(t, hand, 2);
    await hand.tap(button(page, 'Edit plan'));
    await hand.tap(table(page, '2'));
    await page.getByTitle('Turn', { exact: true }).waitFor();
    const [one, two] = [await middle(table(page, '1')), await middle(table(page, '2'))];
    const to = { x: (one.x + two.x) / 2, y: one.y - 120 };
    if (hand.touch) await page.touchscreen.tap(to.x, to.y);
    else await page.mouse.click(to.x, to.y);
    await eventually(async () => {
      const { x, y } = await middle(table(page, '2'));
      assert.ok(Math.hypot(x - to.x, y - to.y) < 12, `${x}, ${y} is not ${to.x}, ${to.y}`);
    });
    await eventually(async () => assert.ok((await tableOf('2', {})).position.y < 0.4));
  });
}

test('with keys alone, a table is added, moved, turned, resized, numbered and removed', async (t) => {
  const { page, id, tableOf } = await open(t, mouse, 6);
  const { keyboard } = page;
  await tabTo(button(page, 'Edit plan'));
  await keyboard.press('Enter');
  await tabTo(button(page, 'Add table'));
  await keyboard.press('Enter');
  const {
    position: { x, y },
  } = await eventually(() => tableOf('7', {}));
  await eventually(async () => assert.ok(await table(page, '7').evaluate((element) => element.matches(':focus'))));
  for (const key of ['ArrowRight', 'ArrowRight', 'ArrowDown']) await keyboard.press(key);
  await eventually(async () => {
    const { position } = await tableOf('7', {});
    assert.ok(position.x > x && position.y > y, JSON.stringify(position));
  });
  for (const [name, fields] of /** @type {[string, Record<string, unknown>][]} */ ([
    ['More seats', { capacity: 5 }],
    ['Turn right', { rotation: 15 }],
  ])) {
    await tabTo(button(page, name));
    await keyboard.press('Enter');
    await eventually(() => tableOf('7', fields));
  }
  await tabTo(button(page, 'Remove table'));
  await keyboard.press('Enter');
  await eventually(async () => assert.equal((await readFloor(server, id)).tables.length, 6));
  await keyboard.press('Escape');
  await button(page, 'Edit plan').waitFor();
});

test('a table is removed, but not from under who sits there', async (t) => {
  const { page, other, id, device } = await open(t, mouse, 6);
  device.troubles.expect(/^409: DELETE/);
  await button(page, 'Edit plan').click();
  await table(page, '6').click();
  await button(page, 'Remove table').click();
  await table(page, '6').waitFor({ state: 'detached' });
  await table(other, '6').waitFor({ state: 'detached' });

  await table(page, '1').click();
  await button(page, 'Remove table').click();
  await page
    .locator('floor-plan row-note')
    .getByText('Rivera, party of 2 sits at table 1. Nothing was changed.')
    .waitFor();
  await table(page, '1').getByText('Rivera').waitFor();
  assert.deepEqual(
    (await readFloor(server, id)).tables.map((/** @type {any} */ { tableNumber }) => tableNumber).sort(),
    ['1', '2', '3', '4', '5'],
  );
});

test('a section’s tab shows its tables alone', async (t) => {
  const { page } = await open(t, mouse, 6);
  const sections = page.getByRole('navigation', { name: 'Sections' });
  const shown = async () =>
    (await page.locator('floor-table .number').allInnerTexts()).map((text) => text.replace(/\D/g, ''));
  for (const [section, numbers] of /** @type {[string, string[]][]} */ ([
    ['Bar', ['3', '4']],
    ['Main', ['1', '2']],
    ['Terrace', ['5', '6']],
    ['All', ['1', '2', '3', '4', '5', '6']],
  ])) {
    await sections.getByRole('button', { name: section }).click();
    await eventually(async () => assert.deepEqual((await shown()).sort(), numbers));
    assert.equal(await sections.locator('[aria-current=true]').innerText(), section);
  }
});

test('words stand upright on a table, however it is turned', async (t) => {
  const { page, id } = await open(t, mouse, 6);
  for (const rotation of [45, 90, -120]) {
    await server.patch(`/restaurants/${id}/tables/table-3`, { rotation });
    const drawing = page.locator(`floor-table[data-id=table-3] g[transform="rotate(${rotation})"]`);
    await drawing.waitFor({ state: 'attached' });
    const turned = await table(page, '3').evaluate((element) => {
      const turns = [];
      for (
        let at = /** @type {Element | null} */ (element);
        at;
        at = at.parentElement ?? /** @type {ShadowRoot} */ (at.getRootNode()).host
      ) {
        turns.push(getComputedStyle(at).transform, getComputedStyle(at).rotate);
      }
      return turns.filter((turn) => turn !== 'none');
    });
    assert.deepEqual(turned, []);
    const name = await table(page, '3').getByText('Lindqvist').boundingBox();
    assert.ok(name && name.width > 2 * name.height, JSON.stringify(name));
  }
});

/**
 * A restaurant of its own, on two devices.
 * @param {import('node:test').TestContext} t
 * @param {import('./hands.js').Hand} hand
 * @param {number} tables
 */
async function open(t, { touch }, tables) {
  const id = `bistro-${(restaurants += 1)}`;
  await layFloor(server, id, { tables, seated: Math.min(tables, 3) });
  const device = await openStand(t, browser, id, { url: server.url, touch });
  const { page: other } = await openStand(t, browser, id, { url: server.url });

  /**
   * A table as the server has it; fails where it is not as is told.
   * @param {string} number
   * @param {Record<string, unknown>} fields
   */
  async function tableOf(number, fields) {
    const found = (await readFloor(server, id)).tables.find(
      (/** @type {any} */ { tableNumber }) => tableNumber === number,
    );
    assert.ok(found, `the server knows no table ${number}`);
    assertHas(found, fields);
    return found;
  }

  return { id, device, page: device.page, other, tableOf };
}
