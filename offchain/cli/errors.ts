/** An expected failure: printed as `cocoon: <message> <nextStep>` on one line, without a stack trace. */
export class CliError extends Error {
  readonly nextStep: string;
  readonly exitCode: number;

  constructor(message: string, nextStep: string, options: { exitCode?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = 'CliError';
    this.nextStep = nextStep;
    this.exitCode = options.exitCode ?? 1;
  }
}

/** One line for the terminal. Only unexpected errors (our bugs) carry the hint to run again with details. */
export function describeError(error: unknown): string {
  if (error instanceof CliError) return oneLine(`${error.message} ${error.nextStep}`);
  const message = error instanceof Error ? error.message : String(error);
  return oneLine(message);
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, ' ').trim();
}
