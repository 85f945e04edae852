/**
 * JSON of a file that may hold secrets. The parser's own message quotes the text around the mistake, and messages end up in
 * logs; this one says where the mistake is and quotes nothing.
 */
export class JsonError extends Error {
  readonly code = 'JSON';

  constructor(where: string) {
    super(`it is no valid JSON${where}`);
    this.name = 'JsonError';
  }
}

/** @throws JsonError */
export function parseSecretJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const at = /at position \d+(?: \(line \d+ column \d+\))?/.exec((error as Error).message)?.[0];
    throw new JsonError(at === undefined ? '' : ` ${at}`); // no cause: it carries the quote
  }
}
