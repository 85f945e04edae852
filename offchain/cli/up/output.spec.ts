import { Writable } from 'node:stream';
import { watchOutput } from './output';

/** A stream that takes nothing, as standard output after `| head -1` has ended. */
function brokenStream(): Writable {
  return new Writable({ write: (_chunk, _encoding, done) => done(new Error('write EPIPE')) });
}

function memoryStream(seen: string[]): Writable {
  return new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      seen.push(chunk.toString());
      done();
    },
  });
}

describe('watchOutput', () => {
  it('tells once when a stream goes away, and names the cause', async () => {
    const stream = brokenStream();
    const closed = new Promise((resolve) => stream.once('close', resolve));
    let calls = 0;
    const output = watchOutput([stream], () => calls++);
    stream.write('a');
    await closed;
    stream.write('b');
    expect(calls).toBe(1);
    expect(() => output.check()).toThrow('The output cannot be written (write EPIPE).');
  });

  it('fails a write that was not taken', async () => {
    const stream = brokenStream();
    const output = watchOutput([stream], () => undefined);
    await expect(output.write(stream, '{}')).rejects.toThrow('write EPIPE');
  });

  it('writes to a stream that works', async () => {
    const seen: string[] = [];
    const stream = memoryStream(seen);
    const output = watchOutput([stream], () => undefined);
    await output.write(stream, '{}');
    output.check();
    expect(seen).toEqual(['{}']);
  });
});
