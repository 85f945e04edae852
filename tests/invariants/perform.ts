import { Address, type Cell, fromNano, toNano } from '@ton/core';
import { bodies, CocoonState } from '../../wrappers';
import { hashOf } from '../support/keys';
import { noBody } from '../support/message-pool';
import {
  CLIENTS,
  type ClientName,
  type Contract,
  clients,
  contracts,
  nameOf,
  PRICE,
  people,
  proxy,
  root,
  type WorkerName,
  workers,
} from './cast';
import type { ExcessesTo, Operation, Value } from './operations';
import { reopenClient, reopenWorker } from './reopening';
import type { Scene } from './scene';
import { trespass } from './trespasses';
import { envelope, sign, type Voucher } from './vouchers';

/** Carries out one operation: puts a message into the pool, serves tokens, or lets time pass. */

const VALUES: Record<Exclude<Value, 'fair'>, bigint> = {
  least: toNano('0.1') + 1n, // a worker's message must carry more than 0.1
  short: toNano('0.03'),
  dust: toNano('0.0001'),
};
const NOWHERE = hashOf('nowhere');
/** At ten times the price of rent nobody leaves a contract alone for years. */
const PATIENCE = 1_209_600;

/** The member of the union that carries out `D`. */
type Of<D extends Operation['do'], O = Operation> = O extends { do: infer K } ? (D extends K ? O : never) : never;

