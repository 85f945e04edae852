const { TestEnvironment } = require('jest-environment-node');

/** The first test that fails tells all: the rest of its file is skipped. */
module.exports = class FirstFailureEnvironment extends TestEnvironment {
  failed = false;

  handleTestEvent(event) {
    if (event.name === 'test_done' && event.test.errors.length > 0) this.failed = true;
    if (event.name === 'test_start' && this.failed) event.test.mode = 'skip';
  }
};
