import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  PLAN_HEIGHT,
  PLAN_WIDTH,
  centre,
  chairs,
  frame,
  freeNumber,
  freePlace,
  layOut,
  middleOf,
  neighbour,
  placed,
  sections,
  size,
  toPlan,
  toScreen,
} from '../app/floor/plan.js';
import { table } from './given.js';

/**
 * @import { Direction, Layout, Placed, Point } from '../app/floor/plan.js'
 * @import { Shape, Table } from '../app/floor/types.js'
 */

/** @type {(Shape | null)[]} */
const SHAPES = [null, 'round', 'square', 'rectangle', 'oval'];

/** What a finger hits, in pixels. */
const FINGER = 48;

/** How far a chair stands out, in units. */
const CHAIR = 14;

const COUNTS = [1, 14, 60, 200];
const SCREENS = /** @type {const} */ ([
  [390, 600],
  [664, 600],
  [768, 800],
]);

/**
 * Tables as the server lays them in a new restaurant.
 * @param {number} count
 * @returns {Table[]}
 */
function starter(count) {
  const mix = /** @type {const} */ ([
    [2, 'round'],
    [2, 'square'],
    [4, 'square'],
    [4, 'round'],
    [4, 'square'],
    [6, 'rectangle'],
    [8, 'oval'],
  ]);
  const columns = Math.ceil(Math.sqrt(count));
  const rows = Math.ceil(count / columns);
  return Array.from({ length: count }, (_, index) => {
    const [capacity, shape] = mix[index % mix.length] ?? mix[0];
    const [column, row] = [index % columns, Math.floor(index / columns)];
    return table(String(index + 1), {
      capacity,
      shape,
      position: { x: (column + 0.5) / columns, y: (row + 0.5) / rows },
    });
  });
}

/** @param {Table[]} tables */
const unplaced = (tables) => tables.map((table) => ({ ...table, position: null }));

/**
 * @param {Table[]} tables
 * @param {number} width
 * @param {number} height
 */
function drawn(tables, width, height) {
  const spots = tables.map((table, index) => placed(table, centre(table, index)));
  const layout = layOut(spots, frame(spots, false), width, height);
  return { layout, spots, boxes: spots.map((spot) => ({ ...spot, ...toScreen(layout, spot) })) };
}

/**
 * Whether two tables lie on each other, with their chairs.
 * @param {Layout} layout
 * @param {Placed} one
 * @param {Placed} other
 */
function overlap({ scale }, one, other) {
  const reach = (/** @type {'width' | 'height'} */ side) => ((one[side] + other[side]) / 2 + 2 * CHAIR) * scale;
  return Math.abs(one.x - other.x) < reach('width') && Math.abs(one.y - other.y) < reach('height');
}

for (const count of COUNTS) {
  for (const [width, height] of SCREENS) {
    for (const [kind, tables] of /** @type {const} */ ([
      ['on a grid', starter(count)],
      ['without a position', unplaced(starter(count))],
    ])) {
      test(`${count} tables ${kind} lie apart on ${width}×${height}, each large enough for a finger`, () => {
        const { layout, boxes } = drawn(tables, width, height);
        boxes.forEach((one, index) =>
          boxes.slice(0, index).forEach((other, otherIndex) => {
            assert.ok(!overlap(layout, one, other), `tables ${otherIndex + 1} and ${index + 1}`);
          }),
        );
        for (const box of boxes) assert.ok(Math.min(box.width, box.height) * layout.scale >= FINGER);
      });
    }
  }
}

test('a plan is no smaller than its screen, and no larger where the tables have room', () => {
  for (const count of COUNTS) {
    for (const [width, height] of SCREENS) {
      const { layout } = drawn(starter(count), width, height);
      assert.ok(layout.width >= width && layout.height >= height);
    }
  }
  const { layout } = drawn(starter(14), 768, 800);
  assert.deepEqual([layout.width, layout.height], [768, 800]);
});

