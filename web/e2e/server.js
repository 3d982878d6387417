// The real server, with a database of its own, which can be killed and started again at the same address.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { atEnd } from './ending.js';

/** @typedef {import('node:child_process').ChildProcessByStdio<null, import('node:stream').Readable, null>} Child */

/**
 * @typedef {object} ServerOptions
 * @property {Record<string, number>} [restaurants] Restaurants to have, each with so many tables on a grid.
 * @property {boolean} [locked] Whether people and devices need a token to come in. The story has the owner's.
 * @property {string[]} [options] More options of `maitred serve`.
 */

const binary = process.env.MAITRED ?? fileURLToPath(new URL('../../target/debug/maitred', import.meta.url));

// A story's settings are its own, not those of whoever runs it. Only what is amiss is logged.
const environment = {
  ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MAITRED_'))),
  MAITRED_LOG: 'warn',
};

// A server that ends in good order does so within this time.
const STOP_MS = 10_000;

// What is left where the stories are broken off.
/** @type {Set<Child>} */
const running = new Set();
/** @type {Set<string>} */
const folders = new Set();
process.once('SIGTERM', () => process.exit(143));
process.on('exit', () => {
  running.forEach((child) => child.kill('SIGKILL'));
  folders.forEach((folder) => rmSync(folder, { recursive: true, force: true }));
});

/**
 * Starts a server, and ends it with the scope.
 * @param {import('./ending.js').Scope} scope
 * @param {ServerOptions} [options]
 */
export async function startServer(scope, { restaurants = {}, locked = false, options = [] } = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'maitred-story-'));
  folders.add(folder);
  const server = new Server(folder, await freePort(), options);
  atEnd(scope, async () => {
    await server.stop();
    await rm(folder, { recursive: true });
    folders.delete(folder);
  });
  if (locked) await server.lock();
  for (const [id, tables] of Object.entries(restaurants)) {
    await server.command('restaurant', 'add', id, '--tables', String(tables), '--database', server.database);
  }
  await server.start();
  return server;
}

export class Server {
  /** @type {Child | null} */
  #child = null;
  /** @type {string | null} */
  #secretFile = null;
  /** The owner's, of a server that is locked. @type {string | null} */
  token = null;

  /**
   * @param {string} folder
   * @param {number} port
   * @param {string[]} options
   */
  constructor(folder, port, options) {
    this.folder = folder;
    this.port = port;
    this.options = options;
    this.url = `http://127.0.0.1:${port}`;
    this.database = `sqlite:${join(folder, 'maitred.db')}`;
  }

  /** Starts it, for the first time or again, and returns when it listens. */
  async start() {
    const options = ['--listen', `127.0.0.1:${this.port}`, '--database', this.database, ...this.options];
    if (this.#secretFile) options.push('--token-secret-file', this.#secretFile);
    /** @type {Child} */
    const child = spawn(binary, ['serve', ...options], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    const lines = createInterface({ input: child.stdout });
    const [line] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
    if (typeof line !== 'string' || !line.includes('listens on')) {
      throw new Error(`maitred did not come to listen on ${this.url}: ${line ?? 'it was killed'}`);
    }
  }

  /** Ends it as a power cut does. */
  async kill9() {
    await this.#end('SIGKILL');
  }

  /** Ends it in good order. */
  async stop() {
    if ((await this.#end('SIGTERM')) === 'SIGKILL') throw new Error(`SIGTERM did not end maitred within ${STOP_MS} ms`);
  }

  /**
   * Returns the signal that it took; null where it ended by itself, or did not run.
   * @param {NodeJS.Signals} signal
   */
  async #end(signal) {
    const child = this.#child;
    this.#child = null;
    if (!child || child.exitCode !== null || child.signalCode !== null) return null;
    const exit = once(child, 'exit');
    child.kill(signal);
    const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
    const [, by] = await exit;
    clearTimeout(killer);
    return by;
  }

  /** From the next start on, nobody comes in without a token. */
  async lock() {
    const secretFile = join(this.folder, 'maitred.secret');
    await this.command('secret', secretFile);
    this.#secretFile = secretFile;
    this.token = await this.makeToken('--role', 'owner');
  }

  /**
   * A token of a locked server.
   * @param {string[]} options Those of `maitred token`: `--role`, `--restaurant`.
   */
  async makeToken(...options) {
    if (!this.#secretFile) throw new Error('only a locked server has tokens');
    return this.command('token', '--token-secret-file', this.#secretFile, ...options);
  }

  /**
   * Runs the binary, and returns what it prints.
   * @param {string[]} words
   */
  async command(...words) {
    const { stdout } = await promisify(execFile)(binary, words, { env: environment });
    return stdout.trim();
  }

  /** @param {string} path */
  async get(path) {
    return this.#ask('GET', path);
  }

  /** @param {string} path @param {object} body @param {Record<string, string>} [headers] */
  async post(path, body, headers) {
    return this.#ask('POST', path, body, headers);
  }

  /** @param {string} path @param {object} body @param {Record<string, string>} [headers] */
  async patch(path, body, headers) {
    return this.#ask('PATCH', path, body, headers);
  }

  /** @param {string} path */
  async delete(path) {
    return this.#ask('DELETE', path);
  }

  /**
   * The answer's body; fails where the answer is no success.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   * @returns {Promise<any>}
   */
  async #ask(method, path, body, headers) {
    const answer = await this.request(method, path, body, headers);
    if (answer.status >= 300) {
      throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  /**
   * Any request, on a connection of its own, so that none outlives the server; and its answer, success or not.
   * @param {string} method
   * @param {string} path
   * @param {object} [body]
   * @param {Record<string, string>} [headers]
   */
  async request(method, path, body, headers = {}) {
    const request = http.request(this.url + path, { method, agent: false });
    if (this.token) request.setHeader('Authorization', `Bearer ${this.token}`);
    if (body) request.setHeader('Content-Type', 'application/json');
    for (const [name, value] of Object.entries(headers)) request.setHeader(name, value);
    request.end(body && JSON.stringify(body));
    /** @type {[http.IncomingMessage]} */
    const [response] = /** @type {any} */ (await once(request, 'response'));
    let text = '';
    for await (const piece of response.setEncoding('utf8')) text += piece;
    const isJson = response.headers['content-type']?.includes('json');
    return { status: response.statusCode ?? 0, headers: response.headers, body: isJson ? JSON.parse(text) : text };
  }
}

/**
 * A port that is free, below those that the system gives to outgoing connections. A page that calls a dead server again
 * and again would sooner or later be given the server's own port, and reach itself.
 */
async function freePort() {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 12_000);
    const probe = createServer().listen(port, '127.0.0.1');
    const isFree = await once(probe, 'listening').then(
      () => true,
      () => false,
    );
    if (isFree) {
      probe.close();
      await once(probe, 'close');
      return port;
    }
  }
}
