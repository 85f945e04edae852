import { type Address, internal, SendMode } from '@ton/core';
import { type KeyPair, keyPairFromSeed } from '@ton/crypto';
import { TonClient, WalletContractV5R1 } from '@ton/ton';
import pino from 'pino';
import { type Localnet, type LocalnetOptions, startLocalnet } from '../index';

/** For this folder's tests: a fresh chain each, its clients, and people with wallets. */

export interface World {
  net: Localnet;
  client: TonClient;
  /** Unix milliseconds; tests move it. */
  clock: { ms: number };
}

const open: Localnet[] = [];

export async function world(options: Partial<LocalnetOptions> = {}): Promise<World> {
  const clock = { ms: 1_780_000_000_000 };
  const logger = pino({ level: 'silent' });
  const net = await startLocalnet({ port: 0, logger, clock: () => clock.ms, ...options });
  open.push(net);
  return { net, client: new TonClient({ endpoint: `${net.url}/api/v2/jsonRPC` }), clock };
}

export async function closeWorlds(): Promise<void> {
  for (const net of open.splice(0)) {
    await net.close();
  }
}

export interface Reply {
  status: number;
  body: { ok?: boolean; error?: string; [name: string]: unknown };
}

export async function call(net: Localnet, path: string, init?: RequestInit): Promise<Reply> {
  const response = await fetch(net.url + path, init);
  return { status: response.status, body: (await response.json()) as Reply['body'] };
}

export function post(net: Localnet, path: string, body: unknown): Promise<Reply> {
  return call(net, path, { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) });
}

export function rpc(net: Localnet, method: string, params: unknown): Promise<Reply> {
  return post(net, '/api/v2/jsonRPC', { id: 'x', jsonrpc: '2.0', method, params });
}

/** A value deep in an answer; fails the test when the way there does not exist. */
export function at(value: unknown, ...path: (string | number)[]): unknown {
  let here = value;
  for (const step of path) {
    if (typeof here !== 'object' || here === null || !(step in here)) {
      throw new Error(`no ${path.join('.')} in ${JSON.stringify(value)}`);
    }
    here = (here as Record<string | number, unknown>)[step];
  }
  return here;
}

export async function fund(net: Localnet, address: Address, amount: bigint): Promise<void> {
  const { status, body } = await post(net, '/localnet/faucet', {
    address: address.toString(),
    amount: amount.toString(),
  });
  expect([status, body.ok]).toEqual([200, true]);
}

export interface Person {
  keys: KeyPair;
  wallet: WalletContractV5R1;
  send(client: TonClient, to: Address, value: bigint, comment?: string): Promise<void>;
}

export function person(name: string): Person {
  const keys = keyPairFromSeed(Buffer.alloc(32, name));
  const wallet = WalletContractV5R1.create({ publicKey: keys.publicKey });
  return {
    keys,
    wallet,
    async send(client, to, value, comment) {
      const opened = client.open(wallet);
      await opened.sendTransfer({
        seqno: await opened.getSeqno(),
        secretKey: keys.secretKey,
        sendMode: SendMode.PAY_GAS_SEPARATELY,
        // Tests travel in time; the wallet's own default is the machine's clock plus a minute.
        timeout: 0xffff_ffff,
        messages: [internal({ to, value, bounce: false, ...(comment === undefined ? {} : { body: comment }) })],
      });
    },
  };
}

export const alice = person('alice');
export const bob = person('bob');
