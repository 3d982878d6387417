import { LitElement, css, html } from 'lit';
import { deviceId, forget, write } from '../live/memory.js';
import { Stand } from '../stand.js';
import { words } from '../words.js';
import './front-door.js';
import './service-screen.js';

/**
 * @import { View } from '../stand.js'
 * @import { Asked } from './ask.js'
 * @import { ServiceScreen } from './service-screen.js'
 */

/** The whole of it: the door, and behind it one restaurant's evening. */
export class HostStand extends LitElement {
  static properties = { seen: { state: true }, door: { state: true } };

  static styles = css`
    :host {
      display: block;
      height: 100dvh;
    }
  `;

  /** @type {Stand | null} */
  #stand = null;
  /** @type {number | null} */
  #frame = null;

  constructor() {
    super();
    /** @type {View | null} Null at the door. */
    this.seen = null;
    /** @type {{ restaurant: string | null, reason: string | null }} */
    this.door = { restaurant: new URLSearchParams(location.search).get('restaurant'), reason: null };
    this.addEventListener('ask', (event) => {
      const { what } = /** @type {CustomEvent<Asked>} */ (event).detail;
      if (what === 'leave') this.#leave({ restaurant: null, reason: null });
    });
  }

  disconnectedCallback() {
    super.disconnectedCallback();
    this.#stand?.stop();
  }

  render() {
    if (this.seen && this.#stand)
      return html`<service-screen .stand=${this.#stand} .seen=${this.seen}></service-screen>`;
    const { restaurant, reason } = this.door;
    return html`<front-door .restaurant=${restaurant} .reason=${reason}
      @enter=${(/** @type {CustomEvent<{ restaurant: string, token: string | null }>} */ { detail }) => this.#enter(detail)}></front-door>`;
  }

  /** @param {{ restaurant: string, token: string | null }} entry */
  #enter({ restaurant, token }) {
    write('token', token);
    history.replaceState(null, '', `?restaurant=${encodeURIComponent(restaurant)}`);
    this.#stand = new Stand(
      restaurant,
      { token, device: deviceId() },
      {
        changed: () => this.#changed(),
        refused: (refusal, row) => this.#screen?.tell(refusal, row),
        ended: (reason) => this.#ended(reason),
      },
    );
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
    });
  }

  /** @param {string} reason */
  #ended(reason) {
    const { restaurant } = /** @type {Stand} */ (this.#stand);
    // What is known of guests here is no longer this device's to know.
    forget(reason === 'not_allowed' ? null : restaurant);
    const texts = /** @type {Record<string, string>} */ ({
      not_allowed: words.door.notAllowed,
      not_found: words.door.notFound(restaurant),
      restaurant_deleted: words.door.deleted,
    });
    this.#leave({ restaurant: reason === 'not_allowed' ? restaurant : null, reason: texts[reason] ?? reason });
  }

  /**
   * Back to the door.
   *
   * @param {HostStand['door']} door
   */
  #leave(door) {
    this.#stand?.stop();
    this.#stand = null;
    this.seen = null;
    this.door = door;
  }

  get #screen() {
    return /** @type {ServiceScreen | null} */ (this.renderRoot.querySelector('service-screen'));
  }
}

customElements.define('host-stand', HostStand);
