import { rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { newStateDir, spawnCocoon, startNetwork, type TestNetwork, until } from './local-network';

/** What a user's machine does to the network: kills, restarts, full ports, damaged files. */
describe('a network that is killed', () => {
  let network: TestNetwork;

  beforeAll(async () => {
    network = await startNetwork();
  }, 120_000);

  afterAll(async () => {
    await network.stop();
  });

  it.each(['client', 'worker', 'proxy', 'engine', 'chain'])(
    'answers again after kill -9 of the %s',
    async (role) => {
      const pid = network.pid(role) ?? 0;
      expect(pid).toBeGreaterThan(1);
      process.kill(pid, 'SIGKILL');
      await until(async () => ![pid, undefined].includes(network.pid(role)));
      await until(async () => (await ask(network.origin)) === 200);
    },
    60_000,
  );
});

describe('a state directory', () => {
  it('is taken up again: the second run finds the root, the channel and the counters', async () => {
    const stateDir = newStateDir();
    try {
      const first = await startNetwork({ stateDir });
      expect(await first.stop()).toBe(0);
      const second = await startNetwork({ stateDir });
      expect(await second.stop()).toBe(0);
      expect(second.bill.root).toBe(first.bill.root);
      const { client, worker, proxy, fees } = second.bill.parties;
      expect(-BigInt(client)).toBe(BigInt(worker) + BigInt(proxy) + BigInt(fees));
    } finally {
      rmSync(stateDir, { recursive: true, force: true });
    }
  }, 120_000);

  it('that is damaged is reported in one line that names it and the next step', async () => {
    const stateDir = newStateDir();
    writeFileSync(join(stateDir, 'keys.json'), '{"version": 1, "deployer": ');
    const run = spawnCocoon(['up', '--once', '--port', '0', '--chain-port', '0', '--state-dir', stateDir]);
    expect(await run.exit).toBe(1);
    expect(run.stderr()).toMatch(/^cocoon: .*keys\.json is damaged .*delete .*\n$/);
    rmSync(stateDir, { recursive: true, force: true });
  });
});

describe('cocoon up', () => {
  it('names a port that is taken and the flag to choose another', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const stateDir = newStateDir();
    const run = spawnCocoon(['up', '--once', '--port', String(port), '--chain-port', '0', '--state-dir', stateDir]);
    expect(await run.exit).toBe(1);
    expect(run.stderr()).toBe(
      `cocoon: Port ${port} is in use. Choose another with --port PORT (0 picks a free one).\n`,
    );
    server.close();
    rmSync(stateDir, { recursive: true, force: true });
  });

  it('names an engine that does not answer', async () => {
    const stateDir = newStateDir();
    const engine = ['--engine-url', 'http://127.0.0.1:1', '--model', 'm'];
    const run = spawnCocoon(['up', '--once', '--port', '0', '--chain-port', '0', '--state-dir', stateDir, ...engine]);
    expect(await run.exit).toBe(1);
    expect(run.stderr()).toMatch(/^cocoon: The engine does not answer http:\/\/127\.0\.0\.1:1\/v1\/models .*\n$/);
    rmSync(stateDir, { recursive: true, force: true });
  }, 60_000);

  it.each([
    [['--port', 'abc'], '--port'],
    [['--engine-url', 'http://127.0.0.1:8000'], '--model'],
    [['--max-tokens', '0'], '--max-tokens'],
  ])('refuses %j with exit code 2, naming the flag', async (flags, named) => {
    const run = spawnCocoon(['up', ...flags]);
    expect(await run.exit).toBe(2);
    expect(run.stderr()).toMatch(/^cocoon: .*\n$/);
    expect(run.stderr()).toContain(named);
  });
});

