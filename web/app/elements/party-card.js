import { LitElement, css, html, nothing } from 'lit';
import { setStatus, unseat } from '../floor/actions.js';
import { isExpected, isOver, isWaiting } from '../floor/statuses.js';
import { left, promise, waited } from '../floor/waitlist.js';
import { clockOrDay, words } from '../words.js';
import { ask } from './ask.js';
import { icon } from './icons.js';
import './row-note.js';
import { shared } from './shared.js';

/**
 * @import { Guest, GuestStatus } from '../floor/types.js'
 * @import { IconName } from './icons.js'
 */

/** One party on the list. Chosen, it opens, and says what can be done with it. */
export class PartyCard extends LitElement {
  static properties = {
    guest: { attribute: false },
    tableNumber: { attribute: false },
    chosen: { type: Boolean, reflect: true },
    pending: { type: Boolean, reflect: true },
    minute: { type: Number },
    note: { attribute: false },
  };

  static styles = [
    shared,
    css`
      :host {
        position: relative;
        display: block;
        height: 100%;
        border-bottom: 1px solid var(--line);
        overflow: hidden;
      }

      :host([chosen]) {
        background: var(--accent-soft);
        box-shadow: inset 4px 0 0 var(--accent);
      }

      .row {
        display: grid;
        grid-template-columns: 3rem minmax(0, 1fr) auto;
        align-items: center;
        height: 4.5rem;
        padding-left: 0.75rem;
        gap: 0.25rem;
      }

      .party {
        display: contents;
      }

      button.open {
        grid-column: 1 / 3;
        display: grid;
        grid-template-columns: 2.5rem 1fr;
        justify-content: start;
        text-align: left;
        gap: 0.625rem;
        height: 4.25rem;
        padding: 0;
        border: none;
        background: none;
        /* Sideways is a drag; up and down still scrolls the list. */
        touch-action: pan-y;
        user-select: none;
        -webkit-user-select: none;
        -webkit-touch-callout: none;
      }

      .size {
        display: grid;
        place-items: center;
        width: 2.5rem;
        height: 2.5rem;
        border-radius: 50%;
        background: var(--sunken);
        font-weight: 700;
        font-variant-numeric: tabular-nums;
      }

      .text {
        min-width: 0;
      }

      .name,
      .about,
      .more {
        display: block;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }

      .name {
        font-weight: 600;
      }

      .about {
        font-size: 0.8125rem;
        color: var(--ink-soft);
        font-variant-numeric: tabular-nums;
      }

      .near,
      .passed {
        padding: 0 0.375rem;
        border-radius: 0.375rem;
        font-weight: 600;
      }

      .near {
        background: var(--near-soft);
        color: var(--near);
      }

      .passed {
        background: var(--passed-soft);
        color: var(--passed);
      }

      .more {
        font-size: 0.75rem;
        color: var(--ink-soft);
      }

      .tag {
        padding: 0 0.375rem;
        border: 1px solid var(--line-strong);
        border-radius: 0.75rem;
      }

      .more svg,
      .name svg {
        vertical-align: -0.15em;
      }

      :host([pending]) .size {
        outline: 2px dashed var(--line-strong);
        outline-offset: -2px;
      }

      .quick {
        flex-direction: column;
        gap: 0;
        width: 3.5rem;
        height: 3.25rem;
        margin-right: 0.625rem;
        padding: 0;
        font-size: 0.75rem;
      }

      .quick svg {
        width: 1.25rem;
        height: 1.25rem;
      }

      .actions {
        display: grid;
        grid-template-columns: repeat(3, 1fr);
        gap: 0.375rem;
        padding: 0 0.75rem;
      }

      .actions button {
        padding: 0 0.25rem;
        font-size: 0.875rem;
      }

      /* Letters twice as large, on a phone. */
      @container (max-width: 18rem) {
        .actions {
          gap: 0.125rem;
          padding: 0 0.25rem;
        }

        .actions button {
          padding: 0;
          font-size: 0.6875rem;
        }

        .actions svg {
          display: none;
        }
      }

      row-note {
        position: absolute;
        inset: auto 0.5rem 0.375rem 0.75rem;
        z-index: 1;
      }
    `,
  ];

  constructor() {
    super();
    // Always given by whoever makes one.
    this.guest = /** @type {Guest} */ (/** @type {unknown} */ (undefined));
    /** @type {string | null} */
    this.tableNumber = null;
    this.chosen = false;
    this.pending = false;
    /** Now, in whole minutes: what is drawn changes no more often. */
    this.minute = 0;
    /** @type {string | null} Why something about this party was refused. */
    this.note = null;
  }

  focus() {
    this.renderRoot.querySelector('button')?.focus();
  }

