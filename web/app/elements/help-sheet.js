import { LitElement, css, html } from 'lit';
import { read, write } from '../live/memory.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { shared } from './shared.js';

/** Whether single keys mean something; they can be switched off (WCAG 2.1.4). */
export function usesKeys() {
  return read('keys') !== false;
}

/** How it is done: by hand, and by keys. */
export class HelpSheet extends LitElement {
  static styles = [
    shared,
    css`
      dialog {
        width: min(36rem, calc(100vw - 2rem));
      }

      h2,
      h3 {
        margin: 0 0 0.5rem;
        font-size: 1.125rem;
      }

      h3 {
        margin-top: 1rem;
        font-size: 1rem;
      }

      dl {
        display: grid;
        grid-template-columns: 5.5rem 1fr;
        gap: 0.25rem 1rem;
        margin: 0;
      }

      dt {
        font-weight: 600;
        white-space: nowrap;
      }

      dd {
        margin: 0;
        color: var(--ink-soft);
      }

      label {
        display: flex;
        align-items: center;
        gap: 0.75rem;
        min-height: var(--target);
      }

      input {
        width: 1.5rem;
        min-height: 1.5rem;
        accent-color: var(--accent);
      }

      footer {
        display: flex;
        justify-content: flex-end;
      }
    `,
  ];

  firstUpdated() {
    this.#dialog.showModal();
  }

  render() {
    const { help } = words;
    const pairs = (/** @type {string[][]} */ list) =>
      html`<dl>${list.map(([term, text]) => html`<dt>${term}</dt><dd>${text}</dd>`)}</dl>`;
    const keys = (/** @type {Event & { target: HTMLInputElement }} */ { target }) => write('keys', target.checked);
    return html`
      <dialog @close=${() => ask(this, { what: 'close' })} aria-labelledby="title">
        <h2 id="title">${help.title}</h2>
        ${pairs(help.touch)}
        <h3>${help.keys}</h3>
        ${pairs(help.keyList)}
        <label><input type="checkbox" .checked=${usesKeys()} @change=${keys} />${help.keysOn}</label>
        <footer>
          <button class="quiet" @click=${() => ask(this, { what: 'leave' })}>${words.door.elsewhere}</button>
          <button class="main" @click=${() => this.#dialog.close()}>${help.close}</button>
        </footer>
      </dialog>
    `;
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.renderRoot.querySelector('dialog'));
  }
}

customElements.define('help-sheet', HelpSheet);
