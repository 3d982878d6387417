/** The pictures that stand beside words. All of them are decoration: whoever can't see them reads the words. */

import { svg, html } from 'lit';

const paths = {
  available: svg`<circle cx="12" cy="12" r="8"/>`,
  reserved: svg`<path d="M7 4h10v16l-5-4-5 4z"/>`,
  occupied: svg`<circle cx="9" cy="8" r="3.5"/><path d="M3 20c0-4 2.5-6 6-6s6 2 6 6M16 5a3.5 3.5 0 0 1 0 7M18 14.5c2 .8 3 2.6 3 5.5"/>`,
  dirty: svg`<path d="M12 3v7M8 21l1-8h6l1 8zM7 13h10"/>`,
  out_of_service: svg`<circle cx="12" cy="12" r="8.5"/><path d="m6 6 12 12"/>`,
  pending: svg`<circle cx="12" cy="12" r="8.5"/><path d="M12 7v5l3 2"/>`,
  live: svg`<path d="M5 12.5 10 17 19 7"/>`,
  catching_up: svg`<path d="M20 12a8 8 0 1 1-2.5-5.8M20 3v4h-4"/>`,
  offline: svg`<path d="M4 4l16 16M8.5 15.5a5 5 0 0 1 7 0M5 12a10 10 0 0 1 4-2.5M2 8.5a15 15 0 0 1 4.5-2.8M12 19h.01M11 5a15 15 0 0 1 11 3.5M15 9.5a10 10 0 0 1 4 2.5"/>`,
  add: svg`<path d="M12 5v14M5 12h14"/>`,
  remove: svg`<path d="M5 12h14"/>`,
  close: svg`<path d="m6 6 12 12M18 6 6 18"/>`,
  undo: svg`<path d="M9 14 4 9l5-5M4 9h10a6 6 0 0 1 0 12h-3"/>`,
  help: svg`<path d="M9 9a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M12 18h.01"/><circle cx="12" cy="12" r="9.5"/>`,
  edit: svg`<path d="m4 20 1-5L16 4l4 4L9 19z"/>`,
  notify: svg`<path d="M6 16v-5a6 6 0 1 1 12 0v5l2 2H4zM10 21h4"/>`,
  arrived: svg`<path d="M12 21s7-6 7-11a7 7 0 1 0-14 0c0 5 7 11 7 11z"/><circle cx="12" cy="10" r="2.5"/>`,
  seat: svg`<path d="M7 3v9h9M7 12l-1 9M16 12l2 9M9 16h7"/>`,
  late: svg`<circle cx="12" cy="12" r="9"/><path d="M12 7v5l4 2"/>`,
  list: svg`<path d="M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01"/>`,
  more: svg`<circle cx="5" cy="12" r="1"/><circle cx="12" cy="12" r="1"/><circle cx="19" cy="12" r="1"/>`,
  rotate_right: svg`<path d="M20 12a8 8 0 1 1-2.5-5.8M20 3v4h-4"/>`,
  rotate: svg`<path d="M4 12a8 8 0 1 0 2.5-5.8M4 3v4h4"/>`,
  resize: svg`<path d="M20 12v8h-8M20 20 10 10M4 12V4h8"/>`,
  note: svg`<path d="M5 4h14v11l-5 5H5zM14 20v-5h5"/>`,
  phone: svg`<path d="M6 3h4l2 5-2.5 1.5a11 11 0 0 0 5 5L16 12l5 2v4a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z"/>`,
};

/** @typedef {keyof typeof paths} IconName */

/** @param {IconName} name */
export function icon(name) {
  return html`<svg class="icon" viewBox="0 0 24 24" aria-hidden="true">${paths[name]}</svg>`;
}