  render() {
    const { guest } = this;
    return html`
      <div class="row">
        <button class="open" aria-expanded=${this.chosen} @click=${() => ask(this, { what: 'party', id: this.chosen ? null : guest.id })}>
          <span class="size"><span class="unseen">${words.partyOfSize(guest.partySize)}</span><span aria-hidden="true">${guest.partySize}</span></span>
          <span class="text">
            <span class="name">${guest.guestName}</span>
            ${this.#about()} ${this.#more()}
          </span>
        </button>
        ${this.#quick()}
      </div>
      ${this.chosen ? html`<div class="actions" role="group" aria-label=${words.actionsFor(guest.guestName)}>${this.#actions()}</div>` : nothing}
      ${this.note === null ? nothing : html`<row-note .row=${guest.id} .text=${this.note}></row-note>`}
    `;
  }

  #about() {
    const { guest, minute } = this;
    const now = minute * 60_000;
    const parts = [html`${words.guestStatus[guest.status]}`];
    const minutes = waited(guest, now);
    if (isExpected(guest.status) && guest.reservationTime) parts.push(html`${clockOrDay(guest.reservationTime, now)}`);
    if (isWaiting(guest.status) && minutes !== null) {
      parts.push(
        html`<span aria-hidden="true">${words.waited(minutes)}</span><span class="unseen">${words.waitedLabel(minutes)}</span>`,
      );
    }
    if (guest.status === 'seated' && this.tableNumber !== null) parts.push(html`${words.atTable(this.tableNumber)}`);
    if (isOver(guest.status) && guest.finishedTime) parts.push(html`${words.leftAt(guest.finishedTime)}`);
    const remaining = left(guest, now);
    const kept = promise(guest, now);
    if (remaining !== null && guest.quotedWaitMinutes !== null && kept !== 'none') {
      const text = words.quoted[kept](guest.quotedWaitMinutes, remaining);
      parts.push(
        html`<span class=${kept}>${text}</span>${kept === 'ahead' ? nothing : html`<span class="unseen">${words.quotedLabel(guest.quotedWaitMinutes)}</span>`}`,
      );
    }
    return html`<span class="about">${joined(parts)}</span>`;
  }

  #more() {
    const { guest } = this;
    const parts = guest.tags.map((tag) => html`<span class="tag">${tag}</span>`);
    if (this.pending) parts.unshift(html`${icon('pending')} ${words.pending}`);
    if (guest.notifiedTime && !isOver(guest.status) && guest.status !== 'seated') {
      parts.unshift(html`${icon('notify')} ${words.notifiedAt(guest.notifiedTime)}`);
    }
    if (guest.notes) parts.push(html`${icon('note')} ${guest.notes}`);
    return parts.length === 0 ? nothing : html`<span class="more">${parts.map((part) => html`${part} `)}</span>`;
  }

  /** What is likeliest to be done next, in one tap. */
  #quick() {
    const { guest } = this;
    if (isExpected(guest.status)) return this.#button('quick', words.arrived, 'arrived', () => this.#status('arrived'));
    if (guest.status === 'seated') return this.#button('quick', words.finish, 'live', () => this.#status('finished'));
    if (isOver(guest.status)) return this.#button('quick', words.restoreShort, 'undo', () => this.#status('waiting'));
    return this.#button('quick', words.seat, 'seat', () => ask(this, { what: 'place', party: guest.id }));
  }

  #actions() {
    const { guest } = this;
    const notice = () =>
      this.#button('', guest.notifiedTime ? words.notifyAgain : words.notify, 'notify', () =>
        ask(this, { what: 'notify', party: guest.id }),
      );
    const edit = this.#button('', words.editParty, 'edit', () => ask(this, { what: 'edit', party: guest.id }));
    const status = (
      /** @type {GuestStatus} */ to,
      /** @type {string} */ text,
      /** @type {IconName} */ name,
      kind = '',
    ) => this.#button(kind, text, name, () => this.#status(to));
    const noShow = () => status('no_show', words.noShow, 'out_of_service', 'danger');
    const cancel = () => status('cancelled', words.cancel, 'close', 'danger');
    if (guest.status === 'seated') {
      return [
        this.#button('', words.unseat, 'list', () => ask(this, { what: 'wish', wish: unseat(guest) })),
        edit,
        cancel(),
      ];
    }
    if (isOver(guest.status)) return [edit];
    if (isExpected(guest.status)) {
      return [
        status('running_late', words.late, 'late'),
        status('partially_arrived', words.partlyHere, 'occupied'),
        edit,
        notice(),
        noShow(),
        cancel(),
      ];
    }
    const here =
      guest.status === 'arrived'
        ? status('waiting', words.guestStatus.waiting, 'pending')
        : status('arrived', words.arrived, 'arrived');
    return [notice(), here, edit, status('running_late', words.late, 'late'), noShow(), cancel()];
  }

  /**
   * @param {string} kind
   * @param {string} text
   * @param {IconName} name
   * @param {() => void} does
   */
  #button(kind, text, name, does) {
    const label = kind === 'quick' ? `${text}: ${this.guest.guestName}` : text;
    return html`<button class=${kind} aria-label=${label} @click=${does}>${icon(name)}${text}</button>`;
  }

  /** @param {GuestStatus} status */
  #status(status) {
    ask(this, { what: 'wish', wish: setStatus(this.guest, status) });
  }
}

/** @param {unknown[]} parts */
function joined(parts) {
  return parts.map((part, index) => (index === 0 ? part : html` · ${part}`));
}

customElements.define('party-card', PartyCard);
