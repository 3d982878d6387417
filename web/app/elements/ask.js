/** How elements ask for something: an event that whoever holds the state answers. */

/**
 * @import { Wish } from '../floor/actions.js'
 * @import { View } from '../floor/waitlist.js'
 *
 * @typedef {{ what: 'wish', wish: Wish }
 *   | { what: 'party', id: string | null }
 *   | { what: 'place', party: string }
 *   | { what: 'table', id: string | null }
 *   | { what: 'seat', party: string, table: string, override?: boolean }
 *   | { what: 'notify', party: string }
 *   | { what: 'edit', party: string | null, draft?: Record<string, unknown> }
 *   | { what: 'drag', party: string | null, over: string | null }
 *   | { what: 'view', view: View }
 *   | { what: 'search', text: string }
 *   | { what: 'editing', on: boolean }
 *   | { what: 'dismiss', row: string }
 *   | { what: 'undo' }
 *   | { what: 'hush' }
 *   | { what: 'leave' }
 *   | { what: 'close' }} Asked
 */

/**
 * @param {EventTarget} element
 * @param {Asked} asked
 */
export function ask(element, asked) {
  element.dispatchEvent(new CustomEvent('ask', { detail: asked, bubbles: true, composed: true }));
}
