import { LitElement, css, html, nothing } from 'lit';
import { addParty, editParty } from '../floor/actions.js';
import { randomId } from '../live/memory.js';
import { words } from '../words.js';
import { ask } from './ask.js';
import { shared } from './shared.js';

/**
 * @import { Guest } from '../floor/types.js'
 */

/** Everything about a party, to be read and changed; or a new one. */
export class PartyEditor extends LitElement {
  static properties = { guest: { attribute: false }, draft: { attribute: false } };

  static styles = [
    shared,
    css`
      dialog {
        width: min(32rem, calc(100vw - 2rem));
      }

      h2 {
        margin: 0 0 0.75rem;
        font-size: 1.125rem;
      }

      form {
        display: grid;
        grid-template-columns: 1fr 1fr;
        align-items: end;
        gap: 0.625rem 0.75rem;
      }

      label {
        display: grid;
        gap: 0.125rem;
        font-size: 0.875rem;
        color: var(--ink-soft);
      }

      label > * {
        font-size: 1rem;
        color: var(--ink);
      }

      .wide {
        grid-column: 1 / -1;
      }

      footer {
        grid-column: 1 / -1;
        display: flex;
        justify-content: flex-end;
        gap: 0.5rem;
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Guest | null} Null for a new one. */
    this.guest = null;
    /** @type {Record<string, unknown>} What is known of a new one. */
    this.draft = {};
  }

  firstUpdated() {
    this.#dialog.showModal();
  }

  render() {
    const { guest } = this;
    /** @type {Partial<Guest>} */
    const party = guest ?? this.draft;
    const field = (
      /** @type {string} */ name,
      /** @type {string} */ text,
      /** @type {unknown} */ value,
      /** @type {Attributes} */ more = {},
    ) => html`
      <label class=${more.wide ? 'wide' : ''}>${text}
        <input name=${name} .value=${String(value ?? '')} type=${more.type ?? 'text'} inputmode=${more.type === 'number' ? 'numeric' : nothing}
          min=${more.min ?? nothing} max=${more.max ?? nothing} maxlength=${more.maxlength ?? nothing} ?required=${more.required ?? false} /></label>`;
    return html`
      <dialog @close=${() => ask(this, { what: 'close' })} aria-labelledby="title">
        <h2 id="title">${guest ? words.editor.edit(guest.guestName) : words.editor.add}</h2>
        <form method="dialog" @submit=${this.#save} autocomplete="off">
          ${field('guestName', words.name, party.guestName, { maxlength: 200, required: true })}
          ${field('partySize', words.sizeLabel, party.partySize, { type: 'number', min: 1, max: 99, required: true })}
          ${field('quotedWaitMinutes', words.editor.quoted, party.quotedWaitMinutes, { type: 'number', min: 0, max: 1440 })}
          ${field('reservationTime', words.editor.reservation, toLocal(party.reservationTime), { type: 'datetime-local' })}
          ${field('phone', words.editor.phone, party.phone, { type: 'tel', maxlength: 40 })}
          ${field('email', words.editor.email, party.email, { type: 'email', maxlength: 254 })}
          ${field('tags', words.editor.tags, party.tags?.join(', '), { wide: true })}
          <label class="wide">${words.editor.notes}<textarea name="notes" rows="3" maxlength="2000" .value=${party.notes ?? ''}></textarea></label>
          <footer>
            <button type="button" @click=${() => this.#dialog.close()}>${words.editor.cancel}</button>
            <button class="main">${guest ? words.editor.save : words.add}</button>
          </footer>
        </form>
      </dialog>
    `;
  }

  get #dialog() {
    return /** @type {HTMLDialogElement} */ (this.renderRoot.querySelector('dialog'));
  }

  /** @param {SubmitEvent & { target: HTMLFormElement }} event */
  #save({ target }) {
    const data = read(new FormData(target));
    if (!this.guest) {
      const source = data.reservationTime ? 'phone' : 'walk_in';
      ask(this, { what: 'wish', wish: addParty(`guest-${randomId()}`, { ...data, source }) });
      return;
    }
    const guest = /** @type {Record<string, any>} */ (this.guest);
    // The picker knows whole minutes: a time that still reads the same was not changed.
    const same = (/** @type {string} */ name, /** @type {unknown} */ value) =>
      name === 'reservationTime'
        ? toLocal(guest[name]) === toLocal(/** @type {string | null} */ (value))
        : JSON.stringify(guest[name]) === JSON.stringify(value);
    const changed = Object.fromEntries(Object.entries(data).filter(([name, value]) => !same(name, value)));
    if (Object.keys(changed).length > 0) ask(this, { what: 'wish', wish: editParty(this.guest, changed) });
  }
}

/**
 * @typedef {{ type?: string, min?: number, max?: number, maxlength?: number, required?: boolean, wide?: boolean }} Attributes
 */

/** @param {FormData} form */
function read(form) {
  const text = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
  const orNull = (/** @type {string} */ name) => text(name) || null;
  return {
    guestName: text('guestName'),
    partySize: Number(text('partySize')),
    quotedWaitMinutes: text('quotedWaitMinutes') === '' ? null : Number(text('quotedWaitMinutes')),
    reservationTime: text('reservationTime') === '' ? null : new Date(text('reservationTime')).toISOString(),
    phone: orNull('phone'),
    email: orNull('email'),
    tags: text('tags')
      .split(',')
      .map((tag) => tag.trim())
      .filter(Boolean),
    notes: orNull('notes'),
  };
}

/**
 * A time as a date picker writes it: on this device's clock, without a zone.
 *
 * @param {string | null | undefined} time
 */
function toLocal(time) {
  if (!time) return '';
  const date = new Date(time);
  return new Date(date.getTime() - date.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}

customElements.define('party-editor', PartyEditor);
