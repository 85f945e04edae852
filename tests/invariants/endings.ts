import { toNano } from '@ton/core';
import { bodies, CocoonState } from '../../wrappers';
import { noBody } from '../support/message-pool';
import { CLIENT_DELAY, CLIENTS, type ClientName, clients, people, proxy, WORKERS } from './cast';
import { report } from './invariants';
import { perform, post } from './perform';
import { drain } from './play';
import { reopenClient } from './reopening';
import type { Scene } from './scene';

/** How stories must be able to end, whatever happened before: everybody gets what is theirs, by their own doing. */

/** Two stages, and two more where a request was turned back or the pool could pay only a part at first. */
const ROUNDS = 5;

/**
 * The owner asks for its refund, waits, and asks again. Nobody else has to do anything.
 * @returns whether nothing is recorded for the client any more
 */
export async function leave(scene: Scene, name: ClientName, value: bigint = scene.fair): Promise<boolean> {
  const { owner } = clients[name];
  const settled = () => scene.recorded(name) <= 0n;
  for (let round = 0; round < ROUNDS && !settled(); round += 1) {
    // Closed and still owed something: what the pool could not pay at once takes another round.
    const closed = scene.client(name)?.state === CocoonState.closed;
    const body = closed ? reopenClient(0n, owner) : bodies.ownerClientRequestRefund({ queryId: 0n, excessesTo: owner });
    post(scene, { from: owner, to: clients[name], coins: value, says: closed ? 'reopens' : 'wants to leave', body });
    await drain(scene);
    scene.pool.now += CLIENT_DELAY + 1;
  }
  return settled();
}

export const honestClientsLeaveWhole = {
  id: 'INV-02',
  says: 'a client that was not charged gets every coin back by asking twice, whoever has the key, also from a closed proxy',
};

/** The proxy is silent. Each honest client leaves; who was never charged must have all that it paid in. */
export async function honestClientsLeave(scene: Scene, names: readonly ClientName[]): Promise<void> {
  await bringTheProxyToLife(scene);
  for (const name of names) {
    const gone = await leave(scene, name);
    const missing = scene.ledger.inPool(name) - scene.ledger.clients[name].charged;
    if (gone && missing <= 0n) continue;
    const wrong = `client ${name} is ${gone ? 'gone' : 'not gone'} and misses ${missing} nanoTON of its own`;
    report(scene, honestClientsLeaveWhole, wrong);
  }
}

export const vouchersStayGood = {
  id: 'INV-04',
  says: 'whoever delivered a voucher before and however badly, its holder can still cash it, or it has been paid to the right person',
};

/** The honest proxy posts what it is owed, all clients leave, and once the pool holds the coins every voucher is cashed. */
export async function everybodyIsPaid(scene: Scene): Promise<void> {
  await bringTheProxyToLife(scene);
  for (const client of CLIENTS) if (scene.ledger.unposted(client) > 0n) perform(scene, { do: 'charge', client });
  await drain(scene);
  await honestClientsLeave(scene, CLIENTS);
  post(scene, { from: people.stranger, to: proxy, coins: toNano('1000'), says: 'fills the pool of', body: noBody });
  await drain(scene);
  for (const worker of WORKERS) {
    const state = scene.worker(worker)?.state;
    if (state === undefined || state === CocoonState.closed) continue;
    perform(scene, { do: 'payWorker', worker });
    await drain(scene);
    // A closed proxy pays what it knows to be earned; honest software settles with its workers before the delay is over.
    if (scene.proxy()?.state === CocoonState.closed) continue;
    const { paid } = scene.ledger.workers[worker];
    const earned = scene.ledger.earned(worker);
    if (paid !== earned)
      report(scene, vouchersStayGood, `worker ${worker} earned ${earned} nanoTON and was paid ${paid}`);
  }
}

export const rentStopsNobody = {
  id: 'INV-08',
  says: 'rent never stops a withdrawal: after years the last client of an exactly backed pool gets all',
};

/** A proxy that was never deployed owes nobody; deployed late, it must be as good as any. */
async function bringTheProxyToLife(scene: Scene): Promise<void> {
  if (scene.proxy()) return;
  post(scene, { from: proxy.owner, to: proxy, coins: scene.fair, says: 'deploys', body: noBody });
  await drain(scene);
}
