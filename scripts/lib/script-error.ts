/** An expected failure of a script: printed as one line, exit code 1, no stack trace. */
export class ScriptError extends Error {
  constructor(problem: string, nextStep: string) {
    super(nextStep === '' ? problem : `${problem} ${nextStep}`);
    this.name = 'ScriptError';
  }
}
