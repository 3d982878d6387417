/** The statuses and the moves between them, as the server's rules have them: see golden/rules. Pure. */

/**
 * @import { GuestStatus, TableStatus } from './types.js'
 */

/** @type {Record<GuestStatus, GuestStatus[]>} What a party may become, the likeliest first. */
export const MOVES = {
  confirmed: ['arrived', 'waiting', 'seated', 'running_late', 'partially_arrived', 'cancelled', 'no_show'],
  running_late: ['arrived', 'waiting', 'seated', 'confirmed', 'partially_arrived', 'cancelled', 'no_show'],
  partially_arrived: ['arrived', 'waiting', 'seated', 'running_late', 'cancelled', 'no_show'],
  arrived: ['seated', 'waiting', 'partially_arrived', 'running_late', 'cancelled', 'no_show'],
  waiting: ['seated', 'arrived', 'partially_arrived', 'running_late', 'cancelled', 'no_show'],
  seated: ['finished', 'waiting', 'arrived', 'cancelled', 'no_show'],
  finished: ['waiting', 'confirmed'],
  cancelled: ['waiting', 'confirmed'],
  no_show: ['waiting', 'confirmed'],
};

/**
 * Whether the evening is over for a party.
 *
 * @param {GuestStatus} status
 */
export function isOver(status) {
  return status === 'finished' || status === 'cancelled' || status === 'no_show';
}

/**
 * Whether at least some of a party are in the house and without a table.
 *
 * @param {GuestStatus} status
 */
export function isWaiting(status) {
  return status === 'waiting' || status === 'arrived' || status === 'partially_arrived';
}

/**
 * Whether a party is expected and has not come.
 *
 * @param {GuestStatus} status
 */
export function isExpected(status) {
  return status === 'confirmed' || status === 'running_late';
}

/**
 * Whether nobody may be seated at a table before someone has seen to it.
 *
 * @param {TableStatus} status
 */
export function isUnavailable(status) {
  return status === 'dirty' || status === 'out_of_service';
}

/**
 * Whether a party may become this from that.
 *
 * @param {GuestStatus} from
 * @param {GuestStatus} to
 */
export function mayBecome(from, to) {
  return from === to || MOVES[from].includes(to);
}

/**
 * The shortest way from one status to another, without the first. Not every move can be taken back at once: who was
 * seated by mistake and had only booked, is cancelled first.
 *
 * @param {GuestStatus} from
 * @param {GuestStatus} to
 * @returns {GuestStatus[] | null} Null if there is none: only who sits can become finished.
 */
export function way(from, to) {
  if (from === to) return [];
  /** @type {GuestStatus[][]} */
  let ways = [[from]];
  const seen = new Set([from]);
  while (ways.length > 0) {
    /** @type {GuestStatus[][]} */
    const longer = [];
    for (const steps of ways) {
      for (const next of MOVES[steps[steps.length - 1] ?? from]) {
        if (next === to) return [...steps.slice(1), next];
        // A detour never takes a table, and never counts as a turn.
        if (next === 'seated' || next === 'finished' || seen.has(next)) continue;
        seen.add(next);
        longer.push([...steps, next]);
      }
    }
    ways = longer;
  }
  return null;
}
