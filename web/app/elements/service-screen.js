import { LitElement, html, nothing } from 'lit';
import { notify, rowsOf, seat } from '../floor/actions.js';
import { fitting, obstacle } from '../floor/seating.js';
import { counts } from '../floor/waitlist.js';
import { guestOf } from '../floor/preview.js';
import { words } from '../words.js';
import './floor-plan.js';
import { usesKeys } from './help-sheet.js';
import { icon } from './icons.js';
import { layout } from './layout.js';
import './link-sign.js';
import './party-editor.js';
import './said-bar.js';
import './seat-question.js';
import './service-strip.js';
import { shared } from './shared.js';
import './wait-list.js';

/**
 * @import { Action, Wish } from '../floor/actions.js'
 * @import { Guest, Table } from '../floor/types.js'
 * @import { View } from '../floor/waitlist.js'
 * @import { Refusal, Stand, View as Seen } from '../stand.js'
 * @import { Asked } from './ask.js'
 * @import { FloorPlan } from './floor-plan.js'
 * @import { WaitList } from './wait-list.js'
 */

/** How long it is said what was done, in ms, where it can't be undone. */
const SAID_MS = 6_000;

/** One restaurant's evening: who is chosen, what is open, and what is done when something is asked for. */
export class ServiceScreen extends LitElement {
  static properties = {
    stand: { attribute: false },
    seen: { attribute: false },
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

  static styles = [shared, layout];

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #saidTimer;

  constructor() {
    super();
    // Always given by whoever makes one.
    this.stand = /** @type {Stand} */ (/** @type {unknown} */ (undefined));
    this.seen = /** @type {Seen} */ (/** @type {unknown} */ (undefined));
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
  }

  render() {
    const { seen } = this;
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
        ${this.doubt ? html`<seat-question .guest=${this.doubt.guest} .table=${this.doubt.table}></seat-question>` : nothing}
        ${this.#bar()} ${this.#dialog()}
        <div class="unseen" role="status">${this.said && !this.said.refused ? this.said.text : ''}</div>
        <div class="unseen" role="alert">${this.said?.refused ? this.said.text : (this.hint?.text ?? '')}</div>
        </main>
      </div>
    `;
  }

  /** The party for whom a table is being chosen. */
  #chooser() {
    const id = this.drag?.party ?? this.party;
    return id === null || this.editing ? null : (this.seen.floor.guests.get(id) ?? null);
  }

  /**
   * What is told at rows, in words.
   *
   * @param {Seen} seen
   * @returns {ReadonlyMap<string, string>}
   */
  #notes({ refusals, floor }) {
    const notes = [...refusals].map(
      ([row, { action, problem }]) => /** @type {const} */ ([row, words.refused(action, problem, floor)]),
    );
    return new Map(this.hint ? [...notes, [this.hint.row, this.hint.text]] : notes);
  }

  #bar() {
    const { said } = this;
    // While the plan is edited it would cover the tools, and what was done can be seen.
    if (!said || said.quiet || (this.editing && !said.refused)) return nothing;
    const undoable = said.action !== null && this.seen.undoable?.id === said.action.id;
    return html`<said-bar .text=${said.text} .refused=${said.refused} .undoable=${undoable}></said-bar>`;
  }

  #dialog() {
    const { open } = this;
    if (open === null) return nothing;
    if (open === 'help') return html`<help-sheet></help-sheet>`;
    const guest = open.party === null ? null : (guestOf(this.seen.floor, open.party) ?? null);
    return html`<party-editor .guest=${guest} .draft=${open.draft}></party-editor>`;
  }

  /** @param {Map<string, unknown>} changed */
  willUpdate(changed) {
    if (this.party !== null && !guestOf(this.seen.floor, this.party)) this.party = null;
    // One that has only just been added is not there yet.
    if (changed.has('seen') && this.table !== null && !this.seen.floor.tables.has(this.table)) this.table = null;
  }

  /**
   * Says why something was refused.
   *
   * @param {Refusal} refusal
   * @param {string | undefined} row Where it is told as well.
   */
  tell({ action, problem }, row) {
    const text = words.refused(action, problem, this.stand.view.floor);
    // It stands at the row where it happened, unless nobody has that before their eyes.
    this.#say({ text, refused: true, action: null, quiet: row !== undefined && this.#plan?.shows(row) === true });
  }

  /** @param {Asked} asked */
  #answer(asked) {
    this.hint = null;
    switch (asked.what) {
      case 'wish':
        this.#act(asked.wish);
        break;
      case 'notify': {
        const guest = this.seen.floor.guests.get(asked.party);
        if (guest) this.#act(notify(guest, new Date(this.stand.now).toISOString()));
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
        this.#seat(asked.party, asked.table, asked.override ?? false);
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
        this.stand.dismiss(asked.row);
        break;
      case 'undo':
        this.#undo();
        break;
      case 'hush':
        this.said = this.doubt = null;
        break;
      case 'close':
        this.open = null;
        break;
    }
  }

  /** @param {string | null} id */
  #choose(id) {
    const guest = id === null ? undefined : guestOf(this.seen.floor, id);
    this.party = guest ? guest.id : null;
    this.table = null;
    this.doubt = null;
  }

  /**
   * @param {string} party
   * @param {string} to
   * @param {boolean} override Whether it may be too many for the table.
   */
  #seat(party, to, override) {
    const { floor } = this.seen;
    const [guest, table] = [floor.guests.get(party), floor.tables.get(to)];
    this.table = this.doubt = null;
    if (!guest || !table) return;
    const why = obstacle(guest, table);
    if (why === null || (why === 'too_small' && override)) {
      this.#act(seat(guest, table, override));
      this.party = null;
      // Who was searched for is seen to: the others are wanted again.
      this.search = '';
    } else if (why === 'too_small') {
      this.doubt = { guest, table };
    } else {
      this.hint = { row: table.id, text: words.obstacle(why, table, guest, floor) };
    }
  }

  /** @param {Wish} wish */
  #act(wish) {
    const action = this.stand.act(wish);
    this.#say({ text: words.did(action), refused: false, action });
    if (this.party !== null && rowsOf(action).includes(this.party) && wish.verb === 'status') this.party = null;
  }

  #undo() {
    const { undoable } = this.stand.view;
    if (!undoable) return;
    this.stand.undo(undoable.id);
    this.#say({ text: words.did({ verb: 'undo', about: undoable.about }), refused: false, action: null });
  }

  /** @param {NonNullable<ServiceScreen['said']>} said */
  #say(said) {
    clearTimeout(this.#saidTimer);
    this.said = said;
    this.#saidTimer = setTimeout(() => (this.said = null), SAID_MS);
  }

  /** @type {(event: KeyboardEvent) => void} */
  #keys = (event) => {
    if (event.defaultPrevented || event.altKey || event.ctrlKey || event.metaKey) return;
    if (this.open !== null) return;
    const target = event.composedPath()[0];
    const field =
      target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement
        ? target
        : null;
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
    const guest = id === null ? undefined : this.seen.floor.guests.get(id);
    if (!guest) return;
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

customElements.define('service-screen', ServiceScreen);
