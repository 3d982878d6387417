import { LitElement, css, html } from 'lit';
import { NOTHING } from '../floor/fold.js';
import { words } from '../words.js';
import { icon } from './icons.js';
import { shared } from './shared.js';

/**
 * @import { Floor, TableStatus } from '../floor/types.js'
 */

/** @type {TableStatus[]} */
const STATUSES = ['available', 'reserved', 'occupied', 'dirty', 'out_of_service'];

/** What the pictures on the tables mean, and how many tables have each. */
export class PlanLegend extends LitElement {
  static properties = { floor: { attribute: false } };

  static styles = [
    shared,
    css`
      ul {
        display: flex;
        flex-wrap: wrap;
        gap: 0.25rem 1rem;
        margin: 0;
        padding: 0.375rem 0.75rem;
        border-top: 1px solid var(--line);
        list-style: none;
        font-size: 0.8125rem;
        color: var(--ink-soft);
        font-variant-numeric: tabular-nums;
      }

      li {
        display: flex;
        align-items: center;
        gap: 0.25rem;
      }

      li b {
        /* A tenth table moves nobody. */
        min-width: 2ch;
        text-align: right;
        color: var(--ink);
      }
    `,
  ];

  constructor() {
    super();
    /** @type {Floor} */
    this.floor = NOTHING;
  }

  render() {
    const tables = [...this.floor.tables.values()];
    const each = (/** @type {TableStatus} */ status) => html`
      <li>${icon(status)}<b>${tables.filter((table) => table.status === status).length}</b>${words.tableStatus[status]}</li>
    `;
    return html`<ul aria-label=${words.legend}>${STATUSES.map(each)}</ul>`;
  }
}

customElements.define('plan-legend', PlanLegend);
