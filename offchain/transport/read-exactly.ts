import type { Readable } from 'node:stream';
import { ConnectionClosedError } from './errors';

/**
 * The next `bytes` bytes of a stream, however they are cut; what comes behind them stays in the stream, for whoever
 * reads next. Never holds more than the stream's own buffer. Rejects when the stream ends, fails or closes first; there
 * is no time limit here: whoever gives up destroys the stream. One reader at a time, and nobody may listen to 'data'.
 */
export function readExactly(stream: Readable, bytes: number, what: string): Promise<Buffer> {
  if (bytes === 0) return Promise.resolve(Buffer.alloc(0));
  return new Promise((resolve, reject) => {
    const settle = (run: () => void): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('error', onError).off('close', onClose);
      run();
    };
    const onReadable = (): void => {
      const chunk: Buffer | null = stream.read(bytes);
      // An ended stream gives what is left, which may be less; 'end' follows then.
      if (chunk?.length === bytes) settle(() => resolve(chunk));
    };
    const onEnd = (): void => settle(() => reject(new ConnectionClosedError(`the stream ended before ${what}`)));
    const onError = (error: Error): void =>
      settle(() => reject(new ConnectionClosedError(`the stream failed before ${what}: ${error.message}`, error)));
    const onClose = (): void =>
      settle(() => reject(new ConnectionClosedError(`the stream was closed before ${what} had come`)));
    if (stream.destroyed || stream.readableEnded) return onClose();
    stream.on('readable', onReadable).on('end', onEnd).on('error', onError).on('close', onClose);
    onReadable();
  });
}
