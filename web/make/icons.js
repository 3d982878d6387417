// Draws icons/*.png from icons/icon.svg, in Chromium.

import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

// Whoever masks an icon or rounds its corners wants a ground without corners. A mask may leave a circle of 80 %.
const unmasked = '';
const square = '#ground { rx: 0 }';
const masked = `${square} #figure { transform: scale(0.84); transform-origin: center }`;

const icons = [
  { name: 'icon-192.png', size: 192, style: unmasked },
  { name: 'icon-512.png', size: 512, style: unmasked },
  { name: 'icon-maskable-512.png', size: 512, style: masked },
  { name: 'apple-touch-icon.png', size: 180, style: square },
];

const folder = new URL('../icons/', import.meta.url);
const svg = await readFile(new URL('icon.svg', folder), 'utf8');
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium' });
try {
  for (const { name, size, style } of icons) {
    const page = await browser.newPage({ viewport: { width: size, height: size } });
    await page.setContent(`<style>body { margin: 0 } svg { display: block } ${style}</style>${svg}`);
    await page.screenshot({ path: fileURLToPath(new URL(name, folder)), omitBackground: true });
    await page.close();
  }
} finally {
  await browser.close();
}
