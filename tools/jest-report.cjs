const { writeFileSync } = require('node:fs');

/**
 * Writes how each test file ended, for contract-tests.ts. Jest's own `--json` writes nothing when `bail` ends a run early.
 */
module.exports = class ReportWriter {
  constructor(_, { file }) {
    this.file = file;
  }

  onRunComplete(_, { testResults }) {
    const files = testResults.map((result) => ({
      path: result.testFilePath,
      passed: result.numFailingTests === 0 && result.testExecError === undefined,
      seconds: (result.perfStats.end - result.perfStats.start) / 1000,
      failed: result.testResults.find(({ status }) => status === 'failed')?.fullName,
      message: result.failureMessage ?? '',
    }));
    writeFileSync(this.file, JSON.stringify(files));
  }
};
