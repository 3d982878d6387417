/** Asks the server over HTTP. Knows no rule and no state. */

/**
 * @import { Request } from '../floor/requests.js'
 *
 * @typedef {object} Answer
 * @property {number} status
 * @property {any} body
 * @property {number | null} retryMs When the server asks to be asked again.
 *
 * @typedef {object} Credentials
 * @property {string | null} token
 * @property {string} device What this device calls itself: the origin of its messages.
 */

/** How long an answer may take before it counts as lost, in ms. A write that is on disk takes a few. */
const ANSWER_TIMEOUT_MS = 8_000;

/**
 * @param {Credentials} credentials
 * @param {Request | { method: 'GET' | 'POST', path: string, body?: unknown, headers?: Record<string, string> }} request
 * @returns {Promise<Answer>}
 * @throws {Error} If there is no answer: the server may have heard the request or not.
 */
export async function ask({ token, device }, { method, path, body, headers }) {
  const response = await fetch(path, {
    method,
    headers: {
      'X-Device-Id': device,
      ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    cache: 'no-store',
    signal: AbortSignal.timeout(ANSWER_TIMEOUT_MS),
  });
  const seconds = Number(response.headers.get('Retry-After') ?? NaN);
  return {
    status: response.status,
    // A proxy in between may answer with something else than JSON.
    body: await response.json().catch(() => null),
    retryMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  };
}
