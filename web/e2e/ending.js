// What a story opened is closed when it ends, last opened first, whatever failed: a page that goes before its server has
// nothing to complain of.

/**
 * Who says when it is over: a test's context, or `{ after }` of node:test for all the tests of a file.
 * @typedef {{ after(end: () => Promise<void>): void }} Scope
 */

/** @type {WeakMap<Scope, (() => Promise<void>)[]>} */
const endings = new WeakMap();

/**
 * @param {Scope} scope
 * @param {() => Promise<void>} end
 */
export function atEnd(scope, end) {
  const ends = endings.get(scope) ?? [];
  if (ends.length === 0) {
    endings.set(scope, ends);
    scope.after(() => endAll(ends));
  }
  ends.push(end);
}

/** @param {(() => Promise<void>)[]} ends */
async function endAll(ends) {
  const failures = [];
  for (const end of ends.reverse()) {
    try {
      await end();
    } catch (failure) {
      failures.push(failure);
    }
  }
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, failures.join('\n'));
}
