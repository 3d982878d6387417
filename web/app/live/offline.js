/** Keeps the app itself on this device, so that it opens when the server is away. Guests are none of its business. */

/** Does nothing where browsers forbid it: on connections that are neither encrypted nor this machine's own. */
export function keepOffline() {
  const version = document.querySelector('meta[name=version]')?.getAttribute('content');
  if (!('serviceWorker' in navigator) || !version) return;
  navigator.serviceWorker.register(scriptUrl(`/web/${version}/service-worker.js`), { scope: '/' }).catch((error) => {
    console.warn('The app is not kept on this device:', error);
  });
}

/**
 * @param {string} url
 * @returns {string}
 */
function scriptUrl(url) {
  const types = /** @type {any} */ (globalThis).trustedTypes;
  if (!types) return url;
  // Where a page must vouch for scripts, this is the only one that it starts.
  const policy = types.createPolicy('maitred', { createScriptURL: (/** @type {string} */ url) => url });
  return policy.createScriptURL(url);
}
