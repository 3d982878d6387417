import { LitElement, css, html } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { addParty } from '../floor/actions.js';
import { NOTHING } from '../floor/fold.js';
import { VIEWS, counts, list } from '../floor/waitlist.js';
import { randomId } from '../live/memory.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { dragParty } from './drag.js';
import { icon } from './icons.js';
import './party-card.js';
import { shared } from './shared.js';

/**
 * @import { Floor, Guest } from '../floor/types.js'
 * @import { View } from '../floor/waitlist.js'
 * @import { PartyCard } from './party-card.js'
 */

/** The parties: who waits, who has booked, who sits, who has gone. */
export class WaitList extends LitElement {
  static properties = {
    floor: { attribute: false },
    pending: { attribute: false },
    view: { attribute: false },
    search: { attribute: false },
    chosen: { attribute: false },
    notes: { attribute: false },
    now: { type: Number },
  };

  static styles = [
    shared,
    css`
      :host {
        display: grid;
        grid-template: auto auto auto 1fr / minmax(0, 1fr);
        min-height: 0;
        background: var(--surface);
      }

      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 4.25rem auto auto;
        gap: 0.375rem;
        padding: 0.75rem 0.75rem 0.375rem;
      }

      .search {
        position: relative;
        padding: 0 0.75rem;
      }

      .search input {
        width: 100%;
      }

      .views {
        display: grid;
        grid-template-columns: repeat(4, 1fr);
        padding: 0.375rem 0.75rem 0;
        border-bottom: 1px solid var(--line);
      }

      .views button {
        flex-direction: column;
        gap: 0;
        padding: 0;
        border: none;
        border-bottom: 3px solid transparent;
        border-radius: 0;
        background: none;
        font-size: 0.875rem;
        color: var(--ink-soft);
      }

      .views b {
        font-variant-numeric: tabular-nums;
      }

      .views button[aria-pressed='true'] {
        border-bottom-color: var(--accent);
        color: var(--ink);
      }

      .scroll {
        overflow-y: auto;
        overscroll-behavior: contain;
        min-height: 0;
      }

      ul {
        position: relative;
        margin: 0;
        padding: 0;
        list-style: none;
      }

      /* Each stands where its number says. Who comes or goes moves the others, but shifts nothing. */
      li {
        position: absolute;
        inset: 0 0 auto;
        transition: transform 160ms ease-out;
      }

      p {
        padding: 1rem 0.75rem;
        color: var(--ink-soft);
      }

      /* Letters twice as large, on a phone. */
      @container (max-width: 18rem) {
        form {
          grid-template-columns: minmax(0, 1fr) auto auto;
        }

        [name='guestName'] {
          grid-column: 1 / -1;
        }

        .views button {
          min-width: 0;
          font-size: 0.6875rem;
        }
      }

      @media (prefers-reduced-motion: reduce) {
        li {
          transition: none;
        }
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
    /** @type {ReadonlySet<string>} */
    this.pending = new Set();
    /** @type {View} */
    this.view = 'waiting';
    this.search = '';
    /** @type {string | null} */
    this.chosen = null;
    /** @type {ReadonlyMap<string, string>} */
    this.notes = new Map();
    this.now = 0;
  }

  /** Puts the cursor where a party is added. */
  focusAdd() {
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('[name=guestName]'))?.focus();
  }

  /** Puts the cursor where parties are searched. */
  focusSearch() {
    /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('[type=search]'))?.focus();
  }

  /**
   * Puts the cursor on the next party, or the one before.
   *
   * @param {number} by
   */
  focusParty(by) {
    const cards = this.#cards;
    const present = cards.findIndex((card) => card.matches(':focus-within') || card.chosen);
    const next = cards[present < 0 ? 0 : Math.min(cards.length - 1, Math.max(0, present + by))];
    next?.focus();
    next?.scrollIntoView({ block: 'nearest' });
  }

  /** The party at which the cursor is. */
  get focused() {
    return this.#cards.find((card) => card.matches(':focus-within'))?.guest.id;
  }

  get #cards() {
    return /** @type {PartyCard[]} */ ([...this.renderRoot.querySelectorAll('party-card')]);
  }

  render() {
    const guests = list(this.floor, this.view, this.search);
    return html`
      <form @submit=${this.#add} aria-label=${words.addParty} autocomplete="off" novalidate>
        <input name="guestName" placeholder=${words.name} aria-label=${words.name} maxlength="200" required enterkeyhint="next" />
        <input name="partySize" placeholder=${words.size} aria-label=${words.sizeLabel} inputmode="numeric" pattern="[0-9]*" maxlength="2" required enterkeyhint="done" />
        <button class="main" aria-label=${words.addParty}>${icon('add')}</button>
        <button type="button" class="quiet" aria-label=${words.more} @click=${this.#more}>${icon('more')}</button>
      </form>
      <div class="search">
        <input type="search" placeholder=${words.search} aria-label=${words.searchLabel} .value=${this.search}
          @keydown=${this.#leaveSearch}
          @input=${(/** @type {InputEvent & { target: HTMLInputElement }} */ { target }) => ask(this, { what: 'search', text: target.value })} />
      </div>
      ${this.#views()}
      <div class="scroll">
        ${
          guests.length === 0
            ? html`<p>${this.search.trim() ? words.nobodyFound(this.search.trim()) : words.nobody[this.view]}</p>`
            : this.#list(guests)
        }
      </div>
    `;
  }

  #views() {
    const each = counts(this.floor);
    const button = (/** @type {View} */ view) => html`
      <button aria-pressed=${view === this.view && !this.search.trim()} @click=${() => ask(this, { what: 'view', view })}>
        <b>${each[view]}</b>${words.view[view]}
      </button>
    `;
    return html`<div class="views" role="group" aria-label=${words.views}>${VIEWS.map(button)}</div>`;
  }

  /** @param {Guest[]} guests */
  #list(guests) {
    const minute = Math.floor(this.now / 60_000);
    return html`<ul aria-label=${words.waitlist}>
      ${repeat(
        guests,
        ({ id }) => id,
        (guest) => html`<li data-id=${guest.id}>
          <party-card
            .guest=${guest}
            .tableNumber=${guest.table_id === null ? null : (this.floor.tables.get(guest.table_id)?.tableNumber ?? null)}
            .chosen=${guest.id === this.chosen}
            .pending=${this.pending.has(guest.id)}
            .minute=${minute}
            .note=${this.notes.get(guest.id) ?? null}
            @pointerdown=${(/** @type {PointerEvent} */ event) => this.#drag(event, guest)}
          ></party-card>
        </li>`,
      )}
    </ul>`;
  }

  /** Puts each party where its number says. */
  updated() {
    const list = this.renderRoot.querySelector('ul');
    if (!list) return;
    let top = 0;
    for (const item of /** @type {HTMLCollectionOf<HTMLElement>} */ (list.children)) {
      const height = item.dataset['id'] === this.chosen ? CHOSEN_HEIGHT_REM : HEIGHT_REM;
      item.style.height = `${height}rem`;
      item.style.transform = `translateY(${top}rem)`;
      top += height;
    }
    list.style.height = `${top}rem`;
  }

  /**
   * @param {PointerEvent} event
   * @param {Guest} guest
   */
  #drag(event, guest) {
    dragParty(event, words.partyOf(guest), true, {
      over: (table) => ask(this, { what: 'drag', party: guest.id, over: table }),
      drop: (table) => {
        ask(this, { what: 'drag', party: null, over: null });
        if (table !== null) ask(this, { what: 'seat', party: guest.id, table });
      },
    });
  }

  /**
   * From what is searched for to the first that was found.
   *
   * @param {KeyboardEvent} event
   */
  #leaveSearch(event) {
    if (event.key !== 'Enter' && event.key !== 'ArrowDown') return;
    event.preventDefault();
    this.#cards[0]?.focus();
  }

  /** @param {SubmitEvent & { target: HTMLFormElement }} event */
  #add(event) {
    event.preventDefault();
    const { name, size } = this.#typed(event.target);
    const missing = event.target.querySelector(name === '' ? '[name=guestName]' : '[name=partySize]');
    if (name === '' || !(size >= 1 && size <= 99)) {
      /** @type {HTMLInputElement} */ (missing).focus();
      /** @type {HTMLInputElement} */ (missing).select();
      return;
    }
    event.target.reset();
    this.focusAdd();
    const data = { guestName: name, partySize: size, source: 'walk_in' };
    ask(this, { what: 'wish', wish: addParty(`guest-${randomId()}`, data) });
  }

  /** @param {MouseEvent & { target: HTMLElement }} event */
  #more({ target }) {
    const form = /** @type {HTMLFormElement} */ (target.closest('form'));
    const { name, size } = this.#typed(form);
    form.reset();
    ask(this, { what: 'edit', party: null, draft: { guestName: name, ...(size >= 1 ? { partySize: size } : {}) } });
  }

  /** @param {HTMLFormElement} form */
  #typed(form) {
    const fields = new FormData(form);
    return { name: String(fields.get('guestName')).trim(), size: Number(fields.get('partySize')) };
  }
}

/** How high a party is, in rem, and how high it is when it has been chosen. The card's own styles say the same. */
const HEIGHT_REM = 4.5;
const CHOSEN_HEIGHT_REM = 11.5;

customElements.define('wait-list', WaitList);
