// Devices that use the app: Chromium, with as many contexts as there are devices, each with a storage of its own.

import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { atEnd } from './ending.js';
import { record } from './smoothness.js';
import { Troubles } from './troubles.js';

/** @typedef {import('playwright-core').Page} Page */

/**
 * @typedef {object} DeviceOptions
 * @property {string} url Where the server is; or a wire to it.
 * @property {{ width: number, height: number }} [viewport] An iPad's, lying, where left out.
 * @property {boolean} [touch]
 * @property {'light' | 'dark'} [colorScheme]
 * @property {'reduce' | 'no-preference'} [reducedMotion]
 */

// What a device waits for comes within this time, or never.
const PATIENCE_MS = 10_000;

/**
 * Starts a Chromium with an empty profile, and ends it with the scope.
 * @param {import('./ending.js').Scope} scope
 */
export async function launchBrowser(scope) {
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--disable-sync',
      '--disable-background-networking',
      '--disable-component-update',
      '--no-first-run',
      // It finds nobody but this machine, whatever it looks for.
      '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost',
    ],
  });
  atEnd(scope, () => browser.close());
  return browser;
}

/**
 * A device with an empty storage and a blank page, until the scope ends: that fails if there was trouble that the story did
 * not expect.
 * @param {import('./ending.js').Scope} scope
 * @param {import('playwright-core').Browser} browser
 * @param {DeviceOptions} options
 */
export async function openDevice(scope, browser, options) {
  const { url, viewport = { width: 1024, height: 768 }, touch = false } = options;
  const { colorScheme = 'light', reducedMotion = 'no-preference' } = options;
  const context = await browser.newContext({ baseURL: url, viewport, hasTouch: touch, colorScheme, reducedMotion });
  const troubles = new Troubles(context, url);
  atEnd(scope, async () => {
    const { unexpected } = troubles;
    await context.close();
    assert.deepEqual(unexpected, [], 'a page had trouble that its story does not expect');
  });
  context.setDefaultTimeout(PATIENCE_MS);
  await context.addInitScript(record);
  return new Device(context, await context.newPage(), troubles);
}

export class Device {
  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {Page} page
   * @param {Troubles} troubles
   */
  constructor(context, page, troubles) {
    this.context = context;
    this.page = page;
    this.troubles = troubles;
  }

  /** It knows that it is offline. What it says and what is said to it waits; what is begun fails. */
  async goOffline() {
    this.troubles.expect(/net::ERR_INTERNET_DISCONNECTED/);
    await this.context.setOffline(true);
  }

  async goOnline() {
    await this.context.setOffline(false);
  }

  /** Puts it to sleep, as a locked iPad is: the page is hidden, then nothing of it runs. */
  async freeze() {
    // Chromium closes a sleeping page's socket when something is said on it.
    this.troubles.expect(/WebSocket connection to .* Page entered Back-Forward Cache/);
    await this.#setFocusEmulation(false);
    await this.#setLifecycle('frozen');
  }

  async unfreeze() {
    await this.#setLifecycle('active');
    await this.#setFocusEmulation(true);
  }

  /**
   * Keeps a picture of the page for people to look at.
   * @param {string} name
   */
  async screenshot(name) {
    const path = fileURLToPath(new URL(`screenshots/${name}.png`, import.meta.url));
    await this.page.screenshot({ path });
  }

  /** @param {'frozen' | 'active'} state */
  async #setLifecycle(state) {
    const session = await this.context.newCDPSession(this.page);
    await session.send('Page.setWebLifecycleState', { state });
    await session.detach();
  }

  /**
   * Playwright keeps every page focused and visible, and a visible page is never frozen. It has no setting for that, so this
   * reaches for the session that it did it with.
   * @param {boolean} enabled
   */
  async #setFocusEmulation(enabled) {
    const page = /** @type {any} */ (this.page);
    const session = page._connection.toImpl(page).delegate._mainFrameSession._client;
    await session.send('Emulation.setFocusEmulationEnabled', { enabled });
  }
}
