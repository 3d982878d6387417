import { LitElement, css, html, nothing } from 'lit';
import { ask } from '../live/api.js';
import { backoff } from '../live/backoff.js';
import { deviceId, forget, read, readFloor, write } from '../live/memory.js';
import { words } from '../words.js';
import { shared } from './shared.js';

/**
 * @import { Restaurant } from '../floor/types.js'
 */

/** Which restaurant it is, and whether this device may come in. Says `enter` with `{ restaurant, token }`. */
export class FrontDoor extends LitElement {
  static properties = {
    restaurant: { attribute: false },
    reason: { attribute: false },
    restaurants: { state: true },
    pairing: { state: true },
    fault: { state: true },
  };

  static styles = [
    shared,
    css`
      :host {
        display: grid;
        place-items: center;
        height: 100dvh;
        overflow-y: auto;
      }

      main {
        width: min(26rem, calc(100vw - 2rem));
        padding: 1.5rem;
        border: 1px solid var(--line);
        border-radius: 1rem;
        background: var(--surface);
      }

      h1 {
        margin: 0 0 0.25rem;
        font-size: 1.375rem;
      }

      p {
        color: var(--ink-soft);
      }

      .fault {
        color: var(--passed);
      }

      form,
      .list {
        display: grid;
        gap: 0.75rem;
      }

      label {
        display: grid;
        gap: 0.25rem;
        font-size: 0.875rem;
      }

      label input {
        font-size: 1.125rem;
      }
    `,
  ];

  #gone = false;

  constructor() {
    super();
    /** @type {string | null} The restaurant that was asked for. */
    this.restaurant = null;
    /** @type {string | null} Why this device is here again. */
    this.reason = null;
    /** @type {Restaurant[] | null} Null until it is known. */
    this.restaurants = null;
    this.pairing = false;
    /** @type {string | null} */
    this.fault = null;
  }

  connectedCallback() {
    super.connectedCallback();
    this.#gone = false;
    void this.#look();
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#gone = true;
  }

  render() {
    const { fault, reason } = this;
    return html`<main>
      <h1>${words.app}</h1>
      ${reason === null ? nothing : html`<p class="fault" role="alert">${reason}</p>`}
      ${fault === null ? nothing : html`<p class="fault" role="alert">${fault}</p>`}
      ${this.pairing ? this.#pair() : this.restaurants === null ? html`<p role="status">${words.door.opening}</p>` : this.#choose(this.restaurants)}
    </main>`;
  }

  #pair() {
    return html`
      <h2>${words.door.pair}</h2>
      <p>${words.door.pairHint}</p>
      <form @submit=${this.#trade} autocomplete="off">
        <label>${words.door.restaurant}<input name="restaurant" .value=${this.restaurant ?? ''} required /></label>
        <label>${words.door.code}<input name="code" inputmode="numeric" required /></label>
        <label>${words.door.deviceName}<input name="name" maxlength="100" .value=${words.app} required /></label>
        <button class="main">${words.door.letIn}</button>
      </form>
    `;
  }

  /** @param {Restaurant[]} restaurants */
  #choose(restaurants) {
    if (restaurants.length === 0) {
      return html`<p>${words.door.none}</p>
        <form @submit=${this.#open} autocomplete="off">
          <label>${words.door.newName}<input name="name" maxlength="200" required /></label>
          <button class="main">${words.door.open}</button>
        </form>`;
    }
    return html`<p>${words.door.choose}</p>
      <div class="list">${restaurants.map(({ id, name }) => html`<button @click=${() => this.#enter(id, read('token'))}>${name}</button>`)}</div>`;
  }

  /** Finds out which restaurants there are, for this device. */
  async #look() {
    // Not while whoever has this door is still drawing it.
    await this.updateComplete;
    // What is known here is shown at once. Should it not be this device's to know any more, it is told so when it joins.
    if (this.restaurant !== null && readFloor(this.restaurant)) return this.#enter(this.restaurant, read('token'));
    const last = read('restaurant');
    for (let failures = 1; !this.#gone; failures += 1) {
      const answer = await this.#ask({ method: 'GET', path: '/restaurants' });
      if (answer?.status === 200) {
        this.fault = null;
        this.#found(answer.body.restaurants);
        return;
      }
      if (answer?.status === 401 || answer?.status === 403) {
        // Sent away while nobody looked: what it knew of guests is not its own any more, here as little as on the socket.
        this.fault = read('token') === null ? null : words.door.notAllowed;
        forget(null);
        this.pairing = true;
        return;
      }
      const isAway = answer === null || answer.status >= 500;
      if (isAway && this.restaurant === null && last !== null && readFloor(last))
        return this.#enter(last, read('token'));
      this.fault = answer?.body?.detail ?? words.door.away;
      await new Promise((resolve) => setTimeout(resolve, backoff(failures)));
    }
  }

  /** @param {Restaurant[]} restaurants */
  #found(restaurants) {
    const [only] = restaurants;
    const wanted = this.restaurant;
    if (wanted !== null && restaurants.some(({ id }) => id === wanted)) return this.#enter(wanted, read('token'));
    if (wanted !== null) this.fault = words.door.notFound(wanted);
    else if (only && restaurants.length === 1 && this.reason === null) return this.#enter(only.id, read('token'));
    this.restaurants = restaurants;
  }

  /** @param {SubmitEvent & { target: HTMLFormElement }} event */
  async #trade(event) {
    event.preventDefault();
    const fields = new FormData(event.target);
    const restaurant = String(fields.get('restaurant')).trim();
    const body = { code: String(fields.get('code')).trim(), name: String(fields.get('name')).trim() };
    const answer = await this.#ask({
      method: 'POST',
      path: `/restaurants/${encodeURIComponent(restaurant)}/devices`,
      body,
    });
    if (answer?.status === 201) this.#enter(restaurant, answer.body.token);
    else this.fault = answer?.body?.detail ?? words.door.away;
  }

  /** @param {SubmitEvent & { target: HTMLFormElement }} event */
  async #open(event) {
    event.preventDefault();
    const name = String(new FormData(event.target).get('name')).trim();
    const id =
      name
        .normalize('NFD')
        .toLowerCase()
        .replace(/[^a-z0-9]+/gu, '-')
        .replace(/^-|-$/gu, '')
        .slice(0, 64) || 'restaurant';
    const timezone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    const answer = await this.#ask({ method: 'POST', path: '/restaurants', body: { id, name, timezone } });
    if (answer?.status === 201) this.#enter(id, read('token'));
    else this.fault = answer?.body?.detail ?? words.door.away;
  }

  /** @param {{ method: 'GET' | 'POST', path: string, body?: unknown }} request */
  #ask(request) {
    return ask({ token: read('token'), device: deviceId() }, request).catch(() => null);
  }

  /**
   * @param {string} restaurant
   * @param {string | null} token
   */
  #enter(restaurant, token) {
    write('restaurant', restaurant);
    this.dispatchEvent(new CustomEvent('enter', { detail: { restaurant, token } }));
  }
}

customElements.define('front-door', FrontDoor);
