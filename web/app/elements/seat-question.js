import { LitElement, css, html } from 'lit';
import { words } from '../words.js';
import { ask } from './ask.js';
import { shared } from './shared.js';

/**
 * @import { Guest, Table } from '../floor/types.js'
 */

/** Whether a party is to sit at a table that is too small for it. */
export class SeatQuestion extends LitElement {
  static properties = { guest: { attribute: false }, table: { attribute: false } };

  static styles = [
    shared,
    css`
      :host {
        display: block;
        width: 20rem;
        max-width: calc(100% - 2rem);
        padding: 1rem;
        border: 1px solid var(--line-strong);
        border-radius: 1rem;
        background: var(--surface);
        box-shadow: var(--shadow);
      }

      p {
        margin: 0 0 0.75rem;
      }

      .answers {
        display: flex;
        justify-content: flex-end;
        gap: 0.5rem;
      }
    `,
  ];

  constructor() {
    super();
    // Always given by whoever makes one.
    this.guest = /** @type {Guest} */ (/** @type {unknown} */ (undefined));
    this.table = /** @type {Table} */ (/** @type {unknown} */ (undefined));
  }

  firstUpdated() {
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('.main'))?.focus();
  }

  render() {
    const { guest, table } = this;
    return html`<div role="alertdialog" aria-labelledby="question">
      <p id="question">${words.seatAnyway(table, guest)}</p>
      <div class="answers">
        <button @click=${() => ask(this, { what: 'hush' })}>${words.no}</button>
        <button class="main" @click=${() => ask(this, { what: 'seat', party: guest.id, table: table.id, override: true })}>${words.seatAnywayYes}</button>
      </div>
    </div>`;
  }
}

customElements.define('seat-question', SeatQuestion);
