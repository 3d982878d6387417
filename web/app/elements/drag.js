/** Follows a pointer that has gone down: mouse, pen or finger alike. What it means is for others to say. */

/** How far a pointer may stray before it drags, in pixels. */
const SLACK = 8;

/**
 * @param {PointerEvent} start
 * @param {object} to
 * @param {(dx: number, dy: number) => number} [to.strays] How far it has strayed, in pixels.
 * @param {(event: PointerEvent) => void} to.moves
 * @param {(dropped: boolean) => void} to.ends Told only if it moved; not dropped: the browser has taken it for its own.
 */
export function followPointer(start, to) {
  if (start.button !== 0 || !start.isPrimary) return;
  const ending = new AbortController();
  const { signal } = ending;
  const strays = to.strays ?? Math.hypot;
  let moved = false;
  const move = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== start.pointerId) return;
    moved ||= strays(event.clientX - start.clientX, event.clientY - start.clientY) >= SLACK;
    if (moved) to.moves(event);
  };
  const end = (/** @type {PointerEvent} */ event) => {
    if (event.pointerId !== start.pointerId) return;
    ending.abort();
    if (!moved) return;
    if (event.type === 'pointerup') swallowClick();
    to.ends(event.type === 'pointerup');
  };
  addEventListener('pointermove', move, { signal });
  addEventListener('pointerup', end, { signal });
  addEventListener('pointercancel', end, { signal });
}

/**
 * Drags a party to a table.
 *
 * @param {PointerEvent} start
 * @param {string} text What is being dragged.
 * @param {boolean} scrolls Whether a finger that goes up or down scrolls instead.
 * @param {{ over: (table: string | null) => void, drop: (table: string | null) => void }} to Told of tables by their ids.
 */
export function dragParty(start, text, scrolls, to) {
  /** @type {HTMLElement | null} */
  let ghost = null;
  /** @type {string | null} */
  let table = null;
  const aside = (/** @type {number} */ dx, /** @type {number} */ dy) => Math.abs(dx) - Math.abs(dy);
  followPointer(start, {
    strays: scrolls && start.pointerType === 'touch' ? aside : Math.hypot,
    moves: ({ clientX, clientY }) => {
      if (!ghost) {
        ghost = makeGhost(text);
        to.over(null);
      }
      ghost.style.transform = `translate(${clientX}px, ${clientY}px)`;
      const under = tableAt(clientX, clientY);
      if (under !== table) to.over((table = under));
    },
    ends: (dropped) => {
      ghost?.remove();
      to.drop(dropped ? table : null);
    },
  });
}

/** The click that follows a drag is not meant for what happens to be there. */
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
