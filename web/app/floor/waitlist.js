/** Who is on the list, in which order, and how long they have waited. Pure. */

import { isExpected, isOver, isWaiting } from './statuses.js';

/**
 * @import { Floor, Guest } from './types.js'
 *
 * @typedef {'waiting' | 'expected' | 'seated' | 'gone'} View
 * @typedef {'none' | 'ahead' | 'near' | 'passed'} Promise Where a party stands towards the wait that it was quoted.
 */

/** @type {View[]} */
export const VIEWS = ['waiting', 'expected', 'seated', 'gone'];

/** From how many minutes before its end a quoted wait is near it. */
export const NEAR_MINUTES = 5;

/**
 * The parties of a view, in its order; with something searched for, all that match, whatever the view.
 *
 * @param {Floor} floor
 * @param {View} view
 * @param {string} search
 * @returns {Guest[]}
 */
export function list(floor, view, search) {
  const words = fold(search).split(/\s+/u).filter(Boolean);
  if (words.length > 0) {
    return VIEWS.flatMap((each) => list(floor, each, '')).filter((guest) => matches(guest, floor, words));
  }
  switch (view) {
    case 'waiting':
      return sorted(
        floor.guests,
        ({ status }) => isWaiting(status),
        (guest) => guest.checkInTime ?? guest.createdAt,
      );
    case 'expected':
      return sorted(
        floor.guests,
        ({ status }) => isExpected(status),
        (guest) => guest.reservationTime ?? guest.createdAt,
      );
    case 'seated':
      return sorted(
        floor.guests,
        ({ status }) => status === 'seated',
        (guest) => guest.seatedTime ?? guest.createdAt,
      );
    case 'gone':
      return sorted(
        floor.gone,
        () => true,
        (guest) => guest.finishedTime ?? guest.updatedAt,
      ).reverse();
  }
}

/**
 * How many parties each view has.
 *
 * @param {Floor} floor
 * @returns {Record<View, number>}
 */
export function counts(floor) {
  const found = { waiting: 0, expected: 0, seated: 0, gone: floor.gone.size };
  for (const guest of floor.guests.values()) found[viewOf(guest)] += 1;
  return found;
}

/**
 * The view that a party is in.
 *
 * @param {Guest} guest
 * @returns {View}
 */
export function viewOf({ status }) {
  if (isOver(status)) return 'gone';
  if (status === 'seated') return 'seated';
  return isExpected(status) ? 'expected' : 'waiting';
}

/**
 * For how many whole minutes a party has waited, or waited until it sat down; null if it has not come.
 *
 * @param {Guest} guest
 * @param {number} now In ms.
 * @returns {number | null}
 */
export function waited(guest, now) {
  if (guest.checkInTime === null) return null;
  const until = guest.seatedTime ?? guest.finishedTime;
  return minutesBetween(guest.checkInTime, until === null ? now : Date.parse(until));
}

/**
 * How many minutes of the quoted wait are left, below zero if it has passed; null where none was quoted or nobody waits.
 *
 * @param {Guest} guest
 * @param {number} now In ms.
 * @returns {number | null}
 */
export function left(guest, now) {
  if (guest.quotedWaitMinutes === null || guest.checkInTime === null || !isWaiting(guest.status)) return null;
  return Math.ceil(guest.quotedWaitMinutes - (now - Date.parse(guest.checkInTime)) / 60_000);
}

/**
 * @param {Guest} guest
 * @param {number} now In ms.
 * @returns {Promise}
 */
export function promise(guest, now) {
  const minutes = left(guest, now);
  if (minutes === null) return 'none';
  if (minutes <= 0) return 'passed';
  return minutes <= NEAR_MINUTES ? 'near' : 'ahead';
}

/**
 * Whole minutes from a time to a moment, never less than none: clocks differ a little.
 *
 * @param {string} time
 * @param {number} until In ms.
 */
export function minutesBetween(time, until) {
  return Math.max(0, Math.floor((until - Date.parse(time)) / 60_000));
}

/**
 * @param {Guest} guest
 * @param {Floor} floor
 * @param {string[]} words
 */
function matches(guest, floor, words) {
  const table = guest.table_id === null ? undefined : floor.tables.get(guest.table_id);
  const texts = [guest.guestName, guest.phone, guest.notes, ...guest.tags, table?.tableNumber];
  const text = fold(texts.filter(Boolean).join(' '));
  const phone = digits(guest.phone ?? '');
  return words.every(
    (word) =>
      text.includes(word) || (/^[\d()+./-]+$/u.test(word) && digits(word).length >= 3 && phone.includes(digits(word))),
  );
}

/**
 * A number as it is compared: however it is grouped.
 *
 * @param {string} text
 */
function digits(text) {
  return text.replace(/\D/gu, '');
}

/**
 * A text as it is compared: without case and accents.
 *
 * @param {string} text
 */
function fold(text) {
  return text
    .normalize('NFD')
    .replace(/\p{Diacritic}/gu, '')
    .toLowerCase();
}

/**
 * @param {ReadonlyMap<string, Guest>} guests
 * @param {(guest: Guest) => boolean} wanted
 * @param {(guest: Guest) => string} time
 */
function sorted(guests, wanted, time) {
  const key = (/** @type {Guest} */ guest) => `${time(guest)} ${guest.id}`;
  return [...guests.values()].filter(wanted).sort((one, other) => (key(one) < key(other) ? -1 : 1));
}
