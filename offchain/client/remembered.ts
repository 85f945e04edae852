import { Address } from '@ton/core';
import type { Logger } from 'pino';
import { ChainError } from '../chain/port';
import { type ChannelFile, readChannelFiles } from './channel-file';
import type { Channels } from './channels';
import { type Identity, rememberedTerms } from './terms';

/**
 * Takes up the channels of earlier runs: their escrow is looked after, and can be asked back, also when no proxy names them any more.
 * @throws ChainError, StateFileError
 */
export async function takeUpChannels(
  stateDir: string,
  identity: Identity,
  channels: Pick<Channels, 'for'>,
  logger: Logger,
): Promise<void> {
  for (const file of readChannelFiles(stateDir)) {
    try {
      channels.for(await rememberedTerms(contractsOf(file), identity));
    } catch (error) {
      if (error instanceof ChainError) throw error;
      logger.info({ client: file.client }, `a channel of an earlier run is not taken up: ${(error as Error).message}`);
    }
  }
}

function contractsOf({ proxy, client, proxyPublicKey }: ChannelFile) {
  return {
    proxy: Address.parseRaw(proxy),
    client: Address.parseRaw(client),
    proxyPublicKey: Buffer.from(proxyPublicKey, 'hex'),
  };
}
