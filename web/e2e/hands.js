// What people touch the screen with. Each taps and drags in its own way, and the browser is told of nothing else.

import { middle } from './stand.js';

/** @typedef {import('playwright-core').Locator} Locator */
/** @typedef {import('playwright-core').Page} Page */
/** @typedef {{ x: number, y: number }} Point In pixels. */

/**
 * @typedef {object} Hand
 * @property {boolean} touch Whether the device must have a touch screen.
 * @property {(locator: Locator) => Promise<void>} tap
 * @property {(page: Page, from: Point, to: Point, during?: () => Promise<void>) => Promise<void>} dragFrom
 *   Along a line from one point to another; `during` happens before it lets go.
 */

// Into how many movements a drag is cut. What follows the pointer must not depend on where exactly it is told of it.
const MOVEMENTS = 8;

// How far apart its movements are, and how long it rests at the end, in seconds.
const FRAME_S = 0.016;
const REST_S = 0.3;

/** @type {Hand} */
export const mouse = {
  touch: false,
  tap: (locator) => locator.click(),
  dragFrom: async (page, from, to, during = async () => {}) => {
    await page.mouse.move(from.x, from.y);
    await page.mouse.down();
    await page.mouse.move(to.x, to.y, { steps: MOVEMENTS });
    await during();
    await page.mouse.up();
  },
};

/** @type {Hand} */
export const finger = {
  touch: true,
  tap: (locator) => locator.tap(),
  dragFrom: async (page, from, to, during = async () => {}) => {
    const session = await page.context().newCDPSession(page);
    let seconds = Date.now() / 1000;
    const touch = (/** @type {'touchStart' | 'touchMove' | 'touchEnd'} */ type, /** @type {Point[]} */ touchPoints) =>
      session.send('Input.dispatchTouchEvent', { type, touchPoints, timestamp: (seconds += FRAME_S) });
    await touch('touchStart', [from]);
    for (let movement = 1; movement <= MOVEMENTS; movement += 1) {
      const share = movement / MOVEMENTS;
      await touch('touchMove', [{ x: from.x + share * (to.x - from.x), y: from.y + share * (to.y - from.y) }]);
    }
    await during();
    // It comes to rest before it is lifted: the browser takes what follows a fling for what stops it, not for a tap.
    seconds += REST_S;
    await touch('touchMove', [to]);
    await touch('touchEnd', []);
    await session.detach();
  },
};

/**
 * Drags one thing onto another.
 * @param {Hand} hand
 * @param {Locator} from
 * @param {Locator} to
 * @param {() => Promise<void>} [during]
 */
export async function drag(hand, from, to, during) {
  await from.scrollIntoViewIfNeeded();
  await hand.dragFrom(from.page(), await middle(from), await middle(to), during);
}

/**
 * Goes to something with the Tab key alone.
 * @param {Locator} locator
 */
export async function tabTo(locator) {
  const page = locator.page();
  for (let presses = 0; presses < 60; presses += 1) {
    await page.keyboard.press('Tab');
    if (await locator.evaluate((element) => element.matches(':focus'))) return;
  }
  throw new Error(`the Tab key does not get to ${locator}`);
}
