import { LitElement, css, html, nothing } from 'lit';
import { notify, rowsOf, seat } from '../floor/actions.js';
import { fitting, obstacle } from '../floor/seating.js';
import { counts } from '../floor/waitlist.js';
import { guestOf } from '../floor/preview.js';
import { deviceId, forget, write } from '../live/memory.js';
import { Stand } from '../stand.js';
import { words } from '../words.js';
import './floor-plan.js';
import './front-door.js';
import { usesKeys } from './help-sheet.js';
import { icon } from './icons.js';
import './link-sign.js';
import './party-editor.js';
import './service-strip.js';
import { shared } from './shared.js';
import './wait-list.js';

/**
 * @import { Action, Wish } from '../floor/actions.js'
 * @import { Guest, Table } from '../floor/types.js'
 * @import { View } from '../floor/waitlist.js'
 * @import { Refusal, View as Seen } from '../stand.js'
 * @import { Asked } from './ask.js'
 * @import { FloorPlan } from './floor-plan.js'
 * @import { WaitList } from './wait-list.js'
 */

/** How long it is said what was done, in ms, where it can't be undone. */
const SAID_MS = 6_000;

/** The whole of it: who is chosen, what is open, and what is done when something is asked for. */
export class HostStand extends LitElement {
  static properties = {
    seen: { state: true },
    door: { state: true },
    view: { state: true },
    search: { state: true },
    party: { state: true },
    table: { state: true },
    drag: { state: true },
    editing: { state: true },
    open: { state: true },
    drawer: { state: true },
    doubt: { state: true },
    hint: { state: true },
    said: { state: true },
  };

  static styles = [
    shared,
    css`
      /* What there is room for depends on the size of the letters as well, which only a container knows. */
      :host {
        display: block;
        container-type: size;
        height: 100dvh;
        padding: env(safe-area-inset-top) env(safe-area-inset-right) env(safe-area-inset-bottom) env(safe-area-inset-left);
      }

      .stand {
        display: grid;
        grid-template: auto minmax(0, 1fr) / 22.5rem minmax(0, 1fr);
        height: 100%;
      }

      main {
        display: contents;
      }

      header {
        grid-column: 1 / -1;
        display: flex;
        align-items: center;
        gap: 0.25rem;
        min-height: 3.5rem;
        padding: 0 0.75rem;
        border-bottom: 1px solid var(--line);
        background: var(--surface);
      }

      h1 {
        flex: 0 1 auto;
        min-width: 3rem;
        max-width: 11rem;
        margin: 0 0.75rem 0 0;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
        font-size: 1.0625rem;
      }

      service-strip {
        flex: 1;
        min-width: 0;
        overflow: hidden;
      }

      /* Its texts differ in length; what stands beside it must not move when it changes. */
      link-sign {
        flex: none;
        min-width: 9.75rem;
      }

      .list-button {
        display: none;
      }

      wait-list {
        border-right: 1px solid var(--line);
      }

      .bar {
        position: fixed;
        left: calc(23.25rem + env(safe-area-inset-left));
        bottom: calc(0.25rem + env(safe-area-inset-bottom));
        z-index: 6;
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

      .bar.refused {
        background: var(--passed);
        color: var(--surface);
      }

      .bar button {
        border-color: transparent;
        background: rgb(128 128 128 / 25%);
        color: inherit;
        font-weight: 600;
      }

      .doubt {
        position: absolute;
        left: calc(50% + 11.25rem);
        top: 40%;
        z-index: 7;
        transform: translate(-50%, -50%);
        width: 20rem;
        max-width: calc(100% - 2rem);
        padding: 1rem;
        border: 1px solid var(--line-strong);
        border-radius: 1rem;
        background: var(--surface);
        box-shadow: var(--shadow);
      }

      .doubt p {
        margin: 0 0 0.75rem;
      }

      .doubt div {
        display: flex;
        justify-content: flex-end;
        gap: 0.5rem;
      }

      .shade {
        display: none;
      }

      @container (max-width: 56rem) or (orientation: portrait) {
        .stand {
          grid-template-columns: minmax(0, 1fr);
        }

        .list-button {
          display: inline-flex;
        }

        .bar {
          left: calc(0.75rem + env(safe-area-inset-left));
        }

        .doubt {
          left: 50%;
        }

        wait-list {
          position: fixed;
          inset: 0 auto 0 0;
          z-index: 5;
          width: min(22.5rem, 100vw);
          padding-bottom: env(safe-area-inset-bottom);
          visibility: hidden;
          transform: translateX(-100%);
          transition:
            transform 180ms ease-out,
            visibility 180ms;
          box-shadow: var(--shadow);
        }

        /* Seen at once: what is not seen takes no cursor. */
        .drawer wait-list {
          visibility: visible;
          transform: none;
          transition: transform 180ms ease-out;
        }

        .drawer .shade {
          display: block;
          position: fixed;
          inset: 0;
          z-index: 4;
          background: rgb(0 0 0 / 40%);
        }
      }

      @container (max-width: 56rem) {
        header {
          flex-wrap: wrap;
          padding-block: 0.25rem;
        }

        h1 {
          flex: 1;
          min-width: 0;
          max-width: none;
        }

        /* A line of its own, which is as high whatever it says. */
        service-strip,
        link-sign {
          order: 1;
        }

        header::before {
          order: 1;
          flex: 0 0 100%;
          content: '';
        }

        link-sign {
          min-width: 0;
        }
      }

      @media (prefers-reduced-motion: reduce) {
        wait-list {
          transition: none !important;
        }
      }
    `,
  ];

