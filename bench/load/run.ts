import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { Pool } from 'undici';
import { startNetwork } from '../../tests/network/local-network';

/**
 * `npm run bench:load [-- SECONDS]`: requests per second and median time of answers through client, proxy and worker, and of the
 * engine alone, one after the other in one run. All processes and the load generator share this machine: compare ratios.
 */
const seconds = Number(process.argv[2] ?? 5);

interface Result {
  perSecond: number;
  p50: number;
  p99: number;
}

async function load(origin: string, stream: boolean, connections: number): Promise<Result> {
  const pool = new Pool(origin, { connections, pipelining: 1 });
  const body = JSON.stringify({
    model: 'load',
    stream,
    max_tokens: 60,
    messages: [{ role: 'user', content: 'How fast are you?' }],
  });
  const times: number[] = [];
  const end = performance.now() + seconds * 1000;
  const one = async () => {
    while (performance.now() < end) {
      const started = performance.now();
      const response = await pool.request({
        path: '/v1/chat/completions',
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const text = await response.body.text();
      if (response.statusCode !== 200 || !text.includes('total_tokens'))
        throw new Error(`HTTP ${response.statusCode}: ${text}`);
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: connections }, one));
  await pool.close();
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.floor(times.length * part)] ?? Number.NaN;
  return { perSecond: times.length / seconds, p50: at(0.5), p99: at(0.99) };
}

async function startEngine(): Promise<{ child: ChildProcess; origin: string }> {
  const child = spawn(process.execPath, ['--import', 'tsx', join(__dirname, 'instant-engine.ts')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const port = await new Promise<string>((resolve) => {
    child.stdout?.once('data', (data: Buffer) => resolve(data.toString('utf8').replace('ready ', '').trim()));
  });
  return { child, origin: `http://127.0.0.1:${port}` };
}

async function main(): Promise<void> {
  const engine = await startEngine();
  const network = await startNetwork({ args: ['--engine-url', engine.origin, '--model', 'load'] });
  try {
    await load(network.origin, true, 4); // warm up
    const show = (value: number, digits = 1) => value.toFixed(digits);
    console.log(
      '| answer | connections | engine alone: req/s, p50 ms | network: req/s, p50 ms, p99 ms | added p50 ms |',
    );
    console.log('|---|---:|---:|---:|---:|');
    for (const stream of [true, false]) {
      for (const connections of [1, 10, 30]) {
        const alone = await load(engine.origin, stream, connections);
        const through = await load(network.origin, stream, connections);
        console.log(
          `| ${stream ? 'stream' : 'whole'} | ${connections} | ${show(alone.perSecond, 0)}, ${show(alone.p50)} | ${show(through.perSecond, 0)}, ${show(through.p50)}, ${show(through.p99)} | ${show(through.p50 - alone.p50)} |`,
        );
      }
    }
  } finally {
    await network.stop();
    engine.child.kill();
  }
}

void main();
