/** Follows a pointer from a party to a table: by mouse, pen or finger alike. What it means is for others to say. */

/** How far a pointer may stray before it drags, in pixels. */
const SLACK = 10;

/**
 * @param {PointerEvent} start
 * @param {string} text What is being dragged.
 * @param {{ over: (table: string | null) => void, drop: (table: string | null) => void }} to Told of tables by their ids; of
 *   a drop only if there was a drag.
 */
export function followDrag(start, text, to) {
  if (start.button !== 0 || !start.isPrimary) return;
  const ending = new AbortController();
  const { signal } = ending;
  /** @type {HTMLElement | null} */
  let ghost = null;
  /** @type {string | null} */
  let table = null;

  const move = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== start.pointerId) return;
    const [dx, dy] = [event.clientX - start.clientX, event.clientY - start.clientY];
    if (!ghost) {
      // A finger that goes up or down scrolls.
      const strayed = start.pointerType === 'touch' ? Math.abs(dx) - Math.abs(dy) : Math.hypot(dx, dy);
      if (strayed < SLACK) return;
      ghost = makeGhost(text);
      to.over(null);
    }
    ghost.style.transform = `translate(${event.clientX}px, ${event.clientY}px)`;
    const under = tableAt(event.clientX, event.clientY);
    if (under !== table) to.over((table = under));
  };
  const end = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== start.pointerId) return;
    ending.abort();
    if (!ghost) return;
    ghost.remove();
    // The click that follows a drag is not meant for what happens to be below.
    if (event.type === 'pointerup') swallowClick();
    to.drop(event.type === 'pointerup' ? table : null);
  };
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', end, { signal });
  addEventListener('pointercancel', end, { signal });
}

function swallowClick() {
  const swallow = (/** @type {Event} */ event) => {
    event.stopPropagation();
    event.preventDefault();
  };
  addEventListener('click', swallow, { capture: true, once: true });
  // There is none where the pointer was let go elsewhere than it was pressed.
  setTimeout(() => removeEventListener('click', swallow, { capture: true }));
}

/** @param {string} text */
function makeGhost(text) {
  const ghost = document.createElement('drag-ghost');
  ghost.textContent = text;
  ghost.setAttribute('aria-hidden', 'true');
  document.body.append(ghost);
  return ghost;
}

/**
 * The table that is drawn there.
 *
 * @param {number} x
 * @param {number} y
 * @returns {string | null} Its id.
 */
function tableAt(x, y) {
  let root = /** @type {DocumentOrShadowRoot} */ (document);
  for (;;) {
    const element = root.elementFromPoint(x, y);
    if (!element) return null;
    if (element instanceof HTMLElement && element.localName === 'floor-table') return element.dataset['id'] ?? null;
    if (!element.shadowRoot || element.shadowRoot === root) return null;
    root = element.shadowRoot;
  }
}
