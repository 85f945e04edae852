import { Address, beginCell, getMethodId, toNano } from '@ton/core';
import fc from 'fast-check';
import { ManualClock } from '../../transport/testing/manual-clock';
import { ChainError } from '../port';
import { LiteServerChain, type LiteServerOptions } from '.';
import { newIdentity } from './keys';
import { FakeNetwork } from './testing/network';
import { type Answer, FakeLiteServer, honest, Refusal } from './testing/server';
import { answers, boxed, byteString, tlId } from './tl';

const left = Address.parseRaw(`0:${'11'.repeat(32)}`);
const leftToo = Address.parseRaw(`0:${'12'.repeat(32)}`);
const right = Address.parseRaw(`0:${'f1'.repeat(32)}`);
const code = beginCell().storeUint(1, 8).endCell();
const data = beginCell().storeUint(2, 8).storeRef(code).endCell();
const active = { type: 'active', state: { code, data } } as const;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

interface World {
  network: FakeNetwork;
  server: FakeLiteServer;
  chain: LiteServerChain;
}

async function world(options: Partial<LiteServerOptions> = {}): Promise<World> {
  const network = new FakeNetwork();
  const server = await new FakeLiteServer(honest(network)).start();
  const chain = new LiteServerChain({ server: server.address, zeroState: network.zeroState, ...options });
  closers.push(
    () => chain.close(),
    () => server.stop(),
  );
  return { network, server, chain };
}

async function failure(promise: Promise<unknown>): Promise<ChainError> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ChainError)) throw new Error(`expected a ChainError, got ${String(error)}`);
  expect(error.message).not.toContain('\n');
  return error;
}

/** Of an answer to getAccountState: constructor and the names of both blocks, which stay in front of the proofs. */
const ACCOUNT_HEAD = 4 + 80 + 80;

/** The honest server, except for one function whose answer the test changes. */
function lying(
  network: FakeNetwork,
  name: Parameters<typeof tlId>[0],
  change: (honestAnswer: Buffer) => Buffer,
): Answer {
  const truth = honest(network);
  return (question) => {
    const answer = truth(question)!;
    return question.readUInt32LE(0) === tlId(name) ? change(answer) : answer;
  };
}

