import assert from 'node:assert/strict';
import { test } from 'node:test';
import { action, addParty, markTable, seat, setStatus, undoing } from '../app/floor/actions.js';
import { isIn, shown } from '../app/floor/shown.js';
import { NOW, given, party, table } from './given.js';

const [ada, bo] = [party('ada'), party('bo')];
const floor = given([ada, bo], [table('1'), table('2')]);
const seating = action(seat(ada, table('1'), false), floor, 'seating', NOW);

test('where nothing was tapped the floor is shown as it is', () => {
  assert.equal(shown(floor, []).floor, floor);
  assert.equal(shown(floor, []).pending.size, 0);
});

test('what was tapped is shown at once, and its rows are pending', () => {
  const { floor: seen, pending } = shown(floor, [seating]);
  assert.equal(seen.tables.get('1')?.guest_id, 'ada');
  assert.deepEqual([...pending].sort(), ['1', 'ada']);
  assert.equal(seen.guests.get('bo'), bo);
});

test('what changes with the row that was tapped is pending, too', () => {
  const sitting = given([party('ada', { table_id: '1' }), bo], [table('1'), table('2')]);
  const moving = action(seat(party('ada', { table_id: '1' }), table('2'), false), sitting, 'moving', NOW);
  assert.deepEqual([...shown(sitting, [moving]).pending].sort(), ['1', '2', 'ada']);
  const leaving = action(setStatus(party('ada', { table_id: '1' }), 'finished'), sitting, 'leaving', NOW);
  assert.deepEqual([...shown(sitting, [leaving]).pending].sort(), ['1', 'ada']);
});

test('taps are shown one upon the other', () => {
  const adding = action(addParty('cy', { guestName: 'Cy', partySize: 2 }), floor, 'adding', NOW);
  const cy = party('cy');
  const { floor: seen, pending } = shown(floor, [
    adding,
    action(seat(cy, table('2'), false), floor, 'a', NOW),
    action(setStatus(cy, 'finished'), floor, 'b', NOW),
  ]);
  assert.equal(seen.gone.get('cy')?.status, 'finished');
  assert.equal(seen.tables.get('2')?.status, 'available');
  assert.deepEqual([...pending].sort(), ['2', 'cy']);
});

test('what was answered is shown until it is heard, and is not pending once it is', () => {
  const answered = { ...seating, done: 1, seq: 3 };
  const before = { ...floor, seq: 2 };
  assert.equal(isIn(answered, before), false);
  assert.equal(shown(before, [answered]).floor.guests.get('ada')?.status, 'seated');
  assert.deepEqual([...shown(before, [answered]).pending].sort(), ['1', 'ada']);

  const heard = { ...given([party('ada', { table_id: '1' }), bo], [table('1'), table('2')]), seq: 3 };
  assert.equal(isIn(answered, heard), true);
  assert.equal(shown(heard, [answered]).floor, heard);
  assert.equal(shown(heard, [answered]).pending.size, 0);
});

test('what was heard before its answer is shown once', () => {
  const heard = {
    ...given([party('ada', { table_id: '1', notes: 'by somebody else' }), bo], [table('1'), table('2')]),
    seq: 3,
  };
  const seen = shown(heard, [seating]).floor;
  assert.deepEqual(seen.guests, heard.guests);
  assert.deepEqual(seen.tables, heard.tables);
});

test('what is undone is not shown', () => {
  assert.equal(shown(floor, [{ ...seating, undone: true }]).floor, floor);
  assert.equal(shown(floor, [{ ...seating, undone: true }]).pending.size, 0);
});

test('an undoing is shown as soon as it is asked for', () => {
  const heard = { ...given([party('ada', { table_id: '1' }), bo], [table('1'), table('2')]), seq: 3 };
  const answered = { ...seating, done: 1, seq: 3, undone: true };
  const { floor: seen, pending } = shown(heard, [answered, undoing(answered, 'undoing', NOW)]);
  assert.equal(seen.guests.get('ada')?.status, 'waiting');
  assert.equal(seen.tables.get('1')?.status, 'available');
  assert.deepEqual([...pending].sort(), ['1', 'ada']);
});

test('what the floor no longer allows is shown as if nobody had tapped', () => {
  const taken = given([ada, party('bo', { table_id: '1' })], [table('1'), table('2')]);
  assert.equal(shown(taken, [seating]).floor, taken);
  assert.equal(shown(taken, [seating]).pending.size, 0);
  const marking = action(markTable(table('1'), 'reserved'), floor, 'marking', NOW);
  assert.equal(shown(taken, [marking]).floor, taken);
});
