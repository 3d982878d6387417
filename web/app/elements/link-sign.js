import { LitElement, css, html } from 'lit';
import { words } from '../words.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/**
 * @import { Truth } from '../stand.js'
 */

/** How true the screen is: always there, and quiet as long as all is well. */
export class LinkSign extends LitElement {
  static properties = { truth: { attribute: false }, queued: { type: Number } };

  static styles = [
    shared,
    css`
      :host {
        display: flex;
        align-items: center;
        justify-content: flex-end;
        gap: 0.375rem;
        font-size: 0.875rem;
        color: var(--ink-soft);
        white-space: nowrap;
        font-variant-numeric: tabular-nums;
      }

      .sign {
        display: flex;
        align-items: center;
        gap: 0.375rem;
        padding: 0.25rem 0.625rem;
        border-radius: 1rem;
      }

      .live svg {
        color: var(--available-line);
      }

      .catching_up {
        background: var(--sunken);
        color: var(--ink);
      }

      .offline {
        background: var(--passed-soft);
        color: var(--passed);
        font-weight: 600;
      }

      .queued {
        padding: 0.25rem 0.625rem;
        border-radius: 1rem;
        background: var(--near-soft);
        color: var(--near);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Truth} */
    this.truth = { state: 'catching_up', since: 0 };
    this.queued = 0;
  }

  render() {
    const { state, since } = this.truth;
    const text = state === 'offline' ? words.truth.offline(since) : words.truth[state];
    return html`
      ${this.queued > 0 && state !== 'live' ? html`<span class="queued">${words.truth.queued(this.queued)}</span>` : ''}
      <span class="sign ${state}" role="status">${icon(state)}<span class="text">${text}</span></span>
    `;
  }
}

customElements.define('link-sign', LinkSign);