const deeds: { [D in Operation['do']]: (scene: Scene, operation: Of<D>) => void } = {
  deploy(scene, { what, coins }) {
    const target = what === 'proxy' ? proxy : { ...clients, ...workers }[what];
    post(scene, { from: target.owner, to: target, coins, says: 'deploys', body: noBody });
  },

  topUp(scene, operation) {
    const { client, coins, by } = operation;
    const from = by === 'owner' ? clients[client].owner : people.stranger;
    toClient(scene, operation, { from, coins, says: `tops up ${fromNano(coins)} TON at`, make: topUp(coins) });
  },
  topUpWithSecret(scene, operation) {
    const { coins } = operation;
    const secretHash = hashOf('secret');
    const make = (excessesTo: Address) =>
      bodies.ownerClientChangeSecretHashAndTopUp({ queryId: 0n, amount: coins, secretHash, excessesTo });
    toClient(scene, operation, { coins, says: `sets a secret and tops up ${fromNano(coins)} TON at`, make });
  },
  sync(scene, operation) {
    toClient(scene, { ...operation, ...PROPER }, { from: people.otherCarrier, says: 'syncs', make: topUp(0n) });
  },
  withdraw(scene, operation) {
    const make = (excessesTo: Address) => bodies.ownerClientWithdraw({ queryId: 0n, excessesTo });
    toClient(scene, operation, { says: 'withdraws from', make });
  },
  requestRefund(scene, operation) {
    const make = (excessesTo: Address) => bodies.ownerClientRequestRefund({ queryId: 0n, excessesTo });
    toClient(scene, operation, { says: 'requests a refund of', make });
  },
  raiseStake(scene, operation) {
    const newStake = (scene.client(operation.client)?.stake ?? 0n) + toNano('5');
    const make = (excessesTo: Address) => bodies.ownerClientIncreaseStake({ queryId: 0n, newStake, excessesTo });
    toClient(scene, operation, { says: 'raises the stake of', make });
  },
  register(scene, operation) {
    const make = (excessesTo: Address) => bodies.ownerClientRegister({ queryId: 0n, nonce: 1n, excessesTo });
    toClient(scene, operation, { says: 'registers', make });
  },
  reopen(scene, operation) {
    const { coins } = operation;
    const make = (excessesTo: Address) => reopenClient(coins, excessesTo);
    toClient(scene, { ...operation, ...PROPER }, { coins, says: `reopens with ${fromNano(coins)} TON`, make });
  },

  serve(scene, { client, worker, tokens }) {
    serve(scene, client, worker, tokens);
  },
  charge(scene, { client }) {
    bring(scene, sign('extClientChargeSigned', clients[client], served(scene, client)));
  },
  grantRefund(scene, { client }) {
    scene.retired.add(client);
    bring(scene, sign('extClientGrantRefundSigned', clients[client], served(scene, client)));
  },
  payWorker(scene, { worker }) {
    bring(scene, sign('extWorkerPayoutRequestSigned', workers[worker], worked(scene, worker)));
  },
  dismissWorker(scene, { worker }) {
    scene.retired.add(worker);
    bring(scene, sign('extWorkerLastPayoutRequestSigned', workers[worker], worked(scene, worker)));
  },
  registerWorker(scene, { worker }) {
    const to = workers[worker];
    const body = bodies.ownerWorkerRegister({ queryId: 0n, excessesTo: to.owner });
    post(scene, { from: to.owner, to, coins: scene.fair, says: 'registers', body });
  },
  reopenWorker(scene, { worker }) {
    const to = workers[worker];
    const body = reopenWorker(to.owner);
    if (body) post(scene, { from: to.owner, to, coins: scene.fair, says: 'reopens', body });
  },
  signAnything(scene, { which, tokens }) {
    bring(scene, stolen(scene, which, tokens));
  },
  replay,

  payOwner(scene, { by, value, excessesTo }) {
    const from = by === 'owner' ? proxy.owner : people.stranger;
    const body = bodies.extProxyPayoutRequest({ queryId: 0n, excessesTo: named(excessesTo, from) });
    post(scene, { from, to: proxy, coins: coinsOf(scene, value), says: 'asks for the revenue of', body });
  },
  addStake(scene, { coins, by, value, excessesTo }) {
    const from = by === 'owner' ? proxy.owner : people.stranger;
    const body = bodies.extProxyIncreaseStake({ queryId: 0n, amount: coins, excessesTo: named(excessesTo, from) });
    const says = `adds a stake of ${fromNano(coins)} TON to`;
    post(scene, { from, to: proxy, coins: coins + coinsOf(scene, value), says, body });
  },
  close(scene, { how }) {
    if (how === 'signed') bring(scene, sign('extProxyCloseRequestSigned', proxy));
    else fromProxyOwner(scene, 'closes', how === 'text' ? bodies.text('c') : closeBody());
  },
  completeClose(scene, { how }) {
    if (how === 'signed') bring(scene, sign('extProxyCloseCompleteRequestSigned', proxy));
    else fromProxyOwner(scene, 'completes the close of', closeBody());
  },
  takeRevenue(scene) {
    fromProxyOwner(scene, 'writes w to', bodies.text('w'));
  },
  saveState(scene) {
    const body = bodies.saveState({ queryId: 0n, seqno: 1, uniqueHash: NOWHERE });
    post(scene, { from: people.carrier, to: proxy, coins: 1n, says: 'saves state in', body });
  },

  transfer(scene, { to, coins }) {
    const target = contracts[to % contracts.length]!;
    post(scene, { from: people.stranger, to: target, coins, says: 'gives coins to', body: noBody });
  },
  trespass(scene, { to, how }) {
    const target = contracts[to % contracts.length]!;
    const { says, body } = trespass(how, target);
    post(scene, { from: people.stranger, to: target, coins: scene.fair, says: `tries "${says}" on`, body });
  },
  root(scene, { how }) {
    const price = { pricePerToken: PRICE * 2n, workerFeePerToken: PRICE };
    const endpoint = '192.0.2.1:1';
    const body =
      how === 'price'
        ? bodies.rootChangePrice({ queryId: 0n, ...price })
        : bodies.rootRegisterProxy({ queryId: 0n, endpoint });
    post(scene, { from: root.owner, to: root, coins: toNano('0.05'), says: `manages (${how})`, body });
  },
  wait(scene, { seconds }) {
    const passed = scene.prices === 'tenfold' ? Math.min(seconds, PATIENCE) : seconds;
    scene.story.act(`${passed} seconds pass`);
    scene.pool.now += passed;
  },
};

export function perform(scene: Scene, operation: Operation): void {
  const deed = deeds[operation.do] as (scene: Scene, operation: Operation) => void;
  deed(scene, operation);
}

const PROPER = { value: 'fair', excessesTo: 'sender' } as const;
const closeBody = () => bodies.ownerProxyClose({ queryId: 0n, excessesTo: proxy.owner });

function fromProxyOwner(scene: Scene, says: string, body: Cell): void {
  post(scene, { from: proxy.owner, to: proxy, coins: scene.fair, says, body });
}

interface Post {
  from: Address;
  to: Contract;
  coins: bigint;
  says: string;
  body: Cell;
  /** brings the code along, as wallets do; default: when the contract is not there yet and its owner writes */
  deploys?: boolean;
}

export function post(scene: Scene, { from, to, coins, says, body, deploys }: Post): void {
  const isNew = !scene.pool.isLive(to.address);
  const withInit = deploys ?? (isNew && from.equals(to.owner));
  scene.story.act(`${nameOf(from)} ${says} ${to.name} with ${fromNano(coins)} TON${withInit ? ' and its code' : ''}`);
  scene.pool.send(from, { to: to.address, value: coins, body, init: withInit ? to.init : undefined });
}

