import { type KeyObject, randomBytes } from 'node:crypto';
import { CocoonClient, CocoonProxy, clientStateInit, Op, proxyStateInit, readVoucher, signVoucher } from '@cocoon/sdk';
import { privateKeyFromSeed, rawPublicKey } from '@cocoon/sdk/protocol/keys';
import { opened } from '../../offchain/cli/dao/provider';
import type { House } from './dao';
import { readRoot, type Stage, TON } from './stage';

/** A proxy contract with a client's channel, deployed under the terms that the root has at that moment. */
export interface Channel {
  proxy: CocoonProxy;
  client: CocoonClient;
  key: KeyObject;
}

const ESCROW = 20n * TON;

/** Pia runs the proxy, Uma is its client. */
export async function openChannel(stage: Stage, { root }: House): Promise<Channel> {
  const { params } = await readRoot(stage, root.address);
  const [pia, uma] = [stage.people.Pia.address, stage.people.Uma.address];
  await stage.give(pia, params.minProxyStake);
  await stage.give(uma, params.minClientStake + ESCROW);
  const key = privateKeyFromSeed(randomBytes(32));
  const publicKey = rawPublicKey(key);
  const proxyInit = proxyStateInit({
    owner: pia,
    publicKey,
    root: root.address,
    params,
    proxyCode: params.proxyCode!,
  });
  const deployProxy = CocoonProxy.buildDeploy(proxyInit);
  await stage.send('Pia', deployProxy);
  const proxy = opened(stage.chain, CocoonProxy.createFromAddress(deployProxy.to));
  const stake = { amount: params.minProxyStake, excessesTo: pia };
  await stage.send('Pia', CocoonProxy.buildIncreaseStake(proxy.address, stake));
  const deployClient = CocoonClient.buildDeploy(
    clientStateInit({ owner: uma, proxy: proxy.address, publicKey, params }),
  );
  await stage.send('Uma', deployClient);
  const client = CocoonClient.createFromAddress(deployClient.to);
  const topUp = { amount: params.minClientStake + ESCROW, excessesTo: uma };
  await stage.send('Uma', CocoonClient.buildTopUp(client.address, topUp));
  return { proxy: CocoonProxy.createFromAddress(proxy.address), client, key };
}

/** nanoTON per token: what the two contracts carry in themselves. */
export async function pricesOf(
  { chain }: Stage,
  { proxy, client }: Channel,
): Promise<{ proxy: bigint; client: bigint }> {
  const { pricePerToken } = await opened(chain, proxy).getData();
  const { params } = await opened(chain, client).getStorage();
  return { proxy: pricePerToken, client: params.pricePerToken };
}

/** The proxy signs for so many tokens in all, Uma carries the voucher. @returns what it cost her, nanoTON */
export async function charge(stage: Stage, { client, key }: Channel, tokens: bigint): Promise<bigint> {
  const { chain, people } = stage;
  const contract = opened(chain, client);
  const before = (await contract.getData()).balance;
  const op = Op.extClientChargeSigned;
  const data = signVoucher({
    op,
    queryId: tokens,
    tokens,
    contract: client.address,
    excessesTo: people.Uma.address,
    key,
  });
  const { envelope } = readVoucher(data);
  const { signature, payloadCell: payload } = envelope;
  const message = { queryId: tokens, signature, payload, excessesTo: people.Uma.address };
  await stage.send('Uma', CocoonClient.buildCharge(client.address, message));
  return before - (await contract.getData()).balance;
}
