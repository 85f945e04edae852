import { connect } from 'node:net';
import { beginCell, Cell, external, storeMessage } from '@ton/core';
import { WalletContractV5R1 } from '@ton/ton';
import * as fc from 'fast-check';
import pino from 'pino';
import { type Localnet, startLocalnet } from './index';
import { treasuryAddress } from './treasury';
import { methods as v2Methods } from './v2';
import { methods as v3Methods } from './v3';

/** Errors the server did not expect are logged at this level: there must be none, whatever comes in. */
const unexpected: string[] = [];
const logger = pino({ level: 'error' }, { write: (line: string) => void unexpected.push(line) });

let net: Localnet;

beforeAll(async () => {
  net = await startLocalnet({ port: 0, logger });
  // Brings the treasury's contract to life, so that messages to it run.
  await net.chain.faucet(address, 1_000_000_000n);
});

afterAll(async () => {
  await net.close();
});

afterEach(() => {
  expect(unexpected).toEqual([]);
});

async function answer(path: string, init?: RequestInit): Promise<{ status: number; body: unknown }> {
  const response = await fetch(net.url + path, init);
  return { status: response.status, body: await response.json() };
}

async function isAlive(): Promise<void> {
  const { status, body } = await answer('/api/v2/getMasterchainInfo');
  expect([status, body]).toEqual([200, expect.objectContaining({ ok: true })]);
}

const address = WalletContractV5R1.create({ publicKey: Buffer.alloc(32, 1) }).address;
const boc = beginCell()
  .store(storeMessage(external({ to: address, body: Cell.EMPTY })))
  .endCell()
  .toBoc();

/** Values that get past the first check, and values that must not. */
const value = fc.oneof(
  fc.constantFrom<unknown>(
    address.toString(),
    address.toRawString(),
    treasuryAddress.toString(),
    boc.toString('base64'),
    Cell.EMPTY.toBoc().toString('base64'),
    '0',
    '1000000',
    '-9223372036854775808',
    'ab'.repeat(32),
    '18446744073709551615',
    '99999999999999999999999',
    [],
    ['num', '1'],
    [['num', '0x10']],
    [['cell', { bytes: boc.toString('base64') }]],
    null,
    true,
    -1,
    0,
    1,
    1e308,
    {},
  ),
  fc.uint8Array({ maxLength: 80 }).map((bytes) => Buffer.from(bytes).toString('base64')),
  fc.mixedCase(fc.constant(address.toString())),
  fc.string({ maxLength: 30 }),
  fc.jsonValue({ maxDepth: 4 }),
);

const names = [
  'address',
  'account',
  'method',
  'stack',
  'boc',
  'lt',
  'hash',
  'to_lt',
  'limit',
  'seqno',
  'shard',
  'workchain',
  'count',
  'after_lt',
  'body',
  'init_code',
  'init_data',
  'ignore_chksig',
  'source',
  'destination',
  'created_lt',
  'config_id',
  'unixtime',
  'msg_hash',
  'direction',
  'offset',
  'sort',
  'start_lt',
  'end_utime',
  'amount',
  'advance',
  '__proto__',
];
const params = fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 8 });

function expectAnswer({ status, body }: { status: number; body: unknown }): void {
  expect(status).toBeGreaterThanOrEqual(200);
  expect(status).toBeLessThan(600);
  expect(typeof body).toBe('object');
  if (status !== 200) {
    const { error } = body as { error: string };
    expect(typeof error).toBe('string');
    expect(error).not.toContain('\n');
    expect(error).not.toContain('internal error');
  }
}

describe('whatever is asked, the answer is JSON and the server lives on', () => {
  it('JSON-RPC with any parameters', async () => {
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(v2Methods), 'nothing'), params, async (method, given) => {
        expectAnswer(
          await answer('/', { method: 'POST', body: JSON.stringify({ id: 1, jsonrpc: '2.0', method, params: given }) }),
        );
      }),
      { numRuns: 300 },
    );
    await isAlive();
  });

  it('REST with any query', async () => {
    const calls = [
      ...Object.keys(v2Methods).map((name) => `/api/v2/${name}`),
      ...Object.keys(v3Methods).map((name) => `/api/v3/${name}`),
      '/localnet/status',
    ];
    const query = fc.array(fc.tuple(fc.constantFrom(...names), value), { maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...calls), query, async (path, pairs) => {
        const search = new URLSearchParams(
          pairs.map(([name, item]): [string, string] => [name, typeof item === 'string' ? item : JSON.stringify(item)]),
        );
        expectAnswer(await answer(`${path}?${search}`));
      }),
      { numRuns: 300 },
    );
    await isAlive();
  });

  it('any JSON, and any bytes, as a body', async () => {
    const body = fc.oneof(
      fc.jsonValue().map((json) => Buffer.from(JSON.stringify(json))),
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
    );
    const path = fc.constantFrom('/', '/api/v2/sendBoc', '/api/v3/message', '/api/v3/runGetMethod', '/localnet/faucet');
    await fc.assert(
      fc.asyncProperty(path, body, async (where, data) => {
        expectAnswer(await answer(where, { method: 'POST', body: data }));
      }),
      { numRuns: 200 },
    );
    await isAlive();
  });

  it('damaged bags of cells as messages', async () => {
    const damage = fc.array(fc.tuple(fc.nat(boc.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(damage, async (changes) => {
        const data = Buffer.from(boc);
        for (const [at, byte] of changes) {
          data[at] = byte;
        }
        expectAnswer(
          await answer('/api/v2/sendBoc', { method: 'POST', body: JSON.stringify({ boc: data.toString('base64') }) }),
        );
      }),
      { numRuns: 200 },
    );
    await isAlive();
  });

  it('messages with any body to a contract that runs', async () => {
    const body = fc.tuple(fc.uint8Array({ maxLength: 120 }), fc.boolean());
    await fc.assert(
      fc.asyncProperty(body, async ([bytes, deep]) => {
        const content = beginCell().storeBuffer(Buffer.from(bytes));
        if (deep) {
          content.storeRef(beginCell().storeUint(1, 1).endCell());
        }
        const message = external({ to: treasuryAddress, body: content.endCell() });
        const data = beginCell().store(storeMessage(message)).endCell().toBoc().toString('base64');
        expectAnswer(await answer('/api/v2/sendBoc', { method: 'POST', body: JSON.stringify({ boc: data }) }));
      }),
      { numRuns: 100 },
    );
    await isAlive();
  });

  it('bytes that are no HTTP', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 100 }), async (bytes) => {
        await new Promise<void>((resolve, reject) => {
          const socket = connect(net.port, '127.0.0.1', () =>
            socket.end(Buffer.concat([Buffer.from(bytes), Buffer.from('\r\n\r\n')])),
          );
          socket.on('close', () => resolve());
          socket.on('error', (error: NodeJS.ErrnoException) =>
            ['ECONNRESET', 'EPIPE'].includes(error.code ?? '') ? undefined : reject(error),
          );
          socket.resume();
        });
      }),
      { numRuns: 50 },
    );
    await isAlive();
  });
});
