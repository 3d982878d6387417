// The host stand, as people find their way about it: parties by their names, tables by their numbers.

import assert from 'node:assert/strict';
import { openDevice } from './browser.js';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Locator} Locator */

// What is to become true does so within this time, or never.
const PATIENCE_MS = 5_000;

// How often it is looked whether it has.
const LOOK_MS = 20;

/**
 * A device with a restaurant's floor on it, live.
 * @param {import('./ending.js').Scope} scope
 * @param {import('playwright-core').Browser} browser
 * @param {string} restaurant
 * @param {import('./browser.js').DeviceOptions} options
 */
export async function openStand(scope, browser, restaurant, options) {
  const device = await openDevice(scope, browser, options);
  await device.page.goto(`/?restaurant=${restaurant}`);
  await device.page.locator('link-sign').getByText('Live').waitFor();
  return device;
}

/**
 * A party on the list.
 * @param {Page} page
 * @param {string} name
 */
export function party(page, name) {
  return page.locator('party-card', { has: page.locator('.name', { hasText: name }) });
}

/**
 * What a party's card is opened by, and dragged by.
 * @param {Page} page
 * @param {string} name
 */
export function partyButton(page, name) {
  return party(page, name).locator('button.open');
}

/**
 * A table on the plan.
 * @param {Page} page
 * @param {string} number
 */
export function table(page, number) {
  return page.getByRole('button', { name: new RegExp(`^Table ${number}(?!\\d)`) });
}

/**
 * A button, by all of its words.
 * @param {Page | Locator} within
 * @param {string} name
 */
export function button(within, name) {
  return within.getByRole('button', { name, exact: true });
}

/**
 * Waits until an assertion holds, and fails as it does where that takes too long.
 * @template T
 * @param {() => Promise<T>} assertion
 */
export async function eventually(assertion) {
  for (const end = performance.now() + PATIENCE_MS; ;) {
    try {
      return await assertion();
    } catch (failure) {
      if (performance.now() > end) throw failure;
      await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
    }
  }
}

/**
 * That a row is so, as far as is told.
 * @param {Record<string, unknown>} row
 * @param {Record<string, unknown>} fields
 */
export function assertHas(row, fields) {
  assert.deepEqual(Object.fromEntries(Object.keys(fields).map((field) => [field, row[field]])), fields);
}

/**
 * The middle of what is shown, in pixels.
 * @param {Locator} locator
 */
export async function middle(locator) {
  const box = await locator.boundingBox();
  if (!box) throw new Error(`${locator} is not shown`);
  return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
}