async function ask(origin: string): Promise<number> {
  try {
    const response = await fetch(`${origin}/v1/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'cocoon-demo', max_tokens: 4, messages: [{ role: 'user', content: 'Hi' }] }),
      signal: AbortSignal.timeout(10_000),
    });
    await response.text();
    return response.status;
  } catch (error) {
    // The gateway itself may be the process that was killed.
    if (['TypeError', 'TimeoutError'].includes((error as Error).name)) return 0; // by name: fetch is not of Jest's realm
    throw error;
  }
}

describe('a stream that is running when a process is killed', () => {
  const stateDir = newStateDir();
  let network: TestNetwork;

  beforeAll(async () => {
    network = await startNetwork({ stateDir });
  }, 120_000);

  afterAll(async () => {
    await network.stop();
    rmSync(stateDir, { recursive: true, force: true });
  });

  it.each(['engine', 'worker', 'proxy'])(
    '%s: ends with an error event at once, never with [DONE] and never in silence',
    async (role) => {
      await until(async () => (await ask(network.origin)) === 200);
      const response = await fetch(`${network.origin}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          model: 'cocoon-demo',
          stream: true,
          max_tokens: 4000,
          messages: [{ role: 'user', content: 'A very long story' }],
        }),
        signal: AbortSignal.timeout(30_000),
      });
      let text = '';
      let killed = false;
      for await (const chunk of response.body as unknown as AsyncIterable<Uint8Array>) {
        text += Buffer.from(chunk).toString('utf8');
        if (!killed && text.split('data:').length > 5) {
          killed = true;
          process.kill(network.pid(role) ?? 0, 'SIGKILL');
        }
      }
      const events = text.split('\n').filter((line) => line.startsWith('data:'));
      const last = JSON.parse((events.at(-1) ?? '').slice(5)) as { error?: { message: string; type: string } };
      expect(last.error?.message.length).toBeGreaterThan(10);
      expect(text).not.toContain('[DONE]');
    },
    60_000,
  );

  it('costs nobody anything that is not on the books: money is conserved after all that', async () => {
    expect(await network.stop()).toBe(0);
    network = await startNetwork({ stateDir });
    const { client, worker, proxy, fees } = network.bill.parties;
    expect(-BigInt(client)).toBe(BigInt(worker) + BigInt(proxy) + BigInt(fees));
  }, 60_000);
});

describe('a channel that is closed', () => {
  it('gives the escrow back at once, less what was used, and says so to whoever asks next', async () => {
    const network = await startNetwork();
    try {
      const { http_port, http_access_hash } = network.config('client');
      const before = await wallet();
      const close = await fetch(`http://127.0.0.1:${http_port}/request/close`, {
        method: 'POST',
        headers: { authorization: `Bearer ${http_access_hash}` },
      });
      expect(close.status).toBe(200);
      const paid = BigInt(network.bill.money.find(({ who }) => who === 'client paid')?.amount ?? 0);
      await until(async () => (await channel()).state === 2);
      expect(await channel()).toMatchObject({ balance: 0, tokens_charged: Number(paid / 20n) });
      const STAKE = 15_000_000_000n;
      const GAS = 100_000_000n; // the refund request's fees and the reserves of the client contract are far below
      await until(async () => (await wallet()) > before + STAKE - paid - GAS);
      await until(async () => (await refusal()).code === 'channel_closed');
      expect((await refusal()).message).toMatch(/closed for good; use another proxy, or another wallet key/);
    } finally {
      await network.stop();
    }

    async function stats(): Promise<{ proxies: Record<string, unknown>[]; wallet: { balance: number | string } }> {
      const response = await fetch(`${network.origin}/jsonstats`);
      return (await response.json()) as Awaited<ReturnType<typeof stats>>;
    }

    async function channel(): Promise<Record<string, unknown>> {
      return (await stats()).proxies[0] ?? {};
    }

    async function wallet(): Promise<bigint> {
      return BigInt((await stats()).wallet.balance);
    }

    async function refusal(): Promise<{ code: string; message: string }> {
      const response = await fetch(`${network.origin}/v1/chat/completions`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ model: 'cocoon-demo', messages: [{ role: 'user', content: 'Hi' }] }),
      });
      return ((await response.json()) as { error: { code: string; message: string } }).error;
    }
  }, 90_000);
});
