const path = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');

/** Runs test files in the order that COCOON_SPEC_ORDER gives, where Jest would order them by size. */
module.exports = class GivenOrderSequencer extends Sequencer {
  sort(tests) {
    const order = JSON.parse(process.env.COCOON_SPEC_ORDER);
    const rank = (test) => order.indexOf(path.relative(process.cwd(), test.path).split(path.sep).join('/'));
    return [...tests].sort((a, b) => rank(a) - rank(b));
  }
};
