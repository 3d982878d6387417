import { LitElement, css, html } from 'lit';
import { words } from '../words.js';
import { ask } from './ask.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/** What was done or refused a moment ago, and how to take it back. Whoever listens is told it elsewhere. */
export class SaidBar extends LitElement {
  static properties = {
    text: { attribute: false },
    refused: { type: Boolean, reflect: true },
    undoable: { type: Boolean },
  };

  static styles = [
    shared,
    css`
      :host {
        display: flex;
        align-items: center;
        justify-content: space-between;
        gap: 0.75rem;
        width: 21rem;
        max-width: calc(100vw - 1.5rem);
        padding: 0.25rem 0.25rem 0.25rem 1rem;
        border-radius: 0.875rem;
        background: var(--ink);
        color: var(--surface);
        box-shadow: var(--shadow);
      }

      :host([refused]) {
        background: var(--passed);
      }

      button {
        border-color: transparent;
        background: rgb(128 128 128 / 25%);
        color: inherit;
        font-weight: 600;
      }
    `,
  ];

  constructor() {
    super();
    this.text = '';
    this.refused = false;
    this.undoable = false;
  }

  render() {
    return html`
      <span aria-hidden="true">${this.text}</span>
      ${
        this.undoable
          ? html`<button @click=${() => ask(this, { what: 'undo' })}>${icon('undo')}${words.undo}</button>`
          : html`<button aria-label=${words.dismiss} @click=${() => ask(this, { what: 'hush' })}>${icon('close')}</button>`
      }
    `;
  }
}

customElements.define('said-bar', SaidBar);
