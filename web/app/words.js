/** Every word that people read or hear, in English. Another language is another file like this one. */

/**
 * @import { Action } from './floor/actions.js'
 * @import { Obstacle } from './floor/seating.js'
 * @import { Floor, Guest, GuestStatus, Problem, Shape, Table, TableStatus } from './floor/types.js'
 * @import { View } from './floor/waitlist.js'
 */

export const LANGUAGE = 'en';

/** @type {Record<GuestStatus, string>} */
const guestStatus = {
  confirmed: 'Booked',
  running_late: 'Running late',
  partially_arrived: 'Partly here',
  arrived: 'Here',
  waiting: 'Waiting',
  seated: 'Seated',
  finished: 'Left',
  cancelled: 'Cancelled',
  no_show: 'No-show',
};

/** @type {Record<TableStatus, string>} */
const tableStatus = {
  available: 'Available',
  reserved: 'Reserved',
  occupied: 'Occupied',
  dirty: 'Dirty',
  out_of_service: 'Out of service',
};

/** @type {Record<TableStatus, string>} For tables on which there is room for no more. */
const tableStatusShort = {
  available: 'Free',
  reserved: 'Held',
  occupied: 'Taken',
  dirty: 'Dirty',
  out_of_service: 'Out',
};

/** @type {Record<Shape, string>} */
const shape = { round: 'Round', square: 'Square', rectangle: 'Rectangle', oval: 'Oval' };

/** @type {Record<View, string>} */
const view = { waiting: 'Waiting', expected: 'Booked', seated: 'Seated', gone: 'Gone' };

/** @type {Record<View, string>} */
const nobody = {
  waiting: 'Nobody waits. Add a party above, or press N.',
  expected: 'Nobody has booked.',
  seated: 'Nobody is seated.',
  gone: 'Nobody has left yet.',
};

/** @type {Record<Obstacle, string>} Short: it stands on the table. */
const obstacleShort = {
  here: 'sits here',
  occupied: 'taken',
  dirty: 'dirty',
  out_of_service: 'out of service',
  too_small: 'too small',
};

