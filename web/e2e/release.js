// A server of the next release, as far as a device can tell: the same server, whose app bears another version and another title.

import { createHash } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { connect } from 'node:net';
import { atEnd } from './ending.js';

const TITLE = /<title>[^<]*<\/title>/;

/**
 * Stands before a server, and lets it pass for another release from `release` on.
 * @param {import('./ending.js').Scope} scope
 * @param {{ url: string, port: number }} server
 */
export async function openFront(scope, server) {
  const page = await (await fetch(`${server.url}/`)).text();
  const [, version = ''] = page.match(/name="version" content="([^"]+)"/) ?? [];
  const next = [...version].reverse().join('');
  /** @type {string | null} */
  let title = null;
  const front = http.createServer(async (request, response) => {
    const isApp = request.url === '/' || request.url?.startsWith('/?') || request.url?.startsWith('/web/');
    // What is to be changed must come, and be legible.
    const headers = { ...request.headers, ...(isApp ? { 'accept-encoding': 'identity', 'if-none-match': '' } : {}) };
    const path = request.url?.replace(next, version);
    const far = http.request(server.url + path, { method: request.method, headers, agent: false });
    request.pipe(far);
    far.on('error', () => response.destroy());
    far.on('response', async (answer) => {
      if (!isApp || title === null) {
        response.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(response);
        return;
      }
      const parts = [];
      for await (const part of answer) parts.push(part);
      const body = Buffer.concat(parts);
      const isText = !answer.headers['content-type']?.startsWith('image/png');
      const text = isText ? body.toString().replaceAll(version, next).replace(TITLE, `<title>${title}</title>`) : body;
      const { 'content-length': _, etag: __, ...rest } = answer.headers;
      const policy = answer.headers['content-security-policy'];
      if (policy)
        rest['content-security-policy'] = String(policy).replace(/sha256-[^']*/, `sha256-${mapDigest(String(text))}`);
      response.writeHead(answer.statusCode ?? 502, rest).end(text);
    });
  });
  front.on('upgrade', (request, near, head) => {
    const far = connect(server.port, '127.0.0.1', () => {
      const lines = Object.entries(request.headers).map(([name, value]) => `${name}: ${value}`);
      far.write(`GET ${request.url} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`);
      far.write(head);
      far.pipe(near).pipe(far);
    });
    for (const end of [near, far]) end.on('error', () => [near, far].forEach((end) => end.destroy()));
  });
  front.listen(0, '127.0.0.1');
  await once(front, 'listening');
  atEnd(scope, async () => {
    front.closeAllConnections();
    front.close();
  });
  const { port } = /** @type {import('node:net').AddressInfo} */ (front.address());
  return {
    url: `http://127.0.0.1:${port}`,
    version,
    next,
    /** From now on it is another release. @param {string} name The title of its page. */
    release(name) {
      title = name;
    },
  };
}

/** @param {string} page */
function mapDigest(page) {
  const [, map = ''] = page.match(/<script type="importmap">(.*?)<\/script>/s) ?? [];
  return createHash('sha256').update(map).digest('base64');
}
