jest.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

import { type Address, toNano } from '@ton/core';
import { LiveChain } from '../../scripts/lib/chain';
import { readManifest, recordContract } from '../../scripts/lib/manifest-file';
import { parseArguments } from '../../scripts/lib/script';
import { runVerb, type VerbName, verbScript, verbs } from '../../scripts/lib/verbs';
import type { Verb } from '../../scripts/lib/verbs/verb';
import { parseRootData } from '../../wrappers';
import { hashOf } from '../support/keys';
import { codeOf, dataOf, deployProxy, deployRoot } from '../support/world';
import { runScript, succeed, useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();
const price = verbScript('changePrice');
let root: Address;
let at: string;

beforeEach(async () => {
  root = (await deployRoot(fake().world)).address;
  at = `root=${root}`;
});
const rootData = async () => parseRootData(await dataOf(fake().world, root));

/** As on a terminal, where somebody can be asked. */
async function interactively(name: VerbName, ...args: string[]): Promise<string> {
  const verb = verbs[name] as Verb<'root'>;
  const usage = { name, summary: '', keys: [verb.contract, ...verb.keys] };
  return runVerb(verb, fake().provider, parseArguments(usage, args), { interactive: true });
}

describe('a plan', () => {
  it('tells who sends what to whom, what it changes, and what the chain will say', async () => {
    await succeed(price, fake(), at, 'price=30', 'workerFee=25');
    const owner = fake().world.actors.rootOwner.address;
    expect(fake().text).toContain(
      [
        'Message: change the terms',
        `  from                    ${owner} (you, the owner)`,
        `  to                      ${root} (root)`,
        '  value                   0.05 TON',
        '  body                    rootChangePrice',
        '    price per token       20 nanoTON → 30 nanoTON',
        '    worker fee per token  19 nanoTON → 25 nanoTON',
      ].join('\n'),
    );
    expect(fake().text).toMatch(
      /1\. you, the owner → root {2}rootChangePrice {2}0\.05 TON {2}ok {2}\(fees 0\.\d+ TON\)/,
    );
    expect(fake().text).toMatch(/2\. root → you, the owner {2}excesses {2}0\.\d+ TON {2}ok/);
    expect(fake().text).toMatch(/Changes:[\s\S]*params version +17 → 18/);
    expect(fake().text).toMatch(/On chain now:[\s\S]*price per token +20 nanoTON → 30 nanoTON/);
  });

  it('for a deep link names the owner, and does not check who opens it', async () => {
    fake().as(undefined);
    expect(await runScript(price, fake(), at, 'price=30', 'dryRun=true')).toBe(0);
    expect(fake().text).toMatch(/from +EQ\S+ \(owner\)/);
    expect(fake().text).toMatch(/1\. owner → root {2}rootChangePrice {2}0\.05 TON {2}ok/);
  });

  it('is confirmed once, and only a yes sends', async () => {
    fake().answers.push('n');
    await expect(interactively('changePrice', at, 'price=30')).rejects.toThrow('Cancelled, nothing was sent.');
    fake().answers.push('y');
    expect(await interactively('changePrice', at, 'price=30')).toBe('sent');
    expect(fake().lines.filter((line) => line.startsWith('?'))).toEqual(['? Send it?', '? Send it?']);
  });

  it('demands yes=true on a real network when there is nobody to ask', async () => {
    fake().network = 'testnet';
    expect(await runScript(price, fake(), at, 'price=30')).toBe(1);
    expect(fake().lines.at(-1)).toBe('There is no terminal to confirm on (network testnet). Add yes=true.');
    await succeed(price, fake(), at, 'price=30', 'yes=true');
    expect((await rootData()).params.pricePerToken).toBe(30n);
  });

  it('asks for what is missing until the answer can be used; an empty one keeps a term', async () => {
    fake().answers.push('', '-4', '10', 'y');
    expect(await interactively('changePrice', at)).toBe('sent');
    expect((await rootData()).params).toMatchObject({ pricePerToken: 20n, workerFeePerToken: 10n });
    expect(fake().text).toContain('workerFee=-4: expected a price');
  });

  it('offers several known contracts for choice', async () => {
    const { world } = fake();
    const { rootOwner } = world.actors;
    const proxy = (await deployProxy(world)).address;
    const known = { code: codeOf('proxy'), data: await dataOf(world, proxy), balance: 0n };
    recordContract('custom', 'proxy', proxy, known);
    recordContract('custom', 'proxy', rootOwner.address, known);
    fake().answers.push(proxy.toString(), 'y');
    expect(await interactively('stakeProxy')).toBe('sent');
    expect(fake().lines[0]).toBe('? proxy: address of the proxy contract');
  });

  it('is not sent when the wallet cannot pay for it', async () => {
    const { stranger } = fake().world.actors;
    const { balance } = await fake().world.chain.getContract(stranger.address);
    await stranger.send({ to: root, value: balance - toNano('0.5'), bounce: false });
    const proxy = (await deployProxy(fake().world)).address;
    expect(await runScript(verbScript('stakeProxy'), fake().as('stranger'), `proxy=${proxy}`)).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/^EQ\S+ holds 0\.\d+ TON, 15\.75 TON are needed\. Fund it first\.$/);
  });

  it('goes on without a simulation only when it is told to', async () => {
    fake().hidesConfig = true;
    expect(await runScript(price, fake(), at, 'price=30')).toBe(1);
    expect(fake().lines.at(-1)).toBe(
      'The message could not be simulated: The endpoint does not tell the blockchain config. Nothing was sent. force=true sends it without a simulation.',
    );
    await succeed(price, fake(), at, 'price=30', 'force=true');
    fake().answers.push('y');
    expect(await interactively('changePrice', at, 'price=31')).toBe('sent');
  });

  it('that never arrives ends with what to do', async () => {
    const provider = {
      ...fake().provider,
      sender: () => ({ address: fake().sender?.address, send: async () => undefined }),
    };
    let pauses = 0;
    const live = new LiveChain(provider, async () => {
      pauses += 1;
    });
    const args = parseArguments({ name: '', summary: '', keys: ['root', 'kind', 'hash'] }, [
      at,
      'kind=model',
      `hash=${hashOf('x').toString('hex')}`,
    ]);
    await expect(runVerb(verbs.addHash, provider, args, { live })).rejects.toThrow(
      /did not arrive in time\. Look at your wallet, then run the script again: it sends only what is missing\.$/,
    );
    expect(pauses).toBe(60);
  });
});

describe('the manifest after a verb', () => {
  it('keeps the code hash and the terms of the root true', async () => {
    const { world } = fake();
    recordContract('custom', 'root', root, { code: codeOf('root'), data: await dataOf(world, root), balance: 0n });
    await succeed(price, fake(), 'price=30');
    expect(readManifest('custom').root?.paramsVersion).toBe(18);
  });

  it('is not begun by a verb on a contract of somebody else', async () => {
    await succeed(price, fake(), at, 'price=30');
    expect(readManifest('custom').root).toBeUndefined();
  });
});
