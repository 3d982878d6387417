/** How a table is drawn, seen from above: its top, its chairs, and a ring that fills while somebody sits there. */

import { css, html, nothing, svg } from 'lit';
import { chairs, size } from '../floor/plan.js';

/**
 * @import { Table } from '../floor/types.js'
 */

/** How much of a table's drawing lies outside of it (chairs, the ring), in units. */
export const AROUND = 16;

/** Half of the line that a chair is drawn along, in units. */
const CHAIR_HALF = 3;

export const drawingStyles = css`
  :host(:hover) .top {
    filter: brightness(0.96);
  }

  .halo {
    display: none;
    fill: none;
    stroke: var(--focus);
    stroke-width: 5;
  }

  button:focus-visible ~ svg.drawing .halo,
  :host([chosen]) svg.drawing .halo {
    display: inline;
  }

  svg.drawing {
    position: absolute;
    inset: 0;
    width: 100%;
    height: 100%;
    overflow: visible;
    pointer-events: none;
  }

  .chairs {
    stroke: var(--table-line);
    stroke-width: 14;
    stroke-linecap: round;
  }

  .seats {
    stroke: var(--surface);
    stroke-width: 10;
    stroke-linecap: round;
  }

  .top {
    fill: var(--table);
    stroke: var(--table-line);
    stroke-width: 2;
  }

  .reserved .top {
    stroke-dasharray: 9 5;
    stroke-width: 3;
  }

  .out_of_service .top {
    stroke-dasharray: 3 5;
  }

  .ring {
    fill: none;
    stroke: var(--ring);
    stroke-width: 6;
    stroke-linecap: round;
  }

  .ring.over {
    stroke: var(--ring-over);
  }

  :host([pending]) .top {
    stroke: var(--near);
    stroke-width: 4;
    stroke-dasharray: 8 6;
  }

  .available {
    --table: var(--available);
    --table-ink: var(--available-ink);
    --table-line: var(--available-line);
  }

  .reserved {
    --table: var(--reserved);
    --table-ink: var(--reserved-ink);
    --table-line: var(--reserved-line);
  }

  .occupied {
    --table: var(--occupied);
    --table-ink: var(--occupied-ink);
    --table-line: var(--occupied-line);
  }

  .dirty {
    --table: var(--dirty);
    --table-ink: var(--dirty-ink);
    --table-line: var(--dirty-line);
  }

  .out_of_service {
    --table: var(--out-of-service);
    --table-ink: var(--out-of-service-ink);
    --table-line: var(--out-of-service-line);
  }

  .fits .top {
    stroke: var(--accent);
    stroke-width: 5;
  }

  :host([over]) .top {
    stroke: var(--focus);
    stroke-width: 7;
  }

  .blocked svg.drawing {
    opacity: 0.45;
  }
`;

/**
 * @param {Table} table
 * @param {number | null} turn How much of the usual turn is over, 1 being all of it; null where nobody sits.
 */
export function drawing(table, turn) {
  const { width, height } = size(table);
  const round = table.shape === null || table.shape === 'round' || table.shape === 'oval';
  // The box is that of the unturned table: what is turned may lie outside of it.
  const box = { width: width + 2 * AROUND, height: height + 2 * AROUND };
  const lines = chairLines(table);
  return html`
    <svg class="drawing" viewBox="${-box.width / 2} ${-box.height / 2} ${box.width} ${box.height}" aria-hidden="true">
      <g transform="rotate(${table.rotation ?? 0})">
        <path class="chairs" d=${lines} /><path class="seats" d=${lines} />
        ${outline('halo', width + 13, height + 13, round)} ${outline('top', width, height, round)}
        ${turn === null ? nothing : outline(turn > 1 ? 'ring over' : 'ring', width - 6, height - 6, round, turn)}
      </g>
    </svg>
  `;
}

/**
 * A table's chairs as lines, drawn as thick as chairs are. A box for each, turned in its own way, takes the browser several times
 * as long where there are hundreds.
 *
 * @param {Table} table
 * @returns {string}
 */
function chairLines(table) {
  const lines = chairs(table).map(({ x, y, turn }) => {
    const angle = (turn * Math.PI) / 180;
    const [dx, dy] = [Math.cos(angle) * CHAIR_HALF, Math.sin(angle) * CHAIR_HALF];
    return `M${x - dx} ${y - dy}L${x + dx} ${y + dy}`;
  });
  return lines.join('');
}

/**
 * A table's outline, or the first part of it.
 *
 * @param {string} kind
 * @param {number} width
 * @param {number} height
 * @param {boolean} round
 * @param {number} [part] 1 is all of it; of nothing, too, there is a beginning to be seen.
 */
function outline(kind, width, height, round, part) {
  const [rx, ry] = round ? [width / 2, height / 2] : [10, 10];
  return svg`<rect class=${kind} x=${-width / 2} y=${-height / 2} width=${width} height=${height} rx=${rx} ry=${ry}
    pathLength=${part === undefined ? nothing : 1} stroke-dasharray=${part === undefined ? nothing : `${Math.min(1, Math.max(0.01, part))} 1`}/>`;
}
