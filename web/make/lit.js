// Makes vendor/lit.js, the one copy of Lit that the app runs: Lit itself and the directives that the app uses, in one
// module. The import map of index.html sends every specifier of Lit to it, so that sources write what Lit's own types
// know.

import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const specifiers = [
  'lit',
  'lit/directives/class-map.js',
  'lit/directives/guard.js',
  'lit/directives/if-defined.js',
  'lit/directives/live.js',
  'lit/directives/ref.js',
  'lit/directives/repeat.js',
  // An attribute that says a style is refused by the app's content security policy; this sets the style itself.
  'lit/directives/style-map.js',
];

/** What vendor/lit.js contains. */
export async function makeLit() {
  const { version } = JSON.parse(await readFile(packageFile('package.json'), 'utf8'));
  const { outputFiles } = await build({
    stdin: {
      contents: specifiers.map((specifier) => `export * from '${specifier}';`).join('\n'),
      resolveDir: fileURLToPath(new URL('..', import.meta.url)),
    },
    banner: { js: `// Lit ${version} (https://lit.dev), BSD-3-Clause: LICENSE-lit.txt. Made by make/lit.js.` },
    bundle: true,
    format: 'esm',
    target: 'es2022',
    charset: 'utf8',
    minify: true,
    legalComments: 'eof',
    write: false,
  });
  const [file] = outputFiles;
  if (!file) throw new Error('esbuild made no file');
  return file.text;
}

/** @param {string} name A file of Lit's package. */
function packageFile(name) {
  return new URL(name, `file://${createRequire(import.meta.url).resolve('lit')}`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('../vendor/lit.js', import.meta.url), await makeLit());
  await copyFile(packageFile('LICENSE'), new URL('../vendor/LICENSE-lit.txt', import.meta.url));
}
