// What kept pages from answering, by the processor's own time. The browser's long tasks go by the clock: where something else
// has the processor, any task is long.

/** @typedef {{ ms: number, clockMs: number, start: number }} Task In milliseconds; of the processor's time, and of the clock's. */
/** @typedef {{ ph: string, name: string, pid: number, tid: number, ts: number, dur?: number, tdur?: number, args?: any }} TraceEvent */

/**
 * Records what the main threads of all pages do, until `stop` returns it, the longest first.
 * @param {import('playwright-core').Browser} browser
 */
export async function recordTasks(browser) {
  await browser.startTracing(undefined, { categories: ['disabled-by-default-devtools.timeline'] });
  return {
    /** @returns {Promise<Task[]>} */
    async stop() {
      const trace = await browser.stopTracing();
      /** @type {TraceEvent[]} */
      const events = JSON.parse(trace.toString()).traceEvents;
      const threads = events.filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain');
      const pages = new Set(threads.map(({ pid, tid }) => `${pid} ${tid}`));
      const tasks = events.filter(
        ({ ph, name, pid, tid }) => ph === 'X' && name === 'RunTask' && pages.has(`${pid} ${tid}`),
      );
      return tasks
        .map(({ ts, dur = 0, tdur = dur }) => ({ ms: tdur / 1000, clockMs: dur / 1000, start: ts / 1000 }))
        .sort((one, other) => other.ms - one.ms);
    },
  };
}
