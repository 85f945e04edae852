import type { Writable } from 'node:stream';
import { CliError } from '../errors';

/**
 * Standard output and error may go away while the network runs (`| head`, a closed terminal, a full disk). Node reports
 * that as an `error` event, which nobody hears by default and which would end `up` with a stack trace.
 */
export interface OutputWatch {
  /** @throws CliError when something that was written has been lost. */
  check(): void;
  /** Writes all of `text`. @throws CliError when the stream does not take it. */
  write(stream: Writable, text: string): Promise<void>;
}

/** @param onLost called once, at the first stream that cannot be written */
export function watchOutput(streams: readonly Writable[], onLost: () => void): OutputWatch {
  let lost: Error | undefined;
  for (const stream of streams) {
    stream.on('error', (error: Error) => {
      if (lost !== undefined) return;
      lost = error;
      onLost();
    });
  }
  const check = () => {
    if (lost === undefined) return;
    throw new CliError(`The output cannot be written (${lost.message}).`, 'The network has been stopped.', {
      cause: lost,
    });
  };
  return {
    check,
    write: async (stream, text) => {
      await new Promise<void>((resolve) => {
        stream.write(text, (error) => {
          if (error) lost ??= error;
          resolve();
        });
      });
      check();
    },
  };
}
