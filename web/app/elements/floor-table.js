import { LitElement, css, html, nothing } from 'lit';
import { size } from '../floor/plan.js';
import { room } from '../floor/room.js';
import { obstacle } from '../floor/seating.js';
import { minutesBetween } from '../floor/waitlist.js';
import { words } from '../words.js';
import { icon } from './icons.js';
import { shared } from './shared.js';
import { AROUND, drawing, drawingStyles } from './table-drawing.js';

/**
 * @import { Guest, Table } from '../floor/types.js'
 * @import { Obstacle } from '../floor/seating.js'
 */

/** How much of a table's edge is not for words, in units: with the ring, and without. */
const RING = 6;
const EDGE = 4;

/** How far below a table's middle the second and the third line of words end, in pixels, where letters are of the usual size. */
const NAME_PX = 9;
const LOW_PX = 22;

/** How wide a party's size with the time that it has sat is at the most, in pixels. */
const STAY_PX = 48;

/** Below how many pixels a table has no room for everything, and for more than its number and state. */
const ROOMY_PX = 96;
const NARROW_PX = 66;

/** One table on the plan: where it stands, in which state, who sits there and for how long. */
export class FloorTable extends LitElement {
  static properties = {
    table: { attribute: false },
    guest: { attribute: false },
    x: { type: Number },
    y: { type: Number },
    scale: { type: Number },
    zoom: { type: Number },
    minute: { type: Number },
    usualTurn: { type: Number },
    chooser: { attribute: false },
    pending: { type: Boolean, reflect: true },
    chosen: { type: Boolean, reflect: true },
    over: { type: Boolean, reflect: true },
    dim: { type: Boolean, reflect: true },
    reachable: { type: Boolean },
  };

  static styles = [
    shared,
    drawingStyles,
    css`
      :host {
        position: absolute;
        display: block;
        contain: layout style;
      }

      button {
        position: absolute;
        inset: 0;
        z-index: 1;
        display: grid;
        place-content: center;
        justify-items: center;
        gap: 0;
        width: 100%;
        min-width: 0;
        padding: 0;
        border: none;
        background: none;
        line-height: 1.2;
        text-align: center;
        color: var(--table-ink);
        touch-action: inherit;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
      }

      button:hover {
        background: none;
      }

      button:focus-visible {
        outline: none;
      }

      /* Who sits there can be dragged to another table; the plan is scrolled elsewhere. */
      .occupied button {
        touch-action: none;
      }

      .blocked button {
        color: var(--ink);
      }

      :host([dim]) {
        opacity: 0.35;
      }

      .number {
        display: flex;
        align-items: center;
        justify-content: center;
        gap: 0.25em;
        font-weight: 700;
        font-size: 1.0625rem;
      }

      .narrow .number {
        font-size: 0.9375rem;
      }

      /* As high whatever is said: a number stays where it is when somebody sits down. */
      .lines {
        display: grid;
        justify-items: center;
        align-content: start;
        height: 1.8rem;
      }

      .roomy .lines {
        height: 2.7rem;
      }

      .line {
        max-width: var(--room);
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-size: 0.75rem;
        font-variant-numeric: tabular-nums;
      }

      .name {
        font-weight: 500;
      }

      .low {
        max-width: var(--room-low);
        text-overflow: clip;
      }

      /* What a table is, or why it can't be had: nothing else stands there then. */
      .choice {
        max-width: 3.75rem;
        overflow: visible;
        white-space: normal;
        line-height: 1.1;
      }

      .mark {
        position: absolute;
        top: -0.125rem;
        right: -0.125rem;
        z-index: 1;
        display: grid;
        padding: 0.125rem;
        border-radius: 50%;
        background: var(--near-soft);
        color: var(--near);
        pointer-events: none;
      }
    `,
  ];

  /** Whether there is room for how long they have sat. */
  #tellsMinutes = true;

  constructor() {
    super();
    // Always given by whoever makes one.
    this.table = /** @type {Table} */ (/** @type {unknown} */ (undefined));
    /** @type {Guest | null} Who sits there. */
    this.guest = null;
    this.x = 0;
    this.y = 0;
    this.scale = 1;
    /** How much larger than usual letters are. */
    this.zoom = 1;
    this.minute = 0;
    /** In minutes. */
    this.usualTurn = 90;
    /** @type {Guest | null} The party for whom a table is being chosen. */
    this.chooser = null;
    this.pending = false;
    this.chosen = false;
    this.over = false;
    this.dim = false;
    /** Whether the Tab key gets here; the arrows always do. */
    this.reachable = false;
  }