describe('an account over a lite server', () => {
  it.each([
    ['alone in its shard', [right]],
    ['beside others', [left, leftToo, right]],
  ])('is read with code, data, balance and newest transaction: %s', async (_where, others) => {
    const { network, chain } = await world();
    for (const address of others) network.touch(address, toNano(1));
    network.touch(right, toNano(5), active);
    const { code: readCode, data: readData, ...rest } = await chain.account(right);
    const { lt, hash } = network.historyOf(right).at(-1)!;
    expect(rest).toEqual({ balance: toNano(5), status: 'active', last: { lt, hash } });
    expect(readCode?.equals(code)).toBe(true);
    expect(readData?.equals(data)).toBe(true);
  });

  it('that only has coins, or is frozen, says so', async () => {
    const { network, chain } = await world();
    network.touch(left, toNano(2));
    network.touch(right, 3n, { type: 'frozen', stateHash: 5n });
    expect(await chain.account(left)).toMatchObject({ balance: toNano(2), status: 'uninit' });
    expect(await chain.account(right)).toMatchObject({ balance: 3n, status: 'frozen' });
  });

  it.each([
    ['in an empty shard', []],
    ['where others are', [left, right]],
  ])('that is proven not to exist is uninit and empty: %s', async (_where, others) => {
    const { network, chain } = await world();
    for (const address of others) network.touch(address, 1n);
    expect(await chain.account(leftToo)).toEqual({ balance: 0n, status: 'uninit' });
  });

  it('is believed by its proof only: the state of another time, or of somebody else, is refused', async () => {
    const { network, server, chain } = await world();
    network.touch(left, toNano(1), active);
    const old = network.show(left);
    network.touch(left, toNano(9), active);
    const swap = (part: 'state' | 'proof' | 'shardProof') =>
      lying(network, 'liteServer.getAccountState', (bytes) => {
        const answer = { ...answers.account(bytes), [part]: old[part] };
        const parts = [answer.shardProof, answer.proof, answer.state].map(byteString);
        return Buffer.concat([bytes.subarray(0, ACCOUNT_HEAD), ...parts]);
      });
    for (const part of ['state', 'proof', 'shardProof'] as const) {
      server.answer = swap(part);
      expect(await failure(chain.account(left))).toMatchObject({ code: 'bad-answer', retryable: true });
    }
    server.answer = honest(network);
    expect((await chain.account(left)).balance).toBe(toNano(9));
  });

  it('cannot be hidden by leaving it out of the proof', async () => {
    const { network, server, chain } = await world();
    network.touch(left, toNano(1), active);
    network.touch(leftToo, toNano(1), active);
    // The proof for the neighbour shows everything but the branch with this account.
    server.answer = lying(network, 'liteServer.getAccountState', (bytes) => {
      const { shardProof, proof } = network.show(leftToo);
      const parts = [shardProof, proof, Buffer.alloc(0)].map(byteString);
      return Buffer.concat([bytes.subarray(0, ACCOUNT_HEAD), ...parts]);
    });
    const error = await failure(chain.account(left));
    expect([error.code, error.message]).toEqual(['bad-answer', expect.stringContaining('leaves out')]);
  });

  it('is not invented where the proof says that there is none', async () => {
    const { network, server, chain } = await world();
    network.touch(left, toNano(1), active);
    server.answer = lying(network, 'liteServer.getAccountState', (bytes) => {
      const { shardProof, proof } = answers.account(bytes);
      const parts = [shardProof, proof, network.show(left).state].map(byteString);
      return Buffer.concat([bytes.subarray(0, ACCOUNT_HEAD), ...parts]);
    });
    expect((await failure(chain.account(leftToo))).message).toContain('the proof says that there is none');
  });

  it('cannot be hidden by answering for another shard', async () => {
    const { network, server, chain } = await world();
    network.touch(left, toNano(1), active);
    server.answer = lying(network, 'liteServer.getAccountState', (bytes) => {
      const { shardProof, proof } = network.show(right);
      const parts = [shardProof, proof, Buffer.alloc(0)].map(byteString);
      return Buffer.concat([bytes.subarray(0, ACCOUNT_HEAD), ...parts]);
    });
    expect((await failure(chain.account(left))).message).toContain('proof is of something else');
  });
});

describe('an answer that was changed on its way', () => {
  it('never becomes another state of the account, whichever bytes were changed', async () => {
    const { network, server, chain } = await world();
    network.touch(leftToo, toNano(1));
    network.touch(left, toNano(5), active);
    const truth = await chain.account(left);
    const place = fc.record({ part: fc.constantFrom('state', 'proof', 'shardProof'), at: fc.nat(), bits: fc.nat(254) });
    await fc.assert(
      fc.asyncProperty(place, async ({ part, at, bits }) => {
        server.answer = lying(network, 'liteServer.getAccountState', (bytes) => {
          const answer = answers.account(bytes);
          const changed = answer[part as 'state' | 'proof' | 'shardProof'];
          changed[at % changed.length]! ^= bits + 1;
          const parts = [answer.shardProof, answer.proof, answer.state].map(byteString);
          return Buffer.concat([bytes.subarray(0, ACCOUNT_HEAD), ...parts]);
        });
        const result = await chain.account(left).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toMatchObject({ name: 'ChainError', code: 'bad-answer' });
        else expect(JSON.stringify(result, plain)).toBe(JSON.stringify(truth, plain));
      }),
      { numRuns: 100 },
    );
  });
});

