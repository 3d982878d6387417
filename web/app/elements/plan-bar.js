import { LitElement, css, html } from 'lit';
import { NOTHING } from '../floor/fold.js';
import { sections } from '../floor/plan.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/**
 * @import { Floor, Guest } from '../floor/types.js'
 */

/** Above the plan: its sections; or for whom a table is being chosen. Says `section` with the one that is wanted. */
export class PlanBar extends LitElement {
  static properties = {
    floor: { attribute: false },
    section: { attribute: false },
    chooser: { attribute: false },
    editing: { type: Boolean },
  };

  static styles = [
    shared,
    css`
      :host {
        display: flex;
        align-items: center;
        gap: 0.375rem;
        min-height: 3.75rem;
        padding: 0.375rem 0.75rem;
        border-bottom: 1px solid var(--line);
      }

      nav {
        display: flex;
        flex: 1;
        gap: 0.25rem;
        overflow-x: auto;
        scrollbar-width: none;
      }

      nav button {
        flex: none;
        border-color: transparent;
        background: none;
      }

      nav button[aria-current='true'] {
        border-color: var(--line-strong);
        background: var(--surface);
        font-weight: 600;
      }

      /* On a phone the sections need the room. */
      @container (max-width: 30rem) {
        .spare {
          position: absolute;
          width: 1px;
          overflow: hidden;
          clip-path: inset(50%);
        }
      }

      .choosing {
        display: flex;
        flex: 1;
        align-items: center;
        gap: 0.5rem;
        font-weight: 600;
      }

      .choosing span {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }

      .choosing button {
        flex: none;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
    /** @type {string | null | undefined} Undefined: all of them. */
    this.section = undefined;
    /** @type {Guest | null} The party for whom a table is being chosen. */
    this.chooser = null;
    this.editing = false;
  }

  render() {
    return this.chooser ? this.#choosing(this.chooser) : this.#tabs();
  }

  #tabs() {
    const tab = (/** @type {string | null | undefined} */ section, /** @type {string} */ text) => html`
      <button aria-current=${this.section === section} @click=${() => this.dispatchEvent(new CustomEvent('section', { detail: { section } }))}>${text}</button>
    `;
    const names = sections(this.floor.tables.values());
    return html`
      <nav aria-label=${words.sections}>
        ${tab(undefined, words.allSections)} ${names.map((name) => tab(name, name ?? words.noSection))}
      </nav>
      <button class=${this.editing ? 'main' : 'quiet'} @click=${() => ask(this, { what: 'editing', on: !this.editing })}>
        ${icon(this.editing ? 'live' : 'edit')}<span class=${this.editing ? '' : 'spare'}>${this.editing ? words.donePlan : words.editPlan}</span>
      </button>
    `;
  }

  /** @param {Guest} guest */
  #choosing(guest) {
    return html`
      <div class="choosing" role="status">
        ${icon('seat')}<span>${guest.status === 'seated' ? words.choosingMove(guest) : words.choosing(guest)}</span>
        <button @click=${() => ask(this, { what: 'party', id: null })}>${words.stopChoosing}</button>
      </div>
    `;
  }
}

customElements.define('plan-bar', PlanBar);
