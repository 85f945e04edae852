import { CocoonState } from '@cocoon/sdk';
import { toNano } from '@ton/core';
import { ChainError } from '../chain/port';
import { imaged } from '../transport/testing/imaged';
import { takeUpChannels } from './remembered';
import { secretHash } from './session';
import type { ChannelTerms, Identity } from './terms';
import { params, ROOT, WALLET } from './testing/fake-network';
import { SECRET, type World, world } from './testing/session-world';
import { silentLogger } from './testing/start-gateway';

/** What a vote on the root changes for a client, and what it does not. */

let w: World;
afterEach(() => w.close());

/** The root has other terms from now on; the proxy stays with its contract. */
async function vote(changed: { pricePerToken?: bigint; minClientStake?: bigint }): Promise<void> {
  w.chain.rootVersion += 1;
  w.chain.publishRoot(w.proxy.endpoint, { paramsVersion: 2, ...changed });
  await w.rereadRoot();
}

describe('a proxy whose contract has older terms than the root', () => {
  beforeEach(async () => {
    w = await world();
  });

  test('keeps the clients that it has, at the price of its contract, dearer or not', async () => {
    await w.connect();
    w.proxy.knownSecretHash = secretHash(SECRET);
    const paid = w.wallet.sent.length;
    await vote({ pricePerToken: 15n });
    const session = await w.connect();
    expect(session.ready).toBe(true);
    expect(session.terms?.params).toMatchObject({ paramsVersion: 1, pricePerToken: 20n });
    expect(session.terms?.client.equals(w.chain.client)).toBe(true);
    expect(w.wallet.sent).toHaveLength(paid);
  });

  test('gets a new client where its terms are no worse, under those terms', async () => {
    await vote({ pricePerToken: 30n, minClientStake: toNano('20') });
    const session = await w.connect();
    expect(session.terms?.params.pricePerToken).toBe(20n);
    expect(w.chain.clientData()).toMatchObject({ state: CocoonState.normal, balance: toNano('15') });
  });

  test('gets no new client where they are worse: nothing is sent, and the reason is told', async () => {
    await vote({ pricePerToken: 15n, minClientStake: toNano('10') });
    await expect(w.connect()).rejects.toMatchObject({
      code: 'worse_terms',
      message: expect.stringMatching(
        /version 1, the root 2.*pricePerToken 20 > 15, minClientStake 15000000000 > 10000000000.*move to a new contract/,
      ),
    });
    expect(w.wallet.sent).toEqual([]);
  });

  test('is believed only what the chain says', async () => {
    await vote({ pricePerToken: 30n });
    w.chain.remove(w.chain.proxy);
    await expect(w.connect()).rejects.toMatchObject({
      code: 'address_mismatch',
      message: expect.stringContaining('there is no contract'),
    });
    w.chain.outage = new Error('endpoint away');
    await expect(w.connect()).rejects.toThrow('endpoint away');
  });
});

describe('a channel of an earlier run', () => {
  const identity = (change: Partial<Identity> = {}): Identity => ({
    ...{ wallet: WALLET, root: ROOT, isTest: true, isTestnet: false },
    params: { ...params, paramsVersion: 2, pricePerToken: 15n },
    chain: w.chain,
    hasChannel: () => true,
    ...change,
  });
  const takenUp = async (change?: Partial<Identity>) => {
    const taken: ChannelTerms[] = [];
    await takeUpChannels(w.stateDir, identity(change), { for: (terms) => taken.push(terms) as never }, silentLogger);
    return taken;
  };
  beforeEach(async () => {
    w = await world();
    await w.connect();
    await w.channels.stop();
  });

  test('is taken up under the terms of its contract, without its proxy', async () => {
    const [channel] = await takenUp();
    expect(channel?.client.equals(w.chain.client)).toBe(true);
    expect(channel?.params).toMatchObject({ paramsVersion: 1, pricePerToken: 20n });
  });

  test('is not, where it is closed or of another wallet', async () => {
    expect(await takenUp({ wallet: w.chain.proxy })).toEqual([]);
    w.chain.setClient({ state: CocoonState.closed });
    expect(await takenUp()).toEqual([]);
  });

  test('is tried again when the chain is away', async () => {
    w.chain.outage = new ChainError('endpoint away', { code: 'unreachable', retryable: true });
    await expect(takenUp()).rejects.toThrow('endpoint away');
  });
});

describe('a proxy whose image is attested', () => {
  const IMAGE = Buffer.alloc(32, 0xaa);
  const allow = async (images: string[]) => {
    w.chain.rootVersion += 1;
    w.chain.publishRoot(w.proxy.endpoint, {}, images);
    await w.rereadRoot();
  };
  beforeEach(async () => {
    w = await world(undefined, imaged(IMAGE));
  });

  test("is told nothing, no secret either, while the root's list does not have the image (B25)", async () => {
    await expect(w.connect()).rejects.toMatchObject({ code: 'image_not_allowed' });
    expect(w.proxy.received).toEqual([]);
    await allow([IMAGE.toString('hex')]);
    expect((await w.connect()).ready).toBe(true);
  });

  test('is left as soon as the list loses the image, with what runs there', async () => {
    await allow([IMAGE.toString('hex')]);
    const session = await w.connect();
    session.rootChanged();
    expect(session.ready).toBe(true);
    const closed = w.proxy.nextClose();
    await allow([]);
    session.rootChanged();
    expect(session.ready).toBe(false);
    await closed;
  });
});
