jest.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

import { type Address, beginCell, toNano } from '@ton/core';
import { run as acceptHandover } from '../../scripts/acceptHandover';
import { run as handover } from '../../scripts/handover';
import { acceptanceBody } from '../../scripts/lib/handover';
import { readManifest, recordContract } from '../../scripts/lib/manifest-file';
import { bodies, parseRootData } from '../../wrappers';
import { codeOf, dataOf, deployRoot } from '../support/world';
import { runScript, succeed, useFakeNetwork } from './support/fake-network';

const fake = useFakeNetwork();
let root: Address;
let newOwner: string;

beforeEach(async () => {
  const { world } = fake();
  root = (await deployRoot(world)).address;
  recordContract('custom', 'root', root, { code: codeOf('root'), data: await dataOf(world, root), balance: 0n });
  newOwner = `newOwner=${world.actors.stranger.address}`;
});
const owner = async () => parseRootData(await dataOf(fake().world, root)).owner;

describe('handing the root over', () => {
  it('is proposed, accepted by the new owner, and only then carried out', async () => {
    const { stranger, rootOwner } = fake().world.actors;
    await succeed(handover, fake(), newOwner);
    expect(fake().sent).toHaveLength(0);
    expect(readManifest('custom').handover).toMatchObject({ newOwner: stranger.address.toString(), rootVersion: 0 });
    await succeed(handover, fake(), newOwner);
    expect(fake().read()).toContain('Not accepted yet');

    await succeed(acceptHandover, fake().as('stranger'));
    await succeed(acceptHandover, fake());
    expect(fake().sent).toHaveLength(1);
    expect((await owner()).equals(rootOwner.address)).toBe(true);

    await succeed(handover, fake().as('rootOwner'), newOwner);
    expect((await owner()).equals(stranger.address)).toBe(true);
    expect(readManifest('custom').handover).toBeUndefined();
    expect(readManifest('custom').root?.owner).toBe(stranger.address.toString());
    await succeed(handover, fake(), newOwner);
    await succeed(acceptHandover, fake().as('stranger'));
    expect(fake().sent).toHaveLength(2);
  });

  it('is accepted on another machine, which has no manifest', async () => {
    await succeed(handover, fake(), newOwner);
    const { version } = parseRootData(await dataOf(fake().world, root));
    fake().network = 'testnet';
    await succeed(acceptHandover, fake().as('stranger'), `root=${root}`, `version=${version}`, 'yes=true');
    fake().network = 'custom';
    await succeed(handover, fake().as('rootOwner'), newOwner);
    expect(fake().text).toMatch(/accepted in +[0-9a-f]{64}/);
  });

  it('does not take the acceptance of somebody else, or of an earlier version', async () => {
    const { stranger, carrier } = fake().world.actors;
    const acceptance = { root, newOwner: stranger.address, version: 0 };
    await carrier.send({ to: root, value: toNano('0.01'), body: acceptanceBody(acceptance) });
    await stranger.send({ to: root, value: toNano('0.01'), body: acceptanceBody({ ...acceptance, version: 7 }) });
    await succeed(handover, fake(), newOwner);
    await succeed(handover, fake(), newOwner);
    expect(fake().sent).toHaveLength(0);
  });

  it('takes any message of a contract that cannot run scripts, by its hash', async () => {
    const { stranger, carrier } = fake().world.actors;
    await stranger.send({ to: root, value: toNano('0.01'), body: bodies.doNotProcess({ queryId: 1n }) });
    await carrier.send({ to: root, value: toNano('0.01'), body: beginCell().endCell() });
    const transactions = await fake().world.chain.getTransactions(root);
    const hashFrom = (address: Address) =>
      transactions
        .find(({ inMessage }) => inMessage?.info.src?.toString() === address.toString())
        ?.hash()
        .toString('hex');
    expect(await runScript(handover, fake(), newOwner, `acceptedBy=${'00'.repeat(32)}`)).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/no such transaction among its last 500/);
    expect(await runScript(handover, fake(), newOwner, `acceptedBy=${hashFrom(carrier.address)}`)).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/did not come from the new owner/);
    await succeed(handover, fake(), newOwner, `acceptedBy=${hashFrom(stranger.address)}`);
    expect((await owner()).equals(stranger.address)).toBe(true);
  });

  it('warns loudly when it is forced', async () => {
    await succeed(handover, fake(), newOwner, 'force=true', 'dryRun=true');
    expect(fake().text).toContain('IF THE ADDRESS IS WRONG, THE ROOT IS LOST FOR EVER');
    expect(fake().sent).toHaveLength(0);
  });

  it('is refused to anybody but the present owner, and acceptance to anybody but the new one', async () => {
    await succeed(handover, fake(), newOwner);
    expect(await runScript(acceptHandover, fake().as('carrier'))).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/^The root is offered to \S+, and you are/);
    await succeed(acceptHandover, fake().as('stranger'));
    expect(await runScript(handover, fake().as('carrier'), newOwner)).toBe(1);
    expect(fake().lines.at(-1)).toMatch(/obeys \S+ only, and you are/);
  });
});
