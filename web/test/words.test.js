import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import {
  addParty,
  addTable,
  editParty,
  layTable,
  markTable,
  notify,
  removeTable,
  seat,
  setStatus,
  unseat,
} from '../app/floor/actions.js';
import { words } from '../app/words.js';
import { GUEST_STATUSES, NOW, given, party, table } from './given.js';

/**
 * @import { Wish } from '../app/floor/actions.js'
 * @import { Obstacle } from '../app/floor/seating.js'
 * @import { Problem } from '../app/floor/types.js'
 */

const ada = party('ada', { guestName: 'Ada', partySize: 6 });
const bo = party('bo', { guestName: 'Bo', partySize: 3, table_id: '7' });
const floor = given([ada, bo], [table('5'), table('7')]);
const [five, seven] = [table('5'), { ...table('7'), status: /** @type {const} */ ('occupied'), guest_id: 'bo' }];

/** @type {[Wish, RegExp[]][]} What is wished for, and what must be said about it. */
const wishes = [
  [addParty('cy', { guestName: 'Cy', partySize: 4 }), [/Cy/, /party of 4/, /added/]],
  [addParty('cy', { guestName: 'Cy', partySize: 4, reservationTime: NOW }), [/Cy/, /party of 4/, /booked/]],
  [editParty(ada, { notes: 'window' }), [/Ada/, /changed/]],
  [editParty(ada, { guestName: 'Adah' }), [/Adah/, /changed/]],
  [notify(ada, NOW), [/Ada/, /notified/]],
  [setStatus(ada, 'no_show'), [/Ada/, /no-show/]],
  [seat(ada, five, true), [/Ada/, /seated/, /table 5/]],
  [seat(bo, five, false), [/Bo/, /moved/, /table 5/]],
  [unseat(bo), [/Bo/, /list/]],
  [markTable(five, 'dirty'), [/[Tt]able 5/, /dirty/]],
  [addTable('8', { tableNumber: '8', capacity: 2 }), [/[Tt]able 8/, /added/]],
  [layTable(five, { rotation: 15 }), [/[Tt]able 5/, /changed/]],
  [removeTable(five), [/[Tt]able 5/, /removed/]],
];

/**
 * @param {Wish} wish
 */
const asked = ({ verb, about = {} }) => ({ verb, about });

for (const [wish, patterns] of wishes) {
  test(`what ${wish.verb} did is said with the names of the table and the party`, () => {
    for (const pattern of patterns) assert.match(words.did(asked(wish)), pattern);
  });
}

test('every status that a party or table may get is said in words', () => {
  for (const status of GUEST_STATUSES) assert.doesNotMatch(words.did(asked(setStatus(ada, status))), /_|undefined/);
  for (const status of /** @type {const} */ (['available', 'reserved', 'occupied', 'dirty', 'out_of_service'])) {
    assert.doesNotMatch(words.did(asked(markTable(five, status))), /_|undefined/);
  }
});

/** @type {[string, Wish, Partial<Problem>, RegExp[]][]} */
const refusals = [
  ['table_occupied', seat(ada, seven, true), { current: seven }, [/[Tt]able 7/, /Bo, party of 3/, /Ada is not seated/]],
  [
    'table_occupied',
    seat(ada, seven, true),
    { current: { ...seven, guest_id: 'new' }, detail: 'Table 7 is taken by Di, party of 2.' },
    [/Table 7/, /Di, party of 2/, /Ada is not seated/],
  ],
  [
    'table_unavailable',
    seat(ada, five, true),
    { current: { ...five, status: 'out_of_service' } },
    [/[Tt]able 5/, /out of service/, /Ada is not seated/],
  ],
  [
    'capacity_exceeded',
    seat(ada, five, false),
    { current: five },
    [/[Tt]able 5/, /seats 4, not 6/, /Ada is not seated/],
  ],
  ['table_in_use', removeTable(seven), { current: seven }, [/[Tt]able 7/, /Bo, party of 3/]],
  ['duplicate_table_number', layTable(five, { tableNumber: '7' }), { current: seven }, [/[Tt]able 7/]],
  ['invalid_transition', setStatus(ada, 'arrived'), { current: { ...ada, status: 'no_show' } }, [/Ada/, /no-show/]],
  [
    'already_exists',
    addParty('ada', { guestName: 'Ada', partySize: 6 }),
    { current: ada, detail: 'There is a guest "ada" already.' },
    [/Ada/],
  ],
  [
    'already_exists',
    addTable('5', { tableNumber: '5', capacity: 2 }),
    { current: five, detail: 'There is a table "5" already.' },
    [/[Tt]able 5/],
  ],
  [
    'version_conflict',
    { verb: 'undo', operations: [], about: { guest: 'Ada' } },
    { current: ada },
    [/Ada/, /Not undone/],
  ],
  [
    'version_conflict',
    { verb: 'undo', operations: [], about: { table: '5' } },
    { current: five },
    [/table 5/, /Not undone/],
  ],
  [
    'precondition_failed',
    { verb: 'undo', operations: [], about: { guest: 'Ada' } },
    { current: ada },
    [/Ada/, /Not undone/],
  ],
  ['not_found', setStatus(ada, 'arrived'), {}, [/Ada/]],
  ['not_found', markTable(five, 'dirty'), {}, [/Table 5/]],
  ['stale', seat(ada, five, true), {}, [/Ada seated at table 5/, /12 hours/]],
  ['invalid', editParty(ada, {}), { detail: 'notes must be at most 2000 characters.' }, [/notes must be/]],
  ['forbidden', setStatus(ada, 'arrived'), {}, [/manager/]],
];

