import { Address, beginCell, type Cell, toNano } from '@ton/core';
import { internal, type SandboxContract, type SendMessageResult } from '@ton/sandbox';
import {
  actionQueryId,
  actionsHash,
  bodies,
  type CocoonRoot,
  CocoonVault,
  type DaoAction,
  initialVaultData,
  packActions,
  packRootData,
  packVaultData,
  parseRootData,
  parseVaultLog,
  reasonCell,
  type VaultData,
  type VaultLog,
  vaultBodies,
} from '../../wrappers';
import { hashOf } from './keys';
import type { Prices } from './price-sets';
import { deliver } from './rejection';
import { hex } from './root-world';
import { exitCodeOf, storageFeeOf, txsOf } from './trace';
import { type Actor, codeOf, createWorld, dataOf, deployRoot, overwriteData, putContract, type World } from './world';

/** What the tests of the Vault share: a Vault that owns a real root, among people who stand in for everybody else. */

export const DAY = 86_400;

/** What everything that is no execution is sent with. */
export const VALUE = toNano('0.3');
export const TREASURY = toNano('1000');

const ROLES = ['governor', 'guardian', 'registrar', 'proposal', 'executor', 'payee', 'otherPayee', 'deployer'] as const;
export type VaultRole = (typeof ROLES)[number];

export interface VaultWorld {
  world: World;
  vault: SandboxContract<CocoonVault>;
  root: SandboxContract<CocoonRoot>;
  people: Record<VaultRole, Actor>;
}

/** Deployed, and not set up. */
export async function createBareVault(prices: Prices = 'current'): Promise<VaultWorld> {
  const world = await createWorld({ prices });
  const root = await deployRoot(world);
  const people = {} as Record<VaultRole, Actor>;
  for (const role of ROLES) people[role] = await world.chain.treasury(`vault ${role}`);
  const data = initialVaultData({ root: root.address, deployer: people.deployer.address });
  const vault = world.chain.openContract(CocoonVault.createFromConfig(data, codeOf('vault')));
  await vault.sendDeploy(people.deployer.getSender());
  return { world, vault, root, people };
}

/** Set up with guardian and registrar, owner of the root, 1 000 TON in the treasury. */
export async function createVaultWorld(prices: Prices = 'current'): Promise<VaultWorld> {
  const it = await createBareVault(prices);
  const { world, vault, root, people } = it;
  await vault.sendInit(people.deployer.getSender(), {
    governor: people.governor.address,
    guardian: people.guardian.address,
    until: world.now() + 500 * DAY,
    value: toNano('2'),
  });
  await given(it, { registrar: people.registrar.address });
  await people.payee.send({ to: vault.address, value: TREASURY });
  const rootData = parseRootData(await dataOf(world, root.address));
  const lists = { proxyHashes: new Set([hex('proxy 1')]), modelHashes: new Set([hex('model 1'), hex('model 2')]) };
  const entries = { registeredProxies: new Map([[1_000_001, '10.0.0.1:1']]), workerHashes: new Set([hex('worker 1')]) };
  await overwriteData(world, root.address, packRootData({ ...rootData, ...lists, ...entries, owner: vault.address }));
  return it;
}

/** Rewrites some fields of the Vault's data. */
export async function given({ world, vault }: VaultWorld, change: Partial<VaultData>): Promise<void> {
  await overwriteData(world, vault.address, packVaultData({ ...(await vault.getStorage()), ...change }));
}

/** A payment with no body. */
export function pay(to: Address, value: bigint): DaoAction {
  return { to, value, body: null, init: null };
}

/** A message with a body. */
export function tell(to: Address, body: Cell, value = toNano('0.1')): DaoAction {
  return { to, value, body, init: null };
}

/** So many payments to one payee, each of another amount: their order can be seen. */
export function payments(to: Address, count: number, first = toNano('1')): DaoAction[] {
  return Array.from({ length: count }, (_, index) => {
    const body = bodies.payout({ queryId: actionQueryId(77n, index) });
    return tell(to, body, first + BigInt(index));
  });
}

export type Class = 'normal' | 'critical';

export interface ScheduleOptions {
  class?: Class | number;
  value?: bigint;
  from?: Actor;
  hash?: Buffer;
}

/** A vault_schedule of these actions. */
export function scheduleBody(
  it: VaultWorld,
  id: number,
  actions: readonly DaoAction[],
  opts: ScheduleOptions = {},
): Cell {
  const kind = opts.class ?? 'critical';
  return vaultBodies.vaultSchedule({
    queryId: BigInt(id),
    id,
    class: typeof kind === 'number' ? kind : kind === 'critical' ? 1 : 0,
    actionsHash: opts.hash ?? actionsHash(actions),
    proposal: it.people.proposal.address,
  });
}