const time = new Intl.DateTimeFormat(LANGUAGE, { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const dayAndTime = new Intl.DateTimeFormat(LANGUAGE, {
  weekday: 'short',
  day: 'numeric',
  month: 'short',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
});

/** @param {string | number | Date} moment */
const clock = (moment) => formatted(time, new Date(moment));

/**
 * @param {Intl.DateTimeFormat} format
 * @param {Date} date
 */
const formatted = (format, date) => (Number.isNaN(date.getTime()) ? '–' : format.format(date));

/** @param {number} minutes */
const minutes = (minutes) =>
  minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')}`;

/** @param {number} minutes For where there is hardly any room. */
const minutesShort = (minutes) =>
  minutes < 60 ? `${minutes}m` : `${Math.floor(minutes / 60)}h${String(minutes % 60).padStart(2, '0')}`;

/**
 * @param {string | undefined} name
 * @param {number | undefined} size
 */
const party = (name, size) => (size === undefined ? (name ?? 'The party') : `${name ?? 'A party'}, party of ${size}`);

/** @param {Pick<Guest, 'guestName' | 'partySize'>} guest */
const partyOf = (guest) => party(guest.guestName, guest.partySize);

/** @param {Table} table */
const tableName = (table) => `Table ${table.tableNumber}`;

/**
 * A status in the middle of a sentence.
 *
 * @param {Record<string, string>} names
 * @param {string} status
 */
const inSentence = (names, status) => (names[status] ?? status).toLowerCase();

/**
 * Why a table can't be had.
 *
 * @param {Obstacle} obstacle
 * @param {Table} table
 * @param {Guest} guest
 * @param {Floor} floor
 */
function obstacle(obstacle, table, guest, floor) {
  const sitter = table.guest_id === null ? undefined : floor.guests.get(table.guest_id);
  switch (obstacle) {
    case 'here':
      return `${guest.guestName} already sits at table ${table.tableNumber}.`;
    case 'occupied':
      return sitter
        ? `Table ${table.tableNumber} is taken by ${partyOf(sitter)}.`
        : `Table ${table.tableNumber} is taken.`;
    case 'dirty':
      return `Table ${table.tableNumber} is dirty. Tap it when nobody is being seated, and mark it clean.`;
    case 'out_of_service':
      return `Table ${table.tableNumber} is out of service.`;
    case 'too_small':
      return `Table ${table.tableNumber} seats ${table.capacity}, not ${guest.partySize}.`;
  }
}

/**
 * What an action did, or is doing.
 *
 * @param {Pick<Action, 'verb' | 'about'>} action
 */
function did({ verb, about }) {
  const { guest = 'The party', size, table = '', status = '' } = about;
  switch (verb) {
    case 'add':
      return `${party(guest, size)}, added`;
    case 'book':
      return `${party(guest, size)}, booked`;
    case 'edit':
      return `${guest} changed`;
    case 'notify':
      return `${guest} notified`;
    case 'seat':
      return `${guest} seated at table ${table}`;
    case 'move':
      return `${guest} moved to table ${table}`;
    case 'unseat':
      return `${guest} back on the list`;
    case 'status':
      return `${guest}: ${inSentence(guestStatus, status)}`;
    case 'mark':
      return `Table ${table}: ${inSentence(tableStatus, status)}`;
    case 'add_table':
      return `Table ${table} added`;
    case 'lay':
      return `Table ${table} changed`;
    case 'remove_table':
      return `Table ${table} removed`;
    case 'undo':
      return 'Undone';
    default:
      return verb;
  }
}

/**
 * Why the server said no, and to what.
 *
 * @param {Pick<Action, 'verb' | 'about'>} action
 * @param {Problem} problem
 * @param {Floor} floor
 */
function refused({ verb, about }, { code, detail, current }, floor) {
  /** @type {[Guest | null, Table | null]} */
  const [guest, table] = [current?.guestName ? current : null, current?.tableNumber ? current : null];
  const row = guest?.guestName ?? (table && tableName(table));
  if (verb === 'undo' && (code === 'precondition_failed' || code === 'version_conflict')) {
    return `Not undone: ${guest?.guestName ?? (table ? `table ${table.tableNumber}` : 'it')} has been changed since.`;
  }
  if (code === 'already_exists' && row) return `${row} is there already. Nothing was changed.`;
  if (code === 'invalid_transition' && guest)
    return `${guest.guestName} is ${inSentence(guestStatus, guest.status)} by now. Nothing was changed.`;
  const refusal = table && refusedBy(table, code, detail, about, floor);
  if (refusal) return refusal;
  switch (code) {
    case 'not_found':
      return `${about.guest ?? (about.table ? `Table ${about.table}` : 'It')} is no longer there.`;
    case 'forbidden':
      return 'This device may not do that. Ask a manager.';
    case 'stale':
      return `Not sent: “${did({ verb, about })}” was tapped more than 12 hours ago.`;
    default:
      return detail || 'The server refused that. Nothing was changed.';
  }
}

/**
 * How a table stood in the way.
 *
 * @param {Table} table
 * @param {string} code
 * @param {string} detail
 * @param {Action['about']} about
 * @param {Floor} floor
 */
function refusedBy(table, code, detail, { guest = 'The party', size }, floor) {
  const sitter = table.guest_id ? floor.guests.get(table.guest_id) : undefined;
  switch (code) {
    case 'table_occupied': {
      const taken = sitter
        ? `${tableName(table)} was just taken by ${partyOf(sitter)}.`
        : detail || `${tableName(table)} was just taken.`;
      return `${taken} ${guest} is not seated.`;
    }
    case 'table_unavailable':
      return `${tableName(table)} is ${inSentence(tableStatus, table.status)}. ${guest} is not seated.`;
    case 'capacity_exceeded':
      return `${tableName(table)} seats ${table.capacity}, not ${size ?? 'so many'}. ${guest} is not seated.`;
    case 'table_in_use':
      return `${sitter ? partyOf(sitter) : 'Somebody'} sits at table ${table.tableNumber}. Nothing was changed.`;
    case 'duplicate_table_number':
      return `There is a table ${table.tableNumber} already.`;
    default:
      return null;
  }
}

export const words = {
  app: 'Host stand',
  guestStatus,
  tableStatus,
  tableStatusShort,
  shape,
  view,
  nobody,
  nobodyFound: (/** @type {string} */ text) => `Nobody matches “${text}”.`,
  obstacleShort,
  obstacle,
  did,
  refused,
  minutes,
  minutesShort,
  clock,
  partyOf,
  tableName,

  // Truth
  truth: {
    live: 'Live',
    catching_up: 'Catching up',
    offline: (/** @type {number} */ since) => `Offline since ${clock(since)}`,
    queued: (/** @type {number} */ count) => (count === 1 ? '1 change to send' : `${count} changes to send`),
  },

  // Service strip
  strip: {
    label: 'The evening in figures',
    parties: 'parties waiting',
    covers: 'covers waiting',
    seated: 'covers seated',
    longest: 'longest wait',
    turns: 'turns tonight',
    none: '–',
  },

  // Waitlist
  waitlist: 'Waitlist',
  openList: (/** @type {number} */ count) => `Waitlist, ${count} waiting`,
  views: 'Which parties',
  addParty: 'Add a party',
  name: 'Name',
  size: 'Size',
  add: 'Add',
  more: 'More about the party',
  search: 'Search',
  searchLabel: 'Search parties by name, phone, note, tag or table',
  sizeLabel: 'Party size',
  partyOfSize: (/** @type {number} */ size) => `party of ${size}`,
  waited: (/** @type {number} */ count) => `${minutes(count)}`,
  waitedLabel: (/** @type {number} */ count) => `has waited ${minutes(count)}`,
  quoted: {
    ahead: (/** @type {number} */ quoted) => `quoted ${quoted}`,
    near: (/** @type {number} */ _quoted, /** @type {number} */ left) => `${left} left`,
    passed: (/** @type {number} */ _quoted, /** @type {number} */ left) =>
      left === 0 ? 'now due' : `${left > -60 ? -left : minutes(-left)} over`,
  },
  quotedLabel: (/** @type {number} */ quoted) => `, quoted ${minutes(quoted)}`,
  notifiedAt: (/** @type {string} */ moment) => `notified ${clock(moment)}`,
  leftAt: (/** @type {string} */ moment) => `at ${clock(moment)}`,
  atTable: (/** @type {string} */ number) => `table ${number}`,
  pending: 'not confirmed yet',
  actionsFor: (/** @type {string} */ name) => `What to do with ${name}`,
  seat: 'Seat',
  move: 'Move',
  notify: 'Notify',
  notifyAgain: 'Remind',
  arrived: 'Here',
  partlyHere: 'Partly here',
  late: 'Late',
  cancel: 'Cancel',
  noShow: 'No-show',
  finish: 'Finish',
  unseat: 'Back to list',
  restoreShort: 'Restore',
  editParty: 'Edit',

  // Choosing a table
  choosing: (/** @type {Guest} */ guest) => `Choose a table for ${partyOf(guest)}`,
  choosingMove: (/** @type {Guest} */ guest) => `Choose another table for ${partyOf(guest)}`,
  stopChoosing: 'Not now',
  fits: 'fits',
  seatAnyway: (/** @type {Table} */ table, /** @type {Guest} */ guest) =>
    `Table ${table.tableNumber} seats ${table.capacity}. Seat ${partyOf(guest)} anyway?`,
  seatAnywayYes: 'Seat anyway',
  no: 'No',

  // Floor plan
  plan: 'Floor plan',
  sections: 'Sections',
  allSections: 'All',
  noSection: 'Other',
  legend: 'How many tables are',
  noTables: 'There are no tables yet.',
  layTables: 'Lay the tables',
  editPlan: 'Edit plan',
  donePlan: 'Done',
  table: 'Table',
  partySize: 'party of',
  seats: (/** @type {number} */ capacity) => (capacity === 1 ? 'seats 1' : `seats ${capacity}`),
  sinceLabel: (/** @type {number} */ count) => `for ${minutes(count)}`,
  turnOver: 'longer than usual',
  closeSheet: 'Close',
  nextHere: 'Seat next',
  clean: 'Clean',
  markDirty: 'Dirty',
  reserve: 'Reserve',
  release: 'Release',
  block: 'Out of service',
  unblock: 'Back in service',

  // Editing the plan
  edit: {
    hint: 'Drag tables to move them, or tap one and then a place. Arrow keys move it, too.',
    label: (/** @type {string} */ number) => `Change table ${number}`,
    addTable: 'Add table',
    number: 'Number',
    seats: 'Seats',
    fewer: 'Fewer seats',
    more: 'More seats',
    section: 'Section',
    shape: 'Shape',
    turnLeft: 'Turn left',
    turnRight: 'Turn right',
    remove: 'Remove table',
    rotateHandle: 'Turn',
    resizeHandle: 'Resize',
  },

  // Editor
  editor: {
    add: 'Add a party',
    edit: (/** @type {string} */ name) => `Edit ${name}`,
    quoted: 'Quoted wait, in minutes',
    phone: 'Phone',
    email: 'E-mail',
    reservation: 'Booked for',
    notes: 'Notes',
    tags: 'Tags, with commas between',
    save: 'Save',
    cancel: 'Cancel',
  },

  // Undo, help
  undo: 'Undo',
  undoLabel: (/** @type {string} */ what) => `Undo: ${what}`,
  dismiss: 'Close this note',
  help: {
    title: 'Help',
    open: 'Help and keys',
    close: 'Close',
    touch: [
      ['Seat', 'Tap a party, then a table. Or drag the party to the table.'],
      ['Move', 'Tap a seated party or its table, then Move, then the other table.'],
      ['Tables', 'Tap a table to finish, clean, reserve or block it.'],
      ['Mistakes', 'Undo takes the last tap back, for 30 seconds. Later, find the party under Gone.'],
      ['Offline', 'Go on working. What you tap is kept and sent when the server is back.'],
    ],
    keys: 'Keys',
    keysOn: 'Use single keys',
    keyList: [
      ['N', 'Add a party'],
      ['/', 'Search'],
      ['S', 'Seat the chosen party'],
      ['Z', 'Undo'],
      ['↑ ↓', 'Go through the parties'],
      ['← ↑ → ↓', 'Go through the tables'],
      ['Enter', 'Choose'],
      ['Esc', 'Let go, close'],
      ['?', 'This help'],
    ],
  },

  // The door
  door: {
    opening: 'Opening…',
    away: 'The server does not answer. Trying again…',
    choose: 'Which restaurant?',
    none: 'There is no restaurant yet. Open the first one:',
    newName: 'Name of the restaurant',
    open: 'Open it',
    pair: 'Let this device in',
    pairHint: 'A manager gets a code of six digits from the server, good for ten minutes.',
    restaurant: 'Restaurant',
    code: 'Code',
    deviceName: 'Name of this device',
    letIn: 'Let in',
    notAllowed: 'This device may no longer come in. What it knew is removed from it.',
    notFound: (/** @type {string} */ id) => `There is no restaurant “${id}” here.`,
    deleted: 'This restaurant has been removed.',
    elsewhere: 'Another restaurant',
  },
};

/**
 * A day and time, for those that are not today.
 *
 * @param {string} moment
 * @param {number} now In ms.
 */
export function clockOrDay(moment, now) {
  const date = new Date(moment);
  return date.toDateString() === new Date(now).toDateString() ? clock(date) : formatted(dayAndTime, date);
}