describe('transactions over a lite server', () => {
  it('come newest first, over as many pages as it takes, and end at the first', async () => {
    const { network, chain } = await world();
    for (let i = 0; i < 40; i++) network.touch(left, 1n);
    const all = network.historyOf(left).map(({ lt }) => lt);
    const newestFirst = [...all].reverse();
    expect((await chain.transactions(left, { limit: 50 })).map(({ lt }) => lt)).toEqual(newestFirst);
    const before = { lt: newestFirst[2]!, hash: network.historyOf(left).at(-3)!.hash };
    const page = await chain.transactions(left, { limit: 20, before });
    expect(page.map(({ lt }) => lt)).toEqual(newestFirst.slice(3, 23));
    const first = network.historyOf(left)[0]!;
    expect(await chain.transactions(left, { limit: 5, before: first })).toEqual([]);
    expect(await chain.transactions(right, { limit: 5 })).toEqual([]);
  });

  it('that were left out or made up are noticed by the links', async () => {
    const { network, server, chain } = await world();
    for (let i = 0; i < 5; i++) network.touch(left, 1n);
    const real = network.transactions.bind(network);
    const newest = network.historyOf(left).at(-1)!;
    for (const forge of [
      (cells: ReturnType<typeof real>) => cells?.filter((_cell, at) => at !== 2),
      (cells: ReturnType<typeof real>) => cells?.slice(1),
      (cells: ReturnType<typeof real>) => cells?.map((cell, at) => (at === 3 ? cells[0]! : cell)),
      () => [],
    ]) {
      network.transactions = (...args) => forge(real(...args));
      server.answer = honest(network);
      expect((await failure(chain.transactions(left, { limit: 5 }))).code).toBe('bad-answer');
      expect((await failure(chain.transactions(left, { limit: 4, before: newest }))).code).toBe('bad-answer');
    }
  });

  it('that have the right time and another hash are refused', async () => {
    const { network, server, chain } = await world();
    const forged = new FakeNetwork();
    forged.time += 1;
    for (const one of [network, forged]) for (let i = 0; i < 3; i++) one.touch(left, 1n);
    network.transactions = () => [forged.historyOf(left).at(-1)!.cell];
    server.answer = honest(network);
    const newest = network.historyOf(left).at(-1)!;
    expect((await failure(chain.transactions(left, { limit: 1 }))).code).toBe('bad-answer');
    expect((await failure(chain.transactions(left, { limit: 1, before: newest }))).code).toBe('bad-answer');
  });

  it('that the server has forgotten are not-found, after what it has was given', async () => {
    const { network, chain } = await world();
    for (let i = 0; i < 40; i++) network.touch(left, 1n);
    const history = network.historyOf(left);
    network.oldestLt = history[8]!.lt;
    const found = await chain.transactions(left, { limit: 50 });
    expect(found.at(-1)!.lt).toBe(history[8]!.lt);
    const before = { lt: history[8]!.lt, hash: history[8]!.hash };
    expect(await chain.transactions(left, { limit: 50, before })).toEqual([]);
    const gone = { lt: history[3]!.lt, hash: history[3]!.hash };
    const error = await failure(chain.transactions(left, { limit: 5, before: gone }));
    expect([error.code, error.retryable]).toEqual(['not-found', false]);
  });
});

describe('get methods, messages and time over a lite server', () => {
  it('a get method takes arguments and gives its stack; a failing one its exit code', async () => {
    const { network, server, chain } = await world();
    network.touch(left, 1n, active);
    network.methods.set(getMethodId('seqno'), { exitCode: 0, stack: [{ type: 'int', value: 7n }] });
    network.methods.set(getMethodId('bad'), { exitCode: 1011 });
    expect((await chain.runMethod(left, 'seqno', [{ type: 'int', value: 5n }])).readNumber()).toBe(7);
    expect(server.questions.at(-1)!.readUInt32LE(0)).toBe(tlId('liteServer.runSmcMethod'));
    expect(await failure(chain.runMethod(left, 'bad'))).toMatchObject({ code: 'exit-code', exitCode: 1011 });
    // The seqno of the block, behind constructor, mode, workchain and shard.
    server.answer = lying(network, 'liteServer.runSmcMethod', (bytes) => {
      bytes.writeInt32LE(bytes.readInt32LE(20) - 1, 20);
      return bytes;
    });
    expect((await failure(chain.runMethod(left, 'seqno'))).message).toContain('it is about another block');
    server.answer = honest(network);
    network.methods.set(getMethodId('seqno'), { exitCode: 0 });
    expect((await failure(chain.runMethod(left, 'seqno'))).message).toContain('there is no result');
  });

  it('a message is handed over as it is, and a refused one has its exit code', async () => {
    const { network, server, chain } = await world();
    await chain.sendBoc(Buffer.from('message'));
    expect(network.sent).toEqual([Buffer.from('message')]);
    server.answer = () => {
      throw new Refusal(
        0,
        'cannot apply external message to current state :\nExternal message was not accepted exitcode=33',
      );
    };
    const error = await failure(chain.sendBoc(Buffer.from('message')));
    expect([error.code, error.exitCode, error.retryable]).toEqual(['message-rejected', 33, false]);
    expect((await failure(chain.sendBoc(Buffer.alloc(1 << 17)))).code).toBe('bad-request');
  });

  it('time is that of the last block, and blocks never go back', async () => {
    const { network, chain } = await world();
    expect(await chain.time()).toBe(network.time);
    network.seqno -= 1;
    expect(await failure(chain.time())).toMatchObject({ code: 'stale', retryable: true });
  });

  it('a last block that is not the masterchain’s is refused', async () => {
    const { network, server, chain } = await world();
    server.answer = lying(network, 'liteServer.getMasterchainInfoExt', (bytes) => {
      bytes.writeInt32LE(0, 20);
      return bytes;
    });
    expect((await failure(chain.time())).message).toContain('is not the masterchain’s');
  });

  it('a server of another network is refused for good', async () => {
    const { chain } = await world({ zeroState: Buffer.alloc(32) });
    expect(await failure(chain.account(left))).toMatchObject({ code: 'bad-answer', retryable: false });
  });

  it('calls at the same time share one question about the last block', async () => {
    const { network, server, chain } = await world();
    network.touch(left, 1n);
    await Promise.all([chain.account(left), chain.account(right), chain.time()]);
    expect(server.questions).toHaveLength(3);
  });
});

