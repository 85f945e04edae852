import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Address } from '@ton/core';
import { z } from 'zod';
import { readState } from './state-file';
import type { ChannelTerms } from './terms';

/** What the client remembers of one channel: enough to notice a proxy that forgets. */
const fileSchema = z.object({
  version: z.literal(1),
  proxy: z.string(),
  client: z.string(),
  proxyPublicKey: z.string(),
  tokensMax: z.coerce.bigint(),
  tokensDb: z.coerce.bigint(),
  tokensSigned: z.coerce.bigint(),
  /** Adjusted tokens of the answers this client itself has received, to hold against what the proxy says. */
  tokensReceived: z.coerce.bigint(),
  /** BoC of the newest voucher, base64. */
  voucher: z.string().optional(),
  closing: z.boolean(),
  /** see ChannelSituation */
  outdatedSinceS: z.number().optional(),
});
export type ChannelFile = z.output<typeof fileSchema>;

/** One file for each client contract. */
export function channelFile(stateDir: string, client: Address): string {
  return join(stateDir, 'channels', `${client.hash.toString('hex')}.json`);
}

/** @returns undefined when there is none yet @throws StateFileError when it is damaged */
export function readChannelFile(file: string): ChannelFile | undefined {
  return readState(file, fileSchema);
}

export function newChannel({ proxy, client, proxyPublicKey }: ChannelTerms): ChannelFile {
  return {
    version: 1,
    proxy: proxy.toRawString(),
    client: client.toRawString(),
    proxyPublicKey: proxyPublicKey.toString('hex'),
    tokensMax: 0n,
    tokensDb: 0n,
    tokensSigned: 0n,
    tokensReceived: 0n,
    closing: false,
  };
}

/** Every channel file; read at the start, a damaged one ends that and not each handshake. @throws StateFileError */
export function readChannelFiles(stateDir: string): ChannelFile[] {
  const directory = join(stateDir, 'channels');
  if (!existsSync(directory)) return [];
  const names = readdirSync(directory).filter((name) => name.endsWith('.json'));
  return names.flatMap((name) => readChannelFile(join(directory, name)) ?? []);
}
