// How smooth a page felt: what kept it from answering, and what moved under the finger.

/** @typedef {{ start: number, duration: number }} LongTask In milliseconds; they begin at 50 ms. */
/** @typedef {{ start: number, value: number, moved: string[] }} LayoutShift Those that no tap or key explains. */
/** @typedef {{ longTasks: LongTask[], layoutShifts: LayoutShift[], observers: [PerformanceObserver, Function][] }} Recording */

/** Runs in every page before anything else does. */
export function record() {
  /** @type {Recording} */
  const recording = { longTasks: [], layoutShifts: [], observers: [] };
  Object.assign(globalThis, { recording });

  /**
   * @param {string} type
   * @param {(entry: any) => void} keep
   */
  function observe(type, keep) {
    /** @param {PerformanceEntryList} entries */
    const keepAll = (entries) => entries.forEach(keep);
    const observer = new PerformanceObserver((list) => keepAll(list.getEntries()));
    observer.observe({ type, buffered: true });
    recording.observers.push([observer, keepAll]);
  }

  /** @param {Element | null} element */
  function describe(element) {
    return element ? element.localName + (element.id && `#${element.id}`) : 'what is in a shadow root or gone';
  }

  observe('longtask', ({ startTime, duration }) => recording.longTasks.push({ start: startTime, duration }));
  observe('layout-shift', ({ startTime, value, hadRecentInput, sources }) => {
    if (hadRecentInput) return;
    const moved = sources.map((/** @type {{ node: Node | null }} */ { node }) =>
      describe(node instanceof Element ? node : (node?.parentElement ?? null)),
    );
    recording.layoutShifts.push({ start: startTime, value, moved });
  });
}

/**
 * What was recorded since the page was loaded, or since the last call.
 * @param {import('playwright-core').Page} page
 */
export async function takeRecording(page) {
  return page.evaluate(() => {
    /** @type {Recording} */
    const recording = /** @type {any} */ (globalThis).recording;
    for (const [observer, keepAll] of recording.observers) keepAll(observer.takeRecords());
    return { longTasks: recording.longTasks.splice(0), layoutShifts: recording.layoutShifts.splice(0) };
  });
}
