// Makes the README's pictures of the host stand, docs/host-stand.png and docs/host-stand-dark.png: the real app against the real
// server, on a Friday at half past seven.

import { mkdir, writeFile } from 'node:fs/promises';
import { launchBrowser, openDevice } from '../e2e/browser.js';
import { layEvening, passTime } from '../e2e/evening.js';
import { startServer } from '../e2e/server.js';
import { table } from '../e2e/stand.js';
import { withoutFilters } from './png.js';

// A picture that every reader of the README loads.
const MOST_BYTES = 150_000;

const folder = new URL('../../docs/', import.meta.url);

/** @type {(() => Promise<void>)[]} */
const ends = [];
const scope = { after: (/** @type {() => Promise<void>} */ end) => void ends.push(end) };
try {
  await mkdir(folder, { recursive: true });
  const server = await startServer(scope);
  await layEvening(server, 'bistro', 'Bistro Lumière');
  const browser = await launchBrowser(scope);
  for (const colorScheme of /** @type {const} */ (['light', 'dark'])) {
    const { page } = await openDevice(scope, browser, { url: server.url, colorScheme, reducedMotion: 'reduce' });
    await passTime(page);
    await page.goto('/?restaurant=bistro');
    await page.locator('link-sign').getByText('Live').waitFor();
    await page.locator('wait-list').getByRole('button', { name: 'Gone' }).getByText('4').waitFor();
    await table(page, '5').getByText('1h11').waitFor();
    const picture = withoutFilters(await page.screenshot({ animations: 'disabled' }));
    const name = `host-stand${colorScheme === 'dark' ? '-dark' : ''}.png`;
    if (picture.length > MOST_BYTES) throw new Error(`${name} has ${picture.length} bytes`);
    await writeFile(new URL(name, folder), picture);
  }
} finally {
  for (const end of ends) await end();
}
