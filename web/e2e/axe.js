// Whether everybody can use a page, as far as a program can tell: axe-core judges it by the WCAG 2.2, levels A and AA, and by
// good practice.

import axe from 'axe-core';

const TAGS = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];

/**
 * What stands in somebody's way, a line a rule and an indented line an element, shadow roots included; empty where nothing
 * does. The page's own policy does not hold for what comes from the debugger, as this does.
 * @param {import('playwright-core').Page} page
 * @param {string[]} [rules] Those to judge by; all of them where left out.
 */
export async function findBarriers(page, rules) {
  if (!(await page.evaluate(() => 'axe' in globalThis))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate(async (runOnly) => {
    /** @type {typeof import('axe-core')} */
    const { run } = /** @type {any} */ (globalThis).axe;
    return run(document, { runOnly, resultTypes: ['violations'] });
  }, rules ?? TAGS);
  return violations.map(({ id, help, nodes }) => [`${id}: ${help}`, ...nodes.map(explain)].join('\n')).join('\n');
}

/** @param {import('axe-core').NodeResult} node */
function explain({ target, failureSummary = '' }) {
  const why = failureSummary
    .split('\n')
    .slice(1)
    .map((line) => line.trim())
    .join('; ');
  return `    ${target.flat().join(' >>> ')}: ${why}`;
}