test('tables on the same spot make the others no smaller', () => {
  const tables = starter(14);
  const stack = tables.slice(0, 7).map((table) => ({ ...table, id: `on ${table.id}` }));
  assert.deepEqual(drawn([...tables, ...stack], 664, 600).layout, drawn(tables, 664, 600).layout);
  const two = [table('a', { position: { x: 0.5, y: 0.5 } }), table('b', { position: { x: 0.5, y: 0.5 } })];
  assert.deepEqual([drawn(two, 664, 600).layout.width, drawn(two, 664, 600).layout.height], [664, 600]);
});

test('tables are no larger than they need be, however few', () => {
  assert.equal(drawn(starter(1), 390, 600).layout.scale, drawn(starter(1), 4000, 3000).layout.scale);
});

test('where on the plan a point of the screen is, is the inverse of where it is drawn', () => {
  const unit = fc.double({ min: 0, max: 1, noNaN: true });
  const points = fc.array(fc.record({ x: unit, y: unit }), { minLength: 1, maxLength: 20 });
  fc.assert(
    fc.property(points, fc.boolean(), fc.constantFrom(...SCREENS), (points, whole, [width, height]) => {
      const tables = points.map((position, index) => table(String(index), { position }));
      const spots = tables.map((table) => placed(table, centre(table)));
      const layout = layOut(spots, frame(spots, whole), width, height);
      for (const spot of spots) {
        const { x, y } = toPlan(layout, toScreen(layout, spot));
        assert.ok(Math.abs(x - spot.x) < 1e-6 && Math.abs(y - spot.y) < 1e-6, `${x}, ${y} is not ${spot.x}, ${spot.y}`);
      }
    }),
  );
});

test('a frame shows all of the plan while it is edited, and where tables are otherwise', () => {
  const all = { left: 0, top: 0, width: PLAN_WIDTH, height: PLAN_HEIGHT };
  assert.deepEqual(
    frame(
      [
        { x: 100, y: 100 },
        { x: 900, y: 400 },
      ],
      true,
    ),
    all,
  );
  assert.deepEqual(frame([], false), all);
  assert.deepEqual(
    frame(
      [
        { x: 100, y: 100 },
        { x: 900, y: 400 },
      ],
      false,
    ),
    { left: 100, top: 100, width: 800, height: 300 },
  );
});

test('a single table is seen with something around it, in the middle', () => {
  const { left, top, width, height } = frame([{ x: 100, y: 700 }], false);
  assert.ok(width > 100 && height > 100);
  assert.deepEqual([left + width / 2, top + height / 2], [100, 700]);
});

test('a turned table takes the room that it has turned into', () => {
  const long = table('1', { capacity: 8, shape: 'rectangle' });
  const { width, height } = size(long);
  const upright = placed({ ...long, rotation: 90 }, { x: 5, y: 6 });
  assert.ok(Math.abs(upright.width - height) < 1e-9 && Math.abs(upright.height - width) < 1e-9);
  assert.deepEqual([upright.x, upright.y], [5, 6]);
  assert.deepEqual(placed(long, { x: 0, y: 0 }), { x: 0, y: 0, width, height });
});

test('the more people a table seats, the larger it is drawn', () => {
  for (const shape of SHAPES) {
    const areas = Array.from({ length: 16 }, (_, index) => size({ capacity: index + 1, shape })).map(
      ({ width, height }) => width * height,
    );
    areas.forEach((area, index) =>
      assert.ok(index === 0 || area >= (areas[index - 1] ?? 0), `${shape} for ${index + 1}`),
    );
    assert.ok((areas[7] ?? 0) > (areas[1] ?? 0));
  }
});

test('a table has as many chairs as it seats, up to 16, each at its edge and none on another', () => {
  for (const shape of SHAPES) {
    for (const capacity of [1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 16, 17, 99]) {
      const { width, height } = size({ capacity, shape });
      const places = chairs({ capacity, shape });
      assert.equal(places.length, Math.min(capacity, 16), `${shape} for ${capacity}`);
      assert.equal(
        new Set(places.map(({ x, y }) => `${x.toFixed(1)} ${y.toFixed(1)}`)).size,
        places.length,
        `${shape} for ${capacity}`,
      );
      for (const { x, y } of places) {
        const [aside, above] = [Math.abs(x) / (width / 2 + CHAIR), Math.abs(y) / (height / 2 + CHAIR)];
        assert.ok(aside <= 1 && above <= 1, `${shape} for ${capacity}: too far`);
        const isRound = shape !== 'square' && shape !== 'rectangle';
        const out = isRound
          ? Math.hypot(x / (width / 2), y / (height / 2))
          : Math.max(Math.abs(x) / (width / 2), Math.abs(y) / (height / 2));
        assert.ok(out > 1, `${shape} for ${capacity}: on the table`);
      }
    }
  }
});

