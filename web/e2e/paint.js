// When a change is there for eyes to see.

/**
 * Finds the first element that a selector names, in the document and in all open shadow roots, but for those that an element got
 * after it was in the document.
 * @typedef {(selector: string) => Element | null} Find
 */

/**
 * Watches a page from now on. The promise that is returned by what this returns is of the moment, in milliseconds of the
 * system's clock, at which what the predicate asks for was painted, at most a frame late; it fails after `patienceMs`.
 *
 *     const painted = await watchForPaint(page, (find, name) => find(`[data-name=${name}]`), 'Rivera');
 *     const sent = now();
 *     await server.post(…);
 *     const ms = await painted() - sent;
 *
 * @template T
 * @param {import('playwright-core').Page} page
 * @param {(find: Find, argument: T) => unknown} predicate Runs in the page, and sees nothing else than its arguments.
 * @param {T} [argument] What JSON can say.
 * @param {number} [patienceMs]
 * @returns {Promise<() => Promise<number>>}
 */
export async function watchForPaint(page, predicate, argument, patienceMs = 10_000) {
  // As text, because a page with a strict policy makes no function of a text; the debugger does.
  const watch = await page.evaluateHandle(`(${watchInPage})(${predicate}, ${JSON.stringify(argument)}, ${patienceMs})`);
  return () => watch.evaluate((/** @type {any} */ { painted }) => painted);
}

/** The moment, on the same clock. */
export function now() {
  return performance.timeOrigin + performance.now();
}

/**
 * @param {(find: Find, argument: unknown) => unknown} predicate
 * @param {unknown} argument
 * @param {number} patienceMs
 * @returns {{ painted: Promise<number> }}
 */
function watchInPage(predicate, argument, patienceMs) {
  /** @type {Set<Document | ShadowRoot>} */
  const roots = new Set();

  /** @type {Find} */
  function find(selector) {
    for (const root of roots) {
      const element = root.isConnected && root.querySelector(selector);
      if (element) return element;
    }
    return null;
  }

  const painted = new Promise((resolve, reject) => {
    const observer = new MutationObserver((records) => {
      for (const { addedNodes } of records) addedNodes.forEach(enterShadows);
      check();
    });
    const patience = setTimeout(() => {
      observer.disconnect();
      reject(new Error(`not there after ${patienceMs} ms: ${predicate}`));
    }, patienceMs);

    /** @param {Document | ShadowRoot} root */
    function enter(root) {
      if (roots.has(root)) return;
      roots.add(root);
      observer.observe(root, { subtree: true, childList: true, attributes: true, characterData: true });
      enterShadows(root);
    }

    /** @param {Node} node */
    function enterShadows(node) {
      const walker = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT);
      for (let current = /** @type {Node | null} */ (node); current; current = walker.nextNode()) {
        if (current instanceof Element && current.shadowRoot) enter(current.shadowRoot);
      }
    }

    function check() {
      if (!predicate(find, argument)) return;
      observer.disconnect();
      clearTimeout(patience);
      // The first is called before the frame that has it is painted, the second before the next one.
      requestAnimationFrame(() => requestAnimationFrame(() => resolve(performance.timeOrigin + performance.now())));
    }

    enter(document);
    check();
  });
  // It may fail before anybody asks.
  painted.catch(() => {});
  return { painted };
}
