import { LitElement, css, html, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { addTable, layTable } from '../floor/actions.js';
import { NOTHING } from '../floor/fold.js';
import { nudged, put, resized, turned } from '../floor/laying.js';
import { centre, frame, freeNumber, freePlace, layOut, middleOf, neighbour, placed, toPlan } from '../floor/plan.js';
import { usualTurns } from '../floor/service.js';
import { randomId } from '../live/memory.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { dragParty, followPointer } from './drag.js';
import './floor-table.js';
import { icon } from './icons.js';
import './plan-bar.js';
import './plan-legend.js';
import './plan-tools.js';
import './row-note.js';
import { shared } from './shared.js';
import './table-sheet.js';

/**
 * @import { Direction, Layout, Placed, Point } from '../floor/plan.js'
 * @import { Floor, Guest, Table } from '../floor/types.js'
 */

/** How far the handles of a table stand off it, in pixels. */
const HANDLE_PX = 28;

/** The tables, as they stand in the room. */
export class FloorPlan extends LitElement {
  static properties = {
    floor: { attribute: false },
    pending: { attribute: false },
    chooser: { attribute: false },
    over: { attribute: false },
    chosen: { attribute: false },
    notes: { attribute: false },
    editing: { type: Boolean },
    now: { type: Number },
    section: { state: true },
    screen: { state: true },
    zoom: { state: true },
    laying: { state: true },
    cursor: { state: true },
  };

  static styles = [
    shared,
    css`
      :host {
        position: relative;
        display: grid;
        grid-template: auto 1fr auto / minmax(0, 1fr);
        min-width: 0;
        min-height: 0;
      }

      .scroll {
        position: relative;
        overflow: auto;
        overscroll-behavior: contain;
        min-height: 0;
      }

      .plan {
        position: relative;
        overflow: hidden;
        /* A layer of its own: otherwise each table is weighed against each party that moves on the list. */
        will-change: transform;
      }

      .editing .plan {
        background-image: radial-gradient(var(--line) 1px, transparent 1px);
        background-size: 1.5rem 1.5rem;
        touch-action: none;
      }

      .empty {
        position: absolute;
        inset: 0;
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 1rem;
        color: var(--ink-soft);
      }

      .handle {
        position: absolute;
        z-index: 2;
        display: grid;
        place-items: center;
        width: var(--target);
        height: var(--target);
        margin: -1.5rem 0 0 -1.5rem;
        border: 1px solid var(--line-strong);
        border-radius: 50%;
        background: var(--surface);
        color: var(--focus);
        box-shadow: var(--shadow);
        cursor: grab;
        touch-action: none;
      }

      row-note {
        position: absolute;
        z-index: 3;
        width: 17rem;
        max-width: calc(100% - 1rem);
      }
    `,
  ];

  /** @type {ResizeObserver | null} */
  #observer = null;
  /** @type {Layout | null} */
  #layout = null;
  /** What the layout was made of. */
  #laidOut = '';
  /** @type {Table[]} The tables that are shown. */
  #shown = [];
  /** @type {Map<string, Point>} Their centres, in units. */
  #centres = new Map();
  /** @type {Map<string, Point>} Where their middles are drawn, in pixels of the plan. */
  #middles = new Map();
  /** @type {string | null} The table that gets the cursor as soon as it is drawn. */
  #wanted = null;
  /** @type {Table | null} The table that arrow keys move, where it is by now: they may be faster than what is drawn. */
  #nudged = null;
  /** Whether the cursor is in the chosen table's sheet, or was before it closed. */
  #inSheet = false;

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
    /** @type {ReadonlySet<string>} */
    this.pending = new Set();
    /** @type {Guest | null} The party for whom a table is being chosen. */
    this.chooser = null;
    /** @type {string | null} The table over which a party is being dragged. */
    this.over = null;
    /** @type {string | null} The table that was tapped. */
    this.chosen = null;
    /** @type {ReadonlyMap<string, string>} */
    this.notes = new Map();
    this.editing = false;
    this.now = 0;
    /** @type {string | null | undefined} Undefined: all of them. */
    this.section = undefined;
    /** In pixels. */
    this.screen = { width: 0, height: 0 };
    /** How much larger than usual letters are: as much larger are the tables. */
    this.zoom = 1;
    /** @type {{ id: string, change: Partial<Table> } | null} The table that is being moved, turned or resized, and how. */
    this.laying = null;
    /** @type {string | null} The table that the Tab key gets to. */
    this.cursor = null;
  }

  firstUpdated() {
    const scroll = /** @type {HTMLElement} */ (this.renderRoot.querySelector('.scroll'));
    this.#observer = new ResizeObserver(() => {
      this.screen = { width: scroll.clientWidth, height: scroll.clientHeight };
      this.zoom = parseFloat(getComputedStyle(document.documentElement).fontSize) / 16;
    });
    this.#observer.observe(scroll);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer?.disconnect();
  }

  /**
   * Puts the cursor on a table, or on the one that had it last.
   *
   * @param {string} [id]
   */
  focusTable(id = this.cursor ?? [...this.#centres.keys()][0]) {
    if (id === undefined) return;
    if (this.floor.tables.has(id) && !this.#centres.has(id)) this.section = undefined;
    this.cursor = id;
    this.#wanted = id;
    this.requestUpdate();
  }

  /**
   * Whether a table is before people's eyes.
   *
   * @param {string} id
   */
  shows(id) {
    const box = this.#element(id)?.getBoundingClientRect();
    const view = this.renderRoot.querySelector('.scroll')?.getBoundingClientRect();
    return (
      !!box &&
      !!view &&
      box.left < view.right &&
      box.right > view.left &&
      box.top < view.bottom &&
      box.bottom > view.top
    );
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (changed.has('floor') || changed.has('chosen')) this.#nudged = null;
    this.#inSheet = this.renderRoot?.querySelector('table-sheet:focus-within') != null;
    const shown = this.#tables();
    this.#shown = shown;
    const lost = [...this.floor.tables.values()].filter(({ position }) => position === null).map(({ id }) => id);
    this.#centres = new Map(shown.map((table) => [table.id, centre(table, lost.indexOf(table.id))]));
    const { width, height } = this.screen;
    const tables = shown.map((table) => placed(table, this.#centres.get(table.id) ?? centre(table)));
    const layout = this.#layOut(tables, width, height);
    this.#middles = new Map(
      shown.map(({ id }, index) => [id, middleOf(layout, /** @type {Placed} */ (tables[index]))]),
    );
    if (this.cursor === null || !this.#centres.has(this.cursor)) this.cursor = shown[0]?.id ?? null;
  }

  /**
   * Looks at every two tables, which takes its time where there are many: only if one stands elsewhere or is of another size.
   *
   * @param {Placed[]} tables
   * @param {number} width Of the screen.
   * @param {number} height
   * @returns {Layout}
   */
  #layOut(tables, width, height) {
    const { zoom } = this;
    // What is being moved must not move everything: while the plan is edited, its scale is what it was.
    const key = JSON.stringify([this.editing ? tables.length : tables, this.editing, width, height, zoom]);
    if (this.#layout && key === this.#laidOut) return this.#layout;
    this.#laidOut = key;
    const layout = layOut(tables, frame(tables, this.editing), width / zoom, height / zoom);
    this.#layout = { ...layout, width: layout.width * zoom, height: layout.height * zoom, scale: layout.scale * zoom };
    return this.#layout;
  }

  render() {
    const { floor, editing } = this;
    return html`
      <plan-bar .floor=${floor} .section=${this.section} .chooser=${this.chooser} .editing=${editing}
        @section=${(/** @type {CustomEvent<{ section: string | null | undefined }>} */ { detail }) => (this.section = detail.section)}></plan-bar>
      <div class="scroll ${editing ? 'editing' : ''}" @keydown=${this.#keys}>
        ${this.#plan()}
        ${floor.restaurant && floor.tables.size === 0 && !editing ? this.#empty() : nothing}
      </div>
      ${editing ? html`<plan-tools .floor=${floor} .table=${this.#chosenTable()} @add-table=${this.#addTable}></plan-tools>` : html`<plan-legend .floor=${floor}></plan-legend>`}
      ${!editing && !this.chooser && this.#chosenTable() ? this.#sheet(/** @type {Table} */ (this.#chosenTable())) : nothing}
    `;
  }

  #plan() {
    const layout = this.#layout;
    if (!layout || layout.width === 0) return nothing;
    const minute = Math.floor(this.now / 60_000);
    const turns = usualTurns(this.floor);
    return html`
      <div class="plan" role="group" aria-label=${words.plan} @click=${this.#clickPlan}>
        ${repeat(
          this.#shown,
          ({ id }) => id,
          (table) => {
            const { x, y } = this.#middle(table.id);
            const guest = this.#sitter(table);
            return html`<floor-table
              .table=${table}
              .guest=${guest}
              .x=${x}
              .y=${y}
              .scale=${layout.scale}
              .zoom=${this.zoom}
              .minute=${guest ? minute : 0}
              .usualTurn=${guest ? turns(guest.partySize) : 0}
              .chooser=${this.chooser}
              .pending=${this.pending.has(table.id)}
              .chosen=${this.chosen === table.id}
              .over=${this.over === table.id}
              .dim=${this.editing && this.section !== undefined && table.section !== this.section}
              .reachable=${this.cursor === table.id}
              @click=${(/** @type {MouseEvent} */ event) => this.#clickTable(event, table)}
              @pointerdown=${(/** @type {PointerEvent} */ event) => this.#press(event, table, guest)}
            ></floor-table>`;
          },
        )}
        ${this.#handles()} ${[...this.notes].map(([id, text]) => this.#note(id, text))}
      </div>
    `;
  }

  /** What the chosen table is turned and resized by, where the plan is edited. By keys, the tools do the same. */
  #handles() {
    const table = this.editing ? this.#chosenTable() : null;
    if (!table) return nothing;
    return html`
      <div class="handle turn" title=${words.edit.rotateHandle} @pointerdown=${(/** @type {PointerEvent} */ event) => this.#lay(event, table, (to, _, middle) => turned(middle, to))}>${icon('rotate')}</div>
      <div class="handle resize" title=${words.edit.resizeHandle} @pointerdown=${(/** @type {PointerEvent} */ event) => this.#lay(event, table, (to, from, middle) => resized(table, middle, from, to))}>${icon('resize')}</div>
    `;
  }

  /** Puts what depends on the screen's size in place. */
  updated() {
    // Whoever works with keys is not sent back to the beginning of the page.
    if (this.#inSheet && !this.renderRoot.querySelector('table-sheet')) this.focusTable();
    const wanted = this.#wanted === null ? null : this.#element(this.#wanted);
    if (wanted) {
      this.cursor = this.#wanted;
      this.#wanted = null;
      void (/** @type {LitElement} */ (wanted).updateComplete.then(() => wanted.focus()));
    }
    const plan = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('.plan'));
    if (!plan || !this.#layout) return;
    plan.style.width = `${this.#layout.width}px`;
    plan.style.height = `${this.#layout.height}px`;
    const chosen = this.#shown.find(({ id }) => id === this.chosen);
    for (const handle of /** @type {NodeListOf<HTMLElement>} */ (plan.querySelectorAll('.handle'))) {
      if (!chosen) continue;
      const { x, y } = this.#middle(chosen.id);
      const { width, height } = placed(chosen, { x, y });
      const turns = handle.classList.contains('turn');
      handle.style.left = `${x + (turns ? 0 : (width / 2) * this.#layout.scale + HANDLE_PX)}px`;
      handle.style.top = `${y + (turns ? -1 : 1) * ((height / 2) * this.#layout.scale + HANDLE_PX)}px`;
    }
    for (const note of /** @type {NodeListOf<HTMLElement>} */ (plan.querySelectorAll('row-note'))) {
      const point = this.#middle(note.dataset['id'] ?? '');
      const width = note.offsetWidth;
      note.style.left = `${Math.min(Math.max(4, point.x - width / 2), this.#layout.width - width - 4)}px`;
      note.style.top = `${Math.min(point.y + 28, this.#layout.height - note.offsetHeight - 4)}px`;
    }
  }

  #empty() {
    return html`<div class="empty">
      ${words.noTables}
      <button class="main" @click=${() => ask(this, { what: 'editing', on: true })}>${icon('edit')}${words.layTables}</button>
    </div>`;
  }

  /** @param {Table} table */
  #sheet(table) {
    return html`<table-sheet class=${this.#away(table)} .floor=${this.floor} .table=${table} .guest=${this.#sitter(table)} .now=${this.now}></table-sheet>`;
  }

  /**
   * Where a table's sheet does not lie on the table: beside it, or above it where there is no room beside.
   *
   * @param {Table} table
   */
  #away(table) {
    const { x, y } = this.#middle(table.id);
    const scroll = this.renderRoot.querySelector('.scroll');
    const { width, height } = this.screen;
    if (width >= 36 * 16 * this.zoom) return x - (scroll?.scrollLeft ?? 0) > width / 2 ? 'left' : '';
    return y - (scroll?.scrollTop ?? 0) > height / 2 ? 'top' : '';
  }

  /**
   * @param {string} id
   * @param {string} text
   */
  #note(id, text) {
    if (!this.#centres.has(id)) return nothing;
    return html`<row-note data-id=${id} .row=${id} .text=${text}></row-note>`;
  }

  /** The tables of the section; all of them while the plan is edited. */
  #tables() {
    const { laying } = this;
    const tables = [...this.floor.tables.values()].map((table) =>
      table.id === laying?.id ? { ...table, ...laying.change } : table,
    );
    return this.editing || this.section === undefined
      ? tables
      : tables.filter(({ section }) => section === this.section);
  }

  /** @param {Table} table */
  #sitter(table) {
    return table.guest_id === null ? null : (this.floor.guests.get(table.guest_id) ?? null);
  }

  #chosenTable() {
    return this.chosen === null ? null : (this.floor.tables.get(this.chosen) ?? null);
  }

  /** @param {string} id */
  #middle(id) {
    return this.#middles.get(id) ?? { x: 0, y: 0 };
  }

  /** @param {string} id */
  #element(id) {
    return /** @type {HTMLElement | null} */ (
      this.renderRoot.querySelector(`floor-table[data-id="${CSS.escape(id)}"]`)
    );
  }

  /**
   * @param {MouseEvent} event
   * @param {Table} table
   */
  #clickTable(event, table) {
    event.stopPropagation();
    this.cursor = table.id;
    if (this.chooser) ask(this, { what: 'seat', party: this.chooser.id, table: table.id });
    else ask(this, { what: 'table', id: this.chosen === table.id && !this.editing ? null : table.id });
  }

  /** @param {MouseEvent & { currentTarget: HTMLElement }} event */
  #clickPlan({ currentTarget, clientX, clientY }) {
    const table = this.#chosenTable();
    if (!this.editing) {
      if (this.chosen !== null) ask(this, { what: 'table', id: null });
    } else if (table && this.#layout) {
      const { left, top } = currentTarget.getBoundingClientRect();
      this.#laid(table, put(toPlan(this.#layout, { x: clientX - left, y: clientY - top })));
    }
  }

  /**
   * @param {PointerEvent} event
   * @param {Table} table
   * @param {Guest | null} guest
   */
  #press(event, table, guest) {
    const layout = this.#layout;
    if (this.editing && layout) {
      this.#lay(event, table, (to, from, middle) =>
        put(toPlan(layout, { x: middle.x + to.x - from.x, y: middle.y + to.y - from.y })),
      );
    } else if (guest) {
      dragParty(event, words.partyOf(guest), false, {
        over: (over) => ask(this, { what: 'drag', party: guest.id, over }),
        drop: (to) => {
          ask(this, { what: 'drag', party: null, over: null });
          if (to !== null && to !== table.id) ask(this, { what: 'seat', party: guest.id, table: to });
        },
      });
    }
  }

  /**
   * Changes a table for as long as the pointer is down, and then for good.
   *
   * @param {PointerEvent} start
   * @param {Table} table
   * @param {(to: Point, from: Point, middle: Point) => Partial<Table>} change Of points on the plan, in pixels.
   */
  #lay(start, table, change) {
    const plan = /** @type {HTMLElement} */ (this.renderRoot.querySelector('.plan')).getBoundingClientRect();
    const point = (/** @type {PointerEvent} */ { clientX, clientY }) => ({
      x: clientX - plan.left,
      y: clientY - plan.top,
    });
    const [from, middle] = [point(start), this.#middle(table.id)];
    start.stopPropagation();
    followPointer(start, {
      moves: (event) => (this.laying = { id: table.id, change: change(point(event), from, middle) }),
      ends: (dropped) => {
        const laying = this.laying;
        this.laying = null;
        if (dropped && laying) this.#laid(table, laying.change);
      },
    });
  }

  /**
   * @param {Table} table
   * @param {Partial<Table>} change
   */
  #laid(table, change) {
    ask(this, { what: 'wish', wish: layTable(table, change) });
  }

  #addTable() {
    const id = `table-${randomId()}`;
    const tables = [...this.floor.tables.values()];
    const place = put(freePlace(tables.map((table) => centre(table))));
    const section = this.section === undefined ? {} : { section: this.section };
    ask(this, {
      what: 'wish',
      wish: addTable(id, { tableNumber: freeNumber(tables), capacity: 4, shape: 'square', ...place, ...section }),
    });
    ask(this, { what: 'table', id });
    this.focusTable(id);
  }

  /** @param {KeyboardEvent} event */
  #keys(event) {
    const direction = /** @type {Record<string, Direction>} */ ({
      ArrowUp: 'up',
      ArrowDown: 'down',
      ArrowLeft: 'left',
      ArrowRight: 'right',
    })[event.key];
    const id = this.cursor;
    if (direction === undefined || id === null || event.altKey || event.ctrlKey || event.metaKey) return;
    event.preventDefault();
    event.stopPropagation();
    const table = this.floor.tables.get(id);
    if (this.editing && this.chosen === id && table) {
      const change = nudged(centre(this.#nudged ?? table), direction);
      this.#nudged = { ...table, ...change };
      this.#laid(table, change);
      return;
    }
    this.focusTable(neighbour(this.#centres, id, direction) ?? id);
  }
}

customElements.define('floor-plan', FloorPlan);