test('arrows go from a table of a grid to the one beside it, and nowhere from the edge', () => {
  const [columns, rows] = [4, 3];
  const id = (/** @type {number} */ column, /** @type {number} */ row) =>
    column < 0 || row < 0 || column >= columns || row >= rows ? undefined : `${column} ${row}`;
  const centres = new Map();
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) centres.set(id(column, row), { x: column * 250, y: row * 250 });
  }
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const beside = (/** @type {Direction} */ direction) => neighbour(centres, id(column, row) ?? '', direction);
      assert.deepEqual(
        [beside('left'), beside('right'), beside('up'), beside('down')],
        [id(column - 1, row), id(column + 1, row), id(column, row - 1), id(column, row + 1)],
      );
    }
  }
});

for (const count of COUNTS) {
  test(`arrows get from each of ${count} tables to all others`, () => {
    const centres = new Map(starter(count).map((table) => [table.id, centre(table)]));
    const first = reached(centres, '1');
    assert.equal(first.size, count);
    // And back: what leads to the first table leads to all.
    for (const id of centres.keys()) assert.ok(reached(centres, id).has('1'), id);
  });
}

test('from a table that is not there, arrows lead nowhere', () => {
  assert.equal(neighbour(new Map([['1', { x: 0, y: 0 }]]), '2', 'up'), undefined);
});

test('a new table has the lowest number that no table has', () => {
  assert.equal(freeNumber([]), '1');
  assert.equal(freeNumber([table('1'), table('2'), table('4'), table('Bar')]), '3');
});

test('sections are in the order of their names, what has none at the end', () => {
  const tables = [
    table('1', { section: 'Terrace' }),
    table('2'),
    table('3', { section: 'Bar' }),
    table('4', { section: 'Bar' }),
  ];
  assert.deepEqual(sections(tables), ['Bar', 'Terrace', null]);
  assert.deepEqual(sections(tables.slice(2)), ['Bar']);
  assert.deepEqual(sections([table('1')]), []);
});

/**
 * The tables that arrows lead to, over others as well.
 * @param {Map<string, Point>} centres
 * @param {string} from
 */
function reached(centres, from) {
  const found = new Set([from]);
  for (const id of found) {
    for (const direction of /** @type {const} */ (['up', 'down', 'left', 'right'])) {
      const next = neighbour(centres, id, direction);
      if (next !== undefined) found.add(next);
    }
  }
  return found;
}

test('a table at the edge of the plan is drawn whole', () => {
  const corner = table('1', { capacity: 12, shape: 'round', position: { x: 0, y: 1 } });
  const large = placed(corner, centre(corner));
  const layout = layOut([large], frame([large], true), 664, 600);
  const { x, y } = middleOf(layout, large);
  const half = (large.height / 2 + CHAIR) * layout.scale;
  assert.ok(x >= half && y <= layout.height - half, `${x}, ${y}`);
  const inside = { ...large, x: 500, y: 375 };
  assert.deepEqual(middleOf(layout, inside), toScreen(layout, inside));
});

test('a new table is put where there is room', () => {
  assert.deepEqual(freePlace([]), { x: 500, y: 375 });
  /** @type {Point[]} */
  const taken = [];
  for (let index = 0; index < 12; index += 1) {
    const place = freePlace(taken);
    const nearest = Math.min(...taken.map(({ x, y }) => Math.hypot(x - place.x, y - place.y)));
    assert.ok(nearest > 120, `table ${index + 1} is ${nearest} from another`);
    taken.push(place);
  }
});
