import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { CliError, describeError } from './errors';

/**
 * The `cocoon` command. Roles are loaded only when they run: a worker does not pay for the sandbox,
 * and `--help` answers at once. `require`, because tsx leaves a dynamic import() to Node, which wants extensions.
 */
const program = new Command('cocoon')
  .description('Cocoon: decentralised, confidential AI inference on TON')
  .version((require('../package.json') as { version: string }).version)
  .showHelpAfterError('(see --help)')
  .exitOverride();

program
  .command('up')
  .description('run a whole network on this machine: chain, proxy, worker, client; ask one question and settle it')
  .option('--once', 'ask one question, settle it on chain, print the bill, stop')
  .option('--question <text>', 'what to ask')
  .option('--model <name>', 'model name; required with --engine-url')
  .option(
    '--engine-url <url>',
    'use this OpenAI-compatible engine (vLLM, SGLang, llama.cpp, Ollama) instead of the demo',
  )
  .option('--llama <file|random>', 'run a GGUF file, or a tiny random model, with node-llama-cpp')
  .option('--max-tokens <n>', 'longest answer, in tokens (default 160)')
  .option('--port <port>', 'port of the OpenAI endpoint (default 10000; 0 picks a free one)')
  .option('--chain-port <port>', 'port of the local chain (default 10080; 0 picks a free one)')
  .option('--state-dir <dir>', 'where keys, chain and ledgers live (default .cocoon)')
  .option('--json', 'print one JSON object at the end; progress goes to stderr')
  .action(async (flags) => {
    const { up } = require('./up/index') as typeof import('./up/index');
    await up(flags);
  });

program
  .command('chain')
  .description('run a local TON chain with a toncenter API, a faucet and time travel')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', 'port to listen on', integer(0, 65_535), 10_080)
  .option('--state-dir <dir>', 'where the chain is kept', '.cocoon/chain')
  .option('--reset', 'begin a new chain in the state directory')
  .option('--block-interval-ms <ms>', 'execute messages in blocks this far apart; 0: at once', integer(0, 60_000), 0)
  .option('--prices <set>', "gas prices: 'current' (mainnet today) or '2024'", oneOf('current', '2024'), 'current')
  .option('--with-parent', 'end when standard input ends')
  .action(async (flags) => {
    const { runRole } = require('./role') as typeof import('./role');
    const { startLocalnet } = require('../localnet/index') as typeof import('../localnet/index');
    await runRole(
      'chain',
      flags,
      (logger) =>
        startLocalnet({
          host: flags.host,
          port: flags.port,
          stateDir: flags.stateDir,
          prices: flags.prices,
          reset: flags.reset ?? false,
          blockIntervalMs: flags.blockIntervalMs,
          logger,
        }),
      (chain) => chain.url,
    );
  });

program
  .command('engine')
  .description('run the demo engine: an OpenAI-compatible server that needs no GPU and no download')
  .option('--host <address>', 'address to listen on', '127.0.0.1')
  .option('--port <port>', 'port to listen on', integer(0, 65_535), 8000)
  .option('--model <name>', 'name under which the model is served', 'cocoon-demo')
  .option('--seed <n>', 'same seed, same answers', integer(0, 2 ** 32 - 1), 1)
  .option('--tokens-per-second <n>', 'speed of the answer', integer(1, 100_000), 40)
  .option('--llama <file|random>', 'run a GGUF file, or a tiny random model, with node-llama-cpp')
  .option('--with-parent', 'end when standard input ends')
  .action(async (flags) => {
    const { runRole } = require('./role') as typeof import('./role');
    if (flags.llama !== undefined) {
      const { startLlamaEngine } = require('../engine/llama') as typeof import('../engine/llama');
      const modelPath = flags.llama === 'random' ? undefined : flags.llama;
      const { host, port, model, seed } = flags;
      await runRole(
        'engine',
        flags,
        (logger) => startLlamaEngine({ host, port, model, seed, modelPath, logger }),
        (e) => e.url,
      );
      return;
    }
    const { startDemoEngine } = require('../engine/index') as typeof import('../engine/index');
    const { host, port, model, seed, tokensPerSecond } = flags;
    await runRole(
      'engine',
      flags,
      (logger) => startDemoEngine({ host, port, model, seed, tokensPerSecond, logger }),
      (e) => e.url,
    );
  });

for (const role of ['client', 'proxy', 'worker'] as const) {
  const command = program
    .command(role)
    .description(roleText(role))
    .option('-c, --config <file>', 'JSON configuration', `${role}-config.json`)
    .option('-C, --disable-ton <file>', 'no chain: this JSON file says what the root contract would')
    .option('-v, --verbosity <n>', 'what to log: 0 fatal, 1 errors, 2 warnings, 3 all that matters, 4 and more details')
    .option('--with-parent', 'end when standard input ends');
  addPeerOptions(command, role).action(async (flags) => {
    const { runNode } = require('./node') as typeof import('./node');
    await runNode(role, flags);
  });
}

if (process.argv[2] === 'dao') {
  const { registerDao } = require('./dao/index') as typeof import('./dao/index');
  registerDao(program);
} else {
  program.command('dao').description('read, vote, stake and propose in the DAO that owns the network');
}

if (process.argv[2] === 'attest') {
  const { registerAttest } = require('./attest/index') as typeof import('./attest/index');
  registerAttest(program);
} else {
  program.command('attest').description('verify, show and make attestations of confidential machines');
}

function roleText(role: 'client' | 'proxy' | 'worker'): string {
  return {
    client: 'run the client gateway: an OpenAI endpoint that buys its answers from the network',
    proxy: 'run a proxy: matches clients with workers, meters, signs and settles payments',
    worker: 'run a worker: serves an OpenAI-compatible engine to the network and is paid per token',
  }[role];
}

/** What stands in the way of peers. A flag wins over the key of the same meaning in the configuration. */
function addPeerOptions(command: Command, role: 'client' | 'proxy' | 'worker'): Command {
  command.option('--policy <name>', 'what peers must attest: any, fake_tdx or tdx', oneOf('any', 'fake_tdx', 'tdx'));
  if (role !== 'proxy') return command.option('-p, --check-proxy-hashes', "accept proxies of the root's images only");
  return command
    .option('-p, --check-worker-hashes', "accept workers of the root's images only")
    .option('--listen-workers <address>', 'take workers here, with proof of work and attested TLS: ip:port')
    .option('--listen-clients <address>', 'take clients here, with proof of work and attested TLS: ip:port');
}

function integer(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw new InvalidArgumentError(`expected a whole number from ${min} to ${max}`);
  };
}

function oneOf<T extends string>(...allowed: T[]): (text: string) => T {
  return (text) => {
    const value = allowed.find((candidate) => candidate === text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`expected ${allowed.join(' or ')}`);
  };
}

program.parseAsync().catch((error: unknown) => {
  if (error instanceof CommanderError) {
    // Commander has printed the reason (or the help) already.
    process.exitCode = error.exitCode === 0 ? 0 : 2;
    return;
  }
  process.stderr.write(`cocoon: ${describeError(error)}\n`);
  if (process.env.COCOON_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
  process.exitCode = error instanceof CliError ? error.exitCode : 1;
});
