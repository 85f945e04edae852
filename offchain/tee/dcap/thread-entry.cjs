'use strict';
// Worker threads do not inherit a loader for TypeScript that was registered with require().
require('tsx/cjs');
require('./thread');
