#!/usr/bin/env node
'use strict';

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 13)) {
  process.stderr.write(
    `cocoon needs Node 22.13 or newer, this is ${process.versions.node}. ` +
      'Start it with `npm start` or `npx cocoon …` in the repository: `npm ci` brings its own Node.\n',
  );
  process.exit(1);
}
process.removeAllListeners('warning'); // node:sqlite is still announced as experimental in some 22.x
require('tsx/cjs');
require('../cli/main');