  focus() {
    this.renderRoot.querySelector('button')?.focus();
  }

  willUpdate() {
    const { width, height } = this.#box();
    const { style, x, y } = this;
    style.left = `${x - width / 2}px`;
    style.top = `${y - height / 2}px`;
    style.width = `${width}px`;
    style.height = `${height}px`;
    const about = this.guest ? RING : EDGE;
    const across = (/** @type {number} */ away) =>
      `${(room(this.table, (away * this.zoom) / this.scale) - 2 * about) * this.scale}px`;
    style.setProperty('--room', across(NAME_PX));
    style.setProperty('--room-low', across(LOW_PX));
    this.#tellsMinutes = parseFloat(across(LOW_PX)) >= STAY_PX * this.zoom;
    this.dataset['id'] = this.table.id;
  }

  render() {
    const { table, chooser } = this;
    const why = chooser ? obstacle(chooser, table) : null;
    const choice = !chooser ? '' : why === null ? 'fits' : 'blocked';
    const { width, height } = size(table);
    const least = (Math.min(width, height) * this.scale) / this.zoom;
    const fit = least < NARROW_PX ? 'narrow' : least < ROOMY_PX ? 'medium' : 'roomy';
    return html`
      <div class="${table.status} ${choice} ${fit}">
        <button tabindex=${this.reachable ? 0 : -1} aria-pressed=${this.chosen}>
          <span class="number"><span class="unseen">${words.table}</span> ${table.tableNumber}${icon(table.status)}</span>
          <span class="lines">${this.#lines(why, fit)}</span>
        </button>
        ${drawing(table, this.guest ? this.#minutes() / this.usualTurn : null)}
        ${this.pending ? html`<span class="mark">${icon('pending')}</span>` : nothing}
      </div>
    `;
  }

  /**
   * What is said of a table: all of it to those who listen, what there is room for to those who look.
   *
   * @param {Obstacle | null} why
   * @param {'narrow' | 'medium' | 'roomy'} fit
   */
  #lines(why, fit) {
    const { chooser, guest, table } = this;
    const line = (/** @type {unknown} */ text, seen = true, kind = '') =>
      html`<span class="${seen ? 'line' : 'unseen'} ${kind}">${text}</span>`;
    const state = (/** @type {boolean} */ seen) => line(words.tableStatus[table.status], seen, 'choice');
    const seats = (/** @type {boolean} */ seen) => line(words.seats(table.capacity), seen);
    const pending = this.pending ? line(words.pending, false) : nothing;
    if (chooser) {
      const choice =
        why === null ? line(words.fits, true, 'name') : line(words.obstacleShort[why], why !== 'too_small', 'choice');
      return [choice, seats(why === 'too_small' || (why === null && fit !== 'narrow')), state(false), pending];
    }
    if (!guest) {
      const short = fit === 'narrow' ? line(words.tableStatusShort[table.status]) : nothing;
      return [short, state(fit !== 'narrow'), seats(fit === 'roomy'), pending];
    }
    const minutes = this.#minutes();
    const short = this.#tellsMinutes
      ? html`<span aria-hidden="true"> · ${words.minutesShort(minutes)}</span>`
      : nothing;
    const stay = html`<span class="unseen">${words.partySize}</span> ${guest.partySize}${short}<span class="unseen">, ${words.minutes(minutes)}</span>`;
    const long = minutes > this.usualTurn ? line(words.turnOver, false) : nothing;
    return [
      line(guest.guestName, true, 'name'),
      line(stay, true, 'low'),
      long,
      state(fit === 'roomy'),
      seats(false),
      pending,
    ];
  }

  #minutes() {
    return minutesBetween(this.guest?.seatedTime ?? this.table.statusSince, this.minute * 60_000);
  }

  /** In pixels, with room for a finger. */
  #box() {
    const { width, height } = size(this.table);
    const side = (/** @type {number} */ length) => Math.max(48, (length + 2 * AROUND) * this.scale);
    return { width: side(width), height: side(height) };
  }
}

customElements.define('floor-table', FloorTable);
