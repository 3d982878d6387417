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
      dl {
        display: grid;
        grid-auto-flow: column;
        grid-auto-columns: minmax(6.75rem, 1fr);
        margin: 0;
        font-variant-numeric: tabular-nums;
      }

      div {
        display: flex;
        flex-direction: column-reverse;
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
    const figure = (/** @type {string} */ name, /** @type {unknown} */ value) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`;
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
