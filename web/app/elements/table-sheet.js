import { LitElement, css, html, nothing } from 'lit';
import { markTable, setStatus, unseat } from '../floor/actions.js';
import { NOTHING } from '../floor/fold.js';
import { candidates } from '../floor/seating.js';
import { list, minutesBetween, waited } from '../floor/waitlist.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/**
 * @import { Wish } from '../floor/actions.js'
 * @import { Floor, Guest, Table, TableStatus } from '../floor/types.js'
 * @import { IconName } from './icons.js'
 */

/** How many of those who wait are offered for a free table. */
const MOST_CANDIDATES = 3;

/** What can be done with a table. */
export class TableSheet extends LitElement {
  static properties = {
    floor: { attribute: false },
    table: { attribute: false },
    guest: { attribute: false },
    now: { type: Number },
  };

  static styles = [
    shared,
    css`
      :host {
        position: absolute;
        right: 0.75rem;
        bottom: 0.75rem;
        z-index: 4;
        width: 19rem;
        max-width: calc(100% - 1.5rem);
        max-height: calc(100% - 5.25rem);
        overflow-y: auto;
        padding: 0.25rem 0.75rem 0.75rem;
        border: 1px solid var(--line-strong);
        border-radius: 0.875rem;
        background: var(--surface);
        box-shadow: var(--shadow);
      }

      :host(.left) {
        right: auto;
        left: 0.75rem;
      }

      :host(.top) {
        bottom: auto;
        top: 4.5rem;
      }

      header {
        display: flex;
        align-items: center;
        justify-content: space-between;
      }

      h2 {
        margin: 0;
        font-size: 1.0625rem;
      }

      p {
        margin: 0 0 0.5rem;
        color: var(--ink-soft);
        font-size: 0.875rem;
      }

      h3 {
        margin: 0.5rem 0 0.25rem;
        font-size: 0.8125rem;
        font-weight: 600;
        color: var(--ink-soft);
      }

      .grid {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.375rem;
      }

      .grid button {
        padding: 0 0.375rem;
      }

      .grid button:last-child:nth-child(odd) {
        grid-column: 1 / -1;
      }

      .wide {
        width: 100%;
        justify-content: flex-start;
        margin-bottom: 0.375rem;
      }

      .wide span {
        margin-left: auto;
        color: var(--ink-soft);
        font-size: 0.8125rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
    // Always given by whoever makes one.
    this.table = /** @type {Table} */ (/** @type {unknown} */ (undefined));
    /** @type {Guest | null} */
    this.guest = null;
    this.now = 0;
  }

  render() {
    const { table, guest } = this;
    const since = words.sinceLabel(minutesBetween(guest?.seatedTime ?? table.statusSince, this.now));
    return html`
      <section aria-label=${words.tableName(table)}>
        <header>
          <h2>${words.tableName(table)}</h2>
          <button class="quiet" aria-label=${words.closeSheet} @click=${() => ask(this, { what: 'table', id: null })}>${icon('close')}</button>
        </header>
        <p>${words.tableStatus[table.status]} ${since} · ${words.seats(table.capacity)}${table.notes ? html` · ${table.notes}` : nothing}</p>
        ${guest ? this.#occupied(guest) : this.#free()}
      </section>
    `;
  }

  /** @param {Guest} guest */
  #occupied(guest) {
    return html`
      <p><b>${words.partyOf(guest)}</b>${guest.notes ? html` · ${guest.notes}` : nothing}${guest.tags.map((tag) => html` · ${tag}`)}</p>
      <div class="grid">
        ${this.#wish(words.finish, 'live', setStatus(guest, 'finished'), 'main')}
        <button @click=${() => ask(this, { what: 'party', id: guest.id })}>${icon('seat')}${words.move}</button>
        ${this.#wish(words.unseat, 'list', unseat(guest))}
        <button @click=${() => ask(this, { what: 'edit', party: guest.id })}>${icon('edit')}${words.editParty}</button>
      </div>
    `;
  }

  #free() {
    const { table } = this;
    const mark = (/** @type {string} */ text, /** @type {TableStatus} */ status, kind = '') =>
      this.#wish(text, status === 'available' ? 'live' : status, markTable(table, status), kind);
    switch (table.status) {
      case 'dirty':
        return html`<div class="grid">${mark(words.clean, 'available', 'main')} ${mark(words.block, 'out_of_service')}</div>`;
      case 'out_of_service':
        return html`<div class="grid">${mark(words.unblock, 'available', 'main')}</div>`;
      case 'reserved':
        return html`${this.#next()}
          <div class="grid">${mark(words.release, 'available')} ${mark(words.block, 'out_of_service')}</div>`;
      default:
        return html`${this.#next()}
          <div class="grid">${mark(words.reserve, 'reserved')} ${mark(words.markDirty, 'dirty')} ${mark(words.block, 'out_of_service')}</div>`;
    }
  }

  /** Those who wait and fit, the longest first. */
  #next() {
    const next = candidates(list(this.floor, 'waiting', ''), this.table).slice(0, MOST_CANDIDATES);
    if (next.length === 0) return nothing;
    return html`
      <h3>${words.nextHere}</h3>
      ${next.map(
        (
          guest,
        ) => html`<button class="wide" @click=${() => ask(this, { what: 'seat', party: guest.id, table: this.table.id })}>
          ${icon('seat')}${guest.guestName} · ${guest.partySize}<span>${words.minutes(waited(guest, this.now) ?? 0)}</span>
        </button>`,
      )}
    `;
  }

  /**
   * @param {string} text
   * @param {IconName} name
   * @param {Wish} wish
   * @param {string} [kind]
   */
  #wish(text, name, wish, kind = '') {
    const does = () => {
      ask(this, { what: 'wish', wish });
      ask(this, { what: 'table', id: null });
    };
    return html`<button class=${kind} @click=${does}>${icon(name)}${text}</button>`;
  }
}

customElements.define('table-sheet', TableSheet);