  /** @type {Stand | null} */
  #stand = null;
  /** @type {number | null} */
  #frame = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #saidTimer;

  constructor() {
    super();
    /** @type {Seen | null} Null at the door. */
    this.seen = null;
    /** @type {{ restaurant: string | null, reason: string | null }} */
    this.door = { restaurant: new URLSearchParams(location.search).get('restaurant'), reason: null };
    /** @type {View} */
    this.view = 'waiting';
    this.search = '';
    /** @type {string | null} The party that was chosen, and for whom a table is being chosen. */
    this.party = null;
    /** @type {string | null} The table that was tapped. */
    this.table = null;
    /** @type {{ party: string, over: string | null } | null} */
    this.drag = null;
    this.editing = false;
    /** @type {null | 'help' | { party: string | null, draft: Record<string, unknown> }} */
    this.open = null;
    this.drawer = false;
    /** @type {{ guest: Guest, table: Table } | null} A party that is too many for the table. */
    this.doubt = null;
    /** @type {{ row: string, text: string } | null} Why a tap came to nothing. */
    this.hint = null;
    /** @type {{ text: string, refused: boolean, action: Action | null, quiet?: boolean } | null} Quiet: heard, and seen elsewhere. */
    this.said = null;
    this.addEventListener('ask', (event) => this.#answer(/** @type {CustomEvent<Asked>} */ (event).detail));
  }

  connectedCallback() {
    super.connectedCallback();
    document.addEventListener('keydown', this.#keys);
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener('keydown', this.#keys);
    this.#stand?.stop();
  }

  render() {
    const { seen } = this;
    if (!seen) {
      const { restaurant, reason } = this.door;
      return html`<front-door .restaurant=${restaurant} .reason=${reason}
        @enter=${(/** @type {CustomEvent<{ restaurant: string, token: string | null }>} */ { detail }) => this.#enter(detail)}></front-door>`;
    }
    const { floor, pending, now } = seen;
    const chooser = this.#chooser();
    const notes = this.#notes(seen);
    return html`
      <div class="stand ${this.drawer ? 'drawer' : ''}">
        <header>
          <button class="list-button" aria-label=${words.openList(counts(floor).waiting)} aria-expanded=${this.drawer} @click=${() => (this.drawer = !this.drawer)}>
            ${icon('list')}${counts(floor).waiting}
          </button>
          <h1>${floor.restaurant?.name ?? words.app}</h1>
          <service-strip .floor=${floor} .now=${now}></service-strip>
          <link-sign .truth=${seen.truth} .queued=${seen.queued}></link-sign>
          <button class="quiet" ?disabled=${!seen.undoable} aria-label=${seen.undoable ? words.undoLabel(words.did(seen.undoable)) : words.undo}
            @click=${() => this.#undo()}>${icon('undo')}</button>
          <button class="quiet" aria-label=${words.help.open} @click=${() => (this.open = 'help')}>${icon('help')}</button>
        </header>
        <main>
        <wait-list .floor=${floor} .pending=${pending} .view=${this.view} .search=${this.search} .chosen=${this.party} .notes=${notes} .now=${now}></wait-list>
        <div class="shade" @click=${() => (this.drawer = false)}></div>
        <floor-plan .floor=${floor} .pending=${pending} .chooser=${chooser} .over=${this.drag?.over ?? null} .chosen=${this.table}
          .notes=${notes} .editing=${this.editing} .now=${now}></floor-plan>
        ${this.doubt ? this.#asks(this.doubt) : nothing} ${this.#bar()} ${this.#dialog()}
        <div class="unseen" role="status">${this.said && !this.said.refused ? this.said.text : ''}</div>
        <div class="unseen" role="alert">${this.said?.refused ? this.said.text : (this.hint?.text ?? '')}</div>
        </main>
      </div>
    `;
  }

  /** The party for whom a table is being chosen. */
  #chooser() {
    const id = this.drag?.party ?? this.party;
    return id === null || this.editing ? null : (this.seen?.floor.guests.get(id) ?? null);
  }

  /**
   * What is told at rows, in words.
   *
   * @param {Seen} seen
   * @returns {ReadonlyMap<string, string>}
   */
  #notes({ refusals, floor }) {
    const notes = [...refusals].map(([row, { action, problem }]) => /** @type {const} */ ([row, words.refused(action, problem, floor)]));
    return new Map(this.hint ? [...notes, [this.hint.row, this.hint.text]] : notes);
  }

  #bar() {
    const { said } = this;
    // While the plan is edited it would cover the tools, and what was done can be seen.
    if (!said || said.quiet || (this.editing && !said.refused)) return nothing;
    const mayUndo = said.action !== null && this.seen?.undoable?.id === said.action.id;
    return html`<div class="bar ${said.refused ? 'refused' : ''}">
      <span aria-hidden="true">${said.text}</span>
      ${mayUndo
        ? html`<button @click=${() => this.#undo()}>${icon('undo')}${words.undo}</button>`
        : html`<button aria-label=${words.dismiss} @click=${() => (this.said = null)}>${icon('close')}</button>`}
    </div>`;
  }

  /** @param {{ guest: Guest, table: Table }} doubt */
  #asks({ guest, table }) {
    const sit = () => {
      this.doubt = null;
      this.#sit(guest, table, true);
    };
    return html`<div class="doubt" role="alertdialog" aria-labelledby="doubt">
      <p id="doubt">${words.seatAnyway(table, guest)}</p>
      <div>
        <button @click=${() => (this.doubt = null)}>${words.no}</button>
        <button class="main" autofocus @click=${sit}>${words.seatAnywayYes}</button>
      </div>
    </div>`;
  }

  #dialog() {
    const { open } = this;
    if (open === null) return nothing;
    if (open === 'help') return html`<help-sheet></help-sheet>`;
    const guest = open.party === null || !this.seen ? null : (guestOf(this.seen.floor, open.party) ?? null);
    return html`<party-editor .guest=${guest} .draft=${open.draft}></party-editor>`;
  }

  updated() {
    const question = /** @type {HTMLElement | null} */ (this.renderRoot.querySelector('.doubt [autofocus]'));
    if (question && !question.matches(':focus') && !this.renderRoot.querySelector('.doubt :focus')) question.focus();
  }

  /** @param {{ restaurant: string, token: string | null }} entry */
  #enter({ restaurant, token }) {
    write('token', token);
    history.replaceState(null, '', `?restaurant=${encodeURIComponent(restaurant)}`);
    const listener = {
      changed: () => this.#changed(),
      refused: (/** @type {Refusal} */ refusal, /** @type {string | undefined} */ row) => this.#refused(refusal, row),
      ended: (/** @type {string} */ reason) => this.#ended(reason),
    };
    this.#stand = new Stand(restaurant, { token, device: deviceId() }, listener);
    this.#stand.start();
    this.seen = this.#stand.view;
  }

  /** Draws what has changed, once a frame however often it changes. */
  #changed() {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (!this.#stand) return;
      this.seen = this.#stand.view;
      document.title = this.seen.floor.restaurant?.name ?? words.app;
      if (this.party !== null && !guestOf(this.seen.floor, this.party)) this.party = null;
    });
  }

  /**
   * @param {Refusal} refusal
   * @param {string | undefined} row
   */
  #refused({ action, problem }, row) {
    const text = words.refused(action, problem, this.#stand?.view.floor ?? /** @type {Seen} */ (this.seen).floor);
    // It stands at the row where it happened, unless nobody has that before their eyes.
    this.#say({ text, refused: true, action: null, quiet: row !== undefined && this.#plan?.shows(row) === true });
  }

  /** @param {string} reason */
  #ended(reason) {
    const { restaurant } = /** @type {Stand} */ (this.#stand);
    this.#stand?.stop();
    this.#stand = null;
    // What is known of guests here is no longer this device's to know.
    forget(reason === 'not_allowed' ? null : restaurant);
    const texts = /** @type {Record<string, string>} */ ({
      not_allowed: words.door.notAllowed,
      not_found: words.door.notFound(restaurant),
      restaurant_deleted: words.door.deleted,
    });
    this.door = { restaurant: reason === 'not_allowed' ? restaurant : null, reason: texts[reason] ?? reason };
    this.seen = null;
    this.party = this.table = this.said = this.hint = this.doubt = this.open = null;
  }

  /** @param {Asked} asked */
  #answer(asked) {
    this.hint = null;
    switch (asked.what) {
      case 'wish':
        this.#act(asked.wish);
        break;
      case 'notify': {
        const guest = this.seen?.floor.guests.get(asked.party);
        if (guest) this.#act(notify(guest, new Date(/** @type {Stand} */ (this.#stand).now).toISOString()));
        break;
      }
      case 'party':
        this.#choose(asked.id);
        break;
      case 'place':
        this.#choose(asked.party);
        this.drawer = false;
        break;
      case 'table':
        this.table = asked.id;
        break;
      case 'seat':
        this.#seat(asked.party, asked.table);
        break;
      case 'drag':
        this.drag = asked.party === null ? null : { party: asked.party, over: asked.over };
        break;
      case 'edit':
        this.open = { party: asked.party, draft: asked.draft ?? {} };
        break;
      case 'view':
        this.view = asked.view;
        this.search = '';
        break;
      case 'search':
        this.search = asked.text;
        break;
      case 'editing':
        this.editing = asked.on;
        this.table = this.party = null;
        break;
      case 'dismiss':
        this.#stand?.dismiss(asked.row);
        break;
      case 'undo':
        this.#undo();
        break;
      case 'help':
        this.open = 'help';
        break;
      case 'close':
        this.open = null;
        break;
    }
  }

  /** @param {string | null} id */
  #choose(id) {
    const guest = id === null ? undefined : this.seen && guestOf(this.seen.floor, id);
    this.party = guest ? guest.id : null;
    this.table = null;
    this.doubt = null;
  }

  /**
   * @param {string} party
   * @param {string} to
   */
  #seat(party, to) {
    const floor = this.seen?.floor;
    const [guest, table] = [floor?.guests.get(party), floor?.tables.get(to)];
    if (!floor || !guest || !table) return;
    const why = obstacle(guest, table);
    this.table = null;
    if (why === 'too_small') {
      this.doubt = { guest, table };
    } else if (why !== null) {
      this.hint = { row: table.id, text: words.obstacle(why, table, guest, floor) };
    } else {
      this.#sit(guest, table, false);
    }
  }

  /**
   * @param {Guest} guest
   * @param {Table} table
   * @param {boolean} override
   */
  #sit(guest, table, override) {
    this.#act(seat(guest, table, override));
    this.party = null;
    // Who was searched for is seen to: the others are wanted again.
    this.search = '';
  }

  /** @param {Wish} wish */
  #act(wish) {
    if (!this.#stand) return;
    const action = this.#stand.act(wish);
    this.#say({ text: words.did(action), refused: false, action });
    const names = rowsOf(action);
    if (this.party !== null && names.includes(this.party) && wish.verb === 'status') this.party = null;
  }

  #undo() {
    const undoable = this.#stand?.view.undoable;
    if (!undoable) return;
    this.#stand?.undo(undoable.id);
    this.#say({ text: words.did({ verb: 'undo', about: undoable.about }), refused: false, action: null });
  }

  /** @param {NonNullable<HostStand['said']>} said */
  #say(said) {
    clearTimeout(this.#saidTimer);
    this.said = said;
    this.#saidTimer = setTimeout(() => (this.said = null), SAID_MS);
  }

  /** @type {(event: KeyboardEvent) => void} */
  #keys = (event) => {
    if (!this.seen || event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (this.open !== null) return;
    const target = event.composedPath()[0];
    const field = target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement ? target : null;
    if (event.key === 'Escape') {
      this.#letGo(field);
      return;
    }
    if (field) return;
    const does = this.#keyActions[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!does || (event.key.length === 1 && !usesKeys())) return;
    event.preventDefault();
    does();
  };

  /** @type {Record<string, () => void>} */
  #keyActions = {
    n: () => this.#inList((list) => list.focusAdd()),
    '/': () => this.#inList((list) => list.focusSearch()),
    s: () => this.#seatByKeys(),
    z: () => this.#undo(),
    '?': () => (this.open = 'help'),
    ArrowDown: () => this.#inList((list) => list.focusParty(1)),
    ArrowUp: () => this.#inList((list) => list.focusParty(-1)),
    ArrowLeft: () => this.#plan?.focusTable(),
    ArrowRight: () => this.#plan?.focusTable(),
  };

  /** Goes to the first table that fits the party at which the cursor is. */
  #seatByKeys() {
    const id = this.party ?? this.#list?.focused ?? null;
    const guest = id === null ? undefined : this.seen?.floor.guests.get(id);
    if (!this.seen || !guest) return;
    this.#choose(guest.id);
    this.drawer = false;
    const [best] = fitting(this.seen.floor, guest);
    void this.updateComplete.then(() => this.#plan?.focusTable(best?.id));
  }

  /**
   * One thing at a time, the topmost first.
   *
   * @param {HTMLElement | null} field Where somebody types.
   */
  #letGo(field) {
    if (this.doubt) this.doubt = null;
    else if (this.hint) this.hint = null;
    else if (field) field.blur();
    else if (this.table !== null) this.table = null;
    else if (this.party !== null) this.party = null;
    else if (this.editing) this.editing = false;
    else if (this.drawer) this.drawer = false;
  }

  /** @param {(list: WaitList) => void} does */
  #inList(does) {
    this.drawer = true;
    void this.updateComplete.then(() => this.#list && does(this.#list));
  }

  get #list() {
    return /** @type {WaitList | null} */ (this.renderRoot.querySelector('wait-list'));
  }

  get #plan() {
    return /** @type {FloorPlan | null} */ (this.renderRoot.querySelector('floor-plan'));
  }
}

customElements.define('host-stand', HostStand);
