/**
 * Keeps the app on the device: this version of it, whole. Answers for the app's own files only; what guests and tables
 * are is asked of the server, always.
 */

/** @type {ServiceWorkerGlobalScope} */
const worker = /** @type {any} */ (self);

const CACHE = 'maitred-{{version}}';

/** @type {string[]} */
const FILES = JSON.parse(`{{files}}`);

/** How long the server may take to give the page before the kept one is taken, in ms. */
const PATIENCE_MS = 2_000;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(CACHE)
      .then((cache) => cache.addAll(FILES))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) => Promise.all(names.filter((name) => name !== CACHE).map((name) => caches.delete(name))))
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== 'GET' || origin !== location.origin) return;
  if (request.mode === 'navigate' && pathname === '/') event.respondWith(page(request));
  else if (FILES.includes(pathname)) event.respondWith(file(request));
});

/**
 * The page as the server has it; the kept one if it does not answer.
 *
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function page(request) {
  const kept = await caches.match('/', { cacheName: CACHE });
  try {
    const response = await fetch(request, kept ? { signal: AbortSignal.timeout(PATIENCE_MS) } : {});
    if (response.ok || !kept) return response;
    // A proxy may say that the server is away.
    return response.status >= 500 ? kept : response;
  } catch (error) {
    if (kept) return kept;
    throw error;
  }
}

/**
 * @param {Request} request
 * @returns {Promise<Response>}
 */
async function file(request) {
  const kept = await caches.match(request, { cacheName: CACHE });
  return kept ?? fetch(request);
}