function toClient(
  scene: Scene,
  request: { client: ClientName; value: Value; excessesTo: ExcessesTo },
  what: { from?: Address; coins?: bigint; says: string; make: (excessesTo: Address) => Cell },
): void {
  const to = clients[request.client];
  const from = what.from ?? to.owner;
  // Honest owners attach enough and name themselves; what others do to their channel is another matter.
  const careful = from.equals(to.owner) && request.client !== 'mallory';
  const value = careful && request.value !== 'least' ? 'fair' : request.value;
  const body = what.make(named(careful ? 'sender' : request.excessesTo, from));
  const coins = (what.coins ?? 0n) + coinsOf(scene, value);
  const trick = careful || request.excessesTo === 'sender' ? '' : ` (excesses to ${request.excessesTo})`;
  post(scene, { from, to, coins, says: `${what.says}${trick}`, body });
}

const topUp = (amount: bigint) => (excessesTo: Address) => bodies.extClientTopUp({ queryId: 0n, amount, excessesTo });

function coinsOf(scene: Scene, value: Value): bigint {
  return value === 'fair' ? scene.fair : VALUES[value];
}

function named(excessesTo: ExcessesTo, sender: Address): Address {
  if (excessesTo === 'workchain5') return new Address(5, NOWHERE);
  if (excessesTo === 'masterchain') return new Address(-1, NOWHERE);
  // Builders want an address; cells can also say that there is none, and strangers write cells.
  if (excessesTo === 'nobody') return null as unknown as Address;
  return sender;
}

/** An honest proxy serves while the channel is open and what it could not yet post stays below what cannot be withdrawn. */
function serve(scene: Scene, client: ClientName, worker: WorkerName, tokens: bigint): void {
  const channel = scene.client(client);
  if (scene.retired.has(client) || scene.retired.has(worker)) return;
  if (channel?.state !== CocoonState.normal || scene.proxy()?.state !== CocoonState.normal) return;
  const limit = channel.balance < channel.stake ? channel.balance : channel.stake;
  if (scene.ledger.unposted(client) + tokens * PRICE > limit) return;
  scene.story.act(`${tokens} tokens are served to ${client} by ${worker}, ${fromNano(tokens * PRICE)} TON`);
  scene.ledger.serve(client, worker, tokens);
}

const served = (scene: Scene, client: ClientName) => scene.ledger.clients[client].served;
const worked = (scene: Scene, worker: WorkerName) => scene.ledger.workers[worker].worked;

/** What a thief signs: anything for its own channel and worker; an honest client it may only send home. */
function stolen(scene: Scene, which: 'charge' | 'grant' | 'payout' | 'lastPayout', tokens: bigint): Voucher {
  const { mallory } = clients;
  const counter = scene.client('mallory')?.tokensUsed ?? 0n;
  const next = counter + tokens < 1n << 64n ? counter + tokens : tokens;
  if (which === 'charge') return sign('extClientChargeSigned', mallory, next);
  if (which === 'payout') return sign('extWorkerPayoutRequestSigned', workers.sybil, tokens);
  if (which === 'lastPayout') return sign('extWorkerLastPayoutRequestSigned', workers.sybil, tokens);
  const victim = CLIENTS[Number(tokens % BigInt(CLIENTS.length))]!;
  return sign('extClientGrantRefundSigned', clients[victim], scene.client(victim)?.tokensUsed ?? 0n);
}

/** The holder delivers a voucher properly. */
export function bring(scene: Scene, voucher: Voucher): void {
  scene.signatures.add(voucher.signature.toString('hex'));
  scene.vouchers.push(voucher);
  const body = envelope(voucher, people.carrier);
  post(scene, {
    from: people.carrier,
    to: voucher.contract,
    coins: scene.fair,
    says: `delivers ${voucher.says} to`,
    body,
  });
}

/** Somebody else delivers a voucher that was seen before, with excesses, value and code as they like. */
function replay(scene: Scene, { which, value, excessesTo, deploys }: Of<'replay'>): void {
  const voucher = scene.vouchers[which % Math.max(1, scene.vouchers.length)];
  if (voucher) bringBadly(scene, voucher, { coins: coinsOf(scene, value), excessesTo, deploys });
}

export interface BadDelivery {
  coins: bigint;
  excessesTo: ExcessesTo;
  deploys: boolean;
}

export function bringBadly(scene: Scene, voucher: Voucher, { coins, excessesTo, deploys }: BadDelivery): void {
  scene.signatures.add(voucher.signature.toString('hex'));
  const body = envelope(voucher, named(excessesTo, people.stranger));
  const says = `delivers somebody's ${voucher.says} (excesses to ${excessesTo}) to`;
  post(scene, { from: people.stranger, to: voucher.contract, coins, says, body, deploys });
}
