// Whether people can read and hit what a page shows, as far as a program can tell.

// A finger's width: the app's own rule.
const TARGET_PX = 48;

/**
 * What can't be read or hit, a line each; empty where there is nothing.
 * @param {import('playwright-core').Page} page
 */
export async function findFaults(page) {
  return (await page.evaluate(judgeInPage, TARGET_PX)).join('\n');
}

/**
 * @param {number} least
 * @returns {string[]}
 */
function judgeInPage(least) {
  /** @type {string[]} */
  const faults = [];

  /** @param {Element} element @returns {Element | null} */
  const parentOf = (element) =>
    element.assignedSlot ??
    element.parentElement ??
    (element.getRootNode() instanceof ShadowRoot ? /** @type {ShadowRoot} */ (element.getRootNode()).host : null);

  /** @param {Document | ShadowRoot} root @returns {Element[]} */
  const all = (root) =>
    [...root.querySelectorAll('*')].flatMap((element) =>
      element.shadowRoot ? [element, ...all(element.shadowRoot)] : [element],
    );

  /** @param {Element} element */
  const describe = (element) => {
    const names = [];
    for (let at = /** @type {Element | null} */ (element); at && names.length < 4; at = parentOf(at)) {
      names.unshift(at.localName + (at.classList[0] ? `.${at.classList[0]}` : ''));
    }
    return `${names.join(' > ')} “${(element.getAttribute('aria-label') ?? element.textContent ?? '').trim().replace(/\s+/gu, ' ').slice(0, 40)}”`;
  };

  /** @param {Element} element */
  const isSeen = (element) =>
    element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) &&
    !element.closest('.unseen') &&
    getComputedStyle(element).clipPath === 'none';

  /** @param {Element} element */
  const isAround = (element) => {
    const box = element.getBoundingClientRect();
    return box.right > 0 && box.bottom > 0 && box.left < innerWidth && box.top < innerHeight;
  };

  /** @param {Element} element */
  const isBehindDialog = (element) => {
    const dialog = all(document).find((other) => other.matches('dialog[open]'));
    for (let at = /** @type {Element | null} */ (element); dialog && at; at = parentOf(at))
      if (at === dialog) return false;
    return dialog !== undefined;
  };

  for (const element of all(document)) {
    if (!isSeen(element) || !isAround(element) || isBehindDialog(element)) continue;
    if (element.matches('button, input, select, textarea, a[href], .handle')) judgeTarget(element);
    for (const node of element.childNodes) if (node instanceof Text && node.data.trim()) judgeText(element, node);
  }
  if (document.documentElement.scrollWidth > innerWidth)
    faults.push(`the page is ${document.documentElement.scrollWidth} px wide`);
  return faults;

  /** @param {Element} element */
  function judgeTarget(element) {
    const target = element.matches('[type=checkbox]') ? (element.closest('label') ?? element) : element;
    const { width, height } = target.getBoundingClientRect();
    if (width < least - 0.5 || height < least - 0.5) {
      faults.push(`small: ${describe(element)} is ${Math.round(width)} × ${Math.round(height)}`);
    }
  }

  /** @param {Element} element @param {Text} node */
  function judgeText(element, node) {
    const range = document.createRange();
    range.selectNodeContents(node);
    const box = range.getBoundingClientRect();
    if (box.width === 0) return;
    for (let at = /** @type {Element | null} */ (element); at; at = parentOf(at)) {
      const style = getComputedStyle(at);
      if (style.textOverflow === 'ellipsis' || style.overflowX === 'auto' || style.overflowX === 'scroll') return;
      const clips = at === document.documentElement || style.overflowX !== 'visible';
      const edges = at === document.documentElement ? { left: 0, right: innerWidth } : at.getBoundingClientRect();
      if (clips && (box.left < edges.left - 1 || box.right > edges.right + 1)) {
        faults.push(`cut off: ${describe(element)} by ${describe(at).split(' “')[0]}`);
        return;
      }
      if (style.position === 'fixed') return;
    }
  }
}
