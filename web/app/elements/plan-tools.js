import { LitElement, css, html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import { layTable, removeTable } from '../floor/actions.js';
import { NOTHING } from '../floor/fold.js';
import { resizedBy, turnedBy } from '../floor/laying.js';
import { sections } from '../floor/plan.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/**
 * @import { Floor, Shape, Table } from '../floor/types.js'
 */

/** @type {Shape[]} */
const SHAPES = ['round', 'square', 'rectangle', 'oval'];

/** Stands in where no table is chosen. */
const NO_TABLE = /** @type {Table} */ ({
  id: '',
  tableNumber: '',
  capacity: 4,
  shape: 'square',
  rotation: 0,
  section: null,
});

/** With what tables are changed while the plan is edited. A table is drawn as large as the people it seats. */
export class PlanTools extends LitElement {
  static properties = { floor: { attribute: false }, table: { attribute: false } };

  static styles = [
    shared,
    css`
      :host {
        display: block;
        padding: 0.5rem 0.75rem;
        border-top: 1px solid var(--line);
        background: var(--surface);
      }

      .tools {
        display: flex;
        flex-wrap: wrap;
        align-items: end;
        gap: 0.5rem;
      }

      label {
        display: grid;
        gap: 0.125rem;
        font-size: 0.75rem;
        color: var(--ink-soft);
      }

      label input,
      label select {
        font-size: 1rem;
        color: var(--ink);
      }

      .number input {
        width: 5rem;
      }

      .section input {
        width: 9rem;
      }

      .pair {
        display: flex;
        align-items: center;
        gap: 0.125rem;
      }

      .pair b {
        min-width: 4.5rem;
        text-align: center;
        font-variant-numeric: tabular-nums;
      }

      .tools {
        position: relative;
      }

      /* They keep their room: the plan is as large whether a table is chosen or not. */
      .idle > :not(:first-child, p) {
        visibility: hidden;
      }

      p {
        position: absolute;
        inset: 1.125rem 0 auto 9.75rem;
        min-height: var(--target);
        margin: 0;
        align-content: center;
        font-size: 0.875rem;
        color: var(--ink-soft);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
    /** @type {Table | null} */
    this.table = null;
  }

  render() {
    return html`<div class="tools ${this.table ? '' : 'idle'}">
      <button class=${this.table ? '' : 'main'} @click=${() => this.dispatchEvent(new CustomEvent('add-table'))}>${icon('add')}${words.edit.addTable}</button>
      ${this.#tools(this.table ?? NO_TABLE)}
      ${this.table ? nothing : html`<p>${words.edit.hint}</p>`}
    </div>`;
  }

  /** @param {Table} table */
  #tools(table) {
    const { edit } = words;
    const button = (
      /** @type {string} */ text,
      /** @type {Parameters<typeof icon>[0]} */ name,
      /** @type {Record<string, unknown>} */ data,
    ) => html`<button aria-label=${text} title=${text} @click=${() => this.#lay(table, data)}>${icon(name)}</button>`;
    return html`
      <label class="number">${edit.number}
        <input maxlength="20" .value=${live(table.tableNumber)} @change=${(/** @type {TextEvent} */ event) => this.#text(event, table, 'tableNumber')} /></label>
      <div class="pair" role="group" aria-label=${edit.seats}>
        ${button(edit.fewer, 'remove', resizedBy(table, -1))}<b>${words.seats(table.capacity)}</b>${button(edit.more, 'add', resizedBy(table, 1))}
      </div>
      <label>${edit.shape}
        <select @change=${(/** @type {TextEvent} */ { target }) => this.#lay(table, { shape: target.value })}>
          ${SHAPES.map((shape) => html`<option value=${shape} .selected=${live((table.shape ?? 'round') === shape)}>${words.shape[shape]}</option>`)}
        </select></label>
      <div class="pair" role="group" aria-label=${edit.rotateHandle}>
        ${button(edit.turnLeft, 'rotate', turnedBy(table, -1))} ${button(edit.turnRight, 'rotate_right', turnedBy(table, 1))}
      </div>
      <label class="section">${edit.section}
        <input maxlength="60" list="sections" .value=${live(table.section ?? '')} @change=${(/** @type {TextEvent} */ event) => this.#text(event, table, 'section')} />
        <datalist id="sections">${sections(this.floor.tables.values()).map((name) => (name === null ? nothing : html`<option value=${name}></option>`))}</datalist></label>
      <button class="danger" @click=${() => ask(this, { what: 'wish', wish: removeTable(table) })}>${icon('close')}${edit.remove}</button>
    `;
  }

  /**
   * @param {TextEvent} event
   * @param {Table} table
   * @param {'tableNumber' | 'section'} field
   */
  #text({ target }, table, field) {
    const text = target.value.trim();
    if (text === '' && field === 'tableNumber') target.value = table.tableNumber;
    else this.#lay(table, { [field]: text === '' ? null : text });
    // What is not to be had is not to be read there.
    this.requestUpdate();
  }

  /**
   * @param {Table} table
   * @param {Record<string, unknown>} data
   */
  #lay(table, data) {
    ask(this, { what: 'wish', wish: layTable(table, data) });
  }
}

/** @typedef {Event & { target: HTMLInputElement | HTMLSelectElement }} TextEvent */

customElements.define('plan-tools', PlanTools);
