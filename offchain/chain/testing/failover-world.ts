import { Address, type Transaction } from '@ton/core';
import pino from 'pino';
import { ManualClock } from '../../transport/testing/manual-clock';
import { type CrossCheck, FailoverChain } from '../endpoints';
import { type AccountState, ChainError, type ChainErrorCode } from '../port';
import { ScriptedChain } from './scripted-chain';

/** Three endpoints behind a fail-over, and a clock that a test moves. */

export const root = Address.parseRaw(`0:${'11'.repeat(32)}`);
export const other = Address.parseRaw(`0:${'22'.repeat(32)}`);
export const startMs = Date.UTC(2026, 0, 1);
export const nowS = startMs / 1000;
export const onRoot: CrossCheck = { endpoints: 2, applies: (address) => address.equals(root) };

export const error = (code: ChainErrorCode, retryable = true) => new ChainError(`it is ${code}`, { code, retryable });
export const down = error('unreachable');

export interface World {
  a: ScriptedChain;
  b: ScriptedChain;
  c: ScriptedChain;
  clock: ManualClock;
  chain: FailoverChain;
  errors: string[];
}

export function world(crossCheck?: CrossCheck): World {
  const [a, b, c] = [new ScriptedChain(nowS), new ScriptedChain(nowS), new ScriptedChain(nowS)] as const;
  const clock = new ManualClock(startMs);
  const errors: string[] = [];
  const logger = pino({ level: 'error' }, { write: (line: string) => void errors.push(JSON.parse(line).msg) });
  const endpoints = Object.entries({ a, b, c }).map(([name, chain]) => ({ name, chain }));
  const options = { endpoints, clock, logger, ...(crossCheck === undefined ? {} : { crossCheck }) };
  return { a, b, c, clock, chain: new FailoverChain(options), errors };
}

export async function failure(promise: Promise<unknown>): Promise<ChainError> {
  const reason = await promise.then(
    () => undefined,
    (caught: unknown) => caught,
  );
  if (!(reason instanceof ChainError)) throw new Error(`expected a ChainError, got ${String(reason)}`);
  return reason;
}

/** Moves time whenever the chain waits, until the call ends. */
export async function waited<T>(clock: ManualClock, promise: Promise<T>): Promise<T> {
  let ended = false;
  const end = () => {
    ended = true;
  };
  promise.then(end, end);
  while (!ended) {
    await new Promise((resolve) => setImmediate(resolve));
    if (!ended && clock.nextInMs !== undefined) clock.advance(clock.nextInMs);
  }
  return await promise;
}

export const plain = ({ balance, last }: AccountState) => [`${balance}`, `${last?.lt}`, last?.hash.toString('hex')];

export const transaction = (lt: bigint, hash: number): Transaction =>
  ({ lt, hash: () => Buffer.alloc(32, hash) }) as unknown as Transaction;