/** What people do with the Vault. */
export function actsOf(it: VaultWorld) {
  const { world, people } = it;
  const send = (from: Actor, body: Cell, value: bigint) => deliver(world, { from, to: it.vault.address, value, body });
  return {
    schedule: (id: number, actions: readonly DaoAction[], opts: ScheduleOptions = {}) =>
      send(opts.from ?? people.governor, scheduleBody(it, id, actions, opts), opts.value ?? VALUE),
    execute: (id: number, actions: readonly DaoAction[], opts: { value?: bigint; from?: Actor } = {}) => {
      const body = vaultBodies.vaultExecute({ queryId: BigInt(id), id, actions: packActions(actions) });
      return send(opts.from ?? people.executor, body, opts.value ?? VALUE);
    },
    veto: (id: number, opts: { from?: Actor; reason?: Cell; value?: bigint } = {}) => {
      const reason = opts.reason ?? reasonCell('not in our interest');
      return send(
        opts.from ?? people.guardian,
        vaultBodies.vaultVeto({ queryId: 9n, id, reason }),
        opts.value ?? VALUE,
      );
    },
    pause: (seconds: number, from = people.guardian) =>
      send(from, vaultBodies.vaultPause({ queryId: 9n, seconds }), VALUE),
    revoke: (body: Cell, from = people.guardian) => send(from, vaultBodies.vaultRevoke({ queryId: 9n, body }), VALUE),
    registry: (body: Cell, from = people.registrar, value = VALUE) =>
      send(from, vaultBodies.vaultRegistry({ queryId: 9n, body }), value),
    send: (from: Actor, body: Cell, value = VALUE) => send(from, body, value),
  };
}

/** Schedules and waits until the operation is ready. */
export async function makeReady(it: VaultWorld, id: number, actions: readonly DaoAction[], opts: ScheduleOptions = {}) {
  await actsOf(it).schedule(id, actions, opts);
  const operation = await it.vault.getOperation(id);
  it.world.advance(operation!.eta - it.world.now());
}

/** Schedules, waits and executes; succeeds. */
export async function carryOut(it: VaultWorld, id: number, actions: readonly DaoAction[], opts: ScheduleOptions = {}) {
  await makeReady(it, id, actions, opts);
  const result = await actsOf(it).execute(id, actions);
  expect(exitCodeOf(firstTx(it, result))).toBe(0);
  return result;
}

/** The Vault's first transaction of a trace: it may have to take back what it sent. */
export function firstTx({ vault }: VaultWorld, result: SendMessageResult) {
  return txsOf(result, vault.address)[0]!;
}

/** Exit codes of the Vault's transactions. */
export function exitsOf({ vault }: VaultWorld, result: SendMessageResult): (number | undefined)[] {
  return txsOf(result, vault.address).map(exitCodeOf);
}

/** What the Vault logged. */
export function logsOf({ vault }: VaultWorld, result: SendMessageResult): (VaultLog | null)[] {
  return txsOf(result, vault.address).flatMap((tx) =>
    tx.outMessages.values().flatMap(({ info, body }) => (info.type === 'external-out' ? [parseVaultLog(body)] : [])),
  );
}

/** Internal messages that an account took in a trace, in order. */
export function takenBy(account: Address, result: SendMessageResult): { value: bigint; body: Cell }[] {
  return txsOf(result, account).flatMap(({ inMessage }) =>
    inMessage?.info.type === 'internal' ? [{ value: inMessage.info.value.coins, body: inMessage.body }] : [],
  );
}

/** Removals that the guardian may send to the root. */
export const removals = {
  worker: bodies.rootDelWorkerType({ queryId: 5n, hash: hashOf('worker 1') }),
  proxy: bodies.rootDelProxyType({ queryId: 5n, hash: hashOf('proxy 1') }),
  model: bodies.rootDelModelType({ queryId: 5n, hash: hashOf('model 1') }),
  listing: bodies.rootUnregisterProxy({ queryId: 5n, seqno: 1_000_001 }),
} as const;

/** A cell of the kind that refers to code or data by hash. */
export function libraryCell(hash: Buffer): Cell {
  return beginCell().storeUint(2, 8).storeBuffer(hash).endCell({ exotic: true });
}

/** Gives the Vault exactly these coins, its rent paid up to now. */
export async function setTreasury({ world, vault }: VaultWorld, balance: bigint): Promise<void> {
  const data = await dataOf(world, vault.address);
  await putContract(world, { address: vault.address, code: codeOf('vault'), data, balance });
}

/** Rent that an account paid in a trace. */
export function rentOf(account: Address, result: SendMessageResult): bigint {
  return txsOf(result, account).reduce((sum, tx) => sum + storageFeeOf(tx), 0n);
}

/** A message as a contract sends it; its coins are made from nothing. */
export function messageFrom(from: Address, to: Address, body: Cell, value = VALUE) {
  return internal({ from, to, value, body, bounce: true });
}

/** A message of the Vault to itself, as an executed operation sends it. */
export function selfMessage(vault: Address, body: Cell) {
  return messageFrom(vault, vault, body);
}

/** The same with addresses as text: no two address objects are equal to Jest. */
export function readable(value: unknown): unknown {
  if (value instanceof Address) return value.toString();
  if (value instanceof Map) return new Map([...value].map(([key, item]) => [key, readable(item)]));
  if (Array.isArray(value)) return value.map(readable);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, readable(item)]));
}