describe('a lite server with a bad day', () => {
  it.each<[string, Answer, string]>([
    ['says that it is not ready', () => raise(new Refusal(651, 'not in db')), 'server-error'],
    ['limits requests', () => raise(new Refusal(228, 'too many requests')), 'rate-limited'],
    ['answers something else', () => boxed('liteServer.sendMsgStatus', Buffer.alloc(4)), 'bad-answer'],
    ['answers in half', () => boxed('liteServer.masterchainInfoExt', Buffer.alloc(4)), 'bad-answer'],
    ['answers nothing', () => Buffer.alloc(0), 'bad-answer'],
  ])('that %s is a typed error that may pass', async (_what, answer, expected) => {
    const { server, chain } = await world();
    server.answer = answer;
    const error = await failure(chain.account(left));
    expect([error.code, error.retryable]).toEqual([expected, true]);
  });

  it('that stays silent is given up after the timeout, and asked anew over another connection', async () => {
    const clock = new ManualClock();
    const { network, server, chain } = await world({ timeoutMs: 5000, clock });
    server.answer = () => {
      clock.advance(4999);
      expect(clock.waiting).toBe(1);
      clock.advance(1);
      return undefined;
    };
    expect((await failure(chain.time())).message).toContain('no answer within 5000 ms');
    server.answer = honest(network);
    expect(await chain.time()).toBe(network.time);
    expect(server.connections).toBe(2);
    expect(clock.waiting).toBe(0);
  });

  it('a broken connection fails what was under way, and the next call opens it again', async () => {
    const { network, server, chain } = await world();
    await chain.time();
    server.answer = () => {
      server.breakConnections();
      return undefined;
    };
    expect(await failure(chain.time())).toMatchObject({ code: 'unreachable', retryable: true });
    server.answer = honest(network);
    expect(await chain.time()).toBe(network.time);
  });

  it('nobody listening, or somebody with another key, is unreachable', async () => {
    const { server } = await world();
    const stranger = { ...server.address, key: newIdentity().publicKey };
    const nobody = { ...server.address, port: 1 };
    for (const address of [stranger, nobody]) {
      const chain = new LiteServerChain({ server: address, timeoutMs: 2000 });
      expect((await failure(chain.time())).message).toMatch(/cannot be reached \(.*\); check ton_config_filename/);
      await chain.close();
    }
  });

  it('that greets with something is not what it should be', async () => {
    const { server, chain } = await world();
    server.greeting = Buffer.from('welcome');
    expect(await failure(chain.time())).toMatchObject({
      code: 'bad-answer',
      message: expect.stringContaining('handshake'),
    });
  });

  it('closing ends calls under way, and later ones', async () => {
    const { server, chain } = await world();
    server.answer = () => {
      void chain.close();
      return undefined;
    };
    expect((await failure(chain.time())).code).toBe('aborted');
    expect((await failure(chain.time())).code).toBe('aborted');
  });
});

const plain = (_key: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);

function raise(error: Error): never {
  throw error;
}
