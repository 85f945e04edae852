import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { z } from 'zod';
import { readState, writeStateSync } from './state-file';

const schema = z.object({ version: z.literal(1), secret: z.string().min(16) });

/**
 * The secret that lets this client in at its proxies. Never empty: with the hash of an empty one on chain anybody could
 * spend this client's balance (B24). Without one in the configuration it is made once and kept in the state directory.
 * @throws StateFileError when that file is damaged
 */
export function loadSecret(configured: string, stateDir: string): Buffer {
  if (configured !== '') return Buffer.from(configured, 'utf8');
  const file = join(stateDir, 'secret.json');
  const saved = readState(file, schema);
  if (saved !== undefined) return Buffer.from(saved.secret, 'utf8');
  const secret = randomBytes(32).toString('base64url');
  writeStateSync(file, { version: 1, secret });
  return Buffer.from(secret, 'utf8');
}
