/** How the evening goes, in figures. Pure. */

import { isWaiting } from './statuses.js';
import { waited } from './waitlist.js';

/**
 * @import { Floor, Guest } from './types.js'
 *
 * @typedef {object} Figures
 * @property {number} parties Waiting.
 * @property {number} covers Waiting.
 * @property {number} seated Covers.
 * @property {number} capacity Covers; tables that are out of service don't count.
 * @property {number | null} longestWait In minutes.
 * @property {number} turns Parties that finished since the day began.
 */

/** The hour at which a restaurant's day begins: who leaves after midnight belongs to the evening before. */
export const DAY_BEGINS_AT_HOUR = 5;

/** How long parties usually stay, in minutes, by the most people that it is true for, until the night itself tells. */
const USUAL_TURNS = /** @type {const} */ ([
  [2, 60],
  [4, 90],
  [Infinity, 120],
]);

/** From how many turns on the night itself tells. */
const ENOUGH_TURNS = 5;

/**
 * @param {Floor} floor
 * @param {number} now In ms.
 * @returns {Figures}
 */
export function figures(floor, now) {
  const guests = [...floor.guests.values()];
  const waiting = guests.filter(({ status }) => isWaiting(status));
  const waits = waiting.map((guest) => waited(guest, now) ?? 0);
  const usable = [...floor.tables.values()].filter(({ status }) => status !== 'out_of_service');
  const morning = dayBegan(floor.restaurant?.timezone ?? 'UTC', now);
  return {
    parties: waiting.length,
    covers: covers(waiting),
    seated: covers(guests.filter(({ status }) => status === 'seated')),
    capacity: usable.reduce((sum, { capacity }) => sum + capacity, 0),
    longestWait: waits.length > 0 ? Math.max(...waits) : null,
    turns: [...floor.gone.values()].filter(
      (guest) => turn(guest) !== null && Date.parse(guest.finishedTime ?? '') >= morning,
    ).length,
  };
}

/**
 * How many minutes a party of this size usually stays: the median of those that left, or what is usual in the trade.
 *
 * @param {Floor} floor
 * @returns {(partySize: number) => number}
 */
export function usualTurns(floor) {
  const classes = USUAL_TURNS.map(([most, minutes], index) => {
    const least = USUAL_TURNS[index - 1]?.[0] ?? 0;
    const turns = [...floor.gone.values()]
      .filter(({ partySize }) => partySize > least && partySize <= most)
      .map(turn)
      .filter((minutes) => minutes !== null)
      .sort((one, other) => one - other);
    const median = turns[Math.floor(turns.length / 2)];
    return { most, minutes: turns.length >= ENOUGH_TURNS && median ? median : minutes };
  });
  return (partySize) => classes.find(({ most }) => partySize <= most)?.minutes ?? 120;
}

/**
 * The moment at which the restaurant's present day began.
 *
 * @param {string} timezone
 * @param {number} now In ms.
 * @returns {number} In ms.
 */
export function dayBegan(timezone, now) {
  const parts = clockIn(timezone).formatToParts(now);
  const part = (/** @type {string} */ type) => Number(parts.find((part) => part.type === type)?.value);
  const sinceMidnight = ((part('hour') * 60 + part('minute')) * 60 + part('second')) * 1000;
  const sinceMorning = sinceMidnight - DAY_BEGINS_AT_HOUR * 3_600_000;
  return now - (sinceMorning >= 0 ? sinceMorning : sinceMorning + 86_400_000);
}

/** @type {Map<string, Intl.DateTimeFormat>} To make one takes longer than all else that is counted here. */
const clocks = new Map();

/** @param {string} timezone */
function clockIn(timezone) {
  const clock = clocks.get(timezone) ?? newClock(timezone);
  clocks.set(timezone, clock);
  return clock;
}

/** @param {string} timezone */
function newClock(timezone) {
  const parts = /** @type {const} */ ({ hour: 'numeric', minute: 'numeric', second: 'numeric', hourCycle: 'h23' });
  try {
    return new Intl.DateTimeFormat('en', { timeZone: timezone, ...parts });
  } catch {
    // The server knows zones that an old tablet has never heard of; most likely it stands in the restaurant.
    return new Intl.DateTimeFormat('en', parts);
  }
}

/**
 * How many minutes a party stayed at its table; null if it has not sat and finished.
 *
 * @param {Guest} guest
 * @returns {number | null}
 */
function turn({ status, seatedTime, finishedTime }) {
  if (status !== 'finished' || seatedTime === null || finishedTime === null) return null;
  return (Date.parse(finishedTime) - Date.parse(seatedTime)) / 60_000;
}

/**
 * @param {Guest[]} guests
 */
function covers(guests) {
  return guests.reduce((sum, { partySize }) => sum + partySize, 0);
}
