import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { makeLit } from '../make/lit.js';

test('the vendored Lit is the one that package.json names, unedited', async () => {
  const vendored = await readFile(new URL('../vendor/lit.js', import.meta.url), 'utf8');
  assert.equal(vendored, await makeLit(), 'npm run vendor makes it anew');
});
