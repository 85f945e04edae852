import { spawnSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Installs the optional llama.cpp engine beside the project, in `.llama/`. Not into node_modules: without
 * `--omit=optional` the package brings hundreds of megabytes of GPU builds, and with it npm would remove the optional
 * packages that the project itself needs.
 */
const VERSION = '3.22.1';

const BUILDS: Readonly<Record<string, string>> = {
  'linux-x64': 'linux-x64',
  'linux-arm64': 'linux-arm64',
  'darwin-arm64': 'mac-arm64-metal',
  'darwin-x64': 'mac-x64',
  'win32-x64': 'win-x64',
  'win32-arm64': 'win-arm64',
};

const build = BUILDS[`${process.platform}-${process.arch}`];
if (build === undefined) {
  process.stderr.write(`There is no prebuilt llama.cpp for ${process.platform}-${process.arch}; use --engine-url.\n`);
  process.exit(1);
}

const directory = join(__dirname, '..', '.llama');
mkdirSync(directory, { recursive: true });
writeFileSync(join(directory, 'package.json'), '{ "private": true }\n');
const { status } = spawnSync(
  'npm',
  [
    'install',
    '--omit=optional',
    '--no-audit',
    '--no-fund',
    `node-llama-cpp@${VERSION}`,
    `@node-llama-cpp/${build}@${VERSION}`,
  ],
  { cwd: directory, stdio: 'inherit', shell: process.platform === 'win32' },
);
process.exit(status ?? 1);
