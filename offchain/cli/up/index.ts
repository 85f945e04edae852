import pino from 'pino';
import { ToncenterChain } from '../../chain/toncenter';
import { CliError } from '../errors';
import { ask, type Usage } from './ask';
import { LocalNetwork } from './network';
import { parseUpOptions, type UpOptions } from './options';
import { watchOutput } from './output';
import { Progress, type ProgressOutput } from './progress';
import { renderBill } from './report';
import { type Bill, readBill, settle, settleLeftovers, takeSnapshot } from './settle';
import { openStateDir } from './state-dir';

/**
 * `cocoon up`: a whole network on loopback, one question, its answer, its settlement, the bill; then it stays up
 * unless `--once`. Ends with exit code 0 only if a paid answer was settled on chain.
 */
export async function up(flags: Record<string, unknown>): Promise<void> {
  const options = parseUpOptions(flags);
  // With --json, stdout belongs to the one JSON object.
  const text: ProgressOutput = options.json ? process.stderr : process.stdout;
  const progress = new Progress(text);
  const stop = stopSignal();
  const output = watchOutput([process.stdout, process.stderr], stop.request);
  const stateDir = await openStateDir(options.stateDir);
  const network = new LocalNetwork(options, stateDir, (line) => progress.line(line));
  try {
    await network.start(progress, stop.signal);
    const chain = new ToncenterChain({ endpoint: network.chainUrl, logger: pino({ level: 'silent' }) });
    await settleLeftovers(network);
    const before = await takeSnapshot(chain, network);
    const { answer, usage } = await askAloud(network, options, text, stop.signal);
    await progress.step('Settling on chain', (note) => settle(network, note));
    const bill = await readBill(chain, network, before, usage);
    text.write(renderBill(bill));
    if (options.json) await output.write(process.stdout, `${toJson(options, answer, bill, network)}\n`);
    output.check();
    if (options.once || stop.signal.aborted) return;
    text.write(nextSteps(network, options));
    await untilStopped(network, stop.signal);
  } catch (error) {
    output.check();
    // A stop that was asked for is not a failure, but it settled nothing either.
    if (stop.signal.aborted && !(error instanceof CliError))
      throw new CliError('Stopped before the answer was settled.', '');
    throw error;
  } finally {
    stop.dispose();
    await network.stop();
    stateDir.release();
  }
}

async function askAloud(
  network: LocalNetwork,
  options: UpOptions,
  out: ProgressOutput,
  signal: AbortSignal,
): Promise<{ answer: string; usage: Usage }> {
  out.write(`\n? ${options.question}\n\n`);
  let answer = '';
  const usage = await ask({
    endpoint: network.endpoint,
    model: options.model,
    question: options.question,
    maxTokens: options.maxTokens,
    signal,
    onText: (piece) => {
      answer += piece;
      out.write(piece);
    },
  });
  out.write('\n\n');
  return { answer, usage };
}

/** Waits for Ctrl-C. A runner that ends by itself is started again; one that keeps ending ends the network. */
async function untilStopped(network: LocalNetwork, signal: AbortSignal): Promise<void> {
  const stopped = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await Promise.race([stopped, network.failure()]);
}

function stopSignal(): { signal: AbortSignal; request: () => void; dispose: () => void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130); // the second Ctrl-C does not wait; children end with our pipe
    controller.abort();
  };
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    request: () => controller.abort(),
    dispose: () => {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
    },
  };
}

function nextSteps(network: LocalNetwork, options: UpOptions): string {
  const body = JSON.stringify({ model: options.model, stream: true, messages: [{ role: 'user', content: 'Hello!' }] });
  return `The network is up. OpenAI endpoint: ${network.endpoint}/v1 (Ctrl-C stops it)

Three things to try:

  1. curl -N ${network.endpoint}/v1/chat/completions -H 'content-type: application/json' -d '${body}'

  2. npm install openai, then
     const client = new OpenAI({ baseURL: '${network.endpoint}/v1', apiKey: 'unused' });
     await client.chat.completions.create({ model: '${options.model}', messages: [{ role: 'user', content: 'Hello!' }] });

  3. npx blueprint run showRoot ${network.accounts.root.toString()} --custom ${network.chainUrl}/jsonRPC --custom-version v2 --deeplink --tonviewer

`;
}

function toJson(options: UpOptions, answer: string, bill: Bill, network: LocalNetwork): string {
  const value = {
    question: options.question,
    model: options.model,
    answer,
    tokens: bill.tokens,
    pricePerToken: bill.terms.pricePerToken,
    workerFeePerToken: bill.terms.workerFeePerToken,
    money: bill.money,
    fees: bill.fees,
    parties: bill.parties,
    endpoint: `${network.endpoint}/v1`,
    root: network.accounts.root.toString(),
  };
  return JSON.stringify(value, (_, item) => (typeof item === 'bigint' ? item.toString() : item));
}
