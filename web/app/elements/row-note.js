import { LitElement, css, html } from 'lit';
import { words } from '../words.js';
import { ask } from './ask.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/** Why something was refused, at the party or the table that it was about, until it has been read. */
export class RowNote extends LitElement {
  static properties = { row: { attribute: false }, text: { attribute: false } };

  static styles = [
    shared,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 0.25rem;
        padding: 0.25rem 0 0.25rem 0.75rem;
        border: 1px solid var(--passed);
        border-radius: var(--radius);
        background: var(--passed-soft);
        color: var(--passed);
        font-size: 0.875rem;
        box-shadow: var(--shadow);
      }

      span {
        flex: 1;
      }
    `,
  ];

  constructor() {
    super();
    this.row = '';
    this.text = '';
  }

  render() {
    return html`<span>${this.text}</span>
      <button class="quiet" aria-label=${words.dismiss} @click=${() => ask(this, { what: 'dismiss', row: this.row })}>${icon('close')}</button>`;
  }
}

customElements.define('row-note', RowNote);
