// What a page should never do, unless its story says so: complain, fail, break its own security policy, ask for what is not
// there, talk to anybody else than its server.

/** What a page says while its server is gone or its wire is broken; a story that does so expects it. */
export const OUTAGE = /net::ERR_(CONNECTION|INTERNET|NETWORK|EMPTY|SOCKET|INCOMPLETE|TIMED)|WebSocket connection to/;

/** The troubles of one device's pages and service worker. */
export class Troubles {
  /** @type {string[]} */
  #all = [];
  /** @type {RegExp[]} */
  #expected = [];

  /**
   * @param {import('playwright-core').BrowserContext} context
   * @param {string} origin The server's.
   */
  constructor(context, origin) {
    context.on('console', (message) => this.#hear(message));
    context.on('serviceworker', (worker) => worker.on('console', (message) => this.#hear(message)));
    context.on('weberror', (failure) => this.#all.push(`uncaught: ${failure.error().stack}`));
    context.on('request', (request) => this.#judge(request.url(), origin));
    context.on('page', (page) => {
      page.on('crash', () => this.#all.push(`crashed: ${page.url()}`));
      page.on('websocket', (socket) => this.#judge(socket.url().replace(/^ws/, 'http'), origin));
    });
    context.on('requestfailed', (request) => {
      const why = request.failure()?.errorText;
      // The page itself, or its end, called it off.
      if (why !== 'net::ERR_ABORTED') this.#all.push(`failed: ${request.method()} ${request.url()} ${why}`);
    });
    context.on('response', (response) => {
      const request = response.request();
      if (response.status() >= 400) this.#all.push(`${response.status()}: ${request.method()} ${request.url()}`);
    });
  }

  /** Those that no pattern expects. */
  get unexpected() {
    return this.#all.filter((trouble) => !this.#expected.some((pattern) => pattern.test(trouble)));
  }

  /**
   * From the beginning to the end of the story, such troubles are no surprise.
   * @param {RegExp} pattern
   */
  expect(pattern) {
    this.#expected.push(pattern);
  }

  /** @param {import('playwright-core').ConsoleMessage} message */
  #hear(message) {
    // `failed` and `response` say the same, and of which request.
    if (message.type() !== 'error' || message.text().startsWith('Failed to load resource')) return;
    const { url, lineNumber } = message.location();
    this.#all.push(`console: ${message.text()} (${url}:${lineNumber + 1})`);
  }

  /**
   * @param {string} url
   * @param {string} origin
   */
  #judge(url, origin) {
    const isItsOwn = url.startsWith(`${origin}/`) || url.startsWith('data:') || url.startsWith(`blob:${origin}/`);
    if (!isItsOwn) this.#all.push(`elsewhere: ${url}`);
  }
}
