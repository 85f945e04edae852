import { createServer } from 'node:net';
import { CliError } from '../errors';

/** Whether this process could listen on the loopback port now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE' || error.code === 'EACCES') resolve(false);
      else reject(error);
    });
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}

/** A loopback port that was free a moment ago; the system hands these out in turn, so it stays free for long. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen({ host: '127.0.0.1', port: 0, exclusive: true }, () => {
      const address = server.address();
      server.close(() => {
        if (address !== null && typeof address === 'object') resolve(address.port);
        else reject(new Error('no port was assigned'));
      });
    });
  });
}

/** The port the user asked for, or a free one for 0. @throws CliError when it is taken. */
export async function userPort(port: number, flag: string): Promise<number> {
  if (port === 0) return freePort();
  if (await isFree(port)) return port;
  throw new CliError(`Port ${port} is in use.`, `Choose another with ${flag} PORT (0 picks a free one).`);
}
