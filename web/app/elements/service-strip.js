import { LitElement, css, html } from 'lit';
import { figures } from '../floor/service.js';
import { NOTHING } from '../floor/fold.js';
import { words } from '../words.js';
import { shared } from './shared.js';

/**
 * @import { Floor } from '../floor/types.js'
 */

/** The evening in figures. */
export class ServiceStrip extends LitElement {
  static properties = { floor: { attribute: false }, now: { type: Number } };

  static styles = [
    shared,
    css`
      :host {
        container-type: inline-size;
      }

      @container (max-width: 6.74rem) {
        dl {
          visibility: hidden;
        }
      }

      dl {
        /* What there is no room for is not cut off but left out, the least important first: it is on a line that nobody sees. */
        display: flex;
        flex-wrap: wrap;
        height: 2.75rem;
        margin: 0;
        overflow: hidden;
        font-variant-numeric: tabular-nums;
      }

      div {
        flex: 1 0 6.75rem;
        display: flex;
        flex-direction: column-reverse;
        justify-content: center;
        height: 2.75rem;
        padding: 0 0.5rem 0 0.75rem;
        border-left: 1px solid var(--line);
        white-space: nowrap;
        overflow: hidden;
      }

      dt {
        font-size: 0.75rem;
        color: var(--ink-soft);
      }

      dd {
        margin: 0;
        font-weight: 600;
        overflow: hidden;
        text-overflow: ellipsis;
      }

      small {
        font: inherit;
        font-weight: 400;
        color: var(--ink-soft);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
    this.now = 0;
  }

  render() {
    const { parties, covers, seated, capacity, longestWait, turns } = figures(this.floor, this.now);
    const figure = (/** @type {string} */ name, /** @type {unknown} */ value) =>
      html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
    return html`
      <dl aria-label=${words.strip.label}>
        ${figure(words.strip.parties, parties)} ${figure(words.strip.covers, covers)}
        ${figure(words.strip.seated, html`${seated} <small>/ ${capacity}</small>`)}
        ${figure(words.strip.longest, longestWait === null ? words.strip.none : words.minutes(longestWait))}
        ${figure(words.strip.turns, turns)}
      </dl>
    `;
  }
}

customElements.define('service-strip', ServiceStrip);