for (const [code, wish, problem, patterns] of refusals) {
  test(`why ${wish.verb} was refused by ${code} is said with the names of the table and the party`, () => {
    const text = words.refused(asked(wish), { code, detail: '', ...problem }, floor);
    for (const pattern of patterns) assert.match(text, pattern);
  });
}

test('every obstacle is told with the number of the table', () => {
  for (const why of /** @type {Obstacle[]} */ (['here', 'occupied', 'dirty', 'out_of_service', 'too_small'])) {
    assert.match(words.obstacle(why, seven, ada, floor), /table 7/i);
    assert.ok(words.obstacleShort[why]);
  }
  assert.match(words.obstacle('occupied', seven, ada, floor), /Bo, party of 3/);
});

test('a refusal is told whatever the server says', () => {
  const codes = [...refusals.map(([code]) => code), 'unknown', ''];
  const rows = [
    undefined,
    null,
    {},
    ada,
    five,
    seven,
    { ...five, status: 'new_status' },
    { ...ada, status: 'new_status' },
  ];
  const verbs = [
    ...wishes.map(([wish]) => asked(wish)),
    { verb: 'undo', about: {} },
    { verb: 'unknown', about: {} },
    { verb: 'status', about: { status: 'new_status' } },
  ];
  for (const action of [...verbs, ...verbs.map(({ verb }) => ({ verb, about: {} }))]) {
    assert.doesNotMatch(words.did(action), /undefined|null/);
    for (const code of codes) {
      for (const current of rows) {
        const text = words.refused(action, { code, detail: '', current }, floor);
        assert.ok(text.trim() !== '');
        assert.doesNotMatch(text, /undefined|null|\[object/, JSON.stringify({ action, code, current }));
        assert.match(text, /^[\p{Lu}“]/u, 'it begins as a sentence does');
      }
    }
  }
});

test('times and numbers are told whatever they are', () => {
  for (const odd of ['', 'soon', NaN, Infinity]) assert.equal(typeof words.clock(odd), 'string');
  for (const minutes of [0, 59, 60, 61, 1440, -1, NaN, Infinity]) assert.equal(typeof words.minutes(minutes), 'string');
});

test('from an hour on, minutes are told in hours', () => {
  assert.deepEqual([0, 59, 60, 65, 125].map(words.minutes), ['0 min', '59 min', '1 h 00', '1 h 05', '2 h 05']);
});

test('no element has words of its own', async () => {
  const folder = new URL('../app/elements/', import.meta.url);
  for (const name of (await readdir(folder)).filter((name) => name.endsWith('.js'))) {
    assert.deepEqual(ownWords(await readFile(new URL(name, folder), 'utf8')), [], name);
  }
});

test('words of an element’s own would be found', () => {
  const found = new Set(
    ownWords(
      'html`<p title="${x}">${y} Hello</p><input placeholder="Name" aria-label="All of it" class="wide" /> ${a ? html`<b>Inner</b>` : "no"}`',
    ),
  );
  assert.deepEqual(found, new Set(['Hello', 'Name', 'All of it', 'Inner']));
});

/**
 * What people could read or hear in an element's templates that is not out of an expression.
 * @param {string} source
 */
function ownWords(source) {
  const templates = [...literals(source)].filter(({ tag }) => tag === 'html').map(({ text }) => text);
  const inside = templates.flatMap((text) => {
    const texts = [...`>${text}<`.matchAll(/>([^<>]*)</gu)].map(([, text]) => text);
    const spoken = [...text.matchAll(/\s(?:aria-label|aria-description|placeholder|title|alt|label)="([^"]*)"/gu)].map(
      ([, text]) => text,
    );
    return [...texts, ...spoken];
  });
  return inside.map((text) => (text ?? '').replaceAll('\0', '').trim()).filter((text) => /\p{L}/u.test(text));
}

/**
 * The template literals of a source, each with its tag, and with a NUL for each of its expressions; those inside of
 * expressions as well.
 * @param {string} source
 * @returns {Generator<{ tag: string, text: string }>}
 */
function* literals(source) {
  /** @type {{ tag: string, text: string, braces: number }[]} Those that are open, the innermost last. */
  const open = [];
  for (let at = 0; at < source.length; at += 1) {
    const inner = open.at(-1);
    const character = source[at] ?? '';
    if (!inner || inner.braces > 0) {
      if (character === '`') open.push({ tag: /\w*$/u.exec(source.slice(0, at))?.[0] ?? '', text: '', braces: 0 });
      else if (inner && character === '{') inner.braces += 1;
      else if (inner && character === '}') inner.braces -= 1;
    } else if (character === '\\') {
      at += 1;
    } else if (character === '`') {
      yield inner;
      open.pop();
    } else if (character === '$' && source[at + 1] === '{') {
      inner.text += '\0';
      inner.braces = 1;
      at += 1;
    } else {
      inner.text += character;
    }
  }
}
